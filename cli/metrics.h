/* /metrics and /healthz. */
#ifndef CLI_METRICS_H
#define CLI_METRICS_H

#include "endpoint.h"

/* What /metrics shows; outlives the server. */
struct metrics {
    const struct endpoint *endpoints;
    size_t endpoint_count;
};

WEFT_MUST_USE weft_status metrics_serve(const struct metrics *metrics, weft_server *server);

#endif

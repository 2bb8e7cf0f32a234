/* The client's request. RFC 6455 4.1. */
#ifndef WF_WS_REQUEST_H
#define WF_WS_REQUEST_H

#include "ws/state.h"

/* Puts the request into the output, and keeps what its answer is checked against. WEFT_ERR_SYNTAX,
 * WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_request_put(struct weft_engine *engine,
                                         const struct weft_engine_request *request);

#endif

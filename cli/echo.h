/* /echo: every message goes back as it came. */
#ifndef CLI_ECHO_H
#define CLI_ECHO_H

#include "endpoint.h"

void echo_fill_route(struct endpoint *endpoint, struct weft_route *route);

#endif

/* /heartbeat: the server pings, and tells of each pong. Browsers hide both frames from a page. */
#ifndef CLI_HEARTBEAT_H
#define CLI_HEARTBEAT_H

#include "endpoint.h"

void heartbeat_fill_route(struct endpoint *endpoint, struct weft_route *route);

#endif

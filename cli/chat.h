/* The chat of `weft serve`: JSON texts with a "type". */
#ifndef CLI_CHAT_H
#define CLI_CHAT_H

#include "endpoint.h"
#include "weft/server.h"

struct chat;

/* The endpoint outlives the chat. */
WEFT_MUST_USE weft_status chat_create(weft_loop *loop, struct endpoint *endpoint,
                                      struct chat **chat_out);

/* After the server's end and before the loop's. NULL is allowed. */
void chat_destroy(struct chat *chat);

/* Adds the chat's own parts to a route: its events, limits and who may come in. */
void chat_fill_route(struct chat *chat, struct weft_route *route);

#endif

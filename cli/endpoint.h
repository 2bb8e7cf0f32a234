/* What the WebSocket endpoints of `weft serve` have in common: figures for /metrics and lines for
 * the log. */
#ifndef CLI_ENDPOINT_H
#define CLI_ENDPOINT_H

#include "weft/server.h"

struct endpoint {
    const char *path;
    bool quiet; /* No lines on stderr. */
    uint64_t received_messages, received_bytes;
    uint64_t sent_messages, sent_bytes;
};

static inline void endpoint_received(struct endpoint *endpoint, size_t bytes)
{
    endpoint->received_messages++;
    endpoint->received_bytes += bytes;
}

static inline void endpoint_sent(struct endpoint *endpoint, size_t messages, size_t bytes)
{
    endpoint->sent_messages += messages;
    endpoint->sent_bytes += messages * bytes;
}

/* One line on stderr each, unless quiet. */
void endpoint_opened(const struct endpoint *endpoint, const weft_socket *socket);
void endpoint_closed(const struct endpoint *endpoint, const struct weft_close_event *close);

/* Answers a request with a status and one line of text. */
void endpoint_answer(weft_request *request, int status, const char *text);

#endif

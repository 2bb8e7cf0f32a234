#include "echo.h"

static void on_open(weft_socket *socket, void *user)
{
    endpoint_opened(user, socket);
}

/* A client that sends faster than it reads is not read either until it has caught up. */
static void on_message(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    endpoint_received(user, message->bytes);
    weft_status status = message->type == WEFT_TEXT
                             ? weft_socket_send_text(socket, message->data, message->bytes)
                             : weft_socket_send_bytes(socket, message->data, message->bytes);
    if (status == WEFT_OK)
        endpoint_sent(user, 1, message->bytes);
    if (weft_socket_is_over_mark(socket))
        weft_socket_pause(socket);
}

static void on_drained(weft_socket *socket, void *user)
{
    (void)user;
    weft_socket_resume(socket);
}

static void on_close(weft_socket *socket, const struct weft_close_event *close, void *user)
{
    (void)socket;
    endpoint_closed(user, close);
}

void echo_fill_route(struct endpoint *endpoint, struct weft_route *route)
{
    static const char *const protocols[] = { "echo", "json" };
    route->protocols = protocols;
    route->protocol_count = sizeof protocols / sizeof *protocols;
    route->events.on_open = on_open;
    route->events.on_message = on_message;
    route->events.on_drained = on_drained;
    route->events.on_close = on_close;
    route->user = endpoint;
}

/* What the connections of a server share, and keep when the server is gone before them. */
#include "server/server.h"

static void free_shape(struct wf_socket_shape *shape)
{
    wf_free(wf_loop_allocator(shape->loop), shape);
}

struct wf_socket_shape *wf_server_create_shape(weft_server *server,
                                               const struct weft_socket_settings *settings,
                                               const struct weft_socket_events *events)
{
    struct wf_socket_shape *shape = wf_alloc_zero(server->allocator, sizeof *shape);
    if (!shape)
        return NULL;
    shape->references = 1;
    shape->owner = &wf_server_owner;
    shape->opening = server;
    shape->on_free = free_shape;
    shape->settings = *settings;
    shape->keep_alive_timeout_ms = server->options.keep_alive_timeout_ms;
    if (events)
        shape->events = *events;
    wf_socket_shape_resolve(shape, server->loop, WEFT_SERVER);
    return shape;
}

void wf_server_drop_shape(struct wf_socket_shape *shape)
{
    if (!shape)
        return;
    shape->opening = NULL;
    wf_socket_shape_release(shape);
}

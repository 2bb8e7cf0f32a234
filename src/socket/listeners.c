/* addEventListener, removeEventListener and the on... attributes. */
#include "io/loop.h"
#include "socket/object.h"

weft_status weft_socket_set_events(weft_socket *socket, const struct weft_socket_events *events,
                                   void *user)
{
    if (!socket || !events)
        return WEFT_ERR_ARGUMENT;
    struct wf_socket_rare *rare = wf_socket_need_rare(socket);
    if (rare && !rare->events)
        rare->events = wf_alloc(wf_loop_allocator(wf_socket_loop(socket)), sizeof *rare->events);
    if (!rare || !rare->events)
        return WEFT_ERR_MEMORY;
    *rare->events = *events;
    socket->user = user;
    socket->has_own_events = true;
    socket->wants_parts = events->on_message_part != NULL;
    wf_inflow_set_parts(socket);
    return WEFT_OK;
}

weft_status weft_socket_add_listener(weft_socket *socket, const struct weft_socket_events *events,
                                     void *user, bool once, weft_listener **listener_out)
{
    if (!socket || !events)
        return WEFT_ERR_ARGUMENT;
    if (wf_socket_state(socket) == WEFT_CLOSED)
        return WEFT_ERR_CLOSED;
    struct wf_socket_rare *rare = wf_socket_need_rare(socket);
    weft_listener *listener =
        rare ? wf_alloc(wf_loop_allocator(wf_socket_loop(socket)), sizeof *listener) : NULL;
    if (!listener)
        return WEFT_ERR_MEMORY;
    *listener = (weft_listener){
        .events = *events, .user = user, .is_once = once, .is_new = rare->telling_depth > 0
    };
    weft_listener **place = &rare->listeners;
    while (*place)
        place = &(*place)->next;
    *place = listener;
    socket->has_listeners = true;
    if (listener_out)
        *listener_out = listener;
    return WEFT_OK;
}

/* Frees the removed ones, or all; those that stay are no longer new. */
static void sweep(weft_socket *socket, bool all)
{
    weft_listener **place = &socket->rare->listeners;
    while (*place) {
        weft_listener *listener = *place;
        if (!all && !listener->is_removed) {
            listener->is_new = false;
            place = &listener->next;
            continue;
        }
        *place = listener->next;
        wf_free(wf_loop_allocator(wf_socket_loop(socket)), listener);
    }
    socket->has_listeners = socket->rare->listeners != NULL;
}

void weft_socket_remove_listener(weft_socket *socket, weft_listener *listener)
{
    if (!socket || !listener || !socket->has_listeners)
        return;
    listener->is_removed = true;
    if (socket->rare->telling_depth == 0)
        sweep(socket, false);
}

void wf_listeners_begin(weft_socket *socket)
{
    if (socket->rare)
        socket->rare->telling_depth++;
}

void wf_listeners_end(weft_socket *socket)
{
    struct wf_socket_rare *rare = socket->rare;
    if (!rare)
        return;
    /* The part for rare things may have been made by the callback itself. */
    if (rare->telling_depth > 0)
        rare->telling_depth--;
    if (rare->telling_depth == 0 && socket->has_listeners)
        sweep(socket, false);
}

void wf_listeners_drop(weft_socket *socket)
{
    if (socket->has_listeners)
        sweep(socket, true);
}

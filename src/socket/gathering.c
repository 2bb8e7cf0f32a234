/* Who has something to write at the end of the turn, as a broadcast leaves it to very many: a row
 * of pointers, so that their timers stay where they are. */
#include "io/loop.h"
#include "socket/object.h"

enum { ROOM_FIRST = 64, ROOM_KEPT_MAX = 4096 };

static void flush_all(struct wf_timer *timer)
{
    struct wf_socket_shape *shape = WF_CONTAINER_OF(timer, struct wf_socket_shape, gathering.timer);
    struct wf_gathering now = shape->gathering;
    /* What on_drained sends to others is gathered anew. */
    shape->gathering.due = NULL;
    shape->gathering.count = shape->gathering.room = 0;
    wf_socket_shape_retain(shape);
    for (uint32_t i = 0; i < now.count; i++) {
        weft_socket *socket = now.due[i];
        socket->is_gathered = false;
        wf_outflow_flush(socket);
        weft_socket_release(socket);
    }
    if (shape->gathering.due || now.room > ROOM_KEPT_MAX) {
        wf_free(wf_loop_allocator(shape->loop), now.due);
    } else {
        shape->gathering.due = now.due;
        shape->gathering.room = now.room;
    }
    wf_socket_shape_release(shape);
}

static bool make_room(struct wf_socket_shape *shape)
{
    struct wf_gathering *gathering = &shape->gathering;
    if (gathering->count < gathering->room)
        return true;
    uint32_t room = gathering->room ? gathering->room * 2 : ROOM_FIRST;
    void *due =
        wf_resize(wf_loop_allocator(shape->loop), gathering->due, room * sizeof *gathering->due);
    if (!due)
        return false;
    gathering->due = due;
    gathering->room = room;
    return true;
}

void wf_gathering_add(weft_socket *socket)
{
    struct wf_socket_shape *shape = socket->shape;
    if (socket->in_inflow || socket->is_gathered || socket->is_served_soon ||
        wf_socket_state(socket) == WEFT_CLOSED)
        return;
    if (!make_room(shape)) {
        wf_socket_serve_soon(socket); /* Slower, and without memory. */
        return;
    }
    socket->is_gathered = true;
    shape->gathering.due[shape->gathering.count++] = weft_socket_retain(socket);
    if (shape->gathering.count == 1) {
        shape->gathering.timer.on_timer = flush_all;
        wf_timer_soon(shape->loop, &shape->gathering.timer);
    }
}

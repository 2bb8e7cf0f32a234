/* Who has something to write at the end of the turn, as a broadcast leaves it to very many: a row
 * of pointers, so that their timers stay where they are. */
#include "io/loop.h"
#include "socket/object.h"

enum { ROOM_FIRST = 64, ROOM_KEPT_MAX = 4096, OFFERS_MAX = 256 };

static void let_go(weft_socket *socket)
{
    socket->is_gathered = false;
    weft_socket_release(socket);
}

/* Writes for all of them, and calls nobody. Those that need more than that are left at the
 * beginning of the row. Returns how many. */
static uint32_t write_all(weft_loop *loop, weft_socket **due, uint32_t count)
{
    struct wf_stream_offer offers[OFFERS_MAX];
    uint32_t left = 0;
    for (uint32_t next = 0; next < count;) {
        uint32_t offered = 0;
        for (; next < count && offered < OFFERS_MAX; next++) {
            if (wf_outflow_offer(due[next], &offers[offered]))
                offered++;
            else
                due[left++] = due[next];
        }
        wf_stream_send_each(loop, offers, offered);
        for (uint32_t i = 0; i < offered; i++) {
            weft_socket *socket = WF_CONTAINER_OF(offers[i].stream, weft_socket, stream);
            if (wf_outflow_take(socket, &offers[i]))
                let_go(socket);
            else
                due[left++] = socket;
        }
    }
    return left;
}

static void flush_all(struct wf_timer *timer)
{
    struct wf_socket_shape *shape = WF_CONTAINER_OF(timer, struct wf_socket_shape, gathering.timer);
    struct wf_gathering now = shape->gathering;
    /* What on_drained sends to others is gathered anew. */
    shape->gathering.due = NULL;
    shape->gathering.count = shape->gathering.room = 0;
    wf_socket_shape_retain(shape);
    uint32_t left = write_all(shape->loop, now.due, now.count);
    for (uint32_t i = 0; i < left; i++) {
        now.due[i]->is_gathered = false;
        wf_outflow_settle(now.due[i]);
        weft_socket_release(now.due[i]);
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

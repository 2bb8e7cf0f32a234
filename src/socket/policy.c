/* What gives way when the queue is full. */
#include "socket/items.h"

void wf_policy_count_dropped(weft_socket *socket)
{
    atomic_fetch_add_explicit(&socket->rare->dropped_count, 1, memory_order_relaxed);
}

uint64_t weft_socket_dropped(const weft_socket *socket)
{
    /* Where there is a policy, the rare part is made before anybody knows the socket. */
    if (!socket || wf_policy_of(socket) == WEFT_SEND_CLOSE || !socket->rare)
        return 0;
    return atomic_load_explicit(&socket->rare->dropped_count, memory_order_relaxed);
}

static void drop_oldest(weft_socket *socket, uint64_t bytes_wanted, const struct wf_item *spared)
{
    assert(socket->rare && socket->rare->backlog); /* There is so much to drop. */
    const struct wf_seat *seat = socket->rare->backlog->droppable.next;
    uint64_t bytes = 0;
    while (bytes < bytes_wanted) {
        struct wf_item *item = WF_CONTAINER_OF(seat, struct wf_item, droppable);
        seat = seat->next;
        if (item == spared)
            continue;
        bytes += wf_items_memory(item);
        wf_items_remove(socket, item);
        wf_policy_count_dropped(socket);
    }
}

weft_status wf_policy_make_room(weft_socket *socket, size_t bytes, const struct wf_item *spared)
{
    if (wf_policy_of(socket) == WEFT_SEND_CLOSE)
        return wf_outflow_check_room(socket, bytes);
    uint64_t max = socket->shape->settings.send_bytes_max;
    if (bytes > max)
        return WEFT_ERR_LIMIT;
    const struct wf_backlog *backlog = wf_items_backlog(socket);
    uint64_t spared_bytes = spared ? wf_items_memory(spared) : 0;
    uint64_t queued = wf_engine_output_bytes(&socket->engine) + wf_backlog_memory_bytes(socket);
    uint64_t droppable = backlog ? backlog->droppable_bytes - spared_bytes : 0;
    queued -= spared_bytes;
    if (queued <= max - bytes)
        return WEFT_OK;
    uint64_t excess = queued - (max - bytes);
    if (excess > droppable)
        return WEFT_ERR_FULL;
    drop_oldest(socket, excess, spared);
    return WEFT_OK;
}

#include "socket/items.h"

#include "io/loop.h"

static void seat_insert(struct wf_seat *seat, struct wf_seat *next)
{
    seat->next = next;
    seat->before = next->before;
    next->before->next = seat;
    next->before = seat;
}

static void seat_remove(struct wf_seat *seat)
{
    seat->before->next = seat->next;
    seat->next->before = seat->before;
}

struct wf_backlog *wf_items_need(weft_socket *socket)
{
    struct wf_pool *pool = wf_loop_pool(wf_socket_loop(socket));
    struct wf_socket_rare *rare = wf_socket_need_rare(socket);
    if (!rare || socket->has_backlog)
        return rare ? rare->backlog : NULL;
    struct wf_backlog *backlog = wf_pool_take(pool, sizeof *backlog, NULL);
    if (!backlog)
        return NULL;
    *backlog = (struct wf_backlog){ .all = { &backlog->all, &backlog->all },
                                    .droppable = { &backlog->droppable, &backlog->droppable } };
    rare->backlog = backlog;
    socket->has_backlog = true;
    return backlog;
}

static void end_backlog(weft_socket *socket)
{
    struct wf_pool *pool = wf_loop_pool(wf_socket_loop(socket));
    struct wf_backlog *backlog = socket->rare->backlog;
    wf_keys_drop(socket);
    wf_pool_give(pool, backlog->buffer, WF_BACKLOG_PART_BYTES);
    wf_pool_give(pool, backlog, sizeof *backlog);
    socket->rare->backlog = NULL;
    socket->has_backlog = false;
}

uint64_t wf_items_payload(const struct wf_item *item)
{
    switch (item->kind) {
    case WF_ITEM_BLOB:
        return weft_blob_bytes(item->blob) - item->blob_sent;
    case WF_ITEM_MESSAGE:
        return item->bytes;
    case WF_ITEM_SHARED:
        return item->shared->payload_bytes;
    case WF_ITEM_PARTS:
        return item->pieces_bytes;
    case WF_ITEM_CLOSE:
        break;
    }
    return 0;
}

/* Shared bytes are counted as if they were this socket's alone, as in the output. */
uint64_t wf_items_memory(const struct wf_item *item)
{
    return sizeof *item + item->bytes + item->pieces_bytes +
           item->piece_count * sizeof(struct wf_piece) +
           (item->kind == WF_ITEM_SHARED ? item->shared->bytes : 0);
}

struct wf_item *wf_items_create(weft_socket *socket, enum wf_item_kind kind,
                                struct weft_bytes bytes)
{
    if (bytes.count > SIZE_MAX - sizeof(struct wf_item))
        return NULL;
    struct wf_item *item =
        wf_pool_take(wf_loop_pool(wf_socket_loop(socket)), sizeof *item + bytes.count, NULL);
    if (!item)
        return NULL;
    *item = (struct wf_item){ .kind = kind, .bytes = bytes.count };
    item->pieces_end = &item->first_piece;
    if (bytes.count)
        memcpy(item->data, bytes.data, bytes.count);
    return item;
}

void wf_items_add(weft_socket *socket, struct wf_item *item, struct wf_item *before)
{
    struct wf_backlog *backlog = socket->rare->backlog;
    backlog->payload_bytes += wf_items_payload(item);
    backlog->memory_bytes += wf_items_memory(item);
    seat_insert(&item->seat, before ? &before->seat : &backlog->all);
    item->number = before ? before->number : ++backlog->last_number;
    if (!item->has_key)
        backlog->last_without_key = item->number;
    if (!item->is_droppable)
        return;
    backlog->droppable_bytes += wf_items_memory(item);
    seat_insert(&item->droppable, before ? &before->droppable : &backlog->droppable);
}

static void destroy(weft_socket *socket, struct wf_item *item)
{
    struct wf_pool *pool = wf_loop_pool(wf_socket_loop(socket));
    weft_blob_release(item->blob);
    if (item->shared)
        wf_shared_release(pool, item->shared);
    wf_pool_give(pool, item, sizeof *item + item->bytes);
    if (socket->has_backlog && !wf_items_first(socket->rare->backlog))
        end_backlog(socket);
}

void wf_items_discard(weft_socket *socket, struct wf_item *item)
{
    if (item)
        destroy(socket, item);
}

void wf_items_remove(weft_socket *socket, struct wf_item *item)
{
    struct wf_backlog *backlog = socket->rare->backlog;
    while (item->first_piece)
        wf_items_remove_piece(socket, item);
    backlog->payload_bytes -= wf_items_payload(item);
    backlog->memory_bytes -= wf_items_memory(item);
    seat_remove(&item->seat);
    if (item->has_key)
        wf_keys_remove(backlog, item);
    if (item->is_droppable) {
        backlog->droppable_bytes -= wf_items_memory(item);
        seat_remove(&item->droppable);
    }
    if (backlog->open == item)
        backlog->open = NULL;
    destroy(socket, item);
}

weft_status wf_items_add_piece(weft_socket *socket, struct wf_item *item, struct weft_bytes part)
{
    struct wf_backlog *backlog = socket->rare->backlog;
    struct wf_piece *piece =
        part.count <= SIZE_MAX - sizeof *piece
            ? wf_pool_take(wf_loop_pool(wf_socket_loop(socket)), sizeof *piece + part.count, NULL)
            : NULL;
    if (!piece)
        return WEFT_ERR_MEMORY;
    *piece = (struct wf_piece){ .bytes = part.count };
    if (part.count)
        memcpy(piece->data, part.data, part.count);
    *item->pieces_end = piece;
    item->pieces_end = &piece->next;
    item->piece_count++;
    item->pieces_bytes += part.count;
    backlog->payload_bytes += part.count;
    backlog->memory_bytes += sizeof *piece + part.count;
    return WEFT_OK;
}

void wf_items_remove_piece(weft_socket *socket, struct wf_item *item)
{
    struct wf_backlog *backlog = socket->rare->backlog;
    struct wf_piece *piece = item->first_piece;
    item->first_piece = piece->next;
    if (!piece->next)
        item->pieces_end = &item->first_piece;
    item->piece_count--;
    item->pieces_bytes -= piece->bytes;
    backlog->payload_bytes -= piece->bytes;
    backlog->memory_bytes -= sizeof *piece + piece->bytes;
    wf_pool_give(wf_loop_pool(wf_socket_loop(socket)), piece, sizeof *piece + piece->bytes);
}

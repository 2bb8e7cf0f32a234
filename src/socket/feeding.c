/* From the backlog to the engine, as the peer takes it. */
#include "io/loop.h"
#include "socket/items.h"

#include <errno.h>

enum {
    WRITES_PER_TURN = 8, /* A fast peer must not keep the loop for itself. */
    DROPPABLE_BYTES = 16 * 1024,
};

/* What may be dropped waits here, and not in the output: little of it is enough to keep the kernel
 * busy, and a quarter of the queue is the most of a small one. */
bool wf_feeding_is_enough(const weft_socket *socket)
{
    uint64_t enough = WF_BACKLOG_PART_BYTES;
    uint64_t quarter = socket->shape->settings.send_bytes_max / 4;
    uint64_t output_bytes = wf_engine_output_bytes(&socket->engine);
    if (socket->has_policy)
        enough = quarter < DROPPABLE_BYTES ? quarter : DROPPABLE_BYTES;
    return output_bytes > 0 && output_bytes >= enough;
}

/* Where the next bytes of a blob lie: in its own memory, or read into the buffer. */
static weft_status read_part(weft_socket *socket, const struct wf_item *item,
                             struct weft_bytes *part)
{
    struct wf_backlog *backlog = socket->rare->backlog;
    uint64_t left = wf_items_payload(item);
    const uint8_t *data = weft_blob_data(item->blob);
    part->count = left < WF_BACKLOG_PART_BYTES ? (size_t)left : WF_BACKLOG_PART_BYTES;
    part->data = data ? data + item->blob_sent : NULL;
    if (data)
        return WEFT_OK;
    if (!backlog->buffer)
        backlog->buffer =
            wf_pool_take(wf_loop_pool(wf_socket_loop(socket)), WF_BACKLOG_PART_BYTES, NULL);
    part->data = backlog->buffer;
    if (!backlog->buffer)
        return WEFT_ERR_MEMORY;
    return weft_blob_read(item->blob, item->blob_sent, backlog->buffer, part->count, &part->count);
}

static weft_status put_blob(weft_socket *socket, struct wf_item *item)
{
    struct weft_bytes part;
    weft_status status = read_part(socket, item, &part);
    if (status)
        return status;
    bool is_final = part.count == wf_items_payload(item);
    status =
        wf_engine_send_part(&socket->engine, WEFT_BINARY, part, item->blob_sent == 0, is_final);
    if (status)
        return status;
    item->blob_sent += part.count;
    socket->rare->backlog->payload_bytes -= part.count;
    if (is_final)
        wf_items_remove(socket, item);
    return WEFT_OK;
}

/* The next piece of a message in parts, or its end. */
static weft_status put_piece(weft_socket *socket, struct wf_item *item)
{
    struct wf_piece *piece = item->first_piece;
    bool is_last = !piece || !piece->next;
    bool is_final = is_last && item->is_ended;
    struct weft_bytes part = { 0 };
    if (piece)
        part = (struct weft_bytes){ piece->data, piece->bytes };
    weft_status status = WEFT_OK;
    if (piece || is_final)
        status = wf_engine_send_part(&socket->engine, item->type, part, !item->is_begun, is_final);
    if (status)
        return status;
    item->is_begun = true;
    if (piece)
        wf_items_remove_piece(socket, item);
    if (is_final || (is_last && item->is_cut))
        wf_items_remove(socket, item);
    return WEFT_OK;
}

static weft_status put_whole(weft_socket *socket, struct wf_item *item)
{
    struct weft_bytes bytes = { item->data, item->bytes };
    weft_status status;
    if (item->kind == WF_ITEM_MESSAGE)
        status = weft_engine_send(&socket->engine, item->type, bytes);
    else if (item->kind == WF_ITEM_SHARED)
        status = wf_engine_send_shared(&socket->engine, item->shared);
    else
        status = weft_engine_close(&socket->engine, item->close_code,
                                   (struct weft_text){ (const char *)bytes.data, bytes.count });
    if (!status)
        wf_items_remove(socket, item);
    return status;
}

static weft_status put(weft_socket *socket, struct wf_item *item)
{
    if (item->kind == WF_ITEM_BLOB)
        return put_blob(socket, item);
    return item->kind == WF_ITEM_PARTS ? put_piece(socket, item) : put_whole(socket, item);
}

/* A message that has begun cannot be taken back: it ends with the connection. */
static void fail(weft_socket *socket, weft_status status)
{
    struct weft_failure failure = { .kind = WEFT_FAILURE_STORAGE, .status = status };
    if (status == WEFT_ERR_MEMORY) {
        failure.kind = WEFT_FAILURE_MEMORY;
        failure.text = "no memory for a message that waits to be sent";
    } else if (status == WEFT_ERR_NOT_READABLE) {
        failure.text = "a file became shorter while it was sent";
    } else {
        failure.system_error = errno;
        failure.text = "a file could not be read while it was sent";
    }
    wf_socket_fail(socket, &failure, 1011);
}

/* A message in parts of which the next has not come: what is behind it waits. */
static bool waits_for_user(const struct wf_item *item)
{
    return item->kind == WF_ITEM_PARTS && !item->first_piece && !item->is_ended && !item->is_cut;
}

static bool is_open(const weft_socket *socket)
{
    return weft_engine_ready_state(&socket->engine) == WEFT_OPEN;
}

/* Whether there is something new in the output. */
static bool fill(weft_socket *socket)
{
    bool has_put = false;
    while (socket->has_backlog && is_open(socket) && !wf_feeding_is_enough(socket)) {
        struct wf_item *item = wf_items_first(socket->rare->backlog);
        if (waits_for_user(item))
            break;
        weft_status status = put(socket, item);
        if (status)
            fail(socket, status);
        else
            socket->active_ms = wf_socket_now(socket);
        has_put = true;
    }
    return has_put;
}

void wf_feeding_go_on(weft_socket *socket)
{
    for (int writes = 0; socket->has_backlog && !socket->is_broken; writes++) {
        if (!is_open(socket)) {
            wf_backlog_drop(socket);
            return;
        }
        if (writes == WRITES_PER_TURN) {
            wf_socket_serve_soon(socket);
            return;
        }
        if (!fill(socket))
            return; /* What leaves of the output, or the user, brings us back. */
        wf_outflow_write(socket);
    }
}

#include "socket/backlog.h"

#include "io/loop.h"

#include <errno.h>

enum {
    PART_BYTES = 256 * 1024, /* Of one fragment: pings come between two of them. */
    PARTS_PER_TURN = 8,      /* A fast peer must not keep the loop for itself. */
};

enum kind { BLOB, MESSAGE, SHARED, CLOSE };

struct item {
    struct item *next;
    enum kind kind;
    enum weft_message_type type; /* MESSAGE */
    uint16_t close_code;
    weft_blob *blob;
    uint64_t blob_sent;
    struct wf_shared *shared;
    size_t bytes; /* Of a message or of a close reason. */
    uint8_t data[];
};

struct wf_backlog {
    struct item *first;
    struct item **end;
    uint64_t payload_bytes;
    uint64_t memory_bytes;
    uint8_t *buffer; /* PART_BYTES, while a file is sent. */
};

static struct wf_backlog *backlog_of(const weft_socket *socket)
{
    return socket->has_backlog ? socket->rare->backlog : NULL;
}

uint64_t wf_backlog_payload_bytes(const weft_socket *socket)
{
    const struct wf_backlog *backlog = backlog_of(socket);
    return backlog ? backlog->payload_bytes : 0;
}

uint64_t wf_backlog_memory_bytes(const weft_socket *socket)
{
    const struct wf_backlog *backlog = backlog_of(socket);
    return backlog ? backlog->memory_bytes : 0;
}

static struct wf_backlog *need_backlog(weft_socket *socket)
{
    struct wf_pool *pool = wf_loop_pool(socket->loop);
    struct wf_socket_rare *rare = wf_socket_need_rare(socket);
    if (!rare || socket->has_backlog)
        return rare ? rare->backlog : NULL;
    struct wf_backlog *backlog = wf_pool_take(pool, sizeof *backlog, NULL);
    if (!backlog)
        return NULL;
    *backlog = (struct wf_backlog){ .end = &backlog->first };
    rare->backlog = backlog;
    socket->has_backlog = true;
    return backlog;
}

static void end_backlog(weft_socket *socket)
{
    struct wf_pool *pool = wf_loop_pool(socket->loop);
    struct wf_backlog *backlog = socket->rare->backlog;
    wf_pool_give(pool, backlog->buffer, PART_BYTES);
    wf_pool_give(pool, backlog, sizeof *backlog);
    socket->rare->backlog = NULL;
    socket->has_backlog = false;
}

static uint64_t payload_of(const struct item *item)
{
    switch (item->kind) {
    case BLOB:
        return weft_blob_bytes(item->blob) - item->blob_sent;
    case MESSAGE:
        return item->bytes;
    case SHARED:
        return item->shared->payload_bytes;
    case CLOSE:
        break;
    }
    return 0;
}

/* Shared bytes are counted as if they were this socket's alone, as in the output. */
static uint64_t memory_of(const struct item *item)
{
    return sizeof *item + item->bytes + (item->kind == SHARED ? item->shared->bytes : 0);
}

static struct item *create(weft_socket *socket, enum kind kind, struct weft_bytes bytes)
{
    if (bytes.count > SIZE_MAX - sizeof(struct item))
        return NULL;
    struct item *item = wf_pool_take(wf_loop_pool(socket->loop), sizeof *item + bytes.count, NULL);
    if (!item)
        return NULL;
    *item = (struct item){ .kind = kind, .bytes = bytes.count };
    if (bytes.count)
        memcpy(item->data, bytes.data, bytes.count);
    return item;
}

static void add(struct wf_backlog *backlog, struct item *item)
{
    backlog->payload_bytes += payload_of(item);
    backlog->memory_bytes += memory_of(item);
    *backlog->end = item;
    backlog->end = &item->next;
}

static void remove_first(weft_socket *socket)
{
    struct wf_backlog *backlog = socket->rare->backlog;
    struct wf_pool *pool = wf_loop_pool(socket->loop);
    struct item *item = backlog->first;
    backlog->payload_bytes -= payload_of(item);
    backlog->memory_bytes -= memory_of(item);
    backlog->first = item->next;
    weft_blob_release(item->blob);
    if (item->shared)
        wf_shared_release(pool, item->shared);
    wf_pool_give(pool, item, sizeof *item + item->bytes);
    if (!backlog->first)
        end_backlog(socket);
}

weft_status wf_backlog_add_blob(weft_socket *socket, weft_blob *blob)
{
    struct item *item = create(socket, BLOB, (struct weft_bytes){ 0 });
    struct wf_backlog *backlog = item ? need_backlog(socket) : NULL;
    if (!backlog) {
        wf_pool_give(wf_loop_pool(socket->loop), item, sizeof *item);
        return WEFT_ERR_MEMORY;
    }
    item->blob = weft_blob_retain(blob);
    add(backlog, item);
    return WEFT_OK;
}

weft_status wf_backlog_add_message(weft_socket *socket, enum weft_message_type type,
                                   struct weft_bytes payload)
{
    struct item *item = create(socket, MESSAGE, payload);
    if (!item)
        return WEFT_ERR_MEMORY;
    item->type = type;
    add(socket->rare->backlog, item);
    return WEFT_OK;
}

weft_status wf_backlog_add_shared(weft_socket *socket, struct wf_shared *shared)
{
    struct item *item = create(socket, SHARED, (struct weft_bytes){ 0 });
    if (!item)
        return WEFT_ERR_MEMORY;
    shared->references++;
    item->shared = shared;
    add(socket->rare->backlog, item);
    return WEFT_OK;
}

weft_status wf_backlog_add_close(weft_socket *socket, uint16_t code, struct weft_text reason)
{
    struct item *item = create(socket, CLOSE, weft_bytes_of(reason));
    if (!item)
        return WEFT_ERR_MEMORY;
    item->close_code = code;
    add(socket->rare->backlog, item);
    return WEFT_OK;
}

/* Where the next bytes of a blob lie: in its own memory, or read into the buffer. */
static weft_status read_part(weft_socket *socket, const struct item *item, struct weft_bytes *part)
{
    struct wf_backlog *backlog = socket->rare->backlog;
    uint64_t left = payload_of(item);
    const uint8_t *data = weft_blob_data(item->blob);
    part->count = left < PART_BYTES ? (size_t)left : PART_BYTES;
    part->data = data ? data + item->blob_sent : NULL;
    if (data)
        return WEFT_OK;
    if (!backlog->buffer)
        backlog->buffer = wf_pool_take(wf_loop_pool(socket->loop), PART_BYTES, NULL);
    part->data = backlog->buffer;
    if (!backlog->buffer)
        return WEFT_ERR_MEMORY;
    return weft_blob_read(item->blob, item->blob_sent, backlog->buffer, part->count, &part->count);
}

static weft_status put_part(weft_socket *socket, struct item *item)
{
    struct weft_bytes part;
    weft_status status = read_part(socket, item, &part);
    if (status)
        return status;
    bool is_final = part.count == payload_of(item);
    status =
        wf_engine_send_part(&socket->engine, WEFT_BINARY, part, item->blob_sent == 0, is_final);
    if (status)
        return status;
    item->blob_sent += part.count;
    socket->rare->backlog->payload_bytes -= part.count;
    if (is_final)
        remove_first(socket);
    return WEFT_OK;
}

static weft_status put_next(weft_socket *socket)
{
    struct item *item = socket->rare->backlog->first;
    struct weft_bytes payload = { item->data, item->bytes };
    weft_status status = WEFT_OK;
    switch (item->kind) {
    case BLOB:
        return put_part(socket, item);
    case MESSAGE:
        status = weft_engine_send(&socket->engine, item->type, payload);
        break;
    case SHARED:
        status = wf_engine_send_shared(&socket->engine, item->shared);
        break;
    case CLOSE:
        status = weft_engine_close(&socket->engine, item->close_code,
                                   (struct weft_text){ (const char *)payload.data, payload.count });
        break;
    }
    if (!status)
        remove_first(socket);
    return status;
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
    wf_engine_fail(&socket->engine, &failure, 1011);
    wf_socket_serve_soon(socket);
}

void wf_backlog_feed(weft_socket *socket)
{
    for (int parts = 0; socket->has_backlog && !socket->is_broken; parts++) {
        if (weft_engine_ready_state(&socket->engine) != WEFT_OPEN) {
            wf_backlog_drop(socket);
            return;
        }
        if (weft_engine_output_bytes(&socket->engine) >= PART_BYTES)
            return; /* What leaves of it brings us back. */
        if (parts == PARTS_PER_TURN) {
            wf_socket_serve_soon(socket);
            return;
        }
        weft_status status = put_next(socket);
        if (status)
            fail(socket, status);
        else
            socket->active_ms = wf_socket_now(socket);
        wf_outflow_write(socket);
    }
}

void wf_backlog_drop(weft_socket *socket)
{
    atomic_fetch_add_explicit(&socket->dropped_bytes, wf_backlog_payload_bytes(socket),
                              memory_order_relaxed);
    while (socket->has_backlog)
        remove_first(socket);
}

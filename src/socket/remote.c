/* send(), ping and close() from other threads: what they give is copied, and posted to the loop's
 * own. */
#include "socket/backlog.h"

#include <stdlib.h>

enum kind { MESSAGE, BLOB, PING, CLOSE };

struct call {
    struct wf_post post;
    weft_socket *socket;
    enum kind kind;
    enum weft_message_type type;
    weft_blob *blob;
    uint16_t code;
    bool has_key;
    uint64_t key;
    size_t bytes;
    uint8_t data[];
};

/* Less, if the connection was lost meanwhile and another one counts anew. */
static void take_back(weft_socket *socket, uint64_t bytes)
{
    uint64_t counted = atomic_load_explicit(&socket->dropped_bytes, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&socket->dropped_bytes, &counted,
                                                  counted > bytes ? counted - bytes : 0,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

/* What the policy drops is counted, and no failure. */
static weft_status send_here(weft_socket *socket, const struct call *call, struct weft_bytes bytes)
{
    weft_status status = call->has_key ? weft_socket_send_keyed(socket, call->type, bytes.data,
                                                                bytes.count, call->key)
                                       : wf_messages_send(socket, call->type, bytes);
    return status == WEFT_ERR_FULL ? WEFT_OK : status;
}

static weft_status do_message(const struct call *call)
{
    weft_socket *socket = call->socket;
    atomic_fetch_sub_explicit(&socket->posted_bytes, call->bytes, memory_order_relaxed);
    if (wf_socket_state(socket) == WEFT_OPEN)
        return send_here(socket, call, (struct weft_bytes){ call->data, call->bytes });
    atomic_fetch_add_explicit(&socket->dropped_bytes, call->bytes, memory_order_relaxed);
    return WEFT_OK;
}

static weft_status do_blob(const struct call *call)
{
    if (wf_socket_state(call->socket) != WEFT_OPEN)
        return WEFT_OK; /* It is counted as dropped already. */
    take_back(call->socket, weft_blob_bytes(call->blob));
    weft_status status = wf_outflow_send_blob(call->socket, call->blob);
    return status == WEFT_ERR_FULL ? WEFT_OK : status;
}

static weft_status do_call(const struct call *call, bool is_dropped)
{
    switch (call->kind) {
    case MESSAGE:
        return do_message(call);
    case BLOB:
        return do_blob(call);
    case PING:
        /* No message: where there is no room for it, or no use, nothing goes missing. */
        (void)!weft_socket_ping(call->socket, call->data, call->bytes);
        return WEFT_OK;
    case CLOSE:
        break;
    }
    return is_dropped
               ? WEFT_OK
               : wf_leaving_close(call->socket, call->code,
                                  (struct weft_text){ (const char *)call->data, call->bytes });
}

static void destroy(struct call *call)
{
    atomic_fetch_sub_explicit(&call->socket->posted_calls, 1, memory_order_relaxed);
    weft_blob_release(call->blob);
    free(call);
}

static void run(struct wf_post *post, bool is_dropped)
{
    struct call *call = WF_CONTAINER_OF(post, struct call, post);
    weft_socket *socket = call->socket;
    weft_status status = do_call(call, is_dropped);
    /* There is nobody to tell: a message that is missing in the middle must not go unnoticed. */
    if (status && wf_socket_state(socket) == WEFT_OPEN) {
        struct weft_failure failure = { .kind = WEFT_FAILURE_MEMORY,
                                        .status = status,
                                        .text = "a call of another thread could not be done" };
        wf_socket_abort(socket, &failure, false);
    }
    destroy(call);
    weft_socket_release(socket);
}

static struct call *create(weft_socket *socket, enum kind kind, struct weft_bytes bytes)
{
    /* Not the loop's allocator: that belongs to the loop's thread. */
    struct call *call =
        bytes.count <= SIZE_MAX - sizeof *call ? malloc(sizeof *call + bytes.count) : NULL;
    if (!call)
        return NULL;
    *call = (struct call){ .post.work = run, .socket = socket, .kind = kind, .bytes = bytes.count };
    if (bytes.count)
        memcpy(call->data, bytes.data, bytes.count);
    atomic_fetch_add_explicit(&socket->posted_calls, 1, memory_order_relaxed);
    return call;
}

static bool post(weft_socket *socket, struct call *call)
{
    weft_socket_retain(socket);
    if (wf_loop_post(wf_socket_loop(socket), &call->post))
        return true;
    destroy(call);
    weft_socket_release(socket);
    return false;
}

/* A call costs more than its bytes: as many may wait as they fill send_bytes_max, and a few where
 * that is small. close() always may. */
enum { CALLS_ALWAYS = 256, CALLS_MAX = WF_CLOSE_WAS_POSTED / 2 };

static bool may_post(const weft_socket *socket)
{
    uint64_t max = socket->shape->settings.send_bytes_max / sizeof(struct call);
    if (max < CALLS_ALWAYS)
        max = CALLS_ALWAYS;
    return wf_socket_posted_calls(socket) < (max < CALLS_MAX ? max : CALLS_MAX);
}

/* What is on its way counts against the queue's maximum, or a fast thread would fill the memory. */
static bool reserve(weft_socket *socket, size_t bytes)
{
    uint64_t max = socket->shape->settings.send_bytes_max;
    uint64_t before = atomic_fetch_add_explicit(&socket->posted_bytes, bytes, memory_order_relaxed);
    if (bytes <= max && before <= max - bytes)
        return true;
    atomic_fetch_sub_explicit(&socket->posted_bytes, bytes, memory_order_relaxed);
    return false;
}

/* Nothing can be dropped for it yet, so it is the new one that goes missing. */
static weft_status refuse(weft_socket *socket, size_t bytes)
{
    const struct weft_socket_settings *settings = &socket->shape->settings;
    if (settings->send_policy == WEFT_SEND_CLOSE || bytes > settings->send_bytes_max)
        return WEFT_ERR_LIMIT;
    wf_policy_count_dropped(socket);
    return WEFT_ERR_FULL;
}

weft_status wf_remote_send(weft_socket *socket, enum weft_message_type type,
                           struct weft_bytes payload, const uint64_t *key)
{
    if (type == WEFT_TEXT && !wf_engine_is_utf8(payload))
        return WEFT_ERR_UTF8;
    if (!may_post(socket) || !reserve(socket, payload.count))
        return refuse(socket, payload.count);
    struct call *call = create(socket, MESSAGE, payload);
    if (call) {
        call->type = type;
        call->has_key = key != NULL;
        call->key = key ? *key : 0;
        if (post(socket, call))
            return WEFT_OK;
    }
    atomic_fetch_sub_explicit(&socket->posted_bytes, payload.count, memory_order_relaxed);
    if (!call)
        return WEFT_ERR_MEMORY;
    atomic_fetch_add_explicit(&socket->dropped_bytes, payload.count, memory_order_relaxed);
    return WEFT_OK; /* The loop is gone, and the connection with it. */
}

/* On its way it is counted as if it were dropped, which bufferedAmount does not tell apart: its
 * bytes lie in no queue, so that they do not count against the queue's maximum. */
weft_status wf_remote_send_blob(weft_socket *socket, weft_blob *blob)
{
    if (!may_post(socket))
        return refuse(socket, 0);
    struct call *call = create(socket, BLOB, (struct weft_bytes){ 0 });
    if (!call)
        return WEFT_ERR_MEMORY;
    call->blob = weft_blob_retain(blob);
    atomic_fetch_add_explicit(&socket->dropped_bytes, weft_blob_bytes(blob), memory_order_relaxed);
    (void)post(socket, call); /* The loop is gone: dropped it is. */
    return WEFT_OK;
}

/* It is never refused, and the first is enough: no close() has anything to do behind another. */
weft_status wf_remote_close(weft_socket *socket, uint16_t code, struct weft_text reason)
{
    uint32_t before = atomic_load_explicit(&socket->posted_calls, memory_order_relaxed);
    if (before & WF_CLOSE_WAS_POSTED)
        return WEFT_OK;
    struct call *call = create(socket, CLOSE, weft_bytes_of(reason));
    if (!call)
        return WEFT_ERR_MEMORY;
    before =
        atomic_fetch_or_explicit(&socket->posted_calls, WF_CLOSE_WAS_POSTED, memory_order_relaxed);
    if (before & WF_CLOSE_WAS_POSTED) {
        destroy(call);
        return WEFT_OK;
    }
    call->code = code;
    (void)post(socket, call);
    return WEFT_OK;
}

weft_status wf_remote_ping(weft_socket *socket, struct weft_bytes payload)
{
    if (!may_post(socket))
        return WEFT_ERR_LIMIT;
    struct call *call = create(socket, PING, payload);
    if (!call)
        return WEFT_ERR_MEMORY;
    (void)post(socket, call);
    return WEFT_OK;
}

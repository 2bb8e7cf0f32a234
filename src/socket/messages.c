/* What is sent, into the output: messages, pings, and what is published. */
#include "io/loop.h"
#include "socket/backlog.h"
#include "ws/quick.h"

enum { PING_BYTES_MAX = 125 }; /* RFC 6455 5.5 */

/* A large message is written from where it lies; only what the kernel did not take is copied. */
static weft_status write_lent(weft_socket *socket)
{
    wf_outflow_write(socket);
    if (socket->is_broken || wf_engine_settle(&socket->engine) == WEFT_OK)
        return WEFT_OK;
    struct weft_failure failure = { .kind = WEFT_FAILURE_MEMORY,
                                    .status = WEFT_ERR_MEMORY,
                                    .text = "no memory for a message that is half sent" };
    wf_socket_abort(socket, &failure, false);
    return WEFT_ERR_MEMORY;
}

enum { LENT_BYTES_MIN = WF_QUICK_LONG_BYTES };

/* An echo, or what is handed on to another: the text was checked when it came. */
static inline bool is_told(const weft_socket *socket, struct weft_bytes payload)
{
    const struct weft_bytes *told = &socket->shape->told_text;
    return payload.data == told->data && payload.count == told->count;
}

weft_status wf_messages_put(weft_socket *socket, enum weft_message_type type,
                            struct weft_bytes payload)
{
    bool is_utf8 = is_told(socket, payload);
    if (wf_engine_send_short(&socket->engine, type, payload, is_utf8))
        return WEFT_OK;
    if (payload.count < LENT_BYTES_MIN)
        return wf_engine_send(&socket->engine, type, payload, is_utf8);
    const struct weft_buffer *whole = &socket->shape->told_whole;
    weft_status status = payload.data == whole->data && payload.count == whole->count
                             ? wf_engine_send_back(&socket->engine, type, *whole, is_utf8)
                             : wf_engine_send_lent(&socket->engine, type, payload, is_utf8);
    return status ? status : write_lent(socket);
}

weft_status wf_messages_send(weft_socket *socket, enum weft_message_type type,
                             struct weft_bytes payload)
{
    if (socket->has_backlog || socket->has_policy)
        return wf_backlog_send(socket, type, payload, NULL);
    weft_status status = wf_outflow_check_room(socket, payload.count);
    if (!status)
        status = wf_messages_put(socket, type, payload);
    if (!status)
        wf_outflow_note_queued(socket);
    return status;
}

/* Whether a message leaves. If not, *status_out is the answer. */
static bool may_send(weft_socket *socket, const void *data, size_t bytes, weft_status *status_out)
{
    *status_out = WEFT_ERR_ARGUMENT;
    if (!socket || (!data && bytes))
        return false;
    enum weft_ready_state state = wf_socket_state(socket);
    if (state == WEFT_OPEN)
        return true;
    /* send(), step 3: closing or closed, the message is dropped and bufferedAmount grows. */
    *status_out = state == WEFT_CONNECTING ? WEFT_ERR_STATE : WEFT_OK;
    if (state != WEFT_CONNECTING)
        atomic_fetch_add_explicit(&socket->dropped_bytes, bytes, memory_order_relaxed);
    return false;
}

static weft_status send_message(weft_socket *socket, enum weft_message_type type, const void *data,
                                size_t bytes)
{
    weft_status status;
    if (!may_send(socket, data, bytes, &status))
        return status;
    struct weft_bytes payload = { data, bytes };
    return wf_loop_is_current(wf_socket_loop(socket)) ? wf_messages_send(socket, type, payload)
                                                      : wf_remote_send(socket, type, payload, NULL);
}

weft_status weft_socket_send_keyed(weft_socket *socket, enum weft_message_type type,
                                   const void *data, size_t bytes, uint64_t key)
{
    weft_status status = WEFT_ERR_ARGUMENT;
    if ((type != WEFT_TEXT && type != WEFT_BINARY) || !may_send(socket, data, bytes, &status))
        return status;
    struct weft_bytes payload = { data, bytes };
    if (!wf_loop_is_current(wf_socket_loop(socket)))
        return wf_remote_send(socket, type, payload, &key);
    return socket->has_backlog || socket->has_policy ? wf_backlog_send(socket, type, payload, &key)
                                                     : wf_messages_send(socket, type, payload);
}

/* What most answers are: not long, to such a message of the same socket. False: nothing was done.
 */
static inline bool send_quickly(weft_socket *socket, enum weft_message_type type, const void *data,
                                size_t bytes)
{
    struct weft_bytes payload = { data, bytes };
    if (!socket || socket != wf_inflow_quick || bytes >= LENT_BYTES_MIN || !data ||
        (type == WEFT_TEXT && !is_told(socket, payload)))
        return false;
    return wf_engine_output_bytes(&socket->engine) + bytes <= socket->shape->quick_bytes_max &&
           wf_quick_send(&socket->engine, type, data, bytes);
}

/* What is short all the same. False: nothing was done. */
static inline bool send_short(weft_socket *socket, enum weft_message_type type, const void *data,
                              size_t bytes)
{
    if (!socket || !data || wf_socket_state(socket) != WEFT_OPEN ||
        !wf_loop_is_turning(wf_socket_loop(socket)) || !socket->in_inflow || socket->has_backlog ||
        socket->has_policy)
        return false;
    struct weft_bytes payload = { data, bytes };
    bool is_valid = type != WEFT_TEXT || is_told(socket, payload);
    uint64_t queued = wf_engine_output_bytes(&socket->engine);
    uint64_t max = socket->shape->quick_bytes_max;
    if (bytes > max || queued > max - bytes || !is_valid ||
        !wf_engine_send_short(&socket->engine, type, payload, true))
        return false;
    socket->active_ms = wf_socket_now(socket);
    return true;
}

/* Apart from the quick way, which so needs no stack. */
static __attribute__((noinline)) weft_status send_otherwise(weft_socket *socket,
                                                            enum weft_message_type type,
                                                            const void *data, size_t bytes)
{
    return send_short(socket, type, data, bytes) ? WEFT_OK
                                                 : send_message(socket, type, data, bytes);
}

weft_status weft_socket_send_text(weft_socket *socket, const char *text, size_t text_bytes)
{
    if (text_bytes == WEFT_ZERO_TERMINATED)
        text_bytes = text ? strlen(text) : 0;
    return send_quickly(socket, WEFT_TEXT, text, text_bytes)
               ? WEFT_OK
               : send_otherwise(socket, WEFT_TEXT, text, text_bytes);
}

weft_status weft_socket_send_bytes(weft_socket *socket, const void *data, size_t bytes)
{
    return send_quickly(socket, WEFT_BINARY, data, bytes)
               ? WEFT_OK
               : send_otherwise(socket, WEFT_BINARY, data, bytes);
}

weft_status weft_socket_ping(weft_socket *socket, const void *data, size_t bytes)
{
    if (!socket || (!data && bytes))
        return WEFT_ERR_ARGUMENT;
    if (wf_socket_state(socket) != WEFT_OPEN)
        return WEFT_ERR_STATE;
    struct weft_bytes payload = { data, bytes };
    uint64_t max = socket->shape->settings.send_bytes_max;
    if (bytes > PING_BYTES_MAX)
        return WEFT_ERR_LIMIT;
    if (!wf_loop_is_current(wf_socket_loop(socket)))
        return wf_remote_ping(socket, payload);
    if (wf_engine_output_bytes(&socket->engine) > max)
        return WEFT_ERR_LIMIT; /* Full, and no message is missing. */
    weft_status status = weft_engine_ping(&socket->engine, payload);
    if (!status)
        wf_socket_serve_soon(socket);
    return status;
}

bool wf_socket_is_text(struct weft_bytes payload)
{
    return wf_engine_is_utf8(payload);
}

weft_status wf_socket_prepare(weft_loop *loop, struct wf_arena *arena, enum weft_message_type type,
                              struct weft_bytes payload, struct wf_shared **shared_out)
{
    return wf_engine_prepare(wf_loop_pool(loop), arena, type, payload, shared_out);
}

/* Behind another of the same turn, into the same piece: most often all but the first of a turn. */
static inline bool lengthen(weft_socket *socket, const struct wf_shared *shared)
{
    struct weft_engine *engine = &socket->engine;
    return socket->is_gathered && wf_socket_state(socket) == WEFT_OPEN && !socket->has_backlog &&
           !socket->has_policy && wf_quick_may_send(engine) &&
           engine->output.bytes + shared->bytes <= socket->shape->quick_bytes_max &&
           wf_chain_lengthen(&engine->output, shared);
}

weft_status wf_socket_send_shared(weft_socket *socket, struct wf_shared *shared,
                                  const uint64_t *key)
{
    if (lengthen(socket, shared)) {
        socket->active_ms = wf_socket_now(socket);
        return WEFT_OK;
    }
    if (wf_socket_state(socket) != WEFT_OPEN)
        return WEFT_OK;
    if (socket->has_backlog || socket->has_policy)
        return wf_backlog_send_shared(socket, shared, key);
    /* One that can never fit goes missing here alone: unlike a sender of its own, nobody hears. */
    bool fits = shared->bytes <= socket->shape->settings.send_bytes_max;
    weft_status status =
        fits ? wf_outflow_check_room(socket, shared->bytes) : wf_outflow_close_full(socket);
    if (!status)
        status = wf_engine_send_shared(&socket->engine, shared);
    if (!status)
        wf_outflow_note_queued(socket);
    return status;
}

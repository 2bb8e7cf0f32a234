/* From the user to the kernel: send, close, and the write that gathers what they left. */
#include "io/loop.h"
#include "socket/backlog.h"
#include "socket/transport.h"
#include "ws/quick.h"

enum { PING_BYTES_MAX = 125 }; /* RFC 6455 5.5 */
enum {
    SPANS_MAX = 64,
    BODY_LOW_BYTES = 64 * 1024,
    BODY_WRITES_PER_TURN = 8, /* A fast reader must not keep the loop for itself. */
};

static void write_all(weft_socket *socket)
{
    struct weft_bytes spans[SPANS_MAX];
    while (!socket->is_broken && wf_engine_output_bytes(&socket->engine) > 0) {
        size_t count = weft_engine_output(&socket->engine, spans, SPANS_MAX);
        size_t offered = 0, taken = 0;
        for (size_t i = 0; i < count; i++)
            offered += spans[i].count;
        if (wf_transport_send(socket, spans, count, &taken))
            return;
        weft_engine_sent(&socket->engine, taken);
        if (!socket->is_websocket && taken)
            socket->since_ms = wf_socket_now(socket); /* The reader of an answer moves on. */
        /* close() came, and its frame waits for the rest of a blob: what counts is that the peer
         * takes it. */
        if (socket->has_backlog && taken && wf_socket_state(socket) == WEFT_CLOSING)
            socket->since_ms = wf_socket_now(socket);
        /* The ping waits behind what the peer is taking: its time has not begun. */
        if (taken && socket->is_ping_due && weft_engine_output_bytes(&socket->engine) > 0)
            socket->since_ms = wf_socket_now(socket);
        if (taken < offered)
            return;
    }
}

void wf_outflow_write(weft_socket *socket)
{
    const struct wf_chain *output = &socket->engine.output;
    if (socket->is_broken || output->bytes == 0)
        return;
    /* Most often one piece, which the kernel takes at once. */
    struct weft_bytes span = wf_chain_only_span(output);
    size_t taken = 0;
    if (span.count && socket->is_websocket && !socket->has_backlog) {
        if (wf_transport_send(socket, &span, 1, &taken))
            return;
        if (taken == span.count)
            wf_engine_sent_all(&socket->engine);
        else
            weft_engine_sent(&socket->engine, taken);
        if (taken && socket->is_ping_due && output->bytes > 0)
            socket->since_ms = wf_socket_now(socket);
        if (taken < span.count || output->bytes == 0)
            return;
    }
    write_all(socket);
}

/* What waits to be written, of a blob also what is not yet read. */
static uint64_t waiting_bytes(const weft_socket *socket)
{
    uint64_t queued = wf_engine_output_bytes(&socket->engine);
    return socket->has_backlog ? queued + wf_backlog_payload_bytes(socket) : queued;
}

static bool is_drained(const weft_socket *socket)
{
    return socket->is_over_mark && waiting_bytes(socket) <= socket->shape->settings.send_low_bytes;
}

static void tell_drained(weft_socket *socket)
{
    if (!is_drained(socket))
        return;
    socket->is_over_mark = false;
    /* The engine may have failed a moment ago, and nobody was told yet. */
    if (wf_socket_state(socket) == WEFT_OPEN &&
        weft_engine_ready_state(&socket->engine) == WEFT_OPEN)
        wf_events_drained(socket);
}

static void ask_for_body(weft_socket *socket)
{
    for (int writes = 0; socket->is_body_wanted && !socket->is_broken &&
                         weft_engine_output_bytes(&socket->engine) < BODY_LOW_BYTES;
         writes++) {
        if (writes == BODY_WRITES_PER_TURN) {
            wf_socket_serve_soon(socket);
            return;
        }
        uint64_t before = weft_engine_output_bytes(&socket->engine);
        socket->shape->owner->on_body_wanted(socket);
        if (weft_engine_output_bytes(&socket->engine) == before)
            return;
        wf_outflow_write(socket);
    }
}

/* Ends the own direction, and waits for the peer's end: closing with bytes unread would reset the
 * connection, and the peer might never read the Close frame or the answer. RFC 6455 7.1.1. */
static void linger(weft_socket *socket)
{
    socket->is_lingering = true;
    socket->since_ms = wf_socket_now(socket);
    wf_transport_shutdown(socket);
    wf_transport_resume(socket);
    wf_keepalive_arm(socket);
}

/* Whether the peer may still have to read what was written last. */
static bool has_last_word(const weft_socket *socket)
{
    return weft_socket_side(socket) == WEFT_SERVER ||
           (socket->rare && socket->rare->has_failure && socket->rare->failure.close_code);
}

/* What is written is written: is the connection at its end? */
static void end_where_due(weft_socket *socket)
{
    bool was_clean = weft_engine_was_clean(&socket->engine);
    bool is_written =
        weft_engine_output_bytes(&socket->engine) == 0 && !wf_transport_has_unsent(socket);
    bool is_over = socket->engine_is_done || (was_clean && is_written);
    if (socket->is_broken || (socket->peer_has_ended && is_over))
        wf_events_finish(socket);
    else if (!weft_engine_wants_end(&socket->engine) || !is_written)
        return;
    else if (was_clean || socket->peer_has_ended || !has_last_word(socket))
        /* RFC 6455 7.1.1: the server closes first, and nobody waits for how TCP ends. */
        wf_events_finish(socket);
    else if (!socket->is_lingering)
        linger(socket);
}

/* All is written, and nothing waits for that: most often. */
static inline bool is_settled(const weft_socket *socket)
{
    return !socket->is_broken && !socket->is_over_mark && !socket->is_held &&
           !socket->has_backlog && !socket->is_body_wanted && !socket->engine_is_done &&
           !socket->peer_has_ended && wf_engine_output_bytes(&socket->engine) == 0 &&
           !socket->engine.wants_end;
}

/* The rest of a flush: what waits for the writing, goes on. */
static void settle(weft_socket *socket)
{
    if (socket->has_stream && !socket->is_broken) {
        wf_feeding_go_on(socket);
        ask_for_body(socket);
        /* on_drained may send again: what it sends leaves now. */
        socket->in_inflow = true;
        tell_drained(socket);
        socket->in_inflow = false;
        /* It may also have resumed: what the pause has kept comes in a later turn. */
        if (socket->is_held && !socket->is_paused)
            wf_socket_serve_soon(socket);
        wf_outflow_write(socket);
        wf_feeding_go_on(socket);
        if (is_drained(socket))
            wf_socket_serve_soon(socket); /* It is told again, in a turn of its own. */
        end_where_due(socket);
    } else if (socket->is_broken) {
        wf_events_finish(socket);
    }
}

void wf_outflow_flush(weft_socket *socket)
{
    if (wf_socket_state(socket) == WEFT_CLOSED)
        return;
    if (socket->has_stream)
        wf_outflow_write(socket);
    if (!socket->has_stream || !is_settled(socket))
        settle(socket);
}

/* The queue is full: flagged as full, the connection is closed behind what it holds. */
__attribute__((noinline)) weft_status wf_outflow_close_full(weft_socket *socket)
{
    struct weft_text reason = weft_text_of("the receiver is too slow: send_bytes_max");
    struct weft_failure failure = { .kind = WEFT_FAILURE_LIMIT,
                                    .status = WEFT_ERR_LIMIT,
                                    .close_code = 1013,
                                    .text = "more was sent than the peer takes",
                                    .limit_name = "send_bytes_max",
                                    .limit = socket->shape->settings.send_bytes_max };
    wf_socket_note_failure(socket, &failure);
    if (weft_engine_close(&socket->engine, 1013, reason))
        wf_socket_abort(socket, &failure, false);
    wf_socket_move_to(socket, WEFT_CLOSING);
    wf_keepalive_arm(socket); /* Inside of a callback no turn's end sets it. */
    wf_socket_serve_soon(socket);
    return WEFT_ERR_LIMIT;
}

weft_status wf_outflow_check_room(weft_socket *socket, size_t bytes)
{
    uint64_t max = socket->shape->settings.send_bytes_max;
    uint64_t queued = wf_engine_output_bytes(&socket->engine);
    if (socket->has_backlog)
        queued += wf_backlog_memory_bytes(socket);
    if (bytes > max)
        return WEFT_ERR_LIMIT; /* It can never fit: the caller's mistake costs no connection. */
    return bytes > max - (queued < max ? queued : max) ? wf_outflow_close_full(socket) : WEFT_OK;
}

void wf_outflow_note_queued(weft_socket *socket)
{
    socket->active_ms = wf_socket_now(socket);
    if (waiting_bytes(socket) > socket->shape->settings.send_mark_bytes)
        socket->is_over_mark = true;
    if (!socket->in_inflow)
        wf_gathering_add(socket);
}

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

enum { LENT_BYTES_MIN = 16 * 1024 };

/* An echo, or what is handed on to another: the text was checked when it came. */
static inline bool is_told(const weft_socket *socket, struct weft_bytes payload)
{
    const struct weft_bytes *told = &socket->shape->told_text;
    return payload.data == told->data && payload.count == told->count;
}

weft_status wf_outflow_put(weft_socket *socket, enum weft_message_type type,
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

weft_status wf_outflow_send(weft_socket *socket, enum weft_message_type type,
                            struct weft_bytes payload)
{
    if (socket->has_backlog || socket->has_policy)
        return wf_backlog_send(socket, type, payload, NULL);
    weft_status status = wf_outflow_check_room(socket, payload.count);
    if (!status)
        status = wf_outflow_put(socket, type, payload);
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
    return wf_loop_is_current(wf_socket_loop(socket)) ? wf_outflow_send(socket, type, payload)
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
                                                     : wf_outflow_send(socket, type, payload);
}

/* What most answers are: short, to a short message of the same socket. False: nothing was done. */
static inline bool send_quickly(weft_socket *socket, enum weft_message_type type, const void *data,
                                size_t bytes)
{
    struct weft_bytes payload = { data, bytes };
    if (!socket || socket != wf_inflow_quick || bytes > WF_QUICK_BYTES_MAX || !data ||
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

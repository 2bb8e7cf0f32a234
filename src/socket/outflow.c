/* From the output to the kernel: the write that gathers what sending and closing have left. */
#include "io/loop.h"
#include "socket/backlog.h"
#include "socket/transport.h"

#include <errno.h>

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

/* The only piece of the output was offered. */
static inline void note_written(weft_socket *socket, size_t offered, size_t taken)
{
    if (taken == offered)
        wf_engine_sent_all(&socket->engine);
    else
        weft_engine_sent(&socket->engine, taken);
    if (taken && socket->is_ping_due && wf_engine_output_bytes(&socket->engine) > 0)
        socket->since_ms = wf_socket_now(socket);
}

void wf_outflow_write(weft_socket *socket)
{
    if (socket->is_broken || wf_engine_output_bytes(&socket->engine) == 0)
        return;
    /* Most often one piece, which the kernel takes at once. */
    struct weft_bytes span = wf_outflow_only_piece(socket);
    size_t taken = 0;
    if (span.count) {
        if (wf_transport_send(socket, &span, 1, &taken))
            return;
        note_written(socket, span.count, taken);
        if (taken < span.count || wf_engine_output_bytes(&socket->engine) == 0)
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

static inline void settle_where_due(weft_socket *socket)
{
    if (!socket->has_stream || !is_settled(socket))
        settle(socket);
}

void wf_outflow_settle(weft_socket *socket)
{
    if (wf_socket_state(socket) != WEFT_CLOSED)
        settle_where_due(socket);
}

void wf_outflow_flush(weft_socket *socket)
{
    if (wf_socket_state(socket) == WEFT_CLOSED)
        return;
    if (socket->has_stream)
        wf_outflow_write(socket);
    settle_where_due(socket);
}

bool wf_outflow_offer(weft_socket *socket, struct wf_stream_offer *offer)
{
    if (!socket->has_stream || wf_socket_state(socket) == WEFT_CLOSED)
        return false;
    struct weft_bytes span = wf_outflow_only_piece(socket);
    if (span.count && wf_transport_of(socket) == &wf_transport_plain) {
        *offer = (struct wf_stream_offer){ .stream = &socket->stream, .bytes = span };
        return true;
    }
    wf_outflow_write(socket);
    return false;
}

bool wf_outflow_take(weft_socket *socket, const struct wf_stream_offer *offer)
{
    if (offer->status) {
        errno = offer->system_error;
        (void)wf_transport_abort(socket);
        return false;
    }
    note_written(socket, offer->bytes.count, offer->taken);
    return is_settled(socket);
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

/* From the kernel to the user: bytes to the engine, its events to the callbacks. */
#include "socket/spooling.h"
#include "socket/transport.h"
#include "ws/quick.h"

#include <errno.h>

static void on_message(weft_socket *socket, enum weft_message_type type, struct weft_buffer data)
{
    /* Message event, step 1: if the ready state is not OPEN, then return. */
    if (wf_socket_state(socket) != WEFT_OPEN)
        return;
    socket->active_ms = wf_socket_now(socket);
    struct weft_message_event message = { .type = type, .data = data.data, .bytes = data.count };
    /* Step 3: the binary type of this moment decides. */
    if (type == WEFT_BINARY) {
        if (socket->wants_blobs && !socket->wants_parts)
            wf_spooling_message(socket, data);
        else
            wf_events_message(socket, &message);
        return;
    }
    struct weft_bytes *told = &socket->shape->told_text;
    *told = (struct weft_bytes){ data.data, data.count };
    wf_events_message(socket, &message);
    *told = (struct weft_bytes){ 0 };
}

void wf_inflow_set_parts(weft_socket *socket)
{
    enum wf_parts parts = socket->wants_blobs ? WF_PARTS_LARGE : WF_PARTS_NONE;
    wf_engine_set_parts(&socket->engine, socket->wants_parts ? WF_PARTS_ALL : parts);
}

static bool is_spooled(const weft_socket *socket, const struct weft_engine_event *event)
{
    if (event->is_first)
        return socket->wants_blobs && event->message_type == WEFT_BINARY;
    return socket->rare && socket->rare->spool;
}

static void on_message_part(weft_socket *socket, const struct weft_engine_event *event)
{
    struct weft_message_part part = { .type = event->message_type,
                                      .data = event->data.data,
                                      .bytes = event->data.count,
                                      .is_first = event->is_first,
                                      .is_final = event->is_final };
    socket->active_ms = wf_socket_now(socket);
    /* Who hears of the first part hears of the others. */
    if (event->is_first)
        socket->tells_parts = socket->wants_parts;
    if (wf_socket_state(socket) != WEFT_OPEN)
        wf_spooling_drop(socket); /* It would not be told. */
    else if (!socket->tells_parts && is_spooled(socket, event))
        wf_spooling_part(socket, event->data, event->is_final);
    else if (socket->tells_parts && socket->wants_parts)
        wf_events_message_part(socket, &part);
}

static void on_open(weft_socket *socket, const struct weft_http_answer *answer)
{
    /* close() may have come between the handshake's end and this task. */
    if (wf_socket_state(socket) != WEFT_CONNECTING)
        return;
    wf_socket_move_to(socket, WEFT_OPEN);
    socket->active_ms = socket->since_ms;
    socket->was_open = true;
    wf_keepalive_arm(socket);
    if (answer && socket->shape->owner->on_answer)
        socket->shape->owner->on_answer(socket, answer);
    if (socket->shape->owner->on_open)
        socket->shape->owner->on_open(socket);
    wf_events_open(socket);
}

static void on_peer_close(weft_socket *socket, const struct weft_engine_event *event)
{
    struct wf_socket_rare *rare = wf_socket_need_rare(socket);
    if (rare) {
        rare->close_code = event->close_code;
        rare->close_reason_bytes = (uint8_t)event->data.count;
        if (event->data.count)
            memcpy(rare->close_reason, event->data.data, event->data.count);
        rare->close_reason[event->data.count] = '\0';
    }
    if (wf_socket_state(socket) == WEFT_OPEN)
        wf_socket_move_to(socket, WEFT_CLOSING);
    wf_keepalive_arm(socket);
}

static void on_failed(weft_socket *socket, const struct weft_engine_event *event)
{
    /* Where TLS was cut off the engine sees an end. An answer that had come says more. */
    const struct weft_failure *failure = wf_transport_failure(socket);
    if (!failure || event->failure->http.status)
        failure = event->failure;
    socket->engine_is_done = true;
    wf_socket_note_failure(socket, failure);
    if (wf_socket_state(socket) < WEFT_CLOSING)
        wf_socket_move_to(socket, WEFT_CLOSING);
    wf_keepalive_arm(socket);
}

static void hand_out(weft_socket *socket, const struct weft_engine_event *event)
{
    struct weft_bytes payload = { event->data.data, event->data.count };
    switch (event->type) {
    case WEFT_EVENT_NONE:
        break;
    case WEFT_EVENT_REQUEST:
        if (socket->shape->owner->on_request)
            socket->shape->owner->on_request(socket, event->request);
        break;
    case WEFT_EVENT_OPEN:
        on_open(socket, event->answer);
        break;
    case WEFT_EVENT_MESSAGE:
        on_message(socket, event->message_type, event->data);
        break;
    case WEFT_EVENT_MESSAGE_PART:
        on_message_part(socket, event);
        break;
    case WEFT_EVENT_PING:
        if (wf_socket_state(socket) == WEFT_OPEN)
            wf_events_ping(socket, payload);
        break;
    case WEFT_EVENT_PONG:
        if (wf_socket_state(socket) == WEFT_OPEN)
            wf_events_pong(socket, payload);
        break;
    case WEFT_EVENT_CLOSE:
        on_peer_close(socket, event);
        break;
    case WEFT_EVENT_FAILED:
        on_failed(socket, event);
        break;
    }
}

static const struct weft_failure no_memory = { .kind = WEFT_FAILURE_MEMORY,
                                               .status = WEFT_ERR_MEMORY,
                                               .text = "no memory for what a pause keeps" };

/* The others' turn: the rest comes in the next one. */
static void wait_for_turn(weft_socket *socket)
{
    if (!socket->is_held && !socket->is_broken)
        wf_transport_pause(socket);
    socket->is_held = true;
    wf_socket_serve_soon(socket);
}

/* What one connection may take of a turn: a few bytes may inflate to very many. */
enum { TURN_BYTES_MAX = 4 << 20 };

static bool may_hand_out(const weft_socket *socket)
{
    return !socket->engine_is_done && !socket->is_broken && !socket->is_paused &&
           wf_socket_state(socket) != WEFT_CLOSED;
}

/* Nobody but the shape's on_message is told, and as it is. What changes that calls
 * wf_inflow_end_quick(). */
static inline bool is_told_plainly(const weft_socket *socket)
{
    return wf_socket_state(socket) == WEFT_OPEN && !socket->is_broken && !socket->is_paused &&
           !socket->engine_is_done && !socket->wants_blobs && !socket->rare &&
           socket->engine.phase == WF_PHASE_FRAMES;
}

_Thread_local weft_socket *wf_inflow_quick;

static inline void tell_short(weft_socket *socket, struct wf_socket_shape *shape,
                              const struct weft_message_event *message)
{
    if (message->type == WEFT_TEXT)
        shape->told_text = (struct weft_bytes){ message->data, message->bytes };
    shape->events.on_message(socket, message, socket->user);
    if (message->type == WEFT_TEXT)
        shape->told_text = (struct weft_bytes){ 0 };
}

/* Short messages that lie in the input in a row. Returns their bytes, with the headers. What cannot
 * change between two of them unless wf_inflow_end_quick() is called is looked at once. */
static __attribute__((noinline)) size_t hand_out_short(weft_socket *socket)
{
    struct weft_engine *engine = &socket->engine;
    struct wf_socket_shape *shape = socket->shape;
    size_t before = engine->input.count;
    struct weft_message_event message = { 0 };
    enum weft_message_type type;
    struct weft_buffer data;
    if (!wf_quick_may_begin(engine) || !shape->events.on_message || !is_told_plainly(socket) ||
        !wf_quick_next(engine, &type, &data))
        return 0;
    bool is_quick = !socket->has_policy && wf_quick_may_send(engine);
    wf_inflow_quick = is_quick ? socket : NULL;
    do {
        message.type = type;
        message.data = data.data;
        message.bytes = data.count;
        tell_short(socket, shape, &message);
        assert(wf_inflow_quick != socket || is_told_plainly(socket));
    } while ((is_quick ? wf_inflow_quick == socket : is_told_plainly(socket)) &&
             wf_quick_next(engine, &type, &data));
    wf_inflow_quick = NULL;
    socket->active_ms = wf_socket_now(socket);
    return before - engine->input.count;
}

/* The next event of any kind. Returns its bytes, and whether there is one. */
static uint64_t hand_out_next(weft_socket *socket, bool *is_there_out)
{
    enum weft_message_type type;
    struct weft_buffer message;
    struct weft_engine_event event;
    *is_there_out = true;
    if (wf_engine_next_whole(&socket->engine, &type, &message)) {
        socket->shape->told_whole = message;
        on_message(socket, type, message);
        socket->shape->told_whole = (struct weft_buffer){ 0 };
        return message.count;
    }
    *is_there_out = weft_engine_next(&socket->engine, &event) != WEFT_EVENT_NONE;
    if (*is_there_out)
        hand_out(socket, &event);
    return *is_there_out ? event.data.count : 0;
}

/* Returns the bytes that were handed out. */
static uint64_t hand_out_all(weft_socket *socket)
{
    uint64_t taken_bytes = hand_out_short(socket);
    bool is_there = true;
    while (is_there && !wf_quick_is_at_end(&socket->engine) && taken_bytes < TURN_BYTES_MAX &&
           may_hand_out(socket)) {
        taken_bytes += hand_out_next(socket, &is_there);
        if (is_there)
            taken_bytes += hand_out_short(socket);
    }
    return taken_bytes;
}

void wf_inflow_pump(weft_socket *socket)
{
    if (!socket->has_stream || socket->in_inflow)
        return;
    socket->in_inflow = true;
    uint64_t taken_bytes = hand_out_all(socket);
    socket->in_inflow = false;
    bool is_enough = taken_bytes >= TURN_BYTES_MAX && !socket->is_paused;
    if (is_enough)
        wait_for_turn(socket);
    if ((socket->is_paused || is_enough) && wf_engine_keep_input(&socket->engine))
        wf_socket_abort(socket, &no_memory, false);
    if (!socket->is_paused && !is_enough && socket->is_held) {
        /* What was kept is handed out: the next may come. */
        socket->is_held = false;
        wf_transport_resume(socket);
    }
}

void weft_socket_pause(weft_socket *socket)
{
    if (!socket || wf_socket_state(socket) != WEFT_OPEN)
        return;
    socket->is_paused = true;
    socket->is_held = true;
    wf_inflow_end_quick(socket);
    wf_transport_pause(socket);
}

void weft_socket_resume(weft_socket *socket)
{
    if (!socket || !socket->is_paused)
        return;
    socket->is_paused = false;
    socket->since_ms = wf_socket_now(socket);
    wf_keepalive_arm(socket);
    wf_socket_serve_soon(socket);
}

/* The events, and behind them one write for all that the callbacks have sent. Nothing but the flush
 * ends a connection, so that there is a socket until then. */
static void pump_and_flush(weft_socket *socket)
{
    wf_inflow_pump(socket);
    if (socket->engine.partial && wf_engine_wants_place(&socket->engine))
        wf_stream_want_place(&socket->stream, true);
    wf_outflow_flush(socket);
}

void wf_inflow_note_heard(weft_socket *socket)
{
    /* Before and behind OPEN more bytes do not lengthen the time. */
    if (wf_socket_state(socket) == WEFT_OPEN && !socket->is_lingering)
        socket->since_ms = wf_socket_now(socket);
    if (socket->is_ping_due) {
        socket->is_ping_due = false;
        wf_keepalive_arm(socket);
    }
}

void wf_inflow_receive(weft_socket *socket, struct weft_buffer bytes)
{
    /* What comes behind the end of the protocol is read, so that TCP can end, and not looked at. */
    if (socket->engine_is_done || socket->is_lingering || weft_engine_feed(&socket->engine, bytes))
        return;
    pump_and_flush(socket);
}

/* A client may end its direction and still read the answer that is on its way. */
static bool still_reads(const weft_socket *socket)
{
    return !socket->is_websocket &&
           (socket->is_body_wanted || weft_engine_output_bytes(&socket->engine) > 0);
}

void wf_inflow_end(weft_socket *socket)
{
    socket->peer_has_ended = true;
    if (!still_reads(socket))
        weft_engine_feed_end(&socket->engine);
    pump_and_flush(socket);
}

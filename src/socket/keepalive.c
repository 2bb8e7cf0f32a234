/* Time: what a connection is given to begin, to stay alive and to end. */
#include "io/timer.h"
#include "socket/transport.h"

#define NEVER_MS UINT32_MAX
enum { LINGER_MS = 2000 };

/* Times have 32 bits, which wrap after 49 days and 17 hours: what is to last nearly as long ends an
 * hour before that, so that a loop that was held up does not miss it. */
#define LONGEST_MS (UINT32_MAX - 3600 * 1000u)

static uint32_t earlier(uint32_t one, uint32_t other)
{
    return one < other ? one : other;
}

/* Milliseconds left of a time that began at `since`; 0: it is over. */
static uint32_t left_of(const weft_socket *socket, uint32_t since_ms, uint32_t duration_ms)
{
    uint32_t passed = wf_socket_now(socket) - since_ms;
    duration_ms = earlier(duration_ms, LONGEST_MS);
    return passed >= duration_ms ? 0 : duration_ms - passed;
}

static uint32_t left_while_connecting(const weft_socket *socket)
{
    const struct wf_socket_shape *shape = socket->shape;
    uint32_t timeout = shape->settings.handshake_timeout_ms;
    if (!socket->has_stream)
        return NEVER_MS; /* The client's own timer runs. */
    if (wf_transport_is_opening(socket))
        return left_of(socket, socket->since_ms, timeout);
    bool has_unsent =
        weft_engine_output_bytes(&socket->engine) > 0 || wf_transport_has_unsent(socket);
    if (has_unsent && !socket->is_websocket)
        return left_of(socket, socket->since_ms, timeout); /* A reader that stands still. */
    if (wf_engine_request_waits(&socket->engine))
        return NEVER_MS; /* It is the server's turn. */
    if (!socket->is_websocket && !wf_engine_is_in_midst(&socket->engine))
        return left_of(socket, socket->since_ms, earlier(timeout, shape->keep_alive_timeout_ms));
    return left_of(socket, socket->since_ms, timeout);
}

static uint32_t left_of_idle(const weft_socket *socket)
{
    uint32_t timeout = socket->shape->settings.idle_timeout_ms;
    return timeout ? left_of(socket, socket->active_ms, timeout) : NEVER_MS;
}

static uint32_t left_to_ping(const weft_socket *socket)
{
    const struct weft_socket_settings *settings = &socket->shape->settings;
    if (socket->is_paused)
        return NEVER_MS; /* A pong would not be read. */
    if (socket->is_ping_due)
        return left_of(socket, socket->since_ms, settings->ping_timeout_ms);
    return settings->ping_off ? NEVER_MS
                              : left_of(socket, socket->since_ms, settings->ping_interval_ms);
}

static uint32_t left(const weft_socket *socket)
{
    if (socket->is_lingering)
        return left_of(socket, socket->since_ms, LINGER_MS);
    switch (wf_socket_state(socket)) {
    case WEFT_CONNECTING:
        return left_while_connecting(socket);
    case WEFT_OPEN:
        return earlier(left_to_ping(socket), left_of_idle(socket));
    case WEFT_CLOSING:
        return left_of(socket, socket->since_ms, socket->shape->settings.close_timeout_ms);
    case WEFT_CLOSED:
        break;
    }
    return NEVER_MS;
}

void wf_keepalive_arm(weft_socket *socket)
{
    uint32_t delay = left(socket);
    if (socket->is_served_soon)
        return; /* That sets it anew. */
    if (socket->is_broken)
        wf_socket_serve_soon(socket);
    else if (delay == NEVER_MS)
        wf_timer_stop(wf_socket_loop(socket), &socket->timer);
    else
        wf_timer_start_by(wf_socket_loop(socket), &socket->timer, delay);
}

static void time_out(weft_socket *socket, const char *text, const char *name, uint32_t limit_ms)
{
    struct weft_failure failure = { .kind = WEFT_FAILURE_TIMEOUT,
                                    .status = WEFT_ERR_TIMEOUT,
                                    .text = text,
                                    .limit_name = name,
                                    .limit = limit_ms };
    if (wf_socket_state(socket) != WEFT_CONNECTING) {
        wf_socket_abort(socket, &failure, false);
        return;
    }
    if (wf_engine_answer_late(&socket->engine, &failure)) {
        wf_inflow_pump(socket); /* The flush behind it sends the answer. */
        return;
    }
    /* The engine knows the answer so far, if a refusal was cut off. */
    wf_engine_fail(&socket->engine, &failure, 0);
    wf_inflow_pump(socket);
    socket->is_broken = true;
}

static void rest(weft_socket *socket)
{
    wf_engine_rest(&socket->engine);
    wf_secure_rest(socket);
}

static void send_ping(weft_socket *socket)
{
    /* Nothing either way: what compressing remembers is not worth its memory. */
    if (wf_socket_now(socket) - socket->active_ms >= socket->shape->settings.ping_interval_ms)
        rest(socket);
    if (weft_engine_ping(&socket->engine, (struct weft_bytes){ 0 })) {
        socket->since_ms =
            wf_socket_now(socket); /* No memory now: the next interval tries again. */
        return;
    }
    socket->is_ping_due = true;
    socket->since_ms = wf_socket_now(socket);
}

static void check_open(weft_socket *socket)
{
    const struct weft_socket_settings *settings = &socket->shape->settings;
    if (left_of_idle(socket) == 0) {
        (void)!wf_leaving_close(socket, 1000, weft_text_of("no message for too long"));
    } else if (left_to_ping(socket) == 0) {
        if (socket->is_ping_due)
            time_out(socket, "the peer is silent: a ping was not answered", "ping_timeout_ms",
                     settings->ping_timeout_ms);
        else
            send_ping(socket);
    }
}

/* Both Close frames were exchanged; the server has not ended TCP in time, which is no failure. */
static bool is_only_tcp_left(const weft_socket *socket)
{
    return weft_engine_was_clean(&socket->engine);
}

void wf_keepalive_check(weft_socket *socket)
{
    const struct weft_socket_settings *settings = &socket->shape->settings;
    if (socket->is_broken || wf_socket_state(socket) == WEFT_CLOSED)
        return;
    if (wf_socket_state(socket) == WEFT_OPEN && !socket->is_lingering)
        check_open(socket);
    else if (left(socket) > 0)
        return;
    else if (socket->is_lingering || is_only_tcp_left(socket))
        socket->is_broken = true;
    else if (wf_socket_state(socket) == WEFT_CONNECTING)
        time_out(socket,
                 wf_transport_is_opening(socket) ? wf_transport_late_text(socket)
                                                 : "the handshake took too long",
                 "handshake_timeout_ms", settings->handshake_timeout_ms);
    else
        time_out(socket, "the closing handshake took too long", "close_timeout_ms",
                 settings->close_timeout_ms);
}

/* Another connection on the same object: after a redirect, or when one was lost. */
#include "socket/backlog.h"
#include "socket/spooling.h"
#include "socket/transport.h"

#include <stdio.h>

/* What a connection has left behind. The user pointer, the callbacks, the listeners and the
 * subscriptions belong to the object. */
static void reset(weft_socket *socket)
{
    wf_timer_stop(wf_socket_loop(socket), &socket->timer);
    wf_transport_end(socket);
    wf_transport_forget(socket);
    wf_backlog_drop(socket);
    wf_spooling_drop(socket);
    atomic_store_explicit(&socket->dropped_bytes, 0, memory_order_relaxed);
    socket->has_stream = socket->peer_has_ended = socket->is_lingering = socket->is_broken = false;
    socket->is_paused = socket->is_held = socket->is_over_mark = socket->is_ping_due = false;
    socket->is_served_soon = socket->engine_is_done = socket->was_open = false;
    if (socket->rare) {
        socket->rare->has_failure = false;
        socket->rare->close_code = 0;
    }
    /* The one way back to CONNECTING: what may_move lists are the moves of one connection. */
    atomic_store_explicit(&socket->state, WEFT_CONNECTING, memory_order_release);
    socket->since_ms = wf_socket_now(socket);
}

/* The end of a connection, told when the socket remembers nothing of it any more. */
struct last_words {
    struct weft_failure failure;
    char text[128];
    char reason[124];
};

static void keep_words(struct last_words *words, struct weft_close_event *close)
{
    snprintf(words->reason, sizeof words->reason, "%s", close->reason);
    close->reason = words->reason;
    if (!close->failure)
        return;
    words->failure = *close->failure;
    snprintf(words->text, sizeof words->text, "%s", close->failure->text);
    words->failure.text = words->text;
    close->failure = &words->failure;
}

/* What the user has set holds for every connection of the object. */
static void set_up(weft_socket *socket, bool sends_plain)
{
    weft_engine_set_compression(&socket->engine, !sends_plain);
    wf_inflow_set_parts(socket);
}

void wf_socket_restart(weft_socket *socket, struct weft_reconnect_event *event)
{
    struct last_words words;
    struct weft_engine old = socket->engine;
    if (event) {
        keep_words(&words, &event->close);
        event->dropped_bytes = weft_socket_buffered_amount(socket) -
                               atomic_load_explicit(&socket->posted_bytes, memory_order_relaxed);
    }
    reset(socket);
    /* One that waits for its request. */
    socket->engine = (struct weft_engine){ .config = &socket->shape->engine };
    set_up(socket, old.sends_plain);
    if (event)
        wf_events_reconnect(socket, event);
    wf_engine_drop(&old); /* The answer that the failure shows was in it. */
}

weft_status wf_socket_put_request(weft_socket *socket, const struct weft_engine_request *request)
{
    bool sends_plain = socket->engine.sends_plain;
    weft_status status = wf_engine_init_client(&socket->engine, &socket->shape->engine, request);
    set_up(socket, sends_plain);
    return status;
}

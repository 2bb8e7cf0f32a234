/* What the user hears, and the end of a connection. */
#include "socket/backlog.h"
#include "socket/spooling.h"
#include "socket/transport.h"

/* Calls one callback of the socket's own, and behind it that of each listener. A macro, since each
 * callback has arguments of its own: they stand in parentheses and name the user pointer `user`. */
#define TELL(socket, callback, arguments)                                                          \
    do {                                                                                           \
        const struct weft_socket_events *own = own_events(socket);                                 \
        void *user = (socket)->user;                                                               \
        wf_listeners_begin(socket);                                                                \
        weft_listener *listener = first_listener(socket);                                          \
        if (own->callback)                                                                         \
            own->callback arguments;                                                               \
        for (; listener; listener = listener->next) {                                              \
            if (!listener->events.callback || listener->is_removed || listener->is_new)            \
                continue;                                                                          \
            listener->is_removed = listener->is_once;                                              \
            user = listener->user;                                                                 \
            listener->events.callback arguments;                                                   \
        }                                                                                          \
        wf_listeners_end(socket);                                                                  \
    } while (0)

static inline weft_listener *first_listener(const weft_socket *socket)
{
    return socket->has_listeners ? socket->rare->listeners : NULL;
}

static const struct weft_socket_events *own_events(const weft_socket *socket)
{
    return socket->has_own_events ? socket->rare->events : &socket->shape->events;
}

void wf_events_open(weft_socket *socket)
{
    TELL(socket, on_open, (socket, user));
}

void wf_events_message_part(weft_socket *socket, const struct weft_message_part *part)
{
    TELL(socket, on_message_part, (socket, part, user));
}

void wf_events_message_to_all(weft_socket *socket, const struct weft_message_event *message)
{
    /* A blob whose writing has begun before there was on_message_part comes as it began. */
    if (socket->wants_parts && !message->blob) {
        struct weft_message_part part = { .type = message->type,
                                          .data = message->data,
                                          .bytes = message->bytes,
                                          .is_first = true,
                                          .is_final = true };
        wf_events_message_part(socket, &part);
        return;
    }
    TELL(socket, on_message, (socket, message, user));
}

void wf_events_drained(weft_socket *socket)
{
    TELL(socket, on_drained, (socket, user));
}

void wf_events_ping(weft_socket *socket, struct weft_bytes payload)
{
    TELL(socket, on_ping, (socket, payload, user));
}

void wf_events_pong(weft_socket *socket, struct weft_bytes payload)
{
    TELL(socket, on_pong, (socket, payload, user));
}

void wf_events_reconnect(weft_socket *socket, const struct weft_reconnect_event *event)
{
    TELL(socket, on_reconnect, (socket, event, user));
}

static void tell_gone(weft_socket *socket)
{
    if (socket->shape->owner->on_gone)
        socket->shape->owner->on_gone(socket);
    while (socket->attachments) {
        struct wf_attachment *attachment = socket->attachments;
        socket->attachments = attachment->next;
        attachment->on_gone(attachment, socket);
    }
}

static struct weft_close_event close_event(const weft_socket *socket)
{
    static const struct weft_failure no_memory = { .kind = WEFT_FAILURE_MEMORY,
                                                   .status = WEFT_ERR_MEMORY,
                                                   .text = "no memory to tell why" };
    const struct wf_socket_rare *rare = socket->rare;
    bool was_clean = weft_engine_was_clean(&socket->engine);
    const struct weft_failure *failure = NULL;
    /* A Close frame that has come is noted there, too. */
    if (!rare || rare->has_failure)
        failure = rare ? &rare->failure : &no_memory;

    bool came = rare && rare->close_code;
    return (struct weft_close_event){
        .was_clean = was_clean && came,
        .code = came ? rare->close_code : WEFT_CLOSE_ABNORMAL,
        .reason = came ? rare->close_reason : "",
        .reason_bytes = came ? rare->close_reason_bytes : 0,
        .failure = failure,
    };
}

/* "When the WebSocket connection is closed", steps 2 to 4. */
static void tell_closed(weft_socket *socket)
{
    struct weft_close_event event = close_event(socket);
    if (event.failure)
        TELL(socket, on_error, (socket, event.failure, user));
    TELL(socket, on_close, (socket, &event, user));
}

/* The opening may let another connection follow on the same object. */
static bool is_followed(weft_socket *socket)
{
    const struct wf_socket_owner *owner = socket->shape->owner;
    if (!owner->on_ending || socket->is_given_up || wf_loop_is_ending(wf_socket_loop(socket)))
        return false;
    struct weft_close_event event = close_event(socket);
    return owner->on_ending(socket, &event);
}

void wf_events_finish(weft_socket *socket)
{
    if (wf_socket_state(socket) == WEFT_CLOSED)
        return;
    if (is_followed(socket))
        return;
    wf_socket_move_to(socket, WEFT_CLOSED);
    wf_timer_stop(wf_socket_loop(socket), &socket->timer);
    wf_transport_end(socket);
    wf_backlog_drop(socket);
    wf_spooling_drop(socket);
    /* Who retains the socket keeps its attributes, not what never left it. */
    atomic_fetch_add_explicit(&socket->dropped_bytes, weft_engine_buffered_amount(&socket->engine),
                              memory_order_relaxed);
    wf_engine_forget(&socket->engine);
    tell_gone(socket);
    if (socket->is_websocket)
        tell_closed(socket);
    wf_transport_forget(socket);
    wf_listeners_drop(socket);
    weft_socket_release(socket);
}

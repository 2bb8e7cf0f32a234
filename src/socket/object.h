/* The socket itself, for the files of this room. */
#ifndef WF_SOCKET_OBJECT_H
#define WF_SOCKET_OBJECT_H

#include "io/loop.h"
#include "io/timer.h"
#include "socket/socket.h"

#include <assert.h>
#include <stdatomic.h>

/* What only a connection's beginning or end needs. */
struct wf_socket_rare {
    char *url;                       /* Client: serialised. */
    struct weft_listener *listeners; /* In the order of adding. */
    uint32_t telling_depth; /* Events being told: removed listeners are freed behind them. */
    struct weft_socket_events *events; /* When has_own_events. */
    struct wf_inbox *inbox;            /* Of weft_socket_receive(). */
    struct wf_backlog *backlog;        /* When has_backlog. */
    _Atomic uint64_t dropped_count;    /* Messages that the policy has dropped. */
    struct wf_spool *spool;            /* Of a large message that is being received. */
    struct wf_opening_talk *talk;      /* Of a preface, and what comes behind it. */
    struct wf_secure *secure;          /* Of TLS. */
    char *peer;                        /* Of wf_socket_set_peer(). */
    bool has_failure;
    struct weft_failure failure; /* Its texts are static, the engine's, or the one below. */
    char failure_text[128];
    uint16_t close_code; /* The peer's. 0: no Close frame came. */
    uint8_t close_reason_bytes;
    char close_reason[124];
};

/* An idle connection is this and nothing else; the static assert in socket.c holds it to its size.
 */
struct weft_socket {
    struct wf_stream stream;
    union {
        struct wf_timer timer; /* The next deadline, or "soon": work for the end of the turn. */
        struct wf_post burial; /* CLOSED, and the last reference given back by another thread. */
    };
    struct weft_engine engine;
    struct wf_socket_shape *shape; /* Another's only until others may know of the socket. */
    void *user; /* The opening's while this is no WebSocket: wf_socket_set_owner_data(). */
    struct wf_socket_rare *rare;
    struct wf_attachment *attachments;
    _Atomic uint64_t
        dropped_bytes; /* Given to send after close(): bufferedAmount counts them for ever. */
    _Atomic uint64_t posted_bytes; /* Given to send by other threads, on their way to the loop. */
    /* Calls of other threads that are on their way, of all kinds, and WF_CLOSE_WAS_POSTED. */
    _Atomic uint32_t posted_calls;
    /* Begin of what is waited for: the handshake, the reader of an answer, the pong, the end. While
     * OPEN, and no ping is due: the peer's last byte. */
    uint32_t since_ms;
    uint32_t active_ms; /* The last message either way. */
    _Atomic uint32_t references;
    _Atomic uint8_t state;   /* enum weft_ready_state; written by wf_socket_move_to() alone. */
    bool is_websocket : 1;   /* A client's, or accepted: it has events. */
    bool has_own_events : 1; /* Set by weft_socket_set_events(). */
    bool has_listeners : 1;
    bool has_stream : 1; /* Connected: the output may leave. */
    bool in_inflow : 1;  /* Events are being handed out: the flush comes behind them. */
    bool is_paused : 1;  /* The user holds the peer back. */
    bool
        is_held : 1; /* The stream is paused: for the user, or until what was kept is handed out. */
    bool is_over_mark : 1;
    bool is_served_soon : 1;
    bool is_ping_due : 1; /* A ping was sent and nothing was heard since. */
    bool was_open : 1;    /* This connection has been OPEN. */
    bool is_body_wanted : 1;
    bool peer_has_ended : 1;
    bool is_lingering : 1;   /* The own direction is ended; the peer's end is waited for. */
    bool is_broken : 1;      /* The stream is of no use any more. */
    bool wants_blobs : 1;    /* binaryType */
    bool has_backlog : 1;    /* Something waits before the engine, see backlog.h. */
    bool wants_parts : 1;    /* Its own callbacks have on_message_part; there is a rare part. */
    bool tells_parts : 1;    /* Of the message that is coming parts were told. */
    bool has_policy : 1;     /* Queued messages, or new ones, may be dropped. */
    bool engine_is_done : 1; /* WEFT_EVENT_FAILED came: nothing more does. */
    bool is_gathered : 1;    /* It has a place in its shape's gathering. */
    bool is_given_up : 1;    /* The user has called close(): no connection follows this one. */
};

enum { WF_CLOSE_WAS_POSTED = 1 << 30 };
static inline uint32_t wf_socket_posted_calls(const weft_socket *socket)
{
    return atomic_load_explicit(&socket->posted_calls, memory_order_relaxed) &
           (WF_CLOSE_WAS_POSTED - 1);
}

/* ---- socket.c ---- */
/* Any thread. */
static inline weft_loop *wf_socket_loop(const weft_socket *socket)
{
    return socket->shape->loop;
}
static inline enum weft_ready_state wf_socket_state(const weft_socket *socket)
{
    return (enum weft_ready_state)atomic_load_explicit(&socket->state, memory_order_acquire);
}
void wf_socket_move_to(weft_socket *socket, enum weft_ready_state state);
struct wf_socket_rare *wf_socket_need_rare(weft_socket *socket); /* NULL: no memory. */
/* Notes the first failure; later ones are its consequences. */
void wf_socket_note_failure(weft_socket *socket, const struct weft_failure *failure);
/* The engine fails; a close code other than 0 leaves in a Close frame. From now on the socket is
 * CLOSING, and not paused: what has happened is told. */
void wf_socket_fail(weft_socket *socket, const struct weft_failure *failure, uint16_t close_code);
/* Has wf_socket_service() run at the end of the turn. */
void wf_socket_serve_soon(weft_socket *socket);
static inline uint32_t wf_socket_now(const weft_socket *socket)
{
    return (uint32_t)wf_loop_now_ms(wf_socket_loop(socket));
}

/* ---- inflow.c ---- */
/* Hands out the events that the engine has. */
void wf_inflow_pump(weft_socket *socket);
/* The peer's bytes for the engine: lent, and changed. With the flush behind them the socket may be
 * gone, unless the caller holds a reference. */
void wf_inflow_receive(weft_socket *socket, struct weft_buffer bytes);
/* Tells the engine in which parts messages are wanted, now that this may have changed. */
void wf_inflow_set_parts(weft_socket *socket);
/* Something was heard of the peer. */
void wf_inflow_note_heard(weft_socket *socket);
/* The peer's end, likewise. */
void wf_inflow_end(weft_socket *socket);

/* The socket whose short messages are being handed out on this thread, and whose short answers
 * nothing stands in the way of: it is OPEN, has neither listeners nor a backlog, and is not paused.
 * NULL: there is none, or that has changed meanwhile. */
extern _Thread_local __attribute__((tls_model("initial-exec"))) weft_socket *wf_inflow_quick;

/* What that depends on changes, or may. */
static inline void wf_inflow_end_quick(const weft_socket *socket)
{
    if (wf_inflow_quick == socket)
        wf_inflow_quick = NULL;
}

/* ---- outflow.c ---- */
/* All that a WebSocket has to write, where that is one piece and nothing hangs on its leaving;
 * else empty. */
static inline struct weft_bytes wf_outflow_only_piece(const weft_socket *socket)
{
    if (socket->is_broken || !socket->is_websocket || socket->has_backlog)
        return (struct weft_bytes){ 0 };
    return wf_chain_only_span(&socket->engine.output);
}
/* Writes what the kernel takes. Calls nobody; what it finds broken is noted for the settling. */
void wf_outflow_write(weft_socket *socket);
/* The same in three steps, so that many write at a time; only the last calls anybody. First: what
 * is to be written is offered; false: it was written, or there is nothing to write. */
bool wf_outflow_offer(weft_socket *socket, struct wf_stream_offer *offer);
/* Then: what became of the offer, before anything else happens to the socket. Whether that was all,
 * and the third is not needed. */
bool wf_outflow_take(weft_socket *socket, const struct wf_stream_offer *offer);
/* What is left of wf_outflow_flush() behind the writing. */
void wf_outflow_settle(weft_socket *socket);
/* Writes, tells who waits for room, and ends the connection where that is due. The socket may be
 * gone behind it, unless the caller holds a reference. */
void wf_outflow_flush(weft_socket *socket);

/* The queue is full: closes. Returns WEFT_ERR_LIMIT. */
weft_status wf_outflow_close_full(weft_socket *socket);
weft_status wf_outflow_send_blob(weft_socket *socket, weft_blob *blob); /* blobs.c */
/* Whether the queue has room for so many bytes more. WEFT_ERR_LIMIT: it is full, and the socket
 * closes. */
weft_status wf_outflow_check_room(weft_socket *socket, size_t bytes);
/* Something was queued: it leaves at the end of the turn. */
void wf_outflow_note_queued(weft_socket *socket);

/* ---- messages.c ---- */
/* A message into the output, whatever waits or is full. */
weft_status wf_messages_put(weft_socket *socket, enum weft_message_type type,
                            struct weft_bytes payload);
/* send() on the loop's own thread. */
weft_status wf_messages_send(weft_socket *socket, enum weft_message_type type,
                             struct weft_bytes payload);

/* ---- leaving.c ---- */
/* close() on the loop's own thread, with arguments that were checked. */
weft_status wf_leaving_close(weft_socket *socket, uint16_t code, struct weft_text reason);

/* ---- gathering.c ---- */
/* The output is written at the end of the turn. */
void wf_gathering_add(weft_socket *socket);

/* ---- remote.c: the same from other threads ---- */
weft_status wf_remote_send(weft_socket *socket, enum weft_message_type type,
                           struct weft_bytes payload, const uint64_t *key);
weft_status wf_remote_send_blob(weft_socket *socket, weft_blob *blob);
weft_status wf_remote_ping(weft_socket *socket, struct weft_bytes payload);
weft_status wf_remote_close(weft_socket *socket, uint16_t code, struct weft_text reason);

/* ---- waiting.c ---- */
void wf_waiting_drop(weft_socket *socket);

/* ---- keepalive.c ---- */
/* Sets the timer to the next deadline of the state. */
void wf_keepalive_arm(weft_socket *socket);
/* Does what is due: a ping, a timeout. */
void wf_keepalive_check(weft_socket *socket);

/* ---- listeners.c ---- */
struct weft_listener {
    struct weft_listener *next;
    struct weft_socket_events events;
    void *user;
    bool is_once;
    bool is_new;     /* Added while an event is told: hears the next one. */
    bool is_removed; /* Freed once no event is being told. */
};
void wf_listeners_begin(weft_socket *socket);
void wf_listeners_end(weft_socket *socket);
void wf_listeners_drop(weft_socket *socket);

/* ---- events.c ---- */
void wf_events_open(weft_socket *socket);
void wf_events_message_part(weft_socket *socket, const struct weft_message_part *part);
void wf_events_message_to_all(weft_socket *socket, const struct weft_message_event *message);
/* Most often there are neither listeners nor callbacks of its own. */
static inline void wf_events_message(weft_socket *socket, const struct weft_message_event *message)
{
    if (socket->rare)
        wf_events_message_to_all(socket, message);
    else if (socket->shape->events.on_message)
        socket->shape->events.on_message(socket, message, socket->user);
}
void wf_events_drained(weft_socket *socket);
void wf_events_ping(weft_socket *socket, struct weft_bytes payload);
void wf_events_pong(weft_socket *socket, struct weft_bytes payload);
void wf_events_reconnect(weft_socket *socket, const struct weft_reconnect_event *event);
/* The end: CLOSED, error if failed, close. Gives back the library's reference. */
void wf_events_finish(weft_socket *socket);

#endif

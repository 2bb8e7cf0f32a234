/* The WebSocket object as the openings (client, server) and pubsub use it. */
#ifndef WF_SOCKET_SOCKET_H
#define WF_SOCKET_SOCKET_H

#include "base/chain.h"
#include "io/stream.h"
#include "io/timer.h"
#include "weft/socket.h"
#include "ws/engine.h"

/* What an opening is told of its sockets. NULL entries are skipped. */
struct wf_socket_owner {
    /* Server: a request head has come. It is answered with wf_socket_accept() or
     * wf_socket_respond(), in this call or later; `request` stays valid until then. */
    void (*on_request)(weft_socket *socket, const struct weft_engine_request_view *request);
    /* Server: of an answer with a body that follows, most has left: give more with
     * wf_socket_respond_body(). */
    void (*on_body_wanted)(weft_socket *socket);
    /* The handshake is done; comes before the user's on_open. */
    void (*on_open)(weft_socket *socket);
    /* The connection is at its end, before the user's on_close (which comes only for what was a
     * WebSocket: accepted, or a client). A request that waits is gone with it. */
    void (*on_gone)(weft_socket *socket);
    /* Client: the connection is at its end, and the user has not called close(). True: another one
     * follows on the same object, wf_socket_restart() was called, and nothing else is told. */
    bool (*on_ending)(weft_socket *socket, const struct weft_close_event *close);
    /* Server: a TLS connection began with plain HTTP. The answer, static, leaves as plain bytes. */
    struct weft_bytes (*on_plain_http)(weft_socket *socket);
    /* Client: the answer to the handshake, 101, before on_open. */
    void (*on_answer)(weft_socket *socket, const struct weft_http_answer *answer);
};

/* Sockets that have something to write at the end of the turn, each with a reference. */
struct wf_gathering {
    struct wf_timer timer;
    weft_socket **due;
    uint32_t count;
    uint32_t room;
};

/* What all sockets of one opening (a listener's connections, a route, one client) share. Counted:
 * every socket holds a reference. The loop's own thread; once the loop is gone, the last references
 * of sockets may be given back by several threads at a time. */
struct wf_socket_shape {
    _Atomic uint32_t references;
    weft_loop *loop;
    const struct wf_socket_owner *owner;
    void *opening;                                  /* The server. */
    void (*on_free)(struct wf_socket_shape *shape); /* Frees it with the last reference. */
    struct weft_socket_settings settings;           /* Resolved: no zero stands for a default. */
    uint32_t keep_alive_timeout_ms;                 /* Server: idle between two HTTP requests. */
    struct weft_socket_events events;
    struct wf_engine_config engine;
    uint64_t quick_bytes_max;    /* In the output: below the mark, and below the maximum. */
    struct weft_bytes told_text; /* A text that a callback is told of right now: it is UTF-8. */
    /* A message that a callback is told of right now, if it lies where wf_engine_send_back() may
     * have it. */
    struct weft_buffer told_whole;
    struct wf_gathering gathering;
};

/* Puts defaults for zeros in shape->settings, fills shape->engine for a side, and retains the loop
 * until the shape is freed. Once per shape. */
void wf_socket_shape_resolve(struct wf_socket_shape *shape, weft_loop *loop, enum weft_side side);
struct wf_socket_shape *wf_socket_shape_retain(struct wf_socket_shape *shape);
void wf_socket_shape_release(struct wf_socket_shape *shape);

/* ---- how a connection begins ---- */

/* A conversation on the stream before TLS and before the protocol: a proxy's CONNECT, SOCKS5, the
 * PROXY header. Its time is the handshake's. The memory is the opening's, and must live until DONE,
 * wf_socket_abort(), or on_gone or on_ending of the socket. */
enum wf_preface_result {
    WF_PREFACE_MORE,
    WF_PREFACE_DONE,
    WF_PREFACE_FAILED /* wf_socket_abort() was called. */
};
struct wf_preface {
    /* All bytes that have come and were not used yet; `*used_out` of them (0 at first) are done
     * with. At most WF_PREFACE_BYTES_MAX may wait for more. After DONE the rest goes to what
     * follows. */
    enum wf_preface_result (*on_received)(struct wf_preface *preface, weft_socket *socket,
                                          struct weft_bytes bytes, size_t *used_out);
    /* The peer has ended during it, and wf_socket_abort() is due. NULL: the connection fails as one
     * that ended during the handshake. */
    void (*on_end)(struct wf_preface *preface, weft_socket *socket);
};
enum { WF_PREFACE_BYTES_MAX = 16 * 1024 };

/* Writes bytes of the preface: from wf_socket_open_accepted() or wf_socket_start_handshake() on,
 * until DONE. Copied where the kernel has no room, at most WF_PREFACE_BYTES_MAX: WEFT_ERR_LIMIT.
 * WEFT_ERR_STATE: there is no preface; WEFT_ERR_MEMORY; WEFT_ERR_SYSTEM: the socket was aborted. */
WEFT_MUST_USE weft_status wf_socket_preface_send(weft_socket *socket, struct weft_bytes bytes);

/* What comes before the protocol once the stream stands; all NULL: nothing. tls is retained, host
 * copied. */
struct wf_socket_beginning {
    struct wf_preface *preface;
    weft_tls *tls;
    struct weft_text host; /* Client: whom the certificate must name. */
    uint16_t port;
};

/* Whether it speaks TLS; asks for less than weft_socket_tls(), which makes a description. */
bool wf_socket_is_secure(const weft_socket *socket);

/* What weft_socket_peer() says from now on (of the PROXY protocol, of a trusted Forwarded). Copied.
 * WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_socket_set_peer(weft_socket *socket, const char *text);

/* ---- server ---- */

/* Makes a socket (CONNECTING, one reference of the library's) of an accepted descriptor; it owns
 * the descriptor on success. Its requests go to the owner. beginning  NULL: plain. */
WEFT_MUST_USE weft_status wf_socket_open_accepted(struct wf_socket_shape *shape, int fd,
                                                  const struct wf_socket_beginning *beginning,
                                                  weft_socket **socket_out);

/* Accepts the waiting request: from now on the socket has the route's shape and this user pointer.
 * The open event comes later. Errors as weft_engine_accept(). */
WEFT_MUST_USE weft_status wf_socket_accept(weft_socket *socket, struct wf_socket_shape *route_shape,
                                           const struct weft_engine_accept *accept, void *user);

/* Answers the waiting request otherwise. What is written leaves at the end of the turn. */
WEFT_MUST_USE weft_status wf_socket_respond(weft_socket *socket,
                                            const struct weft_engine_respond *answer);
WEFT_MUST_USE weft_status wf_socket_respond_body(weft_socket *socket, struct weft_bytes bytes);

/* Ends a connection that is no WebSocket yet, now if nothing is to be written, else after it was.
 */
void wf_socket_end(weft_socket *socket);

/* Drops the connection at once (TCP reset when reset); the events come at the end of the turn. The
 * failure's text is copied (127 characters of it); its other texts must be static. */
void wf_socket_abort(weft_socket *socket, const struct weft_failure *failure, bool reset);

/* A pointer of the opening's for its own use, NULL at first. It lies where a WebSocket has its user
 * pointer: with wf_socket_accept() it is gone, and setting it does nothing. */
void *wf_socket_owner_data(const weft_socket *socket);
void wf_socket_set_owner_data(weft_socket *socket, void *data);

/* Whether on_open came for this connection. */
bool wf_socket_was_open(const weft_socket *socket);

struct wf_socket_shape *wf_socket_shape(const weft_socket *socket);

/* Calls `visit` for every socket on the loop whose shape's opening is `opening`. */
void wf_socket_each(weft_loop *loop, const void *opening,
                    void (*visit)(weft_socket *socket, void *user), void *user);

/* ---- client ---- */

/* A socket in CONNECTING without a connection yet. Its request is written already, and waits.
 * Errors as weft_engine_create(). The url is copied. */
WEFT_MUST_USE weft_status wf_socket_create(struct wf_socket_shape *shape, void *user,
                                           struct weft_text url,
                                           const struct weft_engine_request *request,
                                           weft_socket **socket_out);

/* Takes a stream that is connected already; owns the descriptor on success.
 * wf_socket_start_handshake() follows. */
WEFT_MUST_USE weft_status wf_socket_adopt_stream(weft_socket *socket, int fd);

/* The stream stands: the request leaves, behind what comes before it, and the handshake's time
 * begins. beginning  NULL: plain. What fails is told as wf_socket_abort() does. */
void wf_socket_start_handshake(weft_socket *socket, const struct wf_socket_beginning *beginning);

/* From owner->on_ending: the object is CONNECTING again, as if just made, but for its callbacks,
 * listeners, attachments and url; what was not sent is dropped. The old engine is gone when this
 * returns, and wf_socket_put_request() is due.
 *
 * event  NULL: silently. Else told to the user, who may call close() in it; its `dropped_bytes` is
 *        filled here, and its `close` may be that of on_ending. */
void wf_socket_restart(weft_socket *socket, struct weft_reconnect_event *event);

/* Writes the request of a restarted socket. Errors as weft_engine_create(). */
WEFT_MUST_USE weft_status wf_socket_put_request(weft_socket *socket,
                                                const struct weft_engine_request *request);

/* From owner->on_ending: tells more about the failure that was noted. Its text is copied, its other
 * texts must be static, or those of that failure. */
void wf_socket_amend_failure(weft_socket *socket, const struct weft_failure *failure);

/* ---- pubsub ---- */

/* Hangs on a socket and is told when it ends. */
struct wf_attachment {
    struct wf_attachment *next;
    const void *kind; /* Who it belongs to: any address that is the owner's alone. */
    void (*on_gone)(struct wf_attachment *attachment, weft_socket *socket);
};
void wf_socket_attach(weft_socket *socket, struct wf_attachment *attachment);
void wf_socket_detach(weft_socket *socket, struct wf_attachment *attachment);
struct wf_attachment *wf_socket_attachment(const weft_socket *socket, const void *kind);

/* Frames a message for many sockets of one loop, short ones in the arena, side by side; release
 * with wf_shared_release(wf_loop_pool(loop), ...). */
WEFT_MUST_USE weft_status wf_socket_prepare(weft_loop *loop, struct wf_arena *arena,
                                            enum weft_message_type type, struct weft_bytes payload,
                                            struct wf_shared **shared_out);

/* Whether a text is UTF-8. Any thread. */
bool wf_socket_is_text(struct weft_bytes payload);

/* Sends it; what was sent in one turn leaves in one write at its end. Not OPEN: nothing. key  as
 * that of weft_socket_send_keyed(); NULL: none. WEFT_ERR_LIMIT, WEFT_ERR_FULL: this receiver is too
 * slow. */
WEFT_MUST_USE weft_status wf_socket_send_shared(weft_socket *socket, struct wf_shared *shared,
                                                const uint64_t *key);

#endif

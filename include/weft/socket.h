/* The WebSocket object, the same on both sides. WHATWG WebSockets standard, section 3. */
#ifndef WEFT_SOCKET_H
#define WEFT_SOCKET_H

#include "weft/blob.h"
#include "weft/bytes.h"
#include "weft/engine.h"
#include "weft/failure.h"
#include "weft/loop.h"
#include "weft/status.h"
#include "weft/tls.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_socket weft_socket;

/** binaryType: how a binary message comes. */
enum weft_binary_type { WEFT_ARRAYBUFFER = 0, WEFT_BLOB = 1 };

/** MessageEvent. Lent for the callback. */
struct weft_message_event {
    enum weft_message_type type;
    /* Text is UTF-8, checked; not terminated by a zero. Not to be changed: sent back as it is, it
       is not checked again. */
    const void *data;
    size_t bytes;
    /* A binary message with WEFT_BLOB, else NULL: retain it to keep it. Then `data` is the blob's
       own, NULL when that lies in a file. */
    weft_blob *blob;
};

/** A part of a message: on_message_part. Lent for the callback. */
struct weft_message_part {
    enum weft_message_type type; /* In each part. */
    const void *data;            /* Text is UTF-8, checked, and ends where a character ends. */
    size_t bytes;                /* 0 only in a final one. */
    bool is_first;
    bool is_final; /* No further part. A message may come as one part, first and final. */
};

/** CloseEvent. Lent for the callback. */
struct weft_close_event {
    bool was_clean;     /* Both Close frames were exchanged. */
    uint16_t code;      /* The peer's; 1005: its Close had none; 1006: no Close came. */
    const char *reason; /* UTF-8, ends with a zero, never NULL. */
    size_t reason_bytes;
    const struct weft_failure
        *failure; /* Why, when it failed; NULL for a closing without failure. */
};

/** A connection has ended, and another one will be tried: weft_reconnect. Lent for the callback. */
struct weft_reconnect_event {
    uint32_t attempt;              /* 1: the first since the socket was last open. */
    uint32_t delay_ms;             /* From now until the attempt. */
    struct weft_close_event close; /* How the connection ended. */
    uint64_t dropped_bytes;        /* Payload given to send that never left. */
};

/**
 * What a socket tells. All are optional, all are called on the loop's thread, never from inside a
 * call of the user's own. In each, every function of the socket is legal.
 */
struct weft_socket_events {
    void (*on_open)(weft_socket *socket, void *user);
    void (*on_message)(weft_socket *socket, const struct weft_message_event *message, void *user);
    void (*on_error)(weft_socket *socket, const struct weft_failure *failure, void *user);
    void (*on_close)(weft_socket *socket, const struct weft_close_event *close,
                     void *user); /* Last, once. */
    void (*on_drained)(weft_socket *socket,
                       void *user); /* Was over send_mark_bytes, is at most send_low_bytes. */
    void (*on_ping)(weft_socket *socket, struct weft_bytes payload,
                    void *user); /* Answered already. */
    void (*on_pong)(weft_socket *socket, struct weft_bytes payload, void *user);
    /* Instead of on_error and on_close, when weft_connect_options.reconnect has another connection
       follow: the state is CONNECTING again, on_open comes when it stands, bufferedAmount is 0, but
       for what another thread has sent that has not come to the loop yet: that is dropped there.
       close() gives it up: on_error and on_close (1006) come. */
    void (*on_reconnect)(weft_socket *socket, const struct weft_reconnect_event *event, void *user);
    /* Instead of on_message, for all messages, where it is among the socket's own callbacks: a
       message is told as it comes, so that it need not fit into memory; of a compressed one 64 KiB
       at a time, and never much more than 1 MiB. The limits hold for the whole. When the
       connection fails in the midst of a message, no final part comes. binaryType does not count.
       Set later, it begins with the next message; taken away, the rest of a message of which a part
       was told is not told. pause() and close() in it take effect before the next part. */
    void (*on_message_part)(weft_socket *socket, const struct weft_message_part *part, void *user);
};

/** Further callbacks of a socket, added and removed at any time: addEventListener. Opaque. */
typedef struct weft_listener weft_listener;

/**
 * What happens to a message that does not fit into the queue (send_bytes_max).
 *
 * With one that drops, messages wait as they are, and are compressed and framed only when they
 * leave: of 16 KiB (or a quarter of a smaller send_bytes_max) and the message that goes over it,
 * the output, nothing is dropped any more. Neither are blobs, messages in parts, pings, pongs and
 * Close frames. What goes missing is always a whole message, counts no more for bufferedAmount, and
 * is counted by weft_socket_dropped(). What arrives is in the order of sending.
 */
enum weft_send_policy {
    /* The socket closes with 1013 and a reason that names the limit: WEFT_ERR_LIMIT. */
    WEFT_SEND_CLOSE = 0,
    /* The new message is dropped: WEFT_ERR_FULL. */
    WEFT_SEND_DROP_NEW,
    /* The oldest are, as many as it takes. Where that is not enough, the new one: WEFT_ERR_FULL. */
    WEFT_SEND_DROP_OLD,
    /* Of each key (weft_socket_send_keyed()) only the newest message waits: it takes the place of
       the one before it, so that none waits for ever, unless a message without a key was sent
       between the two, which it must not overtake: then it goes to the end. When the queue is full
       all the same, the oldest with a key are dropped, and where that is not enough, the new
       message: WEFT_ERR_FULL. Those without a key are never dropped once they wait. */
    WEFT_SEND_LATEST,
};

/** The limits and times of a connection, shared by client options and routes. Zero: the default. A
 * time is at most 49 days and 16 hours, whatever more is asked for. */
struct weft_socket_settings {
    struct weft_engine_limits limits;
    struct weft_deflate_settings deflate;
    uint32_t handshake_timeout_ms; /* 0: 10 000, from the TCP connection to the open event. */
    uint32_t close_timeout_ms;     /* 0: 5 000, from close() to the end; then TCP is dropped. */
    uint32_t ping_interval_ms;     /* 0: 20 000 of silence before a ping is sent. */
    uint32_t ping_timeout_ms;      /* 0: 20 000 for any byte to come after it. */
    bool ping_off;                 /* false: keepalive pings are sent. */
    uint32_t idle_timeout_ms; /* 0: none. Without a message either way for so long: close 1000. */
    uint64_t send_mark_bytes; /* 0: 1 MiB. Above: weft_socket_is_over_mark, later on_drained. */
    uint64_t send_low_bytes;  /* on_drained comes there. 0, or above the mark: half of the mark. */
    uint64_t send_bytes_max;  /* 0: 16 MiB of queue. What happens above says send_policy. */
    enum weft_send_policy send_policy;
    enum weft_binary_type binary_type; /* WEFT_ARRAYBUFFER: see weft_socket_set_binary_type(). */
    uint64_t blob_spool_bytes; /* 0: 1 MiB. With WEFT_BLOB a longer message comes in a file. */
};

/**
 * binaryType. Other than a browser's it is WEFT_ARRAYBUFFER at first (or that of the settings): the
 * bytes are lent, and nothing is allocated. With WEFT_BLOB a message of more than blob_spool_bytes
 * comes in a file without a name, in TMPDIR or /tmp, and one that is not compressed is written
 * there as it comes; without space there the connection fails with 1011 and WEFT_FAILURE_STORAGE. A
 * message whose writing has begun comes as a blob whatever the type is then. An unknown type
 * changes nothing, as in the standard. The loop's own thread.
 */
WEFT_API void weft_socket_set_binary_type(weft_socket *socket, enum weft_binary_type type);
/** The one in use. The loop's own thread. */
WEFT_API enum weft_binary_type weft_socket_binary_type(const weft_socket *socket);

/** readyState. A NULL socket is CLOSED. */
WEFT_API enum weft_ready_state weft_socket_ready_state(const weft_socket *socket);

/** url, serialised, with the scheme mapped to ws or wss. On a server "". Valid as long as the
 * socket. */
WEFT_API const char *weft_socket_url(const weft_socket *socket);

/** protocol: the subprotocol in use, "" when none or not yet. Valid as long as the socket. */
WEFT_API const char *weft_socket_protocol(const weft_socket *socket);

/** extensions in use, "" when none or not yet. Valid as long as the socket. */
WEFT_API const char *weft_socket_extensions(const weft_socket *socket);

/** bufferedAmount: payload bytes given to send and not yet to the kernel (over TLS: those of
 * records that it has not taken whole); grows for ever once closed. */
WEFT_API uint64_t weft_socket_buffered_amount(const weft_socket *socket);

/** More than send_mark_bytes wait: better to send no more until on_drained. */
WEFT_API bool weft_socket_is_over_mark(const weft_socket *socket);

/** Client or server. */
WEFT_API enum weft_side weft_socket_side(const weft_socket *socket);

/** The loop that it lives on. */
WEFT_API weft_loop *weft_socket_loop(const weft_socket *socket);

/** The user pointer given to every callback. */
WEFT_API void *weft_socket_user(const weft_socket *socket);
/** Replaces it, from the next callback on. */
WEFT_API void weft_socket_set_user(weft_socket *socket, void *user);

/**
 * The peer's address as text, "127.0.0.1:4711", "[::1]:80" or "unix"; of a WebSocket that came by a
 * trusted proxy the client's, see weft_request_client(). Writes at most `out_bytes` with the
 * closing zero. WEFT_ERR_CLOSED when there is no connection.
 */
WEFT_API WEFT_MUST_USE weft_status weft_socket_peer(const weft_socket *socket, char *out,
                                                    size_t out_bytes);

/**
 * What TLS has agreed on. NULL: the connection has none, or its handshake is not done. Valid until
 * on_close or on_reconnect has returned. The loop's own thread.
 */
WEFT_API const struct weft_tls_info *weft_socket_tls(const weft_socket *socket);

/**
 * send(): a text message.
 *
 * text        UTF-8, else WEFT_ERR_UTF8 and nothing is sent.
 * text_bytes  or WEFT_ZERO_TERMINATED.
 *
 * CONNECTING: WEFT_ERR_STATE. CLOSING, CLOSED: WEFT_OK, the message is dropped and bufferedAmount
 * grows (send, step 3). A single message over send_bytes_max, which could never fit, is dropped:
 * WEFT_ERR_LIMIT. Where it is the queue that is full, send_policy decides: WEFT_ERR_LIMIT and the
 * socket closes with 1013, or WEFT_ERR_FULL when the message was dropped. What another thread has
 * sent is counted by itself until it has come to the loop; over send_bytes_max of that, or of what
 * so many calls cost beside it, is WEFT_ERR_LIMIT or WEFT_ERR_FULL, and the socket stays open.
 * WEFT_ERR_MEMORY. Any thread. The text is free again when this returns.
 */
WEFT_API WEFT_MUST_USE weft_status weft_socket_send_text(weft_socket *socket, const char *text,
                                                         size_t text_bytes);

/** send(): a binary message. As weft_socket_send_text(), without the check of UTF-8. */
WEFT_API WEFT_MUST_USE weft_status weft_socket_send_bytes(weft_socket *socket, const void *data,
                                                          size_t bytes);

/**
 * send(): a message that makes an older one with the same key superfluous, when the receiver is
 * slow and send_policy is WEFT_SEND_LATEST; with another policy the key means nothing. Else as
 * weft_socket_send_text() and weft_socket_send_bytes(); WEFT_ERR_ARGUMENT for another type. Any
 * thread.
 */
WEFT_API WEFT_MUST_USE weft_status weft_socket_send_keyed(weft_socket *socket,
                                                          enum weft_message_type type,
                                                          const void *data, size_t bytes,
                                                          uint64_t key);

/** How many messages send_policy has dropped since the socket was made, the new ones and the
 * replaced ones included. Any thread. */
WEFT_API uint64_t weft_socket_dropped(const weft_socket *socket);

/**
 * Begins a message that is sent in parts, for what is not known as a whole yet: then
 * weft_socket_send_part() any number of times, and weft_socket_end_message(). Until then all other
 * messages that are sent, blobs and broadcasts too, wait behind it (RFC 6455 5.4 forbids to mix
 * them); pings and pongs come between. close() leaves it without an end, so that the peer never
 * gets it, and drops what waits behind it.
 *
 * CONNECTING, or while another one is not ended: WEFT_ERR_STATE. CLOSING, CLOSED: WEFT_OK, and all
 * of it is dropped. Full: WEFT_ERR_LIMIT or WEFT_ERR_FULL, by send_policy. WEFT_ERR_ARGUMENT for
 * another type, WEFT_ERR_MEMORY. The loop's own thread, else WEFT_ERR_STATE.
 */
WEFT_API WEFT_MUST_USE weft_status weft_socket_begin_message(weft_socket *socket,
                                                             enum weft_message_type type);

/**
 * The next part of the message that was begun: one frame, not compressed; none for 0 bytes. Copied.
 *
 * A text is checked as it comes, and a part may end in the midst of a character: WEFT_ERR_UTF8 for
 * one that cannot go on so. Full, when parts wait behind another message or a slow peer:
 * WEFT_ERR_LIMIT (the socket closes, or the part is larger than send_bytes_max), or WEFT_ERR_FULL
 * with a policy that drops. WEFT_ERR_STATE when none was begun (also since a reconnect), or while
 * CONNECTING; WEFT_ERR_MEMORY. After an error the message is as before the part. CLOSING, CLOSED:
 * dropped, as by send. The loop's own thread, else WEFT_ERR_STATE.
 */
WEFT_API WEFT_MUST_USE weft_status weft_socket_send_part(weft_socket *socket, const void *data,
                                                         size_t bytes);

/**
 * Ends the message that was begun. WEFT_ERR_STATE as weft_socket_send_part(); WEFT_ERR_UTF8 for a
 * text that may not end here: it stays begun. The loop's own thread, else WEFT_ERR_STATE.
 */
WEFT_API WEFT_MUST_USE weft_status weft_socket_end_message(weft_socket *socket);

/**
 * send(): a blob as a binary message.
 *
 * One in memory goes as by weft_socket_send_bytes(). One in a file, or larger than send_bytes_max,
 * is retained and read as the peer takes it, in constant memory and in frames of at most 256 KiB,
 * so that pings and pongs come between; what is sent later waits behind it, and of the maxima only
 * that counts. Reading may wait for the disk. bufferedAmount counts all of it from now on. A file
 * that cannot be read to its end fails the connection with 1011 and WEFT_FAILURE_STORAGE.
 *
 * Errors: as weft_socket_send_text(). Any thread.
 */
WEFT_API WEFT_MUST_USE weft_status weft_socket_send_blob(weft_socket *socket, weft_blob *blob);

/** Whether the next messages are compressed, where that was agreed on. True at first. The loop's
 * own thread. */
WEFT_API void weft_socket_set_compression(weft_socket *socket, bool is_on);

/**
 * Sends a ping of at most 125 bytes, else WEFT_ERR_LIMIT, as when more than send_bytes_max waits.
 * It passes what waits before the output: blobs, messages in parts and behind them. WEFT_ERR_STATE
 * unless OPEN, WEFT_ERR_MEMORY. Any thread; of another one than the loop's it is lost when the
 * socket is not OPEN, or full, once it has come there.
 */
WEFT_API WEFT_MUST_USE weft_status weft_socket_ping(weft_socket *socket, const void *data,
                                                    size_t bytes);

/**
 * Holds the peer back: no message comes any more, not even one that has arrived already, and TCP is
 * not read, so that the peer's own queue grows instead of ours. Pings are not answered meanwhile,
 * and no keepalive is sent. Only an OPEN socket can be paused; close() resumes it. The loop's own
 * thread.
 */
WEFT_API void weft_socket_pause(weft_socket *socket);

/** Ends weft_socket_pause(); what was held back comes from a later turn of the loop. The loop's own
 * thread. */
WEFT_API void weft_socket_resume(weft_socket *socket);

/**
 * close(): starts the closing handshake, behind all that was sent.
 *
 * code    0: none. Else 1000 or 3000 to 4999, else WEFT_ERR_ACCESS. A server may also use 1001 to
 * 1003 and 1007 to 1014 (RFC 6455 7.4.1). reason  NULL: none. At most 123 bytes of UTF-8, else
 * WEFT_ERR_SYNTAX. With code 0 the code is 1000.
 *
 * The events come later, never from inside. CONNECTING: fails the connection. CLOSING, CLOSED:
 * nothing.
 */
WEFT_API WEFT_MUST_USE weft_status weft_socket_close(weft_socket *socket, uint16_t code,
                                                     const char *reason);

/**
 * Replaces the socket's callbacks (onopen, onmessage ...) and its user pointer, at any time, also
 * from inside one of them. events  copied; a callback that is NULL is not called any more.
 * WEFT_ERR_MEMORY: all is as before.
 */
WEFT_API WEFT_MUST_USE weft_status weft_socket_set_events(weft_socket *socket,
                                                          const struct weft_socket_events *events,
                                                          void *user);

/**
 * addEventListener: adds callbacks beside the socket's own; they are called after those, in the
 * order in which they were added, with a user pointer of their own. Any number; one that is added
 * inside a callback hears from the next event on.
 *
 * events        copied; which are NULL are not called.
 * once          true: the listener is removed with the first event that it hears.
 * listener_out  NULL: not wanted. Valid until it is removed, or has heard its one event, or
 * on_close has returned.
 *
 * Errors: WEFT_ERR_CLOSED (nothing would ever come), WEFT_ERR_MEMORY, WEFT_ERR_ARGUMENT.
 */
WEFT_API WEFT_MUST_USE weft_status weft_socket_add_listener(weft_socket *socket,
                                                            const struct weft_socket_events *events,
                                                            void *user, bool once,
                                                            weft_listener **listener_out);

/** removeEventListener: from now on it is not called, also when removed inside a callback of the
 * same event. */
WEFT_API void weft_socket_remove_listener(weft_socket *socket, weft_listener *listener);

/**
 * For plain programs: turns the socket's loop until the socket is OPEN.
 *
 * timeout_ms  -1: waits as long as the socket's own timeouts let it.
 *
 * Returns WEFT_OK; WEFT_ERR_TIMEOUT (it may be waited for again); when the connection has failed
 * the status of weft_socket_failure(); WEFT_ERR_STATE from inside a callback; WEFT_ERR_MEMORY. From
 * this call on messages wait for weft_socket_receive(). The loop's own thread.
 */
WEFT_API WEFT_MUST_USE weft_status weft_socket_wait_open(weft_socket *socket, int timeout_ms);

/**
 * For plain programs: turns the loop until the next message has come. The peer is held back between
 * two calls, so that at most one message waits here.
 *
 * message_out  its data stay valid until the next call, or until the socket is released.
 *
 * Returns WEFT_OK; WEFT_ERR_TIMEOUT; WEFT_ERR_CLOSED: no message comes any more
 * (weft_socket_failure() tells whether that was a failure); WEFT_ERR_STATE from inside a callback,
 * or with on_message_part; WEFT_ERR_MEMORY. The loop's own thread.
 */
WEFT_API WEFT_MUST_USE weft_status weft_socket_receive(weft_socket *socket, int timeout_ms,
                                                       struct weft_message_event *message_out);

/**
 * Closes with code 1000 and turns the loop until the socket is CLOSED. Returns WEFT_OK when that
 * was clean, else the status of weft_socket_failure(); WEFT_ERR_STATE from inside a callback. The
 * loop's own thread.
 */
WEFT_API WEFT_MUST_USE weft_status weft_socket_finish(weft_socket *socket);

/** Why the connection has failed, NULL when it has not. Valid as long as the socket. */
WEFT_API const struct weft_failure *weft_socket_failure(const weft_socket *socket);

/** Keeps the object beyond on_close. Any thread. */
WEFT_API weft_socket *weft_socket_retain(weft_socket *socket);

/** Gives back a reference of weft_socket_retain() or weft_socket_connect(). NULL is allowed. */
WEFT_API void weft_socket_release(weft_socket *socket);

#ifdef __cplusplus
}
#endif
#endif

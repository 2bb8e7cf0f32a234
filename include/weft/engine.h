/* The WebSocket protocol without input and output: bytes in, events out; messages in, bytes out.
 *
 * The engine never calls the user, opens nothing, reads no clock. Give it what the peer sent with
 * weft_engine_feed(), ask weft_engine_next() until it answers WEFT_EVENT_NONE, and write what
 * weft_engine_output() shows to the peer. Link target: weft_core. RFC 6455.
 */
#ifndef WEFT_ENGINE_H
#define WEFT_ENGINE_H

#include "weft/alloc.h"
#include "weft/bytes.h"
#include "weft/failure.h"
#include "weft/http.h"
#include "weft/status.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_engine weft_engine;

/** Which end of the connection this is: who masks, who begins, who ends TCP. */
enum weft_side { WEFT_CLIENT = 1, WEFT_SERVER = 2 };

/** readyState of the WHATWG standard. */
enum weft_ready_state { WEFT_CONNECTING = 0, WEFT_OPEN = 1, WEFT_CLOSING = 2, WEFT_CLOSED = 3 };

/** The two types of messages; the values are the opcodes of RFC 6455 5.2. */
enum weft_message_type { WEFT_TEXT = 1, WEFT_BINARY = 2 };

/** No Close frame had a code (RFC 6455 7.1.5); in weft_engine_close(): send none. */
#define WEFT_CLOSE_NO_CODE 1005
/** The connection ended without a Close frame. Never on the wire. */
#define WEFT_CLOSE_ABNORMAL 1006

/** Zero in a field means its default. */
struct weft_engine_limits {
    uint64_t message_bytes_max;  /* 0: 16 MiB. A longer one fails with 1009, from its header. */
    uint32_t message_frames_max; /* 0: 65 536 fragments in one message, else 1008. */
    uint32_t head_bytes_max;     /* 0: 16 KiB of request or answer head. */
    uint32_t head_count_max;     /* 0: 100 header fields. */
    uint32_t answer_body_max;    /* 0: 64 KiB kept of the body of a refused handshake (client). */
};

/** Whether a side remembers what it has compressed from one message to the next. */
enum weft_takeover { WEFT_TAKEOVER_DEFAULT = 0, WEFT_TAKEOVER_ON = 1, WEFT_TAKEOVER_OFF = 2 };

/**
 * permessage-deflate, RFC 7692. Zero in a field means its default. With takeover messages shrink
 * more, and each connection keeps contexts of its own; without, an idle connection has none.
 */
struct weft_deflate_settings {
    bool off; /* false: offered by a client, accepted by a server. */
    /* Of what clients send, and of what servers send. Default: a client's ON, a server's OFF. */
    enum weft_takeover client_takeover;
    enum weft_takeover server_takeover;
    /* The most that each side uses. 0: 15. What is not 9 to 15 is moved to the nearest. */
    uint8_t client_window_bits;
    uint8_t server_window_bits;
    uint8_t level;              /* 0: 1, weft's own and fast. 2 to 9: zlib's; 9 is small. */
    uint32_t threshold_bytes;   /* 0: 64 with takeover, 512 without. What is shorter goes plain. */
    uint32_t inflate_ratio_max; /* 0: 1000 to 1 beyond 1 MiB of a message, else 1009. */
    uint64_t context_bytes_max; /* 0: 64 MiB on a loop; above, a server agrees on no takeover. */
};

/** The client's request. All spans are copied. */
struct weft_engine_request {
    struct weft_text target;           /* "/chat?room=1": origin form, RFC 9112 3.2.1. */
    struct weft_text host;             /* The value of Host. */
    struct weft_text origin;           /* Empty: no Origin header. */
    const struct weft_text *protocols; /* Subprotocols, best first. */
    size_t protocol_count;
    struct weft_headers headers; /* Further headers; those of the handshake itself are refused. */
};

/** What an engine is made of. Zero in a field means its default; `side` has none. */
struct weft_engine_options {
    enum weft_side side;
    struct weft_engine_limits limits;
    struct weft_deflate_settings deflate;
    const struct weft_allocator *allocator; /* NULL: malloc. Must outlive the engine. */
    /* Fills `out` with unpredictable bytes for keys and masks (RFC 6455 5.3, 10.3). Required for a
       client. */
    void (*random)(void *out, size_t count, void *user);
    void *user;                                /* Given to `random`. */
    const struct weft_engine_request *request; /* Required for a client. */
};

/** What weft_engine_next() tells. */
enum weft_engine_event_type {
    WEFT_EVENT_NONE = 0, /* Nothing more until the next feed. */
    WEFT_EVENT_REQUEST,  /* Server: a request head has come. Answer with accept or respond. */
    WEFT_EVENT_OPEN,     /* The handshake is done. */
    WEFT_EVENT_MESSAGE,  /* A whole message. */
    WEFT_EVENT_PING,     /* A ping; its pong is in the output already. */
    WEFT_EVENT_PONG,
    WEFT_EVENT_CLOSE,  /* The peer's Close frame; the answer, if one is due, is in the output. */
    WEFT_EVENT_FAILED, /* The connection has failed (RFC 6455 7.1.7). The last event. */
    WEFT_EVENT_MESSAGE_PART, /* Only a weft_socket's engine: a part of a message. */
};

/** What a server knows of a request. Valid until the request is answered. */
struct weft_engine_request_view {
    struct weft_text method;
    struct weft_text target;
    int version_minor; /* HTTP/1.x */
    struct weft_headers headers;
    bool wants_upgrade; /* It asks for a WebSocket: Upgrade names it. */
    bool keep_alive;    /* The connection may serve another request after this. */
    /* What is wrong with the handshake when wants_upgrade: the status to answer with (400, 405,
       426) and one line that says why; 0 and NULL when it may be accepted. RFC 6455 4.2.1. */
    int refusal_status;
    const char *refusal_text;
    const struct weft_text *protocols; /* Offered subprotocols in order, across all headers. */
    size_t protocol_count;
};

/** Lent until the next call of weft_engine_next(), weft_engine_feed() or weft_engine_destroy(). */
struct weft_engine_event {
    enum weft_engine_event_type type;
    enum weft_message_type message_type; /* MESSAGE */
    struct weft_buffer data; /* MESSAGE, PING, PONG: payload; CLOSE: the reason (UTF-8). */
    uint16_t close_code;     /* CLOSE: the peer's, or WEFT_CLOSE_NO_CODE. */
    bool is_first;           /* MESSAGE_PART: the message's first, */
    bool is_final;           /* and its last. */
    const struct weft_engine_request_view *request; /* REQUEST */
    const struct weft_http_answer *answer;          /* OPEN: the server's, for a client. */
    const struct weft_failure *failure;             /* FAILED */
};

/** Server: how a WebSocket request is accepted. */
struct weft_engine_accept {
    struct weft_text protocol;   /* Empty: none. Must be one that was offered. */
    struct weft_headers headers; /* Further headers, Set-Cookie among them. */
};

/** Server: any other answer. */
struct weft_engine_respond {
    int status;                  /* 200 to 599. */
    struct weft_headers headers; /* Content-Length, Connection and Date are not set here. */
    struct weft_bytes body;      /* Copied. With `head_only`: only its count is used. */
    bool head_only;              /* The answer to HEAD, or a 304: no body follows. */
    bool body_follows;           /* body_bytes come by weft_engine_respond_body(). */
    uint64_t body_bytes;
    bool close; /* End the connection after this answer. */
};

/**
 * Makes an engine. A client's request lies in the output at once.
 *
 * Errors: WEFT_ERR_ARGUMENT (side, random or request missing), WEFT_ERR_SYNTAX (target, host, a
 * header or protocol is not well-formed, or a header belongs to the handshake), WEFT_ERR_MEMORY.
 * The caller owns *engine_out: weft_engine_destroy(). One thread at a time per engine.
 */
WEFT_API WEFT_MUST_USE weft_status weft_engine_create(const struct weft_engine_options *options,
                                                      weft_engine **engine_out);

/** Frees an engine and what is in its output. NULL is allowed. */
WEFT_API void weft_engine_destroy(weft_engine *engine);

/**
 * Gives bytes from the peer to the engine. Nothing is parsed yet: weft_engine_next() does the work.
 *
 * bytes   any number, cut anywhere; 0 is allowed. Lent: must stay in place, and is changed
 * (unmasked), until weft_engine_next() has answered WEFT_EVENT_NONE.
 *
 * Returns WEFT_OK; WEFT_ERR_STATE after weft_engine_feed_end() or while earlier bytes are unread.
 * What the peer did wrong is not an error of this call: it arrives as WEFT_EVENT_FAILED. Allocates
 * nothing. RFC 6455 sections 4 and 5.
 */
WEFT_API WEFT_MUST_USE weft_status weft_engine_feed(weft_engine *engine, struct weft_buffer bytes);

/**
 * Tells that the peer has ended its direction (EOF). weft_engine_next() then answers
 * WEFT_EVENT_FAILED unless both Close frames were exchanged. Idempotent.
 */
WEFT_API void weft_engine_feed_end(weft_engine *engine);

/**
 * Takes the next event. WEFT_EVENT_NONE: all bytes are used, feed more. While a request waits for
 * its answer, what follows it is kept (bounded by head_bytes_max) and NONE is answered.
 *
 * Returns event->type. A message that lies whole in the fed bytes is handed out where it lies.
 */
WEFT_API enum weft_engine_event_type weft_engine_next(weft_engine *engine,
                                                      struct weft_engine_event *event);

/**
 * Server: accepts the request of the last WEFT_EVENT_REQUEST with 101. WEFT_EVENT_OPEN follows from
 * weft_engine_next(). Errors: WEFT_ERR_STATE (no request waits, or it has a refusal_status),
 * WEFT_ERR_SYNTAX (a header is not well-formed, or the protocol was not offered), WEFT_ERR_MEMORY.
 * RFC 6455 4.2.2.
 */
WEFT_API WEFT_MUST_USE weft_status weft_engine_accept(weft_engine *engine,
                                                      const struct weft_engine_accept *accept);

/**
 * Server: answers the waiting request with anything but 101. The engine then waits for the next
 * request, or wants its end (weft_engine_wants_end) when the connection does not persist. Errors:
 * as weft_engine_accept(); WEFT_ERR_ARGUMENT for a status outside 200 to 599.
 */
WEFT_API WEFT_MUST_USE weft_status weft_engine_respond(weft_engine *engine,
                                                       const struct weft_engine_respond *answer);

/**
 * Server: adds to the body of an answer with `body_follows`. Copied. WEFT_ERR_LIMIT for more than
 * `body_bytes` in all; the request is answered when all have come.
 */
WEFT_API WEFT_MUST_USE weft_status weft_engine_respond_body(weft_engine *engine,
                                                            struct weft_bytes bytes);

/**
 * Puts a message into the output. Copied. WEFT_ERR_UTF8 for a text that is not UTF-8,
 * WEFT_ERR_STATE unless the state is OPEN, WEFT_ERR_MEMORY.
 */
WEFT_API WEFT_MUST_USE weft_status weft_engine_send(weft_engine *engine,
                                                    enum weft_message_type type,
                                                    struct weft_bytes payload);

/** Whether the next messages are compressed, where that was agreed on. True at first. */
WEFT_API void weft_engine_set_compression(weft_engine *engine, bool is_on);

/** Puts a ping (or an unasked pong) into the output; at most 125 bytes, else WEFT_ERR_LIMIT. */
WEFT_API WEFT_MUST_USE weft_status weft_engine_ping(weft_engine *engine, struct weft_bytes payload);
/** As weft_engine_ping(): a pong that nobody asked for. */
WEFT_API WEFT_MUST_USE weft_status weft_engine_pong(weft_engine *engine, struct weft_bytes payload);

/**
 * Starts the closing handshake: puts a Close frame behind everything that was sent.
 *
 * code    WEFT_CLOSE_NO_CODE: the frame has no body. Else any code that may stand on the wire
 *         (1000 to 1003, 1007 to 1014, 3000 to 4999; RFC 6455 7.4), else WEFT_ERR_ACCESS.
 * reason  at most 123 bytes, else WEFT_ERR_SYNTAX; UTF-8, else WEFT_ERR_UTF8.
 *
 * A second call, or one after the peer's Close, does nothing and answers WEFT_OK. WEFT_ERR_STATE
 * while CONNECTING.
 */
WEFT_API WEFT_MUST_USE weft_status weft_engine_close(weft_engine *engine, uint16_t code,
                                                     struct weft_text reason);

/**
 * Shows what is to be written to the peer, in order, as at most `spans_max` spans.
 * Returns the number of spans; 0: nothing. They stay valid until the engine is called again.
 */
WEFT_API size_t weft_engine_output(weft_engine *engine, struct weft_bytes *spans, size_t spans_max);

/** The total of all bytes that wait in the output. */
WEFT_API uint64_t weft_engine_output_bytes(const weft_engine *engine);

/**
 * Tells that the first `count` bytes of the output were written. At most
 * weft_engine_output_bytes(). Where a pong has waited for room, there is output again.
 */
WEFT_API void weft_engine_sent(weft_engine *engine, size_t count);

/** bufferedAmount: payload bytes of messages in the output, without framing, to the byte. */
WEFT_API uint64_t weft_engine_buffered_amount(const weft_engine *engine);

/** readyState: CONNECTING until the handshake is done, CLOSED when the transport is. */
WEFT_API enum weft_ready_state weft_engine_ready_state(const weft_engine *engine);

/**
 * The transport is to be ended by this side as soon as the output is written: both Close frames
 * were exchanged and this is the server, or the connection has failed, or the last HTTP answer is
 * given. RFC 6455 7.1.1.
 */
WEFT_API bool weft_engine_wants_end(const weft_engine *engine);

/** Both Close frames were exchanged: wasClean. */
WEFT_API bool weft_engine_was_clean(const weft_engine *engine);

/** The subprotocol in use, "" when none. Valid as long as the engine. */
WEFT_API const char *weft_engine_protocol(const weft_engine *engine);

/** The extensions in use as in the header field, "" when none. Valid as long as the engine. */
WEFT_API const char *weft_engine_extensions(const weft_engine *engine);

#ifdef __cplusplus
}
#endif
#endif

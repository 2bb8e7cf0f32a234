/* The engine as the hallway uses it: embedded, with a shared configuration and the loop's pool. */
#ifndef WF_WS_ENGINE_H
#define WF_WS_ENGINE_H

#include "base/chain.h"
#include "weft/engine.h"

/* What all engines of one opening share. Limits are resolved: no zero stands for a default. */
struct wf_engine_config {
    enum weft_side side;
    struct weft_engine_limits limits;
    struct weft_deflate_settings deflate;
    uint64_t parts_bytes_min; /* See wf_engine_set_parts(). */
    struct wf_pool *pool;
    void (*random)(void *out, size_t count, void *user);
    void *random_user;
};

/* Puts the defaults where a limit is 0. */
void wf_engine_resolve_limits(struct weft_engine_limits *limits);

/* The same for permessage-deflate. */
void wf_engine_resolve_deflate(struct weft_deflate_settings *settings, enum weft_side side);

/* How far an engine is. Written by wf_engine_move_to() alone. */
enum wf_engine_phase {
    WF_PHASE_HEAD,       /* A request's or an answer's head is due. */
    WF_PHASE_ANSWER_DUE, /* Server: a request waits for its answer, */
    WF_PHASE_BODY_DUE,   /* or for the rest of its answer's body. */
    WF_PHASE_REFUSAL,    /* Client: the body of a refusal is collected. */
    WF_PHASE_OPENING,    /* The handshake is done, and nobody was told yet. */
    WF_PHASE_FRAMES,
    WF_PHASE_FAILING, /* The connection has failed, and nobody was told yet. */
    WF_PHASE_ENDED,   /* Nothing is read any more. */
};

/* What is handed out in parts (WEFT_EVENT_MESSAGE_PART) as it comes. */
enum wf_parts {
    WF_PARTS_NONE,
    WF_PARTS_LARGE, /* Binary messages of more than parts_bytes_min that are not compressed. */
    WF_PARTS_ALL,   /* All that do not lie whole in what was fed; a text's end with a character. */
};

/* Private to ws but for its size: at most 96 bytes (engine.c asserts it), so that an idle
 * connection is small. What is rare hangs on a pointer and is given back to the pool when it is no
 * longer needed. */
struct weft_engine {
    const struct wf_engine_config *config;
    struct weft_buffer input; /* Fed, not yet read. */
    struct wf_chain output;
    struct wf_partial *partial; /* A frame or message of which not all has come. */
    struct wf_opening
        *opening; /* A handshake or HTTP request under way, or why the connection failed. */
    struct wf_agreed *agreed; /* Subprotocol and extensions, if there are any. */
    uint32_t pong_bytes;      /* At most so many of the output are pongs. */
    uint8_t phase;            /* enum wf_engine_phase */
    bool close_is_sent : 1;   /* Put into the output. */
    bool close_is_received : 1;
    bool input_has_ended : 1;
    bool has_failed : 1;
    bool wants_end : 1;
    bool sends_plain : 1; /* weft_engine_set_compression(false) */
    uint8_t parts : 2;    /* enum wf_parts */
    bool has_surplus : 1; /* Bytes came behind the peer's Close. */
};

/* Start an engine in place. A client's request lies in the output at once; errors as
 * weft_engine_create(). The config must outlive the engine. */
void wf_engine_init_server(struct weft_engine *engine, const struct wf_engine_config *config);
WEFT_MUST_USE weft_status wf_engine_init_client(struct weft_engine *engine,
                                                const struct wf_engine_config *config,
                                                const struct weft_engine_request *request);

/* The connection is gone: gives back what is in the output, the unfinished message and the
 * compression. What was agreed on, and why it failed, can still be asked for. */
void wf_engine_forget(struct weft_engine *engine);

/* Gives everything back to the pool. The engine is then CLOSED and may be asked, not fed. */
void wf_engine_drop(struct weft_engine *engine);

/* Other limits from now on: a route's, once a request was accepted. The pool must be the same. */
void wf_engine_set_config(struct weft_engine *engine, const struct wf_engine_config *config);

/* As weft_engine_send(). is_utf8: a text is known to be valid. */
WEFT_MUST_USE weft_status wf_engine_send(struct weft_engine *engine, enum weft_message_type type,
                                         struct weft_bytes payload, bool is_utf8);

/* The same, but a large payload may stay where it is, in the caller's memory, until it is sent or
 * wf_engine_settle() copies the rest. A client masks, and therefore copies. */
WEFT_MUST_USE weft_status wf_engine_send_lent(struct weft_engine *engine,
                                              enum weft_message_type type,
                                              struct weft_bytes payload, bool is_utf8);
/* The same for a message of wf_engine_next_whole(), of this engine or another, whose memory is
 * still lent: the header is written where that of the message was. */
WEFT_MUST_USE weft_status wf_engine_send_back(struct weft_engine *engine,
                                              enum weft_message_type type,
                                              struct weft_buffer message, bool is_utf8);
WEFT_MUST_USE weft_status wf_engine_settle(struct weft_engine *engine);

/* Takes the next message as weft_engine_next() does, where it lies in the input as one plain frame
 * of less than 64 KiB. False: nothing was changed, ask weft_engine_next(). */
bool wf_engine_next_whole(struct weft_engine *engine, enum weft_message_type *type,
                          struct weft_buffer *message);

/* As weft_engine_send(), where it has little to do: a server's message of at most 125 bytes that is
 * not compressed. False: nothing was done, weft_engine_send() knows why.
 *
 * is_utf8  a text is known to be valid. */
bool wf_engine_send_short(struct weft_engine *engine, enum weft_message_type type,
                          struct weft_bytes payload, bool is_utf8);

/* A pong that waits for room in the output may be put there. */
void wf_engine_note_room(struct weft_engine *engine);

/* weft_engine_sent() of all. */
static inline void wf_engine_sent_all(struct weft_engine *engine)
{
    wf_chain_clear(&engine->output, engine->config->pool);
    engine->pong_bytes = 0;
    if (engine->partial)
        wf_engine_note_room(engine);
}

/* What waits in the output. */
static inline uint64_t wf_engine_output_bytes(const struct weft_engine *engine)
{
    return engine->output.bytes;
}

/* Whether a text may be sent, or stand as a reason. Any thread. */
bool wf_engine_is_utf8(struct weft_bytes text);

/* Frames a message once, unmasked, for many engines of the same pool; the first that may have it
 * compressed without a context of its own compresses it for all of them. A short one lies in the
 * arena. WEFT_ERR_UTF8, WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_engine_prepare(struct wf_pool *pool, struct wf_arena *arena,
                                            enum weft_message_type type, struct weft_bytes payload,
                                            struct wf_shared **shared_out);

/* Puts a prepared message into the output: shared by a server, copied and masked by a client.
 * WEFT_ERR_STATE unless OPEN. */
WEFT_MUST_USE weft_status wf_engine_send_shared(struct weft_engine *engine,
                                                struct wf_shared *shared);

/* A text that comes piece by piece. Zero-filled at first. */
struct wf_text_check {
    uint8_t state[4];
};

/* Whether the text may go on with this part, and end behind it; if not so, the check is as before.
 */
bool wf_engine_check_text(struct wf_text_check *check, struct weft_bytes part, bool is_end);

/* Puts one fragment of a message (a text's is not checked) into the output. From the first to the
 * final one no other message may be put there; pings, pongs and a Close frame may. Copied.
 * WEFT_ERR_STATE unless OPEN, WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_engine_send_part(struct weft_engine *engine,
                                              enum weft_message_type type, struct weft_bytes part,
                                              bool is_first, bool is_final);

/* A long message is coming, of which more may be received straight to where it is collected. */
bool wf_engine_wants_place(const struct weft_engine *engine);

/* Where: room for at most `there` bytes, to be filled from its begin and fed at once. Empty: not
 * this time, or no more. */
struct weft_buffer wf_engine_place(struct weft_engine *engine, size_t there);

/* From the next message on. The limits hold all the same. */
void wf_engine_set_parts(struct weft_engine *engine, enum wf_parts parts);

/* The peer has sent behind its Close frame, against RFC 6455 5.5.1. */
static inline bool wf_engine_has_surplus(const struct weft_engine *engine)
{
    return engine->has_surplus;
}

/* The reader holds back: copies what was fed and not yet read, so that the lent bytes are free
 * again. It comes with the next weft_engine_next(). WEFT_ERR_MEMORY: bytes would be lost, the
 * connection is of no use. */
WEFT_MUST_USE weft_status wf_engine_keep_input(struct weft_engine *engine);

/* Nothing is sent for a while: gives back what compressing keeps, which any sender may. */
void wf_engine_rest(struct weft_engine *engine);

/* A HTTP request waits for its answer, or for the rest of its answer's body. */
bool wf_engine_request_waits(const struct weft_engine *engine);

/* The part of a request head, of an answer, or of a message has come: the peer owes the rest. */
bool wf_engine_is_in_midst(const struct weft_engine *engine);

/* Server: a request has begun and does not end. It is answered 408 (RFC 9110 15.5.9), and the
 * connection fails with this failure, whose texts must be static. False: none has begun, or it is
 * read already. */
bool wf_engine_answer_late(struct weft_engine *engine, const struct weft_failure *failure);

/* Fails the connection for a reason outside the protocol (a timeout, a limit of the hallway): puts
 * a Close frame with `close_code` (0: none) into the output when OPEN; a client that has received
 * the head of a refusal gets it in the failure. weft_engine_next() then answers WEFT_EVENT_FAILED
 * with this failure, whose texts must be static. */
void wf_engine_fail(struct weft_engine *engine, const struct weft_failure *failure,
                    uint16_t close_code);

#endif

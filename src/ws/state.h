/* What hangs on an engine while it is needed, and the steps that all files of this room use. */
#ifndef WF_WS_STATE_H
#define WF_WS_STATE_H

#include "base/block.h"
#include "codec/deflate.h"
#include "codec/utf8.h"
#include "ws/engine.h"
#include "ws/fault.h"
#include "ws/frame.h"

/* The pong to the latest ping, which waits for room in the output. */
struct wf_late_pong {
    uint8_t bytes;
    uint8_t payload[WF_FRAME_CONTROL_MAX];
};

/* A frame or message of which not all has come. */
struct wf_partial {
    struct wf_late_pong *late_pong; /* A pool block; NULL: none waits. */
    struct wf_block message;
    uint64_t given_bytes;      /* Of the message, in parts that were handed out. */
    size_t lent_bytes;         /* What of `message` was handed out, and is to be taken back. */
    enum wf_parts parts;       /* Whether it is handed out in parts. */
    struct wf_frame frame;     /* The one that is being read, when is_in_frame. */
    uint64_t taken_bytes;      /* Of its payload. */
    uint64_t compressed_bytes; /* Of the message, when is_compressed. */
    uint32_t frame_count;      /* Of the message. */
    struct wf_utf8 utf8;
    uint8_t message_type; /* enum weft_message_type; 0: no message is unfinished. */
    uint8_t header_count;
    bool is_in_frame;
    bool is_compressed; /* The message. */
    uint8_t header[WF_FRAME_HEADER_MAX];
    uint8_t control[WF_FRAME_CONTROL_MAX];
};

/* The peer owes the rest of a header, a frame or a message. */
static inline bool wf_partial_is_unfinished(const struct wf_partial *partial)
{
    return partial->message_type || partial->is_in_frame || partial->header_count;
}

/* permessage-deflate as this side sees it. A context without takeover is there only during a
 * message. */
struct wf_compression {
    struct wf_deflater *deflater;
    struct wf_inflater *inflater;
    uint8_t out_bits; /* 0: nothing is compressed. */
    uint8_t in_bits;
    bool out_takeover;
    bool in_takeover;
};

/* What the handshake agreed on. */
struct wf_agreed {
    uint32_t block_bytes;
    uint8_t owned_bits; /* Reserved bits that an extension owns. */
    struct wf_compression compression;
    const char *extensions; /* The pool's. */
    char protocol[];        /* With a zero behind. */
};

enum { WF_OPENING_ACCEPT_BYTES = 28 }; /* Base 64 of a SHA-1. */

/* How the body of a refusal ends. RFC 9112 6.3. */
enum wf_body_end { WF_BODY_NONE, WF_BODY_LENGTH, WF_BODY_CHUNKED, WF_BODY_UNTIL_END };

/* A handshake or HTTP request under way. */
struct wf_opening {
    struct wf_block head;
    size_t parsed_count;        /* Of the head, without success. */
    struct weft_header *fields; /* A pool block. */
    size_t field_room;
    struct weft_text *protocols; /* Server: a pool block. */
    size_t protocol_count;
    struct weft_text key; /* Server: of the request's view, likewise what follows. */
    bool offers_extensions;
    /* What came while a request waited, and behind it what was fed later. */
    struct wf_block kept;
    struct weft_buffer fed;
    bool kept_is_input;
    bool ends_connection;  /* Server: with the answer that is being given. */
    uint8_t body_end;      /* Client: enum wf_body_end */
    uint8_t chunk_part;    /* Client: of the chunked body, see refusal.c. */
    uint8_t interim_count; /* Client: answers below 200 that were skipped. */
    uint64_t body_left;    /* Server: to be given; client: to come, of the body or chunk. */
    char accept[WF_OPENING_ACCEPT_BYTES]; /* Client: the right Sec-WebSocket-Accept. */
    char *offered; /* Client: the value of Sec-WebSocket-Protocol, a pool block. */
    size_t offered_bytes;
    struct wf_block body;                 /* Client: of a refusal. */
    struct weft_engine_request_view view; /* Server */
    struct weft_failure failure;          /* Its `http` is filled as the answer comes. */
    struct weft_http_answer answer;       /* Client: 101, until it was told. */
};

/* ---- opening.c ---- */

/* The opening, made when there is none. NULL: no memory. */
struct wf_opening *wf_opening_need(struct weft_engine *engine);
/* Keeps the input for later. False: the connection has failed. */
bool wf_opening_keep(struct weft_engine *engine);
/* Puts what was kept before what was fed. True: there is input again. */
bool wf_opening_turn(struct weft_engine *engine);
/* Forgets a head that was answered. */
void wf_opening_end_head(struct weft_engine *engine);
/* Gives back what the engine does not need any more, all of it if nothing is kept. */
void wf_opening_end(struct weft_engine *engine);
void wf_opening_drop(struct weft_engine *engine);

/* ---- failing.c ---- */

/* Fails the connection (RFC 6455 7.1.7): the Close frame goes out if one may, reading stops, the
 * event is due. Does nothing when it has failed or ended. */
void wf_failing_begin(struct weft_engine *engine, const struct weft_failure *failure,
                      uint16_t close_code);
void wf_failing_fault(struct weft_engine *engine, enum wf_fault fault);
void wf_failing_limit(struct weft_engine *engine, enum wf_fault fault, const char *limit_name,
                      uint64_t limit);
/* Tells the failure. */
enum weft_engine_event_type wf_failing_next(struct weft_engine *engine,
                                            struct weft_engine_event *event);

/* ---- engine.c ---- */

/* The one place where the phase is written. */
void wf_engine_move_to(struct weft_engine *engine, enum wf_engine_phase phase);

static inline bool wf_engine_may_send(const struct weft_engine *engine)
{
    return (engine->phase == WF_PHASE_FRAMES || engine->phase == WF_PHASE_OPENING) &&
           !engine->close_is_sent;
}

static inline void wf_engine_skip(struct weft_engine *engine, size_t count)
{
    engine->input.data += count;
    engine->input.count -= count;
}

#endif

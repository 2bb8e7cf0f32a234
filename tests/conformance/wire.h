/* Frames of RFC 6455 section 5 as a test writes them down: right ones in a word, wrong ones by
 * field. */
#ifndef CONFORMANCE_WIRE_H
#define CONFORMANCE_WIRE_H

#include <stdbool.h>

#include "support/cases.h"
#include "weft/engine.h"

enum {
    OPCODE_CONTINUATION = 0x0,
    OPCODE_TEXT = 0x1,
    OPCODE_BINARY = 0x2,
    OPCODE_CLOSE = 0x8,
    OPCODE_PING = 0x9,
    OPCODE_PONG = 0xA,
};
enum { FIN = 0x80, RSV1 = 0x40, RSV2 = 0x20, RSV3 = 0x10 };

/* How the length is written; only the first is right for every length. RFC 6455 5.2. */
enum length_form { LENGTH_SHORTEST, LENGTH_IN_16_BITS, LENGTH_IN_64_BITS };

/* A frame to send or to expect, or octets that are none. */
struct piece {
    uint8_t first;          /* FIN, reserved bits, opcode. */
    bool is_raw;            /* The payload alone goes out, as it is. */
    bool is_masked_wrongly; /* Masked by a server, or not by a client. */
    bool has_code;          /* A close code stands before the payload. */
    uint16_t code;
    struct weft_bytes payload;
    size_t filled_bytes;      /* Instead of `payload`: so many octets of a pattern. */
    size_t part_bytes;        /* Sent as a message in fragments of at most so many octets. */
    uint64_t announced_bytes; /* What the header says instead of the payload's length. */
    enum length_form form;
};

struct pieces {
    const struct piece *items;
    size_t count;
};
#define PIECES(...)                                                                                \
    {                                                                                              \
        (const struct piece[]){ __VA_ARGS__ },                                                     \
            sizeof((const struct piece[]){ __VA_ARGS__ }) / sizeof(struct piece)                   \
    }
#define NOTHING                                                                                    \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

#define FRAME(first_octet, text)                                                                   \
    {                                                                                              \
        .first = (first_octet), .payload = BYTES_OF(text)                                          \
    }
#define TEXT_FRAME(text)   FRAME(FIN | OPCODE_TEXT, text)
#define BINARY_FRAME(text) FRAME(FIN | OPCODE_BINARY, text)
#define PING(text)         FRAME(FIN | OPCODE_PING, text)
#define PONG(text)         FRAME(FIN | OPCODE_PONG, text)
/* A message's first fragment, one in its middle, and its last. */
#define FIRST_TEXT(text)   FRAME(OPCODE_TEXT, text)
#define FIRST_BINARY(text) FRAME(OPCODE_BINARY, text)
#define MIDDLE(text)       FRAME(OPCODE_CONTINUATION, text)
#define LAST(text)         FRAME(FIN | OPCODE_CONTINUATION, text)

#define CLOSE_WITHOUT_CODE FRAME(FIN | OPCODE_CLOSE, "")
#define CLOSE(close_code, reason)                                                                  \
    {                                                                                              \
        .first = FIN | OPCODE_CLOSE, .has_code = true, .code = (close_code),                       \
        .payload = BYTES_OF(reason)                                                                \
    }
/* A reason of so many octets. */
#define CLOSE_FILLED(close_code, bytes)                                                            \
    {                                                                                              \
        .first = FIN | OPCODE_CLOSE, .has_code = true, .code = (close_code),                       \
        .filled_bytes = (bytes)                                                                    \
    }

#define FILLED(first_octet, bytes)                                                                 \
    {                                                                                              \
        .first = (first_octet), .filled_bytes = (bytes)                                            \
    }
#define TEXT_OF(bytes)   FILLED(FIN | OPCODE_TEXT, bytes)
#define BINARY_OF(bytes) FILLED(FIN | OPCODE_BINARY, bytes)
#define IN_PARTS(opcode, bytes, part)                                                              \
    {                                                                                              \
        .first = (opcode), .filled_bytes = (bytes), .part_bytes = (part)                           \
    }

#define WRONGLY_MASKED(first_octet, text)                                                          \
    {                                                                                              \
        .first = (first_octet), .payload = BYTES_OF(text), .is_masked_wrongly = true               \
    }
/* The header says more than comes; nothing comes behind it. */
#define UNFINISHED(first_octet, announced, text)                                                   \
    {                                                                                              \
        .first = (first_octet), .payload = BYTES_OF(text), .announced_bytes = (announced)          \
    }
#define LONGWINDED(first_octet, length_form, bytes)                                                \
    {                                                                                              \
        .first = (first_octet), .filled_bytes = (bytes), .form = (length_form)                     \
    }
#define OCTETS(...)                                                                                \
    {                                                                                              \
        .is_raw = true, .payload = BYTES(__VA_ARGS__)                                              \
    }

/* Octets that grow. */
struct octets {
    uint8_t *data;
    size_t count, room;
};
void octets_add(struct octets *octets, const void *data, size_t count);
void octets_free(struct octets *octets);

/* Appends the frames as `sender` sends them: a client masks each with another key. */
void wire_add(struct octets *octets, const struct piece *piece, enum weft_side sender);
void wire_add_all(struct octets *octets, struct pieces pieces, enum weft_side sender);

/* Appends a piece's payload, with its close code. */
void wire_add_payload(struct octets *octets, const struct piece *piece);

#endif

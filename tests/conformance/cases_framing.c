/* RFC 6455 5.2 and 5.6: lengths and masks of whole messages. */
#include "conformance/cases.h"

#define ECHOES(...)           SENDS(__VA_ARGS__), GETS(__VA_ARGS__), STAYS_OPEN
#define FAILS_WITH(code, ...) SENDS(__VA_ARGS__), NOTHING, code

// clang-format off
static const struct frames_case cases[] = {
    { "text of 0 octets",        ECHOES(TEXT_FRAME("")) },
    { "text of 1 octet",         ECHOES(TEXT_FRAME("*")) },
    { "text of 125 octets",      ECHOES(TEXT_OF(125)) },
    { "text of 126 octets",      ECHOES(TEXT_OF(126)) },
    { "text of 127 octets",      ECHOES(TEXT_OF(127)) },
    { "text of 128 octets",      ECHOES(TEXT_OF(128)) },
    { "text of 65535 octets",    ECHOES(TEXT_OF(65535)) },
    { "text of 65536 octets",    ECHOES(TEXT_OF(65536)) },
    { "text of 65537 octets",    ECHOES(TEXT_OF(65537)) },
    { "binary of 0 octets",      ECHOES(BINARY_FRAME("")) },
    { "binary of 1 octet",       ECHOES(BINARY_FRAME("\xFE")) },
    { "binary of 125 octets",    ECHOES(BINARY_OF(125)) },
    { "binary of 126 octets",    ECHOES(BINARY_OF(126)) },
    { "binary of 127 octets",    ECHOES(BINARY_OF(127)) },
    { "binary of 128 octets",    ECHOES(BINARY_OF(128)) },
    { "binary of 65535 octets",  ECHOES(BINARY_OF(65535)) },
    { "binary of 65536 octets",  ECHOES(BINARY_OF(65536)) },
    { "binary of 65537 octets",  ECHOES(BINARY_OF(65537)) },
    { "binary that is not UTF-8", ECHOES(BINARY_FRAME("\xFF\xFE\x00\xC0\x80")) },
    { "text with a zero inside", ECHOES(TEXT_FRAME("a\0b")) },

    { "three messages at once",
        ECHOES(TEXT_FRAME("one"), BINARY_FRAME("two"), TEXT_FRAME("three")) },
    { "empty messages in a row", ECHOES(TEXT_FRAME(""), BINARY_FRAME(""), TEXT_FRAME("")) },
    { "long and short in turn",
        ECHOES(TEXT_OF(126), TEXT_FRAME("a"), BINARY_OF(65536), TEXT_FRAME("b")) },

    /* RFC 6455 5.2: the minimal number of octets must be used. */
    { "0 octets, 16-bit length",
        FAILS_WITH(1002, LONGWINDED(FIN | OPCODE_TEXT, LENGTH_IN_16_BITS, 0)) },
    { "125 octets, 16-bit length",
        FAILS_WITH(1002, LONGWINDED(FIN | OPCODE_TEXT, LENGTH_IN_16_BITS, 125)) },
    { "0 octets, 64-bit length",
        FAILS_WITH(1002, LONGWINDED(FIN | OPCODE_BINARY, LENGTH_IN_64_BITS, 0)) },
    { "125 octets, 64-bit length",
        FAILS_WITH(1002, LONGWINDED(FIN | OPCODE_TEXT, LENGTH_IN_64_BITS, 125)) },
    { "126 octets, 64-bit length",
        FAILS_WITH(1002, LONGWINDED(FIN | OPCODE_TEXT, LENGTH_IN_64_BITS, 126)) },
    { "65535 octets, 64-bit length",
        FAILS_WITH(1002, LONGWINDED(FIN | OPCODE_BINARY, LENGTH_IN_64_BITS, 65535)) },
    { "a long form behind an echo",
        SENDS(TEXT_FRAME("good"), LONGWINDED(FIN | OPCODE_TEXT, LENGTH_IN_16_BITS, 9)),
        GETS(TEXT_FRAME("good")), 1002 },

    /* RFC 6455 5.2: the most significant bit of a 64-bit length is 0. */
    { "highest bit of the length",
        FAILS_WITH(1002, UNFINISHED(FIN | OPCODE_BINARY, UINT64_MAX, "")) },
    { "highest bit and nothing else",
        FAILS_WITH(1002, UNFINISHED(FIN | OPCODE_TEXT, 1ull << 63, "")) },

    /* RFC 6455 7.4.1: 1009, from the header alone. */
    { "the longest message taken",   ECHOES(BINARY_OF(MESSAGE_BYTES_MAX)) },
    { "one octet too many",
        FAILS_WITH(1009, UNFINISHED(FIN | OPCODE_BINARY, MESSAGE_BYTES_MAX + 1, "")) },
    { "2^63 - 1 octets",
        FAILS_WITH(1009, UNFINISHED(FIN | OPCODE_TEXT, INT64_MAX, "")) },
    { "too big in its first fragment",
        FAILS_WITH(1009, UNFINISHED(OPCODE_TEXT, MESSAGE_BYTES_MAX + 1, "")) },
    { "too big in its second fragment",
        FAILS_WITH(1009, FILLED(OPCODE_BINARY, 100000), UNFINISHED(FIN,
              MESSAGE_BYTES_MAX - 100000 + 1, "")) },
    { "the longest in two fragments",
        SENDS(IN_PARTS(OPCODE_BINARY, MESSAGE_BYTES_MAX, 100000)),
        GETS(BINARY_OF(MESSAGE_BYTES_MAX)),
        STAYS_OPEN },
    { "too big behind an echo",
        SENDS(TEXT_FRAME("good"), UNFINISHED(FIN | OPCODE_TEXT, 1 << 30, "x")),
        GETS(TEXT_FRAME("good")),
        1009 },

    /* RFC 6455 5.1: a client masks, a server does not. */
    { "wrong mask: text",          FAILS_WITH(1002, WRONGLY_MASKED(FIN | OPCODE_TEXT, "hello")) },
    { "wrong mask: empty binary",  FAILS_WITH(1002, WRONGLY_MASKED(FIN | OPCODE_BINARY, "")) },
    { "wrong mask: ping",          FAILS_WITH(1002, WRONGLY_MASKED(FIN | OPCODE_PING, "hello")) },
    { "wrong mask: pong",          FAILS_WITH(1002, WRONGLY_MASKED(FIN | OPCODE_PONG, "")) },
    { "wrong mask: close",
        FAILS_WITH(1002, WRONGLY_MASKED(FIN | OPCODE_CLOSE, "\x03\xE8")) },
    { "wrong mask: continuation",
        FAILS_WITH(1002, FIRST_TEXT("a"), WRONGLY_MASKED(FIN | OPCODE_CONTINUATION, "b")) },
    { "wrong mask behind an echo",
        SENDS(TEXT_FRAME("good"), WRONGLY_MASKED(FIN | OPCODE_TEXT, "bad")),
        GETS(TEXT_FRAME("good")),
        1002 },
};
// clang-format on

const struct case_table cases_framing = { cases, COUNT_OF(cases) };

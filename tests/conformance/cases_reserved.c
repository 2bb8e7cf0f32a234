/* RFC 6455 5.2: reserved bits without an extension that owns them, and reserved opcodes. */
#include "conformance/cases.h"

#define FAILS_WITH(code, ...) SENDS(__VA_ARGS__), NOTHING, code
#define FAILS_BEHIND_GOOD(code, ...)                                                               \
    SENDS(TEXT_FRAME("good"), __VA_ARGS__), GETS(TEXT_FRAME("good")), code

// clang-format off
#define WITH_BITS(bits, text)                                                                      \
    { text " on text",          FAILS_WITH(1002, FRAME(FIN | (bits) | OPCODE_TEXT, "hello")) },    \
    { text " on empty text",    FAILS_WITH(1002, FRAME(FIN | (bits) | OPCODE_TEXT, "")) },         \
    { text " on binary",        FAILS_WITH(1002, FRAME(FIN | (bits) | OPCODE_BINARY, "hello")) },  \
    { text " on a fragment",    FAILS_WITH(1002, FRAME((bits) | OPCODE_TEXT, "hello")) },          \
    { text " on continuation",  FAILS_WITH(1002, FIRST_TEXT("a"), FRAME(FIN | (bits), "b")) },     \
    { text " on ping",          FAILS_WITH(1002, FRAME(FIN | (bits) | OPCODE_PING, "hello")) },    \
    { text " on pong",          FAILS_WITH(1002, FRAME(FIN | (bits) | OPCODE_PONG, "hello")) },    \
    { text " on close",         FAILS_WITH(1002, FRAME(FIN | (bits) | OPCODE_CLOSE, "\x03\xE8")) }, \
    { text " behind an echo",                                                                      \
        FAILS_BEHIND_GOOD(1002, FRAME(FIN | (bits) | OPCODE_TEXT, "bad")) },                       \
    { text " in the first octet alone", FAILS_WITH(1002, OCTETS(FIN | (bits) | OPCODE_TEXT)) }

static const struct frames_case bits_cases[] = {
    WITH_BITS(RSV3, "001"),
    WITH_BITS(RSV2, "010"),
    WITH_BITS(RSV2 | RSV3, "011"),
    WITH_BITS(RSV1, "100"),
    WITH_BITS(RSV1 | RSV3, "101"),
    WITH_BITS(RSV1 | RSV2, "110"),
    WITH_BITS(RSV1 | RSV2 | RSV3, "111"),
    { "bits, and a ping behind them",
        SENDS(TEXT_FRAME("good"), FRAME(FIN | RSV1 | OPCODE_TEXT, "bad"), PING("never answered")),
        GETS(TEXT_FRAME("good")), 1002 },
};

#define WITH_OPCODE(opcode, text)                                                                  \
    { text ", empty",          FAILS_WITH(1002, FRAME(FIN | (opcode), "")) },                      \
    { text ", with payload",   FAILS_WITH(1002, FRAME(FIN | (opcode), "reserved")) },              \
    { text ", not final",      FAILS_WITH(1002, FRAME((opcode), "reserved")) },                    \
    { text ", first octet",    FAILS_WITH(1002, OCTETS(FIN | (opcode))) },                         \
    { text ", in a message",   FAILS_WITH(1002, FIRST_TEXT("a"), FRAME(FIN | (opcode), "")) },     \
    { text ", behind an echo", FAILS_BEHIND_GOOD(1002, FRAME(FIN | (opcode), "")) },               \
    { text ", a ping behind it",                                                                   \
        SENDS(TEXT_FRAME("good"), FRAME(FIN | (opcode), "reserved"), PING("never answered")),      \
        GETS(TEXT_FRAME("good")), 1002 }

static const struct frames_case opcode_cases[] = {
    WITH_OPCODE(0x3, "opcode 3"),
    WITH_OPCODE(0x4, "opcode 4"),
    WITH_OPCODE(0x5, "opcode 5"),
    WITH_OPCODE(0x6, "opcode 6"),
    WITH_OPCODE(0x7, "opcode 7"),
    WITH_OPCODE(0xB, "opcode 11"),
    WITH_OPCODE(0xC, "opcode 12"),
    WITH_OPCODE(0xD, "opcode 13"),
    WITH_OPCODE(0xE, "opcode 14"),
    WITH_OPCODE(0xF, "opcode 15"),
};
// clang-format on

const struct case_table cases_reserved_bits = { bits_cases, COUNT_OF(bits_cases) };
const struct case_table cases_reserved_opcodes = { opcode_cases, COUNT_OF(opcode_cases) };

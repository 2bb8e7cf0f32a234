/* RFC 6455 5.5.2 and 5.5.3. */
#include "conformance/cases.h"

#define FAILS_WITH(code, ...) SENDS(__VA_ARGS__), NOTHING, code

// clang-format off
static const struct frames_case cases[] = {
    { "ping without payload",  SENDS(PING("")), GETS(PONG("")), STAYS_OPEN },
    { "ping with text",
        SENDS(PING("Hello, weft!")), GETS(PONG("Hello, weft!")), STAYS_OPEN },
    { "ping with any octets",
        SENDS(PING("\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF")),
        GETS(PONG("\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF")),
        STAYS_OPEN },
    { "ping of 124 octets",
        SENDS(FILLED(FIN | OPCODE_PING, 124)), GETS(FILLED(FIN | OPCODE_PONG, 124)), STAYS_OPEN },
    { "ping of 125 octets",
        SENDS(FILLED(FIN | OPCODE_PING, 125)), GETS(FILLED(FIN | OPCODE_PONG, 125)), STAYS_OPEN },
    { "ping of 126 octets",    FAILS_WITH(1002, FILLED(FIN | OPCODE_PING, 126)) },
    { "ping of 65536 octets",  FAILS_WITH(1002, UNFINISHED(FIN | OPCODE_PING, 65536, "")) },
    { "ping of 126 octets behind a good one",
        SENDS(PING("good"), FILLED(FIN | OPCODE_PING, 126)), GETS(PONG("good")), 1002 },
    { "ping with its length in 16 bits",
        FAILS_WITH(1002, LONGWINDED(FIN | OPCODE_PING, LENGTH_IN_16_BITS, 5)) },
    { "ping with its length in 64 bits",
        FAILS_WITH(1002, LONGWINDED(FIN | OPCODE_PING, LENGTH_IN_64_BITS, 5)) },

    { "pong that nobody asked for",           SENDS(PONG("")), NOTHING, STAYS_OPEN },
    { "pong with a payload, asked by nobody", SENDS(PONG("unsolicited")), NOTHING, STAYS_OPEN },
    { "pong of 125 octets",    SENDS(FILLED(FIN | OPCODE_PONG, 125)), NOTHING, STAYS_OPEN },
    { "pong of 126 octets",    FAILS_WITH(1002, FILLED(FIN | OPCODE_PONG, 126)) },
    { "pong, then ping",
        SENDS(PONG("unsolicited"), PING("ping")), GETS(PONG("ping")), STAYS_OPEN },
    { "pongs around a ping",
        SENDS(PONG("a"), PING("b"), PONG("c"), TEXT_FRAME("d")), GETS(PONG("b"), TEXT_FRAME("d")),
        STAYS_OPEN },

    { "10 pings in a row",
        SENDS(PING("0"), PING("1"), PING("2"), PING("3"), PING("4"), PING("5"), PING("6"),
              PING("7"),
              PING("8"), PING("9")),
        GETS(PONG("0"), PONG("1"), PONG("2"), PONG("3"), PONG("4"), PONG("5"), PONG("6"), PONG("7"),
             PONG("8"), PONG("9")),
        STAYS_OPEN },
    { "ping between messages",
        SENDS(TEXT_FRAME("a"), PING("b"), BINARY_FRAME("c")),
        GETS(TEXT_FRAME("a"), PONG("b"), BINARY_FRAME("c")), STAYS_OPEN },
    { "empty pings between messages",
        SENDS(PING(""), TEXT_FRAME(""), PING(""), BINARY_FRAME("")),
        GETS(PONG(""), TEXT_FRAME(""), PONG(""), BINARY_FRAME("")), STAYS_OPEN },
};
// clang-format on

const struct case_table cases_pings = { cases, COUNT_OF(cases) };

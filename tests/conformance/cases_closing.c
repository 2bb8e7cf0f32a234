/* RFC 6455 5.5.1, 7.1 and 7.4: the end, agreed and not. */
#include "conformance/cases.h"

#define ANSWERED(...)         SENDS(__VA_ARGS__), GETS(__VA_ARGS__), CLOSES
#define FAILS_WITH(code, ...) SENDS(__VA_ARGS__), NOTHING, code

// clang-format off
static const struct frames_case cases[] = {
    { "close without a code", ANSWERED(CLOSE_WITHOUT_CODE) },
    { "close of one octet",   FAILS_WITH(1002, FRAME(FIN | OPCODE_CLOSE, "\x03")) },
    { "close without a reason", ANSWERED(CLOSE(1000, "")) },
    { "close with a reason",    ANSWERED(CLOSE(1000, "Hello World!")) },
    { "reason of 123 octets",   ANSWERED(CLOSE_FILLED(1000, 123)) },
    { "reason of 124 octets",   FAILS_WITH(1002, CLOSE_FILLED(1000, 124)) },
    { "reason beyond ASCII",    ANSWERED(CLOSE(1000, "Tsch\xC3\xBC\xC3\x9F \xF0\x9F\x91\x8B")) },
    { "close with its length in 16 bits",
        FAILS_WITH(1002, { .first = FIN | OPCODE_CLOSE, .has_code = true, .code = 1000,
              .form = LENGTH_IN_16_BITS }) },

    /* RFC 6455 8.1 and 5.5.1. */
    { "reason with an octet that is never UTF-8", FAILS_WITH(1007, CLOSE(1000, "bye \xFF")) },
    { "reason with a surrogate",  FAILS_WITH(1007, CLOSE(1000, "\xED\xA0\x80")) },
    { "reason with an overlong",  FAILS_WITH(1007, CLOSE(1000, "\xC0\xAF")) },
    { "reason cut inside a code point", FAILS_WITH(1007, CLOSE(1000, "\xF0\x9F\x91")) },
    { "reason wrong in its first octet", FAILS_WITH(1007, CLOSE(3000, "\x80")) },

    /* RFC 6455 7.4: what may stand in a Close frame. */
    { "1000", ANSWERED(CLOSE(1000, "")) },
    { "1001", ANSWERED(CLOSE(1001, "")) },
    { "1002", ANSWERED(CLOSE(1002, "")) },
    { "1003", ANSWERED(CLOSE(1003, "")) },
    { "1007", ANSWERED(CLOSE(1007, "")) },
    { "1008", ANSWERED(CLOSE(1008, "")) },
    { "1009", ANSWERED(CLOSE(1009, "")) },
    { "1010", ANSWERED(CLOSE(1010, "")) },
    { "1011", ANSWERED(CLOSE(1011, "")) },
    { "1012", ANSWERED(CLOSE(1012, "")) },
    { "1013", ANSWERED(CLOSE(1013, "")) },
    { "1014", ANSWERED(CLOSE(1014, "")) },
    { "3000", ANSWERED(CLOSE(3000, "")) },
    { "3999", ANSWERED(CLOSE(3999, "")) },
    { "4000", ANSWERED(CLOSE(4000, "")) },
    { "4999", ANSWERED(CLOSE(4999, "private")) },
    { "0",     FAILS_WITH(1002, CLOSE(0, "")) },
    { "1",     FAILS_WITH(1002, CLOSE(1, "")) },
    { "999",   FAILS_WITH(1002, CLOSE(999, "")) },
    { "1004",  FAILS_WITH(1002, CLOSE(1004, "")) },
    { "1005",  FAILS_WITH(1002, CLOSE(1005, "")) },
    { "1006",  FAILS_WITH(1002, CLOSE(1006, "")) },
    { "1015",  FAILS_WITH(1002, CLOSE(1015, "")) },
    { "1016",  FAILS_WITH(1002, CLOSE(1016, "")) },
    { "1100",  FAILS_WITH(1002, CLOSE(1100, "")) },
    { "2000",  FAILS_WITH(1002, CLOSE(2000, "")) },
    { "2999",  FAILS_WITH(1002, CLOSE(2999, "")) },
    { "5000",  FAILS_WITH(1002, CLOSE(5000, "")) },
    { "65535", FAILS_WITH(1002, CLOSE(65535, "")) },
    { "1005 with a reason", FAILS_WITH(1002, CLOSE(1005, "no code")) },

    /* RFC 6455 5.5.1: what came before is answered first, what comes behind is not looked at. */
    { "message, then close",
        SENDS(TEXT_FRAME("last"), CLOSE(1000, "")),
        GETS(TEXT_FRAME("last"), CLOSE(1000, "")), CLOSES },
    { "long message, then close",
        SENDS(BINARY_OF(65536), CLOSE(1000, "")), GETS(BINARY_OF(65536), CLOSE(1000, "")), CLOSES },
    { "ping, then close",
        SENDS(PING("last"), CLOSE(1000, "")), GETS(PONG("last"), CLOSE(1000, "")), CLOSES },
    { "close twice",
        SENDS(CLOSE(1000, "first"), CLOSE(1001, "second")),
        GETS(CLOSE(1000, "first")), CLOSES_EARLY },
    { "close, then ping",
        SENDS(CLOSE(1000, ""), PING("late")), GETS(CLOSE(1000, "")), CLOSES_EARLY },
    { "close, then text",
        SENDS(CLOSE(1000, ""), TEXT_FRAME("late")), GETS(CLOSE(1000, "")), CLOSES_EARLY },
    { "close, then a wrong frame",
        SENDS(CLOSE(1000, ""), FRAME(0xFF, "wrong")), GETS(CLOSE(1000, "")), CLOSES_EARLY },
    { "close, then 128 KiB",
        SENDS(CLOSE(1000, ""), BINARY_OF(MESSAGE_BYTES_MAX)), GETS(CLOSE(1000, "")), CLOSES_EARLY },
    { "close without a code, then text",
        SENDS(CLOSE_WITHOUT_CODE, TEXT_FRAME("late")), GETS(CLOSE_WITHOUT_CODE), CLOSES_EARLY },
    { "wrong frame, then close",
        SENDS(FRAME(0xFF, "wrong"), CLOSE(1000, "")), NOTHING, 1002 },
    { "wrong frame, then 128 KiB",
        SENDS(FRAME(FIN | 0x3, ""), BINARY_OF(MESSAGE_BYTES_MAX)), NOTHING, 1002 },
};
// clang-format on

const struct case_table cases_closing = { cases, COUNT_OF(cases) };

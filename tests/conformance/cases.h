/* The tables of what is said to the program and what it must answer. They hold for both sides. */
#ifndef CONFORMANCE_CASES_H
#define CONFORMANCE_CASES_H

#include "conformance/wire.h"

enum {
    STAYS_OPEN = 0, /* The runner closes with 1000, and that is answered next. */
    CLOSES,         /* The last that is sent is a Close frame, the last answer its answer. */
    CLOSES_EARLY,   /* The same, and more is sent behind the Close frame. */
    FAILS = 1000,   /* From here on: the code of the Close frame that comes behind the answers. */
};

/* The program's limit for messages while these tables run. */
enum { MESSAGE_BYTES_MAX = 128 * 1024 };

/* One line of a table. Each is sent in one write, frame by frame and octet by octet. */
struct frames_case {
    const char *name;
    struct pieces sends;
    struct pieces answers;
    int end;
};

#define SENDS(...) PIECES(__VA_ARGS__)
#define GETS(...)  PIECES(__VA_ARGS__)

struct case_table {
    const struct frames_case *cases;
    size_t count;
};
extern const struct case_table cases_framing;
extern const struct case_table cases_pings;
extern const struct case_table cases_reserved_bits;
extern const struct case_table cases_reserved_opcodes;
extern const struct case_table cases_fragments;
extern const struct case_table cases_closing;
extern const struct case_table cases_automatic_fragments;

/* A text, and where it stops being UTF-8. */
struct utf8_case {
    const char *name;
    struct weft_bytes text;
    int wrong_at; /* The octet that cannot continue; UTF8_VALID; UTF8_CUT: its end is missing. */
};
enum { UTF8_VALID = -1, UTF8_CUT = -2 };
extern const struct utf8_case cases_utf8[];
extern const size_t cases_utf8_count;

#endif

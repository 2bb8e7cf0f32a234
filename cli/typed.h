/* A line that a person typed: a message, or a command that begins with a slash. Pure. */
#ifndef CLI_TYPED_H
#define CLI_TYPED_H

#include <stddef.h>
#include <stdint.h>

enum typed_kind {
    TYPED_NOTHING, /* An empty line. */
    TYPED_TEXT,
    TYPED_BINARY,
    TYPED_PING,
    TYPED_CLOSE,
    TYPED_HELP,
    TYPED_WRONG, /* `problem` says what. */
};

struct typed {
    enum typed_kind kind;
    const char *data; /* TEXT, BINARY, PING: the payload, inside the line. */
    size_t bytes;
    uint16_t code;       /* CLOSE: 0 when none was typed. */
    const char *reason;  /* CLOSE: NULL when none was typed. */
    const char *problem; /* WRONG: one sentence. */
};

/* The lines of /help. */
extern const char *const typed_help[];
extern const size_t typed_help_count;

/* Takes the line apart, in place; the result points into it. */
struct typed typed_parse(char *line);

#endif

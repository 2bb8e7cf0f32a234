/* The options of one command: a table from which they are read and --help is printed. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "cli.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ARGS_TEXTS_MAX = 64 };

/* The values of an option that may be repeated. */
struct args_texts {
    const char *items[ARGS_TEXTS_MAX];
    size_t count;
};

/* A time; 0 may be given too, so that "given" has a field of its own. */
struct args_seconds {
    bool given;
    uint32_t ms;
};

enum args_kind {
    ARGS_FLAG,    /* bool */
    ARGS_TEXT,    /* const char * */
    ARGS_TEXTS,   /* struct args_texts */
    ARGS_BYTES,   /* uint64_t, with a suffix k, M or G */
    ARGS_COUNT,   /* uint32_t, at least 1 */
    ARGS_SECONDS, /* struct args_seconds */
};

struct args_option {
    const char *name; /* Without the dashes. */
    char letter;      /* Or 0. */
    enum args_kind kind;
    void *target;           /* Of the type that the kind says. */
    const char *value_name; /* In --help; NULL for a flag. */
    const char *help;
};

struct args_table {
    const char *command;
    const char *synopsis; /* Behind "usage: weft command ". */
    const char *summary;  /* What the command does. */
    const char *details;  /* Behind the options, or NULL. */
    const struct args_option *options;
    size_t option_count;
    const char **operands; /* Where the other arguments go; the table has room for operand_max. */
    size_t operand_max;
    size_t operand_count;
};

enum args_outcome { ARGS_GO_ON, ARGS_HELP_SHOWN, ARGS_WRONG };

/* Reads argv[1] and what follows. ARGS_WRONG: one line on stderr has said what. */
enum args_outcome args_parse(struct args_table *table, int argc, char **argv);

/* One line on stderr that points to --help; answers CLI_USAGE. */
enum cli_status args_complain(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Values. false: not one. */
bool args_read_bytes(const char *text, uint64_t *bytes_out);
bool args_read_count(const char *text, uint32_t *count_out);
bool args_read_seconds(const char *text, uint32_t *ms_out);

#endif

/* The real program as a child, its input and output gathered while the test does something else. */
#ifndef SUPPORT_PROCESS_H
#define SUPPORT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "support/cases.h"

/* What came out of one descriptor so far; a zero stands behind it. */
struct gathered {
    int fd; /* -1: at its end. */
    char *data;
    size_t count, capacity;
};

struct process {
    pid_t pid;
    int in;             /* -1: closed. */
    const char *unsent; /* What goes there next. Lent. */
    size_t unsent_bytes;
    bool ends_input; /* Closes `in` behind it. */
    struct gathered out, err;
    int exit_status; /* -1: still alive; 128 + n: ended by signal n. */
};

/* Starts the program with these arguments (the first is not its name; NULL ends them). The child
 * dies with the test. */
void process_start(struct process *process, const char *const *arguments);

/* The same on a pseudo-terminal of 24 lines and 80 columns: `in` and `out` are its other end,
 * errors come there too. `home` becomes HOME. */
void process_start_on_terminal(struct process *process, const char *const *arguments,
                               const char *home);

/* Another program than `weft`, by its path. */
void process_start_program(struct process *process, const char *program,
                           const char *const *arguments);

/* Writes what the child is ready to read, gathers what it wrote, sees whether it has ended; waits
 * up to timeout_ms for any of these. */
void process_pump(struct process *process, int timeout_ms);

/* Gives the child more input, lent until it was taken. `is_last`: the input ends with it. */
void process_write(struct process *process, const void *data, size_t bytes, bool is_last);

/* Pumps until the condition holds; fails the test when it does not within 20 s. */
#define process_until(process, condition)                                                          \
    do {                                                                                           \
        for (int turns_ = 0; !(condition); turns_++) {                                             \
            if (!process_turn((process), turns_))                                                  \
                process_fail((process), #condition);                                               \
        }                                                                                          \
    } while (0)
bool process_turn(struct process *process, int turns);
void process_fail(const struct process *process, const char *condition);

/* Waits for its end and for the last of its output; answers the exit status. */
int process_end(struct process *process);

/* Frees what was gathered; a child that still lives is killed. */
void process_free(struct process *process);

/* Runs the program to its end with an input that is a string (NULL: none). */
int process_run(struct process *process, const char *input, const char *const *arguments);

/* Starts `weft serve --quiet` on a free port with further arguments. `url_out` gets
 * "ws://127.0.0.1:N", or wss:, see support/secure.h. */
void process_serve(struct process *process, char *url_out, size_t url_bytes,
                   const char *const *arguments);

/* SIGTERM, and the exit status 0 that belongs to it; then process_free(). */
void process_end_server(struct process *process);

size_t process_count_lines(const struct gathered *gathered);

#endif

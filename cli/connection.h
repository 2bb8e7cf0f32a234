/* One connection of weft connect: its state, how it sends, and how it ends. */
#ifndef CLI_CONNECTION_H
#define CLI_CONNECTION_H

#include "connect_options.h"
#include "input.h"
#include "output.h"
#include "signals.h"

enum { PING_BYTES_MAX = 125 };

struct connection {
    struct connect_options options;
    weft_tls *tls; /* NULL: the library's default. */
    weft_loop *loop;
    weft_socket *socket;
    struct signals *signals;
    struct input *input;
    weft_timer *wait_timer;
    struct output output;
    uint64_t sent, received;
    bool is_interactive;
    bool was_open;
    bool has_started; /* The input is read since the first connection. */
    bool input_has_ended;
    bool is_interrupted;
    bool has_failed; /* A line on stderr has said why. */
    bool ping_is_out;
    size_t ping_bytes;
    char ping[PING_BYTES_MAX];
    enum cli_status status;
};

/* ---- connection_end.c ---- */
/* Reads no more, and closes with 1000. */
void connection_close(struct connection *connection);
/* Says why and ends; the server sees an orderly end all the same. */
void connection_fail(struct connection *connection, const char *what, const char *why);
/* The input has ended: as many answers as questions are enough, else silence ends the waiting. */
void connection_wait_for_answers(struct connection *connection);
/* The time of that waiting is over. */
void connection_on_wait_over(weft_timer *timer, void *user);

/* ---- connection_input.c ---- */
/* Starts to read the standard input, or the terminal. With --echo nothing is read. */
weft_status connection_start_input(struct connection *connection);
weft_status connection_send(struct connection *connection, enum weft_message_type type,
                            struct weft_text payload);
void connection_on_drained(weft_socket *socket, void *user);
void connection_on_pong(weft_socket *socket, struct weft_bytes payload, void *user);

#endif

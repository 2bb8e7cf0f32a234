/* Received messages on standard output. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "weft/socket.h"

struct output {
    int fd;
    bool is_raw;      /* Only the payloads, nothing between them. */
    bool is_terminal; /* For people: nothing that steers the terminal, binary as hex. */
    const char *mark; /* At the start of each message on a terminal. */
};

/* Waits until all is written: what is not read there is not read from the server either. false:
 * nobody reads there any more, or errno says what is wrong; EINTR: a signal came. */
bool output_message(const struct output *output, const struct weft_message_event *message);

#endif

/* What a server may answer to a request for a WebSocket, right and wrong. */
#ifndef CONFORMANCE_ANSWERS_H
#define CONFORMANCE_ANSWERS_H

#include <stdbool.h>

#include "support/cases.h"

struct answer_case {
    const char *name;
    struct weft_bytes answer; /* Where it says {accept}, the value that fits the key is put. */
    const char *says;         /* Stands in the one line on stderr; NULL: the WebSocket opens. */
    const char *offers[3];    /* Subprotocols. */
    bool ends;                /* TCP ends behind the answer. */
};
extern const struct answer_case cases_answers[];
extern const size_t cases_answers_count;

#define STATUS     "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE    "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define ACCEPT     "Sec-WebSocket-Accept: {accept}\r\n"
#define FIELDS     UPGRADE CONNECTION ACCEPT
#define END        "\r\n"

/* The right answer with further lines. */
#define WITH(text) BYTES_OF(STATUS FIELDS text END)

#endif

/* `weft connect --echo` under test: several are started ahead, each for one connection, so that a
 * table does not wait for each start. */
#ifndef CONFORMANCE_CLIENT_H
#define CONFORMANCE_CLIENT_H

#include "conformance/peer.h"
#include "support/process.h"

enum { CLIENTS_MAX = 8, CLIENT_ARGUMENTS_MAX = 8 };

struct client {
    struct process process;
    bool is_started;
    bool is_met;
    bool is_parted;
    bool must_fail; /* Exit status 1 and a line that says why; else 0. */
    bool is_silent; /* No line: who has interrupted it knows why. */
    char name[160]; /* Of its case. */
};

struct clients {
    int listener;
    char address[64];
    const char *arguments[CLIENT_ARGUMENTS_MAX]; /* Further ones. */
    struct client items[CLIENTS_MAX];
};

void clients_start(struct clients *clients, const char *const *arguments);
/* Looks at the end of all that have parted, and ends those that no case has met. */
void clients_end(struct clients *clients);

/* Accepts one of them and answers its handshake. */
struct client *clients_meet(struct clients *clients, struct peer *peer, const char *name);
/* Its TCP connection is closed: its exit status is looked at before it is started again. */
void clients_part(struct client *client, bool must_fail);

/* The answer of RFC 6455 4.2.2 to a request: the value of Sec-WebSocket-Accept. */
void client_accept_of(const char *request, char out[29]);

#endif

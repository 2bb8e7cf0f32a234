/* Runs the tables of frames against the program, whichever side it is. */
#ifndef CONFORMANCE_FRAMES_H
#define CONFORMANCE_FRAMES_H

#include "conformance/cases.h"
#include "conformance/peer.h"

/* How a conversation must end. */
struct parting {
    bool has_failed;   /* The program has failed the connection. */
    bool may_be_reset; /* Octets of the peer may have crossed with the end. RFC 6455 7.1.1. */
};

/* Where the program meets its peer: it is the server and the peer connects, or it is started as a
 * client for each connection and the peer is its server. */
struct arena {
    bool is_thorough; /* Each way to send of each case; else the two that differ most. */
    /* An open WebSocket. */
    void (*meet)(struct arena *arena, struct peer *peer, const char *name);
    /* Behind the last frame: TCP's end, and what the program says to it. Closes the peer. */
    void (*part)(struct arena *arena, struct peer *peer, struct parting parting);
};

/* One test per table, as cmocka_run_group_tests() does; `start` fills the arena. */
int frames_run_tests(struct arena *arena, int (*start)(void **state), int (*end)(void **state));

#endif

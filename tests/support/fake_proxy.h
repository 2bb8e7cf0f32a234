/* A proxy that says what it is told to, in a thread of its own, on a free port of 127.0.0.1. */
#ifndef SUPPORT_FAKE_PROXY_H
#define SUPPORT_FAKE_PROXY_H

#include "weft/bytes.h"

#include <pthread.h>
#include <stdbool.h>

enum { FAKE_STEPS_MAX = 4, FAKE_SCRIPTS_MAX = 3, FAKE_HEARD_BYTES = 16384 };

/* First it hears, then it says. */
struct fake_step {
    size_t wants; /* So many bytes; 0: up to an empty line. */
    struct weft_bytes says;
};

enum fake_end {
    FAKE_RELAYS,   /* To the target. */
    FAKE_ENDS,     /* Closes. */
    FAKE_IS_SILENT /* Until the client has ended. */
};

/* Of one connection. */
struct fake_script {
    struct fake_step steps[FAKE_STEPS_MAX];
    size_t step_count;
    enum fake_end end;
};

struct fake_proxy {
    /* The test's. The last script is that of all further connections, too. */
    struct fake_script scripts[FAKE_SCRIPTS_MAX];
    size_t script_count;
    const char *target; /* "127.0.0.1:4711", whatever it is asked for. */
    bool is_bytewise;   /* Says single bytes. */

    char port[8];

    /* To be read when the thread has ended. */
    size_t connection_count;
    uint8_t heard[FAKE_HEARD_BYTES]; /* By the steps, of all connections. */
    size_t heard_bytes;

    pthread_t thread;
    int listener;
    int stop[2];
};

/* Chooses the port. */
void fake_proxy_open(struct fake_proxy *proxy);
/* From now on the thread reads what the test has said. */
void fake_proxy_start(struct fake_proxy *proxy);
/* Ends the thread and closes the port. */
void fake_proxy_stop(struct fake_proxy *proxy);

#endif

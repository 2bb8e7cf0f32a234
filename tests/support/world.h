/* A loop with a server on a free port, and sockets whose events are written down. */
#ifndef SUPPORT_WORLD_H
#define SUPPORT_WORLD_H

#include "weft/weft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Everything that a socket told, in order, as one line: "open message:hi close:1000/bye/clean ". */
struct record {
    char line[4096];
    size_t bytes;
    weft_socket *socket; /* Set at open. */
    struct weft_failure failure;
    char failure_text[256];
    int http_status;
    char http_body[256];
    char http_header[256]; /* The value of X-Why. */
    bool is_closed;
    bool echoes; /* Sends back what comes. */
    bool quiet;  /* Messages are counted, not written down. */
    size_t message_count;
    size_t message_bytes;
    enum weft_ready_state state_at_close;
    void (*on_message)(weft_socket *socket, const struct weft_message_event *message,
                       struct record *record);
    void (*on_open)(weft_socket *socket, struct record *record);
    void (*on_reconnect)(weft_socket *socket, const struct weft_reconnect_event *event,
                         struct record *record);
    uint32_t reconnect_delay_ms; /* Of the last on_reconnect. */
    uint64_t reconnect_dropped_bytes;
};

extern const struct weft_socket_events record_events;

struct world {
    weft_loop *loop;
    weft_server *server;
    char address[64]; /* "127.0.0.1:4711" */
    char url[96];     /* "ws://127.0.0.1:4711", or wss: */
};

void world_start(struct world *world, enum weft_backend backend);
/* Everything is ended; leaks are for the sanitizers to find. */
void world_end(struct world *world);

/* Adds a WebSocket route whose sockets write to `record`. */
void world_route(struct world *world, const char *pattern, struct record *record,
                 const struct weft_socket_settings *settings);

/* Connects a client whose events go to `record`; `path` begins with a slash. A reference is the
 * caller's. */
weft_socket *world_connect(struct world *world, const char *path, struct record *record,
                           const struct weft_connect_options *options);

/* Turns the loop until the condition holds; fails the test when it does not within 50 s. */
#define world_until(world, condition)                                                              \
    do {                                                                                           \
        for (int turns_ = 0; !(condition); turns_++) {                                             \
            if (!world_turn((world), turns_))                                                      \
                fail_msg("waited in vain for: %s", #condition);                                    \
        }                                                                                          \
    } while (0)
bool world_turn(struct world *world, int turns);

/* A blocking TCP connection that has done the handshake by hand at `path`; returns its descriptor.
 * The loop is turned meanwhile. */
int world_raw_websocket(struct world *world, const char *path);

#endif

/* A client by hand: bytes out, answers in, on a loop that is turned by hand in the same thread. */
#ifndef SUPPORT_RAW_CLIENT_H
#define SUPPORT_RAW_CLIENT_H

#include "weft/weft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct raw_client {
    weft_loop *loop;
    int fd;
    char *data; /* What came and was not taken; ends with a zero. */
    size_t bytes;
    size_t room;
    bool has_ended; /* The server has ended its direction, or reset. */
    bool was_reset;
    bool is_slow; /* Reads a little at a time. */
};

/* Connects to "127.0.0.1:4711", "[::1]:4711" or "unix:/path"; over TLS when that is on. */
void raw_open(struct raw_client *client, weft_loop *loop, const char *address);
void raw_close(struct raw_client *client);

/* Turns the loop until the condition holds; fails the test when it does not within 20 s. */
#define raw_until(loop, condition)                                                                 \
    do {                                                                                           \
        for (int turns_ = 0;; turns_++) {                                                          \
            if (condition)                                                                         \
                break;                                                                             \
            if (!raw_turn((loop), turns_))                                                         \
                fail_msg("waited in vain for: %s", #condition);                                    \
        }                                                                                          \
    } while (0)
bool raw_turn(weft_loop *loop, int turns);

/* Writes all of it. */
void raw_send(struct raw_client *client, const char *text);
void raw_send_bytes(struct raw_client *client, const void *data, size_t bytes);

/* Reads what is there, without waiting. */
void raw_receive(struct raw_client *client);

/* An answer of HTTP, taken from what came. */
struct raw_answer {
    int status;
    char head[8192]; /* With the empty line. */
    char *body;      /* Ends with a zero; freed by the next raw_answer() with it, or raw_drop(). */
    size_t body_bytes;
};

/* Waits for one answer and takes it; a 101 and an answer to HEAD (`is_head`) have no body.
 * Zero-filled before its first use. */
void raw_take(struct raw_client *client, struct raw_answer *answer, bool is_head);
void raw_drop(struct raw_answer *answer);

/* The value of a field, or NULL; in one of four static buffers that take turns. */
const char *raw_field(const struct raw_answer *answer, const char *name);

/* Waits for the server's end; nothing may have come before it that was not taken. */
void raw_expect_end(struct raw_client *client);

/* Waits for a frame of the server's and takes it: up to 125 bytes, final, unmasked. Returns its
 * opcode; *out ends with a zero. */
int raw_take_frame(struct raw_client *client, char *out, size_t out_bytes, size_t *count_out);

/* Sends a frame of up to 125 bytes, masked with zeros. */
void raw_send_frame(struct raw_client *client, int opcode, const void *payload, size_t bytes);

/* The request of a WebSocket at `target`; `more` has further lines, each with its "\r\n". */
void raw_send_upgrade(struct raw_client *client, const char *target, const char *more);

#endif

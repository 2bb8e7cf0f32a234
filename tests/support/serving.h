/* A server on a free port, one per test and backend, asked by raw clients. */
#ifndef SUPPORT_SERVING_H
#define SUPPORT_SERVING_H

#include "support/raw_client.h"

struct serving {
    weft_loop *loop;
    weft_server *server; /* A test may destroy it, and sets it to NULL. */
    char address[64];
};

/* For tests that need other options: ends what set_up has made, and starts anew. */
void serving_restart(struct serving *serving, const struct weft_server_options *options);

int serving_set_up_epoll(void **state);
int serving_set_up_poll(void **state);
int serving_tear_down(void **state);

/* Two tests: one per backend. */
#define SERVING_TEST(function)                                                                     \
    { #function " (epoll)", function, serving_set_up_epoll, serving_tear_down, NULL },             \
    {                                                                                              \
#        function " (poll)", function, serving_set_up_poll, serving_tear_down, NULL                \
    }

/* Asks once, on a connection of its own, which is left open in *client. */
void serving_ask(struct serving *serving, struct raw_client *client, struct raw_answer *answer,
                 const char *request);

struct weft_server_counts serving_counts(const struct serving *serving);

#endif

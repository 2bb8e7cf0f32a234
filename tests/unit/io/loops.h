/* What the tests of io share: a loop on each backend, and waiting for a condition. */
#ifndef UNIT_IO_LOOPS_H
#define UNIT_IO_LOOPS_H

#include "support/cases.h"
#include "weft/loop.h"

#include <stdbool.h>
#include <time.h>

static const enum weft_backend backends[] = { WEFT_BACKEND_EPOLL, WEFT_BACKEND_POLL };

static inline weft_loop *make_loop(enum weft_backend backend)
{
    weft_loop *loop = NULL;
    struct weft_loop_options options = { .backend = backend };
    assert_int_equal(weft_loop_create(&options, &loop), WEFT_OK);
    return loop;
}

/* cmocka's setup and teardown for a test on one backend: the state is the loop. */
static inline int setup_epoll(void **state)
{
    *state = make_loop(WEFT_BACKEND_EPOLL);
    return 0;
}

static inline int setup_poll(void **state)
{
    *state = make_loop(WEFT_BACKEND_POLL);
    return 0;
}

static inline int teardown_loop(void **state)
{
    weft_loop_destroy(*state);
    return 0;
}

/* The same test on both. */
#define ON_BOTH(test)                                                                              \
    { #test " (epoll)", test, setup_epoll, teardown_loop, NULL },                                  \
    {                                                                                              \
#        test " (poll)", test, setup_poll, teardown_loop, NULL                                     \
    }

static inline uint64_t real_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static inline void turn(weft_loop *loop, int timeout_ms)
{
    assert_int_equal(weft_loop_turn(loop, timeout_ms), WEFT_OK);
}

/* Turns the loop until the condition holds. */
#define until(loop, condition)                                                                     \
    do {                                                                                           \
        for (uint64_t from_ms_ = real_ms(); !(condition);) {                                       \
            if (real_ms() - from_ms_ > 20000)                                                      \
                fail_msg("waited in vain for: %s", #condition);                                    \
            turn((loop), 50);                                                                      \
        }                                                                                          \
    } while (0)

#endif

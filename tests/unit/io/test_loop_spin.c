/* A loop that looks for work before it sleeps. Where it is to find something while it looks, it
 * would look for minutes: a test that waits for the end of that does not end in time. */
#include "io/loop.h"

#include "unit/io/loops.h"

#include <pthread.h>
#include <unistd.h>

enum { MINUTES_US = 600 * 1000000 };

static weft_loop *make_spinning(enum weft_backend backend, uint32_t spin_us)
{
    weft_loop *loop = NULL;
    struct weft_loop_options options = { .backend = backend, .spin_us = spin_us };
    assert_int_equal(weft_loop_create(&options, &loop), WEFT_OK);
    return loop;
}

struct reader {
    int count; /* First: what an outsider waits for. */
    int fd;
};

static void count(void *user)
{
    ++*(int *)user;
}

static void count_timer(weft_timer *timer, void *user)
{
    (void)timer;
    count(user);
}

/* What has come is taken, so that one write counts once. */
static void take_byte(weft_watch *watch, int ready, void *user)
{
    (void)watch;
    struct reader *reader = user;
    char byte;
    assert_int_equal(ready, WEFT_READABLE);
    assert_int_equal(read(reader->fd, &byte, 1), 1);
    reader->count++;
}

struct outsider {
    weft_loop *loop;
    int *ran;
    int fd; /* To be written to; or -1: posts. */
};

static void *act_from_outside(void *user)
{
    struct outsider *outsider = user;
    if (outsider->fd >= 0)
        return (void *)(write(outsider->fd, "x", 1) == 1 ? NULL : user);
    return (void *)(weft_loop_post(outsider->loop, count, outsider->ran) ? user : NULL);
}

static void from_outside(struct outsider *outsider)
{
    pthread_t thread;
    void *failed;
    int before = *outsider->ran;
    assert_int_equal(pthread_create(&thread, NULL, act_from_outside, outsider), 0);
    while (*outsider->ran == before)
        turn(outsider->loop, -1);
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
}

/* Found while it looks, or, with so short a look, woken. */
static void test_posts(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT_OF(backends); i++) {
        int ran = 0;
        weft_loop *loop = make_spinning(backends[i / 2], i % 2 ? 1 : MINUTES_US);
        struct outsider outsider = { loop, &ran, -1 };
        for (int round = 0; round < 50; round++)
            from_outside(&outsider);
        assert_int_equal(ran, 50);
        weft_loop_destroy(loop);
    }
}

static void test_descriptors(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT_OF(backends); i++) {
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        struct reader reader = { 0, fds[0] };
        weft_loop *loop = make_spinning(backends[i / 2], i % 2 ? 1 : MINUTES_US);
        weft_watch *watch;
        assert_int_equal(weft_watch_create(loop, fds[0], WEFT_READABLE, take_byte, &reader, &watch),
                         WEFT_OK);
        struct outsider outsider = { loop, &reader.count, fds[1] };
        for (int round = 0; round < 20; round++)
            from_outside(&outsider);
        assert_int_equal(reader.count, 20);
        weft_watch_destroy(watch);
        weft_loop_destroy(loop);
        close(fds[0]);
        close(fds[1]);
    }
}

/* Neither the caller's time nor a timer's is passed for looking. */
static void test_ends_in_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(backends); i++) {
        int ran = 0;
        weft_loop *loop = make_spinning(backends[i], MINUTES_US);
        turn(loop, 0);
        turn(loop, 1);
        turn(loop, 20);
        weft_timer *timer;
        assert_int_equal(weft_timer_create(loop, count_timer, &ran, &timer), WEFT_OK);
        weft_timer_start(timer, 5, 0);
        while (!ran)
            turn(loop, -1);
        weft_timer_start(timer, 0, 0);
        while (ran < 2)
            turn(loop, -1);
        weft_timer_destroy(timer);
        weft_loop_destroy(loop);
    }
}

/* When it has looked for long enough it waits for the rest of the time, and no longer. */
static void test_waits_for_the_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(backends); i++) {
        weft_loop *loop = make_spinning(backends[i], 5000);
        uint64_t begin_ms = real_ms();
        turn(loop, 30);
        assert_true(real_ms() - begin_ms >= 29);
        weft_loop_destroy(loop);
    }
}

static void *stop_from_outside(void *loop)
{
    weft_loop_stop(loop);
    return NULL;
}

static void test_stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(backends); i++) {
        weft_loop *loop = make_spinning(backends[i], MINUTES_US);
        int ran = 0;
        weft_timer *timer; /* Something to live for. */
        assert_int_equal(weft_timer_create(loop, count_timer, &ran, &timer), WEFT_OK);
        weft_timer_start(timer, 3600 * 1000, 0);
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, stop_from_outside, loop), 0);
        assert_int_equal(weft_loop_run(loop), WEFT_OK);
        pthread_join(thread, NULL);
        weft_timer_destroy(timer);
        weft_loop_destroy(loop);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_posts),        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_ends_in_time), cmocka_unit_test(test_waits_for_the_rest),
        cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

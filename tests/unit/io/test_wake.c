#include "io/wake.h"

#include "io/loop.h"
#include "unit/io/loops.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { POSTERS = 8, POSTS_EACH = 5000 };

struct poster {
    weft_loop *loop;
    pthread_t thread;
    int expected; /* The number of its next post, as the loop sees them. */
};

struct numbered {
    struct poster *poster;
    int number;
};

static int posts_run;

static void run_numbered(void *user)
{
    struct numbered *post = user;
    assert_true(wf_loop_is_current(post->poster->loop));
    assert_int_equal(post->number, post->poster->expected);
    post->poster->expected++;
    posts_run++;
    free(post);
}

static void *post_many(void *user)
{
    struct poster *poster = user;
    if (wf_loop_is_current(poster->loop))
        abort();
    for (int i = 0; i < POSTS_EACH; i++) {
        struct numbered *post = malloc(sizeof *post);
        if (!post)
            abort();
        *post = (struct numbered){ poster, i };
        if (weft_loop_post(poster->loop, run_numbered, post))
            abort();
    }
    return NULL;
}

static void test_order_per_thread(void **state)
{
    weft_loop *loop = *state;
    struct poster posters[POSTERS];
    posts_run = 0;
    for (int i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){ .loop = loop };
        assert_int_equal(pthread_create(&posters[i].thread, NULL, post_many, &posters[i]), 0);
    }
    until(loop, posts_run == POSTERS * POSTS_EACH);
    for (int i = 0; i < POSTERS; i++)
        pthread_join(posters[i].thread, NULL);
}

static void *post_one(void *user)
{
    struct poster *poster = user;
    struct numbered *post = malloc(sizeof *post);
    if (!post)
        abort();
    *post = (struct numbered){ poster, 0 };
    if (weft_loop_post(poster->loop, run_numbered, post))
        abort();
    return NULL;
}

/* The loop sleeps without an end in sight, and is woken. */
static void test_wakes(void **state)
{
    weft_loop *loop = *state;
    posts_run = 0;
    for (int i = 0; i < 200; i++) {
        struct poster poster = { .loop = loop };
        assert_int_equal(pthread_create(&poster.thread, NULL, post_one, &poster), 0);
        while (posts_run == i)
            turn(loop, -1);
        pthread_join(poster.thread, NULL);
    }
}

static int rounds;

static void post_again(void *user)
{
    if (++rounds < 5)
        assert_int_equal(weft_loop_post(user, post_again, user), WEFT_OK);
}

static void test_own_thread(void **state)
{
    weft_loop *loop = *state;
    rounds = 0;
    assert_int_equal(weft_loop_post(loop, post_again, loop), WEFT_OK);
    assert_int_equal(rounds, 0);
    assert_true(weft_loop_is_alive(loop));
    assert_int_equal(weft_loop_next_deadline_ms(loop), 0);
    turn(loop, -1);
    assert_int_equal(rounds, 1); /* What it posts is for the next turn. */
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_int_equal(rounds, 5);
}

static void test_fd_tells(void **state)
{
    weft_loop *loop = *state;
    if (weft_loop_fd(loop) < 0)
        return;
    struct pollfd seen = { .fd = weft_loop_fd(loop), .events = POLLIN };
    assert_int_equal(poll(&seen, 1, 0), 0);
    rounds = 4;
    assert_int_equal(weft_loop_post(loop, post_again, loop), WEFT_OK);
    assert_int_equal(poll(&seen, 1, 0), 1);
    turn(loop, 0);
    assert_int_equal(rounds, 5);
    assert_int_equal(poll(&seen, 1, 0), 0);
}

static void count_round(void *user)
{
    (void)user;
    rounds++;
}

static void stop_loop(void *user)
{
    weft_loop_stop(user);
    assert_int_equal(weft_loop_post(user, count_round, NULL), WEFT_OK);
}

static void test_stop(void **state)
{
    weft_loop *loop = *state;
    rounds = 0;
    assert_int_equal(weft_loop_post(loop, stop_loop, loop), WEFT_OK);
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_int_equal(rounds, 0);
    assert_int_equal(weft_loop_run(loop), WEFT_OK); /* Goes on where it was left. */
    assert_int_equal(rounds, 1);

    weft_loop_stop(loop); /* Before the run: it ends before its first turn. */
    assert_int_equal(weft_loop_post(loop, count_round, NULL), WEFT_OK);
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_int_equal(rounds, 1);
}

static void *stop_it(void *user)
{
    weft_loop_stop(user);
    return NULL;
}

static void never(weft_timer *timer, void *user)
{
    (void)timer;
    (void)user;
    fail();
}

static weft_timer *keep_alive(weft_loop *loop)
{
    weft_timer *timer;
    assert_int_equal(weft_timer_create(loop, never, NULL, &timer), WEFT_OK);
    weft_timer_start(timer, 3600000, 0);
    return timer;
}

static void test_stop_from_thread(void **state)
{
    weft_loop *loop = *state;
    weft_timer *timer = keep_alive(loop);
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, stop_it, loop), 0);
        assert_int_equal(weft_loop_run(loop), WEFT_OK);
        pthread_join(thread, NULL);
    }
    weft_timer_destroy(timer);
}

static weft_loop *signalled;

static void on_signal(int number)
{
    (void)number;
    weft_loop_stop(signalled);
}

static void *send_signal(void *user)
{
    pthread_kill(*(pthread_t *)user, SIGUSR1);
    return NULL;
}

static void test_stop_from_signal(void **state)
{
    weft_loop *loop = *state;
    weft_timer *timer = keep_alive(loop);
    struct sigaction action = { .sa_handler = on_signal }, before;
    signalled = loop;
    sigaction(SIGUSR1, &action, &before);
    pthread_t self = pthread_self(), thread;
    assert_int_equal(pthread_create(&thread, NULL, send_signal, &self), 0);
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    pthread_join(thread, NULL);
    sigaction(SIGUSR1, &before, NULL);
    weft_timer_destroy(timer);
}

/* The work that is posted last lets the loop be destroyed while its poster is still inside the
 * call. */
static void test_destroyed_behind_post(void **state)
{
    for (int i = 0; i < 200; i++) {
        weft_loop *loop = make_loop(i % 2 ? WEFT_BACKEND_EPOLL : WEFT_BACKEND_POLL);
        struct poster poster = { .loop = loop };
        posts_run = 0;
        assert_int_equal(pthread_create(&poster.thread, NULL, post_one, &poster), 0);
        while (!posts_run)
            turn(loop, -1);
        weft_loop_destroy(loop);
        pthread_join(poster.thread, NULL);
    }
    (void)state;
}

/* Posts that are never run are dropped with the loop. */
static void test_dropped(void **state)
{
    weft_loop *loop = *state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(weft_loop_post(loop, count_round, NULL), WEFT_OK);
    assert_int_equal(weft_loop_post(NULL, count_round, NULL), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_loop_post(loop, NULL, NULL), WEFT_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_order_per_thread),
        ON_BOTH(test_wakes),
        ON_BOTH(test_own_thread),
        ON_BOTH(test_fd_tells),
        ON_BOTH(test_stop),
        ON_BOTH(test_stop_from_thread),
        ON_BOTH(test_stop_from_signal),
        cmocka_unit_test(test_destroyed_behind_post),
        ON_BOTH(test_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

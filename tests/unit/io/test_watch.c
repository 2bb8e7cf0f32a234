#include "weft/loop.h"

#include "unit/io/loops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct seen {
    int count;
    int ready;
    void (*also)(weft_watch *watch, struct seen *seen);
};

static void on_ready(weft_watch *watch, int ready, void *user)
{
    struct seen *seen = user;
    seen->count++;
    seen->ready = ready;
    if (seen->also)
        seen->also(watch, seen);
}

static void test_pipe(void **state)
{
    weft_loop *loop = *state;
    struct seen in = { 0 }, out = { 0 };
    weft_watch *in_watch, *out_watch;
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(weft_watch_create(loop, ends[0], WEFT_READABLE, on_ready, &in, &in_watch),
                     WEFT_OK);
    assert_int_equal(weft_watch_create(loop, ends[1], 0, on_ready, &out, &out_watch), WEFT_OK);
    turn(loop, 0);
    assert_int_equal(in.count + out.count, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    turn(loop, -1);
    turn(loop, -1); /* For as long as it is ready. */
    assert_int_equal(in.count, 2);
    assert_int_equal(in.ready, WEFT_READABLE);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    turn(loop, 0);
    assert_int_equal(in.count, 2);
    assert_int_equal(weft_watch_set_interest(out_watch, WEFT_WRITABLE), WEFT_OK);
    turn(loop, -1);
    assert_int_equal(out.ready, WEFT_WRITABLE);
    assert_int_equal(out.count, 1);

    /* Without an interest it neither calls nor keeps the loop alive. */
    assert_int_equal(weft_watch_set_interest(out_watch, 0), WEFT_OK);
    turn(loop, 0);
    assert_int_equal(out.count, 1);
    assert_true(weft_loop_is_alive(loop));
    assert_int_equal(weft_watch_set_interest(in_watch, 0), WEFT_OK);
    assert_false(weft_loop_is_alive(loop));
    assert_int_equal(weft_watch_set_interest(in_watch, WEFT_READABLE), WEFT_OK);
    assert_true(weft_loop_is_alive(loop));

    /* The other end closes: who reads is told. */
    weft_watch_destroy(out_watch);
    close(ends[1]);
    turn(loop, -1);
    assert_int_equal(in.count, 3);
    assert_int_equal(in.ready, WEFT_READABLE);
    weft_watch_destroy(in_watch);
    close(ends[0]);
    assert_false(weft_loop_is_alive(loop));
}

static void test_both_ways(void **state)
{
    weft_loop *loop = *state;
    struct seen seen = { 0 };
    weft_watch *watch;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(
        weft_watch_create(loop, fds[0], WEFT_READABLE | WEFT_WRITABLE, on_ready, &seen, &watch),
        WEFT_OK);
    turn(loop, -1);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.ready, WEFT_READABLE | WEFT_WRITABLE);
    assert_int_equal(weft_watch_set_interest(watch, WEFT_WRITABLE), WEFT_OK);
    turn(loop, -1);
    assert_int_equal(seen.ready, WEFT_WRITABLE);
    weft_watch_destroy(watch);
    close(fds[0]);
    close(fds[1]);
}

static void destroy_self(weft_watch *watch, struct seen *seen)
{
    (void)seen;
    weft_watch_destroy(watch);
}

static weft_watch *pair[2];

static void destroy_both(weft_watch *watch, struct seen *seen)
{
    (void)watch;
    (void)seen;
    weft_watch_destroy(pair[0]);
    weft_watch_destroy(pair[1]);
}

static void test_destroyed_in_callback(void **state)
{
    weft_loop *loop = *state;
    struct seen seen = { .also = destroy_self }, both = { .also = destroy_both };
    int fds[2];
    weft_watch *watch;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(weft_watch_create(loop, fds[0], WEFT_WRITABLE, on_ready, &seen, &watch),
                     WEFT_OK);
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_int_equal(seen.count, 1);
    for (int i = 0; i < 2; i++)
        assert_int_equal(weft_watch_create(loop, fds[i], WEFT_WRITABLE, on_ready, &both, &pair[i]),
                         WEFT_OK);
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_int_equal(both.count, 1);
    close(fds[0]);
    close(fds[1]);
}

static int open_file(void)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    int fd = dup(fileno(file));
    fclose(file);
    assert_true(fd >= 0);
    return fd;
}

/* Ends the run after three rounds, and asks for something else in each. */
static void toggle(weft_watch *watch, struct seen *seen)
{
    if (seen->count == 3) {
        weft_watch_destroy(watch);
        return;
    }
    assert_int_equal(weft_watch_set_interest(watch, 0), WEFT_OK);
    assert_int_equal(
        weft_watch_set_interest(watch, seen->count % 2 ? WEFT_WRITABLE : WEFT_READABLE), WEFT_OK);
}

static void test_file(void **state)
{
    weft_loop *loop = *state;
    struct seen seen = { .also = toggle }, both = { .also = destroy_both };
    weft_watch *watch;
    int fd = open_file(), other = open_file();
    assert_int_equal(weft_watch_create(loop, fd, WEFT_READABLE, on_ready, &seen, &watch), WEFT_OK);
    turn(loop, -1);
    assert_int_equal(seen.count, 1); /* Once a turn. */
    assert_int_equal(seen.ready, WEFT_READABLE);
    turn(loop, -1);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.ready, WEFT_WRITABLE);
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_int_equal(seen.count, 3);

    assert_int_equal(weft_watch_create(loop, fd, WEFT_READABLE, on_ready, &both, &pair[0]),
                     WEFT_OK);
    assert_int_equal(weft_watch_create(loop, other, WEFT_READABLE, on_ready, &both, &pair[1]),
                     WEFT_OK);
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_int_equal(both.count, 1);
    close(fd);
    close(other);
}

static void test_arguments(void **state)
{
    weft_loop *loop = *state;
    struct seen seen = { 0 };
    weft_watch *watch;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(weft_watch_create(NULL, fds[0], 1, on_ready, &seen, &watch),
                     WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_watch_create(loop, -1, 1, on_ready, &seen, &watch), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_watch_create(loop, fds[0], 4, on_ready, &seen, &watch),
                     WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_watch_create(loop, fds[0], 1, NULL, &seen, &watch), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_watch_create(loop, fds[0], 1, on_ready, &seen, NULL), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_watch_create(loop, fds[0], 1, on_ready, &seen, &watch), WEFT_OK);
    assert_int_equal(weft_watch_set_interest(watch, 8), WEFT_ERR_ARGUMENT);

    /* One watch per descriptor. */
    weft_watch *second;
    assert_int_equal(weft_watch_create(loop, fds[0], 1, on_ready, &seen, &second), WEFT_ERR_SYSTEM);
    assert_int_equal(errno, EEXIST);
    weft_watch_destroy(NULL);
    weft_watch_destroy(watch);
    close(fds[1]);

    /* Forgotten ones go with the loop. */
    assert_int_equal(weft_watch_create(loop, fds[0], 1, on_ready, &seen, &watch), WEFT_OK);
    weft_loop_destroy(loop);
    *state = NULL;
    close(fds[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_pipe), ON_BOTH(test_both_ways), ON_BOTH(test_destroyed_in_callback),
        ON_BOTH(test_file), ON_BOTH(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

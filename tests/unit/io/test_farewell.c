/* The last words of a connection reach a peer that has not read them, whatever it sends. */
#include "io/farewell.h"

#include "support/fault_alloc.h"
#include "unit/io/streams.h"

#include <fcntl.h>

/* A stream that has said "bye" and its farewell; returns the peer's descriptor. */
static int part_from(weft_loop *loop, bool is_paused)
{
    int fds[2];
    struct end end = { 0 };
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(wf_stream_open(&end.stream, loop, fds[0], &end_events), WEFT_OK);
    send_text(&end, "bye");
    if (is_paused)
        wf_stream_pause(&end.stream);
    wf_farewell_begin(&end.stream);
    assert_false(wf_stream_is_open(&end.stream));
    return fds[1];
}

static int part(weft_loop *loop)
{
    return part_from(loop, false);
}

static bool can_send(int fd)
{
    return send(fd, "x", 1, MSG_NOSIGNAL) == 1;
}

/* All that was said comes, and then the end. */
static void check_reads_all(int fd)
{
    char said[8];
    assert_int_equal(recv(fd, said, sizeof said, 0), 3);
    assert_memory_equal(said, "bye", 3);
    assert_int_equal(recv(fd, said, sizeof said, 0), 0);
}

static void test_a_late_peer_reads_all(void **state)
{
    weft_loop *loop = *state;
    int fd = part(loop);
    for (int i = 0; i < 20; i++) {
        assert_true(can_send(fd));
        assert_int_equal(weft_loop_turn(loop, 0), WEFT_OK);
    }
    check_reads_all(fd);
    assert_true(weft_loop_is_alive(loop));
    close(fd);
    until(loop, !weft_loop_is_alive(loop));
}

/* What the stream waited for is not what its heir waits for. */
static void test_who_did_not_read_reads_now(void **state)
{
    weft_loop *loop = *state;
    int fd = part_from(loop, true);
    assert_true(can_send(fd));
    check_reads_all(fd);
    close(fd);
    until(loop, !weft_loop_is_alive(loop));
}

/* A reset is an end like another. */
static void test_a_peer_that_is_gone(void **state)
{
    weft_loop *loop = *state;
    int fd = part(loop);
    close(fd); /* With bytes unread. */
    until(loop, !weft_loop_is_alive(loop));
    struct end closed = { .stream = { .fd = -1 } };
    wf_farewell_begin(&closed.stream);
}

static void test_one_that_stays_is_left(void **state)
{
    weft_loop *loop = *state;
    int fd = part(loop);
    until(loop, !weft_loop_is_alive(loop)); /* WF_FAREWELL_MS */
    assert_false(can_send(fd));
    close(fd);
}

static void test_they_have_a_maximum(void **state)
{
    weft_loop *loop = *state;
    static int fds[WF_FAREWELLS_MAX];
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        fds[i] = part(loop);
    int more = part(loop);
    assert_false(can_send(more));
    check_reads_all(more);
    close(more);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        assert_true(can_send(fds[i]));
        check_reads_all(fds[i]);
        close(fds[i]);
    }
    until(loop, !weft_loop_is_alive(loop));
    int again = part(loop);
    assert_true(can_send(again));
    close(again);
}

/* With no memory the end is a plain one; the loop's own end takes what lingers with it. */
static void test_no_memory_and_the_loops_end(void **state)
{
    (void)state;
    struct fault_alloc fault;
    weft_loop *loop;
    fault_alloc_init(&fault, 0);
    struct weft_loop_options options = { .allocator = &fault.allocator };
    assert_int_equal(weft_loop_create(&options, &loop), WEFT_OK);
    fault.fails_at = fault.call_count + 1;
    int fd = part(loop);
    assert_true(fault.failed);
    assert_false(can_send(fd));
    check_reads_all(fd);
    close(fd);
    fd = part(loop);
    assert_true(can_send(fd));
    weft_loop_destroy(loop);
    assert_false(can_send(fd));
    close(fd);
    assert_int_equal(fault.live_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_a_late_peer_reads_all), ON_BOTH(test_who_did_not_read_reads_now),
        ON_BOTH(test_a_peer_that_is_gone),   ON_BOTH(test_one_that_stays_is_left),
        ON_BOTH(test_they_have_a_maximum),   cmocka_unit_test(test_no_memory_and_the_loops_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "io/loop.h"

#include "io/listener.h"
#include "io/query.h"
#include "io/timer.h"
#include "support/fault_alloc.h"
#include "unit/io/streams.h"

#include <poll.h>

static void test_options(void **state)
{
    (void)state;
    weft_loop *loop = NULL;
    struct weft_loop_options unknown = { .backend = (enum weft_backend)77 };
    assert_int_equal(weft_loop_create(&unknown, &loop), WEFT_ERR_UNSUPPORTED);
    assert_int_equal(weft_loop_create(NULL, NULL), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_loop_create(NULL, &loop), WEFT_OK);
    assert_null(wf_loop_allocator(loop));
    assert_non_null(wf_loop_pool(loop));
    assert_true(wf_loop_is_current(loop));
    assert_int_equal(weft_loop_turn(loop, -2), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_loop_turn(NULL, 0), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_loop_run(NULL), WEFT_ERR_ARGUMENT);
    weft_loop_stop(NULL);
    weft_loop_destroy(loop);
    weft_loop_destroy(NULL);
}

static void test_empty(void **state)
{
    weft_loop *loop = *state;
    assert_false(weft_loop_is_alive(loop));
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_int_equal(weft_loop_next_deadline_ms(loop), -1);
    turn(loop, 0);
    turn(loop, 5);
    uint64_t now_ms = weft_loop_now_ms(loop);
    assert_true(now_ms <= real_ms() && real_ms() - now_ms < 20000);
}

static void test_scratch(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 2; n++) {
        struct fault_alloc fault;
        weft_loop *loop;
        fault_alloc_init(&fault, 0);
        struct weft_loop_options options = { .allocator = &fault.allocator, .receive_bytes = 1 };
        assert_int_equal(weft_loop_create(&options, &loop), WEFT_OK);
        fault.fails_at = n ? fault.call_count + n : 0;
        struct weft_buffer plain = wf_loop_scratch(loop, WF_SCRATCH_PLAIN);
        struct weft_buffer sealed = wf_loop_scratch(loop, WF_SCRATCH_SEALED);
        assert_true(n == 1 ? plain.count == 0 : plain.count >= 16384);
        assert_true(n == 2 ? sealed.count == 0 : sealed.count >= 65536);
        fault.fails_at = 0;
        /* Made once; 64 bytes behind it are there to be read. */
        struct weft_buffer again = wf_loop_scratch(loop, WF_SCRATCH_PLAIN);
        assert_true(n == 1 || again.data == plain.data);
        memset(again.data, 1, again.count + 64);
        weft_loop_destroy(loop);
        assert_int_equal(fault.live_count, 0);
    }
}

static void nest(weft_timer *timer, void *user)
{
    weft_loop *loop = user;
    assert_int_equal(weft_loop_run(loop), WEFT_ERR_STATE);
    assert_int_equal(weft_loop_turn(loop, 0), WEFT_ERR_STATE);
    weft_timer_destroy(timer);
}

static void test_nested(void **state)
{
    weft_loop *loop = *state;
    weft_timer *timer;
    assert_int_equal(weft_timer_create(loop, nest, loop, &timer), WEFT_OK);
    weft_timer_start(timer, 0, 0);
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_int_equal(weft_timer_create(loop, nest, loop, &timer), WEFT_OK);
    weft_timer_start(timer, 0, 0);
    until(loop, !weft_loop_is_alive(loop));
}

/* What happens in one turn, in order. */
static char steps[32];

static void step(char name)
{
    size_t count = strlen(steps);
    assert_true(count + 1 < sizeof steps);
    steps[count] = name;
    steps[count + 1] = '\0';
}

static void soon_step(struct wf_timer *timer)
{
    (void)timer;
    step('s');
}

static void timer_step(struct wf_timer *timer)
{
    (void)timer;
    step('t');
}

static void post_step(void *user)
{
    (void)user;
    step('p');
}

static void stream_step(struct end *end)
{
    (void)end;
    step('r');
}

static void test_turn_order(void **state)
{
    weft_loop *loop = *state;
    struct wf_timer soon = { .on_timer = soon_step }, timer = { .on_timer = timer_step };
    struct end a = { .log = "" }, b = { .hook = stream_step };
    steps[0] = '\0';
    make_socketpair(loop, &a, &b);
    wf_timer_soon(loop, &soon);
    assert_int_equal(weft_loop_post(loop, post_step, NULL), WEFT_OK);
    wf_timer_start(loop, &timer, 0);
    for (uint64_t from_ms = real_ms(); real_ms() - from_ms < 10;)
        ;
    send_text(&a, "x");
    turn(loop, -1);
    assert_string_equal(steps, "rtps");
    end_close(&a);
    end_close(&b);
}

/* Driven from outside: sleeps in poll() on the loop's descriptor, with its deadline. */
static void test_foreign(void **state)
{
    weft_loop *loop = *state;
    if (weft_loop_fd(loop) < 0)
        return;
    struct end a = { .log = "" }, b = { .log = "" };
    struct wf_timer timer = { .on_timer = timer_step };
    steps[0] = '\0';
    make_socketpair(loop, &a, &b);
    wf_timer_start(loop, &timer, 30);
    send_text(&a, "hello");
    for (int rounds = 0; !steps[0] || !b.received_bytes; rounds++) {
        assert_true(rounds < 50);
        struct pollfd waits = { .fd = weft_loop_fd(loop), .events = POLLIN };
        assert_true(poll(&waits, 1, weft_loop_next_deadline_ms(loop)) >= 0);
        turn(loop, 0);
    }
    assert_true(has_received(&b, "hello"));
    end_close(&a);
    end_close(&b);
}

static void never_resolved(void *user, const struct wf_address *addresses, size_t count,
                           const char *failure_text)
{
    (void)addresses;
    (void)count;
    (void)failure_text;
    (*(int *)user)++;
}

static void ignore_timer(weft_timer *timer, void *user)
{
    (void)timer;
    (void)user;
}

static void ignore_watch(weft_watch *watch, int ready, void *user)
{
    (void)watch;
    (void)ready;
    (void)user;
}

/* One of everything, left to the loop; the first failure ends it. */
static weft_status one_of_each(const struct weft_allocator *allocator, enum weft_backend backend,
                               int fd, int *resolved)
{
    struct weft_loop_options options = { .backend = backend, .allocator = allocator };
    weft_loop *loop;
    weft_timer *timer;
    weft_watch *watch;
    struct wf_listener *listener;
    struct wf_resolve *resolve, *asked;
    struct wf_address address;
    weft_status status = weft_loop_create(&options, &loop);
    if (status)
        return status;
    assert_int_equal(wf_address_of_ip(&address, weft_text_of("127.0.0.1"), 0), WEFT_OK);
    status = weft_timer_create(loop, ignore_timer, NULL, &timer);
    if (!status)
        status = weft_watch_create(loop, fd, WEFT_READABLE, ignore_watch, NULL, &watch);
    if (!status)
        status = wf_listener_open(loop, &address, NULL, NULL, NULL, &listener);
    if (!status)
        status = wf_resolve_start(loop, weft_text_of("localhost"), 1, never_resolved, resolved,
                                  &resolve);
    if (!status)
        status = wf_resolver_use_servers(loop, "127.0.0.1:9"); /* Nobody answers there. */
    if (!status)
        status =
            wf_resolve_start(loop, weft_text_of("weft.test"), 1, never_resolved, resolved, &asked);
    weft_loop_destroy(loop);
    return status;
}

static void test_without_memory(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    for (size_t i = 0; i < COUNT_OF(backends); i++) {
        bool failed = true, succeeded = false;
        for (size_t n = 1; failed; n++) {
            struct fault_alloc fault;
            int resolved = 0;
            fault_alloc_init(&fault, n);
            weft_status status = one_of_each(&fault.allocator, backends[i], fds[0], &resolved);
            failed = fault.failed;
            if (status) {
                assert_true(failed);
                assert_int_equal(status, WEFT_ERR_MEMORY);
            } else {
                succeeded = true;
                assert_int_equal(resolved, 2);
            }
            assert_int_equal(fault.live_count, 0);
        }
        assert_true(succeeded);
    }
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_scratch),
        ON_BOTH(test_empty),
        ON_BOTH(test_nested),
        ON_BOTH(test_turn_order),
        ON_BOTH(test_foreign),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "io/wheel.h"

#include "support/cases.h"

#include <stdlib.h>

static struct wf_wheel wheel;

static void add(struct wf_timer *timer, uint64_t due_ms)
{
    timer->due_ms = due_ms;
    wf_wheel_add(&wheel, timer);
}

static void test_empty(void **state)
{
    (void)state;
    wf_wheel_init(&wheel, 12345);
    assert_true(wf_wheel_next_ms(&wheel) == UINT64_MAX);
    assert_null(wf_wheel_expire(&wheel, 99999));
    assert_null(wf_wheel_take(&wheel));
}

/* Each delay on its own, with the clock jumping to where the wheel wants to be asked: never early,
 * within a tick, and in few steps. */
static void test_delays(void **state)
{
    (void)state;
    static const uint64_t starts[] = { 4, 1000, 262143, 262144, 1234567891 };
    static const uint64_t delays[] = { 0,    1,     3,     4,     5,       255,      256,
                                       1000, 16383, 16384, 20000, 1048576, 86400000, 4294967295 };
    for (size_t s = 0; s < COUNT_OF(starts); s++) {
        for (size_t d = 0; d < COUNT_OF(delays); d++) {
            struct wf_timer timer = { .due_ms = 0 };
            uint64_t now_ms = starts[s], due_ms = now_ms + delays[d];
            wf_wheel_init(&wheel, now_ms);
            add(&timer, due_ms);
            int steps = 0;
            while (!wf_wheel_expire(&wheel, now_ms)) {
                uint64_t next_ms = wf_wheel_next_ms(&wheel);
                assert_true(next_ms > now_ms);
                now_ms = next_ms;
                assert_true(++steps <= WF_WHEEL_LEVELS);
            }
            assert_false(wf_link_is_linked(&timer.link));
            assert_true(now_ms >= due_ms && now_ms <= due_ms + 2 * WF_WHEEL_TICK_MS);
        }
    }
}

enum { MANY = 2000 };

/* Random timers, random jumps of the clock, random stops: all that is left comes in the order of
 * time and of adding, never early and never late. */
static void test_order(void **state)
{
    (void)state;
    static struct wf_timer timers[MANY];
    static bool is_out[MANY];
    srand(4711);
    for (int round = 0; round < 20; round++) {
        uint64_t now_ms = (uint64_t)rand(), start_ms = now_ms;
        int left = MANY;
        memset(timers, 0, sizeof timers);
        memset(is_out, 0, sizeof is_out);
        wf_wheel_init(&wheel, now_ms);
        for (int i = 0; i < MANY; i++)
            add(&timers[i], start_ms + 5 + (uint64_t)(rand() % (i % 2 ? 300 : 300000)));
        for (int i = 0; i < MANY; i += 7) {
            wf_link_remove(&timers[i].link);
            is_out[i] = true;
            left--;
        }
        struct wf_timer *last = NULL;
        while (left) {
            now_ms += (uint64_t)(rand() % 5000);
            for (struct wf_timer *timer; (timer = wf_wheel_expire(&wheel, now_ms)); left--) {
                assert_true(timer->due_ms <= now_ms);
                assert_false(is_out[timer - timers]);
                is_out[timer - timers] = true;
                if (last)
                    assert_true(last->due_ms < timer->due_ms ||
                                (last->due_ms == timer->due_ms && last < timer));
                last = timer;
            }
            for (int i = 0; i < MANY; i++)
                assert_true(is_out[i] || timers[i].due_ms + WF_WHEEL_TICK_MS > now_ms);
        }
        assert_true(wf_wheel_next_ms(&wheel) == UINT64_MAX);
    }
}

static void test_added_while_expiring(void **state)
{
    (void)state;
    struct wf_timer first = { .due_ms = 0 }, second = { .due_ms = 0 };
    wf_wheel_init(&wheel, 1000);
    add(&first, 1010);
    assert_ptr_equal(wf_wheel_expire(&wheel, 5000), &first);
    add(&second, 1001);
    add(&first, 5000);
    assert_null(wf_wheel_expire(&wheel, 5000));
    assert_non_null(wf_wheel_expire(&wheel, 5004));
    assert_non_null(wf_wheel_expire(&wheel, 5004));
    assert_null(wf_wheel_expire(&wheel, 5004));
}

static void test_take(void **state)
{
    (void)state;
    struct wf_timer timers[5] = { 0 };
    wf_wheel_init(&wheel, 0);
    for (unsigned i = 0; i < 5; i++)
        add(&timers[i], (uint64_t)1 << (6 * i));
    for (int i = 0; i < 5; i++)
        assert_non_null(wf_wheel_take(&wheel));
    assert_null(wf_wheel_take(&wheel));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty), cmocka_unit_test(test_delays),
        cmocka_unit_test(test_order), cmocka_unit_test(test_added_while_expiring),
        cmocka_unit_test(test_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "io/timer.h"

#include "io/loop.h"
#include "unit/io/loops.h"

#include <stdlib.h>

/* What has fired, in order. */
static char fired[64];

static void note(char name)
{
    size_t count = strlen(fired);
    assert_true(count + 1 < sizeof fired);
    fired[count] = name;
    fired[count + 1] = '\0';
}

struct named {
    struct wf_timer timer;
    weft_loop *loop;
    char name;
    void (*also)(struct named *self);
};

static void named_fires(struct wf_timer *timer)
{
    struct named *self = WF_CONTAINER_OF(timer, struct named, timer);
    assert_false(wf_timer_is_started(timer));
    note(self->name);
    if (self->also)
        self->also(self);
}

static struct named make_named(weft_loop *loop, char name)
{
    return (struct named){ .timer = { .on_timer = named_fires }, .loop = loop, .name = name };
}

static void test_order(void **state)
{
    weft_loop *loop = *state;
    struct named a = make_named(loop, 'a'), b = make_named(loop, 'b'), c = make_named(loop, 'c');
    fired[0] = '\0';
    uint64_t from_ms = real_ms();
    wf_timer_start(loop, &c.timer, 60);
    wf_timer_start(loop, &b.timer, 20);
    wf_timer_start(loop, &a.timer, 10);
    assert_string_equal(fired, "");
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_string_equal(fired, "abc");
    assert_true(real_ms() - from_ms >= 60);
    assert_false(weft_loop_is_alive(loop));
}

static void test_stop_and_restart(void **state)
{
    weft_loop *loop = *state;
    struct named a = make_named(loop, 'a'), b = make_named(loop, 'b');
    fired[0] = '\0';
    wf_timer_start(loop, &a.timer, 5);
    wf_timer_start(loop, &b.timer, 5);
    wf_timer_start(loop, &b.timer, 40);
    wf_timer_stop(loop, &a.timer);
    wf_timer_stop(loop, &a.timer);
    assert_false(wf_timer_is_started(&a.timer));
    uint64_t from_ms = real_ms();
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_string_equal(fired, "b");
    assert_true(real_ms() - from_ms >= 35);
}

static struct named *other;

static void test_start_by(void **state)
{
    weft_loop *loop = *state;
    struct named a = make_named(loop, 'a'), b = make_named(loop, 'b'), c = make_named(loop, 'c');
    fired[0] = '\0';
    wf_timer_start_by(loop, &b.timer, 40); /* Not started: it is now. */
    wf_timer_start(loop, &a.timer, 10);
    wf_timer_start_by(loop, &a.timer, 10000); /* It will be before that. */
    wf_timer_start(loop, &c.timer, 10000);
    wf_timer_start_by(loop, &c.timer, 70); /* It would be too late. */
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_string_equal(fired, "abc");
    fired[0] = '\0';
    wf_timer_soon(loop, &a.timer);
    wf_timer_start_by(loop, &a.timer, 10000);
    wf_timer_start(loop, &b.timer, 10);
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_string_equal(fired, "ab");
}

static void stop_other(struct named *self)
{
    wf_timer_stop(self->loop, &other->timer);
}

static void test_stop_in_callback(void **state)
{
    weft_loop *loop = *state;
    struct named a = make_named(loop, 'a'), b = make_named(loop, 'b');
    fired[0] = '\0';
    other = &b;
    a.also = stop_other;
    wf_timer_start(loop, &a.timer, 5);
    wf_timer_start(loop, &b.timer, 5); /* Expires with a, and is stopped before its turn. */
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_string_equal(fired, "a");
    assert_false(weft_loop_is_alive(loop));
}

static void free_self(struct wf_timer *timer)
{
    free(WF_CONTAINER_OF(timer, struct named, timer));
    note('f');
}

static void test_freed_in_callback(void **state)
{
    weft_loop *loop = *state;
    fired[0] = '\0';
    for (int i = 0; i < 2; i++) {
        struct named *named = calloc(1, sizeof *named);
        assert_non_null(named);
        named->timer.on_timer = free_self;
        if (i)
            wf_timer_start(loop, &named->timer, 1);
        else
            wf_timer_soon(loop, &named->timer);
    }
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_string_equal(fired, "ff");
}

static void soon_again(struct named *self)
{
    if (strlen(fired) < 5)
        wf_timer_soon(self->loop, &self->timer);
}

static void test_soon(void **state)
{
    weft_loop *loop = *state;
    struct named a = make_named(loop, 'a'), b = make_named(loop, 'b'), c = make_named(loop, 'c');
    fired[0] = '\0';
    a.also = soon_again;
    wf_timer_soon(loop, &a.timer);
    wf_timer_soon(loop, &b.timer);
    wf_timer_soon(loop, &c.timer);
    wf_timer_stop(loop, &b.timer);
    assert_int_equal(weft_loop_next_deadline_ms(loop), 0);
    turn(loop, -1);                   /* Does not wait. */
    assert_string_equal(fired, "ac"); /* What a starts anew is for the next turn. */
    turn(loop, -1);
    assert_string_equal(fired, "aca");
    turn(loop, -1);
    turn(loop, -1);
    assert_string_equal(fired, "acaaa");
    assert_false(weft_loop_is_alive(loop));
    assert_int_equal(weft_loop_next_deadline_ms(loop), -1);
}

static void become_soon(struct named *self)
{
    wf_timer_soon(self->loop, &other->timer);
}

/* A timer that is due comes before what is for the turn's end, and may add to that. */
static void test_soon_from_timer(void **state)
{
    weft_loop *loop = *state;
    struct named a = make_named(loop, 'a'), b = make_named(loop, 'b');
    fired[0] = '\0';
    other = &b;
    a.also = become_soon;
    wf_timer_start(loop, &b.timer, 3600000);
    wf_timer_start(loop, &a.timer, 1);
    until(loop, fired[0]);
    assert_string_equal(fired, "ab");
}

enum { CROWD = 100000 };
static size_t crowd_fired;

static void crowd_fires(struct wf_timer *timer)
{
    (void)timer;
    crowd_fired++;
}

static void test_crowd(void **state)
{
    weft_loop *loop = *state;
    struct wf_timer *crowd = calloc(CROWD, sizeof *crowd);
    assert_non_null(crowd);
    crowd_fired = 0;
    for (size_t i = 0; i < CROWD; i++) {
        crowd[i].on_timer = crowd_fires;
        wf_timer_start(loop, &crowd[i], 20000);
        wf_timer_start(loop, &crowd[i], (uint32_t)(i % 100));
    }
    for (size_t i = 0; i < CROWD; i += 10)
        wf_timer_stop(loop, &crowd[i]);
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_int_equal(crowd_fired, CROWD - CROWD / 10);
    free(crowd);
}

/* A delay counts from the call, also when the loop has not turned for a while. */
static void test_counts_from_call(void **state)
{
    weft_loop *loop = *state;
    struct named a = make_named(loop, 'a');
    fired[0] = '\0';
    turn(loop, 0);
    for (uint64_t from_ms = real_ms(); real_ms() - from_ms < 30;)
        ;
    uint64_t from_ms = real_ms();
    wf_timer_start(loop, &a.timer, 20);
    int deadline_ms = weft_loop_next_deadline_ms(loop);
    assert_true(deadline_ms >= 0 && deadline_ms <= 24);
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_true(real_ms() - from_ms >= 20);
}

static int beats;
static weft_timer *partner;

static void on_beat(weft_timer *timer, void *user)
{
    assert_ptr_equal(user, &beats);
    if (++beats == 4)
        weft_timer_stop(timer);
}

static void test_public_repeats(void **state)
{
    weft_loop *loop = *state;
    weft_timer *timer;
    beats = 0;
    assert_int_equal(weft_timer_create(loop, on_beat, &beats, &timer), WEFT_OK);
    assert_false(weft_loop_is_alive(loop));
    uint64_t from_ms = real_ms();
    weft_timer_start(timer, 8, 12);
    assert_true(weft_loop_is_alive(loop));
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_int_equal(beats, 4);
    assert_true(real_ms() - from_ms >= 8 + 3 * 12);
    weft_timer_start(timer, 1, 0);
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_int_equal(beats, 5);
    weft_timer_destroy(timer);
}

static void on_destroy_both(weft_timer *timer, void *user)
{
    (void)user;
    beats++;
    weft_timer_destroy(timer);
    weft_timer_destroy(partner);
}

static void test_public_destroyed_in_callback(void **state)
{
    weft_loop *loop = *state;
    weft_timer *timer;
    beats = 0;
    assert_int_equal(weft_timer_create(loop, on_destroy_both, NULL, &timer), WEFT_OK);
    assert_int_equal(weft_timer_create(loop, on_beat, &beats, &partner), WEFT_OK);
    weft_timer_start(timer, 5, 5);
    weft_timer_start(partner, 5, 5);
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_int_equal(beats, 1);
}

/* Started and stopped ones that the user forgets go with the loop; a sanitizer sees leaks. */
static void test_forgotten(void **state)
{
    weft_loop *loop = *state;
    struct named a = make_named(loop, 'a');
    weft_timer *timer;
    assert_int_equal(weft_timer_create(loop, on_beat, &beats, &timer), WEFT_OK);
    assert_int_equal(weft_timer_create(loop, on_beat, &beats, &timer), WEFT_OK);
    weft_timer_start(timer, 1000, 0);
    wf_timer_start(loop, &a.timer, 1000);
    weft_timer_destroy(NULL);
    weft_loop_destroy(loop);
    assert_false(wf_timer_is_started(&a.timer));
    *state = NULL;
}

static void test_arguments(void **state)
{
    weft_loop *loop = *state;
    weft_timer *timer;
    assert_int_equal(weft_timer_create(NULL, on_beat, NULL, &timer), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_timer_create(loop, NULL, NULL, &timer), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_timer_create(loop, on_beat, NULL, NULL), WEFT_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_order),
        ON_BOTH(test_stop_and_restart),
        ON_BOTH(test_start_by),
        ON_BOTH(test_stop_in_callback),
        ON_BOTH(test_freed_in_callback),
        ON_BOTH(test_soon),
        ON_BOTH(test_soon_from_timer),
        ON_BOTH(test_crowd),
        ON_BOTH(test_counts_from_call),
        ON_BOTH(test_public_repeats),
        ON_BOTH(test_public_destroyed_in_callback),
        ON_BOTH(test_forgotten),
        ON_BOTH(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "ws/engine.h"

#include "support/engine_probe.h"
#include "support/fault_alloc.h"
#include "ws/state.h"

#include <stdlib.h>

static void options_are_checked(void **state)
{
    (void)state;
    static const struct weft_engine_request request = { .target = TEXT("/"), .host = TEXT("a") };
    weft_engine *engine;
    const struct weft_engine_options wrong[] = {
        { 0 },
        { .side = (enum weft_side)3 },
        { .side = WEFT_CLIENT },
        { .side = WEFT_CLIENT, .request = &request },
        { .side = WEFT_CLIENT, .random = probe_random },
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(weft_engine_create(&wrong[i], &engine), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_engine_create(NULL, &engine), WEFT_ERR_ARGUMENT);
    const struct weft_engine_options server = { .side = WEFT_SERVER };
    assert_int_equal(weft_engine_create(&server, NULL), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_engine_create(&server, &engine), WEFT_OK);
    weft_engine_destroy(engine);
    weft_engine_destroy(NULL);
}

static void limits_have_defaults(void **state)
{
    (void)state;
    struct weft_engine_limits limits = { 0 };
    wf_engine_resolve_limits(&limits);
    assert_true(limits.message_bytes_max == 16 << 20);
    assert_int_equal(limits.message_frames_max, 65536);
    assert_int_equal(limits.head_bytes_max, 16384);
    assert_int_equal(limits.head_count_max, 100);
    assert_int_equal(limits.answer_body_max, 65536);
    limits = (struct weft_engine_limits){ WEFT_NO_LIMIT, 2, 3, 4, 5 };
    wf_engine_resolve_limits(&limits);
    assert_true(limits.message_bytes_max == WEFT_NO_LIMIT);
    assert_int_equal(limits.answer_body_max, 5);
}

static void feed_answers_what_is_not_its_turn(void **state)
{
    (void)state;
    uint8_t bytes[4] = { 0x82, 0x00, 0x82, 0x00 };
    struct probe *probe = probe_create_open(WEFT_CLIENT, NULL);
    struct weft_engine_event event;
    assert_int_equal(weft_engine_feed(NULL, (struct weft_buffer){ 0 }), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ NULL, 1 }),
                     WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ 0 }), WEFT_OK);
    assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ bytes, 4 }), WEFT_OK);
    assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ bytes, 4 }),
                     WEFT_ERR_STATE);
    assert_int_equal(weft_engine_next(probe->engine, &event), WEFT_EVENT_MESSAGE);
    assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ bytes, 4 }),
                     WEFT_ERR_STATE);
    assert_int_equal(weft_engine_next(probe->engine, &event), WEFT_EVENT_MESSAGE);
    assert_int_equal(weft_engine_next(probe->engine, &event), WEFT_EVENT_NONE);
    assert_int_equal(weft_engine_next(probe->engine, &event), WEFT_EVENT_NONE);
    weft_engine_feed_end(probe->engine);
    assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ bytes, 4 }),
                     WEFT_ERR_STATE);
    probe_destroy(probe);
}

static void the_end_comes_behind_what_was_fed(void **state)
{
    (void)state;
    uint8_t bytes[] = { 0x81, 0x01, 'a', 0x81, 0x01 };
    struct probe *probe = probe_create_open(WEFT_CLIENT, NULL);
    assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ bytes, sizeof bytes }),
                     WEFT_OK);
    weft_engine_feed_end(probe->engine);
    probe_pull(probe);
    assert_string_equal(probe->events, "text:a failed:transport/0 ");
    assert_int_equal(weft_engine_ready_state(probe->engine), WEFT_CLOSED);
    probe_destroy(probe);
}

/* The hallway gives up: with a Close frame when there may be one, and with its own words. */
static void a_failure_from_outside_is_told(void **state)
{
    (void)state;
    static const struct weft_failure timeout = { .kind = WEFT_FAILURE_TIMEOUT,
                                                 .status = WEFT_ERR_TIMEOUT,
                                                 .text = "no_pong",
                                                 .limit_name = "ping_timeout_ms",
                                                 .limit = 7 };
    struct probe *probe = probe_create_open(WEFT_SERVER, NULL);
    wf_engine_fail(probe->engine, &timeout, 1001);
    assert_int_equal(weft_engine_send(probe->engine, WEFT_TEXT, (struct weft_bytes){ 0 }),
                     WEFT_ERR_STATE);
    probe_pull(probe);
    assert_string_equal(probe->events, "failed:timeout/1001 ");
    assert_string_equal(probe->failure.limit_name, "ping_timeout_ms");
    assert_int_equal(probe->failure.limit, 7);
    assert_string_equal(probe_sent(probe), "close:1001/no_pong ");
    wf_engine_fail(probe->engine, &timeout, 1001);
    probe_pull(probe);
    assert_string_equal(probe->events, "failed:timeout/1001 ");
    probe_destroy(probe);

    probe = probe_create_open(WEFT_SERVER, NULL);
    wf_engine_fail(probe->engine, &timeout, 0);
    probe_pull(probe);
    assert_string_equal(probe->events, "failed:timeout/0 ");
    assert_string_equal(probe_sent(probe), "");
    probe_destroy(probe);

    probe = probe_create(WEFT_CLIENT, NULL);
    wf_engine_fail(probe->engine, &timeout, 1001);
    probe_pull(probe);
    assert_string_equal(probe->events, "failed:timeout/0 ");
    assert_int_equal(probe->failure.http.status, 0);
    probe_destroy(probe);
}

/* A callback of the hallway may fail the connection while the event's bytes are still in use. */
static void what_an_event_lends_outlives_a_failure(void **state)
{
    (void)state;
    static const struct weft_failure failure = { .kind = WEFT_FAILURE_ABORTED,
                                                 .status = WEFT_ERR_CLOSED,
                                                 .text = "enough" };
    uint8_t first[] = { 0x01, 0x03, 'a', 'b', 'c' }, second[] = { 0x80, 0x03, 'd', 'e', 'f' };
    struct probe *probe = probe_create_open(WEFT_CLIENT, NULL);
    struct weft_engine_event event;
    assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ first, 5 }), WEFT_OK);
    assert_int_equal(weft_engine_next(probe->engine, &event), WEFT_EVENT_NONE);
    assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ second, 5 }), WEFT_OK);
    assert_int_equal(weft_engine_next(probe->engine, &event), WEFT_EVENT_MESSAGE);
    wf_engine_fail(probe->engine, &failure, 1000);
    assert_memory_equal(event.data.data, "abcdef", 6);
    assert_int_equal(weft_engine_next(probe->engine, &event), WEFT_EVENT_FAILED);
    assert_null(probe->engine->partial);
    probe_destroy(probe);
}

static void a_dropped_engine_may_be_asked(void **state)
{
    (void)state;
    struct wf_pool pool;
    wf_pool_init(&pool, NULL);
    struct wf_engine_config config = { .side = WEFT_SERVER, .pool = &pool };
    wf_engine_resolve_limits(&config.limits);
    struct weft_engine engine;
    struct weft_engine_event event;
    wf_engine_init_server(&engine, &config);
    wf_engine_drop(&engine);
    wf_engine_drop(&engine);
    assert_int_equal(weft_engine_ready_state(&engine), WEFT_CLOSED);
    assert_int_equal(weft_engine_output_bytes(&engine), 0);
    assert_int_equal(weft_engine_buffered_amount(&engine), 0);
    assert_string_equal(weft_engine_protocol(&engine), "");
    assert_false(weft_engine_was_clean(&engine));
    assert_int_equal(weft_engine_feed(&engine, (struct weft_buffer){ 0 }), WEFT_ERR_STATE);
    assert_int_equal(weft_engine_next(&engine, &event), WEFT_EVENT_NONE);
    assert_int_equal(weft_engine_send(&engine, WEFT_TEXT, (struct weft_bytes){ 0 }),
                     WEFT_ERR_STATE);
    wf_pool_drop(&pool);
}

/* A route's limits hold from its acceptance on. */
static void another_config_brings_other_limits(void **state)
{
    (void)state;
    struct probe *probe = probe_create_open(WEFT_CLIENT, NULL);
    struct wf_engine_config small = *probe->engine->config;
    small.limits.message_bytes_max = 1;
    wf_engine_set_config(probe->engine, &small);
    probe_feed(probe, (struct weft_bytes)BYTES(0x81, 0x01, 'a', 0x81, 0x02, 'b', 'c'));
    assert_string_equal(probe->events, "text:a failed:limit/1009 ");
    probe_destroy(probe);
}

/* A reader that holds back: what was fed and not read is copied, and comes with the next question.
 */
static void unread_input_can_be_kept(void **state)
{
    (void)state;
    static const uint8_t frames[] = { 0x81, 1, 'a', 0x81, 1, 'b', 0x81, 1, 'c', 0x81, 1 };
    struct probe *probe = probe_create_open(WEFT_CLIENT, NULL);
    struct weft_engine_event event;
    uint8_t *lent = malloc(sizeof frames);
    memcpy(lent, frames, sizeof frames);
    assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ lent, sizeof frames }),
                     WEFT_OK);
    assert_int_equal(weft_engine_next(probe->engine, &event), WEFT_EVENT_MESSAGE);
    assert_int_equal(wf_engine_keep_input(probe->engine), WEFT_OK);
    free(lent);
    assert_int_equal(weft_engine_next(probe->engine, &event), WEFT_EVENT_MESSAGE);
    assert_memory_equal(event.data.data, "b", 1);
    assert_int_equal(wf_engine_keep_input(probe->engine), WEFT_OK);
    probe_feed(probe, (struct weft_bytes)BYTES('d'));
    assert_string_equal(probe->events, "text:c text:d ");
    probe_destroy(probe);
}

/* The keys of a stand-alone engine come in batches, and no byte of them twice. */
static size_t random_calls;
static void counting_random(void *out, size_t count, void *user)
{
    (void)user;
    random_calls++;
    probe_random(out, count, NULL);
}

static void random_bytes_come_in_batches(void **state)
{
    (void)state;
    random_calls = 0;
    const struct weft_engine_options options = { .random = counting_random };
    struct probe *probe = probe_create_open(WEFT_CLIENT, &options);
    for (int i = 0; i < 600; i++)
        assert_int_equal(weft_engine_ping(probe->engine, (struct weft_bytes){ 0 }), WEFT_OK);
    assert_in_range(random_calls, 10, 11);
    probe_write(probe);
    for (size_t i = 0; i < 600; i++)
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(probe->output + i * 6 + 2, probe->output + k * 6 + 2, 4);
    probe_destroy(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(limits_have_defaults),
        cmocka_unit_test(feed_answers_what_is_not_its_turn),
        cmocka_unit_test(the_end_comes_behind_what_was_fed),
        cmocka_unit_test(a_failure_from_outside_is_told),
        cmocka_unit_test(what_an_event_lends_outlives_a_failure),
        cmocka_unit_test(a_dropped_engine_may_be_asked),
        cmocka_unit_test(another_config_brings_other_limits),
        cmocka_unit_test(unread_input_can_be_kept),
        cmocka_unit_test(random_bytes_come_in_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "ws/handshake.h"

#include "support/engine_probe.h"
#include "support/fault_alloc.h"
#include "ws/state.h"

#include <stdio.h>
#include <stdlib.h>

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"
#define UPGRADE                                                                                    \
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                   \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

static struct probe *create(const struct weft_engine_options *options)
{
    struct probe *probe = probe_create(WEFT_SERVER, options);
    probe->accepts = false;
    return probe;
}

static void answer(struct probe *probe)
{
    const struct weft_engine_respond empty = { .status = 204 };
    assert_int_equal(weft_engine_respond(probe->engine, &empty), WEFT_OK);
}

/* Several requests in one row of bytes, answered late, however they are cut; then a WebSocket
 * behind them. */
static void requests_in_a_pipeline_come_one_by_one(void **state)
{
    (void)state;
    static const char requests[] = GET("/1") GET("/2") "\r\n" GET("/3") UPGRADE;
    struct weft_bytes frames = masked((struct weft_bytes)BYTES_OF("\x81\x02hi\x01\x01"
                                                                  "a"));
    uint8_t all[1024];
    memcpy(all, requests, sizeof requests - 1);
    memcpy(all + sizeof requests - 1, frames.data, frames.count);
    struct weft_bytes input = { all, sizeof requests - 1 + frames.count };
    for (size_t cut = 0; cut <= input.count; cut++) {
        struct probe *probe = create(NULL);
        probe_feed_cut(probe, input, cut);
        for (char target = '1'; target <= '3'; target++) {
            assert_true(wf_engine_request_waits(probe->engine));
            const struct weft_engine_request_view *view = &probe->engine->opening->view;
            assert_int_equal(view->target.count, 2);
            assert_int_equal(view->target.data[1], target);
            answer(probe);
            probe_pull(probe);
        }
        assert_string_equal(probe->events, "request request request request ");
        assert_int_equal(weft_engine_accept(probe->engine, NULL), WEFT_OK);
        probe_pull(probe);
        assert_string_equal(probe->events, "request request request request open text:hi ");
        assert_null(probe->engine->opening);
        probe_destroy(probe);
    }
    free((void *)(uintptr_t)frames.data);
}

/* A client may send frames before it has the answer; what is fed after accept() comes behind them,
 * even when nobody has asked for the open event yet. */
static void frames_wait_for_the_answer(void **state)
{
    (void)state;
    struct weft_bytes frames =
        masked((struct weft_bytes)BYTES_OF("\x81\x03one\x81\x03two\x81\x05three"));
    for (size_t first = 0; first <= frames.count; first++) {
        for (size_t second = first; second <= frames.count; second++) {
            struct probe *probe = create(NULL);
            probe_feed(probe, (struct weft_bytes)BYTES_OF(UPGRADE));
            probe_feed(probe, (struct weft_bytes){ frames.data, first });
            assert_string_equal(probe->events, "request ");
            assert_int_equal(weft_engine_accept(probe->engine, NULL), WEFT_OK);
            probe_feed(probe, (struct weft_bytes){ frames.data + first, second - first });
            probe_feed(probe, (struct weft_bytes){ frames.data + second, frames.count - second });
            assert_string_equal(probe->events, "request open text:one text:two text:three ");
            assert_null(probe->engine->opening);
            probe_destroy(probe);
        }
    }
    free((void *)(uintptr_t)frames.data);
}

static void what_is_kept_has_a_bound(void **state)
{
    (void)state;
    const struct weft_engine_options options = { .limits = { .head_bytes_max = 100 } };
    uint8_t bytes[60] = { 0 };
    struct probe *probe = create(&options);
    probe_feed(probe, (struct weft_bytes)BYTES_OF(GET("/")));
    probe_feed(probe, (struct weft_bytes){ bytes, 60 });
    assert_string_equal(probe->events, "request ");
    probe_feed(probe, (struct weft_bytes){ bytes, 40 });
    assert_string_equal(probe->events, "request ");
    probe_feed(probe, (struct weft_bytes){ bytes, 1 });
    assert_string_equal(probe->events, "request failed:limit/0 ");
    assert_string_equal(probe->failure.limit_name, "head_bytes_max");
    probe_destroy(probe);
}

/* The body of a request is not read: nothing of it is kept, and the answer ends the connection. */
static void bodies_are_not_kept(void **state)
{
    (void)state;
    uint8_t *bytes = calloc(1, 100000);
    struct probe *probe = create(NULL);
    probe_feed(probe, (struct weft_bytes)BYTES_OF(
                          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"));
    probe_feed(probe, (struct weft_bytes){ bytes, 100000 });
    assert_string_equal(probe->events, "request ");
    assert_int_equal(probe->engine->opening->kept.count, 0);
    answer(probe);
    assert_true(weft_engine_wants_end(probe->engine));
    assert_int_equal(weft_engine_ready_state(probe->engine), WEFT_CLOSED);
    probe_feed(probe, (struct weft_bytes)BYTES_OF(GET("/")));
    probe_feed_end(probe);
    assert_string_equal(probe->events, "request ");
    free(bytes);
    probe_destroy(probe);
}

static void an_end_before_the_handshake_fails(void **state)
{
    (void)state;
    for (size_t count = 0; count <= sizeof(GET("/")) - 1; count++) {
        struct probe *probe = create(NULL);
        probe_feed(probe, (struct weft_bytes){ (const uint8_t *)GET("/"), count });
        assert_int_equal(wf_engine_is_in_midst(probe->engine),
                         count > 0 && count < sizeof(GET("/")) - 1);
        probe_feed_end(probe);
        bool has_request = count == sizeof(GET("/")) - 1;
        assert_string_equal(probe->events,
                            has_request ? "request failed:transport/0 " : "failed:transport/0 ");
        assert_int_equal(
            weft_engine_respond(probe->engine, &(struct weft_engine_respond){ .status = 200 }),
            WEFT_ERR_STATE);
        probe_destroy(probe);
    }
}

static void heads_have_their_limits(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct weft_engine_limits limits;
        const char *request;
        const char *answer;
    } calls[] = {
        { "too many fields",
          { .head_count_max = 2 },
          "GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\n\r\n",
          "431" },
        { "as many as may be",
          { .head_count_max = 2 },
          "GET / HTTP/1.1\r\nHost: a\r\nA:\r\n\r\n",
          NULL },
        { "too long",
          { .head_bytes_max = 64 },
          "GET / HTTP/1.1\r\nHost: a\r\nA: 0123456789012345678901234567890123456789\r\n\r\n",
          "431" },
        { "a target too long",
          { .head_bytes_max = 64 },
          "GET /0123456789012345678901234567890123456789012345678901234567890123456789",
          "414" },
        { "shortest fields",
          { .head_count_max = 1000 },
          "GET / "
          "HTTP/"
          "1.1\r\nHost:a\r\na:\r\nb:\r\nc:\r\nd:\r\ne:\r\nf:\r\ng:\r\nh:\r\ni:\r\nj:\r\nk:\r\nl:"
          "\r\n\r\n",
          NULL },
    };
    for_each_case(c, calls)
    {
        const struct weft_engine_options options = { .limits = c->limits };
        for (size_t piece = 1; piece < 100; piece += 7) {
            struct probe *probe = create(&options);
            probe_feed_by(probe, weft_bytes_of(weft_text_of(c->request)), piece);
            assert_string_equal(probe->events, c->answer ? "failed:protocol/0 " : "request ");
            probe_write(probe);
            if (c->answer)
                assert_memory_equal(probe->output + 9, c->answer, 3);
            probe_destroy(probe);
        }
    }
}

/* Nothing is held between two requests but the pool's free blocks. */
static void an_idle_connection_is_small(void **state)
{
    (void)state;
    struct probe *probe = create(NULL);
    assert_null(probe->engine->opening);
    probe_feed(probe, (struct weft_bytes)BYTES_OF(GET("/")));
    answer(probe);
    probe_write(probe);
    assert_null(probe->engine->opening);
    assert_null(probe->engine->output.first);
    probe_destroy(probe);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct weft_bytes frames = masked((struct weft_bytes)BYTES_OF("\x81\x02hi"));
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, 0);
        struct weft_engine_options options = { .allocator = &fault.allocator };
        struct probe *probe = create(&options);
        fault.fails_at = fault.call_count + n;
        probe_feed_by(probe, (struct weft_bytes)BYTES_OF(GET("/1") GET("/2") UPGRADE), 30);
        probe_feed(probe, frames);
        for (int i = 0; i < 2 && wf_engine_request_waits(probe->engine); i++) {
            const struct weft_engine_respond empty = { .status = 200 };
            while (weft_engine_respond(probe->engine, &empty) == WEFT_ERR_MEMORY)
                assert_true(fault.failed);
            probe_pull(probe);
        }
        if (wf_engine_request_waits(probe->engine))
            while (weft_engine_accept(probe->engine, NULL) == WEFT_ERR_MEMORY)
                assert_true(fault.failed);
        probe_pull(probe);
        failed = fault.failed;
        bool is_done = strcmp(probe->events, "request request request open text:hi ") == 0;
        assert_true(is_done || (failed && strstr(probe->events, "failed:memory/0 ")));
        probe_destroy(probe);
        assert_int_equal(fault.live_count, 0);
    }
    free((void *)(uintptr_t)frames.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_in_a_pipeline_come_one_by_one),
        cmocka_unit_test(frames_wait_for_the_answer),
        cmocka_unit_test(what_is_kept_has_a_bound),
        cmocka_unit_test(bodies_are_not_kept),
        cmocka_unit_test(an_end_before_the_handshake_fails),
        cmocka_unit_test(heads_have_their_limits),
        cmocka_unit_test(an_idle_connection_is_small),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

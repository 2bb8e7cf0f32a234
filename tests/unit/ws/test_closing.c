#include "ws/closing.h"

#include "support/frame_cases.h"

#include <stdlib.h>

#define OPEN_LIMITS                                                                                \
    {                                                                                              \
        0                                                                                          \
    }
#define CLOSE(high, low) BYTES(0x88, 0x02, high, low)
#define REFUSED          "failed:protocol/1002 "

static const struct frame_case cases[] = {
    /* RFC 6455 5.5.2, 5.5.3 */
    { "a ping", BYTES(0x89, 0x02, 'h', 'i'), "ping:hi ", "pong:hi ", OPEN_LIMITS },
    { "an empty ping", BYTES(0x89, 0x00), "ping: ", "pong: ", OPEN_LIMITS },
    { "ten pings", BYTES(0x89, 1, '0', 0x89, 1, '1', 0x89, 1, '2', 0x89, 1, '3', 0x89, 1, '4'),
      "ping:0 ping:1 ping:2 ping:3 ping:4 ", "pong:0 pong:1 pong:2 pong:3 pong:4 ", OPEN_LIMITS },
    { "an unasked pong", BYTES(0x8A, 0x02, 'h', 'i'), "pong:hi ", "", OPEN_LIMITS },

    /* RFC 6455 5.5.1, 7.1.5 */
    { "a close without a code", BYTES(0x88, 0x00), "close:1005/ ", "close: ", OPEN_LIMITS },
    { "a close with a code", CLOSE(0x03, 0xE8), "close:1000/ ", "close:1000/ ", OPEN_LIMITS },
    { "a close with a reason", BYTES(0x88, 0x05, 0x03, 0xE9, 'b', 'y', 'e'), "close:1001/bye ",
      "close:1001/bye ", OPEN_LIMITS },
    { "a reason that is not ASCII", BYTES(0x88, 0x04, 0x03, 0xE8, 0xC3, 0xBC),
      "close:1000/\xC3\xBC ", "close:1000/\xC3\xBC ", OPEN_LIMITS },
    { "nothing behind a close is read", BYTES(0x88, 0x00, 0x89, 0x00, 0x81, 0x01, 'a', 0xFF, 0xFF),
      "close:1005/ ", "close: ", OPEN_LIMITS },
    { "a close of one byte", BYTES(0x88, 0x01, 0x03), REFUSED, NULL, OPEN_LIMITS },
    { "a reason that is not UTF-8", BYTES(0x88, 0x03, 0x03, 0xE8, 0xFF), "failed:protocol/1007 ",
      NULL, OPEN_LIMITS },
    { "a reason that ends inside a character", BYTES(0x88, 0x03, 0x03, 0xE8, 0xC3),
      "failed:protocol/1007 ", NULL, OPEN_LIMITS },

    /* RFC 6455 7.4 */
    { "close 0", CLOSE(0x00, 0x00), REFUSED, NULL, OPEN_LIMITS },
    { "close 999", CLOSE(0x03, 0xE7), REFUSED, NULL, OPEN_LIMITS },
    { "close 1003", CLOSE(0x03, 0xEB), "close:1003/ ", "close:1003/ ", OPEN_LIMITS },
    { "close 1004", CLOSE(0x03, 0xEC), REFUSED, NULL, OPEN_LIMITS },
    { "close 1005", CLOSE(0x03, 0xED), REFUSED, NULL, OPEN_LIMITS },
    { "close 1006", CLOSE(0x03, 0xEE), REFUSED, NULL, OPEN_LIMITS },
    { "close 1007", CLOSE(0x03, 0xEF), "close:1007/ ", "close:1007/ ", OPEN_LIMITS },
    { "close 1014", CLOSE(0x03, 0xF6), "close:1014/ ", "close:1014/ ", OPEN_LIMITS },
    { "close 1015", CLOSE(0x03, 0xF7), REFUSED, NULL, OPEN_LIMITS },
    { "close 1016", CLOSE(0x03, 0xF8), REFUSED, NULL, OPEN_LIMITS },
    { "close 2999", CLOSE(0x0B, 0xB7), REFUSED, NULL, OPEN_LIMITS },
    { "close 3000", CLOSE(0x0B, 0xB8), "close:3000/ ", "close:3000/ ", OPEN_LIMITS },
    { "close 4999", CLOSE(0x13, 0x87), "close:4999/ ", "close:4999/ ", OPEN_LIMITS },
    { "close 5000", CLOSE(0x13, 0x88), REFUSED, NULL, OPEN_LIMITS },
    { "close 65535", CLOSE(0xFF, 0xFF), REFUSED, NULL, OPEN_LIMITS },
};

static void every_case_holds_however_it_is_cut(void **state)
{
    (void)state;
    for_each_case(c, cases) frame_case_run(c);
}

static void a_failure_tells_the_peer_why(void **state)
{
    (void)state;
    const struct weft_bytes broken = BYTES(0x83, 0x00);
    static const char expected[] = "\x88\x18\x03\xEAthe opcode is reserved";
    struct probe *probe = probe_create_open(WEFT_CLIENT, NULL);
    probe_destroy(probe);
    probe = probe_create_open(WEFT_SERVER, NULL);
    struct weft_bytes input = masked(broken);
    probe_feed(probe, input);
    probe_write(probe);
    assert_int_equal(probe->output_bytes, sizeof expected - 1);
    assert_memory_equal(probe->output, expected, sizeof expected - 1);
    free((void *)(uintptr_t)input.data);
    probe_destroy(probe);
}

static void put(struct probe *probe, uint8_t first, struct weft_bytes payload)
{
    uint8_t frame[200];
    size_t count = frame_put(frame, probe->side, first, payload);
    probe_feed(probe, (struct weft_bytes){ frame, count });
}

static void codes_and_reasons_are_checked_before_they_are_sent(void **state)
{
    (void)state;
    static const char long_reason[] =
        "123456789 123456789 123456789 123456789 123456789 123456789 "
        "123456789 123456789 123456789 123456789 123456789 123456789 1234";
    static const struct {
        const char *name;
        uint16_t code;
        struct weft_text reason;
        weft_status status;
    } calls[] = {
        { "999", 999, { 0 }, WEFT_ERR_ACCESS },
        { "0", 0, { 0 }, WEFT_ERR_ACCESS },
        { "1004", 1004, { 0 }, WEFT_ERR_ACCESS },
        { "1006", 1006, { 0 }, WEFT_ERR_ACCESS },
        { "1015", 1015, { 0 }, WEFT_ERR_ACCESS },
        { "2999", 2999, { 0 }, WEFT_ERR_ACCESS },
        { "5000", 5000, { 0 }, WEFT_ERR_ACCESS },
        { "124 bytes", 1000, { long_reason, 124 }, WEFT_ERR_SYNTAX },
        { "the code comes first", 5000, { long_reason, 124 }, WEFT_ERR_ACCESS },
        { "a reason without a code", WEFT_CLOSE_NO_CODE, TEXT("why"), WEFT_ERR_SYNTAX },
        { "not UTF-8", 1000, TEXT("\xFF"), WEFT_ERR_UTF8 },
        { "123 bytes", 1000, { long_reason, 123 }, WEFT_OK },
        { "a second call", 1001, { 0 }, WEFT_OK },
    };
    struct probe *probe = probe_create_open(WEFT_CLIENT, NULL);
    for_each_case(c, calls)
        assert_int_equal(weft_engine_close(probe->engine, c->code, c->reason), c->status);
    assert_int_equal(strncmp(probe_sent(probe), "close:1000/#123-", 16), 0);
    assert_null(strstr(probe_sent(probe), "1001"));
    probe_destroy(probe);
}

static void both_closes_make_it_clean(void **state)
{
    (void)state;
    for (enum weft_side side = WEFT_CLIENT; side <= WEFT_SERVER; side++) {
        struct probe *probe = probe_create_open(side, NULL);
        assert_int_equal(weft_engine_close(probe->engine, 1000, (struct weft_text){ 0 }), WEFT_OK);
        assert_int_equal(weft_engine_ready_state(probe->engine), WEFT_CLOSING);
        assert_false(weft_engine_was_clean(probe->engine));
        assert_false(weft_engine_wants_end(probe->engine));
        assert_int_equal(weft_engine_send(probe->engine, WEFT_TEXT, (struct weft_bytes){ 0 }),
                         WEFT_ERR_STATE);
        assert_int_equal(weft_engine_ping(probe->engine, (struct weft_bytes){ 0 }), WEFT_ERR_STATE);

        /* Until the peer's Close comes, its messages do; its pings are not answered. RFC 6455 5.5.2
         */
        put(probe, 0x81, (struct weft_bytes)BYTES('a'));
        put(probe, 0x89, (struct weft_bytes)BYTES('p'));
        put(probe, 0x88, (struct weft_bytes)BYTES(0x03, 0xE8));
        assert_string_equal(probe->events, "text:a ping:p close:1000/ ");
        assert_string_equal(probe_sent(probe), "close:1000/ ");
        assert_true(weft_engine_was_clean(probe->engine));
        /* RFC 6455 7.1.1: the server ends TCP, the client waits for that. */
        assert_int_equal(weft_engine_wants_end(probe->engine), side == WEFT_SERVER);
        assert_int_equal(weft_engine_ready_state(probe->engine), WEFT_CLOSING);

        put(probe, 0x81, (struct weft_bytes)BYTES('b'));
        probe_feed_end(probe);
        assert_string_equal(probe->events, "text:a ping:p close:1000/ ");
        assert_int_equal(weft_engine_ready_state(probe->engine), WEFT_CLOSED);
        probe_destroy(probe);
    }
}

static void limits_hold_behind_the_own_close(void **state)
{
    (void)state;
    const struct weft_engine_options options = { .limits = { .message_bytes_max = 3 } };
    struct probe *probe = probe_create_open(WEFT_SERVER, &options);
    assert_int_equal(weft_engine_close(probe->engine, 1000, (struct weft_text){ 0 }), WEFT_OK);
    put(probe, 0x81, (struct weft_bytes)BYTES('a', 'b', 'c', 'd'));
    /* One Close frame was sent; a second one never is. RFC 6455 5.5.1 */
    assert_string_equal(probe->events, "failed:limit/0 ");
    assert_string_equal(probe_sent(probe), "close:1000/ ");
    probe_destroy(probe);
}

static void an_end_without_a_close_fails(void **state)
{
    (void)state;
    struct probe *probe = probe_create_open(WEFT_CLIENT, NULL);
    put(probe, 0x81, (struct weft_bytes)BYTES('a'));
    probe_feed_end(probe);
    probe_feed_end(probe);
    assert_string_equal(probe->events, "text:a failed:transport/0 ");
    assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ 0 }), WEFT_ERR_STATE);
    probe_destroy(probe);
}

/* A peer that pings and does not read must not make the output grow without bound. */
static void a_flood_of_pings_has_a_bound(void **state)
{
    (void)state;
    uint8_t payload[125] = { 0 }, frame[200];
    struct probe *probe = probe_create_open(WEFT_SERVER, NULL);
    for (int i = 0; i < 10000; i++) {
        size_t count = frame_put(frame, WEFT_SERVER, 0x89, (struct weft_bytes){ payload, 125 });
        struct weft_engine_event event;
        assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ frame, count }),
                         WEFT_OK);
        assert_int_equal(weft_engine_next(probe->engine, &event), WEFT_EVENT_PING);
        assert_int_equal(weft_engine_next(probe->engine, &event), WEFT_EVENT_NONE);
    }
    assert_true(weft_engine_output_bytes(probe->engine) > 60000);
    assert_true(weft_engine_output_bytes(probe->engine) < 70000);
    /* RFC 6455 5.5.3: the latest of them is answered. */
    put(probe, 0x89, (struct weft_bytes)BYTES('l', 'a', 's', 't'));
    assert_true(weft_engine_output_bytes(probe->engine) < 70000);
    probe_write(probe);
    assert_memory_equal(probe->output + probe->output_bytes - 6, "\x8A\x04last", 6);
    /* Once it reads, it is answered again. */
    probe->output_bytes = 0;
    put(probe, 0x89, (struct weft_bytes)BYTES('x'));
    assert_string_equal(probe_sent(probe), "pong:x ");
    probe_destroy(probe);
}

/* Much that waits for a slow reader is no reason to leave its pings without an answer. */
static void pongs_stand_behind_a_long_queue(void **state)
{
    (void)state;
    struct probe *probe = probe_create_open(WEFT_SERVER, NULL);
    uint8_t *payload = calloc(1, 200000);
    assert_int_equal(
        weft_engine_send(probe->engine, WEFT_BINARY, (struct weft_bytes){ payload, 200000 }),
        WEFT_OK);
    put(probe, 0x89, (struct weft_bytes)BYTES('x'));
    assert_non_null(strstr(probe_sent(probe), "pong:x "));
    free(payload);
    probe_destroy(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_holds_however_it_is_cut),
        cmocka_unit_test(a_failure_tells_the_peer_why),
        cmocka_unit_test(codes_and_reasons_are_checked_before_they_are_sent),
        cmocka_unit_test(both_closes_make_it_clean),
        cmocka_unit_test(limits_hold_behind_the_own_close),
        cmocka_unit_test(an_end_without_a_close_fails),
        cmocka_unit_test(a_flood_of_pings_has_a_bound),
        cmocka_unit_test(pongs_stand_behind_a_long_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

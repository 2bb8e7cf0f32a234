#include "ws/sending.h"

#include "base/pool.h"
#include "support/engine_probe.h"
#include "support/fault_alloc.h"
#include "ws/engine.h"
#include "ws/state.h"

#include <stdlib.h>

static struct weft_bytes pattern(size_t count)
{
    static uint8_t bytes[300000];
    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)('a' + i * 7 % 26);
    return (struct weft_bytes){ bytes, count };
}

static void messages_of_any_length_arrive(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 20, 125, 126, 4000, 65535, 65536, 300000 };
    for (enum weft_side side = WEFT_CLIENT; side <= WEFT_SERVER; side++) {
        struct probe *from = probe_create_open(side, NULL);
        struct probe *to = probe_create_open(side == WEFT_CLIENT ? WEFT_SERVER : WEFT_CLIENT, NULL);
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            enum weft_message_type type = i % 2 ? WEFT_TEXT : WEFT_BINARY;
            assert_int_equal(weft_engine_send(from->engine, type, pattern(sizes[i])), WEFT_OK);
        }
        probe_write(from);
        char expected[4096];
        strcpy(expected, probe_sent(from));
        probe_feed_by(to, (struct weft_bytes){ from->output, from->output_bytes }, 70000);
        assert_string_equal(to->events, expected);
        assert_int_equal(to->message_count, COUNT_OF(sizes));
        probe_destroy(from);
        probe_destroy(to);
    }
}

static void wrong_calls_are_answered_with_a_status(void **state)
{
    (void)state;
    const struct weft_bytes bad_text = BYTES('a', 0xFF), nothing = { 0 }, broken = { NULL, 1 };
    struct probe *probe = probe_create_open(WEFT_SERVER, NULL);
    weft_engine *engine = probe->engine;
    assert_int_equal(weft_engine_send(NULL, WEFT_TEXT, nothing), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_engine_send(engine, (enum weft_message_type)3, nothing),
                     WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_engine_send(engine, WEFT_TEXT, broken), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_engine_send(engine, WEFT_TEXT, bad_text), WEFT_ERR_UTF8);
    assert_int_equal(weft_engine_send(engine, WEFT_BINARY, bad_text), WEFT_OK);
    assert_int_equal(weft_engine_ping(engine, pattern(126)), WEFT_ERR_LIMIT);
    assert_int_equal(weft_engine_pong(engine, pattern(126)), WEFT_ERR_LIMIT);
    assert_int_equal(weft_engine_ping(engine, broken), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_engine_ping(engine, (struct weft_bytes)BYTES('i')), WEFT_OK);
    assert_int_equal(weft_engine_pong(engine, (struct weft_bytes)BYTES('o')), WEFT_OK);
    assert_string_equal(probe_sent(probe), "binary:a\xFF ping:i pong:o ");
    probe_destroy(probe);

    probe = probe_create(WEFT_CLIENT, NULL);
    assert_int_equal(weft_engine_send(probe->engine, WEFT_TEXT, nothing), WEFT_ERR_STATE);
    assert_int_equal(weft_engine_ping(probe->engine, nothing), WEFT_ERR_STATE);
    assert_int_equal(weft_engine_close(probe->engine, 1000, (struct weft_text){ 0 }),
                     WEFT_ERR_STATE);
    probe_destroy(probe);
}

/* RFC 6455 5.3: the keys of frames with the same payload differ. */
static void every_frame_has_a_key_of_its_own(void **state)
{
    (void)state;
    struct probe *probe = probe_create_open(WEFT_CLIENT, NULL);
    uint32_t keys[200];
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        assert_int_equal(weft_engine_send(probe->engine, WEFT_BINARY, pattern(4)), WEFT_OK);
    probe_write(probe);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        memcpy(&keys[i], probe->output + i * 10 + 2, 4);
        for (size_t k = 0; k < i; k++)
            assert_true(keys[k] != keys[i]);
    }
    probe_destroy(probe);
}

/* Takes the output byte by byte and compares bufferedAmount with what a plain reading of the bytes
 * gives. */
static void check_amount(weft_engine *engine, const bool *is_payload)
{
    uint64_t left = 0;
    size_t total = (size_t)weft_engine_output_bytes(engine);
    for (size_t i = 0; i < total; i++)
        left += is_payload[i];
    assert_true(weft_engine_buffered_amount(engine) == left);
    for (size_t at = 0; at < total;) {
        size_t step = at < 700 || total - at < 700 ? 1 : 97;
        for (size_t i = at; i < at + step; i++)
            left -= is_payload[i];
        weft_engine_sent(engine, step);
        at += step;
        assert_true(weft_engine_buffered_amount(engine) == left);
    }
}

static bool *mark(bool *at, size_t header, size_t payload, bool counts)
{
    memset(at, 0, header);
    memset(at + header, counts, payload);
    return at + header + payload;
}

static void the_buffered_amount_is_exact_in_small_frames(void **state)
{
    (void)state;
    static bool is_payload[100000];
    for (enum weft_side side = WEFT_CLIENT; side <= WEFT_SERVER; side++) {
        struct probe *probe = probe_create_open(side, NULL);
        size_t key = side == WEFT_CLIENT ? 4 : 0;
        bool *at = is_payload;
        for (size_t i = 0; i < 300; i++) {
            size_t bytes = i * 13 % 180;
            assert_int_equal(weft_engine_send(probe->engine, WEFT_BINARY, pattern(bytes)), WEFT_OK);
            at = mark(at, (bytes < 126 ? 2 : 4) + key, bytes, true);
            if (i % 10 == 0) {
                assert_int_equal(weft_engine_ping(probe->engine, pattern(9)), WEFT_OK);
                at = mark(at, 2 + key, 9, false);
            }
        }
        assert_int_equal(weft_engine_close(probe->engine, 1000, (struct weft_text)TEXT("bye")),
                         WEFT_OK);
        mark(at, 2 + key, 5, false);
        check_amount(probe->engine, is_payload);
        probe_destroy(probe);
    }
}

/* Lent payloads, settled in their midst, with frames before and behind. */
static void the_buffered_amount_is_exact_around_lent_payloads(void **state)
{
    (void)state;
    static bool is_payload[100000];
    static const size_t settle_at[] = { 0, 5, 22, 23, 30, 32, 33, 1000, 20031, 20032, 20040 };
    for (size_t i = 0; i < COUNT_OF(settle_at); i++) {
        struct probe *probe = probe_create_open(WEFT_SERVER, NULL);
        assert_int_equal(weft_engine_send(probe->engine, WEFT_BINARY, pattern(20)), WEFT_OK);
        assert_int_equal(wf_engine_send_lent(probe->engine, WEFT_TEXT, pattern(20000), false),
                         WEFT_OK);
        assert_int_equal(weft_engine_send(probe->engine, WEFT_BINARY, pattern(30)), WEFT_OK);
        bool *at = mark(is_payload, 2, 20, true);
        at = mark(at, 4, 20000, true);
        at = mark(at, 2, 30, true);
        weft_engine_sent(probe->engine, settle_at[i]);
        assert_int_equal(wf_engine_settle(probe->engine), WEFT_OK);
        assert_int_equal(weft_engine_send(probe->engine, WEFT_BINARY, pattern(40)), WEFT_OK);
        mark(at, 2, 40, true);
        check_amount(probe->engine, is_payload + settle_at[i]);
        probe_destroy(probe);
    }
}

/* A frame behind the last settled payload must not be taken for a part of it. */
static void a_frame_behind_a_settled_payload_is_counted(void **state)
{
    (void)state;
    static bool is_payload[100000];
    for (size_t sent = 0; sent <= 20004; sent += 667) {
        struct probe *probe = probe_create_open(WEFT_SERVER, NULL);
        assert_int_equal(wf_engine_send_lent(probe->engine, WEFT_BINARY, pattern(20000), false),
                         WEFT_OK);
        weft_engine_sent(probe->engine, sent);
        assert_int_equal(wf_engine_settle(probe->engine), WEFT_OK);
        assert_int_equal(weft_engine_send(probe->engine, WEFT_BINARY, pattern(7)), WEFT_OK);
        mark(mark(is_payload, 4, 20000, true), 2, 7, true);
        check_amount(probe->engine, is_payload + sent);
        probe_destroy(probe);
    }
}

static void http_bytes_are_not_counted(void **state)
{
    (void)state;
    static bool is_payload[100000];
    struct probe *probe = probe_create(WEFT_SERVER, NULL);
    const struct weft_bytes request =
        BYTES_OF("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    probe_feed(probe, request);
    size_t head = (size_t)weft_engine_output_bytes(probe->engine);
    assert_true(head > 100);
    assert_int_equal(weft_engine_send(probe->engine, WEFT_BINARY, pattern(20)), WEFT_OK);
    assert_int_equal(weft_engine_send(probe->engine, WEFT_BINARY, pattern(130)), WEFT_OK);
    mark(mark(is_payload, head + 2, 20, true), 4, 130, true);
    check_amount(probe->engine, is_payload);
    probe_destroy(probe);
}

static void lent_payloads_stay_where_they_are(void **state)
{
    (void)state;
    struct weft_bytes payload = pattern(20000), spans[4];
    struct probe *probe = probe_create_open(WEFT_SERVER, NULL);
    assert_int_equal(wf_engine_send_lent(probe->engine, WEFT_BINARY, payload, false), WEFT_OK);
    assert_int_equal(weft_engine_output(probe->engine, spans, 4), 2);
    assert_int_equal(spans[0].count, 4);
    assert_ptr_equal(spans[1].data, payload.data);
    assert_int_equal(spans[1].count, payload.count);
    assert_int_equal(wf_engine_settle(probe->engine), WEFT_OK);
    assert_int_equal(weft_engine_output(probe->engine, spans, 4), 2);
    assert_ptr_not_equal(spans[1].data, payload.data);
    assert_int_equal(strncmp(probe_sent(probe), "binary:#20000-", 14), 0);
    assert_int_equal(
        wf_engine_send_lent(probe->engine, WEFT_TEXT, (struct weft_bytes)BYTES(0xFF), false),
        WEFT_ERR_UTF8);
    probe_destroy(probe);

    /* A client masks, and therefore copies. */
    probe = probe_create_open(WEFT_CLIENT, NULL);
    assert_int_equal(wf_engine_send_lent(probe->engine, WEFT_BINARY, payload, false), WEFT_OK);
    assert_int_equal(weft_engine_output(probe->engine, spans, 4), 1);
    assert_int_equal(strncmp(probe_sent(probe), "binary:#20000-", 14), 0);
    probe_destroy(probe);
}

enum { ECHO_BYTES = 20000, ECHO_HEADER_BYTES = 8 };

/* A binary as a client sends it, taken whole. */
static struct weft_buffer take_masked(struct probe *probe, uint8_t *frame)
{
    static const uint8_t header[ECHO_HEADER_BYTES] = { 0x82, 0xFE, 0x4E, 0x20, 1, 2, 3, 4 };
    struct weft_buffer message = { 0 };
    enum weft_message_type type;
    memcpy(frame, header, sizeof header);
    for (size_t i = 0; i < ECHO_BYTES; i++)
        frame[sizeof header + i] = pattern(ECHO_BYTES).data[i] ^ header[4 + i % 4];
    assert_int_equal(
        weft_engine_feed(probe->engine, (struct weft_buffer){ frame, sizeof header + ECHO_BYTES }),
        WEFT_OK);
    assert_true(wf_engine_next_whole(probe->engine, &type, &message));
    assert_int_equal(message.count, ECHO_BYTES);
    return message;
}

/* The header and the payload are one piece, of which any part may have left. */
static void a_message_goes_back_where_it_lies(void **state)
{
    (void)state;
    static uint8_t frame[ECHO_HEADER_BYTES + ECHO_BYTES + 64];
    static bool is_payload[100000];
    static const size_t settle_at[] = { 0, 1, 2, 3, 4, 5, 9000, 20003, 20004 };
    for (size_t i = 0; i < COUNT_OF(settle_at); i++) {
        struct weft_bytes spans[4];
        struct probe *probe = probe_create_open(WEFT_SERVER, NULL);
        struct weft_buffer message = take_masked(probe, frame);
        assert_int_equal(wf_engine_send_back(probe->engine, WEFT_TEXT, message, false), WEFT_OK);
        assert_int_equal(weft_engine_output(probe->engine, spans, 4), 1);
        assert_ptr_equal(spans[0].data, message.data - 4);
        assert_int_equal(spans[0].count, 4 + ECHO_BYTES);
        assert_memory_equal(spans[0].data, "\x81\x7E\x4E\x20", 4);
        assert_memory_equal(spans[0].data + 4, pattern(ECHO_BYTES).data, ECHO_BYTES);
        weft_engine_sent(probe->engine, settle_at[i]);
        assert_int_equal(wf_engine_settle(probe->engine), WEFT_OK);
        memset(frame, 0xFF, sizeof frame);
        assert_int_equal(weft_engine_send(probe->engine, WEFT_BINARY, pattern(7)), WEFT_OK);
        mark(mark(is_payload, 4, ECHO_BYTES, true), 2, 7, true);
        check_amount(probe->engine, is_payload + settle_at[i]);
        probe_destroy(probe);
    }
}

/* Nothing is written before it where it is no piece of its own. */
static void a_client_copies_what_goes_back(void **state)
{
    (void)state;
    static uint8_t frame[ECHO_HEADER_BYTES + ECHO_BYTES + 64];
    struct probe *server = probe_create_open(WEFT_SERVER, NULL);
    struct probe *client = probe_create_open(WEFT_CLIENT, NULL);
    struct weft_buffer message = take_masked(server, frame);
    assert_int_equal(wf_engine_send_back(client->engine, WEFT_BINARY, message, false), WEFT_OK);
    assert_memory_equal(frame, "\x82\xFE\x4E\x20\1\2\3\4", ECHO_HEADER_BYTES);
    assert_int_equal(strncmp(probe_sent(client), "binary:#20000-", 14), 0);
    message.data[0] = 0xFF;
    assert_int_equal(wf_engine_send_back(server->engine, WEFT_TEXT, message, false), WEFT_ERR_UTF8);
    assert_int_equal(weft_engine_output_bytes(server->engine), 0);
    probe_destroy(client);
    probe_destroy(server);
}

static void a_prepared_message_serves_many(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 20, 2000, 100000 };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct wf_pool pool;
        wf_pool_init(&pool, NULL);
        struct wf_engine_config server = { .side = WEFT_SERVER, .pool = &pool };
        struct wf_engine_config client = { .side = WEFT_CLIENT,
                                           .pool = &pool,
                                           .random = probe_random };
        wf_engine_resolve_limits(&server.limits);
        wf_engine_resolve_limits(&client.limits);
        struct wf_shared *shared;
        struct wf_arena arena = { 0 };
        assert_int_equal(
            wf_engine_prepare(&pool, &arena, WEFT_TEXT, (struct weft_bytes)BYTES(0xFF), &shared),
            WEFT_ERR_UTF8);
        assert_int_equal(wf_engine_prepare(&pool, &arena, WEFT_TEXT, pattern(sizes[i]), &shared),
                         WEFT_OK);

        struct weft_engine engines[3];
        for (size_t k = 0; k < 3; k++) {
            wf_engine_init_server(&engines[k], k < 2 ? &server : &client);
            assert_int_equal(wf_engine_send_shared(&engines[k], shared), WEFT_ERR_STATE);
            engines[k].phase = WF_PHASE_FRAMES;
            assert_int_equal(wf_engine_send_shared(&engines[k], shared), WEFT_OK);
            assert_int_equal(weft_engine_buffered_amount(&engines[k]), sizes[i]);
        }
        wf_shared_release(&pool, shared);
        wf_arena_drop(&arena, &pool);
        for (size_t k = 0; k < 3; k++) {
            /* The probe borrows an engine to read what it has written. */
            struct probe *probe = calloc(1, sizeof *probe);
            *probe =
                (struct probe){ .engine = &engines[k], .side = k < 2 ? WEFT_SERVER : WEFT_CLIENT };
            const char *sent = probe_sent(probe);
            assert_int_equal(strncmp(sent, "text:", 5), 0);
            assert_null(strstr(sent + 1, "text"));
            wf_engine_drop(&engines[k]);
            free(probe);
        }
        wf_pool_drop(&pool);
    }
}

/* Without memory the call says so, and what was in the output is all that is. */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t n = 1, failures = 1; failures; n++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, 0);
        struct weft_engine_options options = { .allocator = &fault.allocator };
        struct probe *probe = probe_create_open(WEFT_SERVER, &options);
        fault.fails_at = fault.call_count + n;
        failures = 0;
        size_t expected = 0;
        for (size_t i = 0; i < 12; i++) {
            size_t bytes = i * 4001;
            weft_status status =
                i % 3 ? weft_engine_send(probe->engine, WEFT_BINARY, pattern(bytes))
                      : wf_engine_send_lent(probe->engine, WEFT_TEXT, pattern(bytes), false);
            assert_true(status == WEFT_OK || status == WEFT_ERR_MEMORY);
            failures += status != WEFT_OK;
            expected += status == WEFT_OK ? bytes : 0;
            assert_int_equal(weft_engine_buffered_amount(probe->engine), expected);
        }
        if (wf_engine_settle(probe->engine)) {
            failures++;
            assert_int_equal(weft_engine_buffered_amount(probe->engine), expected);
        }
        if (weft_engine_close(probe->engine, 1000, (struct weft_text){ 0 })) {
            failures++;
            assert_int_equal(weft_engine_ready_state(probe->engine), WEFT_OPEN);
        }
        assert_int_equal(failures, fault.failed ? 1 : 0);
        assert_null(strstr(probe_sent(probe), "BROKEN"));
        probe_destroy(probe);
        assert_int_equal(fault.live_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_any_length_arrive),
        cmocka_unit_test(wrong_calls_are_answered_with_a_status),
        cmocka_unit_test(every_frame_has_a_key_of_its_own),
        cmocka_unit_test(the_buffered_amount_is_exact_in_small_frames),
        cmocka_unit_test(the_buffered_amount_is_exact_around_lent_payloads),
        cmocka_unit_test(a_frame_behind_a_settled_payload_is_counted),
        cmocka_unit_test(http_bytes_are_not_counted),
        cmocka_unit_test(lent_payloads_stay_where_they_are),
        cmocka_unit_test(a_message_goes_back_where_it_lies),
        cmocka_unit_test(a_client_copies_what_goes_back),
        cmocka_unit_test(a_prepared_message_serves_many),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Two sessions, memory to memory: handshake, data, both ends, every cut. */
#include "pair.h"
#include "support/fault_alloc.h"
#include "support/guard_page.h"

static weft_tls *client_tls, *server_tls;

static int setup(void **state)
{
    (void)state;
    client_tls = client_identity();
    server_tls = server_identity("server");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    weft_tls_release(client_tls);
    weft_tls_release(server_tls);
    return 0;
}

static void test_data_goes_both_ways(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, client_tls, server_tls, "localhost");
    assert_true(wf_tls_has_output(pair.client.tls));
    assert_false(wf_tls_has_output(pair.server.tls));
    pair_run(&pair);
    assert_true(wf_tls_is_done(pair.client.tls));
    assert_true(wf_tls_is_done(pair.server.tls));
    assert_null(wf_tls_failure(pair.client.tls));

    end_say(&pair.client, "hello");
    pair_run(&pair);
    assert_heard(&pair.server, "hello");
    end_say(&pair.server, "hello yourself");
    pair_run(&pair);
    assert_heard(&pair.client, "hello yourself");
    assert_int_equal(pair.client.result, WF_TLS_WANTS_INPUT);
    pair_close(&pair);
}

static void test_a_clean_end(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, client_tls, server_tls, "127.0.0.1");
    pair_run(&pair);
    end_say(&pair.server, "bye");
    wf_tls_end(pair.server.tls);
    pair_run(&pair);
    assert_heard(&pair.client, "bye");
    assert_int_equal(pair.client.result, WF_TLS_ENDED);
    assert_int_equal(wf_tls_read_end(pair.client.tls), WF_TLS_ENDED);

    /* The other direction is open still. */
    end_say(&pair.client, "bye too");
    wf_tls_end(pair.client.tls);
    pair_run(&pair);
    assert_heard(&pair.server, "bye too");
    assert_int_equal(pair.server.result, WF_TLS_ENDED);
    pair_close(&pair);
}

static void test_truncation_is_a_failure(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, client_tls, server_tls, "[::1]");
    pair_run(&pair);
    assert_int_equal(wf_tls_read_end(pair.client.tls), WF_TLS_FAILED);
    const struct weft_failure *failure = wf_tls_failure(pair.client.tls);
    assert_non_null(failure);
    assert_int_equal(failure->kind, WEFT_FAILURE_TLS);
    assert_non_null(strstr(failure->text, "truncated"));
    pair_close(&pair);
}

/* How many records there are in sealed bytes. */
static size_t record_count(struct weft_bytes sealed)
{
    size_t count = 0;
    for (size_t at = 0; at < sealed.count; count++) {
        assert_true(sealed.count - at >= 5);
        at += 5 + ((size_t)sealed.data[at + 3] << 8 | sealed.data[at + 4]);
    }
    return count;
}

struct span_case {
    const char *name;
    size_t spans[5]; /* Bytes of each; a zero after the last. */
    size_t span_count;
    size_t record_count;
};

static const struct span_case span_cases[] = {
    { "one byte", { 1 }, 1, 1 },
    { "head and payload", { 4, 100 }, 2, 1 },
    { "many small ones", { 10, 0, 20, 30, 1 }, 5, 1 },
    { "nothing at all", { 0, 0 }, 2, 0 },
    { "an empty one first", { 0, 7 }, 2, 1 },
    { "a record's worth", { 16384 }, 1, 1 },
    { "one byte more", { 16384, 1 }, 2, 2 },
    { "head and a large payload", { 14, 40000 }, 2, 3 },
    { "large in the middle", { 10, 20000, 10 }, 3, 2 },
};

static void test_spans_become_records(void **state)
{
    (void)state;
    static uint8_t bytes[65536];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    struct pair pair;
    pair_open(&pair, client_tls, server_tls, "localhost");
    pair_run(&pair);
    for (size_t i = 0; i < sizeof span_cases / sizeof span_cases[0]; i++) {
        const struct span_case *c = &span_cases[i];
        struct weft_bytes spans[5];
        size_t total = 0;
        for (size_t k = 0; k < c->span_count; k++) {
            spans[k] = (struct weft_bytes){ bytes + total, c->spans[k] };
            total += c->spans[k];
        }
        size_t taken, count;
        struct weft_buffer out = { pair.client.wire, WIRE_BYTES };
        assert_int_equal(wf_tls_seal(pair.client.tls, spans, c->span_count, out, &taken, &count),
                         WEFT_OK);
        assert_int_equal(taken, total);
        struct weft_bytes sealed = { pair.client.wire, count };
        if (record_count(sealed) != c->record_count)
            fail_msg("%s: %zu records", c->name, record_count(sealed));
        end_read(&pair.server, sealed);
        assert_int_equal(pair.server.plain_count, total);
        assert_memory_equal(pair.server.plain, bytes, total);
        pair.server.plain_count = 0;
    }
    pair_close(&pair);
}

/* Each size of the room: all arrives, nothing is written behind its end. */
static void test_little_room_to_seal(void **state)
{
    (void)state;
    static const uint8_t text[] = "twenty bytes of text";
    struct weft_bytes whole = { text, sizeof text };
    struct pair pair;
    pair_open(&pair, client_tls, server_tls, "localhost");
    pair_run(&pair);
    for (size_t room = 0; room < 80; room++) {
        uint8_t *edge = guard_page_place(NULL, room);
        size_t sent = 0;
        size_t progress = 1;
        while (sent < whole.count && progress) {
            struct weft_bytes span = { whole.data + sent, whole.count - sent };
            struct weft_buffer out = { edge, room };
            size_t taken;
            assert_int_equal(wf_tls_seal(pair.client.tls, &span, 1, out, &taken, &progress),
                             WEFT_OK);
            assert_true(progress <= room);
            assert_true(taken == 0 || progress > 0);
            sent += taken;
            end_read(&pair.server, (struct weft_bytes){ edge, progress });
        }
        assert_memory_equal(pair.server.plain, text, sent);
        assert_int_equal(pair.server.plain_count, sent);
        assert_int_equal(sent, room > 32 ? whole.count : 0);
        pair.server.plain_count = 0;
        guard_page_free(edge, room);
    }
    pair_close(&pair);
}

static void test_little_room_to_unseal(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, client_tls, server_tls, "localhost");
    pair_run(&pair);
    end_say(&pair.client, "abcdef");
    end_say(&pair.client, "gh");
    struct weft_bytes sealed = { pair.client.wire, pair.client.wire_count };
    wf_tls_feed(pair.server.tls, sealed);
    char heard[16];
    size_t heard_count = 0;
    enum wf_tls_result result = WF_TLS_IS_FULL;
    while (result == WF_TLS_IS_FULL) {
        size_t count;
        struct weft_buffer out = { (uint8_t *)heard + heard_count, 3 };
        result = wf_tls_read(pair.server.tls, out, &count);
        /* The second record is used only when there is room for it. */
        assert_int_equal(wf_tls_unused(pair.server.tls) != 0, heard_count < 6);
        heard_count += count;
    }
    assert_int_equal(result, WF_TLS_WANTS_INPUT);
    assert_int_equal(heard_count, 8);
    assert_memory_equal(heard, "abcdefgh", 8);
    pair_close(&pair);
}

static void test_states(void **state)
{
    (void)state;
    struct weft_bytes span = { (const uint8_t *)"x", 1 };
    struct pair pair;
    size_t taken, count;
    pair_open(&pair, client_tls, server_tls, "localhost");
    struct weft_buffer out = { pair.client.wire, WIRE_BYTES };

    /* Before the handshake is done: its bytes come, and none of the span's. */
    assert_int_equal(wf_tls_seal(pair.client.tls, &span, 1, out, &taken, &count), WEFT_OK);
    assert_int_equal(taken, 0);
    assert_true(count > 0);
    wf_tls_end(pair.client.tls);
    assert_false(wf_tls_has_output(pair.client.tls));
    end_read(&pair.server, (struct weft_bytes){ pair.client.wire, count });
    pair_run(&pair);
    assert_true(wf_tls_is_done(pair.client.tls));

    /* One close_notify, and nothing after it. */
    wf_tls_end(pair.client.tls);
    end_flush(&pair.client);
    size_t once = pair.client.wire_count;
    wf_tls_end(pair.client.tls);
    end_flush(&pair.client);
    assert_int_equal(pair.client.wire_count, once);
    assert_int_equal(wf_tls_seal(pair.client.tls, &span, 1, out, &taken, &count), WEFT_ERR_STATE);
    assert_int_equal(taken, 0);
    pair_close(&pair);
}

static void test_hosts_that_are_not_usable(void **state)
{
    (void)state;
    static const struct weft_text hosts[] = { { "", 0 }, { NULL, 0 }, { "a\0b", 3 }, { "[]", 2 } };
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct wf_tls *tls = NULL;
        assert_int_equal(wf_tls_open(test_pool(), client_tls, hosts[i], 443, &tls),
                         WEFT_ERR_ARGUMENT);
        assert_null(tls);
    }
    struct wf_tls *tls = NULL;
    assert_int_equal(wf_tls_open(test_pool(), server_tls, weft_text_of("localhost"), 443, &tls),
                     WEFT_ERR_ARGUMENT);
    assert_null(tls);
}

static weft_status handshake_with(struct wf_pool *pool)
{
    struct pair pair = { .client.wire = malloc(WIRE_BYTES), .server.wire = malloc(WIRE_BYTES) };
    weft_status status =
        wf_tls_open(pool, client_tls, weft_text_of("localhost"), 443, &pair.client.tls);
    if (!status)
        status = wf_tls_open(pool, server_tls, (struct weft_text){ 0 }, 0, &pair.server.tls);
    if (!status) {
        pair_run(&pair);
        for (int i = 0; i < 2 && !status; i++) {
            struct end *end = i ? &pair.server : &pair.client;
            const struct weft_failure *failure = wf_tls_failure(end->tls);
            if (failure)
                status = failure->status;
            else if (!wf_tls_is_done(end->tls) || !wf_tls_info(end->tls))
                status = WEFT_ERR_MEMORY;
        }
    }
    if (!status) {
        end_say(&pair.client, "word");
        pair_run(&pair);
        const struct weft_failure *failure = wf_tls_failure(pair.server.tls);
        status = failure ? failure->status : WEFT_OK;
        if (!failure)
            assert_heard(&pair.server, "word");
    }
    pair_close(&pair);
    return status;
}

static void test_no_memory(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, n);
        struct wf_pool pool;
        wf_pool_init(&pool, &fault.allocator);
        weft_status status = handshake_with(&pool);
        wf_pool_drop(&pool);
        failed = fault.failed;
        /* Without memory for records of its own a server goes on with OpenSSL's. */
        if (status != WEFT_OK || !failed)
            assert_int_equal(status, failed ? WEFT_ERR_MEMORY : WEFT_OK);
        assert_int_equal(fault.live_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_goes_both_ways),
        cmocka_unit_test(test_a_clean_end),
        cmocka_unit_test(test_truncation_is_a_failure),
        cmocka_unit_test(test_spans_become_records),
        cmocka_unit_test(test_little_room_to_seal),
        cmocka_unit_test(test_little_room_to_unseal),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_hosts_that_are_not_usable),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

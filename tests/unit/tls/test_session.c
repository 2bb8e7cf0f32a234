/* Two sessions, memory to memory: handshake, data, both ends, every cut. */
#include "pair.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_goes_both_ways),
        cmocka_unit_test(test_a_clean_end),
        cmocka_unit_test(test_truncation_is_a_failure),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* TLS 1.2 beside 1.3, no second handshake, and what an idle connection owns. */
#include "pair.h"
#include "support/fault_alloc.h"

/* The public options know no newest version; the test does. */
static weft_tls *only_1_2(weft_tls *tls)
{
    for (size_t i = 0; i < tls->generation->context_count; i++)
        assert_int_equal(
            SSL_CTX_set_max_proto_version(tls->generation->contexts[i], TLS1_2_VERSION), 1);
    return tls;
}

static void test_1_2(void **state)
{
    (void)state;
    static const char *const servers[][2] = { { "server", "ECDHE-ECDSA-AES256-GCM-SHA384" },
                                              { "rsa", "ECDHE-RSA-AES256-GCM-SHA384" } };
    for (size_t i = 0; i < 2; i++) {
        weft_tls *client = only_1_2(client_identity());
        weft_tls *server = server_identity(servers[i][0]);
        struct pair pair;
        pair_open(&pair, client, server, "localhost");
        pair_run(&pair);
        assert_string_equal(wf_tls_info(pair.client.tls)->version, "TLSv1.2");
        assert_string_equal(wf_tls_info(pair.server.tls)->cipher, servers[i][1]);
        assert_they_speak(&pair);
        wf_tls_end(pair.client.tls);
        pair_run(&pair);
        assert_int_equal(pair.server.result, WF_TLS_ENDED);
        pair_close(&pair);
        weft_tls_release(client);
        weft_tls_release(server);
    }
}

/* A session of TLS 1.2 is remembered for more than one time, also when the end was not clean. */
static void test_1_2_is_resumed_again_and_again(void **state)
{
    (void)state;
    weft_tls *client = only_1_2(client_identity());
    weft_tls *server = server_identity("server");
    for (int i = 0; i < 4; i++) {
        struct pair pair;
        pair_open(&pair, client, server, "localhost");
        pair_run(&pair);
        assert_they_speak(&pair);
        assert_int_equal(wf_tls_info(pair.client.tls)->is_resumed, i > 0);
        pair_close(&pair);
    }
    weft_tls_release(client);
    weft_tls_release(server);
}

static void test_no_second_handshake(void **state)
{
    (void)state;
    weft_tls *client = only_1_2(client_identity());
    weft_tls *server = server_identity("server");
    struct pair pair;
    pair_open(&pair, client, server, "localhost");
    pair_run(&pair);
    SSL *ssl = pair.client.tls->ssl;
    (void)SSL_clear_options(ssl, SSL_OP_NO_RENEGOTIATION);
    assert_int_equal(SSL_renegotiate(ssl), 1);
    (void)SSL_do_handshake(ssl);

    /* The alert no_renegotiation is a warning: the server goes on, and the client gives up. */
    assert_true(carry(&pair.client, &pair.server));
    assert_int_equal(pair.server.result, WF_TLS_WANTS_INPUT);
    assert_null(wf_tls_failure(pair.server.tls));
    assert_true(carry(&pair.server, &pair.client));
    assert_int_equal(pair.client.result, WF_TLS_FAILED);
    assert_string_equal(wf_tls_failure(pair.client.tls)->text, "TLS: no renegotiation");
    pair_close(&pair);
    weft_tls_release(client);
    weft_tls_release(server);
}

/* The connection, its records and what was agreed on; no cipher context, no buffer, and since there
 * is no SSL object, nothing of OpenSSL's. */
static void test_idle_owns_no_buffer(void **state)
{
    (void)state;
    struct fault_alloc fault;
    fault_alloc_init(&fault, 0);
    struct wf_pool pool;
    wf_pool_init(&pool, &fault.allocator);
    weft_tls *client = client_identity();
    weft_tls *server = server_identity("server");
    struct pair pair;
    pair_open(&pair, client, server, "localhost");
    wf_tls_close(pair.server.tls);
    assert_int_equal(wf_tls_open(&pool, server, (struct weft_text){ 0 }, 0, &pair.server.tls),
                     WEFT_OK);
    pair_run(&pair);
    assert_they_speak(&pair);
    assert_null(pair.server.tls->ssl);
    assert_int_equal(wf_ciphers_count(&pool), 2);
    wf_tls_rest(pair.server.tls);
    assert_int_equal(wf_ciphers_count(&pool), 0);
    assert_int_equal(fault.live_count, 3 + 1); /* One is of the thread. */
    assert_true(fault.live_bytes < 1024);
    assert_they_speak(&pair);
    pair_close(&pair);
    wf_pool_drop(&pool);
    assert_int_equal(fault.live_count, 0);
    weft_tls_release(client);
    weft_tls_release(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_1_2),
        cmocka_unit_test(test_1_2_is_resumed_again_and_again),
        cmocka_unit_test(test_no_second_handshake),
        cmocka_unit_test(test_idle_owns_no_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A server whose records are its own, and a client of OpenSSL's. */
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

/* ---- which connections ---- */

struct suite_case {
    const char *name;
    int version;
    bool is_taken_over;
};

static const struct suite_case suite_cases[] = {
    { "TLS_AES_128_GCM_SHA256", 0, true },
    { "TLS_AES_256_GCM_SHA384", 0, true },
    { "TLS_CHACHA20_POLY1305_SHA256", 0, true },
    { "TLS_AES_128_CCM_SHA256", 0, false },
    { "ECDHE-ECDSA-AES256-GCM-SHA384", TLS1_2_VERSION, false },
};

static void test_every_suite(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof suite_cases / sizeof suite_cases[0]; i++) {
        const struct suite_case *c = &suite_cases[i];
        weft_tls *client = client_identity();
        weft_tls *server = server_identity("server");
        SSL_CTX *contexts[] = { client->generation->contexts[0], server->generation->contexts[0] };
        for (size_t k = 0; k < 2; k++) {
            if (c->version)
                assert_int_equal(SSL_CTX_set_max_proto_version(contexts[k], c->version), 1);
            else
                assert_int_equal(SSL_CTX_set_ciphersuites(contexts[k], c->name), 1);
        }
        struct pair pair;
        pair_open(&pair, client, server, "localhost");
        pair_run(&pair);
        if (!wf_tls_is_done(pair.server.tls) || !pair.server.tls->ssl != c->is_taken_over)
            fail_msg("%s: %d", c->name, wf_tls_is_done(pair.server.tls));
        assert_ptr_equal(pair.server.tls->records != NULL, c->is_taken_over);
        assert_they_speak(&pair);
        assert_string_equal(wf_tls_info(pair.server.tls)->cipher, c->name);
        assert_string_equal(wf_tls_info(pair.server.tls)->version,
                            c->version ? "TLSv1.2" : "TLSv1.3");
        wf_tls_end(pair.client.tls);
        wf_tls_end(pair.server.tls);
        pair_run(&pair);
        assert_int_equal(pair.client.result, WF_TLS_ENDED);
        assert_int_equal(pair.server.result, WF_TLS_ENDED);
        pair_close(&pair);
        weft_tls_release(client);
        weft_tls_release(server);
    }
}

/* The first sequence number counts what OpenSSL has sealed already. */
static void test_any_number_of_tickets(void **state)
{
    (void)state;
    for (size_t count = 0; count < 5; count++) {
        weft_tls *server = server_identity("server");
        (void)SSL_CTX_set_num_tickets(server->generation->contexts[0], count);
        struct pair pair;
        pair_open(&pair, client_tls, server, "localhost");
        pair_run(&pair);
        assert_null(pair.server.tls->ssl);
        assert_int_equal(pair.server.tls->records->write.keys.sequence, count);
        assert_int_equal(pair.server.tls->records->read.keys.sequence, 0);
        assert_they_speak(&pair);
        pair_close(&pair);
        weft_tls_release(server);
    }
}

/* When there is any doubt, OpenSSL goes on. The ticket of a full handshake shows it. */
static void test_a_wrong_secret_or_count(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        weft_tls *client = client_identity();
        struct pair pair;
        pair_open(&pair, client, server_tls, "localhost");
        assert_true(carry(&pair.client, &pair.server));
        assert_true(carry(&pair.server, &pair.client));
        struct wf_record_keys *keys = &pair.server.tls->records->write.keys;
        if (i == 0)
            keys->sequence++;
        else if (i == 1)
            keys->secret[0] ^= 1;
        pair_run(&pair);
        assert_int_equal(pair.server.tls->ssl == NULL, i == 2);
        assert_int_equal(pair.server.tls->records == NULL, i != 2);
        assert_they_speak(&pair);
        pair_close(&pair);
        weft_tls_release(client);
    }
}

/* RFC 8446 4.1.4: the client has to try again. */
static void test_behind_a_retry(void **state)
{
    (void)state;
    weft_tls *client = client_identity();
    assert_int_equal(SSL_CTX_set1_groups_list(client->generation->contexts[0], "P-521:X25519"), 1);
    struct pair pair;
    open_and_take_over(&pair, client, server_tls);
    assert_they_speak(&pair);
    pair_close(&pair);
    weft_tls_release(client);
}

/* What comes in one read with the client's Finished. */
static void test_data_behind_the_handshake(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, client_tls, server_tls, "localhost");
    assert_true(carry(&pair.client, &pair.server));
    assert_true(carry(&pair.server, &pair.client));
    end_flush(&pair.client);
    assert_false(wf_tls_is_done(pair.server.tls));
    end_say(&pair.client, "early ");
    end_say(&pair.client, "bird");
    struct weft_bytes bytes = { pair.client.wire, pair.client.wire_count };
    end_read(&pair.server, bytes);
    assert_null(pair.server.tls->ssl);
    assert_heard(&pair.server, "early bird");
    pair.client.wire_count = 0;
    assert_they_speak(&pair);
    pair_close(&pair);
}

/* ---- new keys, RFC 8446 4.6.3 ---- */

static void test_the_client_wants_new_keys(void **state)
{
    (void)state;
    static const int kinds[] = { SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED };
    struct pair pair;
    open_and_take_over(&pair, client_tls, server_tls);
    for (int i = 0; i < 6; i++) {
        struct wf_record_keys before = pair.server.tls->records->write.keys;
        assert_int_equal(SSL_key_update(pair.client.tls->ssl, kinds[i % 2]), 1);
        assert_they_speak(&pair);
        bool is_new = memcmp(before.secret, pair.server.tls->records->write.keys.secret,
                             sizeof before.secret) != 0;
        assert_int_equal(is_new, i % 2 == 0);
        assert_they_speak(&pair);
    }
    pair_close(&pair);
}

/* Many are answered once while the answer waits: what a peer makes us keep is bounded. */
static void test_many_updates_have_one_answer(void **state)
{
    (void)state;
    struct pair pair;
    open_and_take_over(&pair, client_tls, server_tls);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(SSL_key_update(pair.client.tls->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        end_say(&pair.client, "x");
        struct weft_bytes bytes = { pair.client.wire, pair.client.wire_count };
        end_read(&pair.server, bytes);
        pair.client.wire_count = 0;
    }
    assert_int_equal(pair.server.plain_count, 1000);
    pair.server.plain_count = 0;
    assert_int_equal(pair.server.tls->unsent.count, WF_RECORD_EXTRA_BYTES + WF_KEY_UPDATE_BYTES);
    pair_run(&pair);
    assert_they_speak(&pair);
    pair_close(&pair);
}

/* Before a key has sealed too much. */
static void test_the_server_takes_new_keys(void **state)
{
    (void)state;
    struct pair pair;
    open_and_take_over(&pair, client_tls, server_tls);
    struct wf_record_suite suite = *pair.server.tls->records->suite;
    pair.server.tls->records->suite = &suite;
    suite.records_max = 3;
    for (int i = 0; i < 20; i++) {
        assert_they_speak(&pair);
        assert_true(pair.server.tls->records->write.keys.sequence <= 3);
    }
    /* In the middle of what fills more than the room. */
    static uint8_t large[300000];
    struct weft_bytes spans[2] = { { large, 5 }, { large + 5, sizeof large - 5 } };
    size_t sent = 0, heard = 0;
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (uint8_t)(i * 31 >> 3);
    while (sent < sizeof large || wf_tls_has_output(pair.server.tls)) {
        size_t taken, count;
        struct weft_buffer out = { pair.server.wire, 40000 };
        assert_int_equal(wf_tls_seal(pair.server.tls, spans, 2, out, &taken, &count), WEFT_OK);
        sent += taken;
        spans[1].data += taken - (sent == taken ? 5 : 0);
        spans[1].count = sizeof large - sent;
        spans[0].count = 0;
        end_read(&pair.client, (struct weft_bytes){ pair.server.wire, count });
        assert_memory_equal(pair.client.plain, large + heard, pair.client.plain_count);
        heard += pair.client.plain_count;
        pair.client.plain_count = 0;
    }
    assert_int_equal(heard, sizeof large);
    assert_they_speak(&pair);
    pair_close(&pair);
}

/* Cut at every byte, with every size of room to read to. */
static void test_every_cut(void **state)
{
    (void)state;
    static const size_t rooms[] = { 1, 7, 50, 4096 };
    for (size_t r = 0; r < sizeof rooms / sizeof rooms[0]; r++)
        for (size_t step = 1; step < 140; step++) {
            struct pair pair;
            open_and_take_over(&pair, client_tls, server_tls);
            end_say(&pair.client, "one");
            assert_int_equal(SSL_key_update(pair.client.tls->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
            end_say(&pair.client, "two");
            end_say(&pair.client, "three of some more bytes than the others have");
            wf_tls_end(pair.client.tls);
            end_flush(&pair.client);
            char heard[64];
            size_t heard_count = 0, count;
            enum wf_tls_result result = WF_TLS_WANTS_INPUT;
            for (size_t at = 0; at < pair.client.wire_count; at += step) {
                size_t piece = pair.client.wire_count - at;
                struct weft_bytes bytes = { pair.client.wire + at, piece < step ? piece : step };
                wf_tls_feed(pair.server.tls, bytes);
                do {
                    struct weft_buffer room = { (uint8_t *)heard + heard_count, rooms[r] };
                    if (room.count > sizeof heard - heard_count)
                        room.count = sizeof heard - heard_count;
                    result = wf_tls_read(pair.server.tls, room, &count);
                    heard_count += count;
                } while (result == WF_TLS_IS_FULL);
                assert_int_equal(wf_tls_unused(pair.server.tls), 0);
            }
            assert_int_equal(result, WF_TLS_ENDED);
            assert_int_equal(heard_count, 51);
            assert_memory_equal(heard, "onetwothree of some more bytes than the others have", 51);
            assert_int_equal(pair.server.tls->records->part.capacity, 0); /* Given back. */
            pair.client.wire_count = 0;
            end_say(&pair.server, "yes"); /* Behind the answer to the KeyUpdate. */
            pair_run(&pair);
            assert_heard(&pair.client, "yes");
            pair_close(&pair);
        }
}

/* ---- contexts ---- */

static void test_contexts_are_shared(void **state)
{
    (void)state;
    enum { PAIRS = WF_CIPHERS_MAX / 2 + 3 };
    struct pair *pairs = calloc(PAIRS, sizeof *pairs);
    size_t before = wf_ciphers_count(test_pool());
    for (size_t i = 0; i < PAIRS; i++) {
        open_and_take_over(&pairs[i], client_tls, server_tls);
        assert_they_speak(&pairs[i]);
    }
    assert_in_range(wf_ciphers_count(test_pool()), WF_CIPHERS_MAX - 1, WF_CIPHERS_MAX);
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < PAIRS; i++)
            assert_they_speak(&pairs[round == 1 ? PAIRS - 1 - i : i]);
    for (size_t i = 0; i < PAIRS; i += 2)
        wf_tls_rest(pairs[i].server.tls);
    for (size_t i = 0; i < PAIRS; i++)
        assert_they_speak(&pairs[i]);
    for (size_t i = 0; i < PAIRS; i++)
        pair_close(&pairs[i]);
    assert_int_equal(wf_ciphers_count(test_pool()), before);
    free(pairs);
}

/* A connection may outlive what its thread has kept. */
static void test_the_pool_goes_first(void **state)
{
    (void)state;
    struct wf_pool pool;
    wf_pool_init(&pool, NULL);
    struct pair pair;
    pair_open(&pair, client_tls, server_tls, "localhost");
    wf_tls_close(pair.server.tls);
    assert_int_equal(wf_tls_open(&pool, server_tls, (struct weft_text){ 0 }, 0, &pair.server.tls),
                     WEFT_OK);
    pair_run(&pair);
    assert_they_speak(&pair);
    wf_pool_drop(&pool);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_suite),
        cmocka_unit_test(test_any_number_of_tickets),
        cmocka_unit_test(test_a_wrong_secret_or_count),
        cmocka_unit_test(test_behind_a_retry),
        cmocka_unit_test(test_data_behind_the_handshake),
        cmocka_unit_test(test_the_client_wants_new_keys),
        cmocka_unit_test(test_many_updates_have_one_answer),
        cmocka_unit_test(test_the_server_takes_new_keys),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_contexts_are_shared),
        cmocka_unit_test(test_the_pool_goes_first),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* A server whose records are its own, and a client of OpenSSL's. */
#include "pair.h"
#include "tls/session.h"

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

static void assert_they_speak(struct pair *pair)
{
    end_say(&pair->client, "question");
    pair_run(pair);
    assert_heard(&pair->server, "question");
    end_say(&pair->server, "answer");
    pair_run(pair);
    assert_heard(&pair->client, "answer");
    assert_null(wf_tls_failure(pair->client.tls));
    assert_null(wf_tls_failure(pair->server.tls));
}

static void open_and_take_over(struct pair *pair)
{
    pair_open(pair, client_tls, server_tls, "localhost");
    pair_run(pair);
    assert_null(pair->server.tls->ssl);
    assert_non_null(pair->server.tls->records);
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
    open_and_take_over(&pair);
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
    open_and_take_over(&pair);
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
    open_and_take_over(&pair);
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

/* ---- what a client may not say ---- */

/* Seals as the client: any type, and any padding when the type is 0. Goes onto its wire. */
static void forge(struct pair *pair, uint8_t type, const char *words, size_t count)
{
    const struct wf_records *records = pair->server.tls->records;
    struct wf_record_keys *keys = &pair->server.tls->records->read.keys;
    uint64_t sequence = keys->sequence;
    EVP_CIPHER *kind = EVP_CIPHER_fetch(NULL, records->suite->cipher, NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    struct weft_bytes span = { (const uint8_t *)words, count };
    assert_int_equal(EVP_EncryptInit_ex(context, kind, NULL, keys->key, NULL), 1);
    assert_true(wf_record_seal(context, keys, (enum wf_record_type)type, &span, 0, count,
                               pair->client.wire));
    keys->sequence = sequence;
    pair->client.wire_count = count + WF_RECORD_EXTRA_BYTES;
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(kind);
}

static void forge_and_carry(struct pair *pair, uint8_t type, const char *words, size_t count)
{
    forge(pair, type, words, count);
    assert_true(carry(&pair->client, &pair->server));
}

struct word_case {
    const char *name;
    uint8_t type;
    const char *words;
    size_t count;
    int times;            /* The last of so many is the one that matters. */
    const char *failure;  /* Of the server; NULL: it goes on. */
    const char *heard_by; /* In the client's failure; NULL: it hears no alert. */
};

#define WORDS(text) (text), sizeof(text) - 1
#define UNEXPECTED  "TLS: unexpected message", "\"unexpected_message\""

static const struct word_case word_cases[] = {
    { "data", 23, WORDS("abc"), 1, NULL, NULL },
    { "padded data", 0, WORDS("abc\x17\0\0\0"), 1, NULL, NULL },
    { "padding alone", 0, WORDS("\0\0\0\0"), 1, UNEXPECTED },
    { "nothing", 0, WORDS(""), 1, UNEXPECTED },
    { "empty data", 23, WORDS(""), 32, NULL, NULL },
    { "empty data without end", 23, WORDS(""), 33, UNEXPECTED },
    { "an alert of one byte", 21, WORDS("\2"), 1, UNEXPECTED },
    { "an alert of no byte", 21, WORDS(""), 1, UNEXPECTED },
    { "two alerts in one", 21, WORDS("\1\0\1\0"), 1, UNEXPECTED },
    { "an alert", 21, WORDS("\2\x28"), 1, "the client sent the alert \"handshake failure\"", NULL },
    { "an alert that is called a warning", 21, WORDS("\1\x28"), 1,
      "the client sent the alert \"handshake failure\"", NULL },
    { "an alert of no kind", 21, WORDS("\2\xfe"), 1, "the client sent the alert \"unknown\"",
      NULL },
    { "user_canceled", 21, WORDS("\1\x5a"), 4, NULL, NULL },
    { "user_canceled without end", 21, WORDS("\1\x5a"), 5, UNEXPECTED },
    { "change_cipher_spec", 20, WORDS("\1"), 1, UNEXPECTED },
    { "no type that there is", 99, WORDS("abc"), 1, UNEXPECTED },
    { "handshake without a byte", 22, WORDS(""), 1, UNEXPECTED },
    { "another ClientHello", 22, WORDS("\1\0\0\2\3\3"), 1, UNEXPECTED },
    { "a ticket", 22, WORDS("\4\0\0\0"), 1, UNEXPECTED },
    { "Finished", 22, WORDS("\x14\0\0\1a"), 1, UNEXPECTED },
    { "KeyUpdate", 22, WORDS("\x18\0\0\1\0"), 1, NULL, NULL },
    { "KeyUpdate, a large one", 22, WORDS("\x18\0\0\2\0\0"), 1, UNEXPECTED },
    { "KeyUpdate, and more", 22, WORDS("\x18\0\0\1\0\x18"), 1, UNEXPECTED },
    { "KeyUpdate of no kind", 22, WORDS("\x18\0\0\1\2"), 1, "TLS: a message makes no sense",
      "\"illegal parameter\"" },
};

static void check_words(const struct word_case *c)
{
    struct pair *pair = malloc(sizeof *pair);
    open_and_take_over(pair);
    for (int i = 0; i < c->times; i++) {
        assert_null(wf_tls_failure(pair->server.tls));
        forge_and_carry(pair, c->type, c->words, c->count);
    }
    const struct weft_failure *failure = wf_tls_failure(pair->server.tls);
    if (c->failure ? !failure || strcmp(failure->text, c->failure) != 0 : failure != NULL)
        fail_msg("%s: %s", c->name, failure ? failure->text : "good");
    assert_int_equal(pair->server.result, c->failure ? WF_TLS_FAILED : WF_TLS_WANTS_INPUT);
    assert_int_equal(wf_tls_has_output(pair->server.tls), c->heard_by != NULL);
    pair_run(pair);
    failure = wf_tls_failure(pair->client.tls);
    if (c->heard_by ? !failure || !strstr(failure->text, c->heard_by) : failure != NULL)
        fail_msg("%s: the client: %s", c->name, failure ? failure->text : "good");
    if (c->failure) { /* It stays so: nothing is opened any more, and nothing sealed. */
        size_t taken, count, heard = pair->server.plain_count;
        struct weft_bytes span = { (const uint8_t *)"x", 1 };
        struct weft_buffer out = { pair->server.wire, WIRE_BYTES };
        forge_and_carry(pair, WF_RECORD_DATA, "more", 4);
        assert_int_equal(pair->server.plain_count, heard);
        assert_int_equal(pair->server.result, WF_TLS_FAILED);
        assert_int_not_equal(wf_tls_seal(pair->server.tls, &span, 1, out, &taken, &count), WEFT_OK);
        assert_int_equal(taken, 0);
        wf_tls_end(pair->server.tls);
        assert_false(wf_tls_has_output(pair->server.tls));
    }
    pair_close(pair);
    free(pair);
}

static void test_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof word_cases / sizeof word_cases[0]; i++)
        check_words(&word_cases[i]);
}

static void test_an_update_in_pieces(void **state)
{
    (void)state;
    static const char update[] = "\x18\0\0\1\0";
    for (size_t count = 1; count <= 5; count++) {
        struct pair pair;
        open_and_take_over(&pair);
        struct wf_record_keys before = pair.server.tls->records->read.keys;
        for (size_t i = 0; i < count; i++)
            forge_and_carry(&pair, WF_RECORD_HANDSHAKE, update + i, 1);
        assert_null(wf_tls_failure(pair.server.tls));
        assert_int_equal(memcmp(before.secret, pair.server.tls->records->read.keys.secret,
                                sizeof before.secret) != 0,
                         count == 5);
        /* RFC 8446 5.1: nothing comes between its pieces. */
        forge_and_carry(&pair, WF_RECORD_DATA, "x", 1);
        assert_int_equal(wf_tls_failure(pair.server.tls) != NULL, count < 5);
        assert_int_equal(pair.server.plain_count, count == 5);
        pair_close(&pair);
    }
}

struct head_case {
    const char *name;
    const char *bytes;
    size_t count;
    const char *failure, *heard_by;
};

static const struct head_case head_cases[] = {
    { "change_cipher_spec", WORDS("\x14\3\3\0\1\1"), UNEXPECTED },
    { "an alert that is not sealed", WORDS("\x15\3\3\0\2\2\x28"), UNEXPECTED },
    { "a handshake", WORDS("\x16\3\3\0\5\x18\0\0\1\0"), UNEXPECTED },
    { "HTTP", WORDS("GET / HTTP/1.1\r\n\r\n"), UNEXPECTED },
    { "too long", WORDS("\x17\3\3\x41\1"), "TLS: a record is too long", "\"record overflow\"" },
    { "too short", WORDS("\x17\3\3\0\x0f"), "TLS: a TLS record was changed on its way",
      "\"bad record mac\"" },
    { "a bad tag", WORDS("\x17\3\3\0\x11 seventeen bytes!"),
      "TLS: a TLS record was changed on its way", "\"bad record mac\"" },
};

static void test_heads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof head_cases / sizeof head_cases[0]; i++) {
        const struct head_case *c = &head_cases[i];
        struct pair pair;
        open_and_take_over(&pair);
        end_say(&pair.client, "good");
        memcpy(pair.client.wire + pair.client.wire_count, c->bytes, c->count);
        pair.client.wire_count += c->count;
        pair_run(&pair);
        assert_heard(&pair.server, "good");
        assert_int_equal(pair.server.result, WF_TLS_FAILED);
        if (strcmp(wf_tls_failure(pair.server.tls)->text, c->failure) != 0)
            fail_msg("%s: %s", c->name, wf_tls_failure(pair.server.tls)->text);
        assert_non_null(strstr(wf_tls_failure(pair.client.tls)->text, c->heard_by));
        pair_close(&pair);
    }
}

/* Cut at every byte, with every size of room to read to. */
static void test_every_cut(void **state)
{
    (void)state;
    static const size_t rooms[] = { 1, 7, 50, 4096 };
    for (size_t r = 0; r < sizeof rooms / sizeof rooms[0]; r++)
        for (size_t step = 1; step < 140; step++) {
            struct pair pair;
            open_and_take_over(&pair);
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
        open_and_take_over(&pairs[i]);
        assert_they_speak(&pairs[i]);
    }
    assert_int_equal(wf_ciphers_count(test_pool()), WF_CIPHERS_MAX);
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
        cmocka_unit_test(test_data_behind_the_handshake),
        cmocka_unit_test(test_the_client_wants_new_keys),
        cmocka_unit_test(test_many_updates_have_one_answer),
        cmocka_unit_test(test_the_server_takes_new_keys),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_an_update_in_pieces),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_contexts_are_shared),
        cmocka_unit_test(test_the_pool_goes_first),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/* A server whose records are its own, and a client that has the keys and keeps no rule. */
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
    open_and_take_over(pair, client_tls, server_tls);
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
        open_and_take_over(&pair, client_tls, server_tls);
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
        open_and_take_over(&pair, client_tls, server_tls);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_an_update_in_pieces),
        cmocka_unit_test(test_heads),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

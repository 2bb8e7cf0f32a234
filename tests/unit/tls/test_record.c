/* One record, sealed and opened: the example of RFC 8448, and what no record may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/guard_page.h"
#include "support/hex.h"
#include "tls/record.h"

#include <openssl/ssl.h>

struct side {
    struct wf_record_keys keys;
    const struct wf_record_suite *suite;
    EVP_CIPHER_CTX *sealing, *opening;
};

static EVP_CIPHER_CTX *context_with(const struct side *side, int is_sealed)
{
    EVP_CIPHER *kind = EVP_CIPHER_fetch(NULL, side->suite->cipher, NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_CipherInit_ex(context, kind, NULL, side->keys.key, NULL, is_sealed), 1);
    EVP_CIPHER_free(kind);
    return context;
}

static void side_close(struct side *side)
{
    EVP_CIPHER_CTX_free(side->sealing);
    EVP_CIPHER_CTX_free(side->opening);
}

static struct side side_with(uint16_t suite, const char *secret)
{
    struct side side = { .suite = wf_record_suite_find(suite) };
    size_t count;
    assert_non_null(side.suite);
    uint8_t *bytes = hex_decode((const uint8_t *)secret, strlen(secret), &count);
    assert_int_equal(count, side.suite->secret_bytes);
    memcpy(side.keys.secret, bytes, count);
    free(bytes);
    EVP_MAC_CTX *mac = wf_record_mac_new(side.suite);
    assert_true(wf_record_keys_derive(&side.keys, side.suite, mac));
    EVP_MAC_CTX_free(mac);
    side.sealing = context_with(&side, 1);
    side.opening = context_with(&side, 0);
    return side;
}

static void assert_hex(const uint8_t *bytes, const char *digits)
{
    size_t count;
    uint8_t *expected = hex_decode((const uint8_t *)digits, strlen(digits), &count);
    assert_memory_equal(bytes, expected, count);
    free(expected);
}

/* RFC 8448 3: the records behind the handshake. */
static const char client_secret[] =
    "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
static const char server_secret[] =
    "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";

struct example {
    const char *secret;
    uint64_t sequence;
    enum wf_record_type type;
    const char *plain; /* NULL: the bytes 0 to 49. */
    const char *record;
};

static const struct example examples[] = {
    { client_secret, 0, WF_RECORD_DATA, NULL,
      "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a2044"
      "1e"
      "2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4" },
    { client_secret, 1, WF_RECORD_ALERT, "0100",
      "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3" },
    { server_secret, 1, WF_RECORD_DATA, NULL,
      "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a"
      "59"
      "a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d" },
    { server_secret, 2, WF_RECORD_ALERT, "0100",
      "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9" },
};

static void test_keys(void **state)
{
    (void)state;
    struct side client = side_with(0x1301, client_secret);
    struct side server = side_with(0x1301, server_secret);
    assert_hex(client.keys.key, "17422dda596ed5d9acd890e3c63f5051");
    assert_hex(client.keys.iv, "5b78923dee08579033e523d9");
    assert_hex(server.keys.key, "9f02283b6c9c07efc26bb9f2ac92e356");
    assert_hex(server.keys.iv, "cf782b88dd83549aadf1e984");
    side_close(&client);
    side_close(&server);
    assert_null(wf_record_suite_find(0x1304)); /* AES-128-CCM */
    assert_null(wf_record_suite_find(0));
}

static void test_examples(void **state)
{
    (void)state;
    uint8_t zero_to_49[50];
    for (uint8_t i = 0; i < 50; i++)
        zero_to_49[i] = i;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const struct example *e = &examples[i];
        struct side side = side_with(0x1301, e->secret);
        struct weft_bytes plain = { zero_to_49, sizeof zero_to_49 };
        uint8_t *decoded = NULL;
        if (e->plain) {
            decoded = hex_decode((const uint8_t *)e->plain, strlen(e->plain), &plain.count);
            plain.data = decoded;
        }
        uint8_t out[128], opened[128], type;
        size_t count;
        side.keys.sequence = e->sequence;
        assert_true(wf_record_seal(side.sealing, &side.keys, e->type, &plain, 0, plain.count, out));
        assert_hex(out, e->record);
        struct weft_bytes record = { out, plain.count + WF_RECORD_EXTRA_BYTES };
        side.keys.sequence = e->sequence;
        assert_int_equal(wf_record_open(side.opening, &side.keys, record, opened, &count, &type),
                         0);
        assert_int_equal(type, e->type);
        assert_int_equal(count, plain.count);
        assert_memory_equal(opened, plain.data, count);
        free(decoded);
        side_close(&side);
    }
}

/* However the bytes lie in spans, and in whatever order of size: the record is the same. */
static void test_spans(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 1023, 1024, 1025, 5000, 16383, 16384 };
    static const size_t heads[] = { 0, 1, 4, 14, 700, 1024, 9999 };
    static uint8_t plain[WF_RECORD_PLAIN_BYTES + 100];
    static uint8_t whole[WF_RECORD_BYTES_MAX], parts[WF_RECORD_BYTES_MAX];
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i * 13 >> 2);
    struct side side = side_with(0x1301, server_secret);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t k = 0; k < sizeof heads / sizeof heads[0]; k++) {
            /* 7 bytes are skipped, an empty span is in the middle, and more follows. */
            size_t head = heads[k];
            struct weft_bytes one = { plain + 7, sizes[i] };
            struct weft_bytes spans[4] = { { plain, head },
                                           { NULL, 0 },
                                           { plain + head, sizes[i] / 2 },
                                           { plain + head + sizes[i] / 2,
                                             sizeof plain - head - sizes[i] / 2 } };
            side.keys.sequence = 77;
            assert_true(
                wf_record_seal(side.sealing, &side.keys, WF_RECORD_DATA, &one, 0, sizes[i], whole));
            side.keys.sequence = 77;
            assert_true(wf_record_seal(side.sealing, &side.keys, WF_RECORD_DATA, spans, 7, sizes[i],
                                       parts));
            assert_memory_equal(whole, parts, sizes[i] + WF_RECORD_EXTRA_BYTES);
        }
    side_close(&side);
}

/* Every byte counts, and nothing is read or written beyond the ends. */
static void test_every_byte_is_sealed(void **state)
{
    (void)state;
    enum { COUNT = 40, BYTES = COUNT + WF_RECORD_EXTRA_BYTES };
    static const uint16_t suites[] = { 0x1301, 0x1303 };
    uint8_t plain[COUNT] = "changed on its way", record[BYTES], type;
    struct weft_bytes span = { plain, COUNT };
    for (size_t s = 0; s < 2; s++) {
        struct side side = side_with(suites[s], client_secret);
        assert_true(
            wf_record_seal(side.sealing, &side.keys, WF_RECORD_DATA, &span, 0, COUNT, record));
        for (size_t at = 0; at <= BYTES; at++) {
            if (at < BYTES)
                record[at] ^= 0x10;
            uint8_t *edge = guard_page_place(record, BYTES);
            uint8_t *out = guard_page_place(NULL, COUNT + 1);
            size_t count;
            side.keys.sequence = 0;
            uint8_t alert = wf_record_open(side.opening, &side.keys,
                                           (struct weft_bytes){ edge, BYTES }, out, &count, &type);
            assert_int_equal(alert, at < BYTES ? SSL_AD_BAD_RECORD_MAC : 0);
            assert_int_equal(count, at < BYTES ? 0 : COUNT);
            guard_page_free(edge, BYTES);
            guard_page_free(out, COUNT + 1);
            if (at < BYTES)
                record[at] ^= 0x10;
        }
        /* Not twice, and not out of order. */
        size_t count;
        uint8_t out[COUNT + 1];
        side.keys.sequence = 1;
        assert_int_equal(wf_record_open(side.opening, &side.keys,
                                        (struct weft_bytes){ record, BYTES }, out, &count, &type),
                         SSL_AD_BAD_RECORD_MAC);
        side_close(&side);
    }
}

/* `inner` is the plain bytes, the type, and the padding; the last of it is a zero. */
static uint8_t open_inner(struct side *side, const uint8_t *inner, size_t count, size_t *count_out,
                          uint8_t *type_out)
{
    static uint8_t record[2 * WF_RECORD_BYTES_MAX];
    struct weft_bytes span = { inner, count - 1 };
    side->keys.sequence = 5;
    assert_true(wf_record_seal(side->sealing, &side->keys, (enum wf_record_type)0, &span, 0,
                               count - 1, record));
    side->keys.sequence = 5;
    /* In place. */
    return wf_record_open(side->opening, &side->keys,
                          (struct weft_bytes){ record, count + WF_RECORD_EXTRA_BYTES - 1 },
                          record + WF_RECORD_HEAD_BYTES, count_out, type_out);
}

static void test_padding(void **state)
{
    (void)state;
    static uint8_t inner[WF_RECORD_PLAIN_BYTES + 2];
    struct side side = side_with(0x1301, server_secret);
    size_t count;
    uint8_t type = 0;
    for (size_t padding = 1; padding < 300; padding++) {
        inner[0] = 'a';
        inner[1] = WF_RECORD_DATA;
        assert_int_equal(open_inner(&side, inner, 2 + padding, &count, &type), 0);
        assert_int_equal(count, 1);
        assert_int_equal(type, WF_RECORD_DATA);
        inner[0] = WF_RECORD_HANDSHAKE; /* And no bytes. */
        inner[1] = 0;
        assert_int_equal(open_inner(&side, inner, 1 + padding, &count, &type), 0);
        assert_int_equal(count, 0);
        assert_int_equal(type, WF_RECORD_HANDSHAKE);
        inner[0] = 0;
        assert_int_equal(open_inner(&side, inner, padding, &count, &type),
                         SSL_AD_UNEXPECTED_MESSAGE);
    }
    inner[0] = WF_RECORD_DATA;
    assert_int_equal(open_inner(&side, inner, WF_RECORD_PLAIN_BYTES + 1, &count, &type), 0);
    assert_int_equal(open_inner(&side, inner, WF_RECORD_PLAIN_BYTES + 2, &count, &type),
                     SSL_AD_RECORD_OVERFLOW);
    side_close(&side);
}

static void test_heads(void **state)
{
    (void)state;
    static const struct {
        uint8_t head[WF_RECORD_HEAD_BYTES];
        size_t bytes;
        uint8_t alert;
    } cases[] = {
        { { 23, 3, 3, 0, 16 }, 21, 0 },
        { { 23, 3, 1, 0, 17 }, 22, 0 },
        { { 23, 9, 9, 0x41, 0x00 }, WF_RECORD_BYTES_MAX, 0 },
        { { 23, 3, 3, 0x41, 0x01 }, 0, SSL_AD_RECORD_OVERFLOW },
        { { 23, 3, 3, 0xff, 0xff }, 0, SSL_AD_RECORD_OVERFLOW },
        { { 23, 3, 3, 0, 15 }, 0, SSL_AD_BAD_RECORD_MAC },
        { { 23, 3, 3, 0, 0 }, 0, SSL_AD_BAD_RECORD_MAC },
        { { 20, 3, 3, 0, 1 }, 0, SSL_AD_UNEXPECTED_MESSAGE }, /* change_cipher_spec */
        { { 21, 3, 3, 0, 2 }, 0, SSL_AD_UNEXPECTED_MESSAGE },
        { { 22, 3, 3, 0, 40 }, 0, SSL_AD_UNEXPECTED_MESSAGE },
        { { 'G', 'E', 'T', ' ', '/' }, 0, SSL_AD_UNEXPECTED_MESSAGE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t alert = 0;
        assert_int_equal(wf_record_bytes(cases[i].head, &alert), cases[i].bytes);
        assert_int_equal(alert, cases[i].alert);
    }
}

/* RFC 8446 5.3: a number is never used again. */
static void test_the_last_sequence_number(void **state)
{
    (void)state;
    struct side side = side_with(0x1301, server_secret);
    uint8_t record[64], out[64], type;
    size_t count;
    struct weft_bytes span = { out, 1 };
    side.keys.sequence = UINT64_MAX;
    assert_false(wf_record_seal(side.sealing, &side.keys, WF_RECORD_DATA, &span, 0, 1, record));
    assert_int_equal(wf_record_open(side.opening, &side.keys, (struct weft_bytes){ record, 23 },
                                    out, &count, &type),
                     SSL_AD_BAD_RECORD_MAC);
    assert_true(side.keys.sequence == UINT64_MAX);
    side_close(&side);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_every_byte_is_sealed),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_the_last_sequence_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

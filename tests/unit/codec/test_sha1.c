#include "codec/sha1.h"

#include "codec/base64.h"
#include "codec/sha1_kernels.h"
#include "support/cases.h"
#include "support/guard_page.h"

static void to_hex(const uint8_t hash[20], char out[41])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 20; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[40] = '\0';
}

static const struct {
    const char *name;
    struct weft_text text;
    const char *hash;
} cases[] = {
    { "nothing", TEXT(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
    { "RFC 3174 7.3, 1", TEXT("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d" },
    { "RFC 3174 7.3, 2", TEXT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
    { "a fox", TEXT("The quick brown fox jumps over the lazy dog"),
      "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12" },
};

static void known_hashes(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        for (size_t k = 0; k < wf_sha1_kernel_count; k++) {
            if (!wf_sha1_kernels[k].is_supported())
                continue;
            uint8_t hash[20];
            char hex[41];
            wf_sha1_with(&wf_sha1_kernels[k], c->text.data, c->text.count, hash);
            to_hex(hash, hex);
            assert_string_equal(hex, c->hash);
        }
    }
}

/* RFC 3174 7.3, 3: a million times "a". */
static void a_million_bytes(void **state)
{
    (void)state;
    static char text[1000000];
    memset(text, 'a', sizeof text);
    uint8_t hash[20];
    char hex[41];
    wf_sha1(text, sizeof text, hash);
    to_hex(hash, hex);
    assert_string_equal(hex, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

/* The hash of the hashes of 0 to 300 bytes (0, 1, 2 ...), as another implementation gave it. */
static void every_length_around_the_blocks(void **state)
{
    (void)state;
    enum { COUNT = 300 };
    for (size_t k = 0; k < wf_sha1_kernel_count; k++) {
        if (!wf_sha1_kernels[k].is_supported())
            continue;
        uint8_t hashes[COUNT + 1][20], hash[20];
        for (size_t count = 0; count <= COUNT; count++) {
            uint8_t *data = guard_page_place(NULL, count);
            for (size_t i = 0; i < count; i++)
                data[i] = (uint8_t)i;
            wf_sha1_with(&wf_sha1_kernels[k], data, count, hashes[count]);
            guard_page_free(data, count);
        }
        char hex[41];
        wf_sha1(hashes, sizeof hashes, hash);
        to_hex(hash, hex);
        assert_string_equal(hex, "d72ddaff10d3a5eed5157a8c23af4f64540384c4");
    }
}

/* RFC 6455 1.3 and 4.2.2. */
static void the_accept_of_the_rfc(void **state)
{
    (void)state;
    static const char text[] = "dGhlIHNhbXBsZSBub25jZQ=="
                               "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t hash[20];
    char accept[WF_BASE64_TEXT_BYTES(20) + 1] = "";
    wf_sha1(text, sizeof text - 1, hash);
    wf_base64_encode((struct weft_bytes){ hash, 20 }, accept);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_hashes),
        cmocka_unit_test(a_million_bytes),
        cmocka_unit_test(every_length_around_the_blocks),
        cmocka_unit_test(the_accept_of_the_rfc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "codec/base64.h"

#include "support/cases.h"
#include "support/guard_page.h"

static const struct {
    const char *name;
    struct weft_bytes data;
    const char *text;
} pairs[] = {
    { "RFC 4648 10: nothing", BYTES_OF(""), "" },
    { "RFC 4648 10: f", BYTES_OF("f"), "Zg==" },
    { "RFC 4648 10: fo", BYTES_OF("fo"), "Zm8=" },
    { "RFC 4648 10: foo", BYTES_OF("foo"), "Zm9v" },
    { "RFC 4648 10: foob", BYTES_OF("foob"), "Zm9vYg==" },
    { "RFC 4648 10: fooba", BYTES_OF("fooba"), "Zm9vYmE=" },
    { "RFC 4648 10: foobar", BYTES_OF("foobar"), "Zm9vYmFy" },
    { "the last characters", BYTES(0xFB, 0xFF, 0xBF), "+/+/" },
    { "zeros", BYTES(0, 0, 0, 0), "AAAAAA==" },
    { "ones", BYTES(0xFF, 0xFF, 0xFF, 0xFF, 0xFF), "//////8=" },
    { "RFC 6455 1.3", BYTES_OF("the sample nonce"), "dGhlIHNhbXBsZSBub25jZQ==" },
};

static void both_ways(void **state)
{
    (void)state;
    for_each_case(c, pairs)
    {
        char text[64] = "";
        wf_base64_encode(c->data, text);
        assert_string_equal(text, c->text);
        assert_int_equal(strlen(text), WF_BASE64_TEXT_BYTES(c->data.count));

        uint8_t data[64];
        size_t count = 99;
        assert_true(wf_base64_decode(weft_text_of(text), data, &count));
        assert_int_equal(count, c->data.count);
        assert_memory_equal(data, c->data.data, count);
    }
}

static const struct {
    const char *name;
    struct weft_text text;
} broken[] = {
    { "padding missing", TEXT("Zg") },
    { "half of the padding", TEXT("Zg=") },
    { "too much padding", TEXT("Zg===") },
    { "padding of three", TEXT("Z===") },
    { "only padding", TEXT("====") },
    { "padding inside", TEXT("Zg==Zg==") },
    { "padding before the end", TEXT("Z=g=") },
    { "bits that are not used, two bytes", TEXT("Zm9=") },
    { "bits that are not used, one byte", TEXT("Zh==") },
    { "white space before", TEXT(" Zg=") },
    { "white space inside", TEXT("Zm9v Zg=") },
    { "white space behind", TEXT("Zm9v\n") },
    { "line end", TEXT("Zm9vZ\ng=") },
    { "alphabet of URLs", TEXT("-_-_") },
    { "not ASCII", TEXT("Zm9\xC3") },
    { "zero", TEXT("Zm9\0") },
    { "five characters", TEXT("Zm9vA") },
};

static void broken_texts_are_refused(void **state)
{
    (void)state;
    for_each_case(c, broken)
    {
        uint8_t data[64];
        size_t count;
        assert_false(wf_base64_decode(c->text, data, &count));
    }
}

static void every_byte_at_every_place(void **state)
{
    (void)state;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t place = 0; place < 4; place++)
        for (int c = 0; c < 256; c++) {
            char text[4] = { 'A', 'A', 'A', 'A' };
            text[place] = (char)c;
            uint8_t data[3];
            size_t count;
            bool is_good = (c && strchr(alphabet, c)) || (place == 3 && c == '=');
            assert_int_equal(wf_base64_decode((struct weft_text){ text, 4 }, data, &count),
                             is_good);
        }
}

static void every_length_stays_on_its_page(void **state)
{
    (void)state;
    for (size_t count = 0; count <= 100; count++) {
        size_t text_bytes = WF_BASE64_TEXT_BYTES(count), decoded;
        uint8_t *data = guard_page_place(NULL, count);
        char *text = (char *)guard_page_place(NULL, text_bytes);
        uint8_t *again = guard_page_place(NULL, WF_BASE64_DATA_MAX(text_bytes));
        for (size_t i = 0; i < count; i++)
            data[i] = (uint8_t)(i * 37 + count);
        wf_base64_encode((struct weft_bytes){ data, count }, text);
        assert_true(wf_base64_decode((struct weft_text){ text, text_bytes }, again, &decoded));
        assert_int_equal(decoded, count);
        assert_memory_equal(again, data, count);
        guard_page_free(again, WF_BASE64_DATA_MAX(text_bytes));
        guard_page_free((uint8_t *)text, text_bytes);
        guard_page_free(data, count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(broken_texts_are_refused),
        cmocka_unit_test(every_byte_at_every_place),
        cmocka_unit_test(every_length_stays_on_its_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

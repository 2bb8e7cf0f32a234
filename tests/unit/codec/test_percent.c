#include "codec/percent.h"

#include "support/cases.h"
#include "support/guard_page.h"

static const struct {
    const char *name;
    struct weft_text text;
    bool is_good;
    struct weft_text decoded;
} cases[] = {
    { "nothing", TEXT(""), true, TEXT("") },
    { "no escapes", TEXT("a/b+c"), true, TEXT("a/b+c") },
    { "both cases", TEXT("%2f%2F%aA"), true, TEXT("//\xAA") },
    { "percent", TEXT("%2541"), true, TEXT("%41") },
    { "zero", TEXT("a%00b"), true, TEXT("a\0b") },
    { "only an escape", TEXT("%41"), true, TEXT("A") },
    { "cut", TEXT("a%4"), false, TEXT("") },
    { "cut more", TEXT("a%"), false, TEXT("") },
    { "not hexadecimal, first", TEXT("%g1"), false, TEXT("") },
    { "not hexadecimal, second", TEXT("%1g"), false, TEXT("") },
    { "percent percent", TEXT("%%41"), false, TEXT("") },
    { "sign", TEXT("%+1"), false, TEXT("") },
    { "space", TEXT("% 1"), false, TEXT("") },
};

static void decoded_at_the_edge_of_a_page_and_in_place(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        char *text = (char *)guard_page_place(c->text.data, c->text.count);
        char out[64];
        size_t count = 0;
        struct weft_text placed = { text, c->text.count };
        assert_int_equal(wf_percent_decode(placed, out, &count), c->is_good);
        if (c->is_good) {
            assert_int_equal(count, c->decoded.count);
            assert_memory_equal(out, c->decoded.data, count);
            assert_true(wf_percent_decode(placed, text, &count));
            assert_int_equal(count, c->decoded.count);
            assert_memory_equal(text, c->decoded.data, count);
        }
        guard_page_free((uint8_t *)text, c->text.count);
    }
}

static void every_escape(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        static const char digits[] = "0123456789abcdef", capitals[] = "0123456789ABCDEF";
        char text[3] = { '%', digits[byte >> 4], capitals[byte & 15] }, out[3];
        size_t count;
        assert_true(wf_percent_decode((struct weft_text){ text, 3 }, out, &count));
        assert_int_equal(count, 1);
        assert_int_equal((uint8_t)out[0], byte);
    }
}

static void every_character_as_a_digit(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool is_digit = c && strchr("0123456789abcdefABCDEF", c);
        assert_int_equal(wf_percent_hex((char)c) < 16, is_digit);
    }
    assert_int_equal(wf_percent_hex('f'), 15);
    assert_int_equal(wf_percent_hex('A'), 10);
    assert_int_equal(wf_percent_hex('9'), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoded_at_the_edge_of_a_page_and_in_place),
        cmocka_unit_test(every_escape),
        cmocka_unit_test(every_character_as_a_digit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

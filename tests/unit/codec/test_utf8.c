#include "codec/utf8.h"

#include "codec/utf8_kernels.h"
#include "support/cases.h"
#include "support/guard_page.h"

/* ---- the reference: by values, not by ranges of bytes ---- */

/* Bytes of the character that begins at text[0], 0 if there is none. RFC 3629 3. */
static size_t character_bytes(const uint8_t *text, size_t count)
{
    static const uint32_t value_min[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t bytes = text[0] < 0x80   ? 1
                   : text[0] < 0xC0 ? 0
                   : text[0] < 0xE0 ? 2
                   : text[0] < 0xF0 ? 3
                                    : 4;
    if (bytes == 0 || bytes > count || text[0] >= 0xF8)
        return 0;
    uint32_t value = bytes == 1 ? text[0] : text[0] & (0x7Fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (text[i] & 0x3F);
    }
    if (value < value_min[bytes] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    return bytes;
}

static size_t valid_prefix(const uint8_t *text, size_t count)
{
    size_t at = 0;
    while (at < count) {
        size_t bytes = character_bytes(text + at, count - at);
        if (bytes == 0)
            break;
        at += bytes;
    }
    return at;
}

static bool reference_is_valid(const uint8_t *text, size_t count)
{
    return valid_prefix(text, count) == count;
}

/* Whether up to three continuation bytes can make the text valid: tries them. */
static bool can_continue(const uint8_t *text, size_t count)
{
    size_t at = valid_prefix(text, count);
    size_t rest = count - at;
    if (rest == 0)
        return true;
    if (rest > 3)
        return false;
    for (unsigned second = 0x80; second <= 0xBF; second++) {
        uint8_t tried[6] = { 0 };
        memcpy(tried, text + at, rest);
        tried[rest] = (uint8_t)second;
        tried[rest + 1] = tried[rest + 2] = 0x80;
        for (size_t added = 1; rest + added <= 4; added++)
            if (character_bytes(tried, rest + added) == rest + added)
                return true;
    }
    return false;
}

static bool feed_says(const uint8_t *text, size_t count)
{
    struct wf_utf8 utf8 = { 0 };
    return wf_utf8_feed(&utf8, text, count);
}

/* ---- kernels ---- */

#define for_each_kernel(kernel)                                                                    \
    for (const struct wf_utf8_kernel *kernel = wf_utf8_kernels;                                    \
         kernel < wf_utf8_kernels + wf_utf8_kernel_count; kernel++)                                \
        if (kernel->is_supported())

static void expect(const struct wf_utf8_kernel *kernel, const uint8_t *text, size_t count,
                   bool is_valid)
{
    if (kernel->run(text, count) != is_valid)
        fail_msg("%s: %zu bytes, the last %02X %02X %02X %02X", kernel->name, count,
                 count > 3 ? text[count - 4] : 0, count > 2 ? text[count - 3] : 0,
                 count > 1 ? text[count - 2] : 0, count > 0 ? text[count - 1] : 0);
}

static void every_text_of_three_bytes(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1 << 24; i++) {
        uint8_t text[3] = { (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
        bool is_valid = reference_is_valid(text, 3);
        for_each_kernel(kernel) expect(kernel, text, 3, is_valid);
    }
}

static void every_text_of_one_or_two_bytes(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1 << 16; i++) {
        uint8_t text[2] = { (uint8_t)(i >> 8), (uint8_t)i };
        for_each_kernel(kernel)
        {
            expect(kernel, text, 1, reference_is_valid(text, 1));
            expect(kernel, text, 2, reference_is_valid(text, 2));
        }
        assert_int_equal(feed_says(text, 1), can_continue(text, 1));
        assert_int_equal(feed_says(text, 2), can_continue(text, 2));
    }
}

/* The ends of all ranges, for second to fourth bytes. */
static const uint8_t edges[] = { 0x00, 0x41, 0x7F, 0x80, 0x81, 0x8F, 0x90, 0x9F,
                                 0xA0, 0xAF, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0,
                                 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xF8, 0xFF };

static void four_bytes_at_every_edge(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++)
        for (size_t i = 0; i < COUNT_OF(edges) * COUNT_OF(edges) * COUNT_OF(edges); i++) {
            uint8_t text[4] = { (uint8_t)first, edges[i % COUNT_OF(edges)],
                                edges[i / COUNT_OF(edges) % COUNT_OF(edges)],
                                edges[i / COUNT_OF(edges) / COUNT_OF(edges)] };
            bool is_valid = reference_is_valid(text, 4);
            for_each_kernel(kernel) expect(kernel, text, 4, is_valid);
            if (first >= 0x80)
                assert_int_equal(feed_says(text, 4), can_continue(text, 4));
        }
}

static size_t encode(uint32_t value, uint8_t *out)
{
    if (value < 0x80) {
        out[0] = (uint8_t)value;
        return 1;
    }
    size_t bytes = value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
    for (size_t i = bytes; i-- > 1; value >>= 6)
        out[i] = (uint8_t)(0x80 | (value & 0x3F));
    out[0] = (uint8_t)((0xF00u >> bytes & 0xF0) | value);
    return bytes;
}

static void every_character_is_valid_and_every_surrogate_is_not(void **state)
{
    (void)state;
    for (uint32_t value = 0; value < 0x120000; value++) {
        uint8_t text[4];
        size_t count = encode(value, text);
        bool is_valid = value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
        for_each_kernel(kernel) expect(kernel, text, count, is_valid);
        if (is_valid && count > 1)
            for_each_kernel(kernel) expect(kernel, text, count - 1, false);
    }
}

/* ---- sequences in their surroundings ---- */

static const struct {
    const char *name;
    struct weft_bytes text;
} sequences[] = {
    { "empty", BYTES_OF("") },
    { "ascii", BYTES_OF("a") },
    { "zero", BYTES_OF("\0") },
    { "last of one byte", BYTES(0x7F) },
    { "first of two bytes", BYTES(0xC2, 0x80) },
    { "last of two bytes", BYTES(0xDF, 0xBF) },
    { "first of three bytes", BYTES(0xE0, 0xA0, 0x80) },
    { "last before surrogates", BYTES(0xED, 0x9F, 0xBF) },
    { "first behind surrogates", BYTES(0xEE, 0x80, 0x80) },
    { "last of three bytes", BYTES(0xEF, 0xBF, 0xBF) },
    { "first of four bytes", BYTES(0xF0, 0x90, 0x80, 0x80) },
    { "last of four bytes", BYTES(0xF4, 0x8F, 0xBF, 0xBF) },
    { "all lengths", BYTES_OF("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80") },
    { "continuation", BYTES(0x80) },
    { "continuation behind ascii", BYTES('a', 0xBF) },
    { "continuation behind two bytes", BYTES(0xC2, 0x80, 0x80) },
    { "continuation behind three bytes", BYTES(0xE1, 0x80, 0x80, 0x80) },
    { "continuation behind four bytes", BYTES(0xF1, 0x80, 0x80, 0x80, 0x80) },
    { "C0", BYTES(0xC0) },
    { "C0 80", BYTES(0xC0, 0x80) },
    { "C1 BF", BYTES(0xC1, 0xBF) },
    { "C2 cut", BYTES(0xC2) },
    { "C2 ascii", BYTES(0xC2, 'a') },
    { "C2 C2", BYTES(0xC2, 0xC2) },
    { "E0 80: overlong", BYTES(0xE0, 0x80) },
    { "E0 9F BF: overlong", BYTES(0xE0, 0x9F, 0xBF) },
    { "E1 cut", BYTES(0xE1) },
    { "E1 80 cut", BYTES(0xE1, 0x80) },
    { "E1 80 ascii", BYTES(0xE1, 0x80, 'a') },
    { "E1 ascii", BYTES(0xE1, 'a', 0x80) },
    { "ED A0: surrogate", BYTES(0xED, 0xA0) },
    { "ED BF BF: surrogate", BYTES(0xED, 0xBF, 0xBF) },
    { "F0 80: overlong", BYTES(0xF0, 0x80) },
    { "F0 8F BF BF: overlong", BYTES(0xF0, 0x8F, 0xBF, 0xBF) },
    { "F1 cut", BYTES(0xF1) },
    { "F1 80 cut", BYTES(0xF1, 0x80) },
    { "F1 80 80 cut", BYTES(0xF1, 0x80, 0x80) },
    { "F1 80 80 ascii", BYTES(0xF1, 0x80, 0x80, 'a') },
    { "F1 80 C2 80", BYTES(0xF1, 0x80, 0xC2, 0x80) },
    { "F4 90: above the last", BYTES(0xF4, 0x90) },
    { "F4 90 80 80: above the last", BYTES(0xF4, 0x90, 0x80, 0x80) },
    { "F5", BYTES(0xF5) },
    { "F5 80 80 80", BYTES(0xF5, 0x80, 0x80, 0x80) },
    { "F8 88 80 80 80: five bytes", BYTES(0xF8, 0x88, 0x80, 0x80, 0x80) },
    { "FE", BYTES(0xFE) },
    { "FF", BYTES(0xFF) },
    { "UTF-16", BYTES(0xFF, 0xFE, 'a', 0x00) },
};

static const struct weft_bytes fillers[] = {
    BYTES_OF("a"),
    BYTES(0xC3, 0xA9),
    BYTES(0xE2, 0x82, 0xAC),
    BYTES(0xF0, 0x9F, 0x98, 0x80),
};

/* Whole fillers, at most `count` bytes. */
static size_t put_fillers(uint8_t *out, struct weft_bytes filler, size_t count)
{
    size_t at = 0;
    for (; at + filler.count <= count; at += filler.count)
        memcpy(out + at, filler.data, filler.count);
    return at;
}

static void every_sequence_at_every_place(void **state)
{
    (void)state;
    static uint8_t text[1024];
    for_each_case(c, sequences)
    {
        bool is_valid = reference_is_valid(c->text.data, c->text.count);
        for (size_t f = 0; f < COUNT_OF(fillers); f++)
            for (size_t before = 0; before <= 330; before++)
                for (size_t behind = 0; behind <= 300; behind = behind * 3 + 1) {
                    size_t count = put_fillers(text, fillers[f], before);
                    memcpy(text + count, c->text.data, c->text.count);
                    count += c->text.count;
                    count += put_fillers(text + count, fillers[f], behind);
                    for_each_kernel(kernel) expect(kernel, text, count, is_valid);
                }
    }
}

static void kernels_read_nothing_behind_the_text(void **state)
{
    (void)state;
    enum { COUNT = 700 };
    uint8_t *placed = guard_page_place(NULL, COUNT);
    for (size_t f = 0; f < COUNT_OF(fillers); f++)
        for (size_t count = 0; count <= COUNT; count++) {
            uint8_t *text = placed + COUNT - count;
            size_t filled = put_fillers(text, fillers[f], count);
            memset(text + filled, 'x', count - filled);
            for_each_kernel(kernel) expect(kernel, text, count, true);
            assert_true(wf_utf8_is_valid(text, count));
            assert_true(feed_says(text, count));
        }
    guard_page_free(placed, COUNT);
}

/* ---- feeding ---- */

/* The first byte that cannot be in its place, or `count`. */
static size_t first_impossible(const uint8_t *text, size_t count)
{
    size_t possible = 0;
    while (possible < count && can_continue(text, possible + 1))
        possible++;
    return possible;
}

/* In three pieces: each answers false exactly when it has the impossible byte. */
static void check_cuts(const uint8_t *text, size_t count)
{
    size_t impossible = first_impossible(text, count);
    for (size_t first = 0; first <= count; first++)
        for (size_t second = first; second <= count; second++) {
            struct wf_utf8 utf8 = { 0 };
            assert_int_equal(wf_utf8_feed(&utf8, text, first), first <= impossible);
            assert_int_equal(wf_utf8_is_complete(&utf8), reference_is_valid(text, first));
            assert_int_equal(wf_utf8_feed(&utf8, text + first, second - first),
                             second <= impossible);
            assert_int_equal(wf_utf8_is_complete(&utf8), reference_is_valid(text, second));
            assert_int_equal(wf_utf8_feed(&utf8, text + second, count - second),
                             count <= impossible);
            assert_int_equal(wf_utf8_is_complete(&utf8), reference_is_valid(text, count));
        }
}

static void every_sequence_in_every_cut_fails_at_its_first_wrong_byte(void **state)
{
    (void)state;
    uint8_t text[32];
    for_each_case(c, sequences)
    {
        for (size_t f = 0; f < COUNT_OF(fillers); f++) {
            size_t count = put_fillers(text, fillers[f], 5);
            memcpy(text + count, c->text.data, c->text.count);
            count += c->text.count;
            count += put_fillers(text + count, fillers[f], 4);
            check_cuts(text, count);
        }
    }
}

static void a_long_text_in_two_pieces(void **state)
{
    (void)state;
    static uint8_t text[1200];
    for_each_case(c, sequences)
    {
        size_t count = put_fillers(text, fillers[2], 400);
        size_t bad = count;
        memcpy(text + count, c->text.data, c->text.count);
        count += c->text.count;
        count += put_fillers(text + count, fillers[3], 400);
        bad = first_impossible(text, count);
        for (size_t cut = 0; cut <= count; cut++) {
            struct wf_utf8 utf8 = { 0 };
            assert_int_equal(wf_utf8_feed(&utf8, text, cut), cut <= bad);
            assert_int_equal(wf_utf8_feed(&utf8, text + cut, count - cut), count <= bad);
            assert_int_equal(wf_utf8_is_complete(&utf8), reference_is_valid(text, count));
        }
    }
}

static void a_broken_text_stays_broken(void **state)
{
    (void)state;
    struct wf_utf8 utf8 = { 0 };
    assert_false(wf_utf8_feed(&utf8, (const uint8_t *)"a\x80", 2));
    assert_false(wf_utf8_feed(&utf8, (const uint8_t *)"a", 1));
    assert_false(wf_utf8_feed(&utf8, NULL, 0));
    assert_false(wf_utf8_is_complete(&utf8));
}

static void nothing_is_valid_and_needs_no_memory(void **state)
{
    (void)state;
    struct wf_utf8 utf8 = { 0 };
    assert_true(wf_utf8_is_valid(NULL, 0));
    assert_true(wf_utf8_feed(&utf8, NULL, 0));
    assert_true(wf_utf8_is_complete(&utf8));
    _Static_assert(sizeof utf8 <= 4, "one is in every unfinished message");
}

/* Else the tests above would pass for want of a kernel. What x86-64 has differs. */
static void this_processor_has_its_kernel(void **state)
{
    (void)state;
#if defined(__aarch64__)
    assert_string_equal(wf_utf8_kernels[0].name, "neon");
    assert_true(wf_utf8_kernels[0].is_supported());
#endif
    assert_string_equal(wf_utf8_kernels[wf_utf8_kernel_count - 1].name, "portable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_processor_has_its_kernel),
        cmocka_unit_test(every_text_of_one_or_two_bytes),
        cmocka_unit_test(every_text_of_three_bytes),
        cmocka_unit_test(four_bytes_at_every_edge),
        cmocka_unit_test(every_character_is_valid_and_every_surrogate_is_not),
        cmocka_unit_test(every_sequence_at_every_place),
        cmocka_unit_test(kernels_read_nothing_behind_the_text),
        cmocka_unit_test(every_sequence_in_every_cut_fails_at_its_first_wrong_byte),
        cmocka_unit_test(a_long_text_in_two_pieces),
        cmocka_unit_test(a_broken_text_stays_broken),
        cmocka_unit_test(nothing_is_valid_and_needs_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "codec/utf8_unmask.h"

#include "codec/utf8_kernels.h"
#include "support/cases.h"
#include "support/guard_page.h"

enum { BYTES_MAX = 700, AROUND = 64 };

static const uint8_t sample[] =
    "plain and Größe, ☃, 中文 and 😀. plain, as long as a block or more of it is, and so on.";
static uint32_t random_state = 1;

static uint32_t next_random(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8;
}

/* A text of whole characters, filled up with "x", from somewhere in the sample on. */
static void fill(uint8_t *text, size_t count)
{
    if (count == 0)
        return;
    size_t from = next_random() % (sizeof sample - 1), at = 0;
    while ((sample[from] & 0xC0) == 0x80)
        from = (from + 1) % (sizeof sample - 1);
    for (; at < count; at++)
        text[at] = sample[(from + at) % (sizeof sample - 1)];
    for (size_t cut = wf_utf8_unfinished(text, count); cut > 0; cut--)
        text[count - cut] = 'x';
}

static void mask_bytes(uint8_t *data, size_t count, uint32_t key, size_t offset)
{
    uint8_t bytes[4];
    memcpy(bytes, &key, sizeof bytes);
    for (size_t i = 0; i < count; i++)
        data[i] ^= bytes[(offset + i) % 4];
}

/* The text, masked, in the midst of other bytes. */
static void check(const struct wf_utf8_unmask_kernel *kernel, const uint8_t *text, size_t count,
                  size_t shift)
{
    static uint8_t area[BYTES_MAX + 4 * AROUND], before[sizeof area];
    uint8_t *place = area + AROUND + shift;
    uint32_t key = next_random() << 8 ^ next_random();
    memset(area, 0xEE, sizeof area);
    if (count)
        memcpy(place, text, count);
    memcpy(before, area, sizeof area);
    mask_bytes(place, count, key, 0);
    bool is_valid = kernel->run(place, count, key);
    if (is_valid != wf_utf8_portable(text, count) || memcmp(area, before, sizeof area) != 0)
        fail_msg("%s: %zu bytes, %zu behind a line", kernel->name, count,
                 (size_t)((uintptr_t)place % 64));
}

#define for_each_unmask_kernel(kernel)                                                             \
    for (const struct wf_utf8_unmask_kernel *kernel = wf_utf8_unmask_kernels;                      \
         kernel < wf_utf8_unmask_kernels + wf_utf8_unmask_kernel_count; kernel++)                  \
        if (kernel->is_supported())

static void every_length_at_every_place(void **state)
{
    (void)state;
    uint8_t text[BYTES_MAX];
    for (size_t count = 0; count <= sizeof text; count++)
        for_each_unmask_kernel(kernel)
        {
            fill(text, count);
            for (size_t shift = 0; shift < 64; shift += 1 + count / 100)
                check(kernel, text, count, shift);
        }
}

static void one_wrong_byte_anywhere(void **state)
{
    (void)state;
    static const uint8_t wrong[] = { 0x80, 0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xF0, 0xF4, 0xFF };
    uint8_t text[BYTES_MAX];
    for (int round = 0; round < 20000; round++) {
        size_t count = 1 + next_random() % sizeof text;
        fill(text, count);
        text[next_random() % count] = wrong[next_random() % sizeof wrong];
        for_each_unmask_kernel(kernel) check(kernel, text, count, next_random() % 64);
    }
}

static void nothing_behind_the_end_is_touched(void **state)
{
    (void)state;
    for (size_t count = 0; count <= 300; count++) {
        uint8_t text[300] = { 0 };
        fill(text, count);
        uint8_t *placed = guard_page_place(text, count);
        mask_bytes(placed, count, 0x12345678, 0);
        for_each_unmask_kernel(kernel)
        {
            assert_true(kernel->run(placed, count, 0x12345678));
            mask_bytes(placed, count, 0x12345678, 0);
        }
        guard_page_free(placed, count);
    }
}

/* In two pieces, cut anywhere: as wf_utf8_feed() says of the same bytes unmasked. */
static void pieces_are_as_the_whole(void **state)
{
    (void)state;
    for (int round = 0; round < 3000; round++) {
        uint8_t text[200], masked[200];
        size_t count = 1 + next_random() % sizeof text, cut = next_random() % (count + 1);
        uint32_t key = next_random() << 8 ^ next_random();
        fill(text, count);
        if (round % 3 == 0)
            text[next_random() % count] = (uint8_t)(0x80 | next_random());
        memcpy(masked, text, count);
        mask_bytes(masked, count, key, 5);
        struct wf_utf8 plain = { 0 }, fused = { 0 };
        bool is_right = wf_utf8_feed(&plain, text, cut);
        assert_int_equal(wf_utf8_unmask_feed(&fused, masked, cut, key, 5), is_right);
        bool goes_on = wf_utf8_feed(&plain, text + cut, count - cut);
        assert_int_equal(wf_utf8_unmask_feed(&fused, masked + cut, count - cut, key, 5 + cut),
                         goes_on);
        assert_int_equal(wf_utf8_is_complete(&fused), wf_utf8_is_complete(&plain));
        if (goes_on)
            assert_memory_equal(masked, text, count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_at_every_place),
        cmocka_unit_test(one_wrong_byte_anywhere),
        cmocka_unit_test(nothing_behind_the_end_is_touched),
        cmocka_unit_test(pieces_are_as_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

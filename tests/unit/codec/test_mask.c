#include "codec/mask.h"

#include "codec/mask_kernels.h"
#include "support/cases.h"
#include "support/guard_page.h"

#include <stdlib.h>

enum { AREA_BYTES = 4096, MARGIN = 64 };

static const uint8_t key_bytes[4] = { 0x37, 0xFA, 0x21, 0x3D }; /* RFC 6455 5.7 */

static uint32_t key_in_memory_order(void)
{
    uint32_t key;
    memcpy(&key, key_bytes, 4);
    return key;
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 131 + (i >> 8) * 17 + 5);
}

/* RFC 6455 5.3, word for word. */
static uint8_t expected(size_t i, size_t offset)
{
    return pattern(i) ^ key_bytes[(i + offset) % 4];
}

static void fill(uint8_t *area, size_t count)
{
    for (size_t i = 0; i < count; i++)
        area[i] = pattern(i);
}

static void check_masked(const uint8_t *data, size_t count, size_t offset, const char *what)
{
    for (size_t i = 0; i < count; i++)
        if (data[i] != expected(i, offset))
            fail_msg("%s: byte %zu of %zu, offset %zu", what, i, count, offset);
}

static void check_untouched(const uint8_t *bytes, size_t count, const char *what)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != 0xA5)
            fail_msg("%s: wrote beside its data", what);
}

/* In place at an alignment, with guards before and behind. */
static void check_in_place(const struct wf_mask_kernel *kernel, uint8_t *area, size_t align,
                           size_t count, size_t offset)
{
    memset(area, 0xA5, count + align + 2 * MARGIN);
    uint8_t *data = area + MARGIN + align;
    fill(data, count);
    kernel->run(data, data, count, wf_mask_turn(key_in_memory_order(), offset));
    check_masked(data, count, offset, kernel->name);
    check_untouched(area, MARGIN + align, kernel->name);
    check_untouched(data + count, MARGIN, kernel->name);
}

static void check_copy(const struct wf_mask_kernel *kernel, uint8_t *target_area,
                       uint8_t *source_area, size_t align, size_t count)
{
    memset(target_area, 0xA5, count + 2 * MARGIN + align);
    uint8_t *target = target_area + MARGIN + align,
            *source = source_area + (align * 7 + count) % 64;
    fill(source, count);
    kernel->run(target, source, count, key_in_memory_order());
    check_masked(target, count, 0, kernel->name);
    check_untouched(target_area, MARGIN + align, kernel->name);
    check_untouched(target + count, MARGIN, kernel->name);
    for (size_t i = 0; i < count; i++)
        assert_true(source[i] == pattern(i));
}

static void check_kernel(const struct wf_mask_kernel *kernel)
{
    uint8_t *area = aligned_alloc(64, AREA_BYTES), *other = aligned_alloc(64, AREA_BYTES);
    assert_non_null(area);
    assert_non_null(other);
    for (size_t count = 0; count <= 300; count++)
        for (size_t align = 0; align < 64; align++) {
            check_in_place(kernel, area, align, count, align / 3 + count);
            check_copy(kernel, area, other, align, count);
        }
    /* Long enough for the steps that align the target first. */
    for (size_t count = 500; count <= 1200; count += 37)
        for (size_t align = 0; align < 64; align++)
            for (size_t offset = 0; offset < 4; offset++)
                check_in_place(kernel, area, align, count, offset);
    free(area);
    free(other);
}

static void every_kernel_masks_as_the_byte_loop(void **state)
{
    (void)state;
    for (size_t k = 0; k < wf_mask_kernel_count; k++) {
        print_message("  %s\n", wf_mask_kernels[k].name);
        if (wf_mask_kernels[k].is_supported())
            check_kernel(&wf_mask_kernels[k]);
    }
    assert_true(wf_mask_kernels[wf_mask_kernel_count - 1].is_supported());
}

static void every_kernel_stays_on_its_page(void **state)
{
    (void)state;
    enum { COUNT = 1024 };
    uint8_t *placed = guard_page_place(NULL, COUNT), *source = guard_page_place(NULL, COUNT);
    for (size_t k = 0; k < wf_mask_kernel_count; k++) {
        const struct wf_mask_kernel *kernel = &wf_mask_kernels[k];
        if (!kernel->is_supported())
            continue;
        for (size_t count = 0; count <= COUNT; count++) {
            uint8_t *data = placed + COUNT - count;
            fill(source + COUNT - count, count);
            kernel->run(data, source + COUNT - count, count, key_in_memory_order());
            check_masked(data, count, 0, kernel->name);
        }
    }
    guard_page_free(placed, COUNT);
    guard_page_free(source, COUNT);
}

static void a_payload_can_be_masked_in_pieces(void **state)
{
    (void)state;
    uint8_t data[200];
    for (size_t first = 0; first <= sizeof data; first++)
        for (size_t second = first; second <= sizeof data; second += 7) {
            uint32_t key = key_in_memory_order();
            fill(data, sizeof data);
            wf_mask(data, first, key, 0);
            wf_mask(data + first, second - first, key, first);
            wf_mask(data + second, sizeof data - second, key, second);
            check_masked(data, sizeof data, 0, "pieces");
        }
}

static void a_copy_leaves_the_source_and_masks_the_target(void **state)
{
    (void)state;
    uint8_t source[300], target[300];
    fill(source, sizeof source);
    for (size_t count = 0; count <= sizeof source; count++) {
        wf_mask_copy(target, source, count, key_in_memory_order(), count);
        check_masked(target, count, count, "copy");
        assert_true(source[count ? count - 1 : 0] == pattern(count ? count - 1 : 0));
    }
}

/* RFC 6455 5.7: "Hello", masked. */
static void the_example_of_the_rfc(void **state)
{
    (void)state;
    static const uint8_t masked[] = { 0x7F, 0x9F, 0x4D, 0x51, 0x58 };
    uint8_t data[5];
    memcpy(data, "Hello", 5);
    wf_mask(data, 5, key_in_memory_order(), 0);
    assert_memory_equal(data, masked, 5);
    wf_mask(data, 5, key_in_memory_order(), 0);
    assert_memory_equal(data, "Hello", 5);
}

static void masking_nothing_needs_no_memory(void **state)
{
    (void)state;
    wf_mask(NULL, 0, key_in_memory_order(), 3);
    uint8_t byte = 7;
    wf_mask(&byte, 0, key_in_memory_order(), 0);
    assert_int_equal(byte, 7);
}

/* Else the tests above would pass for want of a kernel. What x86-64 has differs. */
static void this_processor_has_its_kernel(void **state)
{
    (void)state;
#if defined(__aarch64__)
    assert_string_equal(wf_mask_kernels[0].name, "neon");
    assert_true(wf_mask_kernels[0].is_supported());
#endif
    assert_string_equal(wf_mask_kernels[wf_mask_kernel_count - 1].name, "portable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_processor_has_its_kernel),
        cmocka_unit_test(every_kernel_masks_as_the_byte_loop),
        cmocka_unit_test(every_kernel_stays_on_its_page),
        cmocka_unit_test(a_payload_can_be_masked_in_pieces),
        cmocka_unit_test(a_copy_leaves_the_source_and_masks_the_target),
        cmocka_unit_test(the_example_of_the_rfc),
        cmocka_unit_test(masking_nothing_needs_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

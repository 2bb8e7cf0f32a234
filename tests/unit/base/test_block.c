#include "base/block.h"

#include "support/cases.h"
#include "support/fault_alloc.h"

static void bytes_are_kept_in_order_while_it_grows(void **state)
{
    (void)state;
    struct wf_pool pool;
    struct wf_block block = { 0 };
    size_t count = 0;
    wf_pool_init(&pool, NULL);
    for (size_t piece = 0; count < 300000; piece = piece * 2 % 9973 + 1) {
        uint8_t bytes[9973];
        for (size_t i = 0; i < piece; i++)
            bytes[i] = (uint8_t)((count + i) * 31 >> 3);
        assert_true(wf_block_append(&block, &pool, (struct weft_bytes){ bytes, piece }, SIZE_MAX));
        count += piece;
        assert_int_equal(block.count, count);
        assert_true(block.capacity >= count);
    }
    for (size_t i = 0; i < count; i++)
        assert_int_equal(block.data[i], (uint8_t)(i * 31 >> 3));
    wf_block_drop(&block, &pool);
    assert_null(block.data);
    wf_pool_drop(&pool);
}

/* Twice what is needed, the classes of the pool apart, and not more than the maximum. */
static void what_is_reserved_is_bounded(void **state)
{
    (void)state;
    struct wf_pool pool;
    wf_pool_init(&pool, NULL);
    struct wf_block block = { 0 };
    assert_true(wf_block_reserve(&block, &pool, 1, SIZE_MAX));
    assert_int_equal(block.capacity, 512);
    wf_block_drop(&block, &pool);
    assert_true(wf_block_reserve(&block, &pool, 100000, SIZE_MAX));
    assert_int_equal(block.capacity, 200000);
    wf_block_drop(&block, &pool);
    assert_true(wf_block_reserve(&block, &pool, 100000, 120000));
    assert_int_equal(block.capacity, 120000);
    wf_block_drop(&block, &pool);
    assert_false(wf_block_reserve(&(struct wf_block){ .count = 2 }, &pool, SIZE_MAX, SIZE_MAX));
    wf_pool_drop(&pool);
}

static void want_of_memory_leaves_it_as_it_was(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        struct wf_pool pool;
        struct wf_block block = { 0 };
        fault_alloc_init(&fault, n);
        wf_pool_init(&pool, &fault.allocator);
        size_t count = 0;
        for (size_t i = 0; i < 3000; i++) {
            const uint8_t bytes[100] = { (uint8_t)i };
            if (wf_block_append(&block, &pool, (struct weft_bytes){ bytes, 100 }, SIZE_MAX))
                count += 100;
            assert_int_equal(block.count, count);
        }
        failed = fault.failed;
        assert_int_equal(count, failed ? 299900 : 300000);
        wf_block_drop(&block, &pool);
        wf_pool_drop(&pool);
        assert_int_equal(fault.live_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_kept_in_order_while_it_grows),
        cmocka_unit_test(what_is_reserved_is_bounded),
        cmocka_unit_test(want_of_memory_leaves_it_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

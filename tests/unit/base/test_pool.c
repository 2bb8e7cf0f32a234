#include "base/pool.h"

#include "support/cases.h"
#include "support/fault_alloc.h"

#include <string.h>

static void it_keeps_a_bounded_amount(void **state)
{
    (void)state;
    struct fault_alloc fault;
    fault_alloc_init(&fault, 0);
    struct wf_pool pool;
    wf_pool_init(&pool, &fault.allocator);
    enum { COUNT = 200 };
    void *blocks[COUNT];
    size_t true_bytes = 0;
    for (int i = 0; i < COUNT; i++)
        blocks[i] = wf_pool_take(&pool, 16000, &true_bytes);
    assert_true(true_bytes >= 16000);
    for (int i = 0; i < COUNT; i++)
        wf_pool_give(&pool, blocks[i], true_bytes);
    assert_true(pool.kept_bytes <= pool.kept_bytes_max);
    assert_true(fault.live_count < COUNT && fault.live_count > 0);
    void *again = wf_pool_take(&pool, 10000, NULL);
    assert_ptr_equal(again, blocks[pool.kept_bytes_max / true_bytes - 1]);
    wf_pool_give(&pool, again, 10000);
    wf_pool_give(&pool, NULL, 10000);
    wf_pool_drop(&pool);
    assert_int_equal(fault.live_count, 0);
}

/* Around each class: what is given back by its size or by what was asked for is lent again. */
static void a_block_comes_again(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1,    64,    65,    512,   513,   4096,
                                    4097, 16384, 16385, 65536, 65664, 65665 };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, 0);
        struct wf_pool pool;
        wf_pool_init(&pool, &fault.allocator);
        size_t true_bytes = 0;
        uint8_t *block = wf_pool_take(&pool, sizes[i], &true_bytes);
        assert_true(true_bytes >= sizes[i]);
        memset(block, 0xee, true_bytes); /* All of it is the taker's. */
        wf_pool_give(&pool, block, i % 2 ? true_bytes : sizes[i]);
        bool is_kept = fault.live_count == 1;
        assert_int_equal(is_kept, sizes[i] <= 65664);
        assert_int_equal(pool.kept_bytes, is_kept ? true_bytes : 0);
        block = wf_pool_take(&pool, sizes[i], NULL);
        assert_int_equal(fault.call_count, is_kept ? 1 : 2);
        wf_pool_give(&pool, block, sizes[i]);
        wf_pool_drop(&pool);
        assert_int_equal(fault.live_count, 0);
    }
}

static void a_resized_block_keeps_what_is_used(void **state)
{
    (void)state;
    static const size_t sizes[] = { 10, 600, 70000, 200000, 300000 };
    for (size_t n = 1; n <= 6; n++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, n);
        struct wf_pool pool;
        wf_pool_init(&pool, &fault.allocator);
        uint8_t *block = NULL;
        size_t bytes = 0, used = 0;
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            size_t new_bytes = 0;
            uint8_t *larger = wf_pool_resize(&pool, block, bytes, used, sizes[i], &new_bytes);
            assert_int_equal(larger == NULL, n == i + 1);
            for (size_t k = 0; k < used; k++)
                assert_int_equal((larger ? larger : block)[k], 0x5a);
            if (!larger)
                continue; /* The old one is as it was. */
            block = larger;
            bytes = new_bytes;
            used = sizes[i];
            memset(block, 0x5a, used);
        }
        wf_pool_give(&pool, block, bytes);
        wf_pool_drop(&pool);
        assert_int_equal(fault.live_count, 0);
    }
}

static void the_same_text_is_kept_once(void **state)
{
    (void)state;
    struct fault_alloc fault;
    fault_alloc_init(&fault, 3);
    struct wf_pool pool;
    wf_pool_init(&pool, &fault.allocator);
    const char *one = wf_pool_intern(&pool, (struct weft_text){ "chat-2", 4 });
    const char *other = wf_pool_intern(&pool, weft_text_of("chat-2"));
    assert_string_equal(one, "chat");
    assert_string_equal(other, "chat-2");
    assert_ptr_equal(wf_pool_intern(&pool, weft_text_of("chat")), one);
    assert_ptr_equal(wf_pool_intern(&pool, weft_text_of("chat-2")), other);
    assert_null(wf_pool_intern(&pool, weft_text_of("cha")));
    wf_pool_drop(&pool);
    assert_int_equal(fault.live_count, 0);
}

struct guest {
    struct wf_pool_guest inner;
    void *block;
    int drop_count;
};

static void on_drop(struct wf_pool_guest *inner, struct wf_pool *pool)
{
    struct guest *guest = (struct guest *)inner;
    guest->drop_count++;
    wf_pool_give(pool, guest->block, 100);
}

static void a_guest_goes_before_its_pool(void **state)
{
    (void)state;
    struct fault_alloc fault;
    fault_alloc_init(&fault, 0);
    struct wf_pool pool;
    wf_pool_init(&pool, &fault.allocator);
    struct guest guest = { .inner.on_drop = on_drop, .block = wf_pool_take(&pool, 100, NULL) };
    pool.guests[WF_SEAT_CIPHERS] = &guest.inner;
    wf_pool_drop(&pool);
    wf_pool_drop(&pool);
    assert_int_equal(guest.drop_count, 1);
    assert_int_equal(fault.live_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_keeps_a_bounded_amount),
        cmocka_unit_test(a_block_comes_again),
        cmocka_unit_test(a_resized_block_keeps_what_is_used),
        cmocka_unit_test(the_same_text_is_kept_once),
        cmocka_unit_test(a_guest_goes_before_its_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/chain.h"

#include "support/fault_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint8_t *pattern(size_t count)
{
    static uint8_t bytes[200000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + (i >> 8));
    assert_true(count <= sizeof bytes);
    return bytes;
}

/* Reads all that is left, `step` bytes at a time, and compares. */
static void drain_and_compare(struct wf_chain *chain, struct wf_pool *pool, const uint8_t *expected,
                              size_t count, size_t step)
{
    assert_int_equal(chain->bytes, count);
    size_t done = 0;
    while (done < count) {
        struct weft_bytes span;
        assert_int_equal(wf_chain_spans(chain, &span, 1), 1);
        size_t take = span.count < step ? span.count : step;
        assert_memory_equal(span.data, expected + done, take);
        wf_chain_consume(chain, pool, take);
        done += take;
        assert_int_equal(chain->bytes, count - done);
    }
    assert_null(chain->first);
    assert_null(chain->last);
    assert_int_equal(chain->payload_bytes, 0);
}

static void small_pieces_come_out_in_order(void **state)
{
    (void)state;
    static const size_t steps[] = { 1, 7, 500, 4096, 100000 };
    struct wf_pool pool;
    wf_pool_init(&pool, NULL);
    const uint8_t *bytes = pattern(150000);
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        struct wf_chain chain = { 0 };
        size_t done = 0;
        for (size_t piece = 1; done + piece <= 150000; piece = piece * 3 % 4001 + 1) {
            assert_int_equal(
                wf_chain_append(&chain, &pool, (struct weft_bytes){ bytes + done, piece }, piece),
                WEFT_OK);
            done += piece;
            assert_int_equal(chain.payload_bytes, done);
        }
        drain_and_compare(&chain, &pool, bytes, done, steps[s]);
    }
    wf_pool_drop(&pool);
}

static void shared_bytes_live_until_the_last_reader(void **state)
{
    (void)state;
    struct fault_alloc fault;
    fault_alloc_init(&fault, 0);
    struct wf_pool pool;
    wf_pool_init(&pool, &fault.allocator);
    struct wf_shared *shared = wf_shared_create(&pool, 100, 98);
    memcpy(shared->data, pattern(100), 100);

    struct wf_chain chains[3] = { 0 };
    for (int i = 0; i < 3; i++)
        assert_int_equal(wf_chain_append_shared(&chains[i], &pool, shared), WEFT_OK);
    wf_shared_release(&pool, shared);
    assert_int_equal(chains[0].payload_bytes, 98);
    wf_chain_clear(&chains[1], &pool);
    drain_and_compare(&chains[0], &pool, pattern(100), 100, 9);
    drain_and_compare(&chains[2], &pool, pattern(100), 100, 100);
    wf_pool_drop(&pool);
    assert_int_equal(fault.live_count, 0);
}

static void lent_bytes_are_copied_when_settled(void **state)
{
    (void)state;
    struct wf_pool pool;
    wf_pool_init(&pool, NULL);
    for (size_t sent = 0; sent < 1000; sent += 333) {
        uint8_t mine[1000];
        memcpy(mine, pattern(1000), 1000);
        struct wf_chain chain = { 0 };
        assert_int_equal(wf_chain_append(&chain, &pool, (struct weft_bytes){ pattern(10), 10 }, 0),
                         WEFT_OK);
        assert_int_equal(
            wf_chain_append_lent(&chain, &pool, (struct weft_bytes){ mine, 1000 }, 1000), WEFT_OK);
        assert_int_equal(wf_chain_append(&chain, &pool, (struct weft_bytes){ pattern(10), 10 }, 0),
                         WEFT_OK);
        wf_chain_consume(&chain, &pool, 10 + sent);
        assert_int_equal(wf_chain_settle(&chain, &pool), WEFT_OK);
        memset(mine, 0, sizeof mine);
        assert_int_equal(chain.payload_bytes, 1000 - sent);
        struct weft_bytes spans[3];
        size_t count = wf_chain_spans(&chain, spans, 3);
        assert_true(count >= 1);
        assert_memory_equal(spans[0].data, pattern(1000) + sent, 1000 - sent);
        wf_chain_clear(&chain, &pool);
    }
    wf_pool_drop(&pool);
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, n);
        struct wf_pool pool;
        wf_pool_init(&pool, &fault.allocator);
        struct wf_chain chain = { 0 };
        uint64_t expected = 0;
        failed = false;
        for (size_t i = 0; i < 20; i++) {
            struct weft_bytes bytes = { pattern(3000), 3000 };
            weft_status status = i % 2 ? wf_chain_append_lent(&chain, &pool, bytes, 1)
                                       : wf_chain_append(&chain, &pool, bytes, 1);
            failed |= status == WEFT_ERR_MEMORY;
            expected += status ? 0 : 3000;
            assert_int_equal(chain.bytes, expected);
        }
        failed |= wf_chain_settle(&chain, &pool) == WEFT_ERR_MEMORY;
        assert_int_equal(chain.bytes, expected);
        wf_chain_clear(&chain, &pool);
        wf_pool_drop(&pool);
        assert_int_equal(fault.live_count, 0);
    }
}

static void nothing_is_put_behind_a_sealed_chunk(void **state)
{
    (void)state;
    struct wf_pool pool;
    struct wf_chain chain = { 0 };
    struct weft_bytes spans[3];
    wf_pool_init(&pool, NULL);
    wf_chain_seal(&chain);
    assert_int_equal(wf_chain_append(&chain, &pool, (struct weft_bytes){ pattern(5), 5 }, 0),
                     WEFT_OK);
    wf_chain_seal(&chain);
    assert_int_equal(wf_chain_append(&chain, &pool, (struct weft_bytes){ pattern(10) + 5, 5 }, 5),
                     WEFT_OK);
    assert_int_equal(wf_chain_spans(&chain, spans, 3), 2);
    assert_int_equal(spans[0].count, 5);
    drain_and_compare(&chain, &pool, pattern(10), 10, 1);
    wf_pool_drop(&pool);
}

static void what_was_put_last_can_be_taken_back(void **state)
{
    (void)state;
    struct wf_pool pool;
    struct wf_chain chain = { 0 };
    wf_pool_init(&pool, NULL);
    assert_int_equal(wf_chain_append(&chain, &pool, (struct weft_bytes){ pattern(7), 7 }, 7),
                     WEFT_OK);
    assert_non_null(wf_chain_extend(&chain, &pool, 4000, 12));
    wf_chain_retract(&chain, 4000, 12);
    assert_int_equal(chain.payload_bytes, 7);
    assert_int_equal(wf_chain_append(&chain, &pool, (struct weft_bytes){ pattern(9) + 7, 2 }, 2),
                     WEFT_OK);
    drain_and_compare(&chain, &pool, pattern(9), 9, 3);
    wf_pool_drop(&pool);
}

/* Pieces of an arena that follow each other are one; a reader that is slow takes its own copy. */
static void what_lies_side_by_side_is_one_piece(void **state)
{
    (void)state;
    for (size_t sent = 0; sent < 300; sent++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, 0);
        struct wf_pool pool;
        wf_pool_init(&pool, &fault.allocator);
        struct wf_arena arena = { 0 };
        struct wf_chain chain = { 0 };
        for (size_t i = 0; i < 3; i++) {
            struct wf_shared *piece = wf_shared_carve(&pool, &arena, 100, 98);
            memcpy(piece->data, pattern(300) + 100 * i, 100);
            assert_memory_equal(wf_shared_payload(piece).data, pattern(300) + 100 * i + 2, 98);
            bool is_longer = wf_chain_lengthen(&chain, piece);
            assert_int_equal(is_longer, i > 0);
            if (!is_longer)
                assert_int_equal(wf_chain_append_shared(&chain, &pool, piece), WEFT_OK);
            wf_shared_release(&pool, piece);
        }
        struct weft_bytes spans[4];
        assert_int_equal(wf_chain_spans(&chain, spans, 4), 1);
        assert_int_equal(chain.payload_bytes, 294);
        assert_int_equal(arena.home->references, 2);
        wf_chain_consume(&chain, &pool, sent);
        if (sent % 2) { /* Without memory it stays where it is. */
            fault.fails_at = fault.call_count + 1;
            wf_chain_leave_arena(&chain, &pool);
            assert_int_equal(arena.home->references, fault.failed ? 2 : 1);
        }
        wf_chain_leave_arena(&chain, &pool);
        assert_int_equal(arena.home->references, 1);
        assert_int_equal(chain.payload_bytes, 294);
        assert_int_equal(
            wf_chain_append(&chain, &pool, (struct weft_bytes){ pattern(310) + 300, 10 }, 10),
            WEFT_OK);
        drain_and_compare(&chain, &pool, pattern(310) + sent, 310 - sent, 33);
        wf_arena_drop(&arena, &pool);
        wf_pool_drop(&pool);
        assert_int_equal(fault.live_count, 0);
    }
}

static void an_arena_is_used_again(void **state)
{
    (void)state;
    struct fault_alloc fault;
    fault_alloc_init(&fault, 0);
    struct wf_pool pool;
    wf_pool_init(&pool, &fault.allocator);
    struct wf_arena arena = { 0 };
    struct wf_shared *kept[64];
    for (size_t i = 0; i < 64; i++) { /* More than one block holds. */
        kept[i] = wf_shared_carve(&pool, &arena, 1000, 900);
        memset(kept[i]->data, (int)i, 1000);
    }
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(kept[i]->data[0], i);
        assert_int_equal(kept[i]->data[999], i);
        wf_shared_release(&pool, kept[i]);
    }
    const struct wf_shared *home = arena.home;
    for (size_t i = 0; i < 100; i++) { /* Nobody reads any of it: it begins anew. */
        struct wf_shared *piece = wf_shared_carve(&pool, &arena, 1024, 0);
        assert_ptr_equal(piece->home, home);
        wf_shared_release(&pool, piece);
    }
    struct wf_shared *large = wf_shared_carve(&pool, &arena, 1025, 1000);
    assert_null(large->home);
    wf_shared_release(&pool, large);
    wf_arena_drop(&arena, &pool);
    wf_pool_drop(&pool);
    assert_int_equal(fault.live_count, 0);
}

static void what_is_expected_gets_one_chunk(void **state)
{
    (void)state;
    static const size_t counts[] = { 0, 1, 448, 449, 4000, 60000, 65472, 65473, 200000 };
    struct wf_pool pool;
    wf_pool_init(&pool, NULL);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct wf_chain chain = { 0 };
        size_t done = 0;
        for (; done < 60000; done += 100) {
            uint8_t *place = wf_chain_extend_last(&chain, 100, 90);
            if (!place)
                place = wf_chain_extend_ahead(&chain, &pool, 100, 90, counts[i]);
            memcpy(place, pattern(60000) + done, 100);
        }
        struct weft_bytes spans[16];
        size_t count = wf_chain_spans(&chain, spans, 16);
        assert_true(counts[i] < 59900 ? count > 1 : count == 1);
        assert_int_equal(chain.payload_bytes, 54000);
        drain_and_compare(&chain, &pool, pattern(60000), done, 777);
    }
    struct fault_alloc fault;
    fault_alloc_init(&fault, 1);
    wf_pool_drop(&pool);
    wf_pool_init(&pool, &fault.allocator);
    struct wf_chain chain = { 0 };
    assert_null(wf_chain_extend_ahead(&chain, &pool, 1, 1, 4000));
    assert_true(fault.failed);
    assert_null(chain.first);
    assert_null(wf_chain_extend_last(&chain, 1, 1));
    wf_pool_drop(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_pieces_come_out_in_order),
        cmocka_unit_test(shared_bytes_live_until_the_last_reader),
        cmocka_unit_test(lent_bytes_are_copied_when_settled),
        cmocka_unit_test(without_memory_nothing_changes),
        cmocka_unit_test(nothing_is_put_behind_a_sealed_chunk),
        cmocka_unit_test(what_was_put_last_can_be_taken_back),
        cmocka_unit_test(what_is_expected_gets_one_chunk),
        cmocka_unit_test(what_lies_side_by_side_is_one_piece),
        cmocka_unit_test(an_arena_is_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

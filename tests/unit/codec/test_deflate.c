#include "codec/deflate.h"

#include "support/cases.h"
#include "support/fault_alloc.h"
#include "support/guard_page.h"

#include <stdlib.h>

enum { ROOM = 1 << 18 };

/* Texts that shrink, and bytes that do not. */
static void fill(uint8_t *data, size_t count, unsigned seed)
{
    static const char words[] = "{\"type\":\"message\",\"name\":\"weft\",\"text\":\"hello\"} ";
    uint32_t random = seed * 2654435761u + 1;
    for (size_t i = 0; i < count; i++) {
        random = random * 1664525u + 1013904223u;
        data[i] = seed % 3 == 2 ? (uint8_t)(random >> 24)
                                : (uint8_t)words[(i + (random >> 30)) % (sizeof words - 1)];
    }
}

static enum wf_inflate_result inflate_all(struct wf_inflater *inflater, struct weft_bytes packed,
                                          size_t piece, struct wf_block *out, size_t bytes_max)
{
    for (size_t at = 0; at < packed.count; at += piece) {
        size_t count = packed.count - at < piece ? packed.count - at : piece;
        uint8_t *placed = guard_page_place(packed.data + at, count);
        enum wf_inflate_result result =
            wf_inflater_put(inflater, (struct weft_bytes){ placed, count }, out, bytes_max);
        guard_page_free(placed, count);
        if (result)
            return result;
    }
    return wf_inflater_end(inflater, out, bytes_max);
}

static void messages_come_back(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 2, 16, 64, 127, 512, 1000, 4096, 65536, 131072 };
    static const size_t pieces[] = { 1, 7, 512, ROOM };
    uint8_t *data = malloc(ROOM);
    struct wf_pool pool;
    wf_pool_init(&pool, NULL);
    for (int bits = WF_DEFLATE_BITS_MIN; bits <= WF_DEFLATE_BITS_MAX; bits++) {
        struct wf_deflater *deflater = wf_deflater_take(&pool, bits, 1 + bits % 9);
        struct wf_inflater *inflater = wf_inflater_take(&pool, bits);
        for (unsigned i = 0; i < COUNT_OF(sizes) * 3; i++) {
            size_t count = sizes[i / 3];
            struct wf_block packed = { 0 }, out = { 0 };
            fill(data, count, i);
            assert_true(
                wf_deflater_put(deflater, (struct weft_bytes){ data, count }, &packed, SIZE_MAX));
            assert_int_equal(inflate_all(inflater, (struct weft_bytes){ packed.data, packed.count },
                                         count > 5000 ? pieces[3] : pieces[i % 4], &out, count),
                             WF_INFLATE_DONE);
            assert_int_equal(out.count, count);
            assert_memory_equal(out.data, data, count);
            wf_block_drop(&packed, &pool);
            wf_block_drop(&out, &pool);
        }
        wf_deflater_give(&pool, deflater);
        wf_inflater_give(&pool, inflater);
    }
    wf_pool_drop(&pool);
    free(data);
}

#define HELLO 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00

static const struct {
    const char *name;
    struct weft_bytes packed;
    const char *text; /* NULL: corrupt. */
} cases[] = {
    { "one block", BYTES(HELLO), "Hello" }, /* RFC 7692 7.2.3.1 */
    { "no compression", BYTES(0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00),
      "Hello" }, /* 7.2.3.3 */
    { "a final block", BYTES(0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00),
      "Hello" }, /* 7.2.3.4 */
    { "a final block and nothing behind", BYTES(0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00),
      "Hello" },
    { "a final block in the middle", BYTES(0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, HELLO),
      "HelloHello" },
    { "two blocks",
      BYTES(0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00),
      "Hello" },                             /* 7.2.3.5 */
    { "an empty message", BYTES(0x00), "" }, /* 7.2.3.6 */
    { "a distance beyond what came", BYTES(0xf2, 0x00, 0x11, 0x00, 0x00), NULL },
    { "a block of no type", BYTES(0x07), NULL },
    { "a stored block whose length is not its complement",
      BYTES(0x00, 0x05, 0x00, 0xfa, 0xfe, 0x48), NULL },
    { "a stored block cut short", BYTES(0x00, 0x05, 0x00, 0xfa, 0xff, 0x48), NULL },
    { "a block cut short", BYTES(0xf2, 0x48, 0xcd), NULL },
};

static void blocks_of_all_kinds(void **state)
{
    (void)state;
    struct wf_pool pool;
    wf_pool_init(&pool, NULL);
    for_each_case(c, cases)
    {
        for (size_t piece = 1; piece <= c->packed.count; piece++) {
            struct wf_block out = { 0 };
            struct wf_inflater *inflater = wf_inflater_take(&pool, 15);
            enum wf_inflate_result result = inflate_all(inflater, c->packed, piece, &out, 1000);
            assert_int_equal(result, c->text ? WF_INFLATE_DONE : WF_INFLATE_CORRUPT);
            if (c->text) {
                assert_int_equal(out.count, strlen(c->text));
                if (out.count)
                    assert_memory_equal(out.data, c->text, out.count);
                /* The context goes on with the next message, whatever the last was made of. */
                struct weft_bytes hello = BYTES(HELLO);
                out.count = 0;
                assert_int_equal(inflate_all(inflater, hello, 3, &out, 1000), WF_INFLATE_DONE);
                assert_memory_equal(out.data, "Hello", 5);
            }
            wf_block_drop(&out, &pool);
            wf_inflater_give(&pool, inflater);
        }
    }
    wf_pool_drop(&pool);
}

static void the_limit_is_exact(void **state)
{
    (void)state;
    struct wf_pool pool;
    struct weft_bytes hello = BYTES(HELLO);
    wf_pool_init(&pool, NULL);
    for (size_t bytes_max = 0; bytes_max < 8; bytes_max++) {
        struct wf_block out = { 0 };
        struct wf_inflater *inflater = wf_inflater_take(&pool, 9);
        assert_int_equal(inflate_all(inflater, hello, 100, &out, bytes_max),
                         bytes_max < 5 ? WF_INFLATE_TOO_BIG : WF_INFLATE_DONE);
        assert_true(out.count <= bytes_max);
        wf_block_drop(&out, &pool);
        wf_inflater_give(&pool, inflater);
    }
    wf_pool_drop(&pool);
}

static void what_does_not_fit_is_not_packed(void **state)
{
    (void)state;
    uint8_t data[1000];
    struct wf_pool pool;
    fill(data, sizeof data, 2);
    wf_pool_init(&pool, NULL);
    struct wf_deflater *deflater = wf_deflater_take(&pool, 15, 6);
    struct wf_block out = { 0 };
    assert_false(
        wf_deflater_put(deflater, (struct weft_bytes){ data, sizeof data }, &out, sizeof data - 1));
    wf_block_drop(&out, &pool);
    wf_deflater_give(&pool, deflater);
    wf_pool_drop(&pool);
}

/* RFC 7692 7.1.1: a context that was given back remembers nothing, and is lent again. */
static void contexts_are_lent(void **state)
{
    (void)state;
    struct fault_alloc fault;
    struct wf_pool pool;
    fault_alloc_init(&fault, 0);
    wf_pool_init(&pool, &fault.allocator);
    struct wf_deflater *first = wf_deflater_take(&pool, 15, 6);
    size_t bytes = wf_deflate_bytes(&pool);
    assert_true(bytes > 200000);
    wf_deflater_give(&pool, first);
    size_t calls = fault.call_count;
    assert_ptr_equal(wf_deflater_take(&pool, 15, 6), first);
    assert_int_equal(fault.call_count, calls);
    wf_deflater_give(&pool, first);
    struct wf_deflater *many[20];
    for (size_t i = 0; i < COUNT_OF(many); i++)
        many[i] = wf_deflater_take(&pool, 15, 6);
    for (size_t i = 0; i < COUNT_OF(many); i++)
        wf_deflater_give(&pool, many[i]);
    assert_true(wf_deflate_bytes(&pool) <= 4 * bytes);
    wf_pool_drop(&pool);
    assert_int_equal(fault.live_count, 0);
}

static bool pass_through(struct wf_pool *pool)
{
    uint8_t data[5000];
    fill(data, sizeof data, 0);
    struct wf_block packed = { 0 }, out = { 0 };
    struct wf_deflater *deflater = wf_deflater_take(pool, 15, 6);
    struct wf_inflater *inflater = wf_inflater_take(pool, 15);
    bool passes =
        deflater && inflater &&
        wf_deflater_put(deflater, (struct weft_bytes){ data, sizeof data }, &packed, SIZE_MAX) &&
        inflate_all(inflater, (struct weft_bytes){ packed.data, packed.count }, 100, &out,
                    sizeof data) == WF_INFLATE_DONE;
    wf_block_drop(&packed, pool);
    wf_block_drop(&out, pool);
    wf_deflater_give(pool, deflater);
    wf_inflater_give(pool, inflater);
    return passes;
}

static void want_of_memory(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        struct wf_pool pool;
        fault_alloc_init(&fault, n);
        wf_pool_init(&pool, &fault.allocator);
        bool passes = pass_through(&pool);
        failed = fault.failed;
        assert_int_equal(passes, !failed);
        wf_pool_drop(&pool);
        assert_int_equal(fault.live_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_back), cmocka_unit_test(blocks_of_all_kinds),
        cmocka_unit_test(the_limit_is_exact), cmocka_unit_test(what_does_not_fit_is_not_packed),
        cmocka_unit_test(contexts_are_lent),  cmocka_unit_test(want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

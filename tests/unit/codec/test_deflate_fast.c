#include "codec/deflate_fast.h"

#include "support/cases.h"
#include "support/fault_alloc.h"
#include "support/guard_page.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { ROOM = 200000 };

struct world {
    struct wf_pool pool;
    void *memory;
    struct wf_deflate_fast *fast;
    struct wf_deflate_scratch *scratch;
    z_stream inflater;
    struct wf_block out;
    uint8_t *data, *inflated;
};

static void world_open(struct world *world, int window_bits)
{
    memset(world, 0, sizeof *world);
    wf_pool_init(&world->pool, NULL);
    world->scratch = calloc(1, wf_deflate_scratch_bytes());
    world->memory = malloc(wf_deflate_fast_bytes(window_bits));
    world->fast = wf_deflate_fast_init(world->memory, window_bits);
    assert_int_equal(inflateInit2(&world->inflater, -window_bits), Z_OK);
    world->data = malloc(ROOM);
    world->inflated = malloc(ROOM);
}

static void world_close(struct world *world)
{
    inflateEnd(&world->inflater);
    wf_block_drop(&world->out, &world->pool);
    wf_pool_drop(&world->pool);
    free(world->memory);
    free(world->scratch);
    free(world->data);
    free(world->inflated);
}

enum kind { WORDS, NOISE, FEW_KINDS, ONE_BYTE, MIXED, KIND_COUNT };

static void fill(uint8_t *data, size_t count, enum kind kind, uint32_t random)
{
    static const char words[] = "{\"type\":\"message\",\"name\":\"weft\",\"text\":\"hello\"} ";
    for (size_t i = 0; i < count; i++) {
        random = random * 1664525U + 1013904223U;
        enum kind here = kind == MIXED ? (enum kind)(i / 700 % MIXED) : kind;
        data[i] = here == WORDS   ? (uint8_t)words[(i + (random >> 28) / 15) % (sizeof words - 1)]
                  : here == NOISE ? (uint8_t)(random >> 24)
                  : here == FEW_KINDS ? (uint8_t)(random >> 30)
                                      : 'x';
    }
}

/* Byte by byte, so that zlib has only its window to look back into: a distance beyond it is
 * corrupt. */
static void inflate_strictly(struct world *world, struct weft_bytes packed, size_t count)
{
    z_stream *stream = &world->inflater;
    stream->next_in = (Bytef *)(uintptr_t)packed.data;
    stream->avail_in = (uInt)packed.count;
    for (size_t at = 0; at <= count; at++) {
        uint8_t more;
        stream->next_out = at < count ? world->inflated + at : &more;
        stream->avail_out = 1;
        int result = inflate(stream, Z_SYNC_FLUSH);
        assert_true(result == Z_OK || (result == Z_BUF_ERROR && at == count));
        assert_int_equal(stream->avail_out, at == count);
    }
    assert_int_equal(stream->avail_in, 0);
}

static void pass(struct world *world, size_t count)
{
    static const uint8_t tail[] = { 0x00, 0x00, 0xFF, 0xFF };
    uint8_t *placed = guard_page_place(world->data, count);
    struct weft_bytes message = { placed, count };
    world->out.count = 0;
    assert_true(wf_deflate_fast_put(world->fast, world->scratch, message, &world->out, &world->pool,
                                    SIZE_MAX));
    guard_page_free(placed, count);
    assert_true(world->out.count <= count + 6 * (count / 4096 + 1));
    assert_true(wf_block_append(&world->out, &world->pool, (struct weft_bytes){ tail, sizeof tail },
                                SIZE_MAX));
    inflate_strictly(world, (struct weft_bytes){ world->out.data, world->out.count }, count);
    assert_memory_equal(world->inflated, world->data, count);
}

/* With takeover and without, of every window, around every border. */
static void messages_come_back(void **state)
{
    (void)state;
    static const size_t counts[] = { 0,    1,    2,     3,     4,     7,     8,     9,    12,
                                     100,  257,  258,   259,   511,   512,   513,   1000, 4095,
                                     4096, 4097, 16383, 16384, 16385, 32769, 100000 };
    for (int bits = 9; bits <= 15; bits++)
        for (enum kind kind = WORDS; kind < KIND_COUNT; kind++) {
            struct world world;
            world_open(&world, bits);
            for (size_t i = 0; i < 2 * COUNT_OF(counts); i++) {
                size_t count = counts[i % COUNT_OF(counts)];
                if (count > 20000 && (bits + (int)kind) % 3)
                    continue;
                fill(world.data, count, kind, (uint32_t)i);
                pass(&world, count);
                if (i >= COUNT_OF(counts)) {
                    wf_deflate_fast_reset(world.fast);
                    inflateReset(&world.inflater);
                }
            }
            world_close(&world);
        }
}

static void every_short_length(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, 15);
    for (size_t count = 0; count < 300; count++) {
        fill(world.data, count, (enum kind)(count % KIND_COUNT), (uint32_t)count);
        pass(&world, count);
    }
    world_close(&world);
}

/* What repeats is found again as far back as the window reaches, from message to message. */
static void the_window_is_used(void **state)
{
    (void)state;
    for (int bits = 9; bits <= 15; bits++) {
        struct world world;
        world_open(&world, bits);
        size_t count = ((size_t)1 << bits) - 200;
        fill(world.data, count, NOISE, 1);
        pass(&world, count);
        fill(world.data, 200, NOISE, 1);
        pass(&world, 200);
        assert_true(world.out.count < 100);
        wf_deflate_fast_reset(world.fast);
        inflateReset(&world.inflater);
        pass(&world, 200);
        assert_true(world.out.count >= 200); /* Forgotten. */
        world_close(&world);
    }
}

static void it_shrinks_what_shrinks(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum kind kind;
        size_t count, most;
    } cases[] = {
        { "words", WORDS, 1000, 400 },
        { "one byte", ONE_BYTE, 100000, 400 },
        { "two bits of each byte", FEW_KINDS, 10000, 4500 },
    };
    struct world world;
    world_open(&world, 15);
    for_each_case(c, cases)
    {
        fill(world.data, c->count, c->kind, 1);
        pass(&world, c->count);
        assert_true(world.out.count <= c->most);
    }
    world_close(&world);
}

/* Positions begin anew from time to time, and nothing is found where it is not. */
static void it_goes_on_for_ever(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, 9);
    memset(world.data, 'x', ROOM);
    for (size_t sum = 0; sum < (size_t)70 << 20; sum += ROOM) {
        struct weft_bytes message = { world.data, ROOM };
        world.out.count = 0;
        assert_true(wf_deflate_fast_put(world.fast, world.scratch, message, &world.out, &world.pool,
                                        SIZE_MAX));
        if (sum / ROOM % 2)
            wf_deflate_fast_reset(world.fast);
    }
    wf_deflate_fast_reset(world.fast);
    for (size_t i = 0; i < 20; i++) {
        fill(world.data, 3000, MIXED, (uint32_t)i);
        pass(&world, 3000);
    }
    world_close(&world);
}

static void no_more_than_allowed(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, 12);
    fill(world.data, 9000, MIXED, 1);
    pass(&world, 9000);
    size_t needed = world.out.count - 4;
    for (size_t bytes_max = 0; bytes_max < needed + 2; bytes_max++) {
        wf_deflate_fast_reset(world.fast);
        world.out.count = 3; /* What is there counts for nothing. */
        struct weft_bytes message = { world.data, 9000 };
        bool fits = wf_deflate_fast_put(world.fast, world.scratch, message, &world.out, &world.pool,
                                        bytes_max);
        assert_true(world.out.count <= 3 + bytes_max);
        if (bytes_max >= needed)
            assert_true(fits);
        if (bytes_max < needed - 1)
            assert_false(fits);
    }
    world_close(&world);
}

static void want_of_memory(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, 9);
    fill(world.data, 50000, NOISE, 1);
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        struct wf_pool pool;
        struct wf_block out = { 0 };
        fault_alloc_init(&fault, n);
        wf_pool_init(&pool, &fault.allocator);
        struct weft_bytes message = { world.data, 50000 };
        bool fits = wf_deflate_fast_put(world.fast, world.scratch, message, &out, &pool, SIZE_MAX);
        failed = fault.failed;
        assert_int_equal(fits, !failed);
        wf_deflate_fast_reset(world.fast);
        wf_block_drop(&out, &pool);
        wf_pool_drop(&pool);
        assert_int_equal(fault.live_count, 0);
    }
    pass(&world, 1000); /* After a reset all is well. */
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_back),  cmocka_unit_test(every_short_length),
        cmocka_unit_test(the_window_is_used),  cmocka_unit_test(it_shrinks_what_shrinks),
        cmocka_unit_test(it_goes_on_for_ever), cmocka_unit_test(no_more_than_allowed),
        cmocka_unit_test(want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

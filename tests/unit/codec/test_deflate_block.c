#include "codec/deflate_block.h"

#include "support/cases.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { WINDOW = 32768 };

struct world {
    struct wf_pool pool;
    struct wf_deflate_scratch *scratch;
    struct wf_block out;
    uint8_t history[WINDOW];
    uint8_t data[WF_DEFLATE_BLOCK_MAX];
    uint8_t inflated[WF_DEFLATE_BLOCK_MAX + 1];
};

static uint32_t random_state = 1;

static uint32_t draw(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8;
}

static void world_open(struct world *world)
{
    memset(world, 0, sizeof *world);
    wf_pool_init(&world->pool, NULL);
    world->scratch = calloc(1, wf_deflate_scratch_bytes());
    for (size_t i = 0; i < WINDOW; i++)
        world->history[i] = (uint8_t)draw();
}

static void world_close(struct world *world)
{
    free(world->scratch);
    wf_block_drop(&world->out, &world->pool);
    wf_pool_drop(&world->pool);
}

static void write_block(struct world *world, size_t count, size_t sequence_count)
{
    struct weft_bytes data = { world->data, count };
    struct wf_deflate_writer writer = { &world->out, &world->pool, SIZE_MAX, 0, 0 };
    world->out.count = 0;
    assert_true(wf_deflate_block_write(&writer, world->scratch, data, sequence_count));
    assert_true(wf_deflate_block_end(&writer));
}

/* Another's reader finds the data again. */
static void assert_inflates(struct world *world, size_t count)
{
    static const uint8_t tail[] = { 0x00, 0x00, 0xFF, 0xFF };
    z_stream stream = { 0 };
    assert_int_equal(inflateInit2(&stream, -15), Z_OK);
    inflateSetDictionary(&stream, world->history, WINDOW);
    stream.next_out = world->inflated;
    stream.avail_out = sizeof world->inflated;
    stream.next_in = world->out.data;
    stream.avail_in = (uInt)world->out.count;
    assert_int_equal(inflate(&stream, Z_SYNC_FLUSH), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)tail;
    stream.avail_in = sizeof tail;
    assert_int_equal(inflate(&stream, Z_SYNC_FLUSH), Z_OK);
    assert_int_equal(stream.avail_in, 0);
    assert_int_equal(sizeof world->inflated - stream.avail_out, count);
    assert_memory_equal(world->inflated, world->data, count);
    inflateEnd(&stream);
}

/* Appends literals and a match to the data as a finder would have found them. */
static size_t add_match(struct world *world, size_t at, size_t sequence, unsigned length,
                        unsigned distance)
{
    unsigned literals = draw() % 4;
    for (unsigned i = 0; i < literals; i++)
        world->data[at++] = (uint8_t)(draw() & 0x3F);
    wf_deflate_scratch_sequences(world->scratch)[sequence] =
        (struct wf_deflate_sequence){ (uint16_t)literals, (uint16_t)length, (uint16_t)distance };
    for (unsigned i = 0; i < length; i++, at++)
        world->data[at] =
            at >= distance ? world->data[at - distance] : world->history[WINDOW + at - distance];
    return at;
}

/* RFC 1951 3.2.5: every length, and both sides of every border of distances. */
static void every_length_and_distance(void **state)
{
    (void)state;
    struct world *world = malloc(sizeof *world);
    world_open(world);
    for (unsigned length = 3; length <= WF_DEFLATE_MATCH_MAX; length++)
        for (unsigned bit = 0; bit <= 15; bit++) {
            size_t at = 0, count = 0;
            for (unsigned step = 0; step < 4; step++) {
                unsigned border = (1U << bit) + (step & 1 ? (1U << bit) >> 1 : 0);
                unsigned distance = border + (step >> 1);
                if (distance <= WINDOW)
                    at = add_match(world, at, count++, length, distance);
            }
            write_block(world, at, count);
            assert_inflates(world, at);
        }
    world_close(world);
    free(world);
}

static void the_shortest_kind_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t count;
        uint8_t bits; /* Of each byte, drawn. */
        uint8_t kind; /* RFC 1951 3.2.3 */
    } cases[] = {
        { "a few bytes", 20, 7, 1 },
        { "much of few kinds", 5000, 3, 2 },
        { "the most", WF_DEFLATE_BLOCK_MAX, 5, 2 },
        { "what does not shrink", WF_DEFLATE_BLOCK_MAX, 8, 0 },
        { "one byte that does not", 1, 0, 1 },
    };
    struct world *world = malloc(sizeof *world);
    world_open(world);
    for_each_case(c, cases)
    {
        for (size_t i = 0; i < c->count; i++)
            world->data[i] = (uint8_t)(draw() & ((1U << c->bits) - 1));
        write_block(world, c->count, 0);
        assert_int_equal(world->out.data[0] >> 1 & 3, c->kind);
        assert_int_equal(world->out.data[0] & 1, 0); /* Never a final one. */
        assert_true(world->out.count <= c->count + 6);
        assert_inflates(world, c->count);
    }
    world_close(world);
    free(world);
}

/* Literal bytes only, of every number of kinds: codes of every shape and their telling. */
static void every_number_of_symbols(void **state)
{
    (void)state;
    struct world *world = malloc(sizeof *world);
    world_open(world);
    for (unsigned kinds = 1; kinds <= 256; kinds++) {
        size_t count = 3000;
        for (size_t i = 0; i < count; i++) {
            unsigned byte = draw() % kinds, other = draw() % kinds;
            world->data[i] = (uint8_t)((byte < other ? byte : other) * (256 / kinds));
        }
        write_block(world, count, 0);
        assert_inflates(world, count);
    }
    world_close(world);
    free(world);
}

static void no_more_than_allowed(void **state)
{
    (void)state;
    struct world *world = malloc(sizeof *world);
    world_open(world);
    for (size_t i = 0; i < 1000; i++)
        world->data[i] = (uint8_t)(draw() & 7);
    write_block(world, 1000, 0);
    size_t needed = world->out.count;
    for (size_t count_max = 0; count_max <= needed; count_max++) {
        struct wf_deflate_writer writer = { &world->out, &world->pool, count_max, 0, 0 };
        world->out.count = 0;
        struct weft_bytes data = { world->data, 1000 };
        bool fits = wf_deflate_block_write(&writer, world->scratch, data, 0) &&
                    wf_deflate_block_end(&writer);
        assert_true(world->out.count <= count_max);
        assert_int_equal(fits, count_max == needed);
    }
    world_close(world);
    free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_and_distance),
        cmocka_unit_test(the_shortest_kind_is_taken),
        cmocka_unit_test(every_number_of_symbols),
        cmocka_unit_test(no_more_than_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

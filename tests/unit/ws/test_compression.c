#include "ws/compression.h"

#include "support/cases.h"
#include "support/engine_probe.h"
#include "support/fault_alloc.h"
#include "support/guard_page.h"
#include "ws/engine.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 1 << 18 };

/* ---- two engines, and what goes from one to the other ---- */

struct pair {
    weft_engine *client, *server;
    char said[4096]; /* Of the last that was fed: "text:5 failed:1007/name ". */
    size_t said_bytes;
    const void *wanted; /* What the next message must be; NULL: anything. */
    size_t wanted_bytes;
    size_t message_count;
};

static void say(struct pair *pair, const char *format, size_t number, const char *name)
{
    int count = snprintf(pair->said + pair->said_bytes, sizeof pair->said - pair->said_bytes,
                         format, number, name);
    assert_true(count > 0);
    pair->said_bytes += (size_t)count;
}

static void pull(struct pair *pair, weft_engine *engine)
{
    struct weft_engine_event event;
    while (weft_engine_next(engine, &event) != WEFT_EVENT_NONE) {
        switch (event.type) {
        case WEFT_EVENT_REQUEST:
            assert_int_equal(weft_engine_accept(engine, NULL), WEFT_OK);
            break;
        case WEFT_EVENT_MESSAGE:
            pair->message_count++;
            if (pair->wanted) {
                assert_int_equal(event.data.count, pair->wanted_bytes);
                if (event.data.count)
                    assert_memory_equal(event.data.data, pair->wanted, pair->wanted_bytes);
            }
            say(pair, "message:%zu ", event.data.count, "");
            break;
        case WEFT_EVENT_PING:
            say(pair, "ping:%zu ", event.data.count, "");
            break;
        case WEFT_EVENT_FAILED:
            say(pair, "failed:%zu/%s ", event.failure->close_code,
                event.failure->limit_name ? event.failure->limit_name : "");
            break;
        default:
            break;
        }
    }
}

static void feed(struct pair *pair, weft_engine *engine, const uint8_t *data, size_t count,
                 size_t piece)
{
    pair->said_bytes = 0;
    pair->said[0] = '\0';
    for (size_t at = 0; at < count; at += piece) {
        size_t part = count - at < piece ? count - at : piece;
        uint8_t *placed = guard_page_place(data + at, part);
        assert_int_equal(weft_engine_feed(engine, (struct weft_buffer){ placed, part }), WEFT_OK);
        pull(pair, engine);
        guard_page_free(placed, part);
    }
}

/* All output of one side, to be freed. */
static struct weft_bytes take_output(weft_engine *engine)
{
    size_t bytes = (size_t)weft_engine_output_bytes(engine), at = 0;
    uint8_t *data = malloc(bytes + 1);
    struct weft_bytes spans[16];
    for (size_t count; (count = weft_engine_output(engine, spans, 16)) > 0;)
        for (size_t i = 0; i < count; i++) {
            size_t span = spans[i].count;
            memcpy(data + at, spans[i].data, span);
            at += span;
            if (i + 1 == count)
                weft_engine_sent(engine, at - (bytes - (size_t)weft_engine_output_bytes(engine)));
        }
    assert_int_equal(at, bytes);
    return (struct weft_bytes){ data, bytes };
}

static size_t carry(struct pair *pair, weft_engine *from, weft_engine *to, size_t piece)
{
    struct weft_bytes output = take_output(from);
    feed(pair, to, output.data, output.count, piece);
    free((void *)(uintptr_t)output.data);
    return output.count;
}

static weft_status open_pair(struct pair *pair, const struct weft_deflate_settings *settings,
                             const struct weft_engine_limits *limits,
                             const struct weft_allocator *allocator)
{
    static const struct weft_engine_request request = { .target = TEXT("/"), .host = TEXT("a") };
    struct weft_engine_options options = { .side = WEFT_CLIENT,
                                           .deflate = *settings,
                                           .random = probe_random,
                                           .request = &request,
                                           .allocator = allocator };
    if (limits)
        options.limits = *limits;
    *pair = (struct pair){ 0 };
    weft_status status = weft_engine_create(&options, &pair->client);
    if (status)
        return status;
    options.side = WEFT_SERVER;
    return weft_engine_create(&options, &pair->server);
}

static struct pair *create(const struct weft_deflate_settings *settings,
                           const struct weft_engine_limits *limits)
{
    struct pair *pair = malloc(sizeof *pair);
    assert_int_equal(open_pair(pair, settings, limits, NULL), WEFT_OK);
    carry(pair, pair->client, pair->server, SIZE_MAX);
    carry(pair, pair->server, pair->client, SIZE_MAX);
    assert_int_equal(weft_engine_ready_state(pair->client), WEFT_OPEN);
    assert_string_equal(weft_engine_extensions(pair->client), weft_engine_extensions(pair->server));
    return pair;
}

static void destroy(struct pair *pair)
{
    weft_engine_destroy(pair->client);
    weft_engine_destroy(pair->server);
    free(pair);
}

static void fill(uint8_t *data, size_t count, unsigned seed)
{
    uint32_t random = seed * 2654435761u + 1;
    for (size_t i = 0; i < count; i++) {
        random = random * 1664525u + 1013904223u;
        data[i] = seed % 3 == 2 ? (uint8_t)(random >> 24) : (uint8_t)('a' + (random >> 29));
    }
}

/* Sends, carries, and checks that it came. Returns the bytes on the wire. */
static size_t pass(struct pair *pair, weft_engine *from, const uint8_t *data, size_t count,
                   size_t piece)
{
    weft_engine *to = from == pair->client ? pair->server : pair->client;
    size_t before = pair->message_count;
    assert_int_equal(weft_engine_send(from, WEFT_BINARY, (struct weft_bytes){ data, count }),
                     WEFT_OK);
    assert_int_equal(weft_engine_buffered_amount(from), count);
    pair->wanted = data;
    pair->wanted_bytes = count;
    size_t bytes = carry(pair, from, to, piece);
    assert_int_equal(weft_engine_buffered_amount(from), 0);
    assert_int_equal(pair->message_count, before + 1);
    pair->wanted = NULL;
    return bytes;
}

/* What groups 12 and 13 of the Autobahn testsuite ask. */
static void all_sizes_and_terms(void **state)
{
    (void)state;
    static const size_t sizes[] = {
        0, 1, 16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072
    };
    static const uint8_t bits[] = { 9, 10, 12, 15 };
    uint8_t *data = malloc(ROOM);
    for (int terms = 0; terms < 4; terms++)
        for (size_t b = 0; b < COUNT_OF(bits); b++) {
            struct weft_deflate_settings settings = {
                .client_takeover = terms & 1 ? WEFT_TAKEOVER_ON : WEFT_TAKEOVER_OFF,
                .server_takeover = terms & 2 ? WEFT_TAKEOVER_ON : WEFT_TAKEOVER_OFF,
                .client_window_bits = bits[b],
                .server_window_bits = bits[COUNT_OF(bits) - 1 - b],
                .threshold_bytes = 1,
            };
            struct pair *pair = create(&settings, NULL);
            for (unsigned i = 0; i < COUNT_OF(sizes) * 3; i++) {
                size_t count = sizes[i / 3];
                fill(data, count, i);
                pass(pair, pair->client, data, count, count > 300 ? 4096 : 1);
                pass(pair, pair->server, data, count, count > 300 ? SIZE_MAX : 3);
            }
            destroy(pair);
        }
    free(data);
}

static void takeover_remembers(void **state)
{
    (void)state;
    uint8_t data[2000];
    fill(data, sizeof data, 2); /* Nothing that shrinks by itself. */
    for (int is_on = 0; is_on < 2; is_on++) {
        struct weft_deflate_settings settings = {
            .client_takeover = is_on ? WEFT_TAKEOVER_ON : WEFT_TAKEOVER_OFF,
            .server_takeover = is_on ? WEFT_TAKEOVER_ON : WEFT_TAKEOVER_OFF,
        };
        struct pair *pair = create(&settings, NULL);
        weft_engine *sides[] = { pair->client, pair->server };
        for (int i = 0; i < 2; i++) {
            pass(pair, sides[i], data, sizeof data, SIZE_MAX);
            size_t second = pass(pair, sides[i], data, sizeof data, SIZE_MAX);
            assert_true(is_on ? second < 100 : second >= sizeof data);
            /* A sender may forget at any time. */
            wf_engine_rest(sides[i]);
            assert_true(pass(pair, sides[i], data, sizeof data, SIZE_MAX) >= sizeof data);
        }
        destroy(pair);
    }
}

static void only_what_is_wanted_is_compressed(void **state)
{
    (void)state;
    uint8_t data[1000] = { 0 };
    struct pair *pair = create(&(struct weft_deflate_settings){ .threshold_bytes = 500 }, NULL);
    assert_true(pass(pair, pair->client, data, 499, SIZE_MAX) > 499);
    assert_true(pass(pair, pair->client, data, 500, SIZE_MAX) < 100);
    weft_engine_set_compression(pair->client, false);
    assert_true(pass(pair, pair->client, data, 1000, SIZE_MAX) > 1000);
    weft_engine_set_compression(pair->client, true);
    assert_true(pass(pair, pair->client, data, 1000, SIZE_MAX) < 100);
    destroy(pair);
    pair = create(&(struct weft_deflate_settings){ .off = true }, NULL);
    assert_string_equal(weft_engine_extensions(pair->client), "");
    assert_true(pass(pair, pair->server, data, 1000, SIZE_MAX) > 1000);
    destroy(pair);
}

/* What was compressed counts until its last byte has left, and never less than before without
 * leaving. */
static void the_amount_falls_with_the_last_byte(void **state)
{
    (void)state;
    static const uint8_t zeros[3000];
    struct pair *pair = create(&(struct weft_deflate_settings){ 0 }, NULL);
    weft_engine *server = pair->server;
    assert_int_equal(weft_engine_send(server, WEFT_BINARY, (struct weft_bytes){ zeros, 100 }),
                     WEFT_OK);
    weft_engine_sent(server, 52); /* The header and half of what is too short to be compressed. */
    assert_int_equal(weft_engine_buffered_amount(server), 50);
    assert_int_equal(weft_engine_send(server, WEFT_BINARY, (struct weft_bytes){ zeros, 3000 }),
                     WEFT_OK);
    assert_int_equal(weft_engine_buffered_amount(server), 3050);
    weft_engine_sent(server, 50);
    while (weft_engine_output_bytes(server)) {
        assert_int_equal(weft_engine_buffered_amount(server), 3000);
        weft_engine_sent(server, 1);
    }
    assert_int_equal(weft_engine_buffered_amount(server), 0);
    destroy(pair);
}

/* ---- the wire ---- */

#define HELLO 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00

static const struct {
    const char *name;
    struct weft_bytes frames; /* Not masked: of a server. */
    const char *said;
} cases[] = {
    { "a compressed text", BYTES(0xc1, 7, HELLO), "message:5 " }, /* RFC 7692 7.2.3.1 */
    { "in two fragments", BYTES(0x41, 3, 0xf2, 0x48, 0xcd, 0x80, 4, 0xc9, 0xc9, 0x07, 0x00),
      "message:5 " },
    { "a ping between", BYTES(0x41, 3, 0xf2, 0x48, 0xcd, 0x89, 0, 0x80, 4, 0xc9, 0xc9, 0x07, 0x00),
      "ping:0 message:5 " },
    { "empty fragments", BYTES(0x41, 0, 0x00, 0, 0x00, 7, HELLO, 0x80, 0), "message:5 " },
    { "an empty message", BYTES(0xc1, 1, 0x00), "message:0 " },
    { "not compressed", BYTES(0x81, 2, 'h', 'i', 0xc1, 7, HELLO), "message:2 message:5 " },
    { "a final block",
      BYTES(0xc1, 8, 0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00, 0xc1, 7, HELLO),
      "message:5 message:5 " },
    { "two blocks",
      BYTES(0xc2, 13, 0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00),
      "message:5 " },
    { "a stored block",
      BYTES(0xc1, 11, 0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00),
      "message:5 " },
    { "the bit in a continuation",
      BYTES(0x41, 3, 0xf2, 0x48, 0xcd, 0xc0, 4, 0xc9, 0xc9, 0x07, 0x00), "failed:1002/ " },
    { "the bit in a ping", BYTES(0xc9, 0), "failed:1002/ " },
    { "the bit in a Close frame", BYTES(0xc8, 0), "failed:1002/ " },
    { "another bit", BYTES(0xa1, 0), "failed:1002/ " },
    { "both bits", BYTES(0xe1, 7, HELLO), "failed:1002/ " },
    { "corrupt", BYTES(0xc1, 1, 0x07), "failed:1007/ " },
    { "corrupt in an unfinished frame", BYTES(0xc1, 100, 0x07, 0xff), "failed:1007/ " },
    { "cut short", BYTES(0xc1, 3, 0xf2, 0x48, 0xcd), "failed:1007/ " },
    { "without a byte", BYTES(0xc1, 0), "failed:1007/ " },
    { "not UTF-8", BYTES(0xc1, 7, 0x00, 0x01, 0x00, 0xfe, 0xff, 0xff, 0x00), "failed:1007/ " },
    { "not UTF-8, before its end", BYTES(0x41, 6, 0x00, 0x01, 0x00, 0xfe, 0xff, 0xff),
      "failed:1007/ " },
    { "an unfinished character", BYTES(0xc1, 7, 0x00, 0x01, 0x00, 0xfe, 0xff, 0xc3, 0x00),
      "failed:1007/ " },
    { "any bytes in a binary message", BYTES(0xc2, 7, 0x00, 0x01, 0x00, 0xfe, 0xff, 0xff, 0x00),
      "message:1 " },
};

static void every_case_holds_however_it_is_cut(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        for (size_t piece = 1; piece <= c->frames.count; piece++) {
            struct pair *pair = create(&(struct weft_deflate_settings){ 0 }, NULL);
            char said[256] = "";
            for (size_t at = 0; at < c->frames.count; at += piece) {
                size_t part = c->frames.count - at < piece ? c->frames.count - at : piece;
                feed(pair, pair->client, c->frames.data + at, part, SIZE_MAX);
                strcat(said, pair->said);
            }
            assert_string_equal(said, c->said);
            destroy(pair);
        }
    }
}

/* ---- bombs ---- */

/* A compressed frame of zeros, as a server sends it, to be freed. */
static struct weft_bytes bomb_of(size_t bytes)
{
    struct wf_pool pool;
    struct wf_block packed = { 0 };
    uint8_t *zeros = calloc(1, bytes);
    wf_pool_init(&pool, NULL);
    struct wf_deflater *deflater = wf_deflater_take(&pool, 15, 9);
    assert_true(wf_deflater_put(deflater, (struct weft_bytes){ zeros, bytes }, &packed, SIZE_MAX));
    uint8_t *frame = malloc(packed.count + 14);
    size_t count =
        frame_put(frame, WEFT_CLIENT, 0xc2, (struct weft_bytes){ packed.data, packed.count });
    wf_deflater_give(&pool, deflater);
    wf_block_drop(&packed, &pool);
    wf_pool_drop(&pool);
    free(zeros);
    return (struct weft_bytes){ frame, count };
}

static const struct {
    const char *name;
    size_t bytes;
    struct weft_engine_limits limits;
    uint32_t ratio_max;
    const char *said;
} bombs[] = {
    { "as long as may be", 100000, { .message_bytes_max = 100000 }, 0, "message:100000 " },
    { "a byte longer",
      100001,
      { .message_bytes_max = 100000 },
      0,
      "failed:1009/message_bytes_max " },
    { "a MiB may come from anything", 1 << 20, { 0 }, 10, "message:1048576 " },
    { "more may not", (1 << 20) + 1, { 0 }, 10, "failed:1009/inflate_ratio_max " },
    { "but with a larger ratio", (1 << 20) + 1, { 0 }, 2000, "message:1048577 " },
    { "by default", 8 << 20, { 0 }, 0, "failed:1009/inflate_ratio_max " },
    { "the smaller limit is named",
      8 << 20,
      { .message_bytes_max = 500000 },
      0,
      "failed:1009/message_bytes_max " },
};

static void bombs_do_not_go_off(void **state)
{
    (void)state;
    for_each_case(c, bombs)
    {
        struct weft_bytes bomb = bomb_of(c->bytes);
        for (size_t piece = 100; piece < 100000; piece *= 10) {
            struct pair *pair = create(
                &(struct weft_deflate_settings){ .inflate_ratio_max = c->ratio_max }, &c->limits);
            feed(pair, pair->client, bomb.data, bomb.count, piece);
            assert_string_equal(pair->said, c->said);
            destroy(pair);
        }
        free((void *)(uintptr_t)bomb.data);
    }
}

/* Blocks without a byte in them: nothing grows, and still there is an end. */
static void empty_blocks_have_a_limit(void **state)
{
    (void)state;
    const struct weft_engine_limits limits = { .message_bytes_max = 1000,
                                               .message_frames_max = 10 };
    struct pair *pair = create(&(struct weft_deflate_settings){ 0 }, &limits);
    const uint8_t long_frame[] = { 0xc2, 126, 0x10, 0x00 };
    feed(pair, pair->client, long_frame, sizeof long_frame, SIZE_MAX);
    assert_string_equal(pair->said, "failed:1009/message_bytes_max ");
    destroy(pair);
    pair = create(&(struct weft_deflate_settings){ 0 }, &limits);
    uint8_t frames[100] = { 0x42, 0 };
    feed(pair, pair->client, frames, 22, SIZE_MAX);
    assert_string_equal(pair->said, "failed:1008/message_frames_max ");
    destroy(pair);
}

/* ---- many receivers ---- */

static void a_broadcast_is_compressed_once(void **state)
{
    (void)state;
    static const uint8_t zeros[5000];
    struct wf_pool pool;
    struct wf_shared *shared;
    struct wf_arena arena = { 0 };
    wf_pool_init(&pool, NULL);
    struct wf_engine_config config = { .side = WEFT_SERVER, .pool = &pool };
    wf_engine_resolve_limits(&config.limits);
    wf_engine_resolve_deflate(&config.deflate, WEFT_SERVER);
    struct pair *pair = create(&(struct weft_deflate_settings){ 0 }, NULL);
    struct weft_engine engines[3];
    for (int i = 0; i < 3; i++) {
        wf_engine_init_server(&engines[i], &config);
        engines[i].phase = WF_PHASE_FRAMES;
        engines[i].agreed = wf_pool_take(&pool, sizeof(struct wf_agreed) + 1, NULL);
        *engines[i].agreed = (struct wf_agreed){ .block_bytes = sizeof(struct wf_agreed) + 1,
                                                 .compression = { .out_bits = i == 2 ? 0 : 15 } };
    }
    assert_int_equal(
        wf_engine_prepare(&pool, &arena, WEFT_BINARY, (struct weft_bytes){ zeros, 5000 }, &shared),
        WEFT_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(wf_engine_send_shared(&engines[i], shared), WEFT_OK);
        assert_int_equal(weft_engine_buffered_amount(&engines[i]), 5000);
    }
    assert_non_null(shared->variant);
    assert_null(shared->variant->variant);
    assert_true(weft_engine_output_bytes(&engines[0]) < 100);
    assert_int_equal(weft_engine_output_bytes(&engines[1]), weft_engine_output_bytes(&engines[0]));
    assert_true(weft_engine_output_bytes(&engines[2]) > 5000);
    for (int i = 0; i < 3; i++) {
        pair->wanted = zeros;
        pair->wanted_bytes = 5000;
        carry(pair, &engines[i], pair->client, SIZE_MAX);
        assert_int_equal(pair->message_count, i + 1);
        assert_int_equal(weft_engine_buffered_amount(&engines[i]), 0);
        wf_engine_drop(&engines[i]);
    }
    wf_shared_release(&pool, shared);
    wf_arena_drop(&arena, &pool);
    wf_pool_drop(&pool);
    destroy(pair);
}

/* ---- memory ---- */

/* True: everything went well. What there is no memory for is a status or a failure, and nothing is
 * lost. */
static bool converse(const struct weft_allocator *allocator)
{
    static const struct weft_deflate_settings settings = { .server_takeover = WEFT_TAKEOVER_ON,
                                                           .threshold_bytes = 1 };
    static const uint8_t zeros[3000];
    struct pair *pair = malloc(sizeof *pair);
    bool is_well = open_pair(pair, &settings, NULL, allocator) == WEFT_OK;
    if (is_well) {
        weft_engine *sides[] = { pair->client, pair->server };
        struct weft_engine_event event;
        for (int turn = 0; turn < 6 && is_well; turn++) {
            weft_engine *from = sides[turn % 2], *to = sides[1 - turn % 2];
            if (turn >= 2)
                is_well = weft_engine_send(from, WEFT_BINARY, (struct weft_bytes){ zeros, 3000 }) ==
                          WEFT_OK;
            struct weft_bytes output = take_output(from);
            struct weft_buffer input = { (uint8_t *)(uintptr_t)output.data, output.count };
            if (weft_engine_feed(to, input))
                is_well = false;
            while (is_well && weft_engine_next(to, &event) != WEFT_EVENT_NONE) {
                if (event.type == WEFT_EVENT_REQUEST && weft_engine_accept(to, NULL))
                    is_well = false;
                if (event.type == WEFT_EVENT_FAILED)
                    is_well = false;
                if (event.type == WEFT_EVENT_MESSAGE)
                    pair->message_count++;
            }
            free(input.data);
        }
        is_well = is_well && pair->message_count == 4;
    }
    weft_engine_destroy(pair->client);
    weft_engine_destroy(pair->server);
    free(pair);
    return is_well;
}

static void want_of_memory(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, n);
        bool is_well = converse(&fault.allocator);
        failed = fault.failed;
        assert_true(is_well || failed);
        assert_int_equal(fault.live_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_sizes_and_terms),
        cmocka_unit_test(takeover_remembers),
        cmocka_unit_test(only_what_is_wanted_is_compressed),
        cmocka_unit_test(the_amount_falls_with_the_last_byte),
        cmocka_unit_test(every_case_holds_however_it_is_cut),
        cmocka_unit_test(bombs_do_not_go_off),
        cmocka_unit_test(empty_blocks_have_a_limit),
        cmocka_unit_test(a_broadcast_is_compressed_once),
        cmocka_unit_test(want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

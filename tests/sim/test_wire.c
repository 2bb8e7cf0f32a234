/* Two engines and a hostile wire: seeded cuts, delays and drops; no kernel, no clock. */
#include "support/engine_probe.h"
#include "support/fault_alloc.h"
#include "ws/engine.h"

#include <stdio.h>
#include <stdlib.h>

enum { SEED_COUNT = 3000, STEP_COUNT = 120, EXPECTED_MAX = 512, WIRE_BYTES = 4 << 20 };

/* What one side put on its way, as the other must tell it. */
struct expected {
    enum weft_engine_event_type type;
    enum weft_message_type message_type;
    size_t count;
    uint8_t first; /* The bytes count up from here. */
};

struct side {
    weft_engine *engine;
    enum weft_side side;
    uint8_t *wire; /* Written, not yet read by the other side. */
    size_t wire_bytes;
    struct expected expected[EXPECTED_MAX]; /* Sent, not yet told by the other side. */
    size_t expected_first, expected_end;
    size_t pings_told; /* Each may have been answered with a pong, */
    size_t pongs_told; /* which the other side was told of. */
    bool is_open, has_closed, is_failed, request_waits;
    uint16_t own_code, told_code;
    enum weft_failure_kind failure;
};

struct world {
    uint32_t random;
    struct side sides[2];
    bool is_dropped;
    struct fault_alloc fault;
    bool may_lack_memory;
};

static uint32_t draw(struct world *world, uint32_t below)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 17;
    world->random ^= world->random << 5;
    return world->random % below;
}

static struct side *other(struct world *world, struct side *side)
{
    return side == &world->sides[0] ? &world->sides[1] : &world->sides[0];
}

static const uint8_t *counting_bytes(uint8_t first)
{
    static uint8_t bytes[256 + 300000];
    if (bytes[1] == 0)
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)(i % 128); /* ASCII, so that it may be a text. */
    return bytes + first % 128;
}

static void expect(struct side *from, struct expected expected)
{
    assert_true(from->expected_end < EXPECTED_MAX);
    from->expected[from->expected_end++] = expected;
}

/* ---- the wire ---- */

static void put_on_wire(struct side *side, const uint8_t *bytes, size_t count)
{
    assert_true(side->wire_bytes + count <= WIRE_BYTES);
    memcpy(side->wire + side->wire_bytes, bytes, count);
    side->wire_bytes += count;
}

/* Takes up to so many bytes of the engine's output, as a kernel does that has little room. */
static void take_output(struct side *side, size_t bytes_max)
{
    struct weft_bytes spans[3];
    size_t taken = 0;
    size_t count = weft_engine_output(side->engine, spans, COUNT_OF(spans));
    for (size_t i = 0; i < count; i++) {
        size_t piece = bytes_max - taken < spans[i].count ? bytes_max - taken : spans[i].count;
        put_on_wire(side, spans[i].data, piece);
        taken += piece;
    }
    uint64_t before = weft_engine_buffered_amount(side->engine);
    weft_engine_sent(side->engine, taken);
    uint64_t gone = before - weft_engine_buffered_amount(side->engine);
    assert_true(gone <= before);
    /* What was compressed leaves with its last byte, and is more than that. */
    assert_true(gone <= taken || *weft_engine_extensions(side->engine));
}

static void take_all_output(struct side *side)
{
    while (weft_engine_output_bytes(side->engine))
        take_output(side, SIZE_MAX);
    assert_int_equal(weft_engine_buffered_amount(side->engine), 0);
}

static void check_told(struct side *from, const struct weft_engine_event *event)
{
    assert_true(from->expected_first < from->expected_end);
    const struct expected *expected = &from->expected[from->expected_first++];
    assert_int_equal(event->type, expected->type);
    assert_int_equal(event->data.count, expected->count);
    if (event->type == WEFT_EVENT_MESSAGE)
        assert_int_equal(event->message_type, expected->message_type);
    if (expected->count)
        assert_memory_equal(event->data.data, counting_bytes(expected->first), expected->count);
}

static void on_event(struct world *world, struct side *side, const struct weft_engine_event *event)
{
    struct side *from = other(world, side);
    assert_false(side->is_failed);
    switch (event->type) {
    case WEFT_EVENT_REQUEST:
        side->request_waits = true;
        assert_int_equal(event->request->refusal_status, 0);
        break;
    case WEFT_EVENT_OPEN:
        side->is_open = true;
        assert_string_equal(weft_engine_protocol(side->engine), "sim");
        break;
    case WEFT_EVENT_MESSAGE:
        check_told(from, event);
        break;
    case WEFT_EVENT_PING:
        side->pings_told++;
        check_told(from, event);
        break;
    case WEFT_EVENT_PONG:
        side->pongs_told++;
        assert_true(side->pongs_told <= from->pings_told);
        break;
    case WEFT_EVENT_CLOSE:
        assert_int_equal(side->told_code, 0);
        side->told_code = event->close_code;
        break;
    default:
        side->is_failed = true;
        side->failure = event->failure->kind;
        break;
    }
}

static void pull(struct world *world, struct side *side)
{
    struct weft_engine_event event;
    while (weft_engine_next(side->engine, &event) != WEFT_EVENT_NONE)
        on_event(world, side, &event);
}

/* Reads some of what the other side has written: alone in its memory, so that a sanitizer sees the
 * edges. */
static void deliver(struct world *world, struct side *to, size_t bytes_max)
{
    struct side *from = other(world, to);
    size_t count = from->wire_bytes < bytes_max ? from->wire_bytes : bytes_max;
    uint8_t *bytes = malloc(count ? count : 1);
    memcpy(bytes, from->wire, count);
    memmove(from->wire, from->wire + count, from->wire_bytes - count);
    from->wire_bytes -= count;
    assert_int_equal(weft_engine_feed(to->engine, (struct weft_buffer){ bytes, count }), WEFT_OK);
    pull(world, to);
    free(bytes);
}

/* ---- what a side does ---- */

static size_t draw_size(struct world *world)
{
    switch (draw(world, 12)) {
    case 0:
        return 0;
    case 1:
        return 120 + draw(world, 12);
    case 2:
        return draw(world, 5000);
    case 3:
        return draw(world, 10) ? 65530 + draw(world, 12) : draw(world, 200000);
    default:
        return draw(world, 60);
    }
}

static void check_status(struct world *world, weft_status status)
{
    assert_true(status == WEFT_OK || (world->may_lack_memory && status == WEFT_ERR_MEMORY));
}

static void send_message(struct world *world, struct side *side)
{
    struct expected message = { WEFT_EVENT_MESSAGE, draw(world, 2) ? WEFT_TEXT : WEFT_BINARY,
                                draw_size(world), (uint8_t)draw(world, 128) };
    struct weft_bytes payload = { counting_bytes(message.first), message.count };
    weft_status status =
        draw(world, 3) ? weft_engine_send(side->engine, message.message_type, payload)
                       : wf_engine_send_lent(side->engine, message.message_type, payload, false);
    check_status(world, status);
    if (status == WEFT_OK)
        expect(side, message);
    if (draw(world, 2))
        take_output(side, draw(world, 3000));
    check_status(world, wf_engine_settle(side->engine));
}

static void send_ping(struct world *world, struct side *side)
{
    struct expected ping = { WEFT_EVENT_PING, WEFT_TEXT, draw(world, 126),
                             (uint8_t)draw(world, 128) };
    weft_status status = weft_engine_ping(
        side->engine, (struct weft_bytes){ counting_bytes(ping.first), ping.count });
    check_status(world, status);
    if (status == WEFT_OK)
        expect(side, ping);
}

/* A message in fragments, with pings between: the library does not send such, its peers may. */
static void send_fragments(struct world *world, struct side *side)
{
    enum weft_side receiver = side->side == WEFT_CLIENT ? WEFT_SERVER : WEFT_CLIENT;
    struct expected message = { WEFT_EVENT_MESSAGE, draw(world, 2) ? WEFT_TEXT : WEFT_BINARY, 0,
                                (uint8_t)draw(world, 128) };
    const uint8_t *payload = counting_bytes(message.first);
    static uint8_t frame[WIRE_BYTES];
    uint32_t fragments = 1 + draw(world, 6);
    take_all_output(side);
    for (uint32_t left = fragments; left > 0; left--) {
        size_t count = left % 2 ? draw(world, 90) : draw_size(world) % 10000;
        uint8_t first = left == 1 ? 0x80 : 0;
        if (left == fragments) /* The first frame has the type. */
            first |= (uint8_t)message.message_type;
        put_on_wire(side, frame,
                    frame_put(frame, receiver, first,
                              (struct weft_bytes){ payload + message.count, count }));
        message.count += count;
        if (left > 1 && draw(world, 3) == 0) {
            struct expected ping = { WEFT_EVENT_PING, WEFT_TEXT, draw(world, 126), 0 };
            put_on_wire(side, frame,
                        frame_put(frame, receiver, 0x89,
                                  (struct weft_bytes){ counting_bytes(0), ping.count }));
            expect(side, ping);
        }
    }
    expect(side, message);
}

static void close_side(struct world *world, struct side *side)
{
    uint16_t code = draw(world, 4) ? (uint16_t)(3000 + draw(world, 2000)) : WEFT_CLOSE_NO_CODE;
    weft_status status = weft_engine_close(side->engine, code, (struct weft_text){ 0 });
    check_status(world, status);
    if (status == WEFT_OK && !side->own_code)
        side->own_code = code;
}

static void accept_request(struct world *world, struct side *side)
{
    static const struct weft_engine_accept accept = { .protocol = TEXT("sim") };
    weft_status status = weft_engine_accept(side->engine, &accept);
    check_status(world, status);
    side->request_waits = status != WEFT_OK;
    if (draw(world, 2))
        pull(world, side);
}

static void act(struct world *world, struct side *side)
{
    bool may_send = weft_engine_ready_state(side->engine) == WEFT_OPEN;
    if (side->request_waits && !side->is_failed && draw(world, 3) == 0)
        accept_request(world, side);
    else if (may_send && draw(world, 2))
        switch (draw(world, 12)) {
        case 0:
        case 1:
            send_ping(world, side);
            break;
        case 2:
            send_fragments(world, side);
            break;
        case 3:
            if (draw(world, 6) == 0)
                close_side(world, side);
            break;
        default:
            send_message(world, side);
        }
    else if (draw(world, 2))
        take_output(side, draw(world, 4) ? draw(world, 200) : draw(world, 100000));
    else
        deliver(world, side, draw(world, 4) ? draw(world, 100) : draw(world, 100000));
}

/* ---- a run ---- */

static bool is_over(const struct side *side)
{
    return side->is_failed || weft_engine_was_clean(side->engine);
}

/* Everything arrives, the client closes, both agree. */
static void drain_and_close(struct world *world)
{
    struct side *sides = world->sides;
    for (int round = 0; round < 12; round++)
        for (int i = 0; i < 2; i++) {
            struct side *side = &sides[i];
            if (side->request_waits)
                accept_request(world, side);
            if (round == 6 && weft_engine_ready_state(side->engine) == WEFT_OPEN)
                close_side(world, side);
            take_all_output(side);
            deliver(world, side, SIZE_MAX);
        }
}

static void drop(struct world *world)
{
    world->is_dropped = true;
    for (int i = 0; i < 2; i++) {
        struct side *side = &world->sides[i];
        deliver(world, side, draw(world, 1000));
        weft_engine_feed_end(side->engine);
        pull(world, side);
    }
}

static void check_end(struct world *world)
{
    for (int i = 0; i < 2; i++) {
        struct side *side = &world->sides[i], *from = &world->sides[1 - i];
        assert_true(is_over(side));
        if (world->is_dropped || world->may_lack_memory) {
            assert_true(!side->is_failed || side->failure == WEFT_FAILURE_TRANSPORT ||
                        world->may_lack_memory);
            continue;
        }
        assert_false(side->is_failed);
        assert_int_equal(from->expected_first, from->expected_end);
        assert_true(weft_engine_wants_end(side->engine) == (side->side == WEFT_SERVER));
        /* Who has closed on its own is heard with its own code; who has only answered, with the
         * other's. */
        uint16_t heard = side->told_code;
        assert_true(heard == from->own_code || (!from->own_code && heard == side->own_code));
    }
}

/* Every third world is without compression. */
static struct weft_deflate_settings draw_deflate(uint32_t seed)
{
    return (struct weft_deflate_settings){
        .off = seed % 3 == 0,
        .client_takeover = seed & 4 ? WEFT_TAKEOVER_ON : WEFT_TAKEOVER_OFF,
        .server_takeover = seed & 8 ? WEFT_TAKEOVER_ON : WEFT_TAKEOVER_OFF,
        .client_window_bits = (uint8_t)(9 + seed % 7),
        .server_window_bits = (uint8_t)(9 + seed % 5),
        .level = (uint8_t)(1 + seed % 9),
        .threshold_bytes = 1 + seed % 50,
    };
}

static void create(struct world *world, uint32_t seed)
{
    static const struct weft_text protocols[] = { TEXT("other"), TEXT("sim") };
    const struct weft_engine_request request = {
        .target = TEXT("/sim"), .host = TEXT("sim"), .protocols = protocols, .protocol_count = 2
    };
    world->random = seed * 2654435761u + 1;
    for (int i = 0; i < 2; i++) {
        struct side *side = &world->sides[i];
        side->side = i == 0 ? WEFT_CLIENT : WEFT_SERVER;
        side->wire = malloc(WIRE_BYTES);
        assert_non_null(side->wire);
        const struct weft_engine_options options = { .side = side->side,
                                                     .deflate = draw_deflate(seed),
                                                     .random = probe_random,
                                                     .request = &request,
                                                     .allocator = &world->fault.allocator };
        assert_int_equal(weft_engine_create(&options, &side->engine), WEFT_OK);
    }
}

static void destroy(struct world *world)
{
    for (int i = 0; i < 2; i++) {
        weft_engine_destroy(world->sides[i].engine);
        free(world->sides[i].wire);
    }
    assert_int_equal(world->fault.live_count, 0);
    free(world);
}

static struct world *make_world(void)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    fault_alloc_init(&world->fault, 0);
    return world;
}

static void run(uint32_t seed)
{
    struct world *world = make_world();
    create(world, seed);
    for (int step = 0; step < STEP_COUNT; step++)
        act(world, &world->sides[draw(world, 2)]);
    if (draw(world, 4) == 0)
        drop(world);
    else
        drain_and_close(world);
    check_end(world);
    destroy(world);
}

static void everything_arrives_in_order_and_the_ends_agree(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= SEED_COUNT; seed++)
        run(seed);
}

/* One allocation fails somewhere: the connection ends with MEMORY, or the call said so and all goes
 * on. Never is anything told that was not sent. */
static void want_of_memory_is_no_disorder(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= SEED_COUNT / 3; seed++) {
        struct world *world = make_world();
        create(world, seed);
        world->may_lack_memory = true;
        world->fault.fails_at = world->fault.call_count + 1 + seed % 60;
        world->fault.fails_onwards = seed % 7 == 0;
        for (int step = 0; step < STEP_COUNT; step++)
            act(world, &world->sides[draw(world, 2)]);
        world->fault.fails_at = 0;
        drop(world);
        check_end(world);
        destroy(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_arrives_in_order_and_the_ends_agree),
        cmocka_unit_test(want_of_memory_is_no_disorder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

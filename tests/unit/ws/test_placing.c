#include "support/engine_probe.h"
#include "ws/engine.h"

#include <stdlib.h>

enum { PAYLOAD_BYTES = 600 * 1000, WIRE_BYTES = PAYLOAD_BYTES + 64, LOOP_BYTES = 4096 };

static uint8_t payload[PAYLOAD_BYTES], wire[WIRE_BYTES];

static void fill(enum weft_message_type type)
{
    static const char text[] = "Größe ☃ 😀 and so on, ";
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = type == WEFT_TEXT ? (uint8_t)text[i % (sizeof text - 1)] : (uint8_t)(i * 7919);
    size_t cut =
        sizeof payload % (sizeof text - 1); /* Of the last text, maybe within a character. */
    if (type == WEFT_TEXT)
        memset(payload + sizeof payload - cut, 'x', cut);
}

/* What a loop does: each receive is of at most `there` bytes, into the place where there is one.
 * Returns how many bytes were placed, up to the first event. */
static size_t feed(weft_engine *engine, size_t wire_bytes, size_t there,
                   struct weft_engine_event *event)
{
    static uint8_t buffer[LOOP_BYTES];
    size_t placed = 0;
    for (size_t at = 0; at < wire_bytes;) {
        size_t left = wire_bytes - at < there ? wire_bytes - at : there;
        struct weft_buffer place = wf_engine_place(engine, left);
        bool is_placed = place.count > 0;
        if (!is_placed)
            place = (struct weft_buffer){ buffer, left < sizeof buffer ? left : sizeof buffer };
        assert_true(place.count <= left);
        placed += is_placed ? place.count : 0;
        memcpy(place.data, wire + at, place.count);
        at += place.count;
        assert_int_equal(weft_engine_feed(engine, place), WEFT_OK);
        if (weft_engine_next(engine, event) != WEFT_EVENT_NONE) {
            assert_int_equal(at, wire_bytes);
            return placed;
        }
    }
    return placed;
}

static void a_long_message_is_received_where_it_is_collected(void **state)
{
    (void)state;
    const struct {
        const char *name;
        enum weft_side side;
        enum weft_message_type type;
        size_t there;
        bool is_placed;
    } cases[] = {
        { "all is there", WEFT_SERVER, WEFT_BINARY, WIRE_BYTES, true },
        { "bit by bit", WEFT_SERVER, WEFT_BINARY, 50001, true },
        { "a text", WEFT_SERVER, WEFT_TEXT, 16385, true },
        { "not masked", WEFT_CLIENT, WEFT_BINARY, 100003, true },
        { "a text, not masked", WEFT_CLIENT, WEFT_TEXT, 65536, true },
        { "too little at a time", WEFT_SERVER, WEFT_BINARY, 16383, false },
    };
    for_each_case(c, cases)
    {
        struct probe *probe = probe_create_open(c->side, NULL);
        struct weft_engine_event event;
        fill(c->type);
        size_t wire_bytes = frame_put(wire, c->side, (uint8_t)(0x80 | c->type),
                                      (struct weft_bytes){ payload, sizeof payload });
        size_t placed = feed(probe->engine, wire_bytes, c->there, &event);
        assert_int_equal(event.type, WEFT_EVENT_MESSAGE);
        assert_int_equal(event.message_type, c->type);
        assert_int_equal(event.data.count, sizeof payload);
        assert_memory_equal(event.data.data, payload, sizeof payload);
        /* But for what came with the header, and an end that is not worth it. */
        assert_true(c->is_placed ? placed > sizeof payload - LOOP_BYTES - 16384 : placed == 0);
        probe_destroy(probe);
    }
}

static void two_fragments_are_placed_one_behind_the_other(void **state)
{
    (void)state;
    struct probe *probe = probe_create_open(WEFT_SERVER, NULL);
    struct weft_engine_event event;
    fill(WEFT_BINARY);
    size_t half = sizeof payload / 2 + 1;
    size_t bytes = frame_put(wire, WEFT_SERVER, 0x02, (struct weft_bytes){ payload, half });
    size_t placed = feed(probe->engine, bytes, WIRE_BYTES, &event);
    assert_int_equal(event.type, WEFT_EVENT_NONE);
    bytes = frame_put(wire, WEFT_SERVER, 0x80,
                      (struct weft_bytes){ payload + half, sizeof payload - half });
    placed += feed(probe->engine, bytes, WIRE_BYTES, &event);
    assert_int_equal(event.type, WEFT_EVENT_MESSAGE);
    assert_int_equal(event.data.count, sizeof payload);
    assert_memory_equal(event.data.data, payload, sizeof payload);
    assert_true(placed > sizeof payload - 2 * LOOP_BYTES);
    probe_destroy(probe);
}

/* RFC 6455 8.1, at the byte, and not at the end. */
static void a_text_that_breaks_fails_in_its_place(void **state)
{
    (void)state;
    struct probe *probe = probe_create_open(WEFT_SERVER, NULL);
    struct weft_engine_event event;
    fill(WEFT_TEXT);
    payload[sizeof payload / 2] = 0xFF;
    size_t bytes =
        frame_put(wire, WEFT_SERVER, 0x81, (struct weft_bytes){ payload, sizeof payload });
    size_t upto = bytes - sizeof payload / 2 + 100;
    (void)feed(probe->engine, upto, WIRE_BYTES, &event);
    assert_int_equal(event.type, WEFT_EVENT_FAILED);
    assert_int_equal(event.failure->close_code, 1007);
    assert_int_equal(wf_engine_place(probe->engine, WIRE_BYTES).count, 0);
    probe_destroy(probe);
}

static void feed_bytes(weft_engine *engine, struct weft_bytes bytes, bool is_read)
{
    static uint8_t copy[LOOP_BYTES];
    struct weft_engine_event event;
    assert_true(bytes.count <= sizeof copy);
    memcpy(copy, bytes.data, bytes.count);
    assert_int_equal(weft_engine_feed(engine, (struct weft_buffer){ copy, bytes.count }), WEFT_OK);
    while (is_read && weft_engine_next(engine, &event) != WEFT_EVENT_NONE) {
    }
}

static void there_is_a_place_for_long_messages_alone(void **state)
{
    (void)state;
    const struct {
        const char *name;
        struct weft_bytes bytes;
        enum wf_parts parts;
        bool is_wanted;
    } cases[] = {
        { "nothing has come", BYTES(0), WF_PARTS_NONE, false },
        { "a cut header", BYTES(0x82, 0x7F, 0, 0, 0, 0), WF_PARTS_NONE, false },
        { "64 KiB", BYTES(0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0), WF_PARTS_NONE, true },
        { "a fragment", BYTES(0x02, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0), WF_PARTS_NONE, true },
        { "16 KiB", BYTES(0x81, 0x7E, 0x40, 0), WF_PARTS_NONE, true },
        { "less", BYTES(0x81, 0x7E, 0x3F, 0xFF), WF_PARTS_NONE, false },
        { "less, as the first byte is there", BYTES(0x81, 0x7E, 0x40, 0, 'a'), WF_PARTS_NONE,
          false },
        { "in parts", BYTES(0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0), WF_PARTS_ALL, false },
        { "a ping", BYTES(0x89, 5, 'a'), WF_PARTS_NONE, false },
    };
    for_each_case(c, cases)
    {
        struct probe *probe = probe_create_open(WEFT_CLIENT, NULL);
        wf_engine_set_parts(probe->engine, c->parts);
        if (c->bytes.count > 1)
            feed_bytes(probe->engine, c->bytes, true);
        assert_int_equal(wf_engine_wants_place(probe->engine), c->is_wanted);
        assert_int_equal(wf_engine_place(probe->engine, 16383).count, 0);
        assert_int_equal(wf_engine_place(probe->engine, 16384).count, c->is_wanted ? 16384 : 0);
        probe_destroy(probe);
    }
}

/* What was fed and not read comes first: while the reader holds back there is no place. */
static void what_is_kept_comes_first(void **state)
{
    (void)state;
    struct probe *probe = probe_create_open(WEFT_CLIENT, NULL);
    const struct weft_bytes header = BYTES(0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0);
    feed_bytes(probe->engine, header, true);
    assert_true(wf_engine_wants_place(probe->engine));
    feed_bytes(probe->engine, (struct weft_bytes)BYTES('a', 'b'), false);
    assert_false(wf_engine_wants_place(probe->engine));
    assert_int_equal(wf_engine_keep_input(probe->engine), WEFT_OK);
    assert_false(wf_engine_wants_place(probe->engine));
    struct weft_engine_event event;
    assert_int_equal(weft_engine_next(probe->engine, &event), WEFT_EVENT_NONE);
    assert_true(wf_engine_wants_place(probe->engine));
    probe_destroy(probe);
}

/* Memory is made for what has come, not for what was announced. */
static void an_announcement_costs_nothing(void **state)
{
    (void)state;
    struct weft_engine_options options = { .limits = { .message_bytes_max = 64 << 20 } };
    struct probe *probe = probe_create_open(WEFT_CLIENT, &options);
    feed_bytes(probe->engine, (struct weft_bytes)BYTES(0x82, 0x7F, 0, 0, 0, 0, 3, 0, 0, 0), true);
    assert_int_equal(wf_engine_place(probe->engine, 20000).count, 20000);
    /* Of what is there, so much at a time as a cache holds. */
    assert_int_equal(wf_engine_place(probe->engine, 1 << 20).count, 256 * 1024);
    probe_destroy(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_message_is_received_where_it_is_collected),
        cmocka_unit_test(two_fragments_are_placed_one_behind_the_other),
        cmocka_unit_test(a_text_that_breaks_fails_in_its_place),
        cmocka_unit_test(there_is_a_place_for_long_messages_alone),
        cmocka_unit_test(what_is_kept_comes_first),
        cmocka_unit_test(an_announcement_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

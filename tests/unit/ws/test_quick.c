/* The short ways must not be told from the long ones, but by what they leave to them. */
#include "support/engine_probe.h"
#include "support/fault_alloc.h"
#include "support/guard_page.h"
#include "ws/quick.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t hash, const void *data, size_t count)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ bytes[i]) * 1099511628211u;
    return hash;
}

struct told {
    uint64_t hash; /* Of all events and their payloads. */
    unsigned event_count;
    unsigned quick_count; /* Of these, by the short way. */
};

static void note(struct told *told, unsigned type, unsigned code, struct weft_buffer data)
{
    unsigned head[] = { type, code, (unsigned)data.count };
    told->hash = mix(mix(told->hash, head, sizeof head), data.data, data.count);
    told->event_count++;
}

enum way { SLOW, WHOLE, QUICK };

static bool take(weft_engine *engine, enum way way, enum weft_message_type *type,
                 struct weft_buffer *message)
{
    if (way == QUICK && wf_quick_may_begin(engine) && wf_quick_next(engine, type, message))
        return true;
    return way != SLOW && wf_engine_next_whole(engine, type, message);
}

/* What an engine makes of bytes that lie before a forbidden page. */
static struct told run(enum weft_side side, const struct weft_engine_options *options,
                       struct weft_bytes bytes, enum way way)
{
    struct told told = { .hash = 14695981039346656037u };
    struct probe *probe = probe_create_open(side, options);
    uint8_t *area = guard_page_place(bytes.data, bytes.count);
    struct weft_engine_event event;
    enum weft_message_type type;
    struct weft_buffer message;
    assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ area, bytes.count }),
                     WEFT_OK);
    for (;;) {
        if (take(probe->engine, way, &type, &message)) {
            note(&told, WEFT_EVENT_MESSAGE, type, message);
            told.quick_count++;
        } else if (weft_engine_next(probe->engine, &event) != WEFT_EVENT_NONE) {
            unsigned code =
                event.type == WEFT_EVENT_FAILED ? event.failure->close_code : event.close_code;
            note(&told, event.type,
                 event.type == WEFT_EVENT_MESSAGE ? (unsigned)event.message_type : code,
                 event.data);
        } else {
            break;
        }
    }
    guard_page_free(area, bytes.count);
    probe_destroy(probe);
    return told;
}

static unsigned check_same(enum weft_side side, const struct weft_engine_options *options,
                           struct weft_bytes bytes)
{
    struct told slow = run(side, options, bytes, SLOW), quick = slow;
    for (enum way way = WHOLE; way <= QUICK; way++) {
        quick = run(side, options, bytes, way);
        if (slow.hash != quick.hash || slow.event_count != quick.event_count)
            fail_msg("side %d, first %02x, %zu bytes", side, bytes.data[0], bytes.count);
    }
    return quick.quick_count;
}

static const uint8_t texts[][4] = { "abc", "\xC3\xA4x", "\xFF" };

/* Two frames of that first byte and payload length, with whole, half and broken characters. */
static size_t put_frames(uint8_t *out, enum weft_side side, uint8_t first, size_t bytes,
                         size_t text)
{
    static uint8_t payload[70000];
    for (size_t i = 0; i < bytes; i++)
        payload[i] = texts[text][i % strlen((const char *)texts[text])];
    size_t at = frame_put(out, side, first, (struct weft_bytes){ payload, bytes });
    return at + frame_put(out + at, side, first, (struct weft_bytes){ payload, bytes });
}

static const size_t lengths[] = { 0,  1,  2,  3,  4,  5,  7,  8,   9,   15,  16,  17,    31,   32,
                                  33, 48, 63, 64, 65, 66, 67, 124, 125, 126, 127, 65535, 65536 };

static void every_frame_is_the_same_event(void **state)
{
    (void)state;
    uint8_t *out = malloc(150000);
    unsigned quick_count = 0;
    for (size_t i = 0; i < COUNT_OF(lengths); i++)
        for (size_t text = 0; text < COUNT_OF(texts); text++)
            for (enum weft_side side = WEFT_CLIENT; side <= WEFT_SERVER; side++)
                for (unsigned first = 0x80; first <= 0x83; first++) {
                    size_t count = put_frames(out, side, (uint8_t)first, lengths[i], text);
                    quick_count += check_same(side, NULL, (struct weft_bytes){ out, count });
                }
    assert_true(quick_count > 300); /* The short way was gone. */
    free(out);
}

static void every_first_byte_and_cut_is_the_same(void **state)
{
    (void)state;
    uint8_t out[600];
    for (unsigned first = 0; first < 256; first++) {
        size_t count = put_frames(out, WEFT_SERVER, (uint8_t)first, 20, 0);
        check_same(WEFT_SERVER, NULL, (struct weft_bytes){ out, count });
    }
    size_t count = put_frames(out, WEFT_SERVER, 0x81, 130, 1);
    for (size_t cut = 0; cut <= count; cut++)
        check_same(WEFT_SERVER, NULL, (struct weft_bytes){ out, cut });
    for (unsigned second = 0; second < 256; second++) { /* Lengths, and the mask's bit. */
        out[1] = (uint8_t)second;
        check_same(WEFT_SERVER, NULL, (struct weft_bytes){ out, count });
        check_same(WEFT_CLIENT, NULL, (struct weft_bytes){ out, count });
    }
}

static void lengths_that_are_not_minimal_and_limits_stand(void **state)
{
    (void)state;
    static const uint8_t long_way[] = { 0x82, 0xFE, 0, 3, 0, 0, 0, 0, 'a', 'b', 'c' };
    check_same(WEFT_SERVER, NULL, (struct weft_bytes){ long_way, sizeof long_way });
    struct weft_engine_options options = { .side = WEFT_SERVER,
                                           .limits.message_bytes_max = 20,
                                           .deflate.off = true };
    uint8_t out[200];
    size_t count = put_frames(out, WEFT_SERVER, 0x82, 20, 0);
    assert_int_equal(check_same(WEFT_SERVER, &options, (struct weft_bytes){ out, count }), 2);
    count = put_frames(out, WEFT_SERVER, 0x82, 21, 0);
    assert_int_equal(check_same(WEFT_SERVER, &options, (struct weft_bytes){ out, count }), 0);
}

/* One frame in the middle of a message: what begins with it is no message. */
static void fragments_are_left_alone(void **state)
{
    (void)state;
    uint8_t out[200];
    static const uint8_t firsts[][3] = {
        { 0x01, 0x82, 0x80 }, { 0x01, 0x00, 0x80 }, { 0x02, 0x89, 0x80 }, { 0x82, 0x80, 0x82 }
    };
    for (size_t i = 0; i < COUNT_OF(firsts); i++) {
        size_t at = 0;
        for (size_t k = 0; k < 3; k++)
            at += frame_put(out + at, WEFT_SERVER, firsts[i][k], (struct weft_bytes)BYTES('x'));
        check_same(WEFT_SERVER, NULL, (struct weft_bytes){ out, at });
    }
}

/* Puts a message both ways. Returns whether the short one did it. */
static bool put_both(enum weft_side side, enum weft_message_type type, struct weft_bytes payload,
                     bool is_utf8)
{
    struct probe *slow = probe_create_open(side, NULL), *quick = probe_create_open(side, NULL);
    bool is_done = wf_engine_send_short(quick->engine, type, payload, is_utf8);
    weft_status status = weft_engine_send(slow->engine, type, payload);
    if (is_done && !is_utf8)
        assert_int_equal(status, WEFT_OK);
    if (is_done && status == WEFT_OK) {
        assert_int_equal(weft_engine_buffered_amount(quick->engine), payload.count);
        assert_int_equal(weft_engine_output_bytes(quick->engine), payload.count + 2);
        char *expected = strdup(probe_sent(slow));
        assert_string_equal(probe_sent(quick), expected);
        free(expected);
    } else if (!is_done) {
        assert_int_equal(weft_engine_output_bytes(quick->engine), 0);
    }
    probe_destroy(slow);
    probe_destroy(quick);
    return is_done;
}

static void a_short_answer_is_the_same_frame(void **state)
{
    (void)state;
    uint8_t payload[130];
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(' ' + i % 90);
    for (size_t count = 0; count <= sizeof payload; count++) {
        struct weft_bytes bytes = { payload, count };
        bool is_short = count <= 125;
        assert_int_equal(put_both(WEFT_SERVER, WEFT_BINARY, bytes, false), is_short);
        assert_int_equal(put_both(WEFT_SERVER, WEFT_TEXT, bytes, false), is_short);
        assert_int_equal(put_both(WEFT_SERVER, WEFT_TEXT, bytes, true), is_short);
        assert_false(put_both(WEFT_CLIENT, WEFT_BINARY, bytes, false));
    }
    struct weft_bytes broken = BYTES('a', 0xFF);
    assert_false(put_both(WEFT_SERVER, WEFT_TEXT, broken, false));
    assert_true(put_both(WEFT_SERVER, WEFT_BINARY, broken, false));
}

/* Behind what is there already; what it does not do it leaves alone. */
static void a_quick_answer_is_the_same_frame(void **state)
{
    (void)state;
    static uint8_t payload[WF_QUICK_LONG_BYTES];
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(' ' + i % 90);
    for (size_t count = 0; count < sizeof payload; count += count < 140 ? 1 : 1777) {
        struct probe *slow = probe_create_open(WEFT_SERVER, NULL);
        struct probe *quick = probe_create_open(WEFT_SERVER, NULL);
        struct weft_bytes bytes = { payload, count };
        assert_true(wf_quick_may_send(quick->engine));
        for (int i = 0; i < 20; i++) {
            enum weft_message_type type = i % 2 ? WEFT_TEXT : WEFT_BINARY;
            assert_int_equal(weft_engine_send(slow->engine, type, bytes), WEFT_OK);
            assert_true(wf_quick_send(quick->engine, type, payload, count));
            assert_int_equal(weft_engine_buffered_amount(quick->engine),
                             weft_engine_buffered_amount(slow->engine));
        }
        probe_write(slow);
        probe_write(quick);
        assert_int_equal(slow->output_bytes, quick->output_bytes);
        assert_memory_equal(slow->output, quick->output, slow->output_bytes);
        assert_int_equal(weft_engine_send(quick->engine, WEFT_TEXT, bytes), WEFT_OK);
        assert_int_equal(weft_engine_close(quick->engine, 1000, (struct weft_text){ 0 }), WEFT_OK);
        assert_false(wf_quick_may_send(quick->engine));
        probe_destroy(slow);
        probe_destroy(quick);
    }
}

static void nothing_is_sent_behind_a_close(void **state)
{
    (void)state;
    struct probe *probe = probe_create_open(WEFT_SERVER, NULL);
    assert_int_equal(weft_engine_close(probe->engine, 1000, (struct weft_text){ 0 }), WEFT_OK);
    assert_false(
        wf_engine_send_short(probe->engine, WEFT_BINARY, (struct weft_bytes)BYTES(1), false));
    assert_string_equal(probe_sent(probe), "close:1000/ ");
    probe_destroy(probe);
}

/* Without memory nothing has happened; with a little, the answers are in more than one piece. */
static void no_memory_is_no_harm(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, 0);
        struct weft_engine_options options = { .side = WEFT_SERVER,
                                               .allocator = &fault.allocator,
                                               .deflate.off = true };
        struct probe *probe = probe_create_open(WEFT_SERVER, &options);
        uint8_t input[4000] = { 0x82 }; /* What is to come makes it ask for a large chunk. */
        assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ input, 4000 }),
                         WEFT_OK);
        fault.fails_at = fault.call_count + n;
        uint64_t sent = 0;
        for (int i = 0; i < 40; i++) {
            struct weft_bytes payload = { (const uint8_t *)"0123456789ABCDEF0123456789", 26 };
            bool is_done = wf_engine_send_short(probe->engine, WEFT_BINARY, payload, false);
            sent += is_done ? 28 : 0;
            assert_int_equal(weft_engine_output_bytes(probe->engine), sent);
        }
        failed = fault.failed;
        assert_true(sent >= 39 * 28);
        probe_destroy(probe);
        assert_int_equal(fault.live_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_is_the_same_event),
        cmocka_unit_test(every_first_byte_and_cut_is_the_same),
        cmocka_unit_test(lengths_that_are_not_minimal_and_limits_stand),
        cmocka_unit_test(fragments_are_left_alone),
        cmocka_unit_test(a_short_answer_is_the_same_frame),
        cmocka_unit_test(a_quick_answer_is_the_same_frame),
        cmocka_unit_test(nothing_is_sent_behind_a_close),
        cmocka_unit_test(no_memory_is_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

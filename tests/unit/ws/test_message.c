#include "ws/message.h"

#include "support/fault_alloc.h"
#include "support/frame_cases.h"
#include "ws/state.h"

#include <stdlib.h>

#define SMALL_LIMIT                                                                                \
    {                                                                                              \
        .message_bytes_max = 10                                                                    \
    }

static const struct frame_case cases[] = {
    /* RFC 6455 5.7 */
    { "a text", BYTES(0x81, 0x05, 'H', 'e', 'l', 'l', 'o'), "text:Hello ", "", { 0 } },
    { "an empty text", BYTES(0x81, 0x00), "text: ", "", { 0 } },
    { "an empty binary", BYTES(0x82, 0x00), "binary: ", "", { 0 } },
    { "two messages", BYTES(0x81, 0x01, 'a', 0x82, 0x01, 'b'), "text:a binary:b ", "", { 0 } },
    { "two fragments",
      BYTES(0x01, 0x03, 'H', 'e', 'l', 0x80, 0x02, 'l', 'o'),
      "text:Hello ",
      "",
      { 0 } },
    { "empty fragments", BYTES(0x02, 0x00, 0x00, 0x00, 0x80, 0x00), "binary: ", "", { 0 } },
    { "many fragments",
      BYTES(0x01, 0x01, 'a', 0x00, 0x01, 'b', 0x00, 0x00, 0x00, 0x01, 'c', 0x80, 0x00),
      "text:abc ",
      "",
      { 0 } },
    { "a ping between fragments",
      BYTES(0x01, 0x01, 'a', 0x89, 0x01, 'p', 0x80, 0x01, 'b'),
      "ping:p text:ab ",
      "pong:p ",
      { 0 } },
    { "a message behind a fragmented one",
      BYTES(0x01, 0x01, 'a', 0x80, 0x01, 'b', 0x81, 0x01, 'c'),
      "text:ab text:c ",
      "",
      { 0 } },
    { "two fragmented messages",
      BYTES(0x01, 0x01, 'a', 0x80, 0x01, 'b', 0x02, 0x01, 'c', 0x80, 0x01, 'd'),
      "text:ab binary:cd ",
      "",
      { 0 } },
    { "a close between fragments",
      BYTES(0x01, 0x01, 'a', 0x88, 0x02, 0x03, 0xE8, 0x80, 0x01, 'b'),
      "close:1000/ ",
      "close:1000/ ",
      { 0 } },

    /* RFC 6455 5.4 */
    { "a continuation at first", BYTES(0x80, 0x01, 'a'), "failed:protocol/1002 ", NULL, { 0 } },
    { "a continuation behind a message",
      BYTES(0x81, 0x01, 'a', 0x00, 0x01, 'b'),
      "text:a failed:protocol/1002 ",
      NULL,
      { 0 } },
    { "a text inside a message",
      BYTES(0x01, 0x01, 'a', 0x81, 0x01, 'b'),
      "failed:protocol/1002 ",
      NULL,
      { 0 } },
    { "a binary inside a message",
      BYTES(0x01, 0x01, 'a', 0x02, 0x01, 'b'),
      "failed:protocol/1002 ",
      NULL,
      { 0 } },

    /* RFC 6455 5.2, 5.5 */
    { "a reserved bit", BYTES(0xC1, 0x00), "failed:protocol/1002 ", NULL, { 0 } },
    { "a reserved bit on a continuation",
      BYTES(0x01, 0x01, 'a', 0xC0, 0x00),
      "failed:protocol/1002 ",
      NULL,
      { 0 } },
    { "a reserved opcode behind a message",
      BYTES(0x81, 0x01, 'a', 0x83, 0x00),
      "text:a failed:protocol/1002 ",
      NULL,
      { 0 } },
    { "a ping of 126 bytes", BYTES(0x89, 0x7E, 0x00, 0x7E), "failed:protocol/1002 ", NULL, { 0 } },
    { "a length that is not minimal",
      BYTES(0x82, 0x7E, 0x00, 0x05, 1, 2, 3, 4, 5),
      "failed:protocol/1002 ",
      NULL,
      { 0 } },

    /* RFC 6455 8.1 */
    { "a text of two bytes a character",
      BYTES(0x81, 0x02, 0xC3, 0xBC),
      "text:\xC3\xBC ",
      "",
      { 0 } },
    { "a character over two fragments",
      BYTES(0x01, 0x01, 0xC3, 0x80, 0x01, 0xBC),
      "text:\xC3\xBC ",
      "",
      { 0 } },
    { "a text that is not UTF-8",
      BYTES(0x81, 0x02, 'a', 0xFF),
      "failed:protocol/1007 ",
      NULL,
      { 0 } },
    { "a text that ends inside a character",
      BYTES(0x81, 0x02, 'a', 0xC3),
      "failed:protocol/1007 ",
      NULL,
      { 0 } },
    { "fragments that end inside a character",
      BYTES(0x01, 0x01, 'a', 0x80, 0x01, 0xC3),
      "failed:protocol/1007 ",
      NULL,
      { 0 } },
    { "a surrogate", BYTES(0x81, 0x03, 0xED, 0xA0, 0x80), "failed:protocol/1007 ", NULL, { 0 } },
    { "fail fast: in an unfinished frame",
      BYTES(0x81, 0x7E, 0x01, 0x00, 'a', 0xFF),
      "failed:protocol/1007 ",
      NULL,
      { 0 } },
    { "fail fast: in an unfinished message",
      BYTES(0x01, 0x02, 'a', 0xFF),
      "failed:protocol/1007 ",
      NULL,
      { 0 } },
    { "fail fast: the second byte of a character",
      BYTES(0x01, 0x03, 'a', 0xE0, 0x80),
      "failed:protocol/1007 ",
      NULL,
      { 0 } },
    { "fail fast: beyond U+10FFFF",
      BYTES(0x01, 0x02, 0xF4, 0x90),
      "failed:protocol/1007 ",
      NULL,
      { 0 } },
    { "binary need not be UTF-8", BYTES(0x82, 0x02, 0xFE, 0xFF), "binary:\xFE\xFF ", "", { 0 } },

    /* RFC 6455 7.4.1, decided from the header */
    { "as long as may be", BYTES(0x82, 0x0A, '1', '2', '3', '4', '5', '6', '7', '8', '9', '0'),
      "binary:1234567890 ", "", SMALL_LIMIT },
    { "too long", BYTES(0x82, 0x0B), "failed:limit/1009 ", NULL, SMALL_LIMIT },
    { "much too long", BYTES(0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF),
      "failed:limit/1009 ", NULL, SMALL_LIMIT },
    { "too long in sum", BYTES(0x02, 0x05, '1', '2', '3', '4', '5', 0x80, 0x06),
      "failed:limit/1009 ", NULL, SMALL_LIMIT },
    { "as long as may be in sum",
      BYTES(0x02, 0x05, '1', '2', '3', '4', '5', 0x80, 0x05, '6', '7', '8', '9', '0'),
      "binary:1234567890 ", "", SMALL_LIMIT },
    { "too long in sum by far",
      BYTES(0x02, 0x01, '1', 0x80, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF),
      "failed:limit/1009 ", NULL, SMALL_LIMIT },
    { "as many fragments as may be",
      BYTES(0x02, 0x01, 'a', 0x00, 0x01, 'b', 0x80, 0x01, 'c'),
      "binary:abc ",
      "",
      { .message_frames_max = 3 } },
    { "too many fragments",
      BYTES(0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x00),
      "failed:limit/1008 ",
      NULL,
      { .message_frames_max = 3 } },
    { "the count of fragments begins anew",
      BYTES(0x02, 0x00, 0x80, 0x00, 0x02, 0x00, 0x80, 0x00),
      "binary: binary: ",
      "",
      { .message_frames_max = 2 } },

    /* RFC 6455 7.1.7: nothing behind a failure is read. */
    { "nothing behind a failure",
      BYTES(0x83, 0x00, 0x81, 0x01, 'a', 0x89, 0x00),
      "failed:protocol/1002 ",
      NULL,
      { 0 } },
};

static void every_case_holds_however_it_is_cut(void **state)
{
    (void)state;
    for_each_case(c, cases) frame_case_run(c);
}

static void failures_name_their_rule_and_limit(void **state)
{
    (void)state;
    static const struct weft_engine_options options = { .limits = SMALL_LIMIT };
    const struct weft_bytes too_long = BYTES(0x82, 0x0B), reserved = BYTES(0xC1, 0x00);
    struct probe *probe = probe_create_open(WEFT_CLIENT, &options);
    probe_feed(probe, too_long);
    assert_string_equal(probe->failure.limit_name, "message_bytes_max");
    assert_int_equal(probe->failure.limit, 10);
    assert_int_equal(probe->failure.status, WEFT_ERR_LIMIT);
    assert_int_equal(probe->failure.close_code, 1009);
    probe_destroy(probe);

    probe = probe_create_open(WEFT_CLIENT, &options);
    probe_feed(probe, reserved);
    assert_string_equal(probe->failure.rule, "RFC 6455 5.2");
    assert_int_equal(probe->failure.status, WEFT_ERR_PROTOCOL);
    assert_string_equal(probe->failure.text, "a reserved bit is set and no extension owns it");
    probe_destroy(probe);
}

/* A message of `bytes` in frames of `frame_bytes`, as a client sends it. */
static struct weft_bytes long_message(size_t bytes, size_t frame_bytes)
{
    uint8_t *payload = malloc(bytes + 1);
    uint8_t *out = malloc(bytes + (bytes / frame_bytes + 1) * WF_FRAME_HEADER_MAX);
    size_t written = 0;
    assert_non_null(payload);
    assert_non_null(out);
    for (size_t i = 0; i < bytes; i++)
        payload[i] = (uint8_t)('a' + i * 7 % 26);
    for (size_t at = 0; at < bytes; at += frame_bytes) {
        size_t count = bytes - at < frame_bytes ? bytes - at : frame_bytes;
        uint8_t first = (uint8_t)((at ? 0 : 1) | (at + count == bytes ? 0x80 : 0));
        written += frame_put(out + written, WEFT_SERVER, first,
                             (struct weft_bytes){ payload + at, count });
    }
    free(payload);
    return (struct weft_bytes){ out, written };
}

static void long_messages_come_whole_from_pieces_of_any_size(void **state)
{
    (void)state;
    static const size_t frame_bytes[] = { 300000, 65536, 4096, 125 };
    static const size_t pieces[] = { 262144, 65536, 4099, 97 };
    char expected[64] = "";
    for (size_t f = 0; f < COUNT_OF(frame_bytes); f++) {
        struct weft_bytes input = long_message(300000, frame_bytes[f]);
        for (size_t p = 0; p < COUNT_OF(pieces); p++) {
            struct probe *probe = probe_create_open(WEFT_SERVER, NULL);
            probe_feed_by(probe, input, pieces[p]);
            assert_int_equal(probe->message_count, 1);
            if (!*expected)
                strcpy(expected, probe->events);
            assert_string_equal(probe->events, expected);
            probe_destroy(probe);
        }
        free((void *)(uintptr_t)input.data);
    }
    assert_non_null(strstr(expected, "text:#300000-"));
}

/* A message that lies whole in the fed bytes is handed out where it lies, and costs no memory. */
static void whole_messages_are_not_copied(void **state)
{
    (void)state;
    struct fault_alloc fault;
    fault_alloc_init(&fault, 0);
    struct weft_engine_options options = { .allocator = &fault.allocator };
    struct probe *probe = probe_create_open(WEFT_SERVER, &options);
    size_t allocations = fault.call_count;
    struct weft_bytes input = long_message(100000, 100000);
    uint8_t *bytes = (uint8_t *)(uintptr_t)input.data;
    struct weft_engine_event event;
    assert_int_equal(weft_engine_feed(probe->engine, (struct weft_buffer){ bytes, input.count }),
                     WEFT_OK);
    assert_int_equal(weft_engine_next(probe->engine, &event), WEFT_EVENT_MESSAGE);
    assert_ptr_equal(event.data.data, bytes + 14);
    assert_int_equal(event.data.count, 100000);
    assert_int_equal(weft_engine_next(probe->engine, &event), WEFT_EVENT_NONE);
    assert_int_equal(fault.call_count, allocations);
    free(bytes);
    probe_destroy(probe);
}

/* A header that promises much reserves little, and what was reserved is given back with the
 * message. */
static void memory_follows_what_has_come(void **state)
{
    (void)state;
    struct fault_alloc fault;
    fault_alloc_init(&fault, 0);
    struct weft_engine_options options = { .allocator = &fault.allocator };
    struct probe *probe = probe_create_open(WEFT_SERVER, &options);
    size_t idle_bytes = fault.live_bytes;
    struct weft_bytes input = long_message(8 << 20, 8 << 20);
    for (size_t at = 0; at < input.count;) {
        size_t piece = at < 4096 ? 64 : 65536;
        piece = input.count - at < piece ? input.count - at : piece;
        probe_feed(probe, (struct weft_bytes){ input.data + at, piece });
        at += piece;
        size_t allowed = at < 32768 ? 65536 : 2 * at;
        assert_true(fault.live_bytes - idle_bytes <= allowed + 131072);
    }
    assert_int_equal(probe->message_count, 1);
    /* Blocks of the classes stay in the pool's free lists. */
    assert_true(fault.live_bytes - idle_bytes < 200000);
    free((void *)(uintptr_t)input.data);
    probe_destroy(probe);
    assert_int_equal(fault.live_count, 0);
}

static void an_idle_engine_holds_no_partial(void **state)
{
    (void)state;
    const struct weft_bytes whole = BYTES(0x01, 0x01, 'a', 0x80, 0x01, 'b');
    struct probe *probe = probe_create_open(WEFT_CLIENT, NULL);
    for (size_t count = 1; count < whole.count; count++) {
        probe_feed(probe, (struct weft_bytes){ whole.data + count - 1, 1 });
        assert_true(wf_engine_is_in_midst(probe->engine));
    }
    probe_feed(probe, (struct weft_bytes){ whole.data + whole.count - 1, 1 });
    assert_false(wf_engine_is_in_midst(probe->engine));
    assert_null(probe->engine->partial);
    assert_null(probe->engine->opening);
    assert_null(probe->engine->agreed);
    assert_null(probe->engine->output.first);
    probe_destroy(probe);
}

/* Whatever allocation fails: the connection fails with MEMORY, or nothing is noticed. */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct weft_bytes input = long_message(200000, 30000);
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, 0);
        struct weft_engine_options options = { .allocator = &fault.allocator };
        struct probe *probe = probe_create_open(WEFT_SERVER, &options);
        fault.fails_at = fault.call_count + n;
        probe_feed_by(probe, input, 1000);
        failed = fault.failed;
        if (failed) {
            assert_string_equal(probe->events, probe->failure.close_code ? "failed:memory/1011 "
                                                                         : "failed:memory/0 ");
            assert_int_equal(probe->failure.status, WEFT_ERR_MEMORY);
            assert_true(weft_engine_wants_end(probe->engine));
        } else {
            assert_int_equal(probe->message_count, 1);
        }
        probe_destroy(probe);
        assert_int_equal(fault.live_count, 0);
    }
    free((void *)(uintptr_t)input.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_holds_however_it_is_cut),
        cmocka_unit_test(failures_name_their_rule_and_limit),
        cmocka_unit_test(long_messages_come_whole_from_pieces_of_any_size),
        cmocka_unit_test(whole_messages_are_not_copied),
        cmocka_unit_test(memory_follows_what_has_come),
        cmocka_unit_test(an_idle_engine_holds_no_partial),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

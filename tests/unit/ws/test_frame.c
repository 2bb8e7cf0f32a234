#include "ws/frame.h"

#include "support/cases.h"
#include "support/guard_page.h"

struct parse_case {
    const char *name;
    struct weft_bytes input;
    enum weft_side receiver;
    enum wf_frame_result result;
    enum wf_fault fault;
    size_t seen_at; /* BROKEN: with so many bytes already. */
    uint64_t payload_bytes;
    uint8_t opcode;
    bool is_final;
};

#define DONE(length, code, final) WF_FRAME_DONE, WF_FAULT_NONE, 0, length, code, final
#define MORE                      WF_FRAME_NEEDS_MORE, WF_FAULT_NONE, 0, 0, 0, false
#define BROKEN(fault, at)         WF_FRAME_BROKEN, WF_FAULT_##fault, at, 0, 0, false

static const struct parse_case parse_cases[] = {
    { "empty input", { NULL, 0 }, WEFT_CLIENT, MORE },
    { "empty text", BYTES(0x81, 0x00), WEFT_CLIENT, DONE(0, 1, true) },
    { "first fragment", BYTES(0x02, 0x03), WEFT_CLIENT, DONE(3, 2, false) },
    { "continuation", BYTES(0x80, 0x03), WEFT_CLIENT, DONE(3, 0, true) },
    { "125 bytes", BYTES(0x82, 0x7D), WEFT_CLIENT, DONE(125, 2, true) },
    { "126 bytes", BYTES(0x82, 0x7E, 0x00, 0x7E), WEFT_CLIENT, DONE(126, 2, true) },
    { "65535 bytes", BYTES(0x82, 0x7E, 0xFF, 0xFF), WEFT_CLIENT, DONE(65535, 2, true) },
    { "65536 bytes", BYTES(0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0), WEFT_CLIENT, DONE(65536, 2, true) },
    { "the most bytes", BYTES(0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF),
      WEFT_CLIENT, DONE(INT64_MAX, 2, true) },
    { "masked", BYTES(0x81, 0x85, 1, 2, 3, 4), WEFT_SERVER, DONE(5, 1, true) },
    { "masked, 16 bits", BYTES(0x81, 0xFE, 0x01, 0x00, 1, 2, 3, 4), WEFT_SERVER,
      DONE(256, 1, true) },
    { "masked, 64 bits", BYTES(0x81, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4), WEFT_SERVER,
      DONE(65536, 1, true) },
    { "ping of 125", BYTES(0x89, 0x7D), WEFT_CLIENT, DONE(125, 9, true) },
    { "RSV1", BYTES(0xC1, 0x00), WEFT_CLIENT, BROKEN(RESERVED_BITS, 1) },
    { "RSV2", BYTES(0xA1, 0x00), WEFT_CLIENT, BROKEN(RESERVED_BITS, 1) },
    { "RSV3", BYTES(0x91, 0x00), WEFT_CLIENT, BROKEN(RESERVED_BITS, 1) },
    { "RSV1 on a ping", BYTES(0xC9, 0x00), WEFT_CLIENT, BROKEN(RESERVED_BITS, 1) },
    { "opcode 3", BYTES(0x83, 0x00), WEFT_CLIENT, BROKEN(RESERVED_OPCODE, 1) },
    { "opcode 7", BYTES(0x87, 0x00), WEFT_CLIENT, BROKEN(RESERVED_OPCODE, 1) },
    { "opcode 11", BYTES(0x8B, 0x00), WEFT_CLIENT, BROKEN(RESERVED_OPCODE, 1) },
    { "opcode 15", BYTES(0x8F, 0x00), WEFT_CLIENT, BROKEN(RESERVED_OPCODE, 1) },
    { "fragmented ping", BYTES(0x09, 0x00), WEFT_CLIENT, BROKEN(CONTROL_FRAGMENTED, 1) },
    { "fragmented close", BYTES(0x08, 0x00), WEFT_CLIENT, BROKEN(CONTROL_FRAGMENTED, 1) },
    { "ping of 126", BYTES(0x89, 0x7E, 0x00, 0x7E), WEFT_CLIENT, BROKEN(CONTROL_TOO_LONG, 2) },
    { "close of 2^16", BYTES(0x88, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0), WEFT_CLIENT,
      BROKEN(CONTROL_TOO_LONG, 2) },
    { "masked by the server", BYTES(0x81, 0x80, 1, 2, 3, 4), WEFT_CLIENT, BROKEN(MASKED, 2) },
    { "not masked by the client", BYTES(0x81, 0x00), WEFT_SERVER, BROKEN(NOT_MASKED, 2) },
    { "0 in 16 bits", BYTES(0x82, 0x7E, 0x00, 0x00), WEFT_CLIENT, BROKEN(LENGTH_NOT_MINIMAL, 4) },
    { "125 in 16 bits", BYTES(0x82, 0x7E, 0x00, 0x7D), WEFT_CLIENT, BROKEN(LENGTH_NOT_MINIMAL, 4) },
    { "125 in 64 bits", BYTES(0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0, 0x7D), WEFT_CLIENT,
      BROKEN(LENGTH_NOT_MINIMAL, 8) },
    { "65535 in 64 bits", BYTES(0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF), WEFT_CLIENT,
      BROKEN(LENGTH_NOT_MINIMAL, 8) },
    { "highest bit", BYTES(0x82, 0x7F, 0x80, 0, 0, 0, 0, 1, 0, 0), WEFT_CLIENT,
      BROKEN(LENGTH_TOP_BIT, 3) },
    { "masked, highest bit", BYTES(0x82, 0xFF, 0xFF, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4), WEFT_SERVER,
      BROKEN(LENGTH_TOP_BIT, 3) },
};

static enum wf_frame_result parse_guarded(struct weft_bytes input, enum weft_side receiver,
                                          struct wf_frame *frame, enum wf_fault *fault)
{
    uint8_t *placed = guard_page_place(input.data, input.count);
    enum wf_frame_result result =
        wf_frame_parse((struct weft_bytes){ placed, input.count }, receiver, 0, frame, fault);
    guard_page_free(placed, input.count);
    return result;
}

static void headers_are_read(void **state)
{
    (void)state;
    for_each_case(c, parse_cases)
    {
        struct wf_frame frame;
        enum wf_fault fault = WF_FAULT_NONE;
        assert_int_equal(parse_guarded(c->input, c->receiver, &frame, &fault), c->result);
        assert_int_equal(fault, c->fault);
        if (c->result != WF_FRAME_DONE)
            continue;
        assert_true(frame.payload_bytes == c->payload_bytes);
        assert_int_equal(frame.opcode, c->opcode);
        assert_int_equal(frame.is_final, c->is_final);
        assert_int_equal(frame.header_bytes, c->input.count);
        if (c->receiver == WEFT_SERVER)
            assert_memory_equal(&frame.key, c->input.data + c->input.count - 4, 4);
    }
}

/* Every shorter prefix asks for more, until the byte has come that breaks a rule. */
static void headers_that_are_cut_ask_for_more(void **state)
{
    (void)state;
    for_each_case(c, parse_cases)
    {
        for (size_t count = 0; count < c->input.count; count++) {
            struct wf_frame frame;
            enum wf_fault fault = WF_FAULT_NONE;
            bool is_seen = c->result == WF_FRAME_BROKEN && count >= c->seen_at;
            assert_int_equal(parse_guarded((struct weft_bytes){ c->input.data, count }, c->receiver,
                                           &frame, &fault),
                             is_seen ? WF_FRAME_BROKEN : WF_FRAME_NEEDS_MORE);
        }
    }
}

static void owned_bits_are_let_through_on_data_frames(void **state)
{
    (void)state;
    struct wf_frame frame;
    enum wf_fault fault;
    const uint8_t text[] = { 0xC1, 0x00 }, two_bits[] = { 0xE1, 0x00 }, ping[] = { 0xC9, 0x00 };
    assert_int_equal(
        wf_frame_parse((struct weft_bytes){ text, 2 }, WEFT_CLIENT, 0x40, &frame, &fault),
        WF_FRAME_DONE);
    assert_int_equal(frame.reserved_bits, 0x40);
    assert_int_equal(
        wf_frame_parse((struct weft_bytes){ two_bits, 2 }, WEFT_CLIENT, 0x40, &frame, &fault),
        WF_FRAME_BROKEN);
    assert_int_equal(
        wf_frame_parse((struct weft_bytes){ ping, 2 }, WEFT_CLIENT, 0x40, &frame, &fault),
        WF_FRAME_BROKEN);
    assert_int_equal(fault, WF_FAULT_RESERVED_BITS);
}

static void written_headers_are_minimal_and_read_back(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 125, 126, 127, 65535, 65536, 1 << 20 };
    static const size_t header_bytes[] = { 2, 2, 2, 4, 4, 4, 10, 10 };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        for (int is_masked = 0; is_masked < 2; is_masked++) {
            uint8_t header[WF_FRAME_HEADER_MAX];
            uint32_t key = 0xDEADBEEF;
            uint8_t *end =
                wf_frame_write(header, WF_OPCODE_BINARY, sizes[i], is_masked ? &key : NULL);
            size_t count = (size_t)(end - header);
            assert_int_equal(count, header_bytes[i] + (is_masked ? 4 : 0));
            assert_int_equal(count, wf_frame_header_bytes(sizes[i], is_masked));
            struct wf_frame frame;
            enum wf_fault fault;
            assert_int_equal(parse_guarded((struct weft_bytes){ header, count },
                                           is_masked ? WEFT_SERVER : WEFT_CLIENT, &frame, &fault),
                             WF_FRAME_DONE);
            assert_true(frame.payload_bytes == sizes[i]);
            assert_true(frame.key == (is_masked ? key : 0));
            assert_true(frame.is_final);
        }
    }
}

/* Each byte of a row of frames either is counted payload of a message or is not. */
static void payload_is_counted_to_the_byte(void **state)
{
    (void)state;
    static const struct {
        enum wf_opcode opcode;
        size_t bytes;
    } frames[] = { { WF_OPCODE_TEXT, 5 }, { WF_OPCODE_PING, 3 },     { WF_OPCODE_BINARY, 0 },
                   { WF_OPCODE_PONG, 0 }, { WF_OPCODE_BINARY, 300 }, { WF_OPCODE_TEXT, 70000 },
                   { WF_OPCODE_CLOSE, 2 } };
    static uint8_t row[80000];
    static bool is_counted[80000];
    for (int is_masked = 0; is_masked < 2; is_masked++) {
        size_t total = 0;
        memset(row, 0xFF, sizeof row);
        memset(is_counted, 0, sizeof is_counted);
        for (size_t i = 0; i < COUNT_OF(frames); i++) {
            uint32_t key = 7;
            uint8_t *payload = wf_frame_write(row + total, frames[i].opcode, frames[i].bytes,
                                              is_masked ? &key : NULL);
            total = (size_t)(payload - row) + frames[i].bytes;
            if (frames[i].opcode < WF_OPCODE_CLOSE)
                memset(is_counted + (payload - row), true, frames[i].bytes);
        }
        uint64_t expected = 0;
        for (size_t count = 0; count <= total; count++) {
            if (count > 0)
                expected += is_counted[count - 1];
            if (count < 1000 || count > total - 100)
                assert_true(wf_frame_payload_within(row, count) == expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_read),
        cmocka_unit_test(headers_that_are_cut_ask_for_more),
        cmocka_unit_test(owned_bits_are_let_through_on_data_frames),
        cmocka_unit_test(written_headers_are_minimal_and_read_back),
        cmocka_unit_test(payload_is_counted_to_the_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/pool.h"
#include "support/engine_probe.h"
#include "support/fault_alloc.h"
#include "ws/engine.h"

static struct weft_bytes text_bytes(const char *text)
{
    return weft_bytes_of(weft_text_of(text));
}

static void send_parts(weft_engine *engine)
{
    const struct weft_bytes ping = BYTES('p');
    assert_int_equal(wf_engine_send_part(engine, WEFT_BINARY, text_bytes("ab"), true, false),
                     WEFT_OK);
    assert_int_equal(weft_engine_ping(engine, ping), WEFT_OK);
    assert_int_equal(wf_engine_send_part(engine, WEFT_BINARY, text_bytes(""), false, false),
                     WEFT_OK);
    assert_int_equal(wf_engine_send_part(engine, WEFT_BINARY, text_bytes("cd"), false, true),
                     WEFT_OK);
    assert_int_equal(wf_engine_send_part(engine, WEFT_TEXT, text_bytes("whole"), true, true),
                     WEFT_OK);
}

static void parts_become_one_message(void **state)
{
    (void)state;
    for (enum weft_side side = WEFT_CLIENT; side <= WEFT_SERVER; side++) {
        struct probe *from = probe_create_open(side, NULL);
        send_parts(from->engine);
        assert_int_equal(weft_engine_buffered_amount(from->engine), 9);
        probe_write(from);
        assert_int_equal(weft_engine_buffered_amount(from->engine), 0);
        for (size_t piece = 1; piece <= from->output_bytes; piece++) {
            struct probe *to =
                probe_create_open(side == WEFT_CLIENT ? WEFT_SERVER : WEFT_CLIENT, NULL);
            probe_feed_by(to, (struct weft_bytes){ from->output, from->output_bytes }, piece);
            assert_string_equal(to->events, "ping:p binary:abcd text:whole ");
            probe_destroy(to);
        }
        probe_destroy(from);
    }
}

static void the_bits_say_where_a_message_ends(void **state)
{
    (void)state;
    static const uint8_t wanted[] = { 0x02, 2,   'a', 'b',  0x89, 1,   'p', 0x00, 0,   0x80,
                                      2,    'c', 'd', 0x81, 5,    'w', 'h', 'o',  'l', 'e' };
    struct probe *probe = probe_create_open(WEFT_SERVER, NULL);
    send_parts(probe->engine);
    probe_write(probe);
    assert_int_equal(probe->output_bytes, sizeof wanted);
    assert_memory_equal(probe->output, wanted, sizeof wanted);
    probe_destroy(probe);
}

static void nothing_follows_a_close(void **state)
{
    (void)state;
    struct probe *probe = probe_create_open(WEFT_SERVER, NULL);
    weft_engine *engine = probe->engine;
    assert_int_equal(wf_engine_send_part(engine, WEFT_BINARY, text_bytes("one"), true, false),
                     WEFT_OK);
    assert_int_equal(weft_engine_close(engine, 1011, (struct weft_text){ 0 }), WEFT_OK);
    assert_int_equal(wf_engine_send_part(engine, WEFT_BINARY, text_bytes("two"), false, true),
                     WEFT_ERR_STATE);
    probe_destroy(probe);
    probe = probe_create(WEFT_CLIENT, NULL);
    assert_int_equal(wf_engine_send_part(probe->engine, WEFT_BINARY, text_bytes("a"), true, true),
                     WEFT_ERR_STATE);
    probe_destroy(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_become_one_message),
        cmocka_unit_test(the_bits_say_where_a_message_ends),
        cmocka_unit_test(nothing_follows_a_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

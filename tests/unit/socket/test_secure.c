/* TLS between the stream and the engine. */
#include "unit/socket/peer.h"

static const char script[] = PAIR_REQUEST "\x81\x82\0\0\0\0hi\x88\x82\0\0\0\0\x03\xe8";

static void the_cut_makes_no_difference(void **state)
{
    (void)state;
    for (size_t step = 1; step < 700; step += 1 + step / 8) {
        struct peer *peer = calloc(1, sizeof *peer);
        peer->step = step;
        peer_begin(peer, NULL);
        assert_null(weft_socket_tls(peer->pair.socket));
        peer_shake_hands(peer);
        assert_string_equal(weft_socket_tls(peer->pair.socket)->version, "TLSv1.3");
        /* All in one record, and close_notify behind it. */
        peer_seal(peer, script, sizeof script - 1);
        peer_until(peer, peer->pair.close_count);
        assert_string_equal(peer->pair.line, "open text:hi close:1000/clean ");
        peer_until(peer, peer->pair.peer_has_end);
        assert_true(peer->has_ended);
        assert_memory_equal(peer->plain, "HTTP/1.1 101 ", 13);
        peer_end(peer);
        free(peer);
    }
}

/* RFC 6455 7.1.4: what is clean, the two Close frames decide. */
static void an_end_without_a_word(void **state)
{
    (void)state;
    static const struct {
        const char *name, *frames;
        size_t bytes;
        bool says_goodbye;
        const char *line;
    } cases[] = {
        { "open, cut off", "", 0, false, "error:tls close:1006/unclean " },
        { "open, with close_notify", "", 0, true, "error:transport close:1006/unclean " },
        { "in a frame", "\x81\x85\0\0\0\0he", 8, false, "error:tls close:1006/unclean " },
        { "behind a message", "\x81\x82\0\0\0\0hi", 8, false,
          "text:hi error:tls close:1006/unclean " },
        { "closed, cut off", "\x88\x82\0\0\0\0\x03\xe8", 8, false, "close:1000/clean " },
        { "closed, with close_notify", "\x88\x82\0\0\0\0\x03\xe8", 8, true, "close:1000/clean " },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct peer *peer = calloc(1, sizeof *peer);
        peer_begin(peer, NULL);
        peer_open(peer);
        if (cases[i].bytes)
            peer_seal(peer, cases[i].frames, cases[i].bytes);
        if (cases[i].says_goodbye) {
            wf_tls_end(peer->tls);
            peer_seal(peer, NULL, 0);
        }
        while (peer->unsent_count)
            peer_write(peer);
        assert_int_equal(shutdown(peer->pair.fd, SHUT_WR), 0);
        peer_until(peer, peer->pair.close_count);
        assert_string_equal(peer->pair.line + 5, cases[i].line);
        if (strstr(cases[i].line, "tls"))
            assert_int_equal(peer->pair.failure.status, WEFT_ERR_CLOSED);
        peer_end(peer);
        free(peer);
    }
}

/* What is no TLS, and TLS that stops: the connection ends, with an alert where one is due. */
static void handshakes_that_fail(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
        size_t count;
        bool ends;
        uint8_t first; /* Of the answer. 0: none. */
    } cases[] = {
        { "garbage", "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b", 11, false, 0 },
        { "HTTP without an answer of the owner's", "GET / HTTP/1.1\r\n\r\n", 18, false, 0 },
        { "a record that is too long", "\x16\x03\x01\xff\xff\x01\x00\xff\xfb\x03\x03", 11, false,
          0x15 },
        { "an end at once", "", 0, true, 0 },
        { "an end in the first record", "\x16\x03\x01\x00\x80\x01", 6, true, 0 },
        { "silence", "", 0, false, 0 },
        { "silence in the first record", "\x16\x03\x01\x00\x80\x01", 6, false, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct peer *peer = calloc(1, sizeof *peer);
        struct weft_socket_settings settings = { .handshake_timeout_ms = 60 };
        peer->is_silent = true;
        peer_begin(peer, &settings);
        pair_write(&peer->pair, cases[i].bytes, cases[i].count);
        if (cases[i].ends)
            assert_int_equal(shutdown(peer->pair.fd, SHUT_WR), 0);
        peer_until(peer, (pair_read(&peer->pair), peer->pair.peer_has_end));
        if ((peer->pair.seen_bytes != 0) != (cases[i].first != 0))
            fail_msg("%s: %zu bytes", cases[i].name, peer->pair.seen_bytes);
        if (cases[i].first)
            assert_int_equal(peer->pair.seen[0], cases[i].first);
        pair_close_peer(&peer->pair);
        peer_until(peer, peer->pair.gone_count);
        assert_int_equal(peer->pair.close_count, 0);
        peer_end(peer);
        free(peer);
    }
}

/* One byte now and then is no progress. */
static void a_handshake_that_drips_times_out(void **state)
{
    (void)state;
    struct peer *peer = calloc(1, sizeof *peer);
    struct weft_socket_settings settings = { .handshake_timeout_ms = 40 };
    peer->is_silent = true;
    peer_begin(peer, &settings);
    peer_seal(peer, NULL, 0);
    size_t sent = 0;
    while (!peer->pair.gone_count && sent < peer->unsent_count - 1) {
        pair_write(&peer->pair, peer->unsent + sent++, 1);
        assert_int_equal(weft_loop_turn(peer->pair.loop, 5), WEFT_OK);
    }
    peer_until(peer, peer->pair.gone_count);
    peer_end(peer);
    free(peer);
}

/* More than the kernel takes; the reader sees every byte in its order. */
static void a_slow_reader(void **state)
{
    (void)state;
    enum { MESSAGES = 300, BYTES = 1000 };
    struct peer *peer = calloc(1, sizeof *peer);
    static char text[BYTES];
    memset(text, 'x', sizeof text);
    peer_begin(peer, NULL);
    peer_open(peer);
    for (int i = 0; i < MESSAGES; i++)
        assert_int_equal(weft_socket_send_text(peer->pair.socket, text, sizeof text), WEFT_OK);
    /* One run is sealed ahead, and the rest waits unsealed. */
    peer->is_silent = true;
    peer_turn(peer);
    peer_turn(peer);
    assert_true(weft_socket_buffered_amount(peer->pair.socket) > (uint64_t)MESSAGES * BYTES / 2);
    peer->is_silent = false;
    peer_until(peer, peer->plain_count == (size_t)MESSAGES * (BYTES + 4));
    assert_int_equal(weft_socket_buffered_amount(peer->pair.socket), 0);
    assert_int_equal(weft_socket_close(peer->pair.socket, 1000, NULL), WEFT_OK);
    peer_until(peer, peer->plain_count == (size_t)MESSAGES * (BYTES + 4) + 4);
    peer_seal(peer, "\x88\x82\0\0\0\0\x03\xe8", 8);
    peer_until(peer, peer->has_ended && peer->pair.close_count);
    assert_non_null(strstr(peer->pair.line, "close:1000/clean "));
    peer_end(peer);
    free(peer);
}

/* Of messages of these sizes, how much payload the first `plain` bytes of their frames are. */
static uint64_t payload_of(const size_t *sizes, size_t count, uint64_t plain)
{
    uint64_t payload = 0;
    for (size_t i = 0; i < count && plain; i++) {
        uint64_t header = sizes[i] > 65535 ? 10 : sizes[i] > 125 ? 4 : 2;
        plain -= plain < header ? plain : header;
        uint64_t here = plain < sizes[i] ? plain : sizes[i];
        payload += here;
        plain -= here;
    }
    return payload;
}

/* Records leave whole or not yet, and runs are more than one write: what the peer can unseal of all
 * that has left is what does not wait any more. */
static void what_waits_is_known_to_the_byte(void **state)
{
    (void)state;
    static const size_t sizes[] = { 100000, 1, 16380, 16384, 300, 200000, 40000, 126 };
    static uint8_t bytes[200000];
    struct peer *peer = calloc(1, sizeof *peer);
    struct weft_socket_settings settings = { .ping_off = true };
    uint64_t all = 0, steps = 0;
    peer_begin(peer, &settings);
    peer_open(peer);
    weft_socket *socket = peer->pair.socket;
    for (size_t i = 0; i < COUNT_OF(sizes); all += sizes[i++])
        assert_int_equal(weft_socket_send_bytes(socket, bytes, sizes[i]), WEFT_OK);
    for (uint64_t before = all; before > 0;) {
        assert_int_equal(weft_loop_turn(peer->pair.loop, 1), WEFT_OK);
        uint64_t left = weft_socket_buffered_amount(socket);
        steps += left < before;
        before = left;
        for (size_t seen = SIZE_MAX; seen != peer->read_count; peer_read(peer))
            seen = peer->read_count;
        assert_int_equal(payload_of(sizes, COUNT_OF(sizes), peer->plain_count), all - left);
    }
    assert_true(steps > 8); /* Else no run was cut. */
    peer_end(peer);
    free(peer);
}

/* Beside what OpenSSL has of its own; the first one has made what all of a loop share. */
static void an_open_connection_is_small(void **state)
{
    (void)state;
    struct weft_socket_settings settings = { .ping_off = true };
    struct peer *first = calloc(1, sizeof *first), *second = calloc(1, sizeof *second);
    peer_begin(first, &settings);
    peer_open(first);
    size_t before = first->pair.fault.live_bytes;
    second->first = first;
    peer_begin(second, &settings);
    peer_open(second);
    assert_true(first->pair.fault.live_bytes - before < 3072);
    peer_end(second);
    peer_end(first);
    free(second);
    free(first);
}

/* A preface, and TLS behind it in the same bytes. */
static enum wf_preface_result on_greeting(struct wf_preface *preface, weft_socket *socket,
                                          struct weft_bytes bytes, size_t *used_out)
{
    (void)preface, (void)socket;
    if (bytes.count < 6)
        return WF_PREFACE_MORE;
    assert_memory_equal(bytes.data, "HELLO\n", 6);
    *used_out = 6;
    return WF_PREFACE_DONE;
}

static void a_preface_goes_before(void **state)
{
    (void)state;
    for (size_t step = 0; step < 12; step++) {
        struct wf_preface preface = { .on_received = on_greeting };
        struct peer *peer = calloc(1, sizeof *peer);
        peer->beginning.preface = &preface;
        peer->step = step;
        peer_begin(peer, NULL);
        memcpy(peer->unsent, "HELLO\n", 6);
        peer->unsent_count = 6;
        peer_open(peer);
        peer_end(peer);
        free(peer);
    }
}

static void without_memory(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct peer *peer = calloc(1, sizeof *peer);
        peer_begin(peer, NULL);
        peer->pair.fault.fails_at = peer->pair.fault.call_count + n;
        while (!peer->pair.gone_count && !(wf_tls_is_done(peer->tls)))
            peer_turn(peer);
        if (!peer->pair.gone_count)
            peer_seal(peer, script, sizeof script - 1);
        peer_until(peer, peer->pair.gone_count || !peer->unsent_count);
        /* A request that could not be answered waits for ever, or for its client to go. */
        (void)shutdown(peer->pair.fd, SHUT_WR);
        peer_until(peer, peer->pair.gone_count);
        failed = peer->pair.fault.failed;
        peer->pair.fault.fails_at = 0;
        if (!failed)
            assert_string_equal(peer->pair.line, "open text:hi close:1000/clean ");
        peer_end(peer);
        free(peer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cut_makes_no_difference),
        cmocka_unit_test(an_end_without_a_word),
        cmocka_unit_test(handshakes_that_fail),
        cmocka_unit_test(a_handshake_that_drips_times_out),
        cmocka_unit_test(a_slow_reader),
        cmocka_unit_test(what_waits_is_known_to_the_byte),
        cmocka_unit_test(an_open_connection_is_small),
        cmocka_unit_test(a_preface_goes_before),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* send() and close(), and what they leave to the write at the end of the turn. */
#include "unit/socket/pair.h"

static uint8_t big[400000];

static void send_follows_the_state(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    assert_int_equal(weft_socket_send_text(pair.socket, "a", 1), WEFT_ERR_STATE);
    assert_int_equal(weft_socket_ping(pair.socket, "a", 1), WEFT_ERR_STATE);
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 0);
    pair_open(&pair);
    assert_int_equal(weft_socket_send_text(pair.socket, "\xff", 1), WEFT_ERR_UTF8);
    assert_int_equal(weft_socket_send_text(pair.socket, NULL, 1), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_socket_send_text(NULL, "a", 1), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_socket_ping(pair.socket, big, 126), WEFT_ERR_LIMIT);
    assert_int_equal(weft_socket_send_text(pair.socket, "abc", WEFT_ZERO_TERMINATED), WEFT_OK);
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 3);
    assert_int_equal(weft_socket_close(pair.socket, 3000, "why"), WEFT_OK);
    assert_int_equal(weft_socket_ready_state(pair.socket), WEFT_CLOSING);
    assert_int_equal(weft_socket_send_text(pair.socket, "defg", 4), WEFT_OK);
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 7);
    pair_until(&pair, (pair_read(&pair), pair.seen_bytes == 5 + 7));
    assert_memory_equal(pair.seen,
                        "\x81\x03"
                        "abc\x88\x05\x0b\xb8why",
                        12);
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 4);
    PAIR_WRITE(&pair, "\x88\x82\0\0\0\0\x0b\xb8");
    pair_until(&pair, pair.close_count);
    assert_string_equal(pair.line, "close:3000/clean ");
    assert_int_equal(weft_socket_send_text(pair.socket, "hi", 2), WEFT_OK);
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 6);
    pair_end(&pair);
}

static void close_checks_its_arguments(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint16_t code;
        const char *reason;
        weft_status status;
    } cases[] = {
        { "999", 999, NULL, WEFT_ERR_ACCESS },
        { "1005", 1005, NULL, WEFT_ERR_ACCESS },
        { "1006", 1006, NULL, WEFT_ERR_ACCESS },
        { "1015", 1015, NULL, WEFT_ERR_ACCESS },
        { "2999", 2999, NULL, WEFT_ERR_ACCESS },
        { "5000", 5000, NULL, WEFT_ERR_ACCESS },
        { "the code before the reason", 5000, "\xff", WEFT_ERR_ACCESS },
        { "not UTF-8", 1000, "\xff", WEFT_ERR_UTF8 },
        { "124 bytes", 1000,
          "123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 "
          "123456789 123456789 123456789 123456789 1234",
          WEFT_ERR_SYNTAX },
        { "1000", 1000, "bye", WEFT_OK },
    };
    struct pair pair = { 0 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    pair_open(&pair);
    for_each_case(c, cases)
    {
        assert_int_equal(weft_socket_ready_state(pair.socket), WEFT_OPEN);
        assert_int_equal(weft_socket_close(pair.socket, c->code, c->reason), c->status);
    }
    assert_int_equal(weft_socket_ready_state(pair.socket), WEFT_CLOSING);
    pair_end(&pair);
}

/* Both the chunk that is lent and what is queued behind it. */
static void a_slow_reader_gets_all_in_order(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = { .send_mark_bytes = 1000 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    uint8_t *lent = malloc(sizeof big);
    memset(lent, 7, sizeof big);
    assert_int_equal(weft_socket_send_bytes(pair.socket, lent, sizeof big), WEFT_OK);
    free(lent); /* What is not yet written was copied. */
    assert_true(weft_socket_is_over_mark(pair.socket));
    assert_int_equal(weft_socket_send_text(pair.socket, "end", 3), WEFT_OK);
    assert_true(weft_socket_buffered_amount(pair.socket) > 3);
    pair_until(&pair, (pair_read(&pair), pair.seen_bytes == 10 + sizeof big + 5));
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 0);
    pair_until(&pair, pair.bytes);
    assert_string_equal(pair.line, "drained ");
    assert_false(weft_socket_is_over_mark(pair.socket));
    for (size_t i = 10; i < sizeof pair.seen; i++)
        assert_int_equal(pair.seen[i], 7);
    pair_end(&pair);
}

static void fill(struct pair *pair, const char *name)
{
    weft_status status = WEFT_OK;
    if (strcmp(name, "message") != 0)
        return;
    for (int i = 0; i < 10 && !status; i++)
        status = weft_socket_send_bytes(pair->socket, big, 100000);
    assert_int_equal(status, WEFT_ERR_LIMIT);
    assert_int_equal(weft_socket_ready_state(pair->socket), WEFT_CLOSING);
}

/* Nothing but the time for the closing handshake ends this one: no ping is sent. */
static void a_full_queue_ends_in_time(void **state)
{
    (void)state;
    struct pair pair = { .on_event = fill };
    struct weft_socket_settings settings = { .send_bytes_max = 300000,
                                             .close_timeout_ms = 30,
                                             .ping_off = true };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    PAIR_WRITE(&pair, "\x81\x82\0\0\0\0hi");
    pair_until(&pair, pair.close_count);
    assert_string_equal(pair.line, "text:hi error:limit close:1006/unclean ");
    assert_string_equal(pair.failure.limit_name, "send_bytes_max");
    pair_end(&pair);
}

static void send_a_large_blob(struct pair *pair, const char *name)
{
    if (strcmp(name, "drained") != 0)
        return;
    pair->on_event = NULL;
    assert_int_equal(weft_socket_send_blob(pair->socket, pair->user), WEFT_OK);
}

static void a_blob_that_is_sent_when_drained_leaves(void **state)
{
    (void)state;
    struct pair pair = { .on_event = send_a_large_blob };
    struct weft_socket_settings settings = { .send_mark_bytes = 1000,
                                             .send_bytes_max = 100000,
                                             .ping_off = true };
    weft_blob *blob = NULL;
    assert_int_equal(weft_blob_adopt(big, sizeof big, NULL, NULL, &blob), WEFT_OK);
    pair.user = blob;
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    assert_int_equal(weft_socket_send_bytes(pair.socket, big, 90000), WEFT_OK);
    pair_until(&pair, (pair_read(&pair), pair.seen_bytes > 90000 + sizeof big));
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 0);
    weft_blob_release(blob);
    pair_end(&pair);
}

/* A producer that lives on on_drained alone: the kernel takes all that it sends in one write. */
static void send_more(struct pair *pair, const char *name)
{
    int *rounds = pair->user;
    if (strcmp(name, "drained") != 0 || --*rounds < 0)
        return;
    for (int i = 0; i < 4; i++)
        assert_int_equal(weft_socket_send_bytes(pair->socket, big, 1000), WEFT_OK);
    assert_true(weft_socket_is_over_mark(pair->socket));
}

static void what_is_sent_when_drained_drains_again(void **state)
{
    (void)state;
    int rounds = 5, roomy = 200000;
    const int *left = &rounds;
    struct pair pair = { .on_event = send_more, .user = &rounds };
    struct weft_socket_settings settings = { .send_mark_bytes = 1000, .ping_off = true };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    assert_int_equal(
        setsockopt(pair.socket->stream.fd, SOL_SOCKET, SO_SNDBUF, &roomy, sizeof roomy), 0);
    assert_int_equal(weft_socket_send_bytes(pair.socket, big, 2000), WEFT_OK);
    assert_true(weft_socket_is_over_mark(pair.socket));
    pair_until(&pair, *left < 0);
    assert_string_equal(pair.line, "drained drained drained drained drained drained ");
    assert_false(weft_socket_is_over_mark(pair.socket));
    pair_end(&pair);
}

/* A reader as fast as the server, who has all of a long answer that the kernel could hold: the
 * others still get their turns. */
enum { BLOCK_BYTES = 60000, BLOCKS = 100 };

static void answer_at_length(weft_socket *socket, const struct weft_engine_request_view *request)
{
    (void)request;
    struct weft_engine_respond answer = { .status = 200,
                                          .body_follows = true,
                                          .body_bytes = (uint64_t)BLOCKS * BLOCK_BYTES };
    assert_int_equal(wf_socket_respond(socket, &answer), WEFT_OK);
}

static void give_a_block(weft_socket *socket)
{
    struct pair *pair = pair_of(socket);
    struct weft_bytes block = { big, BLOCK_BYTES };
    int *blocks = pair->user;
    pair_read(pair);
    ++*blocks;
    assert_int_equal(wf_socket_respond_body(socket, block), WEFT_OK);
}

static void a_fast_reader_leaves_others_their_turns(void **state)
{
    (void)state;
    static const struct wf_socket_owner owner = { .on_request = answer_at_length,
                                                  .on_body_wanted = give_a_block,
                                                  .on_gone = pair_on_gone };
    int blocks = 0, most = 0, roomy = 400000;
    struct pair pair = { .user = &blocks };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    pair.shape.owner = &owner;
    assert_int_equal(
        setsockopt(pair.socket->stream.fd, SOL_SOCKET, SO_SNDBUF, &roomy, sizeof roomy), 0);
    PAIR_WRITE(&pair, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    while (pair.seen_bytes < (size_t)BLOCKS * BLOCK_BYTES) {
        int before = blocks;
        pair_turn(&pair);
        pair_read(&pair);
        if (blocks - before > most)
            most = blocks - before;
    }
    assert_int_equal(blocks, BLOCKS);
    assert_in_range(most, 1, 32);
    pair_end(&pair);
}

/* What it agreed to is sent before the peer's end counts. */
static void a_broken_pipe_is_told_once(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    pair_open(&pair);
    pair_close_peer(&pair);
    assert_int_equal(weft_socket_send_bytes(pair.socket, big, sizeof big), WEFT_OK);
    assert_int_equal(pair.bytes, 0); /* Never from inside of a call. */
    pair_until(&pair, pair.close_count);
    assert_string_equal(pair.line, "error:transport close:1006/unclean ");
    pair_end(&pair);
}

/* RFC 6455 5.5.1: behind its Close frame a peer sends nothing, and nothing is waited for. */
static void a_clean_end_is_the_end(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    pair_open(&pair);
    PAIR_WRITE(&pair, "\x88\x82\0\0\0\0\x03\xe8");
    pair_until(&pair, pair.close_count);
    assert_string_equal(pair.line, "close:1000/clean ");
    assert_false(weft_loop_is_alive(pair.loop));
    pair_read(&pair);
    assert_true(pair.peer_has_end);
    assert_memory_equal(pair.seen, "\x88\x02\x03\xe8", 4);
    pair_end(&pair);
}

/* The event does not wait for a peer that sends behind its own Close frame, against RFC 6455 5.5.1;
 * and nothing of that takes the server's from it. RFC 6455 7.1.1. */
static void a_clean_end_is_no_reset(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    pair_open(&pair);
    PAIR_WRITE(&pair, "\x88\x82\0\0\0\0\x03\xe8more");
    pair_until(&pair, pair.close_count);
    assert_string_equal(pair.line, "close:1000/clean ");
    for (int i = 0; i < 10; i++) {
        assert_int_equal(send(pair.fd, "more", 4, MSG_NOSIGNAL), 4);
        pair_turn(&pair);
    }
    pair_read(&pair);
    assert_true(pair.peer_has_end);
    assert_int_equal(pair.seen_bytes, 4);
    assert_memory_equal(pair.seen, "\x88\x02\x03\xe8", 4);
    pair_close_peer(&pair);
    pair_until(&pair, !weft_loop_is_alive(pair.loop));
    assert_string_equal(pair.line, "close:1000/clean ");
    pair_end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(send_follows_the_state),
        cmocka_unit_test(close_checks_its_arguments),
        cmocka_unit_test(a_slow_reader_gets_all_in_order),
        cmocka_unit_test(a_full_queue_ends_in_time),
        cmocka_unit_test(a_blob_that_is_sent_when_drained_leaves),
        cmocka_unit_test(a_clean_end_is_the_end),
        cmocka_unit_test(a_clean_end_is_no_reset),
        cmocka_unit_test(what_is_sent_when_drained_drains_again),
        cmocka_unit_test(a_fast_reader_leaves_others_their_turns),
        cmocka_unit_test(a_broken_pipe_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

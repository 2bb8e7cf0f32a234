/* A message that is sent in parts. */
#include "unit/socket/pair.h"

static uint8_t big[200000];

static weft_status send_part(struct pair *pair, const char *text)
{
    return weft_socket_send_part(pair->socket, text, strlen(text));
}

/* That the peer has got just these bytes since it was asked last. */
static void expect(struct pair *pair, const void *bytes, size_t count)
{
    pair_until(pair, (pair_read(pair), pair->seen_bytes >= count));
    for (int i = 0; i < 3; i++)
        pair_turn(pair);
    pair_read(pair);
    assert_int_equal(pair->seen_bytes, count);
    if (count)
        assert_memory_equal(pair->seen, bytes, count);
    pair->seen_bytes = 0;
}
#define EXPECT(pair, literal) expect((pair), (literal), sizeof(literal) - 1)

static void parts_leave_as_they_come(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    assert_int_equal(weft_socket_begin_message(pair.socket, WEFT_TEXT), WEFT_ERR_STATE);
    assert_int_equal(send_part(&pair, "x"), WEFT_ERR_STATE);
    assert_int_equal(weft_socket_end_message(pair.socket), WEFT_ERR_STATE);
    pair_open(&pair);
    assert_int_equal(weft_socket_begin_message(pair.socket, WEFT_TEXT), WEFT_OK);
    EXPECT(&pair, "");
    assert_int_equal(send_part(&pair, "one"), WEFT_OK);
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 3);
    EXPECT(&pair, "\x01\x03one");
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 0);
    assert_int_equal(send_part(&pair, ""), WEFT_OK);
    /* A ping comes between, everything else behind. */
    assert_int_equal(weft_socket_send_bytes(pair.socket, "later", 5), WEFT_OK);
    assert_int_equal(weft_socket_ping(pair.socket, "p", 1), WEFT_OK);
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 5);
    EXPECT(&pair, "\x89\x01p");
    PAIR_WRITE(&pair, "\x89\x81\0\0\0\0q");
    EXPECT(&pair, "\x8a\x01q");
    assert_int_equal(send_part(&pair, "two"), WEFT_OK);
    EXPECT(&pair, "\x00\x03two");
    assert_int_equal(weft_socket_end_message(pair.socket), WEFT_OK);
    EXPECT(&pair, "\x80\x00\x82\x05later");
    /* An empty one is a message, too. */
    assert_int_equal(weft_socket_begin_message(pair.socket, WEFT_BINARY), WEFT_OK);
    assert_int_equal(weft_socket_end_message(pair.socket), WEFT_OK);
    EXPECT(&pair, "\x82\x00");
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 0);
    pair_end(&pair);
}

static void misuse_is_a_status(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = { .send_bytes_max = 100000 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    weft_socket *socket = pair.socket;
    assert_int_equal(weft_socket_begin_message(NULL, WEFT_TEXT), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_socket_begin_message(socket, (enum weft_message_type)3),
                     WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_socket_send_part(NULL, "x", 1), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_socket_send_part(socket, NULL, 1), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_socket_end_message(NULL), WEFT_ERR_ARGUMENT);
    assert_int_equal(send_part(&pair, "x"), WEFT_ERR_STATE);
    assert_int_equal(weft_socket_end_message(socket), WEFT_ERR_STATE);
    assert_int_equal(weft_socket_begin_message(socket, WEFT_TEXT), WEFT_OK);
    assert_int_equal(weft_socket_begin_message(socket, WEFT_TEXT), WEFT_ERR_STATE);
    assert_int_equal(weft_socket_send_part(socket, big, 100001), WEFT_ERR_LIMIT);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_OPEN);
    assert_int_equal(weft_socket_end_message(socket), WEFT_OK);
    assert_int_equal(weft_socket_end_message(socket), WEFT_ERR_STATE);
    EXPECT(&pair, "\x81\x00");
    pair_end(&pair);
}

static void a_text_is_checked_across_its_parts(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    pair_open(&pair);
    assert_int_equal(weft_socket_begin_message(pair.socket, WEFT_TEXT), WEFT_OK);
    assert_int_equal(send_part(&pair, "\xe2\x82"), WEFT_OK); /* The euro sign, cut. */
    assert_int_equal(weft_socket_end_message(pair.socket), WEFT_ERR_UTF8);
    assert_int_equal(send_part(&pair, "\xe2"), WEFT_ERR_UTF8);
    assert_int_equal(send_part(&pair, "\xac!"), WEFT_OK); /* It went on as if not tried. */
    assert_int_equal(send_part(&pair, "\xff"), WEFT_ERR_UTF8);
    assert_int_equal(weft_socket_end_message(pair.socket), WEFT_OK);
    EXPECT(&pair, "\x01\x02\xe2\x82\x00\x02\xac!\x80\x00");
    assert_int_equal(weft_socket_begin_message(pair.socket, WEFT_BINARY), WEFT_OK);
    assert_int_equal(send_part(&pair, "\xff"), WEFT_OK);
    assert_int_equal(weft_socket_end_message(pair.socket), WEFT_OK);
    EXPECT(&pair, "\x02\x01\xff\x80\x00");
    pair_end(&pair);
}

/* Behind a blob the parts wait, and what is sent between waits behind all of them. */
static void parts_wait_for_what_was_sent_before(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = { .send_bytes_max = 100000 };
    weft_blob *blob;
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    assert_int_equal(weft_blob_adopt(big, sizeof big, NULL, NULL, &blob), WEFT_OK);
    assert_int_equal(weft_socket_send_blob(pair.socket, blob), WEFT_OK);
    assert_int_equal(weft_socket_begin_message(pair.socket, WEFT_TEXT), WEFT_OK);
    assert_int_equal(send_part(&pair, "a"), WEFT_OK);
    assert_int_equal(weft_socket_send_text(pair.socket, "z", 1), WEFT_OK);
    assert_int_equal(send_part(&pair, "b"), WEFT_OK);
    assert_int_equal(weft_socket_buffered_amount(pair.socket), sizeof big + 3);
    assert_int_equal(weft_socket_end_message(pair.socket), WEFT_OK);
    size_t all = 10 + sizeof big + 3 + 3 + 3;
    uint8_t *bytes = malloc(all);
    size_t got = 0;
    while (got < all) {
        ssize_t more = recv(pair.fd, bytes + got, all - got, MSG_DONTWAIT);
        got += more > 0 ? (size_t)more : 0;
        pair_turn(&pair);
    }
    assert_memory_equal(bytes + all - 9,
                        "\x01\x01"
                        "a\x80\x01"
                        "b\x81\x01z",
                        9);
    free(bytes);
    EXPECT(&pair, "");
    weft_blob_release(blob);
    pair_end(&pair);
}

static void close_leaves_it_without_an_end(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    pair_open(&pair);
    assert_int_equal(weft_socket_begin_message(pair.socket, WEFT_TEXT), WEFT_OK);
    assert_int_equal(send_part(&pair, "cut"), WEFT_OK);
    assert_int_equal(weft_socket_send_text(pair.socket, "behind", 6), WEFT_OK);
    assert_int_equal(weft_socket_close(pair.socket, 1000, NULL), WEFT_OK);
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 3 + 6);
    /* As what is sent now. */
    assert_int_equal(send_part(&pair, "late"), WEFT_OK);
    assert_int_equal(weft_socket_end_message(pair.socket), WEFT_OK);
    assert_int_equal(weft_socket_begin_message(pair.socket, WEFT_TEXT), WEFT_OK);
    EXPECT(&pair, "\x01\x03"
                  "cut\x88\x02\x03\xe8");
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 6 + 4);
    PAIR_WRITE(&pair, "\x88\x82\0\0\0\0\x03\xe8");
    pair_until(&pair, pair.close_count);
    assert_string_equal(pair.line, "close:1000/clean ");
    assert_int_equal(send_part(&pair, "after"), WEFT_OK);
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 6 + 4 + 5);
    pair_end(&pair);
}

/* Without a policy the queue closes; with one the part is refused, and may come again. */
static void a_full_queue_refuses_parts(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct pair pair = { 0 };
        struct weft_socket_settings settings = { .send_bytes_max = 100000,
                                                 .send_policy =
                                                     k ? WEFT_SEND_DROP_OLD : WEFT_SEND_CLOSE,
                                                 .send_mark_bytes = 1000,
                                                 .close_timeout_ms = 20,
                                                 .ping_off = true };
        pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
        pair_open(&pair);
        assert_int_equal(weft_socket_begin_message(pair.socket, WEFT_BINARY), WEFT_OK);
        size_t taken = 0;
        weft_status status;
        while ((status = weft_socket_send_part(pair.socket, big, 3000)) == WEFT_OK)
            taken += 3000;
        assert_true(taken > 80000 && taken <= 100000);
        assert_int_equal(weft_socket_buffered_amount(pair.socket), taken);
        if (k) {
            assert_int_equal(status, WEFT_ERR_FULL);
            assert_int_equal(weft_socket_dropped(pair.socket), 0); /* No message is missing. */
            pair_until(&pair, (pair_read(&pair), pair.bytes));
            assert_string_equal(pair.line, "drained ");
            assert_int_equal(weft_socket_send_part(pair.socket, big, 3000), WEFT_OK);
            assert_int_equal(weft_socket_end_message(pair.socket), WEFT_OK);
            pair_until(&pair, (pair_read(&pair), !weft_socket_buffered_amount(pair.socket)));
        } else {
            assert_int_equal(status, WEFT_ERR_LIMIT);
            pair_until(&pair, pair.close_count);
            assert_string_equal(pair.line, "error:limit close:1006/unclean ");
        }
        pair_end(&pair);
    }
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct pair pair = { 0 };
        pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
        pair_open(&pair);
        pair.fault.fails_at = pair.fault.call_count + n;
        weft_status status = weft_socket_begin_message(pair.socket, WEFT_BINARY);
        for (int i = 0; i < 5 && !status; i++)
            status = weft_socket_send_part(pair.socket, big, 40000);
        if (!status)
            status = weft_socket_send_text(pair.socket, "behind", 6);
        if (!status)
            status = weft_socket_end_message(pair.socket);
        assert_true(status == WEFT_OK || status == WEFT_ERR_MEMORY);
        /* The last part is the message's end, or an empty one behind it is. */
        if (status == WEFT_OK)
            pair_until(&pair,
                       (pair_read(&pair), pair.close_count || pair.seen_bytes >= 5 * 40004 + 8));
        failed = pair.fault.failed;
        pair_end(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_leave_as_they_come),
        cmocka_unit_test(misuse_is_a_status),
        cmocka_unit_test(a_text_is_checked_across_its_parts),
        cmocka_unit_test(parts_wait_for_what_was_sent_before),
        cmocka_unit_test(close_leaves_it_without_an_end),
        cmocka_unit_test(a_full_queue_refuses_parts),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

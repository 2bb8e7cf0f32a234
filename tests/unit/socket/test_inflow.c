/* From the peer's bytes to the callbacks. */
#include "unit/socket/pair.h"

static const char script[] = PAIR_REQUEST "\x81\x82\0\0\0\0hi\x89\x81\0\0\0\0p"
                                          "\x01\x81\0\0\0\0a\x8a\x80\0\0\0\0\x80\x81\0\0\0\0z"
                                          "\x88\x82\0\0\0\0\x03\xe8";

static void the_cut_makes_no_difference(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof script; cut++) {
        struct pair pair = { 0 };
        pair_start(&pair, cut % 2 ? WEFT_BACKEND_EPOLL : WEFT_BACKEND_POLL, NULL);
        pair_write(&pair, script, cut);
        pair_turn(&pair);
        pair_write(&pair, script + cut, sizeof script - 1 - cut);
        pair_until(&pair, pair.close_count);
        assert_string_equal(pair.line, "open text:hi ping:p pong: text:az close:1000/clean ");
        pair_end(&pair);
    }
}

/* An end at any byte: what was open is closed once, the rest is gone without a word. */
static void the_peer_may_end_anywhere(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof script - 1; cut++) {
        struct pair pair = { 0 };
        pair_start(&pair, cut % 2 ? WEFT_BACKEND_EPOLL : WEFT_BACKEND_POLL, NULL);
        pair_write(&pair, script, cut);
        pair_close_peer(&pair);
        pair_until(&pair, pair.gone_count);
        bool was_accepted = cut >= sizeof PAIR_REQUEST - 1;
        assert_int_equal(pair.close_count, was_accepted);
        if (was_accepted)
            assert_non_null(strstr(pair.line, "close:1006/unclean "));
        pair_end(&pair);
    }
}

static void pause_at_message(struct pair *pair, const char *name)
{
    if (strcmp(name, "message") == 0)
        weft_socket_pause(pair->socket);
}

static void a_pause_holds_all_back(void **state)
{
    (void)state;
    struct pair pair = { .on_event = pause_at_message };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    weft_socket_pause(pair.socket); /* Nothing to pause yet. */
    pair_open(&pair);
    PAIR_WRITE(&pair, "\x81\x81\0\0\0\0a\x81\x81\0\0\0\0b\x89\x80\0\0\0\0\x81\x81\0\0\0\0c");
    static const char *const lines[] = { "text:a ", "text:a text:b ",
                                         "text:a text:b ping: text:c " };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        pair_until(&pair, pair.bytes >= strlen(lines[i]));
        pair_turn(&pair);
        pair_turn(&pair);
        assert_string_equal(pair.line, lines[i]);
        if (i == 0) /* Behind what was kept comes what the kernel holds. */
            PAIR_WRITE(&pair, "\x81\x81\0\0\0\0d");
        weft_socket_resume(pair.socket);
    }
    pair_until(&pair, strstr(pair.line, "text:d "));
    /* The end of a peer that is held back is told behind what it has sent. */
    PAIR_WRITE(&pair, "\x81\x81\0\0\0\0e");
    pair_read(&pair); /* What is unread would make a reset of the end. */
    pair_close_peer(&pair);
    pair_turn(&pair);
    assert_int_equal(pair.close_count, 0);
    weft_socket_resume(pair.socket);
    pair_until(&pair, strstr(pair.line, "text:e "));
    weft_socket_resume(pair.socket);
    pair_until(&pair, pair.close_count);
    assert_string_equal(strstr(pair.line, "text:e "), "text:e error:transport close:1006/unclean ");
    pair_end(&pair);
}

static void no_message_comes_behind_close(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    pair_open(&pair);
    assert_int_equal(weft_socket_close(pair.socket, 1000, NULL), WEFT_OK);
    PAIR_WRITE(&pair, "\x81\x81\0\0\0\0x\x89\x80\0\0\0\0\x88\x82\0\0\0\0\x0f\xa0");
    pair_until(&pair, pair.close_count);
    assert_string_equal(pair.line, "close:4000/clean ");
    pair_end(&pair);
}

static void a_refused_request_tells_no_events(void **state)
{
    (void)state;
    struct pair pair = { .refuses = true };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    PAIR_WRITE(&pair, PAIR_REQUEST);
    pair_until(&pair, (pair_read(&pair), pair.peer_has_end));
    assert_memory_equal(pair.seen, "HTTP/1.1 403 ", 13);
    pair_close_peer(&pair);
    pair_until(&pair, pair.gone_count);
    assert_string_equal(pair.line, "");
    pair_end(&pair);
}

static void hear_too(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)socket;
    pair_note(user, "listener", "heard:%.1s ", (const char *)message->data);
}

/* The second of four messages of one read changes what the third one finds. */
static void change_at_second(struct pair *pair, const char *name)
{
    static const struct weft_socket_events events = { .on_message = hear_too };
    unsigned *step = pair->user;
    if (strcmp(name, "message") != 0 || step[1]++ != 1)
        return;
    switch (step[0]) {
    case 0:
        weft_socket_pause(pair->socket);
        break;
    case 1:
        assert_int_equal(weft_socket_close(pair->socket, 1000, NULL), WEFT_OK);
        break;
    case 2:
        assert_int_equal(weft_socket_add_listener(pair->socket, &events, pair, false, NULL),
                         WEFT_OK);
        break;
    case 3:
        assert_int_equal(weft_socket_set_events(pair->socket, &pair_events, pair), WEFT_OK);
        break;
    default:
        break;
    }
}

static void a_row_of_messages_can_be_changed_in_its_midst(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "text:a-234567890123456 text:b-234567890123456 ",
        "text:a-234567890123456 text:b-234567890123456 ",
        "text:a-234567890123456 text:b-234567890123456 text:c-234567890123456 heard:c "
        "text:d-234567890123456 heard:d ",
        "text:a-234567890123456 text:b-234567890123456 text:c-234567890123456 "
        "text:d-234567890123456 ",
        "text:a-234567890123456 text:b-234567890123456 text:c-234567890123456 "
        "text:d-234567890123456 ",
    };
    for (unsigned i = 0; i < COUNT_OF(lines); i++) {
        unsigned step[2] = { i, 0 };
        struct pair pair = { .on_event = change_at_second };
        pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
        pair_open(&pair);
        pair.user = step;
        PAIR_WRITE(&pair, "\x82\x91\0\0\0\0a-234567890123456\x81\x91\0\0\0\0b-234567890123456"
                          "\x81\x91\0\0\0\0c-234567890123456\x82\x91\0\0\0\0d-234567890123456");
        pair_until(&pair, pair.bytes >= strlen(lines[i]));
        pair_turn(&pair);
        assert_string_equal(pair.line, lines[i]);
        if (i == 0) {
            weft_socket_resume(pair.socket);
            pair_until(&pair, pair.bytes >= strlen(lines[3]));
            assert_string_equal(pair.line, lines[3]);
        }
        pair_end(&pair);
    }
}

/* The text of a message is known to be UTF-8 while it is told, and as that very text. */
static void send_others(struct pair *pair, const char *name)
{
    if (strcmp(name, "message") != 0)
        return;
    const struct weft_bytes *text = &pair->shape.told_text;
    assert_non_null(text->data);
    char other[] = "xy\xFF";
    assert_int_equal(weft_socket_send_text(pair->socket, (const char *)text->data, text->count),
                     WEFT_OK);
    assert_int_equal(weft_socket_send_text(pair->socket, other, sizeof other - 1), WEFT_ERR_UTF8);
    /* A part of it may cut a character. */
    assert_int_equal(weft_socket_send_text(pair->socket, (const char *)text->data, 1),
                     WEFT_ERR_UTF8);
}

static void what_is_told_is_checked_once(void **state)
{
    (void)state;
    struct pair pair = { .on_event = send_others };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    pair_open(&pair);
    pair_read(&pair);
    size_t before = pair.seen_bytes;
    PAIR_WRITE(&pair, "\x81\x82\0\0\0\0\xC3\xA4");
    pair_until(&pair, (pair_read(&pair), pair.seen_bytes == before + 4));
    assert_memory_equal(pair.seen + before, "\x81\x02\xC3\xA4", 4);
    assert_null(pair.shape.told_text.data);
    pair_end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cut_makes_no_difference),
        cmocka_unit_test(the_peer_may_end_anywhere),
        cmocka_unit_test(a_pause_holds_all_back),
        cmocka_unit_test(no_message_comes_behind_close),
        cmocka_unit_test(a_refused_request_tells_no_events),
        cmocka_unit_test(a_row_of_messages_can_be_changed_in_its_midst),
        cmocka_unit_test(what_is_told_is_checked_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

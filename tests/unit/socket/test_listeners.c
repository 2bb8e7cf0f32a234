/* addEventListener, removeEventListener and the on... attributes. */
#include "unit/socket/pair.h"

struct ear {
    const char *name;
    struct pair *pair;
    weft_listener *listener;
    void (*act)(struct ear *ear);
    struct ear *other;
};

/* What was heard, by the names of those that heard it. */
static char heard[256];

static void hear(struct ear *ear)
{
    strncat(heard, ear->name, sizeof heard - strlen(heard) - 1);
    if (ear->act)
        ear->act(ear);
}

static void on_message(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    struct ear *ear = user;
    assert_ptr_equal(socket, ear->pair->socket);
    assert_int_equal(message->bytes, 1);
    hear(ear);
}

static void on_close(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    (void)event;
    hear(user);
    assert_int_equal(weft_socket_add_listener(socket, &pair_events, user, false, NULL),
                     WEFT_ERR_CLOSED);
}

static const struct weft_socket_events ear_events = { .on_message = on_message,
                                                      .on_close = on_close };

static void add(struct ear *ear, bool once)
{
    assert_int_equal(
        weft_socket_add_listener(ear->pair->socket, &ear_events, ear, once, &ear->listener),
        WEFT_OK);
}

static void add_other(struct ear *ear)
{
    add(ear->other, false);
}

static void remove_other(struct ear *ear)
{
    weft_socket_remove_listener(ear->pair->socket, ear->other->listener);
}

static void remove_self(struct ear *ear)
{
    weft_socket_remove_listener(ear->pair->socket, ear->listener);
}

static void replace_self(struct ear *ear)
{
    remove_self(ear);
    ear->act = NULL;
    add(ear, false);
}

static void say(struct pair *pair, const char *expected)
{
    size_t before = pair->bytes;
    heard[0] = '\0';
    PAIR_WRITE(pair, "\x81\x81\0\0\0\0m");
    pair_until(pair, pair->bytes > before);
    assert_string_equal(heard, expected);
}

static void start(struct pair *pair, struct ear *ears, size_t count)
{
    pair_start(pair, WEFT_BACKEND_DEFAULT, NULL);
    pair_open(pair);
    for (size_t i = 0; i < count; i++)
        ears[i].pair = pair;
}

static void finish(struct pair *pair, const char *expected)
{
    heard[0] = '\0';
    pair_close_peer(pair);
    pair_until(pair, pair->close_count);
    assert_string_equal(heard, expected);
    pair_end(pair);
}

static void they_hear_in_the_order_of_adding(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct ear ears[] = { { .name = "a" }, { .name = "b" }, { .name = "c" } };
    start(&pair, ears, 3);
    add(&ears[0], false);
    add(&ears[1], true);
    add(&ears[2], false);
    say(&pair, "abc");
    say(&pair, "ac");
    weft_socket_remove_listener(pair.socket, ears[0].listener);
    say(&pair, "c");
    add(&ears[0], false);
    say(&pair, "ca");
    finish(&pair, "ca");
}

static void one_that_is_added_inside_hears_the_next(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct ear ears[] = { { .name = "a", .act = add_other }, { .name = "b" } };
    start(&pair, ears, 2);
    ears[0].other = &ears[1];
    add(&ears[0], false);
    say(&pair, "a");
    ears[0].act = NULL;
    say(&pair, "ab");
    finish(&pair, "ab");
}

static void one_that_is_removed_inside_hears_nothing_more(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct ear ears[] = { { .name = "a", .act = remove_other },
                          { .name = "b" },
                          { .name = "c", .act = remove_self },
                          { .name = "d", .act = replace_self } };
    start(&pair, ears, 4);
    ears[0].other = &ears[1];
    for (int i = 0; i < 4; i++)
        add(&ears[i], false);
    say(&pair, "acd");
    ears[0].act = NULL;
    say(&pair, "ad");
    finish(&pair, "ad");
}

static void without_memory_all_is_as_before(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 2; n++) {
        struct pair pair = { 0 };
        struct ear ear = { .name = "a" };
        start(&pair, &ear, 1);
        wf_pool_drop(wf_loop_pool(pair.loop));
        /* The part for rare things, then the listener. */
        pair.fault.fails_at = pair.fault.call_count + n;
        assert_int_equal(
            weft_socket_add_listener(pair.socket, &ear_events, &ear, false, &ear.listener),
            WEFT_ERR_MEMORY);
        say(&pair, "");
        wf_pool_drop(wf_loop_pool(pair.loop));
        if (n == 1) {
            static const struct weft_socket_events none = { 0 };
            pair.fault.fails_at = pair.fault.call_count + 1;
            assert_int_equal(weft_socket_set_events(pair.socket, &none, NULL), WEFT_ERR_MEMORY);
            say(&pair, ""); /* The socket's own callback still writes it down. */
        }
        add(&ear, false);
        say(&pair, "a");
        finish(&pair, "a");
    }
}

static void the_socket_hears_first_and_can_be_replaced(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct ear ears[] = { { .name = "own" }, { .name = "+" } };
    start(&pair, ears, 2);
    add(&ears[1], false);
    assert_int_equal(weft_socket_set_events(NULL, &ear_events, NULL), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_socket_set_events(pair.socket, NULL, NULL), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_socket_set_events(pair.socket, &ear_events, &ears[0]), WEFT_OK);
    heard[0] = '\0';
    PAIR_WRITE(&pair, "\x81\x81\0\0\0\0m");
    pair_until(&pair, heard[0]);
    assert_string_equal(heard, "own+");
    assert_int_equal(weft_socket_set_events(pair.socket, &pair_events, &pair), WEFT_OK);
    say(&pair, "+");
    finish(&pair, "+");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_hear_in_the_order_of_adding),
        cmocka_unit_test(one_that_is_added_inside_hears_the_next),
        cmocka_unit_test(one_that_is_removed_inside_hears_nothing_more),
        cmocka_unit_test(without_memory_all_is_as_before),
        cmocka_unit_test(the_socket_hears_first_and_can_be_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

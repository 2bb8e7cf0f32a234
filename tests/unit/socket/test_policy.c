/* What gives way when the queue is full: settings.send_policy. */
#include "unit/socket/pair.h"

#include <pthread.h>

enum { MESSAGE_BYTES = 100, CAP = 20000, BURST = 400 };

static uint8_t large[300000];

static struct weft_socket_settings with(enum weft_send_policy policy)
{
    return (struct weft_socket_settings){
        .send_bytes_max = CAP, .send_policy = policy, .close_timeout_ms = 50, .ping_off = true
    };
}

/* A message of MESSAGE_BYTES that begins with its number. */
static weft_status send_number(struct pair *pair, unsigned number, const uint64_t *key)
{
    char text[MESSAGE_BYTES + 1];
    snprintf(text, sizeof text, "%06u%*s", number, MESSAGE_BYTES - 6, "");
    return key ? weft_socket_send_keyed(pair->socket, WEFT_TEXT, text, MESSAGE_BYTES, *key)
               : weft_socket_send_text(pair->socket, text, MESSAGE_BYTES);
}

/* The numbers of all messages that came, read until nothing waits any more. Returns how many. */
static size_t read_numbers(struct pair *pair, unsigned *numbers, size_t room)
{
    static uint8_t bytes[2 * BURST * (MESSAGE_BYTES + 2)];
    size_t count = 0, got = 0;
    ssize_t more = 0;
    while (weft_socket_buffered_amount(pair->socket) || more > 0) {
        pair_turn(pair);
        more = recv(pair->fd, bytes + got, sizeof bytes - got, MSG_DONTWAIT);
        got += more > 0 ? (size_t)more : 0;
    }
    for (size_t at = 0; at < got; at += MESSAGE_BYTES + 2) {
        assert_true(count < room);
        assert_int_equal(bytes[at], 0x81);
        assert_int_equal(bytes[at + 1], MESSAGE_BYTES);
        numbers[count++] = (unsigned)strtoul((char *)bytes + at + 2, NULL, 10);
    }
    return count;
}

static void the_new_are_dropped(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = with(WEFT_SEND_DROP_NEW);
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    size_t taken = 0;
    for (unsigned i = 0; i < BURST; i++) {
        weft_status status = send_number(&pair, i, NULL);
        assert_int_equal(status, taken == i ? status : WEFT_ERR_FULL);
        assert_true(status == WEFT_OK || status == WEFT_ERR_FULL);
        taken += status == WEFT_OK;
        assert_int_equal(weft_socket_buffered_amount(pair.socket), taken * MESSAGE_BYTES);
    }
    assert_true(taken > 10 && taken < BURST);
    assert_int_equal(weft_socket_dropped(pair.socket), BURST - taken);
    unsigned numbers[BURST];
    assert_int_equal(read_numbers(&pair, numbers, BURST), taken);
    for (unsigned i = 0; i < taken; i++)
        assert_int_equal(numbers[i], i);
    assert_int_equal(weft_socket_ready_state(pair.socket), WEFT_OPEN);
    assert_int_equal(send_number(&pair, 0, NULL), WEFT_OK); /* There is room again. */
    /* What can never fit is the caller's mistake, and drops nothing. */
    assert_int_equal(weft_socket_send_bytes(pair.socket, large, CAP + 1), WEFT_ERR_LIMIT);
    assert_int_equal(weft_socket_dropped(pair.socket), BURST - taken);
    pair_end(&pair);
}

static void the_oldest_are_dropped(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = with(WEFT_SEND_DROP_OLD);
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    for (unsigned i = 0; i < BURST; i++) {
        assert_int_equal(send_number(&pair, i, NULL), WEFT_OK);
        assert_int_equal(weft_socket_buffered_amount(pair.socket),
                         (i + 1 - weft_socket_dropped(pair.socket)) * MESSAGE_BYTES);
    }
    uint64_t dropped = weft_socket_dropped(pair.socket);
    /* A text that is none drops no other. */
    assert_int_equal(weft_socket_send_text(pair.socket, "\xff", 1), WEFT_ERR_UTF8);
    assert_int_equal(weft_socket_dropped(pair.socket), dropped);
    assert_true(dropped > 0);
    unsigned numbers[BURST];
    size_t count = read_numbers(&pair, numbers, BURST);
    assert_int_equal(count, BURST - dropped);
    /* Those that had begun to leave, and the newest: one gap. */
    size_t gaps = 0;
    for (size_t i = 1; i < count; i++)
        gaps += numbers[i] != numbers[i - 1] + 1;
    assert_int_equal(gaps, 1);
    assert_int_equal(numbers[0], 0);
    assert_int_equal(numbers[count - 1], BURST - 1);
    pair_end(&pair);
}

/* What is half sent is never cut, and what is dropped for a message is no more than it needs. */
static void what_has_begun_to_leave_is_not_dropped(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = with(WEFT_SEND_DROP_OLD);
    settings.send_bytes_max = 250000;
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    assert_int_equal(weft_socket_send_bytes(pair.socket, large, 200000), WEFT_OK);
    assert_int_equal(weft_socket_send_bytes(pair.socket, "old", 3), WEFT_OK);
    assert_int_equal(weft_socket_send_bytes(pair.socket, large, 100000), WEFT_ERR_FULL);
    assert_int_equal(weft_socket_dropped(pair.socket), 1); /* The new one alone. */
    assert_int_equal(weft_socket_send_bytes(pair.socket, "new", 3), WEFT_OK);
    pair_until(&pair, (pair_read(&pair), pair.seen_bytes >= 200010 + 10));
    pair_turn(&pair);
    pair_read(&pair);
    assert_int_equal(pair.seen_bytes, 200010 + 10);
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 0);
    pair_end(&pair);
}

static void the_newest_of_each_key_stays(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = with(WEFT_SEND_LATEST);
    enum { KEYS = 30 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    for (unsigned i = 0; i < BURST; i++)
        assert_int_equal(send_number(&pair, i, &(uint64_t){ i % KEYS << 20 }), WEFT_OK);
    assert_int_equal(weft_socket_buffered_amount(pair.socket),
                     (BURST - weft_socket_dropped(pair.socket)) * MESSAGE_BYTES);
    unsigned numbers[BURST];
    size_t count = read_numbers(&pair, numbers, BURST);
    assert_int_equal(count, BURST - weft_socket_dropped(pair.socket));
    assert_true(count < BURST / 2);
    /* Those that had begun to leave, then one of each key, each at its key's place. */
    for (size_t i = 0; i < count; i++) {
        if (i < count - KEYS)
            assert_int_equal(numbers[i], i);
        else
            assert_true(numbers[i] >= BURST - KEYS && numbers[i] % KEYS == i % KEYS);
    }
    pair_end(&pair);
}

static void no_key_overtakes_a_message_without(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int keys[6]; /* -1: none */
        unsigned arrive[6];
    } cases[] = {
        { "in its place", { 1, 2, 1 }, { 2, 1 } },
        { "to the end", { 1, -1, 1 }, { 1, 2 } },
        { "each by itself", { 1, -1, 2, 1, 2 }, { 1, 4, 3 } },
        { "the other way", { 2, 1, -1, 1, 2 }, { 2, 3, 4 } },
        { "a place taken twice", { 1, 2, 1, 2, 1 }, { 4, 3 } },
        { "none", { -1, -1, -1 }, { 0, 1, 2 } },
    };
    for_each_case(c, cases)
    {
        struct pair pair = { 0 };
        struct weft_socket_settings settings = with(WEFT_SEND_LATEST);
        unsigned numbers[BURST];
        pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
        pair_open(&pair);
        unsigned before = 0; /* Until one waits that may be dropped. */
        while (!pair.socket->has_backlog)
            assert_int_equal(send_number(&pair, 1000 + before++, NULL), WEFT_OK);
        for (unsigned i = 0; i < 6 && c->keys[i]; i++) {
            uint64_t key = (uint64_t)c->keys[i];
            assert_int_equal(send_number(&pair, i, c->keys[i] < 0 ? NULL : &key), WEFT_OK);
        }
        size_t count = read_numbers(&pair, numbers, BURST);
        for (size_t i = before; i < count; i++)
            assert_int_equal(numbers[i], c->arrive[i - before]);
        assert_true(count - before == 2 || c->arrive[count - before - 1]);
        pair_end(&pair);
    }
}

static void too_many_keys_drop_the_oldest_of_them(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = with(WEFT_SEND_LATEST);
    unsigned numbers[2 * BURST];
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    unsigned kept = 0;
    while (kept < 50)
        assert_int_equal(send_number(&pair, kept++, NULL), WEFT_OK);
    for (unsigned i = 0; i < BURST; i++)
        assert_int_equal(send_number(&pair, 1000 + i, &(uint64_t){ i }), WEFT_OK);
    assert_true(weft_socket_dropped(pair.socket) > 0);
    /* Those without a key drop the others as well, and then themselves. */
    unsigned more = 0;
    while (send_number(&pair, 5000 + more, NULL) == WEFT_OK)
        assert_true(++more < BURST);
    uint64_t dropped = weft_socket_dropped(pair.socket);
    assert_int_equal(dropped, BURST + 1);
    assert_int_equal(send_number(&pair, 1, &(uint64_t){ 1 }), WEFT_ERR_FULL);
    size_t count = read_numbers(&pair, numbers, 2 * BURST);
    assert_int_equal(count, kept + more);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(numbers[i], i < kept ? i : 5000 + i - kept);
    pair_end(&pair);
}

static void broadcasts_obey_the_receiver(void **state)
{
    (void)state;
    static const enum weft_send_policy policies[] = { WEFT_SEND_DROP_NEW, WEFT_SEND_DROP_OLD,
                                                      WEFT_SEND_LATEST };
    for (size_t k = 0; k < 3; k++) {
        struct pair pair = { 0 };
        struct weft_socket_settings settings = with(policies[k]);
        struct wf_shared *shared;
        struct wf_arena arena = { 0 };
        uint64_t key = 7;
        pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
        pair_open(&pair);
        assert_int_equal(wf_socket_prepare(pair.loop, &arena, WEFT_BINARY,
                                           (struct weft_bytes){ large, 2000 }, &shared),
                         WEFT_OK);
        unsigned full = 0;
        for (int i = 0; i < 50; i++) {
            weft_status status = wf_socket_send_shared(pair.socket, shared, &key);
            assert_true(status == WEFT_OK || status == WEFT_ERR_FULL);
            full += status == WEFT_ERR_FULL;
        }
        assert_int_equal(full > 0, policies[k] == WEFT_SEND_DROP_NEW);
        uint64_t dropped = weft_socket_dropped(pair.socket);
        assert_true(dropped >= 40);
        assert_int_equal(weft_socket_buffered_amount(pair.socket), (50 - dropped) * 2000);
        pair_until(&pair, (pair_read(&pair), pair.seen_bytes == (50 - dropped) * 2004));
        wf_shared_release(wf_loop_pool(pair.loop), shared);
        /* One that can never fit goes missing, and is counted. */
        assert_int_equal(wf_socket_prepare(pair.loop, &arena, WEFT_BINARY,
                                           (struct weft_bytes){ large, CAP + 1 }, &shared),
                         WEFT_OK);
        assert_int_equal(wf_socket_send_shared(pair.socket, shared, NULL), WEFT_ERR_FULL);
        assert_int_equal(weft_socket_dropped(pair.socket), dropped + 1);
        wf_shared_release(wf_loop_pool(pair.loop), shared);
        wf_arena_drop(&arena, wf_loop_pool(pair.loop));
        pair_end(&pair);
    }
}

static void a_close_comes_behind_all_that_waits(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = with(WEFT_SEND_DROP_OLD);
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    for (unsigned i = 0; i < BURST; i++)
        assert_int_equal(send_number(&pair, i, NULL), WEFT_OK);
    uint64_t left = BURST - weft_socket_dropped(pair.socket);
    assert_int_equal(weft_socket_close(pair.socket, 1000, NULL), WEFT_OK);
    assert_int_equal(send_number(&pair, 1, NULL), WEFT_OK); /* Dropped, and counted for ever. */
    pair_until(&pair, (pair_read(&pair), pair.seen_bytes == left * (MESSAGE_BYTES + 2) + 4));
    assert_int_equal(weft_socket_buffered_amount(pair.socket), MESSAGE_BYTES);
    pair_end(&pair);
}

static void *send_from_afar(void *argument)
{
    struct pair *pair = argument;
    size_t taken = 0;
    for (unsigned i = 0; i < BURST; i++) {
        uint64_t key = i % 3;
        weft_status status = send_number(pair, i, i % 2 ? &key : NULL);
        assert_true(status == WEFT_OK || status == WEFT_ERR_FULL);
        taken += status == WEFT_OK;
    }
    assert_int_equal(taken, CAP / MESSAGE_BYTES); /* So much may be on its way. */
    assert_int_equal(weft_socket_dropped(pair->socket), BURST - taken);
    return NULL;
}

static void another_thread_may_be_refused(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = with(WEFT_SEND_LATEST);
    unsigned numbers[BURST];
    pthread_t thread;
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    assert_int_equal(pthread_create(&thread, NULL, send_from_afar, &pair), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    size_t count = read_numbers(&pair, numbers, BURST);
    assert_int_equal(count, BURST - weft_socket_dropped(pair.socket));
    assert_int_equal(weft_socket_ready_state(pair.socket), WEFT_OPEN);
    pair_end(&pair);
}

static void the_low_mark_is_an_option(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t low;
        uint64_t resolved;
    } cases[] = {
        { "half of the mark", 0, 50000 },
        { "above the mark", 100001, 50000 },
        { "one's own", 99000, 99000 },
        { "nearly nothing", 1, 1 },
    };
    for_each_case(c, cases)
    {
        struct pair pair = { 0 };
        struct weft_socket_settings settings = { .send_mark_bytes = 100000,
                                                 .send_low_bytes = c->low };
        pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
        pair_open(&pair);
        assert_int_equal(weft_socket_send_bytes(pair.socket, large, sizeof large), WEFT_OK);
        assert_true(weft_socket_is_over_mark(pair.socket));
        while (!pair.bytes) {
            assert_true(weft_engine_output_bytes(&pair.socket->engine) > c->resolved);
            uint8_t some[1000];
            (void)!recv(pair.fd, some, sizeof some, MSG_DONTWAIT);
            pair_turn(&pair);
        }
        assert_string_equal(pair.line, "drained ");
        assert_true(weft_engine_output_bytes(&pair.socket->engine) <= c->resolved);
        pair_end(&pair);
    }
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    struct weft_socket_settings settings = with(WEFT_SEND_LATEST);
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct pair pair = { 0 };
        pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
        pair_open(&pair);
        pair.fault.fails_at = pair.fault.call_count + n;
        for (unsigned i = 0; i < 120; i++) {
            uint64_t key = i % 40, amount = weft_socket_buffered_amount(pair.socket);
            uint64_t dropped = weft_socket_dropped(pair.socket);
            weft_status status = send_number(&pair, i, i % 8 ? &key : NULL);
            if (status == WEFT_ERR_MEMORY) /* Nothing has changed. */
                assert_true(amount == weft_socket_buffered_amount(pair.socket) &&
                            dropped == weft_socket_dropped(pair.socket));
            else
                assert_int_equal(status, WEFT_OK);
        }
        pair_until(&pair, (pair_read(&pair),
                           pair.close_count || !weft_socket_buffered_amount(pair.socket)));
        failed = pair.fault.failed;
        pair_end(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_new_are_dropped),
        cmocka_unit_test(the_oldest_are_dropped),
        cmocka_unit_test(what_has_begun_to_leave_is_not_dropped),
        cmocka_unit_test(the_newest_of_each_key_stays),
        cmocka_unit_test(no_key_overtakes_a_message_without),
        cmocka_unit_test(too_many_keys_drop_the_oldest_of_them),
        cmocka_unit_test(broadcasts_obey_the_receiver),
        cmocka_unit_test(a_close_comes_behind_all_that_waits),
        cmocka_unit_test(another_thread_may_be_refused),
        cmocka_unit_test(the_low_mark_is_an_option),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The hub with sockets of a socketpair each. */
#include "unit/socket/pair.h"
#include "weft/pubsub.h"

#include <pthread.h>

enum { PAIRS = 3 };

/* Sockets of one loop: the first pair's. */
struct group {
    struct pair pairs[PAIRS];
    weft_hub *hub;
};

static struct weft_socket_settings small_queue = { .send_bytes_max = 300000,
                                                   .close_timeout_ms = 30,
                                                   .ping_off = true };

static struct group *group_start(const struct weft_hub_options *options)
{
    struct group *group = calloc(1, sizeof *group);
    assert_non_null(group);
    pair_start(&group->pairs[0], WEFT_BACKEND_DEFAULT, &small_queue);
    for (int i = 1; i < PAIRS; i++)
        pair_start_beside(&group->pairs[i], &group->pairs[0], &small_queue);
    for (int i = 0; i < PAIRS; i++)
        pair_open(&group->pairs[i]);
    assert_int_equal(weft_hub_create(group->pairs[0].loop, options, &group->hub), WEFT_OK);
    return group;
}

static void group_end(struct group *group)
{
    for (int i = PAIRS - 1; i >= 0; i--)
        pair_end(&group->pairs[i]);
    free(group);
}

static void subscribe_all(struct group *group, const char *topic)
{
    for (int i = 0; i < PAIRS; i++)
        assert_int_equal(weft_subscribe(group->hub, group->pairs[i].socket, topic), WEFT_OK);
}

static weft_status publish(struct group *group, const char *text, const weft_socket *except)
{
    return weft_publish(group->hub, "topic", WEFT_TEXT, text, strlen(text), except);
}

/* That the peer has got just these bytes since it was asked last. */
static void expect(struct pair *pair, const char *bytes)
{
    size_t count = strlen(bytes);
    pair_until(pair, (pair_read(pair), pair->seen_bytes >= count));
    pair_turn(pair);
    pair_read(pair);
    assert_int_equal(pair->seen_bytes, count);
    if (count)
        assert_memory_equal(pair->seen, bytes, count);
    pair->seen_bytes = 0;
}

static void all_hear_but_one(void **state)
{
    (void)state;
    struct group *group = group_start(NULL);
    subscribe_all(group, "topic");
    subscribe_all(group, "topic"); /* Twice is once. */
    assert_int_equal(weft_subscriber_count(group->hub, "topic"), PAIRS);
    assert_int_equal(publish(group, "to all", NULL), WEFT_OK);
    for (int i = 0; i < PAIRS; i++)
        expect(&group->pairs[i], "\x81\x06to all");
    assert_int_equal(publish(group, "but one", group->pairs[1].socket), WEFT_OK);
    expect(&group->pairs[0], "\x81\x07"
                             "but one");
    expect(&group->pairs[1], "");
    expect(&group->pairs[2], "\x81\x07"
                             "but one");
    assert_int_equal(weft_unsubscribe(group->hub, group->pairs[0].socket, "topic"), WEFT_OK);
    assert_int_equal(weft_unsubscribe(group->hub, group->pairs[0].socket, "topic"),
                     WEFT_ERR_NOT_FOUND);
    assert_int_equal(publish(group, "rest", NULL), WEFT_OK);
    expect(&group->pairs[0], "");
    expect(&group->pairs[2], "\x81\x04rest");
    weft_hub_destroy(group->hub);
    group_end(group);
}

static void limits_and_arguments(void **state)
{
    (void)state;
    struct weft_hub_options options = { .topics_max = 3,
                                        .topic_bytes_max = 5,
                                        .topics_per_socket_max = 2 };
    struct group *group = group_start(&options);
    weft_hub *hub = group->hub;
    weft_socket *one = group->pairs[0].socket, *other = group->pairs[1].socket;
    assert_int_equal(weft_subscribe(hub, one, ""), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_subscribe(hub, one, NULL), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_subscribe(hub, one, "123456"), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_subscribe(hub, NULL, "1"), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_subscribe(NULL, one, "1"), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_subscribe(hub, one, "12345"), WEFT_OK);
    assert_int_equal(weft_subscribe(hub, one, "2"), WEFT_OK);
    assert_int_equal(weft_subscribe(hub, one, "2"), WEFT_OK);
    assert_int_equal(weft_subscribe(hub, one, "3"), WEFT_ERR_LIMIT);
    assert_int_equal(weft_subscribe(hub, other, "3"), WEFT_OK);
    assert_int_equal(weft_subscribe(hub, other, "4"), WEFT_ERR_LIMIT);
    assert_int_equal(weft_subscriber_count(hub, "4"), 0);

    assert_int_equal(weft_publish(hub, "3", WEFT_TEXT, "\xff", 1, NULL), WEFT_ERR_UTF8);
    assert_int_equal(weft_publish(hub, "3", WEFT_TEXT, NULL, 1, NULL), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_publish(hub, "3", (enum weft_message_type)9, "a", 1, NULL),
                     WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_publish(hub, NULL, WEFT_TEXT, "a", 1, NULL), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_publish(hub, "nobody", WEFT_TEXT, "a", 1, NULL), WEFT_OK);
    assert_int_equal(weft_publish(hub, "3", WEFT_TEXT, "", 0, NULL), WEFT_OK);
    pair_until(&group->pairs[1], (pair_read(&group->pairs[1]), group->pairs[1].seen_bytes == 2));
    weft_hub_destroy(hub);
    weft_hub_destroy(NULL);
    group_end(group);
}

static void a_socket_takes_its_subscriptions_with_it(void **state)
{
    (void)state;
    struct group *group = group_start(NULL);
    subscribe_all(group, "topic");
    subscribe_all(group, "other");
    pair_close_peer(&group->pairs[1]);
    pair_until(&group->pairs[1], group->pairs[1].close_count);
    assert_int_equal(weft_subscriber_count(group->hub, "topic"), PAIRS - 1);
    assert_int_equal(weft_subscribe(group->hub, group->pairs[1].socket, "topic"), WEFT_ERR_CLOSED);
    assert_int_equal(weft_unsubscribe(group->hub, group->pairs[1].socket, "topic"),
                     WEFT_ERR_NOT_FOUND);
    assert_int_equal(publish(group, "on", NULL), WEFT_OK);
    expect(&group->pairs[2], "\x81\x02on");
    /* One that is closing is passed over. */
    assert_int_equal(weft_socket_close(group->pairs[0].socket, 1000, NULL), WEFT_OK);
    assert_int_equal(publish(group, "no", NULL), WEFT_OK);
    expect(&group->pairs[0], "\x81\x02on\x88\x02\x03\xe8");
    weft_hub_destroy(group->hub);
    group_end(group);
}

static void a_hub_goes_before_its_sockets_or_after(void **state)
{
    (void)state;
    for (int closes_first = 0; closes_first < 2; closes_first++) {
        struct group *group = group_start(NULL);
        weft_hub *second = NULL;
        assert_int_equal(weft_hub_create(group->pairs[0].loop, NULL, &second), WEFT_OK);
        subscribe_all(group, "topic");
        for (int i = 0; i < PAIRS; i++)
            assert_int_equal(weft_subscribe(second, group->pairs[i].socket, "topic"), WEFT_OK);
        if (closes_first)
            for (int i = 0; i < PAIRS; i++) {
                pair_close_peer(&group->pairs[i]);
                pair_until(&group->pairs[i], group->pairs[i].close_count);
            }
        weft_hub_destroy(group->hub);
        assert_int_equal(weft_subscriber_count(second, "topic"), closes_first ? 0 : PAIRS);
        weft_hub_destroy(second);
        group_end(group);
    }
}

/* Two messages of 200000 bytes do not fit into 300000: who does not read closes, who reads does
 * not. */
static void who_is_too_slow_closes_alone(void **state)
{
    (void)state;
    static uint8_t large[200000];
    struct group *group = group_start(NULL);
    struct pair *slow = &group->pairs[1];
    subscribe_all(group, "topic");
    for (int i = 1; i <= 4; i++) {
        assert_int_equal(weft_publish(group->hub, "topic", WEFT_BINARY, large, sizeof large, NULL),
                         WEFT_OK);
        for (int reader = 0; reader < PAIRS; reader += 2)
            pair_until(&group->pairs[reader],
                       (pair_read(&group->pairs[0]), pair_read(&group->pairs[2]),
                        group->pairs[reader].seen_bytes == (size_t)i * (10 + sizeof large)));
    }
    pair_until(slow, slow->close_count);
    assert_string_equal(slow->line, "error:limit close:1006/unclean ");
    assert_int_equal(slow->failure.close_code, 1013);
    assert_int_equal(weft_subscriber_count(group->hub, "topic"), PAIRS - 1);
    weft_hub_destroy(group->hub);
    group_end(group);
}

/* A message that can never fit must not go missing without anybody's notice. */
static void who_can_never_take_it_closes(void **state)
{
    (void)state;
    static uint8_t large[400000];
    struct group *group = group_start(NULL);
    assert_int_equal(weft_subscribe(group->hub, group->pairs[0].socket, "topic"), WEFT_OK);
    assert_int_equal(weft_publish(group->hub, "topic", WEFT_BINARY, large, sizeof large, NULL),
                     WEFT_OK);
    assert_int_equal(weft_socket_ready_state(group->pairs[0].socket), WEFT_CLOSING);
    pair_until(&group->pairs[0], group->pairs[0].close_count);
    assert_string_equal(group->pairs[0].line, "error:limit close:1006/unclean ");
    weft_hub_destroy(group->hub);
    group_end(group);
}

static void publish_or_leave(struct pair *pair, const char *name)
{
    struct group *group = pair->user;
    if (strcmp(name, "message") == 0) {
        assert_int_equal(publish(group, "again", pair->socket), WEFT_OK);
        assert_int_equal(weft_unsubscribe(group->hub, pair->socket, "topic"), WEFT_OK);
        assert_int_equal(weft_subscribe(group->hub, pair->socket, "topic"), WEFT_OK);
    } else if (strcmp(name, "close") == 0) {
        /* It is no subscriber any more, and the others are. */
        assert_int_equal(weft_subscriber_count(group->hub, "topic"), PAIRS - 1);
        assert_int_equal(publish(group, "gone", NULL), WEFT_OK);
        weft_hub_destroy(group->hub);
        group->hub = NULL;
    }
}

static void all_is_legal_in_callbacks(void **state)
{
    (void)state;
    struct group *group = group_start(NULL);
    subscribe_all(group, "topic");
    group->pairs[1].on_event = publish_or_leave;
    group->pairs[1].user = group;
    PAIR_WRITE(&group->pairs[1], "\x81\x81\0\0\0\0x\x81\x81\0\0\0\0y");
    expect(&group->pairs[0], "\x81\x05"
                             "again\x81\x05"
                             "again");
    PAIR_WRITE(&group->pairs[1], "\x88\x82\0\0\0\0\x03\xe8");
    pair_until(&group->pairs[1], group->pairs[1].close_count);
    expect(&group->pairs[0], "\x81\x04gone");
    assert_null(group->hub);
    group_end(group);
}

/* ---- from other threads ---- */

enum { THREADS = 4, ROUNDS = 100, FRAME_BYTES = 2 + 6 };

struct publisher {
    struct group *group;
    int number;
    pthread_t thread;
};

static void *publish_and_send(void *argument)
{
    const struct publisher *publisher = argument;
    struct group *group = publisher->group;
    weft_socket *first = group->pairs[0].socket;
    char text[16];
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(text, sizeof text, "%d:%04d", publisher->number, 2 * i);
        assert_int_equal(publish(group, text, NULL), WEFT_OK);
        snprintf(text, sizeof text, "%d:%04d", publisher->number, 2 * i + 1);
        assert_int_equal(weft_socket_send_text(first, text, 6), WEFT_OK);
        assert_int_equal(weft_socket_ping(first, text, 6), WEFT_OK);
    }
    return NULL;
}

/* The first hears all, in the order of each thread; the others what was published. */
static void check_order(const uint8_t *bytes, size_t frames, int step)
{
    int next[THREADS] = { 0 }, pings[THREADS] = { 0 };
    for (size_t i = 0; i < frames; i++, bytes += FRAME_BYTES) {
        int thread = bytes[2] - '0', number = atoi((const char *)bytes + 4);
        assert_true(thread >= 0 && thread < THREADS);
        if (bytes[0] == 0x89) {
            /* It stands behind its message. */
            assert_int_equal(number, next[thread] - 1);
            pings[thread]++;
            continue;
        }
        assert_int_equal(bytes[0], 0x81);
        assert_int_equal(number, next[thread]);
        next[thread] += step;
    }
    for (int thread = 0; thread < THREADS; thread++) {
        assert_int_equal(next[thread], 2 * ROUNDS);
        assert_int_equal(pings[thread], step == 1 ? ROUNDS : 0);
    }
}

static void threads_publish_in_their_order(void **state)
{
    (void)state;
    static uint8_t bytes[PAIRS][THREADS * ROUNDS * 3 * FRAME_BYTES + 1];
    size_t counts[PAIRS] = { 0 };
    const size_t wanted[PAIRS] = { sizeof bytes[0] - 1, THREADS * ROUNDS * FRAME_BYTES,
                                   THREADS * ROUNDS * FRAME_BYTES };
    struct group *group = group_start(NULL);
    struct publisher publishers[THREADS];
    subscribe_all(group, "topic");
    for (int i = 0; i < THREADS; i++) {
        publishers[i] = (struct publisher){ .group = group, .number = i };
        assert_int_equal(
            pthread_create(&publishers[i].thread, NULL, publish_and_send, &publishers[i]), 0);
    }
    while (counts[0] < wanted[0] || counts[1] < wanted[1] || counts[2] < wanted[2]) {
        pair_turn(&group->pairs[0]);
        for (int i = 0; i < PAIRS; i++) {
            ssize_t got =
                recv(group->pairs[i].fd, bytes[i] + counts[i], wanted[i] - counts[i], MSG_DONTWAIT);
            counts[i] += got > 0 ? (size_t)got : 0;
        }
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(publishers[i].thread, NULL), 0);
    check_order(bytes[0], wanted[0] / FRAME_BYTES, 1);
    check_order(bytes[1], wanted[1] / FRAME_BYTES, 2);
    check_order(bytes[2], wanted[2] / FRAME_BYTES, 2);
    weft_hub_destroy(group->hub);
    group_end(group);
}

static void *publish_oddly(void *argument)
{
    struct group *group = argument;
    static uint8_t large[1000];
    uint64_t key = 1;
    assert_int_equal(weft_publish(group->hub, "topic", WEFT_TEXT, "\xff", 1, NULL), WEFT_ERR_UTF8);
    assert_int_equal(weft_publish(group->hub, "topic", WEFT_TEXT, NULL, 1, NULL),
                     WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_publish(group->hub, "", WEFT_TEXT, "a", 1, NULL), WEFT_OK);
    assert_int_equal(weft_publish(group->hub, "topic", WEFT_BINARY, large, sizeof large, NULL),
                     WEFT_ERR_LIMIT);
    assert_int_equal(publish(group, "but one", group->pairs[1].socket), WEFT_OK);
    assert_int_equal(weft_publish_keyed(group->hub, "topic", WEFT_TEXT, "k", 1, key, NULL),
                     WEFT_OK);
    assert_int_equal(weft_socket_ping(group->pairs[0].socket, large, 126), WEFT_ERR_LIMIT);
    return NULL;
}

static void run_thread(void *(*work)(void *), void *argument)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, work, argument), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void another_thread_has_the_same_rules(void **state)
{
    (void)state;
    struct weft_hub_options options = { .posted_bytes_max = 1000 };
    struct group *group = group_start(&options);
    subscribe_all(group, "topic");
    run_thread(publish_oddly, group);
    expect(&group->pairs[1], "\x81\x01k");
    expect(&group->pairs[0], "\x81\x07"
                             "but one\x81\x01k");
    run_thread(publish_oddly, group); /* What has come counts no more. */
    expect(&group->pairs[1], "\x81\x01k");
    /* A hub that is destroyed while something is on its way to it. */
    run_thread(publish_oddly, group);
    weft_hub_destroy(group->hub);
    expect(&group->pairs[2], "\x81\x07"
                             "but one\x81\x01k\x81\x07"
                             "but one\x81\x01k");
    group_end(group);
}

static void *publish_oddly_alone(void *argument)
{
    assert_int_equal(publish(argument, "to nobody", NULL), WEFT_OK);
    return NULL;
}

static void a_hub_may_outlive_its_loop(void **state)
{
    (void)state;
    struct group *group = calloc(1, sizeof *group);
    weft_loop *loop;
    assert_int_equal(weft_loop_create(NULL, &loop), WEFT_OK);
    struct weft_hub_options options = { .posted_bytes_max = 1000 };
    assert_int_equal(weft_hub_create(loop, &options, &group->hub), WEFT_OK);
    run_thread(publish_oddly_alone, group);
    weft_loop_destroy(loop);
    run_thread(publish_oddly_alone, group);
    weft_hub_destroy(group->hub);
    free(group);
}

/* What is published in one turn lies side by side, and is no less in order with what is sent
 * between, and no more than each one's own. */
static void what_leaves_together_keeps_its_order(void **state)
{
    (void)state;
    struct group *group = group_start(NULL);
    const weft_socket *second = group->pairs[1].socket;
    subscribe_all(group, "topic");
    assert_int_equal(weft_subscribe(group->hub, group->pairs[2].socket, "other"), WEFT_OK);
    for (int round = 0; round < 200; round++) { /* More than an arena holds. */
        assert_int_equal(publish(group, "a", NULL), WEFT_OK);
        assert_int_equal(publish(group, "b", second), WEFT_OK);
        assert_int_equal(weft_publish(group->hub, "other", WEFT_TEXT, "o", 1, NULL), WEFT_OK);
        assert_int_equal(weft_socket_send_text(group->pairs[0].socket, "s", 1), WEFT_OK);
        assert_int_equal(publish(group, "c", NULL), WEFT_OK);
        assert_int_equal(weft_socket_buffered_amount(group->pairs[0].socket), 4);
        assert_int_equal(weft_socket_buffered_amount(second), 2);
        expect(&group->pairs[0], "\x81\x01"
                                 "a\x81\x01"
                                 "b\x81\x01s\x81\x01"
                                 "c");
        expect(&group->pairs[1], "\x81\x01"
                                 "a\x81\x01"
                                 "c");
        expect(&group->pairs[2], "\x81\x01"
                                 "a\x81\x01"
                                 "b\x81\x01o\x81\x01"
                                 "c");
    }
    weft_hub_destroy(group->hub);
    group_end(group);
}

/* A reader that stands still keeps copies of what is short, and not the hub's memory. */
static void a_slow_reader_gets_all_and_keeps_little(void **state)
{
    (void)state;
    enum { MESSAGES = 2000, ONE_BYTES = 52 };
    struct group *group = group_start(NULL);
    struct pair *slow = &group->pairs[1];
    struct fault_alloc *fault = &group->pairs[0].fault;
    uint8_t message[ONE_BYTES - 2] = { 0 };
    assert_int_equal(weft_subscribe(group->hub, slow->socket, "topic"), WEFT_OK);
    size_t before = fault->live_bytes;
    for (unsigned i = 0; i < MESSAGES; i++) {
        memcpy(message, &i, sizeof i);
        assert_int_equal(
            weft_publish(group->hub, "topic", WEFT_BINARY, message, sizeof message, NULL), WEFT_OK);
        assert_int_equal(weft_loop_turn(slow->loop, 0), WEFT_OK);
    }
    assert_true(weft_socket_buffered_amount(slow->socket) > MESSAGES / 2 * sizeof message);
    assert_true(fault->live_bytes - before < 3 * MESSAGES * ONE_BYTES);
    uint8_t frame[ONE_BYTES];
    for (unsigned i = 0; i < MESSAGES; i++) {
        for (size_t got = 0; got < sizeof frame;) {
            ssize_t count = recv(slow->fd, frame + got, sizeof frame - got, MSG_DONTWAIT);
            got += count > 0 ? (size_t)count : 0;
            if (count < 0)
                pair_turn(slow);
        }
        unsigned number;
        memcpy(&number, frame + 2, sizeof number);
        assert_int_equal(frame[1], sizeof message);
        assert_int_equal(number, i);
    }
    weft_hub_destroy(group->hub);
    group_end(group);
}

/* The n-th allocation of a publish fails: it is said, or the message comes all the same. */
static void a_publish_without_memory_is_told(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct group *group = group_start(NULL);
        struct fault_alloc *fault = &group->pairs[0].fault;
        subscribe_all(group, "topic");
        fault->fails_at = fault->call_count + n;
        fault->failed = false;
        weft_status status = publish(group, "a", NULL);
        failed = fault->failed;
        assert_true(status == WEFT_OK || (failed && status == WEFT_ERR_MEMORY));
        fault->fails_at = 0;
        for (int i = 0; i < PAIRS && !status; i++)
            expect(&group->pairs[i], "\x81\x01"
                                     "a");
        weft_hub_destroy(group->hub);
        group_end(group);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_hear_but_one),
        cmocka_unit_test(limits_and_arguments),
        cmocka_unit_test(a_socket_takes_its_subscriptions_with_it),
        cmocka_unit_test(a_hub_goes_before_its_sockets_or_after),
        cmocka_unit_test(who_is_too_slow_closes_alone),
        cmocka_unit_test(who_can_never_take_it_closes),
        cmocka_unit_test(all_is_legal_in_callbacks),
        cmocka_unit_test(what_leaves_together_keeps_its_order),
        cmocka_unit_test(a_slow_reader_gets_all_and_keeps_little),
        cmocka_unit_test(a_publish_without_memory_is_told),
        cmocka_unit_test(threads_publish_in_their_order),
        cmocka_unit_test(another_thread_has_the_same_rules),
        cmocka_unit_test(a_hub_may_outlive_its_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

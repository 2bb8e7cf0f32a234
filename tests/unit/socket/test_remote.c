/* send() and close() from another thread, and references that are given back there. */
#include "unit/socket/pair.h"

#include <pthread.h>

static void in_a_thread(void *(*work)(void *), void *argument)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, work, argument), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

struct calls {
    weft_socket *socket;
    weft_status text, invalid, too_much, bytes, close, late;
    uint64_t buffered;
};

static uint8_t large[50000];

static void *make_calls(void *argument)
{
    struct calls *calls = argument;
    calls->text = weft_socket_send_text(calls->socket, "one", 3);
    calls->invalid = weft_socket_send_text(calls->socket, "\xff", 1);
    calls->too_much = weft_socket_send_bytes(calls->socket, large, sizeof large);
    calls->bytes = weft_socket_send_bytes(calls->socket, "two", 3);
    calls->buffered = weft_socket_buffered_amount(calls->socket);
    calls->close = weft_socket_close(calls->socket, 1000, "bye");
    calls->late = weft_socket_send_bytes(calls->socket, "three", 5);
    weft_socket_release(calls->socket);
    return NULL;
}

static void calls_come_in_their_order(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = { .send_bytes_max = 40000 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    struct calls calls = { .socket = weft_socket_retain(pair.socket) };
    in_a_thread(make_calls, &calls);
    assert_int_equal(calls.text, WEFT_OK);
    assert_int_equal(calls.invalid, WEFT_ERR_UTF8);
    assert_int_equal(calls.too_much, WEFT_ERR_LIMIT);
    assert_int_equal(calls.bytes, WEFT_OK);
    assert_int_equal(calls.buffered, 6);
    assert_int_equal(calls.close, WEFT_OK);
    assert_int_equal(calls.late, WEFT_OK);
    pair_until(&pair, (pair_read(&pair), pair.seen_bytes >= 17));
    assert_int_equal(pair.seen_bytes, 17);
    assert_memory_equal(pair.seen,
                        "\x81\x03one\x82\x03two\x88\x05\x03\xe8"
                        "bye",
                        17);
    /* What came behind close() was dropped, and counts for ever. */
    assert_int_equal(weft_socket_buffered_amount(pair.socket), 5);
    pair_end(&pair);
}

static void *release(void *argument)
{
    weft_socket_release(argument);
    return NULL;
}

static void the_last_reference_may_be_given_back_anywhere(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    pair_open(&pair);
    pair_close_peer(&pair);
    pair_until(&pair, pair.close_count);
    in_a_thread(release, pair.socket);
    pair.socket = NULL;
    assert_int_equal(pair.shape.references, 2); /* The loop's own thread frees it. */
    pair_until(&pair, pair.shape.references == 1);
    pair_end(&pair);
}

/* Many sockets of one shape, which outlive their loop, given back by two threads at a time. */
enum { SOCKETS = 200 };

static void *release_all(void *argument)
{
    weft_socket **sockets = argument;
    for (int i = 0; i < SOCKETS; i++)
        weft_socket_release(sockets[i]);
    return NULL;
}

static void on_free(struct wf_socket_shape *shape)
{
    int *free_count = shape->opening;
    (*free_count)++;
}

static void sockets_outlive_their_loop(void **state)
{
    (void)state;
    static const struct wf_socket_owner owner = { 0 };
    int free_count = 0;
    weft_loop *loop = NULL;
    weft_socket *sockets[2][SOCKETS];
    assert_int_equal(weft_loop_create(NULL, &loop), WEFT_OK);
    struct wf_socket_shape shape = {
        .references = 1, .owner = &owner, .opening = &free_count, .on_free = on_free
    };
    wf_socket_shape_resolve(&shape, loop, WEFT_SERVER);
    for (int i = 0; i < 2 * SOCKETS; i++) {
        int ends[2];
        weft_socket **socket = &sockets[i / SOCKETS][i % SOCKETS];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
                         0);
        assert_int_equal(wf_socket_open_accepted(&shape, ends[0], NULL, socket), WEFT_OK);
        weft_socket_retain(*socket);
        close(ends[1]);
    }
    weft_loop_destroy(loop);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, release_all, sockets[i]), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(free_count, 0);
    wf_socket_shape_release(&shape);
    assert_int_equal(free_count, 1);
}

static void *close_it(void *argument)
{
    assert_int_equal(weft_socket_close(argument, 1000, NULL), WEFT_OK);
    assert_int_equal(weft_socket_send_bytes(argument, "x", 1), WEFT_OK);
    return NULL;
}

static void calls_that_a_destroyed_loop_never_ran(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    pair_open(&pair);
    in_a_thread(close_it, pair.socket);
    pair_end(&pair);
    assert_string_equal(pair.line, "error:aborted close:1006/unclean ");
}

/* What a message costs beside its payload counts, too: the loop does not turn meanwhile. */
struct flood {
    weft_socket *socket;
    weft_status (*send)(weft_socket *socket);
    weft_status status;
};

static weft_status send_empty(weft_socket *socket)
{
    return weft_socket_send_bytes(socket, NULL, 0);
}

static weft_status send_ping(weft_socket *socket)
{
    return weft_socket_ping(socket, NULL, 0);
}

static weft_blob *no_bytes;

static weft_status send_blob(weft_socket *socket)
{
    return weft_socket_send_blob(socket, no_bytes);
}

static void *send_until_full(void *argument)
{
    struct flood *flood = argument;
    for (int i = 0; i < 100000 && flood->status == WEFT_OK; i++)
        flood->status = flood->send(flood->socket);
    return NULL;
}

static void calls_on_their_way_are_limited(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        weft_status (*send)(weft_socket *socket);
        enum weft_send_policy policy;
        weft_status status;
    } cases[] = {
        { "messages", send_empty, WEFT_SEND_CLOSE, WEFT_ERR_LIMIT },
        { "messages of which some are dropped", send_empty, WEFT_SEND_DROP_NEW, WEFT_ERR_FULL },
        { "pings", send_ping, WEFT_SEND_CLOSE, WEFT_ERR_LIMIT },
        { "blobs", send_blob, WEFT_SEND_CLOSE, WEFT_ERR_LIMIT },
    };
    assert_int_equal(weft_blob_create_copy("", 0, &no_bytes), WEFT_OK);
    for_each_case(c, cases)
    {
        struct pair pair = { 0 };
        struct weft_socket_settings settings = { .send_bytes_max = 40000,
                                                 .send_policy = c->policy };
        pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
        pair_open(&pair);
        struct flood flood = { pair.socket, c->send, WEFT_OK };
        in_a_thread(send_until_full, &flood);
        assert_int_equal(flood.status, c->status);
        assert_int_equal(weft_socket_dropped(pair.socket), c->status == WEFT_ERR_FULL);
        assert_int_equal(weft_socket_ready_state(pair.socket), WEFT_OPEN);
        /* Once they have come there is room again. */
        pair_until(&pair, (pair_read(&pair), pair.seen_bytes > 0));
        pair_until(&pair, wf_socket_posted_calls(pair.socket) == 0);
        flood.status = c->send(pair.socket);
        in_a_thread(send_until_full, &flood);
        assert_int_equal(flood.status, c->status);
        pair_end(&pair);
    }
    weft_blob_release(no_bytes);
}

static void *close_often(void *argument)
{
    struct flood *flood = argument;
    for (int i = 0; i < 1000 && flood->status == WEFT_OK; i++)
        flood->status = weft_socket_close(flood->socket, 3000, "enough");
    return NULL;
}

/* close() is never refused; those behind the first have nothing to do, and cost nothing. */
static void one_close_is_on_its_way(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    pair_open(&pair);
    struct flood flood = { pair.socket, NULL, WEFT_OK };
    in_a_thread(close_often, &flood);
    assert_int_equal(flood.status, WEFT_OK);
    assert_int_equal(wf_socket_posted_calls(pair.socket), 1);
    pair_until(&pair, weft_socket_ready_state(pair.socket) == WEFT_CLOSING);
    assert_int_equal(wf_socket_posted_calls(pair.socket), 0);
    in_a_thread(close_often, &flood);
    assert_int_equal(flood.status, WEFT_OK);
    pair_until(&pair, (pair_read(&pair), pair.seen_bytes > 0));
    assert_memory_equal(pair.seen,
                        "\x88\x08\x0b\xb8"
                        "enough",
                        10);
    pair_end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_come_in_their_order),
        cmocka_unit_test(the_last_reference_may_be_given_back_anywhere),
        cmocka_unit_test(sockets_outlive_their_loop),
        cmocka_unit_test(calls_that_a_destroyed_loop_never_ran),
        cmocka_unit_test(calls_on_their_way_are_limited),
        cmocka_unit_test(one_close_is_on_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The calls that wait, against a server on a thread of its own. */
#include "support/world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *run_server(void *user)
{
    struct world *world = user;
    assert_int_equal(weft_loop_run(world->loop), WEFT_OK);
    return NULL;
}

static weft_socket *connect_to(weft_loop *loop, const struct world *world, const char *path)
{
    char url[160];
    weft_socket *socket;
    snprintf(url, sizeof url, "%s%s", world->url, path);
    assert_int_equal(weft_socket_connect(loop, url, NULL, &socket), WEFT_OK);
    return socket;
}

static void send_many(weft_socket *socket, struct record *record)
{
    (void)record;
    char text[16];
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "%d", i);
        assert_int_equal(weft_socket_send_text(socket, text, WEFT_ZERO_TERMINATED), WEFT_OK);
    }
    assert_int_equal(weft_socket_close(socket, 1001, "that is all"), WEFT_OK);
}

static void a_plain_client_waits_for_each_answer(weft_loop *loop, const struct world *world)
{
    weft_socket *socket = connect_to(loop, world, "/echo");
    struct weft_message_event message;
    assert_int_equal(weft_socket_wait_open(socket, -1), WEFT_OK);
    assert_int_equal(weft_socket_wait_open(socket, 0), WEFT_OK);
    assert_int_equal(weft_socket_receive(socket, 20, &message), WEFT_ERR_TIMEOUT);
    size_t bytes = 3 << 20;
    char *large = malloc(bytes);
    memset(large, 'w', bytes);
    assert_int_equal(weft_socket_send_text(socket, "one", 3), WEFT_OK);
    assert_int_equal(weft_socket_send_text(socket, NULL, 0), WEFT_OK);
    assert_int_equal(weft_socket_send_bytes(socket, large, bytes), WEFT_OK);
    assert_int_equal(weft_socket_receive(socket, -1, &message), WEFT_OK);
    assert_int_equal(message.type, WEFT_TEXT);
    assert_int_equal(message.bytes, 3);
    assert_memory_equal(message.data, "one", 3);
    assert_int_equal(weft_socket_receive(socket, -1, &message), WEFT_OK);
    assert_int_equal(message.bytes, 0);
    assert_int_equal(weft_socket_receive(socket, -1, &message), WEFT_OK);
    assert_int_equal(message.type, WEFT_BINARY);
    assert_int_equal(message.bytes, bytes);
    assert_memory_equal(message.data, large, bytes);
    free(large);
    assert_int_equal(weft_socket_finish(socket), WEFT_OK);
    assert_null(weft_socket_failure(socket));
    assert_int_equal(weft_socket_receive(socket, -1, &message), WEFT_ERR_CLOSED);
    weft_socket_release(socket);
}

static void nothing_is_lost_before_the_peer_closes(weft_loop *loop, const struct world *world)
{
    weft_socket *socket = connect_to(loop, world, "/many");
    struct weft_message_event message;
    assert_int_equal(weft_socket_wait_open(socket, -1), WEFT_OK);
    for (int i = 0; i < 100; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        assert_int_equal(weft_socket_receive(socket, -1, &message), WEFT_OK);
        assert_int_equal(message.bytes, strlen(text));
        assert_memory_equal(message.data, text, message.bytes);
    }
    assert_int_equal(weft_socket_receive(socket, -1, &message), WEFT_ERR_CLOSED);
    assert_null(weft_socket_failure(socket));
    assert_int_equal(weft_socket_finish(socket), WEFT_OK);
    weft_socket_release(socket);
}

static void a_failure_is_its_status(weft_loop *loop, const struct world *world)
{
    weft_socket *socket = connect_to(loop, world, "/nowhere");
    struct weft_message_event message;
    assert_int_equal(weft_socket_wait_open(socket, -1), WEFT_ERR_REFUSED);
    assert_int_equal(weft_socket_failure(socket)->http.status, 404);
    assert_int_equal(weft_socket_wait_open(socket, -1), WEFT_ERR_REFUSED);
    assert_int_equal(weft_socket_receive(socket, -1, &message), WEFT_ERR_CLOSED);
    assert_int_equal(weft_socket_finish(socket), WEFT_ERR_REFUSED);
    weft_socket_release(socket);
}

static weft_status in_callback;

static void wait_inside(void *user)
{
    in_callback = weft_socket_wait_open(user, 10);
}

static void waiting_inside_a_callback_is_refused(weft_loop *loop, const struct world *world)
{
    weft_socket *socket = connect_to(loop, world, "/other");
    assert_int_equal(weft_loop_post(loop, wait_inside, socket), WEFT_OK);
    assert_int_equal(weft_socket_wait_open(socket, -1), WEFT_OK);
    assert_int_equal(in_callback, WEFT_ERR_STATE);
    assert_int_equal(weft_socket_wait_open(NULL, 0), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_socket_receive(socket, -2, NULL), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_socket_finish(socket), WEFT_OK);
    weft_socket_release(socket);
}

static void calls_that_wait(void **state)
{
    (void)state;
    static void (*const cases[])(weft_loop *, const struct world *) = {
        a_plain_client_waits_for_each_answer,
        nothing_is_lost_before_the_peer_closes,
        a_failure_is_its_status,
        waiting_inside_a_callback_is_refused,
    };
    struct world world;
    struct record echo = { .echoes = true, .quiet = true };
    struct record other = { 0 }, many = { .on_open = send_many };
    pthread_t thread;
    weft_loop *loop;
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/echo", &echo, NULL);
    world_route(&world, "/other", &other, NULL);
    world_route(&world, "/many", &many, NULL);
    assert_int_equal(weft_loop_create(NULL, &loop), WEFT_OK);
    pthread_create(&thread, NULL, run_server, &world);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cases[i](loop, &world);
    weft_loop_destroy(loop);
    weft_loop_stop(world.loop);
    pthread_join(thread, NULL);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(calls_that_wait) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

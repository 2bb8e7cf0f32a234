/* Eight threads send on a hundred sockets while these open and close: nothing is lost, nothing
 * comes out of order. For the thread sanitizer to watch, too. */
#include "support/secure.h"
#include "weft/weft.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { THREADS = 8, SOCKETS = 100, MESSAGES = 60, CLOSED_EARLY = 30 };

struct slot {
    /* The client's side, written by the main loop before the threads start. */
    weft_socket *socket;
    atomic_bool is_open;
    bool client_is_closed;
    /* The server's side, touched by its loop alone until that has ended. */
    int next[THREADS];
    int out_of_order;
    bool server_is_closed;
    bool was_clean;
};

static struct slot slots[SOCKETS];
static atomic_int threads_running;
static weft_loop *client_loop;

static void server_message(weft_socket *socket, const struct weft_message_event *message,
                           void *user)
{
    (void)socket;
    struct slot *slot = user;
    int thread, number;
    char text[32];
    snprintf(text, sizeof text, "%.*s", (int)message->bytes, (const char *)message->data);
    assert_int_equal(sscanf(text, "%d:%d", &thread, &number), 2);
    if (slot->next[thread] != number)
        slot->out_of_order++;
    slot->next[thread] = number + 1;
}

static void server_close(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    (void)socket;
    struct slot *slot = user;
    slot->server_is_closed = true;
    slot->was_clean = event->was_clean;
}

static void upgrade(weft_request *request, void *user)
{
    (void)user;
    struct weft_text number = weft_request_param(request, "number");
    struct weft_acceptance acceptance = { .user = &slots[atoi(number.data)] };
    assert_int_equal(weft_request_accept(request, &acceptance), WEFT_OK);
}

struct server_side {
    weft_loop *loop;
    weft_server *server;
    char address[64];
};

static void *run_server(void *argument)
{
    struct server_side *side = argument;
    assert_int_equal(weft_loop_run(side->loop), WEFT_OK);
    return NULL;
}

static void client_open(weft_socket *socket, void *user)
{
    (void)socket;
    atomic_store(&((struct slot *)user)->is_open, true);
}

static bool all_are_closed(void)
{
    for (int i = 0; i < SOCKETS; i++)
        if (!slots[i].client_is_closed)
            return false;
    return true;
}

static void client_close(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    (void)socket, (void)event;
    ((struct slot *)user)->client_is_closed = true;
    if (all_are_closed())
        weft_loop_stop(client_loop);
}

static void *send_messages(void *argument)
{
    int thread = *(int *)argument;
    for (int number = 0; number < MESSAGES; number++) {
        for (int i = 0; i < SOCKETS; i++) {
            struct slot *slot = &slots[i];
            char text[32];
            snprintf(text, sizeof text, "%d:%d", thread, number);
            weft_socket *socket = weft_socket_retain(slot->socket);
            while (!atomic_load(&slot->is_open))
                sched_yield();
            assert_int_equal(weft_socket_send_text(socket, text, WEFT_ZERO_TERMINATED), WEFT_OK);
            /* Some end in the middle, each by another thread. */
            if (i < CLOSED_EARLY && i % THREADS == thread && number == MESSAGES / 2)
                assert_int_equal(weft_socket_close(socket, 3000, "in the middle"), WEFT_OK);
            weft_socket_release(socket);
        }
    }
    /* The last one ends the rest. */
    if (atomic_fetch_sub(&threads_running, 1) == 1)
        for (int i = 0; i < SOCKETS; i++)
            assert_int_equal(weft_socket_close(slots[i].socket, 1000, NULL), WEFT_OK);
    return NULL;
}

static void start_server(struct server_side *side)
{
    struct weft_route route = {
        .on_upgrade = upgrade, .events = { .on_message = server_message, .on_close = server_close }
    };
    assert_int_equal(weft_loop_create(NULL, &side->loop), WEFT_OK);
    assert_int_equal(weft_server_create(side->loop, NULL, &side->server), WEFT_OK);
    assert_int_equal(weft_server_route(side->server, "/:number", &route), WEFT_OK);
    assert_int_equal(
        secure_listen(side->server, "127.0.0.1:0", side->address, sizeof side->address), WEFT_OK);
}

static void start_clients(const struct server_side *side)
{
    struct weft_connect_options options = { .events = { .on_open = client_open,
                                                        .on_close = client_close } };
    assert_int_equal(weft_loop_create(NULL, &client_loop), WEFT_OK);
    for (int i = 0; i < SOCKETS; i++) {
        char url[96];
        snprintf(url, sizeof url, "%s://%s/%d", secure_scheme(), side->address, i);
        options.user = &slots[i];
        assert_int_equal(weft_socket_connect(client_loop, url, &options, &slots[i].socket),
                         WEFT_OK);
    }
}

static void check_slots(void)
{
    for (int i = 0; i < SOCKETS; i++) {
        assert_true(slots[i].server_is_closed);
        assert_true(slots[i].was_clean);
        assert_int_equal(slots[i].out_of_order, 0);
        for (int thread = 0; thread < THREADS && i >= CLOSED_EARLY; thread++)
            assert_int_equal(slots[i].next[thread], MESSAGES);
        /* Of its own messages, the thread that closed lost none of those before. */
        if (i < CLOSED_EARLY)
            assert_true(slots[i].next[i % THREADS] == MESSAGES / 2 + 1);
    }
}

static void stop_listening(void *user)
{
    weft_server_stop_listening(user);
}

static void threads_send_while_sockets_open_and_close(void **state)
{
    (void)state;
    struct server_side side;
    pthread_t server_thread, threads[THREADS];
    int numbers[THREADS];
    start_server(&side);
    start_clients(&side);
    threads_running = THREADS;
    pthread_create(&server_thread, NULL, run_server, &side);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, send_messages, &numbers[i]);
    }
    assert_int_equal(weft_loop_run(client_loop), WEFT_OK);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    /* The server's side ends by itself once its connections have: only the listener is left. */
    assert_int_equal(weft_loop_post(side.loop, stop_listening, side.server), WEFT_OK);
    pthread_join(server_thread, NULL);
    check_slots();
    for (int i = 0; i < SOCKETS; i++)
        weft_socket_release(slots[i].socket);
    weft_server_destroy(side.server);
    weft_loop_destroy(side.loop);
    weft_loop_destroy(client_loop);
}

static void *use_and_release(void *argument)
{
    weft_socket *socket = argument;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(weft_socket_send_bytes(socket, "x", 1), WEFT_OK);
        assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
    }
    weft_socket_release(socket);
    return NULL;
}

/* The loop ends under the threads that still use its sockets. */
static void a_loop_may_end_under_its_users(void **state)
{
    (void)state;
    struct server_side side;
    weft_loop *loop;
    start_server(&side);
    assert_int_equal(weft_loop_create(NULL, &loop), WEFT_OK);
    char url[96];
    snprintf(url, sizeof url, "%s://%s/0", secure_scheme(), side.address);
    struct slot *slot = &slots[0];
    *slot = (struct slot){ 0 };
    struct weft_connect_options options = { .events = { .on_open = client_open }, .user = slot };
    assert_int_equal(weft_socket_connect(loop, url, &options, &slot->socket), WEFT_OK);
    while (!slot->is_open) {
        assert_int_equal(weft_loop_turn(loop, 1), WEFT_OK);
        assert_int_equal(weft_loop_turn(side.loop, 1), WEFT_OK);
    }
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, use_and_release, weft_socket_retain(slot->socket));
    assert_int_equal(weft_loop_turn(loop, 1), WEFT_OK);
    weft_socket_release(slot->socket);
    weft_loop_destroy(loop);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    weft_server_destroy(side.server);
    weft_loop_destroy(side.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_send_while_sockets_open_and_close),
        cmocka_unit_test(a_loop_may_end_under_its_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

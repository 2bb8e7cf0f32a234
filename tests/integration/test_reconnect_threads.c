/* What another thread has sent when a connection is lost, and another one follows. */
#include "socket/object.h"
#include "support/world.h"

#include <pthread.h>
#include <string.h>

static void *send_five(void *argument)
{
    assert_int_equal(weft_socket_send_text(argument, "12345", 5), WEFT_OK);
    return NULL;
}

/* The message is on its way to the loop when the connection breaks, before it can come there. */
static void send_and_break(weft_socket *socket, const struct weft_message_event *message,
                           struct record *record)
{
    (void)message;
    pthread_t thread;
    static const struct weft_failure broken = { .kind = WEFT_FAILURE_TRANSPORT,
                                                .status = WEFT_ERR_SYSTEM,
                                                .text = "broken by the test" };
    record->on_message = NULL;
    assert_int_equal(pthread_create(&thread, NULL, send_five, socket), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(weft_socket_buffered_amount(socket), 5);
    wf_socket_abort(socket, &broken, false);
}

/* What is on its way counts in the event and behind it: it was not taken by the connection that
 * was lost, and is not by the next. */
static void lost(weft_socket *socket, const struct weft_reconnect_event *event, void *user)
{
    int *lost_count = user;
    assert_int_equal(event->dropped_bytes, 0);
    assert_int_equal(weft_socket_buffered_amount(socket), 5);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CONNECTING);
    (*lost_count)++;
}

static void what_was_posted_stays_counted(void **state)
{
    (void)state;
    static const enum weft_backend backends[] = { WEFT_BACKEND_EPOLL, WEFT_BACKEND_POLL };
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        struct record server = { 0 }, client = { .on_message = send_and_break };
        int lost_count = 0;
        struct weft_connect_options options = { .reconnect = { .attempts_max = 3,
                                                               .first_delay_ms = 1 } };
        world_start(&world, backends[i]);
        struct weft_route route = { .events = record_events, .user = &server };
        route.events.on_error = NULL; /* The same record for both connections. */
        route.events.on_close = NULL;
        assert_int_equal(weft_server_route(world.server, "/", &route), WEFT_OK);
        weft_socket *socket = world_connect(&world, "/", &client, &options);
        world_until(&world, server.socket && client.socket);
        /* The record's own on_reconnect expects that nothing is on its way. */
        struct weft_socket_events events = record_events;
        events.on_reconnect = NULL;
        assert_int_equal(weft_socket_set_events(socket, &events, &client), WEFT_OK);
        struct weft_socket_events listener = { .on_reconnect = lost };
        assert_int_equal(weft_socket_add_listener(socket, &listener, &lost_count, false, NULL),
                         WEFT_OK);
        client.socket = NULL;
        assert_int_equal(weft_socket_send_text(server.socket, "go", 2), WEFT_OK);
        world_until(&world, lost_count == 1 && client.socket);
        /* Dropped, as what is sent while no connection is OPEN; nothing of it has come. */
        assert_int_equal(weft_socket_buffered_amount(socket), 5);
        assert_null(strstr(server.line, "12345"));
        assert_int_equal(weft_socket_send_text(socket, "next", 4), WEFT_OK);
        world_until(&world, strstr(server.line, "text:next "));
        assert_int_equal(weft_socket_buffered_amount(socket), 5);
        weft_socket_release(socket);
        world_end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_was_posted_stays_counted) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

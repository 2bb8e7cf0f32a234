/* Times, marks and maxima of a connection, and large messages, over real sockets. */
#include "support/sanitized.h"
#include "support/secure.h"
#include "support/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const enum weft_backend backends[] = { WEFT_BACKEND_EPOLL, WEFT_BACKEND_POLL };

static void a_silent_peer_costs_one_timeout(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        struct record server = { 0 };
        struct weft_socket_settings settings = { .ping_interval_ms = 20, .ping_timeout_ms = 30 };
        world_start(&world, backends[i]);
        world_route(&world, "/", &server, &settings);
        int fd = world_raw_websocket(&world, "/");
        world_until(&world, server.is_closed);
        assert_string_equal(server.line, "open error:timeout close:1006//unclean ");
        assert_string_equal(server.failure.limit_name, "ping_timeout_ms");
        assert_int_equal(server.failure.limit, 30);
        unsigned char ping[2];
        assert_int_equal(read(fd, ping, 2), 2);
        assert_int_equal(ping[0], 0x89);
        close(fd);
        world_end(&world);
    }
}

static void pings_keep_a_quiet_connection(void **state)
{
    (void)state;
    struct world world;
    struct record server = { 0 }, client = { 0 };
    struct weft_socket_settings settings = { .ping_interval_ms = 10, .ping_timeout_ms = 60000 };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, &settings);
    weft_socket *socket = world_connect(&world, "/", &client, NULL);
    world_until(&world, strstr(client.line, "ping: ping: ping: "));
    assert_false(server.is_closed);
    assert_non_null(strstr(server.line, "pong: pong: "));
    weft_socket_release(socket);
    world_end(&world);
}

static void a_close_that_is_not_answered_times_out(void **state)
{
    (void)state;
    struct world world;
    struct record server = { 0 };
    struct weft_socket_settings settings = { .close_timeout_ms = 30 };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, &settings);
    int fd = world_raw_websocket(&world, "/");
    world_until(&world, server.socket);
    assert_int_equal(weft_socket_close(server.socket, 1001, "bye"), WEFT_OK);
    world_until(&world, server.is_closed);
    assert_string_equal(server.line, "open error:timeout close:1006//unclean ");
    assert_string_equal(server.failure.limit_name, "close_timeout_ms");
    close(fd);
    world_end(&world);
}

static void an_idle_connection_is_closed(void **state)
{
    (void)state;
    struct world world;
    struct record server = { 0 }, client = { 0 };
    struct weft_socket_settings settings = { .idle_timeout_ms = 40, .ping_interval_ms = 5 };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, &settings);
    weft_socket *socket = world_connect(&world, "/", &client, NULL);
    world_until(&world, client.is_closed && server.is_closed);
    assert_non_null(strstr(client.line, "close:1000/no message for too long/clean "));
    weft_socket_release(socket);
    world_end(&world);
}

static void a_handshake_that_stalls_times_out(void **state)
{
    (void)state;
    /* A client whose server accepts and says nothing: the listener's backlog answers TCP. */
    struct world world, silent;
    struct record client = { 0 };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_start(&silent, WEFT_BACKEND_DEFAULT); /* Its loop is never turned. */
    snprintf(world.url, sizeof world.url, "%s://%s", secure_scheme(), silent.address);
    struct weft_connect_options options = { .settings = { .handshake_timeout_ms = 30 } };
    weft_socket *socket = world_connect(&world, "/", &client, &options);
    world_until(&world, client.is_closed);
    assert_string_equal(client.line, "error:timeout close:1006//unclean ");
    assert_string_equal(client.failure.limit_name, "handshake_timeout_ms");
    assert_string_equal(client.failure_text, secure_is_on() ? "the TLS handshake took too long"
                                                            : "the handshake took too long");
    weft_socket_release(socket);
    world_end(&world);
    world_end(&silent);
}

static void over_the_cap_closes_with_1013(void **state)
{
    (void)state;
    struct world world;
    struct record server = { 0 };
    enum { MESSAGE = 100000 };
    struct weft_socket_settings settings = { .send_mark_bytes = 200000,
                                             .send_bytes_max = 1000000,
                                             .close_timeout_ms = 100 };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, &settings);
    int fd = world_raw_websocket(&world, "/"); /* It never reads. */
    world_until(&world, server.socket);
    char *bytes = calloc(1, 2 * 1000000);
    assert_int_equal(weft_socket_send_bytes(server.socket, bytes, 2 * 1000000), WEFT_ERR_LIMIT);
    assert_int_equal(weft_socket_ready_state(server.socket), WEFT_OPEN);

    weft_status status = WEFT_OK;
    bool was_over_mark = false;
    for (int i = 0; i < 10000 && !status; i++) {
        status = weft_socket_send_bytes(server.socket, bytes, MESSAGE);
        was_over_mark |= weft_socket_is_over_mark(server.socket);
        assert_true(weft_socket_buffered_amount(server.socket) <= 1000000);
    }
    assert_int_equal(status, WEFT_ERR_LIMIT);
    assert_true(was_over_mark);
    assert_int_equal(weft_socket_ready_state(server.socket), WEFT_CLOSING);
    world_until(&world, server.is_closed);
    assert_string_equal(server.line, "open error:limit close:1006//unclean ");
    assert_string_equal(server.failure.limit_name, "send_bytes_max");
    assert_int_equal(server.failure.limit, 1000000);
    free(bytes);
    close(fd);
    world_end(&world);
}

static void drained_comes_once_below_the_mark(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        struct record server = { 0 }, client = { .quiet = true };
        enum { MESSAGE = 1 << 20, COUNT = 12 };
        struct weft_socket_settings settings = { .send_mark_bytes = 100000,
                                                 .deflate = { .off = true } };
        world_start(&world, backends[i]);
        world_route(&world, "/", &server, &settings);
        weft_socket *socket = world_connect(&world, "/", &client, NULL);
        world_until(&world, client.socket && server.socket);
        char *bytes = malloc(MESSAGE);
        for (size_t at = 0; at < MESSAGE; at++)
            bytes[at] = (char)(at * 7 + at / 251);
        for (int n = 0; n < COUNT; n++)
            assert_int_equal(weft_socket_send_bytes(server.socket, bytes, MESSAGE), WEFT_OK);
        memset(bytes, 0, MESSAGE); /* It was the caller's again. */
        assert_true(weft_socket_is_over_mark(server.socket));
        world_until(&world, client.message_count == COUNT);
        assert_int_equal(client.message_bytes, (size_t)MESSAGE * COUNT);
        assert_string_equal(server.line, "open drained ");
        assert_int_equal(weft_socket_buffered_amount(server.socket), 0);
        free(bytes);
        weft_socket_release(socket);
        world_end(&world);
    }
}

static char *expected;
static size_t expected_bytes;

static void compare(weft_socket *socket, const struct weft_message_event *message,
                    struct record *record)
{
    (void)socket, (void)record;
    assert_int_equal(message->bytes, expected_bytes);
    assert_memory_equal(message->data, expected, expected_bytes);
}

static void messages_of_all_sizes_come_back(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0,     1,     125,    126,    127,     65535,  65536,
                                    16383, 16384, 500000, 524288, 1048576, 9000000 };
    expected = malloc(9000000);
    for (size_t at = 0; at < 9000000; at++)
        expected[at] = (char)(at * 13 + at / 509);
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        struct record server = { .echoes = true, .quiet = true };
        struct record client = { .quiet = true, .on_message = compare };
        world_start(&world, backends[i]);
        world_route(&world, "/", &server, NULL);
        weft_socket *socket = world_connect(&world, "/", &client, NULL);
        world_until(&world, client.socket);
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            expected_bytes = sizes[s];
            assert_int_equal(weft_socket_send_bytes(socket, expected, sizes[s]), WEFT_OK);
            world_until(&world, client.message_count == s + 1);
        }
        weft_socket_release(socket);
        world_end(&world);
    }
    free(expected);
}

static void a_message_over_the_limit_fails_with_1009(void **state)
{
    (void)state;
    struct world world;
    struct record server = { 0 }, client = { 0 };
    struct weft_socket_settings settings = { .limits = { .message_bytes_max = 1000 } };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, &settings);
    weft_socket *socket = world_connect(&world, "/", &client, NULL);
    world_until(&world, client.socket);
    char bytes[1001] = { 0 };
    assert_int_equal(weft_socket_send_bytes(socket, bytes, sizeof bytes), WEFT_OK);
    world_until(&world, client.is_closed && server.is_closed);
    assert_non_null(strstr(client.line, "close:1009/"));
    assert_string_equal(server.failure.limit_name, "message_bytes_max");
    assert_int_equal(server.failure.limit, 1000);
    assert_int_equal(server.failure.close_code, 1009);
    weft_socket_release(socket);
    world_end(&world);
}

static void pause_in_message(weft_socket *socket, const struct weft_message_event *message,
                             struct record *record)
{
    (void)message, (void)record;
    weft_socket_pause(socket);
}

static long resident_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d %ld", &pages), 1);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A hundred MiB for a receiver that takes one message a turn: the sender is held back, memory is
 * not. */
static void a_paused_receiver_holds_the_peer_back(void **state)
{
    (void)state;
    enum { MESSAGE = 1 << 16, COUNT = 1600 };
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        struct record server = { .quiet = true, .on_message = pause_in_message }, client = { 0 };
        struct weft_connect_options options = { .settings = { .send_mark_bytes = 200000 } };
        world_start(&world, backends[i]);
        world_route(&world, "/", &server, NULL);
        weft_socket *socket = world_connect(&world, "/", &client, &options);
        world_until(&world, client.socket && server.socket);
        char *bytes = calloc(1, MESSAGE);
        size_t sent = 0;
        long before = 0;
        while (server.message_count < COUNT) {
            for (; sent < COUNT && !weft_socket_is_over_mark(socket); sent++)
                assert_int_equal(weft_socket_send_bytes(socket, bytes, MESSAGE), WEFT_OK);
            size_t had = server.message_count;
            assert_int_equal(weft_loop_turn(world.loop, 0), WEFT_OK);
            assert_true(server.message_count <= had + 1);
            weft_socket_resume(server.socket);
            if (server.message_count == COUNT / 4 && !before)
                before = resident_kib();
        }
        assert_int_equal(server.message_bytes, (size_t)MESSAGE * COUNT);
        assert_true(IS_SANITIZED || resident_kib() - before < 1024);
        weft_socket_resume(server.socket);
        assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
        world_until(&world, client.is_closed && server.is_closed);
        free(bytes);
        weft_socket_release(socket);
        world_end(&world);
    }
}

static void a_paused_socket_hears_of_its_own_close(void **state)
{
    (void)state;
    struct world world;
    struct record server = { .on_message = pause_in_message }, client = { 0 };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, NULL);
    weft_socket *socket = world_connect(&world, "/", &client, NULL);
    world_until(&world, client.socket);
    assert_int_equal(weft_socket_send_text(socket, "1", 1), WEFT_OK);
    assert_int_equal(weft_socket_send_text(socket, "2", 1), WEFT_OK);
    world_until(&world, server.message_count == 1);
    assert_int_equal(weft_loop_turn(world.loop, 1), WEFT_OK);
    assert_int_equal(weft_socket_close(server.socket, 1000, NULL), WEFT_OK);
    world_until(&world, client.is_closed && server.is_closed);
    assert_string_equal(server.line, "open text:1 close:1000//clean ");
    weft_socket_release(socket);
    world_end(&world);
}

/* A peer may say that it sends no more, and read on: what was sent before is still its. */
static void a_half_closed_peer_gets_the_rest(void **state)
{
    (void)state;
    enum { MESSAGE = 14 << 20 }; /* More than the kernel holds. */
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        struct record server = { 0 };
        world_start(&world, backends[i]);
        world_route(&world, "/", &server, NULL);
        int fd = world_raw_websocket(&world, "/");
        world_until(&world, server.socket);
        char *bytes = calloc(1, MESSAGE);
        assert_int_equal(weft_socket_send_bytes(server.socket, bytes, MESSAGE), WEFT_OK);
        assert_true(weft_socket_buffered_amount(server.socket) > 0);
        static const unsigned char close_frame[] = { 0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8 };
        assert_int_equal(write(fd, close_frame, sizeof close_frame), sizeof close_frame);
        shutdown(fd, SHUT_WR);
        world_until(&world, weft_socket_ready_state(server.socket) == WEFT_CLOSING);
        size_t received = 0;
        ssize_t got = 1;
        while (got != 0) {
            assert_int_equal(weft_loop_turn(world.loop, 0), WEFT_OK);
            got = recv(fd, bytes, MESSAGE, MSG_DONTWAIT);
            assert_true(got >= 0 || errno == EAGAIN);
            received += got > 0 ? (size_t)got : 0;
        }
        assert_int_equal(received, MESSAGE + 10 + 4);
        world_until(&world, server.is_closed);
        assert_string_equal(server.line, "open close:1000//clean ");
        free(bytes);
        close(fd);
        world_end(&world);
    }
}

static void topics_reach_their_subscribers(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        enum { COUNT = 3 };
        struct record servers[COUNT] = { 0 }, clients[COUNT] = { 0 };
        weft_socket *sockets[COUNT];
        weft_hub *hub;
        world_start(&world, backends[i]);
        assert_int_equal(weft_hub_create(world.loop, NULL, &hub), WEFT_OK);
        for (int n = 0; n < COUNT; n++) {
            char path[] = { '/', (char)('a' + n), '\0' };
            world_route(&world, path, &servers[n], NULL);
            sockets[n] = world_connect(&world, path, &clients[n], NULL);
            world_until(&world, clients[n].socket && servers[n].socket);
            assert_int_equal(weft_subscribe(hub, servers[n].socket, "all"), WEFT_OK);
        }
        assert_int_equal(weft_subscribe(hub, servers[0].socket, "all"), WEFT_OK);
        assert_int_equal(weft_subscribe(hub, sockets[2], "all"), WEFT_OK); /* A client may, too. */
        assert_int_equal(weft_subscriber_count(hub, "all"), COUNT + 1);
        assert_int_equal(weft_subscribe(hub, servers[0].socket, ""), WEFT_ERR_ARGUMENT);
        assert_int_equal(weft_publish(hub, "all", WEFT_TEXT, "\xff", 1, NULL), WEFT_ERR_UTF8);
        assert_int_equal(weft_publish(hub, "none", WEFT_TEXT, "x", 1, NULL), WEFT_OK);

        assert_int_equal(weft_publish(hub, "all", WEFT_TEXT, "1", 1, NULL), WEFT_OK);
        assert_int_equal(weft_publish(hub, "all", WEFT_BINARY, "2", 1, servers[1].socket), WEFT_OK);
        world_until(&world, clients[0].message_count == 2 && clients[2].message_count == 2 &&
                                servers[2].message_count == 2);
        assert_string_equal(clients[0].line, "open text:1 binary:2 ");
        assert_string_equal(clients[1].line, "open text:1 ");
        assert_string_equal(servers[2].line, "open text:1 binary:2 ");

        assert_int_equal(weft_unsubscribe(hub, sockets[2], "all"), WEFT_OK);
        assert_int_equal(weft_unsubscribe(hub, sockets[2], "all"), WEFT_ERR_NOT_FOUND);
        assert_int_equal(weft_socket_close(sockets[0], 1000, NULL), WEFT_OK);
        world_until(&world, servers[0].is_closed);
        assert_int_equal(weft_subscriber_count(hub, "all"), 2);
        weft_hub_destroy(hub);
        for (int n = 0; n < COUNT; n++)
            weft_socket_release(sockets[n]);
        world_end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_peer_costs_one_timeout),
        cmocka_unit_test(pings_keep_a_quiet_connection),
        cmocka_unit_test(a_close_that_is_not_answered_times_out),
        cmocka_unit_test(an_idle_connection_is_closed),
        cmocka_unit_test(a_handshake_that_stalls_times_out),
        cmocka_unit_test(over_the_cap_closes_with_1013),
        cmocka_unit_test(drained_comes_once_below_the_mark),
        cmocka_unit_test(messages_of_all_sizes_come_back),
        cmocka_unit_test(a_message_over_the_limit_fails_with_1009),
        cmocka_unit_test(a_paused_receiver_holds_the_peer_back),
        cmocka_unit_test(a_paused_socket_hears_of_its_own_close),
        cmocka_unit_test(a_half_closed_peer_gets_the_rest),
        cmocka_unit_test(topics_reach_their_subscribers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

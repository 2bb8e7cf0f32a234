/* Where a client's connection comes from: several addresses, an address of this machine, a
 * descriptor that is connected already, and what TCP is asked for. */
#include "support/cases.h"
#include "support/odd_listeners.h"
#include "support/secure.h"
#include "support/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void note_peer(weft_socket *socket, struct record *record)
{
    char peer[64];
    assert_int_equal(weft_socket_peer(socket, peer, sizeof peer), WEFT_OK);
    snprintf(record->http_body, sizeof record->http_body, "%s", peer);
}

static void close_at_once(weft_socket *socket, struct record *record)
{
    (void)record;
    assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
}

static int connected_to(const char *address)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    to.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void scene_begin(struct world *world, struct record *server, struct record *client,
                        enum weft_backend backend)
{
    *server = (struct record){ .on_open = note_peer };
    *client = (struct record){ .on_open = close_at_once };
    world_start(world, backend);
    world_route(world, "/echo", server, NULL);
}

static void open_and_close(struct world *world, struct record *server, struct record *client,
                           const struct weft_connect_options *options)
{
    weft_socket *socket = world_connect(world, "/echo", client, options);
    world_until(world, client->is_closed && server->is_closed);
    assert_string_equal(client->line, "open close:1000//clean ");
    weft_socket_release(socket);
}

/* localhost is 127.0.0.1 and ::1 always, and the server has but one of them. */
static void of_two_addresses_one_is_enough(void **state)
{
    (void)state;
    static const char *const addresses[] = { "127.0.0.1:0", "[::1]:0" };
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        struct world world;
        struct record server, client;
        char address[64];
        scene_begin(&world, &server, &client, WEFT_BACKEND_DEFAULT);
        weft_status status = secure_listen(world.server, addresses[i], address, sizeof address);
        if (status && i == 1) {
            world_end(&world); /* This machine has no IPv6. */
            continue;
        }
        assert_int_equal(status, WEFT_OK);
        snprintf(world.url, sizeof world.url, "%s://localhost%s", secure_scheme(),
                 strrchr(address, ':'));
        open_and_close(&world, &server, &client, NULL);
        world_end(&world);
    }
}

static void it_comes_from_the_address_that_was_named(void **state)
{
    (void)state;
    struct world world;
    struct record server, client;
    scene_begin(&world, &server, &client, WEFT_BACKEND_DEFAULT);
    struct weft_connect_options options = { .source_address = "127.0.0.3" };
    open_and_close(&world, &server, &client, &options);
    assert_memory_equal(server.http_body, "127.0.0.3:", 10);
    world_end(&world);
}

static void a_place_that_cannot_be_had_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *source, *device;
        const char *text;
    } cases[] = {
        { "an address of another machine", "192.0.2.1", NULL, "source_address is of no use" },
        { "an address of another family", "::1", NULL, "source_address is of no use" },
        { "no such interface", NULL, "weft-none0", "bind_device is of no use" },
    };
    for_each_case(c, cases)
    {
        struct world world;
        struct record server, client;
        scene_begin(&world, &server, &client, WEFT_BACKEND_DEFAULT);
        struct weft_connect_options options = { .source_address = c->source,
                                                .bind_device = c->device };
        weft_socket *socket = world_connect(&world, "/echo", &client, &options);
        world_until(&world, client.is_closed);
        assert_string_equal(client.line, "error:connect close:1006//unclean ");
        assert_true(client.failure.system_error != 0);
        assert_non_null(strstr(client.failure_text, c->text));
        weft_socket_release(socket);
        world_end(&world);
    }
}

/* While it is being connected: nobody answers. */
static void an_end_while_connecting_leaves_nothing(void **state)
{
    (void)state;
    enum end { IS_CLOSED, LOOP_ENDS, TIME_IS_OVER, END_COUNT };
    static const char *const lines[] = { "error:aborted close:1006//unclean ",
                                         "error:aborted close:1006//unclean ",
                                         "error:timeout close:1006//unclean " };
    struct silent_listener silent;
    silent_listener_open(&silent);
    for (int end = IS_CLOSED; end < END_COUNT; end++) {
        size_t descriptors = count_descriptors();
        struct record client = { 0 };
        struct weft_connect_options options = { .events = record_events, .user = &client };
        weft_loop *loop = NULL;
        weft_socket *socket = NULL;
        char url[64];
        if (end == TIME_IS_OVER)
            options.connect_timeout_ms = 30;
        snprintf(url, sizeof url, "ws://127.0.0.1:%u/", (unsigned)silent.port);
        assert_int_equal(weft_loop_create(NULL, &loop), WEFT_OK);
        size_t with_loop = count_descriptors();
        assert_int_equal(weft_socket_connect(loop, url, &options, &socket), WEFT_OK);
        while (count_descriptors() == with_loop)
            assert_int_equal(weft_loop_turn(loop, 10), WEFT_OK);
        if (end == IS_CLOSED)
            assert_int_equal(weft_socket_close(socket, 0, NULL), WEFT_OK);
        while (end != LOOP_ENDS && !client.is_closed)
            assert_int_equal(weft_loop_turn(loop, 10), WEFT_OK);
        if (end != LOOP_ENDS) {
            assert_int_equal(count_descriptors(), with_loop);
            assert_false(weft_loop_is_alive(loop));
        }
        weft_loop_destroy(loop);
        weft_socket_release(socket);
        assert_string_equal(client.line, lines[end]);
        assert_int_equal(count_descriptors(), descriptors);
    }
    silent_listener_close(&silent);
}

/* Whoever answers for that name, and whenever. */
static void an_end_while_the_name_is_asked_for_leaves_nothing(void **state)
{
    (void)state;
    for (int ends_loop = 0; ends_loop < 2; ends_loop++) {
        size_t descriptors = count_descriptors();
        struct record client = { 0 };
        struct weft_connect_options options = { .events = record_events, .user = &client };
        weft_loop *loop = NULL;
        weft_socket *socket = NULL;
        assert_int_equal(weft_loop_create(NULL, &loop), WEFT_OK);
        assert_int_equal(weft_socket_connect(loop, "ws://weft.example/", &options, &socket),
                         WEFT_OK);
        if (!ends_loop) {
            assert_int_equal(weft_socket_close(socket, 0, NULL), WEFT_OK);
            assert_int_equal(weft_loop_turn(loop, 0), WEFT_OK);
            assert_string_equal(client.line, "error:aborted close:1006//unclean ");
            assert_false(weft_loop_is_alive(loop));
        }
        weft_loop_destroy(loop);
        assert_true(client.is_closed);
        weft_socket_release(socket);
        assert_int_equal(count_descriptors(), descriptors);
    }
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t bytes = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &bytes), 0);
    return value;
}

static void a_descriptor_is_a_connection(void **state)
{
    (void)state;
    static const enum weft_backend backends[] = { WEFT_BACKEND_EPOLL, WEFT_BACKEND_POLL };
    for (size_t i = 0; i < 4; i++) {
        struct world world;
        struct record server, client;
        bool is_asked = i / 2;
        scene_begin(&world, &server, &client, backends[i % 2]);
        size_t descriptors = count_descriptors();
        int fd = connected_to(world.address), ours = dup(fd);
        /* The URL is for the server alone; the port is one that is never dialled, and bad. */
        snprintf(world.url, sizeof world.url, "%s://localhost:1", secure_scheme());
        struct weft_connect_options options = { .has_descriptor = true,
                                                .descriptor = fd,
                                                .proxy_from_environment = true };
        if (is_asked)
            options.tcp = (struct weft_tcp_options){ .nodelay_off = true, .keepalive_idle_s = 77 };
        setenv("all_proxy", "http://127.0.0.1:1", 1);
        open_and_close(&world, &server, &client, &options);
        unsetenv("all_proxy");
        assert_int_equal(option_of(ours, IPPROTO_TCP, TCP_NODELAY), !is_asked);
        assert_int_equal(option_of(ours, SOL_SOCKET, SO_KEEPALIVE), is_asked);
        if (is_asked)
            assert_int_equal(option_of(ours, IPPROTO_TCP, TCP_KEEPIDLE), 77);
        close(ours); /* The last of the client's end, for which the server's waits. */
        world_until(&world, count_descriptors() == descriptors);
        world_end(&world);
    }
}

/* The descriptor of the server's end: the one whose own port is the server's, and that has a peer.
 */
static int accepted_descriptor(const char *address)
{
    int port = atoi(strrchr(address, ':') + 1);
    for (int fd = 0; fd < 1024; fd++) {
        struct sockaddr_in own = { 0 }, peer = { 0 };
        socklen_t own_bytes = sizeof own, peer_bytes = sizeof peer;
        if (!getsockname(fd, (struct sockaddr *)&own, &own_bytes) && own.sin_family == AF_INET &&
            ntohs(own.sin_port) == port && !getpeername(fd, (struct sockaddr *)&peer, &peer_bytes))
            return fd;
    }
    return -1;
}

static void check_accepted(weft_socket *socket, struct record *record)
{
    int fd = accepted_descriptor(record->http_header);
    (void)socket;
    assert_true(fd >= 0);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 78);
}

static void what_a_server_accepts_has_its_options(void **state)
{
    (void)state;
    struct world world;
    struct record server, client;
    scene_begin(&world, &server, &client, WEFT_BACKEND_DEFAULT);
    struct weft_listen_options wrong = { .tcp.keepalive_count = 128 };
    struct weft_listen_options options = { .tls = secure_identity(),
                                           .tcp = { .nodelay_off = true, .keepalive_idle_s = 78 } };
    assert_int_equal(weft_server_listen_with(world.server, "127.0.0.1:0", &wrong, NULL, 0),
                     WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_server_listen_with(world.server, "127.0.0.1:0", &options,
                                             server.http_header, sizeof server.http_header),
                     WEFT_OK);
    snprintf(world.url, sizeof world.url, "%s://%.60s", secure_scheme(), server.http_header);
    server.on_open = check_accepted;
    open_and_close(&world, &server, &client, NULL);
    world_end(&world);
}

static void wrong_options_are_answered_at_once(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    const struct {
        const char *name;
        struct weft_connect_options options;
        weft_status status;
    } cases[] = {
        { "a descriptor below zero",
          { .has_descriptor = true, .descriptor = -1 },
          WEFT_ERR_ARGUMENT },
        { "a descriptor that is none",
          { .has_descriptor = true, .descriptor = 1 << 20 },
          WEFT_ERR_SYSTEM },
        { "and redirects",
          { .has_descriptor = true, .descriptor = pair[0], .redirects_max = 1 },
          WEFT_ERR_ARGUMENT },
        { "and reconnect",
          { .has_descriptor = true, .descriptor = pair[0], .reconnect.attempts_max = 1 },
          WEFT_ERR_ARGUMENT },
        { "and a proxy",
          { .has_descriptor = true, .descriptor = pair[0], .proxy = "http://p:1" },
          WEFT_ERR_ARGUMENT },
        { "and an address",
          { .has_descriptor = true, .descriptor = pair[0], .source_address = "127.0.0.1" },
          WEFT_ERR_ARGUMENT },
        { "and an interface",
          { .has_descriptor = true, .descriptor = pair[0], .bind_device = "lo" },
          WEFT_ERR_ARGUMENT },
        { "a proxy of no kind", { .proxy = "ftp://p" }, WEFT_ERR_SYNTAX },
        { "a proxy behind TLS", { .proxy = "https://p" }, WEFT_ERR_UNSUPPORTED },
        { "a name for an address", { .source_address = "localhost" }, WEFT_ERR_SYNTAX },
        { "an interface with a long name", { .bind_device = "sixteen-letters-" }, WEFT_ERR_SYNTAX },
        { "too long a silence", { .tcp.keepalive_idle_s = 32768 }, WEFT_ERR_ARGUMENT },
    };
    for_each_case(c, cases)
    {
        weft_loop *loop = NULL;
        weft_socket *socket = NULL;
        assert_int_equal(weft_loop_create(NULL, &loop), WEFT_OK);
        assert_int_equal(weft_socket_connect(loop, "ws://localhost:1/", &c->options, &socket),
                         c->status);
        assert_null(socket);
        assert_false(weft_loop_is_alive(loop));
        weft_loop_destroy(loop);
    }
    /* It is still the caller's. */
    assert_true(fcntl(pair[0], F_GETFD) >= 0);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_two_addresses_one_is_enough),
        cmocka_unit_test(it_comes_from_the_address_that_was_named),
        cmocka_unit_test(a_place_that_cannot_be_had_is_told),
        cmocka_unit_test(an_end_while_connecting_leaves_nothing),
        cmocka_unit_test(an_end_while_the_name_is_asked_for_leaves_nothing),
        cmocka_unit_test(a_descriptor_is_a_connection),
        cmocka_unit_test(what_a_server_accepts_has_its_options),
        cmocka_unit_test(wrong_options_are_answered_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The events and attributes of the WebSocket object, both sides, over real sockets. The numbers are
 * those of the standard's points in docs/rfc-map.md. */
#include "support/world.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void run_on_all(void (*test)(struct world *world))
{
    static const enum weft_backend backends[] = { WEFT_BACKEND_EPOLL, WEFT_BACKEND_POLL };
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        world_start(&world, backends[i]);
        test(&world);
        world_end(&world);
    }
}

#define ON_ALL_BACKENDS(name)                                                                      \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        run_on_all(name##_on);                                                                     \
    }

static void echo_and_close_on(struct world *world)
{
    static const char *const protocols[] = { "first", "second" };
    struct record server = { .echoes = true }, client = { 0 };
    world_route(world, "/echo", &server, NULL);
    struct weft_connect_options options = { .protocols = protocols, .protocol_count = 2 };
    weft_socket *socket = world_connect(world, "/echo?a=b", &client, &options);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CONNECTING);
    assert_string_equal(weft_socket_protocol(socket), "");
    assert_int_equal(weft_socket_send_text(socket, "early", 5), WEFT_ERR_STATE);
    assert_int_equal(client.bytes, 0);

    world_until(world, client.socket);
    assert_ptr_equal(client.socket, socket);
    assert_string_equal(weft_socket_protocol(socket), "second");
    assert_string_equal(weft_socket_protocol(server.socket), "second");
    assert_string_equal(
        weft_socket_extensions(socket),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    assert_string_equal(weft_socket_extensions(server.socket), weft_socket_extensions(socket));
    assert_memory_equal(weft_socket_url(socket), world->url, strlen(world->url));
    assert_non_null(strstr(weft_socket_url(socket), "/echo?a=b"));
    assert_int_equal(weft_socket_side(socket), WEFT_CLIENT);

    assert_int_equal(weft_socket_send_text(socket, "h\xc3\xa9llo", WEFT_ZERO_TERMINATED), WEFT_OK);
    assert_int_equal(weft_socket_send_bytes(socket, "by", 2), WEFT_OK);
    assert_int_equal(weft_socket_send_text(socket, NULL, 0), WEFT_OK);
    assert_int_equal(weft_socket_buffered_amount(socket), 8);
    assert_int_equal(weft_socket_send_text(socket, "\xff", 1), WEFT_ERR_UTF8);
    assert_int_equal(weft_socket_buffered_amount(socket), 8);
    world_until(world, client.message_count == 3);
    assert_int_equal(weft_socket_buffered_amount(socket), 0);

    assert_int_equal(weft_socket_close(socket, 3456,
                                       "b\xc3\xbf"
                                       "e"),
                     WEFT_OK);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CLOSING);
    assert_int_equal(weft_socket_close(socket, 1000, "again"), WEFT_OK);
    world_until(world, client.is_closed && server.is_closed);
    assert_string_equal(client.line, "open text:h\xc3\xa9llo binary:by text: close:3456/b\xc3\xbf"
                                     "e/clean ");
    assert_string_equal(server.line, "open text:h\xc3\xa9llo binary:by text: close:3456/b\xc3\xbf"
                                     "e/clean ");
    assert_int_equal(client.state_at_close, WEFT_CLOSED);
    assert_string_equal(weft_socket_protocol(socket), "second");
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(echo_and_close)

static void close_checks_its_arguments_on(struct world *world)
{
    struct record server = { 0 }, client = { 0 };
    world_route(world, "/", &server, NULL);
    weft_socket *socket = world_connect(world, "/", &client, NULL);
    world_until(world, client.socket);
    char long_reason[125];
    memset(long_reason, 'x', 124);
    long_reason[124] = '\0';
    static const uint16_t refused[] = { 1,    999,  1001, 1002, 1003, 1004, 1005, 1006,
                                        1007, 1011, 1015, 2000, 2999, 5000, 65535 };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(weft_socket_close(socket, refused[i], long_reason), WEFT_ERR_ACCESS);
    assert_int_equal(weft_socket_close(socket, 1000, long_reason), WEFT_ERR_SYNTAX);
    assert_int_equal(weft_socket_close(socket, 1000, "\xff"), WEFT_ERR_UTF8);
    assert_int_equal(weft_socket_close(server.socket, 1006, NULL), WEFT_ERR_ACCESS);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_OPEN);
    long_reason[123] = '\0';
    assert_int_equal(weft_socket_close(server.socket, 1012, long_reason), WEFT_OK);
    world_until(world, client.is_closed && server.is_closed);
    assert_non_null(strstr(client.line, "close:1012/xxx"));
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(close_checks_its_arguments)

static void a_close_without_code_on(struct world *world)
{
    struct record server = { 0 }, client = { 0 }, other = { 0 };
    world_route(world, "/", &server, NULL);
    weft_socket *socket = world_connect(world, "/", &client, NULL);
    world_until(world, client.socket);
    assert_int_equal(weft_socket_close(socket, 0, NULL), WEFT_OK);
    world_until(world, client.is_closed && server.is_closed);
    assert_string_equal(client.line, "open close:1005//clean ");
    assert_string_equal(server.line, "open close:1005//clean ");
    weft_socket_release(socket);

    memset(&server, 0, sizeof server);
    socket = world_connect(world, "/", &other, NULL);
    world_until(world, other.socket);
    assert_int_equal(weft_socket_close(socket, 0, "only a reason"), WEFT_OK);
    world_until(world, other.is_closed && server.is_closed);
    assert_string_equal(server.line, "open close:1000/only a reason/clean ");
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(a_close_without_code)

static void close_while_connecting_on(struct world *world)
{
    struct record server = { 0 }, client = { 0 };
    world_route(world, "/", &server, NULL);
    weft_socket *socket = world_connect(world, "/", &client, NULL);
    assert_int_equal(weft_socket_close(socket, 0, NULL), WEFT_OK);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CLOSING);
    assert_int_equal(client.bytes, 0);
    world_until(world, client.is_closed);
    assert_string_equal(client.line, "error:aborted close:1006//unclean ");
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(close_while_connecting)

static void what_is_sent_after_close_is_dropped_on(struct world *world)
{
    struct record server = { 0 }, client = { 0 };
    world_route(world, "/", &server, NULL);
    weft_socket *socket = world_connect(world, "/", &client, NULL);
    world_until(world, client.socket);
    assert_int_equal(weft_socket_send_text(socket, "before", 6), WEFT_OK);
    assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
    assert_int_equal(weft_socket_send_text(socket, "after", 5), WEFT_OK);
    assert_int_equal(weft_socket_buffered_amount(socket), 11);
    world_until(world, client.is_closed && server.is_closed);
    assert_string_equal(server.line, "open text:before close:1000//clean ");
    assert_int_equal(weft_socket_buffered_amount(socket), 5);
    assert_int_equal(weft_socket_send_bytes(socket, "more", 4), WEFT_OK);
    assert_int_equal(weft_socket_buffered_amount(socket), 9);
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(what_is_sent_after_close_is_dropped)

static void close_in_message(weft_socket *socket, const struct weft_message_event *message,
                             struct record *record)
{
    (void)message, (void)record;
    assert_int_equal(weft_socket_close(socket, 1000, "enough"), WEFT_OK);
}

static void send_three(weft_socket *socket, struct record *record)
{
    (void)record;
    for (int i = 0; i < 3; i++)
        assert_int_equal(weft_socket_send_text(socket, "x", 1), WEFT_OK);
}

static void messages_behind_close_are_dropped_on(struct world *world)
{
    struct record server = { .on_open = send_three };
    struct record client = { .on_message = close_in_message };
    world_route(world, "/", &server, NULL);
    weft_socket *socket = world_connect(world, "/", &client, NULL);
    world_until(world, client.is_closed && server.is_closed);
    assert_string_equal(client.line, "open text:x close:1000/enough/clean ");
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(messages_behind_close_are_dropped)

static void refuse(weft_request *request, void *user)
{
    (void)user;
    struct weft_header header = { WEFT_TEXT_LITERAL("X-Why"), WEFT_TEXT_LITERAL("no ticket") };
    struct weft_response response = {
        .status = 403, .headers = &header, .header_count = 1, .body = "go away\n", .body_bytes = 8
    };
    assert_int_equal(weft_request_respond(request, &response), WEFT_OK);
}

static void a_refusal_is_told_whole_on(struct world *world)
{
    struct record client = { 0 };
    struct weft_route route = { .on_upgrade = refuse };
    assert_int_equal(weft_server_route(world->server, "/", &route), WEFT_OK);
    weft_socket *socket = world_connect(world, "/", &client, NULL);
    world_until(world, client.is_closed);
    assert_string_equal(client.line, "error:handshake close:1006//unclean ");
    assert_int_equal(client.failure.status, WEFT_ERR_REFUSED);
    assert_int_equal(client.http_status, 403);
    assert_string_equal(client.http_header, "no ticket");
    assert_string_equal(client.http_body, "go away\n");
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(a_refusal_is_told_whole)

static void nobody_listens_on(struct world *world)
{
    struct record client = { 0 };
    weft_server_stop_listening(world->server);
    weft_socket *socket = world_connect(world, "/", &client, NULL);
    world_until(world, client.is_closed);
    assert_string_equal(client.line, "error:connect close:1006//unclean ");
    assert_int_equal(client.failure.system_error, ECONNREFUSED);
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(nobody_listens)

static void bad_ports_fail_later_on(struct world *world)
{
    struct record client = { 0 };
    struct weft_connect_options options = { .events = record_events, .user = &client };
    assert_int_equal(weft_socket_connect(world->loop, "ws://127.0.0.1:6667/", &options, NULL),
                     WEFT_OK);
    assert_int_equal(client.bytes, 0);
    world_until(world, client.is_closed);
    assert_string_equal(client.line, "error:blocked close:1006//unclean ");
}
ON_ALL_BACKENDS(bad_ports_fail_later)

static void bad_urls_are_told_at_once_on(struct world *world)
{
    static const char *const syntax[] = { "",          "nonsense", "ftp://h/",      "ws://h/#",
                                          "/relative", "ws://",    "ws://h:99999/", "ws://a b/",
                                          "mailto:x" };
    for (size_t i = 0; i < sizeof syntax / sizeof *syntax; i++)
        assert_int_equal(weft_socket_connect(world->loop, syntax[i], NULL, NULL), WEFT_ERR_SYNTAX);
    assert_int_equal(weft_socket_connect(world->loop, NULL, NULL, NULL), WEFT_ERR_ARGUMENT);
    static const char *const protocols[][2] = {
        { "a", "a" }, { "", "b" }, { "a b", "c" }, { "x", "d,e" }, { "q", "\x7f" }
    };
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
        struct weft_connect_options options = { .protocols = protocols[i], .protocol_count = 2 };
        assert_int_equal(weft_socket_connect(world->loop, world->url, &options, NULL),
                         WEFT_ERR_SYNTAX);
    }
    assert_false(weft_socket_ready_state(NULL) != WEFT_CLOSED);
}
ON_ALL_BACKENDS(bad_urls_are_told_at_once)

static void a_reset_is_an_unclean_close_on(struct world *world)
{
    struct record server = { 0 };
    world_route(world, "/", &server, NULL);
    int fd = world_raw_websocket(world, "/");
    world_until(world, server.socket);
    struct linger reset = { 1, 0 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    world_until(world, server.is_closed);
    assert_string_equal(server.line, "open error:transport close:1006//unclean ");
}
ON_ALL_BACKENDS(a_reset_is_an_unclean_close)

static void an_end_without_close_is_unclean_on(struct world *world)
{
    struct record server = { 0 };
    world_route(world, "/", &server, NULL);
    int fd = world_raw_websocket(world, "/");
    shutdown(fd, SHUT_WR);
    world_until(world, server.is_closed);
    assert_string_equal(server.line, "open error:transport close:1006//unclean ");
    close(fd);
}
ON_ALL_BACKENDS(an_end_without_close_is_unclean)

static void pings_are_answered_and_told_on(struct world *world)
{
    struct record server = { 0 }, client = { 0 };
    world_route(world, "/", &server, NULL);
    weft_socket *socket = world_connect(world, "/", &client, NULL);
    assert_int_equal(weft_socket_ping(socket, "e", 1), WEFT_ERR_STATE);
    world_until(world, client.socket && server.socket);
    char long_payload[126] = { 0 };
    assert_int_equal(weft_socket_ping(socket, long_payload, 126), WEFT_ERR_LIMIT);
    assert_int_equal(weft_socket_ping(socket, "one", 3), WEFT_OK);
    assert_int_equal(weft_socket_ping(server.socket, "two", 3), WEFT_OK);
    world_until(world, strstr(client.line, "pong:one") && strstr(server.line, "pong:two"));
    assert_non_null(strstr(server.line, "ping:one"));
    assert_non_null(strstr(client.line, "ping:two"));
    assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
    world_until(world, client.is_closed && server.is_closed);
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(pings_are_answered_and_told)

struct listening {
    weft_socket *socket;
    weft_listener *first, *second;
    char heard[256];
};

static void hear(struct listening *listening, const char *who)
{
    strncat(listening->heard, who, sizeof listening->heard - strlen(listening->heard) - 1);
}

static void first_hears(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)message;
    struct listening *listening = user;
    hear(listening, "first ");
    /* The second is removed before its turn; the new one hears from the next event on. */
    weft_socket_remove_listener(socket, listening->second);
    weft_socket_remove_listener(socket, listening->first);
}

static void second_hears(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)socket, (void)message;
    hear(user, "second ");
}

static void once_hears(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)message;
    struct listening *listening = user;
    hear(listening, "once ");
    struct weft_socket_events late = { .on_message = second_hears };
    assert_int_equal(weft_socket_add_listener(socket, &late, user, false, NULL), WEFT_OK);
}

static void own_hears(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)socket, (void)message;
    hear(user, "own ");
}

static void closed_is_heard(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    (void)event;
    hear(user, "closed ");
    struct weft_socket_events none = { 0 };
    assert_int_equal(weft_socket_add_listener(socket, &none, NULL, false, NULL), WEFT_ERR_CLOSED);
}

static void listeners_come_and_go_on(struct world *world)
{
    struct record server = { .on_open = send_three }, client = { 0 };
    struct listening listening = { 0 };
    world_route(world, "/", &server, NULL);
    weft_socket *socket = world_connect(world, "/", &client, NULL);
    struct weft_socket_events events = { .on_message = first_hears };
    assert_int_equal(weft_socket_add_listener(socket, &events, &listening, false, &listening.first),
                     WEFT_OK);
    events.on_message = second_hears;
    assert_int_equal(
        weft_socket_add_listener(socket, &events, &listening, false, &listening.second), WEFT_OK);
    events.on_message = once_hears;
    assert_int_equal(weft_socket_add_listener(socket, &events, &listening, true, NULL), WEFT_OK);
    struct weft_socket_events close_events = { .on_close = closed_is_heard };
    assert_int_equal(weft_socket_add_listener(socket, &close_events, &listening, false, NULL),
                     WEFT_OK);
    struct weft_socket_events own = { .on_message = own_hears };
    assert_int_equal(weft_socket_set_events(socket, &own, &listening), WEFT_OK);
    assert_ptr_equal(weft_socket_user(socket), &listening);

    world_until(world, strstr(listening.heard, "second own second "));
    assert_string_equal(listening.heard, "own first once own second own second ");
    assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
    world_until(world, server.is_closed && strstr(listening.heard, "closed "));
    assert_int_equal(client.bytes, 0);
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(listeners_come_and_go)

static void a_retained_socket_outlives_its_loop(void **state)
{
    (void)state;
    struct world world;
    struct record server = { 0 }, client = { 0 }, other = { 0 }, never = { 0 };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, NULL);
    world_route(&world, "/other", &other, NULL);
    weft_socket *socket = world_connect(&world, "/", &client, NULL);
    weft_socket *connecting = world_connect(&world, "/other", &never, NULL);
    world_until(&world, client.socket);
    world_end(&world);
    assert_string_equal(client.line, "open error:aborted close:1006//unclean ");
    assert_true(never.is_closed);

    assert_int_equal(weft_socket_ready_state(socket), WEFT_CLOSED);
    assert_int_equal(weft_socket_send_text(socket, "x", 1), WEFT_OK);
    assert_int_equal(weft_socket_buffered_amount(socket), 1);
    assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
    assert_int_equal(weft_socket_ping(socket, NULL, 0), WEFT_ERR_STATE);
    char peer[64];
    assert_int_equal(weft_socket_peer(socket, peer, sizeof peer), WEFT_ERR_CLOSED);
    assert_non_null(strstr(weft_socket_url(socket), "://127.0.0.1"));
    assert_non_null(strstr(weft_socket_extensions(socket), "permessage-deflate"));
    assert_string_equal(weft_socket_protocol(socket), "");
    assert_string_equal(weft_socket_failure(socket)->text, "the loop has ended");
    weft_socket_release(socket);
    weft_socket_release(connecting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_and_close),
        cmocka_unit_test(close_checks_its_arguments),
        cmocka_unit_test(a_close_without_code),
        cmocka_unit_test(close_while_connecting),
        cmocka_unit_test(what_is_sent_after_close_is_dropped),
        cmocka_unit_test(messages_behind_close_are_dropped),
        cmocka_unit_test(a_refusal_is_told_whole),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(bad_ports_fail_later),
        cmocka_unit_test(bad_urls_are_told_at_once),
        cmocka_unit_test(a_reset_is_an_unclean_close),
        cmocka_unit_test(an_end_without_close_is_unclean),
        cmocka_unit_test(pings_are_answered_and_told),
        cmocka_unit_test(listeners_come_and_go),
        cmocka_unit_test(a_retained_socket_outlives_its_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

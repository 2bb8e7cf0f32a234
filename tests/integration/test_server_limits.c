/* What a flood, a silent or slow peer, a missing byte of memory and the server's own end cost. */
#include "support/cases.h"
#include "support/fault_alloc.h"
#include "support/secure.h"
#include "support/serving.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"

static void on_hello(weft_request *request, void *user)
{
    struct weft_response response = { .body = user, .body_bytes = strlen(user) };
    weft_status status = weft_request_respond(request, &response);
    assert_true(status == WEFT_OK || status == WEFT_ERR_MEMORY);
}

static void on_later(weft_request *request, void *user)
{
    *(weft_request **)user = request;
    weft_request_defer(request);
}

static void add_hello(struct serving *serving)
{
    assert_int_equal(weft_server_handle(serving->server, "/hello", on_hello, "hi"), WEFT_OK);
}

/* ---- too many ---- */

static void one_connection_too_many_is_told(void **state)
{
    struct serving *serving = *state;
    struct raw_client clients[3], refused;
    struct raw_answer answer = { 0 };
    serving_restart(serving, &(struct weft_server_options){ .connections_max = 3 });
    add_hello(serving);
    for (size_t i = 0; i < 3; i++)
        serving_ask(serving, &clients[i], &answer, GET("/hello"));
    assert_int_equal(answer.status, 200);

    serving_ask(serving, &refused, &answer, GET("/hello"));
    assert_int_equal(answer.status, 503);
    assert_string_equal(raw_field(&answer, "Connection"), "close");
    assert_string_equal(answer.body, "there are too many connections\n");
    raw_expect_end(&refused);
    assert_false(refused.was_reset);
    raw_close(&refused);
    assert_int_equal(serving_counts(serving).connections, 3);
    assert_int_equal(serving_counts(serving).rejected_total, 1);

    /* Where one goes, another may come. */
    raw_close(&clients[0]);
    raw_until(serving->loop, serving_counts(serving).connections == 2);
    serving_ask(serving, &clients[0], &answer, GET("/hello"));
    assert_int_equal(answer.status, 200);
    for (size_t i = 0; i < 3; i++)
        raw_close(&clients[i]);
    raw_drop(&answer);
}

static void a_flood_over_the_limit_costs_nothing(void **state)
{
    enum { FLOOD = 150 }; /* More than are told at a time. */
    struct serving *serving = *state;
    static struct raw_client clients[FLOOD];
    struct raw_client inside;
    struct raw_answer answer = { 0 };
    serving_restart(serving, &(struct weft_server_options){ .connections_max = 1 });
    add_hello(serving);
    serving_ask(serving, &inside, &answer, GET("/hello"));
    for (size_t i = 0; i < FLOOD; i++)
        raw_open(&clients[i], serving->loop, serving->address);
    raw_until(serving->loop, serving_counts(serving).rejected_total == FLOOD);
    /* The last ones are closed at once; the one that was there is served. */
    raw_until(serving->loop, (raw_receive(&clients[FLOOD - 1]), clients[FLOOD - 1].has_ended));
    raw_send(&inside, GET("/hello"));
    raw_take(&inside, &answer, false);
    assert_int_equal(answer.status, 200);
    for (size_t i = 0; i < FLOOD; i++)
        raw_close(&clients[i]);
    raw_close(&inside);
    raw_drop(&answer);
}

/* More than are told at a time, one behind the other. */
static void who_was_refused_makes_room(void **state)
{
    enum { REFUSED = 70 };
    struct serving *serving = *state;
    struct raw_client inside, refused;
    struct raw_answer answer = { 0 };
    serving_restart(serving, &(struct weft_server_options){ .connections_max = 1 });
    add_hello(serving);
    serving_ask(serving, &inside, &answer, GET("/hello"));
    for (size_t i = 0; i < REFUSED; i++) {
        serving_ask(serving, &refused, &answer, GET("/hello"));
        assert_int_equal(answer.status, 503);
        raw_expect_end(&refused);
        raw_close(&refused);
    }
    assert_int_equal(serving_counts(serving).connections, 1);
    assert_int_equal(weft_server_drain(serving->server, 1001, "", 0, NULL, NULL), WEFT_OK);
    raw_expect_end(&inside);
    raw_until(serving->loop, serving_counts(serving).connections == 0);
    raw_close(&inside);
    raw_drop(&answer);
}

static void a_server_may_end_while_it_refuses(void **state)
{
    struct serving *serving = *state;
    struct raw_client clients[4];
    serving_restart(serving, &(struct weft_server_options){ .connections_max = 1 });
    for (size_t i = 0; i < 4; i++)
        raw_open(&clients[i], serving->loop, serving->address);
    raw_until(serving->loop, serving_counts(serving).rejected_total == 3);
    weft_server_destroy(serving->server);
    serving->server = NULL;
    for (size_t i = 0; i < 4; i++) {
        raw_until(serving->loop, (raw_receive(&clients[i]), clients[i].has_ended));
        raw_close(&clients[i]);
    }
}

/* ---- too slow ---- */

static void a_silent_peer_is_dropped(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    serving_restart(serving, &(struct weft_server_options){ .request_timeout_ms = 30 });
    raw_open(&client, serving->loop, serving->address);
    raw_expect_end(&client);
    raw_until(serving->loop, serving_counts(serving).connections == 0);
    raw_close(&client);
}

static bool sent_one_more(struct raw_client *client)
{
    raw_receive(client);
    if (!client->has_ended)
        (void)!write(client->fd, "X: y\r\n", 6);
    return client->has_ended;
}

/* A head that never ends gets its time once, however busily it comes. RFC 9110 15.5.9. */
static void a_slow_head_is_answered_and_dropped(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    serving_restart(serving, &(struct weft_server_options){ .request_timeout_ms = 50,
                                                            .head_bytes_max = 1 << 20,
                                                            .head_count_max = 100000 });
    raw_open(&client, serving->loop, serving->address);
    raw_send(&client, "GET / HTTP/1.1\r\nHost: a\r\n");
    raw_until(serving->loop, sent_one_more(&client));
    assert_false(client.was_reset);
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 408);
    assert_string_equal(raw_field(&answer, "Connection"), "close");
    raw_expect_end(&client);
    raw_close(&client);
    raw_until(serving->loop, serving_counts(serving).connections == 0);
    assert_int_equal(serving_counts(serving).requests_total, 0);
    raw_drop(&answer);
}

/* Between two requests there is nothing to answer: a client takes an answer for its next one's. */
static void a_request_that_stops_in_its_midst(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    serving_restart(serving, &(struct weft_server_options){ .request_timeout_ms = 50 });
    add_hello(serving);
    serving_ask(serving, &client, &answer, GET("/hello"));
    assert_int_equal(answer.status, 200);
    raw_send(&client, "GET /he");
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 408);
    raw_expect_end(&client);
    raw_close(&client);
    raw_drop(&answer);
}

static void an_idle_connection_is_ended(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    serving_restart(serving, &(struct weft_server_options){ .keep_alive_timeout_ms = 30 });
    add_hello(serving);
    serving_ask(serving, &client, &answer, GET("/hello"));
    assert_int_equal(answer.status, 200);
    raw_expect_end(&client);
    raw_close(&client);
    raw_drop(&answer);
}

static void a_request_that_waits_has_time(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    weft_request *kept = NULL;
    serving_restart(serving, &(struct weft_server_options){ .request_timeout_ms = 20,
                                                            .keep_alive_timeout_ms = 20 });
    assert_int_equal(weft_server_handle(serving->server, "/later", on_later, &kept), WEFT_OK);
    raw_open(&client, serving->loop, serving->address);
    raw_send(&client, GET("/later"));
    raw_until(serving->loop, kept);
    uint64_t begin = weft_loop_now_ms(serving->loop);
    raw_until(serving->loop, weft_loop_now_ms(serving->loop) > begin + 80);
    assert_false(weft_request_is_gone(kept));
    assert_int_equal(weft_request_respond(kept, NULL), WEFT_OK);
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 200);
    raw_close(&client);
    raw_drop(&answer);
}

static void on_large(weft_request *request, void *user)
{
    enum { LARGE = 8 << 20 };
    char *body = calloc(1, LARGE);
    (void)user;
    assert_non_null(body);
    struct weft_response response = { .body = body, .body_bytes = LARGE };
    assert_int_equal(weft_request_respond(request, &response), WEFT_OK);
    free(body);
}

static void a_reader_that_stands_still_is_dropped(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    serving_restart(serving, &(struct weft_server_options){ .request_timeout_ms = 50 });
    assert_int_equal(weft_server_handle(serving->server, "/large", on_large, NULL), WEFT_OK);
    raw_open(&client, serving->loop, serving->address);
    raw_send(&client, GET("/large"));
    raw_until(serving->loop, serving_counts(serving).requests_total == 1);
    raw_until(serving->loop, serving_counts(serving).connections == 0);
    raw_close(&client);
}

/* ---- the end ---- */

static void set_true(void *user)
{
    *(bool *)user = true;
}

static void count_close(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    (void)socket;
    assert_true(event->was_clean);
    ++*(int *)user;
}

static void open_websocket(struct serving *serving, struct raw_client *client)
{
    struct raw_answer answer = { 0 };
    raw_open(client, serving->loop, serving->address);
    raw_send_upgrade(client, "/ws", "");
    raw_take(client, &answer, false);
    assert_int_equal(answer.status, 101);
    raw_drop(&answer);
}

static void answer_close(struct raw_client *client, const char *expected)
{
    char payload[128];
    size_t count;
    assert_int_equal(raw_take_frame(client, payload, sizeof payload, &count), 8);
    assert_int_equal(count, 2 + strlen(expected + 2));
    assert_memory_equal(payload, expected, count);
    raw_send_frame(client, 8, payload, 2);
    raw_expect_end(client);
    raw_close(client);
}

static void draining_closes_everything(void **state)
{
    struct serving *serving = *state;
    struct raw_client sockets[3], idle, fresh;
    struct raw_answer answer = { 0 };
    int closed = 0;
    bool done = false;
    struct weft_route route = { .events = { .on_close = count_close }, .user = &closed };
    assert_int_equal(weft_server_route(serving->server, "/ws", &route), WEFT_OK);
    add_hello(serving);
    for (size_t i = 0; i < 3; i++)
        open_websocket(serving, &sockets[i]);
    serving_ask(serving, &idle, &answer, GET("/hello"));
    raw_open(&fresh, serving->loop, serving->address);
    raw_until(serving->loop, serving_counts(serving).connections == 5);

    assert_int_equal(weft_server_drain(serving->server, 1001, "bye", 0, set_true, &done), WEFT_OK);
    assert_int_equal(weft_server_drain(serving->server, 1001, "bye", 0, set_true, &done),
                     WEFT_ERR_STATE);
    assert_false(done);
    raw_expect_end(&idle);
    raw_expect_end(&fresh);
    raw_close(&idle);
    raw_close(&fresh);
    for (size_t i = 0; i < 3; i++)
        answer_close(&sockets[i], "\x03\xe9"
                                  "bye");
    raw_until(serving->loop, done);
    assert_int_equal(closed, 3);
    assert_int_equal(serving_counts(serving).connections, 0);
    assert_int_equal(secure_listen(serving->server, "127.0.0.1:0", NULL, 0), WEFT_ERR_STATE);
    raw_drop(&answer);
}

static void draining_waits_for_answers(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    weft_request *kept = NULL;
    bool done = false;
    assert_int_equal(weft_server_handle(serving->server, "/later", on_later, &kept), WEFT_OK);
    raw_open(&client, serving->loop, serving->address);
    raw_send(&client, GET("/later"));
    raw_until(serving->loop, kept);
    assert_int_equal(weft_server_drain(serving->server, 1001, NULL, 0, set_true, &done), WEFT_OK);
    for (int i = 0; i < 5; i++)
        assert_true(raw_turn(serving->loop, 0));
    assert_false(done);
    assert_int_equal(weft_request_respond(kept, NULL), WEFT_OK);
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 200);
    assert_string_equal(raw_field(&answer, "Connection"), "close");
    raw_expect_end(&client);
    raw_close(&client);
    raw_until(serving->loop, done);
    raw_drop(&answer);
}

static void accepted_while_draining_is_closed(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    weft_request *kept = NULL;
    bool done = false;
    struct weft_route route = { .on_upgrade = on_later, .user = &kept };
    assert_int_equal(weft_server_route(serving->server, "/ws", &route), WEFT_OK);
    raw_open(&client, serving->loop, serving->address);
    raw_send_upgrade(&client, "/ws", "");
    raw_until(serving->loop, kept);
    assert_int_equal(weft_server_drain(serving->server, 1001, "", 0, set_true, &done), WEFT_OK);
    struct weft_acceptance acceptance = { .user = &kept };
    assert_int_equal(weft_request_accept(kept, &acceptance), WEFT_OK);
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 101);
    answer_close(&client, "\x03\xe9");
    raw_until(serving->loop, done);
    raw_drop(&answer);
}

static void draining_does_not_wait_for_ever(void **state)
{
    struct serving *serving = *state;
    struct raw_client socket, client;
    weft_request *kept = NULL;
    bool done = false;
    struct weft_route route = { 0 };
    assert_int_equal(weft_server_route(serving->server, "/ws", &route), WEFT_OK);
    assert_int_equal(weft_server_handle(serving->server, "/later", on_later, &kept), WEFT_OK);
    open_websocket(serving, &socket);
    raw_open(&client, serving->loop, serving->address);
    raw_send(&client, GET("/later"));
    raw_until(serving->loop, kept);
    assert_int_equal(weft_server_drain(serving->server, 1001, NULL, 30, set_true, &done), WEFT_OK);
    raw_until(serving->loop, done);
    assert_true(weft_request_is_gone(kept));
    assert_int_equal(weft_request_respond(kept, NULL), WEFT_ERR_CLOSED);
    raw_close(&socket);
    raw_close(&client);
}

static void a_server_without_connections_is_done_soon(void **state)
{
    struct serving *serving = *state;
    bool done = false;
    assert_int_equal(weft_server_drain(serving->server, 1005, NULL, 0, NULL, NULL),
                     WEFT_ERR_ACCESS);
    assert_int_equal(weft_server_drain(serving->server, 2999, NULL, 0, NULL, NULL),
                     WEFT_ERR_ACCESS);
    assert_int_equal(weft_server_drain(serving->server, 1001, "\xff", 0, NULL, NULL),
                     WEFT_ERR_SYNTAX);
    char reason[125];
    memset(reason, 'r', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    assert_int_equal(weft_server_drain(serving->server, 1001, reason, 0, NULL, NULL),
                     WEFT_ERR_SYNTAX);
    assert_int_equal(weft_server_drain(serving->server, 1001, reason + 1, 0, set_true, &done),
                     WEFT_OK);
    assert_false(done); /* Never from inside. */
    raw_until(serving->loop, done);
}

static void destroy_in_done(void *user)
{
    struct serving *serving = user;
    weft_server_destroy(serving->server);
    serving->server = NULL;
}

static void a_server_may_be_destroyed_when_done(void **state)
{
    struct serving *serving = *state;
    struct weft_route route = { 0 };
    struct raw_client socket;
    assert_int_equal(weft_server_route(serving->server, "/ws", &route), WEFT_OK);
    open_websocket(serving, &socket);
    assert_int_equal(weft_server_drain(serving->server, 1000, NULL, 20, destroy_in_done, serving),
                     WEFT_OK);
    raw_until(serving->loop, !serving->server);
    raw_close(&socket);
    /* Nothing is left: the loop ends by itself. */
    raw_until(serving->loop, !weft_loop_is_alive(serving->loop));
}

static void a_server_that_stops_listening_goes_on(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    add_hello(serving);
    serving_ask(serving, &client, &answer, GET("/hello"));
    weft_server_stop_listening(serving->server);
    raw_send(&client, GET("/hello"));
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 200);
    raw_close(&client);
    /* The address is free again. */
    assert_int_equal(secure_listen(serving->server, serving->address, NULL, 0), WEFT_OK);
    serving_ask(serving, &client, &answer, GET("/hello"));
    assert_int_equal(answer.status, 200);
    raw_close(&client);
    raw_drop(&answer);
}

/* ---- where it listens ---- */

static void expect_served(struct serving *serving, const char *address)
{
    struct raw_client client;
    struct raw_answer answer = { 0 };
    raw_open(&client, serving->loop, address);
    raw_send(&client, GET("/hello"));
    raw_take(&client, &answer, false);
    assert_string_equal(answer.body, "hi");
    raw_close(&client);
    raw_drop(&answer);
}

static void a_server_listens_everywhere(void **state)
{
    struct serving *serving = *state;
    char text[128], local[128], folder[] = "/tmp/weft-listen-XXXXXX", path[64];
    add_hello(serving);
    assert_int_equal(secure_listen(serving->server, "localhost:0", text, sizeof text), WEFT_OK);
    expect_served(serving, text);
    assert_int_equal(secure_listen(serving->server, "*:0", text, sizeof text), WEFT_OK);
    snprintf(local, sizeof local, "127.0.0.1%s", strrchr(text, ':'));
    expect_served(serving, local);
    assert_int_equal(secure_listen(serving->server, ":0", text, sizeof text), WEFT_OK);
    snprintf(local, sizeof local, "127.0.0.1%s", strrchr(text, ':'));
    expect_served(serving, local);

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "unix:%s/a.sock", folder);
    assert_int_equal(secure_listen(serving->server, path, text, sizeof text), WEFT_OK);
    assert_string_equal(text, path);
    expect_served(serving, path);
    weft_server_stop_listening(serving->server);
    assert_int_equal(rmdir(folder), 0); /* The path went with the listener. */
}

static void a_server_listens_on_ipv6(void **state)
{
    struct serving *serving = *state;
    char text[128];
    add_hello(serving);
    weft_status status = secure_listen(serving->server, "[::1]:0", text, sizeof text);
    if (status == WEFT_ERR_SYSTEM && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT))
        skip(); /* A machine without IPv6. */
    assert_int_equal(status, WEFT_OK);
    assert_memory_equal(text, "[::1]:", 6);
    expect_served(serving, text);
}

static void wrong_addresses_are_refused(void **state)
{
    struct serving *serving = *state;
    static const char *const wrong[] = { "",          "localhost", "127.0.0.1:65536", "[::1]",
                                         "::1:80",    "[a]:80",    "127.0.0.1:",      "unix:",
                                         "127.0.0.1", "*:x" };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(secure_listen(serving->server, wrong[i], NULL, 0), WEFT_ERR_SYNTAX);
    assert_int_equal(secure_listen(serving->server, serving->address, NULL, 0), WEFT_ERR_SYSTEM);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(secure_listen(serving->server, "192.0.2.1:80", NULL, 0), WEFT_ERR_SYSTEM);
    assert_int_equal(secure_listen(serving->server, "unix:/none/such/path", NULL, 0),
                     WEFT_ERR_SYSTEM);
    assert_int_equal(secure_listen(serving->server, NULL, NULL, 0), WEFT_ERR_ARGUMENT);
}

static void options_are_checked(void **state)
{
    struct serving *serving = *state;
    weft_server *server = NULL;
    struct weft_server_options options = { .name = "a\r\nX: b" };
    assert_int_equal(weft_server_create(serving->loop, &options, &server), WEFT_ERR_SYNTAX);
    assert_int_equal(weft_server_create(NULL, NULL, &server), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_server_create(serving->loop, NULL, NULL), WEFT_ERR_ARGUMENT);
    options = (struct weft_server_options){ .user = &options };
    assert_int_equal(weft_server_create(serving->loop, &options, &server), WEFT_OK);
    assert_ptr_equal(weft_server_user(server), &options);
    assert_ptr_equal(weft_server_loop(server), serving->loop);
    weft_server_destroy(server);
    weft_server_destroy(NULL);
}

/* ---- memory ---- */

static weft_status add_routes(weft_server *server)
{
    static const char *const protocols[] = { "a" };
    static const char *const origins[] = { "*" };
    static const struct weft_embedded_file file = { "a.txt", "text", 4 };
    struct weft_header header = { WEFT_TEXT_LITERAL("X"), WEFT_TEXT_LITERAL("y") };
    struct weft_files files = {
        .embedded = &file, .embedded_count = 1, .headers = &header, .header_count = 1
    };
    struct weft_route route = {
        .protocols = protocols, .protocol_count = 1, .origins = origins, .origin_count = 1
    };
    weft_status status = weft_server_route(server, "/ws/:room", &route);
    if (!status)
        status = weft_server_handle(server, "/hello", on_hello, "hi");
    if (!status)
        status = weft_server_files(server, "/files/*", &files);
    return status;
}

static bool has_answer(struct raw_client *client)
{
    raw_receive(client);
    return client->has_ended || (client->bytes && strstr(client->data, "\r\n\r\n"));
}

static void ask_all(weft_loop *loop, const char *address)
{
    static const char *const requests[] = { GET("/hello"), GET("/files/a.txt"), GET("/files"),
                                            GET("/none") };
    struct raw_client client;
    for (size_t i = 0; i <= COUNT_OF(requests); i++) {
        raw_open(&client, loop, address);
        if (i < COUNT_OF(requests))
            raw_send(&client, requests[i]);
        else
            raw_send_upgrade(&client, "/ws/red", "Sec-WebSocket-Protocol: a\r\n");
        raw_until(loop, has_answer(&client));
        raw_close(&client);
    }
}

static weft_status serve_all(weft_loop *loop, weft_server **server_out)
{
    struct weft_server_options options = { .name = "weft" };
    char address[64];
    weft_status status = weft_server_create(loop, &options, server_out);
    if (!status)
        status = add_routes(*server_out);
    if (!status)
        status = secure_listen(*server_out, "127.0.0.1:0", address, sizeof address);
    if (!status)
        ask_all(loop, address);
    return status;
}

/* Whatever allocation fails: a status or a dropped connection, and nothing that is left. */
static void memory_may_fail(enum weft_backend backend)
{
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, n);
        struct weft_loop_options options = { .backend = backend, .allocator = &fault.allocator };
        weft_loop *loop = NULL;
        weft_server *server = NULL;
        weft_status status = weft_loop_create(&options, &loop);
        if (!status)
            status = serve_all(loop, &server);
        weft_server_destroy(server);
        weft_loop_destroy(loop);
        failed = fault.failed;
        assert_true(status == WEFT_OK || (failed && status == WEFT_ERR_MEMORY));
        assert_int_equal(fault.live_count, 0);
    }
}

static void memory_may_fail_with_epoll(void **state)
{
    (void)state;
    memory_may_fail(WEFT_BACKEND_EPOLL);
}

static void memory_may_fail_with_poll(void **state)
{
    (void)state;
    memory_may_fail(WEFT_BACKEND_POLL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVING_TEST(one_connection_too_many_is_told),
        SERVING_TEST(a_flood_over_the_limit_costs_nothing),
        SERVING_TEST(who_was_refused_makes_room),
        SERVING_TEST(a_server_may_end_while_it_refuses),
        SERVING_TEST(a_silent_peer_is_dropped),
        SERVING_TEST(a_slow_head_is_answered_and_dropped),
        SERVING_TEST(a_request_that_stops_in_its_midst),
        SERVING_TEST(an_idle_connection_is_ended),
        SERVING_TEST(a_request_that_waits_has_time),
        SERVING_TEST(a_reader_that_stands_still_is_dropped),
        SERVING_TEST(draining_closes_everything),
        SERVING_TEST(draining_waits_for_answers),
        SERVING_TEST(accepted_while_draining_is_closed),
        SERVING_TEST(draining_does_not_wait_for_ever),
        SERVING_TEST(a_server_without_connections_is_done_soon),
        SERVING_TEST(a_server_may_be_destroyed_when_done),
        SERVING_TEST(a_server_that_stops_listening_goes_on),
        SERVING_TEST(a_server_listens_everywhere),
        SERVING_TEST(a_server_listens_on_ipv6),
        SERVING_TEST(wrong_addresses_are_refused),
        SERVING_TEST(options_are_checked),
        cmocka_unit_test(memory_may_fail_with_epoll),
        cmocka_unit_test(memory_may_fail_with_poll),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

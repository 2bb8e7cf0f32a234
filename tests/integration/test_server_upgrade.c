/* Who becomes a WebSocket, and how: origins, subprotocols, refusals, at once and later. */
#include "support/cases.h"
#include "support/serving.h"

#include <stdio.h>
#include <string.h>

/* What a route's sockets tell. */
struct heard {
    char line[1024];
    weft_socket *socket;
    weft_request *kept;
};

static void note(struct heard *heard, const char *what)
{
    assert_true(strlen(heard->line) + strlen(what) + 2 < sizeof heard->line);
    strcat(heard->line, what);
    strcat(heard->line, " ");
}

static void on_open(weft_socket *socket, void *user)
{
    struct heard *heard = user;
    heard->socket = socket;
    note(heard, "open");
    assert_int_equal(weft_socket_send_text(socket, "welcome", WEFT_ZERO_TERMINATED), WEFT_OK);
}

static void on_close(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    char text[32];
    (void)socket;
    snprintf(text, sizeof text, "close:%u", event->code);
    note(user, text);
}

static struct weft_route route_of(struct heard *heard)
{
    return (struct weft_route){ .events = { .on_open = on_open, .on_close = on_close },
                                .user = heard };
}

static void add(struct serving *serving, const char *pattern, const struct weft_route *route)
{
    assert_int_equal(weft_server_route(serving->server, pattern, route), WEFT_OK);
}

static void ask(struct serving *serving, struct raw_client *client, struct raw_answer *answer,
                const char *target, const char *more)
{
    raw_open(client, serving->loop, serving->address);
    raw_send_upgrade(client, target, more);
    raw_take(client, answer, false);
}

static void expect_welcome(struct raw_client *client)
{
    char payload[128];
    size_t count;
    assert_int_equal(raw_take_frame(client, payload, sizeof payload, &count), WEFT_TEXT);
    assert_string_equal(payload, "welcome");
}

static void a_route_accepts(void **state)
{
    struct serving *serving = *state;
    struct heard heard = { 0 };
    struct weft_route route = route_of(&heard);
    struct raw_client client;
    struct raw_answer answer = { 0 };
    char payload[128];
    size_t count;
    add(serving, "/chat/:room", &route);
    ask(serving, &client, &answer, "/chat/red", "");
    assert_int_equal(answer.status, 101);
    assert_string_equal(raw_field(&answer, "Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_null(raw_field(&answer, "Sec-WebSocket-Protocol"));
    expect_welcome(&client);
    struct weft_server_counts counts = serving_counts(serving);
    assert_int_equal(counts.connections, 1);
    assert_int_equal(counts.websockets, 1);
    assert_int_equal(counts.upgrades_total, 1);
    assert_int_equal(counts.requests_total, 1);

    raw_send_frame(&client, 8, "\x03\xe8", 2);
    assert_int_equal(raw_take_frame(&client, payload, sizeof payload, &count), 8);
    raw_expect_end(&client);
    raw_close(&client);
    raw_until(serving->loop, serving_counts(serving).connections == 0);
    assert_string_equal(heard.line, "open close:1000 ");
    counts = serving_counts(serving);
    assert_int_equal(counts.websockets, 0);
    assert_int_equal(counts.upgrades_total, 1);
    raw_drop(&answer);
}

/* ---- refusals by the rules ---- */

static const struct refusal_case {
    const char *name;
    const char *request;
    int status;
    const char *field;
    const char *value;
} refusal_cases[] = {
#define WS(first, version, key, more)                                                              \
    first                                                                                          \
        "\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" version key more  \
        "\r\n"
#define V13 "Sec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    { "fine", WS("GET /ws HTTP/1.1", V13, KEY, ""), 101, NULL, NULL },
    { "unknown path", WS("GET /none HTTP/1.1", V13, KEY, ""), 404, NULL, NULL },
    { "no WebSocket there", WS("GET /http HTTP/1.1", V13, KEY, ""), 404, NULL, NULL },
    { "POST", WS("POST /ws HTTP/1.1", V13, KEY, ""), 405, "Allow", "GET" },
    { "POST where GET is served, too", WS("POST /both HTTP/1.1", V13, KEY, ""), 405, "Allow",
      "GET, HEAD" },
    { "old version", WS("GET /ws HTTP/1.1", "Sec-WebSocket-Version: 8\r\n", KEY, ""), 426,
      "Sec-WebSocket-Version", "13" },
    { "old version, upgrade", WS("GET /ws HTTP/1.1", "Sec-WebSocket-Version: 8\r\n", KEY, ""), 426,
      "Upgrade", "websocket" },
    { "no version", WS("GET /ws HTTP/1.1", "", KEY, ""), 426, "Sec-WebSocket-Version", "13" },
    { "two versions", WS("GET /ws HTTP/1.1", V13 V13, KEY, ""), 400, NULL, NULL },
    { "no key", WS("GET /ws HTTP/1.1", V13, "", ""), 400, NULL, NULL },
    { "two keys", WS("GET /ws HTTP/1.1", V13, KEY KEY, ""), 400, NULL, NULL },
    { "short key", WS("GET /ws HTTP/1.1", V13, "Sec-WebSocket-Key: YWJj\r\n", ""), 400, NULL,
      NULL },
    { "HTTP/1.0", WS("GET /ws HTTP/1.0", V13, KEY, ""), 400, NULL, NULL },
    { "no token upgrade",
      "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: x\r\n" V13 KEY "\r\n", 400,
      NULL, NULL },
    { "evil origin", WS("GET /ws HTTP/1.1", V13, KEY, "Origin: http://evil.com\r\n"), 403, NULL,
      NULL },
    { "own origin", WS("GET /ws HTTP/1.1", V13, KEY, "Origin: https://example.com\r\n"), 101, NULL,
      NULL },
    { "null origin", WS("GET /ws HTTP/1.1", V13, KEY, "Origin: null\r\n"), 403, NULL, NULL },
    { "two origins",
      WS("GET /ws HTTP/1.1", V13, KEY,
         "Origin: http://example.com\r\nOrigin: http://example.com\r\n"),
      400, NULL, NULL },
    { "listed origin", WS("GET /listed HTTP/1.1", V13, KEY, "Origin: https://app.test\r\n"), 101,
      NULL, NULL },
    { "own origin is not listed",
      WS("GET /listed HTTP/1.1", V13, KEY, "Origin: http://example.com\r\n"), 403, NULL, NULL },
    { "no origin where one must be", WS("GET /listed HTTP/1.1", V13, KEY, ""), 403, NULL, NULL },
    { "any origin", WS("GET /any HTTP/1.1", V13, KEY, "Origin: http://evil.com\r\n"), 101, NULL,
      NULL },
    { "no protocol where one must be", WS("GET /strict HTTP/1.1", V13, KEY, ""), 400, NULL, NULL },
    { "other protocol where one must be",
      WS("GET /strict HTTP/1.1", V13, KEY, "Sec-WebSocket-Protocol: v1\r\n"), 400, NULL, NULL },
    { "the protocol that must be",
      WS("GET /strict HTTP/1.1", V13, KEY, "Sec-WebSocket-Protocol: v1, v2\r\n"), 101,
      "Sec-WebSocket-Protocol", "v2" },
    { "protocol twice", WS("GET /ws HTTP/1.1", V13, KEY, "Sec-WebSocket-Protocol: a, a\r\n"), 400,
      NULL, NULL },
};

static void on_plain(weft_request *request, void *user)
{
    (void)user;
    assert_int_equal(weft_request_respond(request, NULL), WEFT_OK);
}

static void add_routes_of_the_rules(struct serving *serving, struct heard *heard)
{
    static const char *const listed[] = { "https://other.test", "https://app.test" };
    static const char *const any[] = { "*" };
    static const char *const strict[] = { "v3", "v2" };
    struct weft_route route = route_of(heard);
    add(serving, "/ws", &route);
    add(serving, "/both", &route);
    assert_int_equal(weft_server_handle(serving->server, "/both", on_plain, NULL), WEFT_OK);
    assert_int_equal(weft_server_handle(serving->server, "/http", on_plain, NULL), WEFT_OK);
    route.origins = any;
    route.origin_count = 1;
    add(serving, "/any", &route);
    route.origins = listed;
    route.origin_count = 2;
    route.origin_required = true;
    add(serving, "/listed", &route);
    route = route_of(heard);
    route.protocols = strict;
    route.protocol_count = 2;
    route.protocol_required = true;
    add(serving, "/strict", &route);
}

static void a_wrong_handshake_gets_its_status(void **state)
{
    struct serving *serving = *state;
    struct heard heard = { 0 };
    struct raw_client client;
    struct raw_answer answer = { 0 };
    uint64_t accepted = 0;
    add_routes_of_the_rules(serving, &heard);
    for_each_case(c, refusal_cases)
    {
        heard.line[0] = '\0';
        serving_ask(serving, &client, &answer, c->request);
        assert_int_equal(answer.status, c->status);
        if (c->field) {
            assert_non_null(raw_field(&answer, c->field));
            assert_string_equal(raw_field(&answer, c->field), c->value);
        }
        if (c->status == 101)
            accepted++;
        else
            assert_true(answer.body_bytes > 1 && answer.body[answer.body_bytes - 1] == '\n');
        raw_close(&client);
    }
    assert_int_equal(serving_counts(serving).upgrades_total, accepted);
    raw_drop(&answer);
}

static void a_refused_connection_may_ask_again(void **state)
{
    struct serving *serving = *state;
    struct heard heard = { 0 };
    struct weft_route route = route_of(&heard);
    struct raw_client client;
    struct raw_answer answer = { 0 };
    add(serving, "/ws", &route);
    ask(serving, &client, &answer, "/ws", "Origin: http://evil.com\r\n");
    assert_int_equal(answer.status, 403);
    raw_send_upgrade(&client, "/ws", "");
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 101);
    expect_welcome(&client);
    raw_drop(&answer);
    raw_close(&client);
}

/* ---- subprotocols ---- */

static void the_server_prefers(void **state)
{
    struct serving *serving = *state;
    static const char *const protocols[] = { "v2", "v1" };
    struct heard heard = { 0 };
    struct weft_route route = route_of(&heard);
    struct raw_client client;
    struct raw_answer answer = { 0 };
    add(serving, "/none", &route);
    route.protocols = protocols;
    route.protocol_count = 2;
    add(serving, "/ws", &route);
    ask(serving, &client, &answer, "/ws",
        "Sec-WebSocket-Protocol: v0, v1\r\n"
        "Sec-WebSocket-Protocol: v2\r\n");
    assert_string_equal(raw_field(&answer, "Sec-WebSocket-Protocol"), "v2");
    expect_welcome(&client);
    assert_string_equal(weft_socket_protocol(heard.socket), "v2");
    raw_close(&client);
    ask(serving, &client, &answer, "/ws", "Sec-WebSocket-Protocol: v0\r\n");
    assert_int_equal(answer.status, 101);
    assert_null(raw_field(&answer, "Sec-WebSocket-Protocol"));
    raw_close(&client);
    ask(serving, &client, &answer, "/none", "Sec-WebSocket-Protocol: v1\r\n");
    assert_int_equal(answer.status, 101);
    assert_null(raw_field(&answer, "Sec-WebSocket-Protocol"));
    raw_close(&client);
    raw_drop(&answer);
}

/* ---- by the program ---- */

static void on_accept(weft_request *request, void *user)
{
    struct heard *heard = user;
    const struct weft_text *protocols;
    weft_socket *socket = NULL;
    struct weft_header headers[] = {
        { WEFT_TEXT_LITERAL("Set-Cookie"), WEFT_TEXT_LITERAL("id=42; HttpOnly") },
        { WEFT_TEXT_LITERAL("X-Room"), weft_request_param(request, "room") },
    };
    assert_true(weft_request_is_upgrade(request));
    assert_int_equal(weft_request_protocols(request, &protocols), 2);
    assert_int_equal(protocols[1].count, 1);
    assert_memory_equal(weft_request_cookie(request, "session").data, "abc", 3);

    struct weft_acceptance acceptance = { .protocol = "c" };
    assert_int_equal(weft_request_accept(request, &acceptance), WEFT_ERR_SYNTAX);
    acceptance = (struct weft_acceptance){ .header_count = 1 };
    assert_int_equal(weft_request_accept(request, &acceptance), WEFT_ERR_ARGUMENT);
    acceptance = (struct weft_acceptance){ .protocol = "b",
                                           .headers = headers,
                                           .header_count = 2,
                                           .user = &heard[1],
                                           .socket_out = &socket };
    assert_int_equal(weft_request_accept(request, &acceptance), WEFT_OK);
    assert_int_equal(weft_request_accept(request, &acceptance), WEFT_ERR_STATE);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CONNECTING);
    heard->socket = socket;
}

static void the_program_accepts(void **state)
{
    struct serving *serving = *state;
    struct heard heard[2] = { 0 };
    struct weft_route route = route_of(heard);
    struct raw_client client;
    struct raw_answer answer = { 0 };
    route.on_upgrade = on_accept;
    add(serving, "/chat/:room", &route);
    ask(serving, &client, &answer, "/chat/red",
        "Cookie: session=abc\r\nSec-WebSocket-Protocol: a, b\r\n");
    assert_int_equal(answer.status, 101);
    assert_string_equal(raw_field(&answer, "Sec-WebSocket-Protocol"), "b");
    assert_string_equal(raw_field(&answer, "Set-Cookie"), "id=42; HttpOnly");
    assert_string_equal(raw_field(&answer, "X-Room"), "red");
    expect_welcome(&client);
    assert_ptr_equal(heard[1].socket, heard[0].socket);
    raw_close(&client);
    raw_until(serving->loop, weft_socket_ready_state(heard[0].socket) == WEFT_CLOSED);
    weft_socket_release(heard[0].socket);
    assert_string_equal(heard[0].line, "");
    assert_string_equal(heard[1].line, "open close:1006 ");
    raw_drop(&answer);
}

static void on_refuse(weft_request *request, void *user)
{
    (void)user;
    struct weft_header challenge = { WEFT_TEXT_LITERAL("WWW-Authenticate"),
                                     WEFT_TEXT_LITERAL("Bearer") };
    struct weft_response response = {
        .status = 401, .headers = &challenge, .header_count = 1, .body = "who?", .body_bytes = 4
    };
    assert_int_equal(weft_request_respond(request, &response), WEFT_OK);
}

static void on_redirect(weft_request *request, void *user)
{
    (void)user;
    assert_int_equal(weft_request_redirect(request, 307, "wss://elsewhere.test/"), WEFT_OK);
}

/* It wants to refuse, and gets its header wrong: nobody may be let in for that. */
static void on_botched_refusal(weft_request *request, void *user)
{
    (void)user;
    struct weft_header broken = { WEFT_TEXT_LITERAL("X Y"), WEFT_TEXT_LITERAL("z") };
    struct weft_response response = { .status = 403, .headers = &broken, .header_count = 1 };
    assert_int_equal(weft_request_respond(request, &response), WEFT_ERR_SYNTAX);
}

static void the_program_refuses(void **state)
{
    struct serving *serving = *state;
    struct heard heard = { 0 };
    struct weft_route route = route_of(&heard);
    struct raw_client client;
    struct raw_answer answer = { 0 };
    route.on_upgrade = on_refuse;
    add(serving, "/401", &route);
    route.on_upgrade = on_redirect;
    add(serving, "/307", &route);
    route.on_upgrade = on_botched_refusal;
    add(serving, "/500", &route);
    ask(serving, &client, &answer, "/401", "");
    assert_int_equal(answer.status, 401);
    assert_string_equal(raw_field(&answer, "WWW-Authenticate"), "Bearer");
    assert_string_equal(answer.body, "who?");
    raw_close(&client);
    ask(serving, &client, &answer, "/307", "");
    assert_int_equal(answer.status, 307);
    assert_string_equal(raw_field(&answer, "Location"), "wss://elsewhere.test/");
    raw_close(&client);
    ask(serving, &client, &answer, "/500", "");
    assert_int_equal(answer.status, 500);
    raw_close(&client);
    assert_string_equal(heard.line, "");
    assert_int_equal(serving_counts(serving).upgrades_refused_total, 3);
    assert_int_equal(serving_counts(serving).upgrades_total, 0);
    raw_drop(&answer);
}

/* ---- later ---- */

static void on_later(weft_request *request, void *user)
{
    ((struct heard *)user)->kept = request;
    weft_request_defer(request);
}

static void ask_for_later(struct serving *serving, struct raw_client *client, struct heard *heard)
{
    struct weft_route route = route_of(heard);
    route.on_upgrade = on_later;
    add(serving, "/later", &route);
    raw_open(client, serving->loop, serving->address);
    raw_send_upgrade(client, "/later", "");
    raw_until(serving->loop, heard->kept);
}

static void the_program_accepts_later(void **state)
{
    struct serving *serving = *state;
    struct heard heard = { 0 };
    struct raw_client client;
    struct raw_answer answer = { 0 };
    ask_for_later(serving, &client, &heard);
    assert_string_equal(heard.line, "");
    assert_int_equal(weft_request_accept(heard.kept, NULL), WEFT_OK);
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 101);
    expect_welcome(&client);
    raw_close(&client);
    raw_drop(&answer);
}

/* RFC 6455 4.1: a client waits for the answer; what it sends before is read once it is accepted. */
static void early_frames_are_kept(void **state)
{
    struct serving *serving = *state;
    struct heard heard = { 0 };
    struct raw_client client;
    struct raw_answer answer = { 0 };
    char payload[128];
    size_t count;
    ask_for_later(serving, &client, &heard);
    raw_send_frame(&client, 9, "early", 5);
    for (int i = 0; i < 5; i++)
        assert_true(raw_turn(serving->loop, 0));
    assert_int_equal(weft_request_accept(heard.kept, NULL), WEFT_OK);
    raw_take(&client, &answer, false);
    expect_welcome(&client);
    assert_int_equal(raw_take_frame(&client, payload, sizeof payload, &count), 10);
    assert_string_equal(payload, "early");
    raw_close(&client);
    raw_drop(&answer);
}

static void the_program_refuses_later(void **state)
{
    struct serving *serving = *state;
    struct heard heard = { 0 };
    struct raw_client client;
    struct raw_answer answer = { 0 };
    struct weft_response response = { .status = 403 };
    ask_for_later(serving, &client, &heard);
    assert_int_equal(weft_request_respond(heard.kept, &response), WEFT_OK);
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 403);
    assert_int_equal(answer.body_bytes, 0);
    assert_string_equal(heard.line, "");
    raw_close(&client);
    raw_drop(&answer);
}

static void the_client_may_go_meanwhile(void **state)
{
    struct serving *serving = *state;
    struct heard heard = { 0 };
    struct raw_client client;
    weft_socket *socket = NULL;
    struct weft_acceptance acceptance = { .socket_out = &socket };
    ask_for_later(serving, &client, &heard);
    raw_close(&client);
    raw_until(serving->loop, weft_request_is_gone(heard.kept));
    assert_int_equal(weft_request_accept(heard.kept, &acceptance), WEFT_ERR_CLOSED);
    assert_null(socket);
    assert_string_equal(heard.line, "");
    assert_int_equal(serving_counts(serving).upgrades_total, 0);
}

static void the_server_may_go_meanwhile(void **state)
{
    struct serving *serving = *state;
    struct heard heard = { 0 };
    struct raw_client client;
    ask_for_later(serving, &client, &heard);
    weft_server_destroy(serving->server);
    serving->server = NULL;
    assert_true(weft_request_is_gone(heard.kept));
    raw_expect_end(&client);
    assert_int_equal(weft_request_accept(heard.kept, NULL), WEFT_ERR_CLOSED);
    assert_string_equal(heard.line, "");
    raw_close(&client);
}

/* ---- a server that ends under its sockets ---- */

static void sockets_hear_of_the_servers_end(void **state)
{
    struct serving *serving = *state;
    struct heard heard = { 0 };
    struct weft_route route = route_of(&heard);
    struct raw_client client;
    struct raw_answer answer = { 0 };
    add(serving, "/ws", &route);
    ask(serving, &client, &answer, "/ws", "");
    expect_welcome(&client);
    weft_socket *socket = weft_socket_retain(heard.socket);
    weft_server_destroy(serving->server);
    serving->server = NULL;
    assert_string_equal(heard.line, "open ");
    raw_expect_end(&client);
    raw_until(serving->loop, strcmp(heard.line, "open close:1006 ") == 0);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CLOSED);
    weft_socket_release(socket);
    raw_close(&client);
    raw_drop(&answer);
}

/* ---- what a route may be ---- */

static void routes_are_checked(void **state)
{
    struct serving *serving = *state;
    static const char *const no_token[] = { "a b" };
    static const char *const twice[] = { "a", "a" };
    static const char *const no_origin[] = { "example.com" };
    struct weft_route route = { 0 };
    weft_server *server = serving->server;
    assert_int_equal(weft_server_route(server, "/a", &route), WEFT_OK);
    assert_int_equal(weft_server_route(server, "/a", &route), WEFT_ERR_EXISTS);
    assert_int_equal(weft_server_handle(server, "/a", on_plain, NULL), WEFT_OK);
    assert_int_equal(weft_server_handle(server, "/a", on_plain, NULL), WEFT_ERR_EXISTS);
    assert_int_equal(weft_server_route(server, "/a/:x", &route), WEFT_OK);
    assert_int_equal(weft_server_route(server, "/a/:y", &route), WEFT_ERR_EXISTS);
    assert_int_equal(weft_server_route(server, "a", &route), WEFT_ERR_SYNTAX);
    assert_int_equal(weft_server_handle(server, "a", on_plain, NULL), WEFT_ERR_SYNTAX);
    assert_int_equal(weft_server_handle(server, "/b", NULL, NULL), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_server_route(server, NULL, &route), WEFT_ERR_ARGUMENT);
    route = (struct weft_route){ .protocols = no_token, .protocol_count = 1 };
    assert_int_equal(weft_server_route(server, "/b", &route), WEFT_ERR_ARGUMENT);
    route = (struct weft_route){ .protocols = twice, .protocol_count = 2 };
    assert_int_equal(weft_server_route(server, "/b", &route), WEFT_ERR_ARGUMENT);
    route = (struct weft_route){ .origins = no_origin, .origin_count = 1 };
    assert_int_equal(weft_server_route(server, "/b", &route), WEFT_ERR_ARGUMENT);
    route = (struct weft_route){ .protocol_required = true };
    assert_int_equal(weft_server_route(server, "/b", &route), WEFT_ERR_ARGUMENT);
    /* What was refused has left nothing. */
    struct raw_client client;
    struct raw_answer answer = { 0 };
    serving_ask(serving, &client, &answer, "GET /b HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(answer.status, 404);
    raw_close(&client);
    raw_drop(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVING_TEST(a_route_accepts),
        SERVING_TEST(a_wrong_handshake_gets_its_status),
        SERVING_TEST(a_refused_connection_may_ask_again),
        SERVING_TEST(the_server_prefers),
        SERVING_TEST(the_program_accepts),
        SERVING_TEST(the_program_refuses),
        SERVING_TEST(the_program_accepts_later),
        SERVING_TEST(early_frames_are_kept),
        SERVING_TEST(the_program_refuses_later),
        SERVING_TEST(the_client_may_go_meanwhile),
        SERVING_TEST(the_server_may_go_meanwhile),
        SERVING_TEST(sockets_hear_of_the_servers_end),
        SERVING_TEST(routes_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

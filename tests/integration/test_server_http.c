/* Plain HTTP beside the WebSockets: methods, heads, keep-alive, and what a request shows. */
#include "support/cases.h"
#include "support/serving.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"

static void respond(weft_request *request, int status, const char *body)
{
    struct weft_response response = { .status = status, .body = body, .body_bytes = strlen(body) };
    assert_int_equal(weft_request_respond(request, &response), WEFT_OK);
}

static void on_hello(weft_request *request, void *user)
{
    respond(request, 0, user);
}

static void add(struct serving *serving, const char *pattern,
                void (*handler)(weft_request *request, void *user), void *user)
{
    assert_int_equal(weft_server_handle(serving->server, pattern, handler, user), WEFT_OK);
}

/* One request on a connection of its own, that is closed again. */
static void ask(struct serving *serving, struct raw_answer *answer, const char *request)
{
    struct raw_client client;
    serving_ask(serving, &client, answer, request);
    raw_close(&client);
}

static void get_is_answered(void **state)
{
    struct serving *serving = *state;
    struct raw_answer answer = { 0 };
    add(serving, "/hello", on_hello, "hi");
    ask(serving, &answer, GET("/hello"));
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "hi");
    assert_string_equal(raw_field(&answer, "Content-Type"), "text/plain; charset=utf-8");
    assert_string_equal(raw_field(&answer, "Content-Length"), "2");
    assert_int_equal(strlen(raw_field(&answer, "Date")), 29);
    assert_null(raw_field(&answer, "Server"));
    assert_null(raw_field(&answer, "Connection"));
    raw_drop(&answer);
}

static void head_is_get_without_a_body(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    add(serving, "/hello", on_hello, "hi");
    raw_open(&client, serving->loop, serving->address);
    raw_send(&client, "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    raw_take(&client, &answer, true);
    assert_int_equal(answer.status, 200);
    assert_string_equal(raw_field(&answer, "Content-Length"), "2");
    raw_send(&client, "HEAD /none HTTP/1.1\r\nHost: a\r\n\r\n");
    raw_take(&client, &answer, true);
    assert_int_equal(answer.status, 404);
    raw_send(&client, GET("/hello")); /* Right behind the heads: no byte of a body came. */
    raw_take(&client, &answer, false);
    assert_string_equal(answer.body, "hi");
    raw_drop(&answer);
    raw_close(&client);
}

static const struct status_case {
    const char *name;
    const char *request;
    int status;
    const char *field; /* One that must be there, or NULL. */
    const char *value;
} status_cases[] = {
    { "unknown path", GET("/none"), 404, "Content-Type", "text/plain; charset=utf-8" },
    { "POST", "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405, "Allow",
      "GET, HEAD" },
    { "POST with a body", "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 405,
      "Connection", "close" },
    { "DELETE", "DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n", 405, "Allow", "GET, HEAD" },
    { "get is no GET", "get /hello HTTP/1.1\r\nHost: a\r\n\r\n", 405, "Allow", "GET, HEAD" },
    { "POST to a WebSocket", "POST /ws HTTP/1.1\r\nHost: a\r\n\r\n", 405, "Allow", "GET" },
    { "POST to nothing", "POST /none HTTP/1.1\r\nHost: a\r\n\r\n", 404, NULL, NULL },
    { "GET of a WebSocket", GET("/ws"), 426, "Upgrade", "websocket" },
    { "GET of a WebSocket, connection", GET("/ws"), 426, "Connection", "upgrade" },
    { "OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL, NULL },
    { "absolute form", GET("http://a/hello"), 200, NULL, NULL },
    { "absolute form without path", GET("http://a"), 400, NULL, NULL },
    { "authority form", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL, NULL },
    { "broken escape", GET("/%zz"), 400, NULL, NULL },
    { "NUL", GET("/hello%00"), 400, NULL, NULL },
    { "no UTF-8", GET("/%ff"), 400, NULL, NULL },
    { "no Host", "GET /hello HTTP/1.1\r\n\r\n", 400, "Connection", "close" },
    { "two Hosts", "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, NULL, NULL },
    { "folded line", "GET /hello HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400, NULL, NULL },
    { "space before the colon", "GET /hello HTTP/1.1\r\nHost : a\r\n\r\n", 400, NULL, NULL },
    { "no HTTP", "hello\r\n\r\n", 400, "Connection", "close" },
    { "other upgrade",
      "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 200, NULL,
      NULL },
};

static void the_status_says_what_is_wrong(void **state)
{
    struct serving *serving = *state;
    struct raw_answer answer = { 0 };
    struct weft_route route = { 0 };
    add(serving, "/hello", on_hello, "hi");
    assert_int_equal(weft_server_route(serving->server, "/ws", &route), WEFT_OK);
    for_each_case(c, status_cases)
    {
        ask(serving, &answer, c->request);
        assert_int_equal(answer.status, c->status);
        if (c->field) {
            assert_non_null(raw_field(&answer, c->field));
            assert_string_equal(raw_field(&answer, c->field), c->value);
        }
        /* One line of text. */
        assert_null(memchr(answer.body, '<', answer.body_bytes));
        if (c->status >= 400)
            assert_ptr_equal(strchr(answer.body, '\n'), answer.body + answer.body_bytes - 1);
    }
    raw_drop(&answer);
}

static void heads_have_limits(void **state)
{
    struct serving *serving = *state;
    struct raw_answer answer = { 0 };
    char request[65536];
    serving_restart(serving,
                    &(struct weft_server_options){ .head_bytes_max = 1000, .head_count_max = 4 });
    add(serving, "/*", on_hello, "hi");

    snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: a\r\nX: %0900d\r\n\r\n", 0);
    ask(serving, &answer, request);
    assert_int_equal(answer.status, 200);
    snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: a\r\nX: %01000d\r\n\r\n", 0);
    ask(serving, &answer, request);
    assert_int_equal(answer.status, 431);
    ask(serving, &answer, "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n");
    assert_int_equal(answer.status, 200);
    ask(serving, &answer, "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n");
    assert_int_equal(answer.status, 431);

    serving_restart(serving, NULL);
    add(serving, "/*", on_hello, "hi");
    snprintf(request, sizeof request, "GET /%08500d HTTP/1.1\r\nHost: a\r\n\r\n", 0);
    ask(serving, &answer, request);
    assert_int_equal(answer.status, 414);
    raw_drop(&answer);
}

static void a_connection_serves_many_requests(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    add(serving, "/hello", on_hello, "hi");
    raw_open(&client, serving->loop, serving->address);
    for (int i = 0; i < 20; i++) {
        raw_send(&client, i % 2 ? GET("/hello") : GET("/none"));
        raw_take(&client, &answer, false);
        assert_int_equal(answer.status, i % 2 ? 200 : 404);
    }
    assert_int_equal(serving_counts(serving).accepted_total, 1);
    assert_int_equal(serving_counts(serving).requests_total, 20);
    raw_send(&client, "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    raw_take(&client, &answer, false);
    assert_string_equal(raw_field(&answer, "Connection"), "close");
    raw_expect_end(&client);
    raw_drop(&answer);
    raw_close(&client);
}

static void an_old_client_is_served_once(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    add(serving, "/hello", on_hello, "hi");
    serving_ask(serving, &client, &answer, "GET /hello HTTP/1.0\r\n\r\n");
    assert_int_equal(answer.status, 200);
    raw_expect_end(&client);
    raw_drop(&answer);
    raw_close(&client);
}

static void requests_may_come_in_one_packet(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    add(serving, "/one", on_hello, "1");
    add(serving, "/two", on_hello, "2");
    serving_ask(serving, &client, &answer, GET("/one") GET("/two") GET("/none") GET("/one"));
    assert_string_equal(answer.body, "1");
    raw_take(&client, &answer, false);
    assert_string_equal(answer.body, "2");
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 404);
    raw_take(&client, &answer, false);
    assert_string_equal(answer.body, "1");
    raw_drop(&answer);
    raw_close(&client);
}

static void a_head_may_come_byte_by_byte(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    static const char request[] = GET("/hello");
    add(serving, "/hello", on_hello, "hi");
    raw_open(&client, serving->loop, serving->address);
    for (size_t i = 0; i < sizeof request - 1; i++) {
        raw_send_bytes(&client, request + i, 1);
        assert_true(raw_turn(serving->loop, 0));
    }
    raw_take(&client, &answer, false);
    assert_string_equal(answer.body, "hi");
    raw_drop(&answer);
    raw_close(&client);
}

/* ---- what a request shows ---- */

static void note(char **at, const char *name, struct weft_text text)
{
    *at += text.data ? sprintf(*at, "%s=%.*s\n", name, (int)text.count, text.data)
                     : sprintf(*at, "no %s\n", name);
}

static void on_show(weft_request *request, void *user)
{
    char body[2048], *at = body;
    const struct weft_text *protocols;
    note(&at, "method", weft_request_method(request));
    note(&at, "path", weft_request_path(request));
    note(&at, "query", weft_request_query(request));
    note(&at, "room", weft_request_param(request, "room"));
    note(&at, "*", weft_request_param(request, "*"));
    note(&at, "other", weft_request_param(request, "other"));
    note(&at, "x-a", weft_request_header(request, "x-a"));
    note(&at, "x-none", weft_request_header(request, "x-none"));
    note(&at, "cookie", weft_request_cookie(request, "id"));
    note(&at, "origin", weft_request_origin(request));
    assert_int_equal(weft_request_protocols(request, &protocols), 0);
    assert_int_equal(weft_request_headers(request).count, 4);
    assert_false(weft_request_is_upgrade(request));
    assert_false(weft_request_is_gone(request));
    assert_memory_equal(weft_request_peer(request), "127.0.0.1:", 10);
    assert_ptr_equal(weft_request_server(request), ((struct serving *)user)->server);
    respond(request, 0, body);
}

static void a_request_shows_what_came(void **state)
{
    struct serving *serving = *state;
    struct raw_answer answer = { 0 };
    add(serving, "/chat/:room/*", on_show, serving);
    ask(serving, &answer,
        "GET /chat/a%2Fb%20c/d/e%20f?x=%20&y HTTP/1.1\r\nHost: a\r\nX-A:  1 \r\n"
        "Cookie: a=1; id=\"42\"\r\nOrigin: http://a\r\n\r\n");
    assert_string_equal(answer.body, "method=GET\npath=/chat/a/b c/d/e f\nquery=x=%20&y\n"
                                     "room=a/b c\n*=d/e f\nno other\nx-a=1\nno x-none\ncookie=42\n"
                                     "origin=http://a\n");
    raw_drop(&answer);
}

/* ---- what an answer may be ---- */

static void on_login(weft_request *request, void *user)
{
    (void)user;
    struct weft_header headers[] = {
        { WEFT_TEXT_LITERAL("Set-Cookie"), WEFT_TEXT_LITERAL("id=42; HttpOnly; SameSite=Lax") },
        { WEFT_TEXT_LITERAL("Set-Cookie"), WEFT_TEXT_LITERAL("a=1") },
        { WEFT_TEXT_LITERAL("content-type"), WEFT_TEXT_LITERAL("text/x-mine") },
    };
    struct weft_response response = { .headers = headers,
                                      .header_count = 3,
                                      .content_type = "text/ignored",
                                      .body = "in",
                                      .body_bytes = 2 };
    assert_int_equal(weft_request_respond(request, &response), WEFT_OK);
}

static void on_secret(weft_request *request, void *user)
{
    (void)user;
    struct weft_header challenge = { WEFT_TEXT_LITERAL("WWW-Authenticate"),
                                     WEFT_TEXT_LITERAL("Basic realm=\"weft\"") };
    struct weft_response response = { .status = 401, .headers = &challenge, .header_count = 1 };
    assert_int_equal(weft_request_respond(request, &response), WEFT_OK);
}

static void on_moved(weft_request *request, void *user)
{
    assert_int_equal(weft_request_redirect(request, 200, "/"), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_request_redirect(request, 304, "/"), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_request_redirect(request, 302, "/\r\nX: y"), WEFT_ERR_SYNTAX);
    assert_int_equal(weft_request_redirect(request, *(int *)user, "/elsewhere?a"), WEFT_OK);
    /* It is answered: nothing more is possible. */
    assert_int_equal(weft_request_redirect(request, 302, "/"), WEFT_ERR_STATE);
    assert_int_equal(weft_request_respond(request, NULL), WEFT_ERR_STATE);
}

static void on_empty(weft_request *request, void *user)
{
    (void)user;
    assert_int_equal(weft_request_respond(request, &(struct weft_response){ .status = 204 }),
                     WEFT_OK);
}

static void an_answer_has_headers(void **state)
{
    struct serving *serving = *state;
    struct raw_answer answer = { 0 };
    serving_restart(serving, &(struct weft_server_options){ .name = "weft-test" });
    add(serving, "/login", on_login, NULL);
    add(serving, "/secret", on_secret, NULL);
    add(serving, "/empty", on_empty, NULL);
    ask(serving, &answer, GET("/login"));
    assert_string_equal(raw_field(&answer, "Set-Cookie"), "id=42; HttpOnly; SameSite=Lax");
    assert_non_null(strstr(answer.head, "\r\nSet-Cookie: a=1\r\n"));
    assert_string_equal(raw_field(&answer, "Content-Type"), "text/x-mine");
    assert_null(strstr(answer.head, "ignored"));
    assert_string_equal(raw_field(&answer, "Server"), "weft-test");

    ask(serving, &answer, GET("/secret"));
    assert_int_equal(answer.status, 401);
    assert_string_equal(raw_field(&answer, "WWW-Authenticate"), "Basic realm=\"weft\"");

    ask(serving, &answer, GET("/empty"));
    assert_int_equal(answer.status, 204);
    assert_null(raw_field(&answer, "Content-Length"));
    assert_null(raw_field(&answer, "Content-Type"));
    raw_drop(&answer);
}

static void redirects_lead_elsewhere(void **state)
{
    struct serving *serving = *state;
    struct raw_answer answer = { 0 };
    static int statuses[] = { 301, 302, 303, 307, 308 };
    char pattern[16], request[64];
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        snprintf(pattern, sizeof pattern, "/%d", statuses[i]);
        add(serving, pattern, on_moved, &statuses[i]);
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", pattern);
        ask(serving, &answer, request);
        assert_int_equal(answer.status, statuses[i]);
        assert_string_equal(raw_field(&answer, "Location"), "/elsewhere?a");
    }
    raw_drop(&answer);
}

static void on_many(weft_request *request, void *user)
{
    enum { MANY = 200 };
    static char names[MANY][16];
    struct weft_header headers[MANY];
    (void)user;
    for (size_t i = 0; i < MANY; i++) {
        int count = sprintf(names[i], "X-%zu", i);
        headers[i] = (struct weft_header){ { names[i], (size_t)count }, WEFT_TEXT_LITERAL("v") };
    }
    struct weft_response response = { .headers = headers, .header_count = MANY };
    assert_int_equal(weft_request_respond(request, &response), WEFT_OK);
}

static void an_answer_may_have_many_headers(void **state)
{
    struct serving *serving = *state;
    struct raw_answer answer = { 0 };
    add(serving, "/many", on_many, NULL);
    ask(serving, &answer, GET("/many"));
    assert_string_equal(raw_field(&answer, "X-0"), "v");
    assert_string_equal(raw_field(&answer, "X-199"), "v");
    assert_non_null(raw_field(&answer, "Date"));
    raw_drop(&answer);
}

static void on_silence(weft_request *request, void *user)
{
    (void)request;
    (void)user;
}

static void on_nonsense(weft_request *request, void *user)
{
    (void)user;
    struct weft_header split = { WEFT_TEXT_LITERAL("X"), WEFT_TEXT_LITERAL("a\r\nY: b") };
    struct weft_header length = { WEFT_TEXT_LITERAL("Content-Length"), WEFT_TEXT_LITERAL("5") };
    struct weft_response response = { .headers = &split, .header_count = 1 };
    assert_int_equal(weft_request_respond(request, &response), WEFT_ERR_SYNTAX);
    response.headers = &length;
    assert_int_equal(weft_request_respond(request, &response), WEFT_ERR_SYNTAX);
    response.headers = NULL;
    assert_int_equal(weft_request_respond(request, &response), WEFT_ERR_ARGUMENT);
    response = (struct weft_response){ .body_bytes = 1 };
    assert_int_equal(weft_request_respond(request, &response), WEFT_ERR_ARGUMENT);
    response = (struct weft_response){ .status = 101 };
    assert_int_equal(weft_request_respond(request, &response), WEFT_ERR_ARGUMENT);
    response = (struct weft_response){ .status = 600 };
    assert_int_equal(weft_request_respond(request, &response), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_request_accept(request, NULL), WEFT_ERR_STATE);
}

static void no_answer_is_an_error_of_the_program(void **state)
{
    struct serving *serving = *state;
    struct raw_answer answer = { 0 };
    add(serving, "/silence", on_silence, NULL);
    add(serving, "/nonsense", on_nonsense, NULL);
    ask(serving, &answer, GET("/silence"));
    assert_int_equal(answer.status, 500);
    ask(serving, &answer, GET("/nonsense"));
    assert_int_equal(answer.status, 500);
    assert_null(strstr(answer.head, "Y: b"));
    raw_drop(&answer);
}

/* ---- later ---- */

static void on_later(weft_request *request, void *user)
{
    weft_request_defer(request);
    *(weft_request **)user = request;
}

static void an_answer_may_come_later(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    weft_request *kept = NULL;
    add(serving, "/later", on_later, &kept);
    add(serving, "/hello", on_hello, "hi");
    raw_open(&client, serving->loop, serving->address);
    raw_send(&client, GET("/later") GET("/hello"));
    raw_until(serving->loop, kept);
    for (int i = 0; i < 5; i++)
        assert_true(raw_turn(serving->loop, 0));
    raw_receive(&client);
    assert_int_equal(client.bytes, 0); /* Nothing overtakes it. */
    assert_false(weft_request_is_gone(kept));
    respond(kept, 200, "at last");
    raw_take(&client, &answer, false);
    assert_string_equal(answer.body, "at last");
    raw_take(&client, &answer, false);
    assert_string_equal(answer.body, "hi");
    raw_drop(&answer);
    raw_close(&client);
}

static void the_client_may_go_meanwhile(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    weft_request *kept = NULL;
    add(serving, "/later/:what", on_later, &kept);
    raw_open(&client, serving->loop, serving->address);
    raw_send(&client, "GET /later/it?q HTTP/1.1\r\nHost: a\r\nCookie: c=1\r\n\r\n");
    raw_until(serving->loop, kept);
    raw_close(&client);
    raw_until(serving->loop, weft_request_is_gone(kept));
    /* It can still be asked. */
    assert_int_equal(weft_request_param(kept, "what").count, 2);
    assert_memory_equal(weft_request_query(kept).data, "q", 1);
    assert_memory_equal(weft_request_cookie(kept, "c").data, "1", 1);
    assert_string_equal(weft_request_peer(kept), "");
    assert_int_equal(weft_request_respond(kept, NULL), WEFT_ERR_CLOSED);
    assert_int_equal(serving_counts(serving).connections, 0);
}

static void the_server_may_go_meanwhile(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    weft_request *kept = NULL;
    add(serving, "/later/:what", on_later, &kept);
    raw_open(&client, serving->loop, serving->address);
    raw_send(&client, GET("/later/it"));
    raw_until(serving->loop, kept);
    weft_server_destroy(serving->server);
    serving->server = NULL;
    assert_true(weft_request_is_gone(kept));
    assert_null(weft_request_server(kept));
    assert_memory_equal(weft_request_param(kept, "what").data, "it", 2);
    raw_expect_end(&client);
    assert_int_equal(weft_request_redirect(kept, 302, "/"), WEFT_ERR_CLOSED);
    raw_close(&client);
}

/* ---- a large answer of the program's ---- */

static void on_large(weft_request *request, void *user)
{
    enum { LARGE = 3 << 20 };
    char *body = malloc(LARGE);
    (void)user;
    assert_non_null(body);
    memset(body, 'x', LARGE);
    struct weft_response response = { .body = body, .body_bytes = LARGE };
    assert_int_equal(weft_request_respond(request, &response), WEFT_OK);
    free(body);
}

static void a_large_answer_waits_for_its_reader(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    add(serving, "/large", on_large, NULL);
    serving_ask(serving, &client, &answer, GET("/large") GET("/none"));
    assert_int_equal(answer.body_bytes, 3 << 20);
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 404);
    raw_drop(&answer);
    raw_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVING_TEST(get_is_answered),
        SERVING_TEST(head_is_get_without_a_body),
        SERVING_TEST(the_status_says_what_is_wrong),
        SERVING_TEST(heads_have_limits),
        SERVING_TEST(a_connection_serves_many_requests),
        SERVING_TEST(an_old_client_is_served_once),
        SERVING_TEST(requests_may_come_in_one_packet),
        SERVING_TEST(a_head_may_come_byte_by_byte),
        SERVING_TEST(a_request_shows_what_came),
        SERVING_TEST(an_answer_has_headers),
        SERVING_TEST(redirects_lead_elsewhere),
        SERVING_TEST(an_answer_may_have_many_headers),
        SERVING_TEST(no_answer_is_an_error_of_the_program),
        SERVING_TEST(an_answer_may_come_later),
        SERVING_TEST(the_client_may_go_meanwhile),
        SERVING_TEST(the_server_may_go_meanwhile),
        SERVING_TEST(a_large_answer_waits_for_its_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

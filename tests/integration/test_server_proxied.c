/* Connections and requests that came by a proxy: whose they are, and whom the server believes. */
#include "support/cases.h"
#include "support/fault_alloc.h"
#include "support/serving.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4        "\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\x10\x67\0\x50"

static void on_who(weft_request *request, void *user)
{
    char body[512];
    struct weft_text host = weft_request_host(request);
    (void)user;
    snprintf(body, sizeof body, "%s|%s|%s|%.*s", weft_request_peer(request),
             weft_request_client(request), weft_request_scheme(request), (int)host.count,
             host.data);
    struct weft_response response = { .body = body, .body_bytes = strlen(body) };
    assert_int_equal(weft_request_respond(request, &response), WEFT_OK);
}

static void on_open(weft_socket *socket, void *user)
{
    char *opened_by = user;
    assert_int_equal(weft_socket_peer(socket, opened_by, 128), WEFT_OK);
}

static char opened_by[128];

static void add_routes(struct serving *serving)
{
    struct weft_route route = { .events = { .on_open = on_open }, .user = opened_by };
    assert_int_equal(weft_server_handle(serving->server, "/who", on_who, NULL), WEFT_OK);
    assert_int_equal(weft_server_route(serving->server, "/chat", &route), WEFT_OK);
    opened_by[0] = '\0';
}

static void listen_for(struct serving *serving, const char *announcer)
{
    struct weft_listen_options options = { .proxy_protocol_from = &announcer,
                                           .proxy_protocol_from_count = 1 };
    assert_int_equal(weft_server_listen_with(serving->server, "127.0.0.1:0", &options,
                                             serving->address, sizeof serving->address),
                     WEFT_OK);
    add_routes(serving);
}

#define GET_WHO "GET /who HTTP/1.1\r\nHost: a\r\n\r\n"

/* ---- the PROXY header ---- */

static const struct {
    const char *name;
    struct weft_bytes head;
    const char *peer; /* NULL: its own. */
} heads[] = {
    { "version 1", BYTES_OF("PROXY TCP4 192.0.2.1 192.0.2.2 4199 80\r\n"), "192.0.2.1:4199" },
    { "version 1, IPv6", BYTES_OF("PROXY TCP6 2001:db8::1 ::1 4199 80\r\n"), "[2001:db8::1]:4199" },
    { "version 1, unknown", BYTES_OF("PROXY UNKNOWN\r\n"), NULL },
    { "version 2", BYTES_OF(SIGNATURE V4), "192.0.2.1:4199" },
    { "version 2, local", BYTES_OF(SIGNATURE "\x20\0\0\0"), NULL },
};

static void ask(struct raw_client *client, struct raw_answer *answer, const char *request)
{
    raw_send(client, request);
    raw_take(client, answer, false);
}

/* "peer|client|scheme|host"; both of the first two are the same without trusted proxies. */
static void expect_peer(struct raw_answer *answer, const char *peer)
{
    assert_int_equal(answer->status, 200);
    size_t bytes = strcspn(answer->body, "|");
    if (peer) {
        assert_int_equal(bytes, strlen(peer));
        assert_memory_equal(answer->body, peer, bytes);
    } else {
        assert_memory_equal(answer->body, "127.0.0.1:", 10);
    }
    assert_memory_equal(answer->body + bytes + 1, answer->body, bytes);
}

static void a_listed_peer_says_whose_connection_it_is(void **state)
{
    struct serving *serving = *state;
    struct raw_answer answer = { 0 };
    listen_for(serving, "127.0.0.0/8");
    for_each_case(c, heads)
    {
        struct raw_client client;
        raw_open(&client, serving->loop, serving->address);
        raw_send_bytes(&client, c->head.data, c->head.count);
        ask(&client, &answer, GET_WHO);
        expect_peer(&answer, c->peer);
        /* It holds for the whole connection. */
        ask(&client, &answer, GET_WHO);
        expect_peer(&answer, c->peer);
        raw_close(&client);
    }
    assert_int_equal(serving_counts(serving).proxy_headers_refused_total, 0);
    raw_drop(&answer);
}

static void a_header_that_comes_byte_by_byte(void **state)
{
    struct serving *serving = *state;
    struct raw_answer answer = { 0 };
    listen_for(serving, "127.0.0.1");
    for_each_case(c, heads)
    {
        struct raw_client client;
        raw_open(&client, serving->loop, serving->address);
        for (size_t i = 0; i < c->head.count; i++) {
            raw_send_bytes(&client, c->head.data + i, 1);
            raw_turn(serving->loop, 0);
        }
        ask(&client, &answer, GET_WHO);
        expect_peer(&answer, c->peer);
        raw_close(&client);
    }
    raw_drop(&answer);
}

static void a_header_and_a_request_in_one_piece(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    listen_for(serving, "127.0.0.1");
    raw_open(&client, serving->loop, serving->address);
    ask(&client, &answer, "PROXY TCP4 192.0.2.1 192.0.2.2 4199 80\r\n" GET_WHO);
    expect_peer(&answer, "192.0.2.1:4199");
    raw_close(&client);
    raw_drop(&answer);
}

static void without_a_header_a_listed_peer_is_closed(void **state)
{
    struct serving *serving = *state;
    static const char *const starts[] = { GET_WHO, "PROXY TCP4 x\r\n", "PROXY TCP4 192.0.2.1 " };
    listen_for(serving, "127.0.0.1");
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        struct raw_client client;
        raw_open(&client, serving->loop, serving->address);
        raw_send(&client, starts[i]);
        if (i == COUNT_OF(starts) - 1)
            raw_close(&client); /* It ends in the midst of it. */
        else
            raw_until(serving->loop, (raw_receive(&client), client.has_ended));
        raw_until(serving->loop, serving_counts(serving).proxy_headers_refused_total == i + 1);
        raw_until(serving->loop, serving_counts(serving).connections == 0);
        assert_int_equal(serving_counts(serving).requests_total, 0);
        if (i < COUNT_OF(starts) - 1) {
            assert_int_equal(client.bytes, 0);
            raw_close(&client);
        }
    }
}

static void of_others_a_header_is_a_bad_request(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    listen_for(serving, "192.0.2.0/24");
    serving_ask(serving, &client, &answer, GET_WHO);
    expect_peer(&answer, NULL);
    raw_close(&client);
    serving_ask(serving, &client, &answer, "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" GET_WHO);
    assert_int_equal(answer.status, 400);
    raw_close(&client);
    raw_drop(&answer);
}

static void a_header_that_does_not_come_ends_at_its_time(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    serving_restart(serving, &(struct weft_server_options){ .request_timeout_ms = 50 });
    listen_for(serving, "127.0.0.1");
    raw_open(&client, serving->loop, serving->address);
    raw_send(&client, "PROXY TCP4 ");
    raw_expect_end(&client);
    raw_until(serving->loop, serving_counts(serving).connections == 0);
    raw_close(&client);
}

static void on_done(void *user)
{
    *(bool *)user = true;
}

static void a_drain_does_not_wait_for_a_header(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    bool is_done = false;
    listen_for(serving, "127.0.0.1");
    raw_open(&client, serving->loop, serving->address);
    raw_send(&client, "PROXY TCP4 ");
    raw_until(serving->loop, serving_counts(serving).connections == 1);
    assert_int_equal(weft_server_drain(serving->server, 1001, NULL, 10000, on_done, &is_done),
                     WEFT_OK);
    raw_close(&client);
    raw_until(serving->loop, is_done);
}

static void peers_that_are_none(void **state)
{
    struct serving *serving = *state;
    const char *wrong = "localhost";
    struct weft_listen_options options = { .proxy_protocol_from = &wrong,
                                           .proxy_protocol_from_count = 1 };
    assert_int_equal(weft_server_listen_with(serving->server, "127.0.0.1:0", &options, NULL, 0),
                     WEFT_ERR_SYNTAX);
    weft_server *server;
    assert_int_equal(weft_server_create(serving->loop,
                                        &(struct weft_server_options){ .trusted_proxies = &wrong,
                                                                       .trusted_proxy_count = 1 },
                                        &server),
                     WEFT_ERR_SYNTAX);
}

/* ---- the fields ---- */

static void trust(struct serving *serving, const char *proxy, enum weft_proxy_fields fields)
{
    serving_restart(serving, &(struct weft_server_options){ .trusted_proxies = &proxy,
                                                            .trusted_proxy_count = 1,
                                                            .trusted_fields = fields });
    add_routes(serving);
}

/* Behind the peer, whose port is not known. */
static void expect_rest(const struct raw_answer *answer, const char *rest)
{
    assert_int_equal(answer->status, 200);
    assert_memory_equal(answer->body, "127.0.0.1:", 10);
    assert_string_equal(strchr(answer->body, '|'), rest);
}

static void a_trusted_proxy_says_who_asks(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    trust(serving, "127.0.0.1", WEFT_PROXY_X_FORWARDED);
    serving_ask(serving, &client, &answer,
                "GET /who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n"
                "X-Forwarded-Proto: https\r\nX-Forwarded-Host: b.example\r\n\r\n");
    expect_rest(&answer, "|192.0.2.1|https|b.example");
    /* The next request of the same connection may be somebody else's. */
    ask(&client, &answer, "GET /who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n");
    expect_rest(&answer, "|192.0.2.2|http|a");
    raw_close(&client);
    raw_drop(&answer);
}

static void forwarded_where_it_is_asked_for(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    trust(serving, "127.0.0.1", WEFT_PROXY_FORWARDED);
    serving_ask(serving, &client, &answer,
                "GET /who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.9\r\n"
                "Forwarded: for=\"[2001:db8::1]:80\";proto=https;host=c\r\n\r\n");
    expect_rest(&answer, "|[2001:db8::1]:80|https|c");
    raw_close(&client);
    raw_drop(&answer);
}

static void of_others_the_fields_say_nothing(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    trust(serving, "192.0.2.0/24", WEFT_PROXY_X_FORWARDED);
    serving_ask(serving, &client, &answer,
                "GET /who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n"
                "X-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\n\r\n");
    assert_null(strstr(answer.body, "192.0.2.1"));
    assert_non_null(strstr(answer.body, "|http|a"));
    raw_close(&client);
    raw_drop(&answer);
}

static void the_socket_says_who_opened_it(void **state)
{
    struct serving *serving = *state;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    trust(serving, "127.0.0.1", WEFT_PROXY_X_FORWARDED);
    raw_open(&client, serving->loop, serving->address);
    raw_send_upgrade(&client, "/chat", "X-Forwarded-For: 192.0.2.1\r\n");
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 101);
    raw_until(serving->loop, opened_by[0]);
    assert_string_equal(opened_by, "192.0.2.1");
    raw_close(&client);
    raw_drop(&answer);
}

static const struct {
    const char *name;
    const char *more;
    int status;
} origins[] = {
    { "https, told so", "X-Forwarded-Proto: https\r\nOrigin: https://a.example\r\n", 101 },
    { "http, told https", "X-Forwarded-Proto: https\r\nOrigin: http://a.example\r\n", 403 },
    { "https, told http", "X-Forwarded-Proto: http\r\nOrigin: https://a.example\r\n", 403 },
    { "https, not told", "Origin: https://a.example\r\n", 101 },
    { "another host, told",
      "X-Forwarded-Proto: https\r\nX-Forwarded-Host: b.example\r\nOrigin: https://b.example\r\n",
      101 },
    { "the inner host, told another",
      "X-Forwarded-Host: b.example\r\nOrigin: https://a.example\r\n", 403 },
};

static void the_origin_is_compared_with_what_the_client_asked_for(void **state)
{
    struct serving *serving = *state;
    struct raw_answer answer = { 0 };
    trust(serving, "127.0.0.1", WEFT_PROXY_X_FORWARDED);
    for_each_case(c, origins)
    {
        struct raw_client client;
        raw_open(&client, serving->loop, serving->address);
        char request[1024];
        snprintf(request, sizeof request,
                 "GET /chat HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                 c->more);
        raw_send(&client, request);
        raw_take(&client, &answer, false);
        assert_int_equal(answer.status, c->status);
        raw_close(&client);
    }
    raw_drop(&answer);
}

/* ---- no memory ---- */

static const char *const announcer = "127.0.0.1", *const inner = "10.0.0.0/8";

static weft_status start_believing(weft_loop *loop, weft_server **server_out, char *address,
                                   size_t address_bytes)
{
    struct weft_server_options options = { .trusted_proxies = &inner, .trusted_proxy_count = 1 };
    struct weft_listen_options listen = { .proxy_protocol_from = &announcer,
                                          .proxy_protocol_from_count = 1 };
    struct weft_route route = { .events = { .on_open = on_open }, .user = opened_by };
    opened_by[0] = '\0';
    weft_status status = weft_server_create(loop, &options, server_out);
    if (!status)
        status = weft_server_route(*server_out, "/chat", &route);
    if (!status)
        status =
            weft_server_listen_with(*server_out, "127.0.0.1:0", &listen, address, address_bytes);
    return status;
}

/* Both say whose it is. It is that one's in the end, or nobody's, and never a proxy's. */
static void open_by_two_proxies(weft_loop *loop, const char *address)
{
    struct raw_client client;
    raw_open(&client, loop, address);
    raw_send(&client, "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n");
    raw_send_upgrade(&client, "/chat", "X-Forwarded-For: 192.0.2.1\r\n");
    /* What is refused for want of memory is answered, and may ask again. */
    raw_until(loop, (raw_receive(&client), client.has_ended || opened_by[0] ||
                                               (client.bytes > 9 && client.data[9] != '1')));
    if (opened_by[0])
        assert_string_equal(opened_by, "192.0.2.1");
    raw_close(&client);
}

static void memory_may_fail(enum weft_backend backend)
{
    bool failed = true;
    size_t n = 1;
    for (; failed; n++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, n);
        struct weft_loop_options options = { .backend = backend, .allocator = &fault.allocator };
        weft_loop *loop = NULL;
        weft_server *server = NULL;
        char address[64];
        weft_status status = weft_loop_create(&options, &loop);
        if (!status)
            status = start_believing(loop, &server, address, sizeof address);
        if (!status)
            open_by_two_proxies(loop, address);
        weft_server_destroy(server);
        weft_loop_destroy(loop);
        failed = fault.failed;
        assert_true(status == WEFT_OK || (failed && status == WEFT_ERR_MEMORY));
        assert_true(failed || opened_by[0]);
        assert_int_equal(fault.live_count, 0);
    }
    assert_true(n > 10);
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
        SERVING_TEST(a_listed_peer_says_whose_connection_it_is),
        SERVING_TEST(a_header_that_comes_byte_by_byte),
        SERVING_TEST(a_header_and_a_request_in_one_piece),
        SERVING_TEST(without_a_header_a_listed_peer_is_closed),
        SERVING_TEST(of_others_a_header_is_a_bad_request),
        SERVING_TEST(a_header_that_does_not_come_ends_at_its_time),
        SERVING_TEST(a_drain_does_not_wait_for_a_header),
        SERVING_TEST(peers_that_are_none),
        SERVING_TEST(a_trusted_proxy_says_who_asks),
        SERVING_TEST(forwarded_where_it_is_asked_for),
        SERVING_TEST(of_others_the_fields_say_nothing),
        SERVING_TEST(the_socket_says_who_opened_it),
        SERVING_TEST(the_origin_is_compared_with_what_the_client_asked_for),
        cmocka_unit_test(memory_may_fail_with_epoll),
        cmocka_unit_test(memory_may_fail_with_poll),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

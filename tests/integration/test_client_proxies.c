/* Clients behind proxies: what goes to whom, and what is told of a proxy that does not help. */
#include "support/odd_listeners.h"
#include "support/proxy_scene.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- it goes well ---- */

#define CONNECT_HEAD "CONNECT other.test:8080 HTTP/1.1\r\nHost: other.test:8080\r\n"

static const struct {
    const char *name;
    const char *prefix;
    const struct fake_script *script;
    const char *header; /* Of the user's: Proxy-Authorization. */
    const char *url;    /* NULL: the one above. */
    struct weft_bytes heard;
} good_cases[] = {
    { "HTTP", "http://", &http_tunnel, NULL, NULL, BYTES_OF(CONNECT_HEAD "\r\n") },
    { "HTTP with a login", "http://u:p%40w@", &http_tunnel, NULL, NULL,
      BYTES_OF(CONNECT_HEAD "Proxy-Authorization: Basic dTpwQHc=\r\n\r\n") },
    { "HTTP with the user's header", "", &http_tunnel, "Bearer abc", NULL,
      BYTES_OF(CONNECT_HEAD "Proxy-Authorization: Bearer abc\r\n\r\n") },
    { "HTTP with both", "http://u:p%40w@", &http_tunnel, "Bearer abc", NULL,
      BYTES_OF(CONNECT_HEAD "Proxy-Authorization: Basic dTpwQHc=\r\n\r\n") },
    { "SOCKS5 with the name", "socks5h://", &socks_tunnel, NULL, NULL,
      BYTES_OF("\x05\x01\x00\x05\x01\x00\x03\x0A"
               "other.test\x1F\x90") },
    { "SOCKS5 with a login", "socks5h://me:key@", &login_tunnel, "Bearer abc", NULL,
      BYTES_OF("\x05\x02\x00\x02\x01\x02me\x03key\x05\x01\x00\x03\x0A"
               "other.test\x1F\x90") },
    { "SOCKS5 with the address", "socks5://", &v4_tunnel, NULL, "localhost:8080",
      BYTES_OF("\x05\x01\x00\x05\x01\x00\x01\x7F\x00\x00\x01\x1F\x90") },
    { "SOCKS5, a number for the name", "socks5h://", &v4_tunnel, NULL, "127.0.0.1:8080",
      BYTES_OF("\x05\x01\x00\x05\x01\x00\x01\x7F\x00\x00\x01\x1F\x90") },
};

static const char *asked_with; /* The server's Proxy-Authorization. */

static void on_upgrade(weft_request *request, void *user)
{
    (void)user;
    asked_with = weft_request_header(request, "Proxy-Authorization").count ? "some" : "none";
    assert_int_equal(weft_request_accept(request, NULL), WEFT_OK);
}

static void tunnels_lead_to_the_server(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++)
        for_each_case(c, good_cases)
        {
            struct scene scene;
            struct weft_header header = { TEXT("proxy-authorization"), weft_text_of(c->header) };
            struct weft_route route = { .on_upgrade = on_upgrade };
            scene_begin(&scene, way % 2 ? WEFT_BACKEND_POLL : WEFT_BACKEND_EPOLL, c->script,
                        c->prefix);
            assert_int_equal(weft_server_route(scene.world.server, "/asked", &route), WEFT_OK);
            scene.proxy.is_bytewise = way / 2;
            if (c->url)
                scene_set_url(&scene, c->url);
            struct weft_connect_options options = { .proxy = scene.proxy_url,
                                                    .headers = &header,
                                                    .header_count = c->header ? 1 : 0 };
            asked_with = "nothing";
            scene_connect(&scene, "/asked", &options);
            assert_string_equal(scene.client.line, "open close:1000//clean ");
            assert_string_equal(asked_with, "none");
            scene_end(&scene);
            assert_int_equal(scene.proxy.connection_count, 1);
            assert_int_equal(scene.proxy.heard_bytes, c->heard.count);
            assert_memory_equal(scene.proxy.heard, c->heard.data, c->heard.count);
        }
}

/* ---- it does not ---- */

#define SAYS(text)                                                                                 \
    {                                                                                              \
        { { 0, BYTES_OF(text) } }, 1, FAKE_IS_SILENT                                               \
    }
#define SAYS_SOCKS(bytes)                                                                          \
    {                                                                                              \
        { { 3, BYTES_OF(bytes) } }, 1, FAKE_IS_SILENT                                              \
    }
#define REPLIES(bytes)                                                                             \
    {                                                                                              \
        { { 3, NO_LOGIN }, { NAME_REQUEST_BYTES, BYTES_OF(bytes) } }, 2, FAKE_IS_SILENT            \
    }

static const struct {
    const char *name;
    const char *prefix;
    struct fake_script script;
    const char *kind;
    weft_status status;
    int http_status;
    int system_error;
    const char *text; /* A part. */
} bad_cases[] = {
    { "a login is wanted", "http://", SAYS("HTTP/1.1 407 Who are you\r\nA: b\r\n\r\n"), "proxy",
      WEFT_ERR_REFUSED, 407, 0, "refuses: 407 Who are you" },
    { "its redirect is not followed", "http://",
      SAYS("HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1/\r\n\r\n"), "proxy", WEFT_ERR_REFUSED,
      302, 0, "302" },
    { "it has no connection", "http://", SAYS("HTTP/1.1 502 Bad Gateway\r\n\r\n"), "proxy",
      WEFT_ERR_SYSTEM, 502, 0, "has no connection: 502 Bad Gateway" },
    { "no HTTP", "http://", SAYS("SSH-2.0-x\r\n"), "proxy", WEFT_ERR_PROTOCOL, 0, 0,
      "gave no HTTP answer" },
    { "an end in its answer",
      "http://",
      { { { 0, BYTES_OF("HTTP/1.1 200 OK\r\nVia:") } }, 1, FAKE_ENDS },
      "proxy",
      WEFT_ERR_CLOSED,
      0,
      0,
      "has ended the connection" },
    { "an end at once",
      "socks5h://",
      { { { 3, BYTES_OF("") } }, 1, FAKE_ENDS },
      "proxy",
      WEFT_ERR_CLOSED,
      0,
      0,
      "the SOCKS5 proxy 127.0.0.1:" },
    { "no SOCKS5", "socks5h://", SAYS_SOCKS("HTTP/1.1 400"), "proxy", WEFT_ERR_PROTOCOL, 0, 0,
      "no SOCKS5 answer" },
    { "SOCKS5 wants a login", "socks5h://", SAYS_SOCKS("\x05\xFF"), "proxy", WEFT_ERR_REFUSED, 0, 0,
      "it wants a user name and a password" },
    { "SOCKS5 says that the server refuses", "socks5h://", REPLIES("\x05\x05\x00\x01"), "proxy",
      WEFT_ERR_SYSTEM, 0, ECONNREFUSED, "has no connection: connection refused" },
    { "SOCKS5 has rules", "socks5h://", REPLIES("\x05\x02"), "proxy", WEFT_ERR_REFUSED, 0, 0,
      "connection not allowed by ruleset" },
    { "the server is no WebSocket server",
      "http://",
      { { { 0, OK_ANSWER }, { 0, BYTES_OF("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n") } },
        2,
        FAKE_IS_SILENT },
      "handshake",
      WEFT_ERR_REFUSED,
      404,
      0,
      "" },
};

static void what_the_proxy_says_is_told(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++)
        for_each_case(c, bad_cases)
        {
            struct scene scene;
            char line[80];
            if (secure_is_on() && c->script.step_count > 1 && c->script.steps[1].wants == 0)
                continue; /* It would have to speak TLS. */
            scene_begin(&scene, way % 2 ? WEFT_BACKEND_POLL : WEFT_BACKEND_EPOLL, &c->script,
                        c->prefix);
            scene.proxy.is_bytewise = way / 2;
            struct weft_connect_options options = { .proxy = scene.proxy_url, .redirects_max = 3 };
            scene_connect(&scene, "/echo", &options);
            snprintf(line, sizeof line, "error:%s close:1006//unclean ", c->kind);
            assert_string_equal(scene.client.line, line);
            assert_int_equal(scene.client.failure.status, c->status);
            assert_int_equal(scene.client.http_status, c->http_status);
            assert_int_equal(scene.client.failure.system_error, c->system_error);
            assert_non_null(strstr(scene.client.failure_text, c->text));
            scene_end(&scene);
            assert_int_equal(scene.proxy.connection_count, 1);
        }
}

static void an_endless_answer_is_ended(void **state)
{
    (void)state;
    enum { ANSWER_BYTES = 20000 };
    static uint8_t answer[ANSWER_BYTES];
    memcpy(answer, "HTTP/1.1 200 OK\r\nA: ", 20);
    memset(answer + 20, 'x', sizeof answer - 20);
    struct fake_script script = { { { 0, { answer, sizeof answer } } }, 1, FAKE_IS_SILENT };
    struct scene scene;
    scene_begin(&scene, WEFT_BACKEND_DEFAULT, &script, "http://");
    struct weft_connect_options options = { .proxy = scene.proxy_url };
    scene_connect(&scene, "/echo", &options);
    assert_string_equal(scene.client.line, "error:proxy close:1006//unclean ");
    assert_int_equal(scene.client.failure.status, WEFT_ERR_LIMIT);
    scene_end(&scene);
}

static const char *late_handshake(void)
{
    return secure_is_on() ? "the TLS handshake took too long" : "the handshake took too long";
}

static void a_silent_proxy_is_not_waited_for_for_ever(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *prefix;
        struct fake_script script;
    } cases[] = {
        { "HTTP", "http://", { .end = FAKE_IS_SILENT } },
        { "HTTP in its answer", "http://", SAYS("HTTP/1.1 200 OK\r\n") },
        { "SOCKS5", "socks5h://", { .end = FAKE_IS_SILENT } },
        { "SOCKS5 behind its first", "socks5h://", SAYS_SOCKS("\x05\x00") },
        { "the server behind it", "http://", { { { 0, OK_ANSWER } }, 1, FAKE_IS_SILENT } },
    };
    for_each_case(c, cases)
    {
        struct scene scene;
        scene_begin(&scene, WEFT_BACKEND_DEFAULT, &c->script, c->prefix);
        struct weft_connect_options options = { .proxy = scene.proxy_url,
                                                .settings.handshake_timeout_ms = 50 };
        scene_connect(&scene, "/echo", &options);
        assert_string_equal(scene.client.line, "error:timeout close:1006//unclean ");
        assert_string_equal(scene.client.failure.limit_name, "handshake_timeout_ms");
        bool is_behind = strcmp(c->name, "the server behind it") == 0;
        assert_string_equal(scene.client.failure_text,
                            is_behind ? late_handshake() : "the proxy's answer took too long");
        scene_end(&scene);
    }
    struct scene scene;
    struct silent_listener silent;
    char url[64];
    silent_listener_open(&silent);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)silent.port);
    scene_begin(&scene, WEFT_BACKEND_DEFAULT, &http_tunnel, "");
    struct weft_connect_options options = { .proxy = url, .connect_timeout_ms = 50 };
    scene_connect(&scene, "/echo", &options);
    assert_string_equal(scene.client.line, "error:timeout close:1006//unclean ");
    assert_string_equal(scene.client.failure.limit_name, "connect_timeout_ms");
    scene_end(&scene);
    silent_listener_close(&silent);
}

static void a_proxy_that_is_not_there_is_told_as_such(void **state)
{
    (void)state;
    uint16_t port;
    char url[64];
    int refuser = refuser_open(&port);
    struct scene scene;
    scene_begin(&scene, WEFT_BACKEND_DEFAULT, &http_tunnel, "");
    snprintf(url, sizeof url, "socks5h://127.0.0.1:%u", (unsigned)port);
    struct weft_connect_options options = { .proxy = url };
    scene_connect(&scene, "/echo", &options);
    assert_string_equal(scene.client.line, "error:connect close:1006//unclean ");
    assert_int_equal(scene.client.failure.system_error, ECONNREFUSED);
    assert_non_null(strstr(scene.client.failure_text, "no connection to the proxy 127.0.0.1:"));
    scene_end(&scene);
    close(refuser);
}

static void a_name_that_is_too_long_is_told_as_such(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *prefix;
        const struct fake_script *script;
        size_t name_bytes;
        const char *text;
    } cases[] = {
        { "SOCKS5", "socks5h://", &socks_tunnel, 256, "a name of over 255 bytes" },
        { "SOCKS5, longer than its buffer", "socks5h://", &socks_tunnel, 9000,
          "a name of over 255 bytes" },
        { "HTTP", "http://", &http_tunnel, 20000, "what the proxy is to be told is too long" },
    };
    if (secure_is_on())
        skip(); /* TLS has no room for such a name, and says so before. */
    for_each_case(c, cases)
    {
        static char url[32768];
        struct scene scene;
        int scheme_bytes = snprintf(url, sizeof url, "%s://", secure_scheme());
        memset(url + scheme_bytes, 'x', c->name_bytes);
        snprintf(url + scheme_bytes + c->name_bytes, 8, "/");
        scene_begin(&scene, WEFT_BACKEND_DEFAULT, c->script, c->prefix);
        fake_proxy_start(&scene.proxy);
        struct weft_connect_options options = { .proxy = scene.proxy_url,
                                                .tls = secure_trust(),
                                                .events = record_events,
                                                .user = &scene.client };
        weft_socket *socket;
        assert_int_equal(weft_socket_connect(scene.world.loop, url, &options, &socket), WEFT_OK);
        world_until(&scene.world, scene.client.is_closed);
        weft_socket_release(socket);
        assert_string_equal(scene.client.line, "error:proxy close:1006//unclean ");
        assert_non_null(strstr(scene.client.failure_text, c->text));
        scene_end(&scene);
    }
}

/* ---- further connections ---- */

static void redirect(weft_request *request, void *user)
{
    struct weft_header location = { TEXT("Location"), weft_text_of(user) };
    struct weft_response response = { .status = 302, .headers = &location, .header_count = 1 };
    assert_int_equal(weft_request_respond(request, &response), WEFT_OK);
}

static void a_redirect_goes_through_the_proxy(void **state)
{
    (void)state;
    struct scene scene;
    char to[64];
    struct weft_route route = { .on_upgrade = redirect, .user = to };
    snprintf(to, sizeof to, "%s://a.wild.test:81/echo", secure_scheme());
    scene_begin(&scene, WEFT_BACKEND_DEFAULT, &http_tunnel, "http://u:pw@");
    assert_int_equal(weft_server_route(scene.world.server, "/away", &route), WEFT_OK);
    struct weft_connect_options options = { .proxy = scene.proxy_url,
                                            .redirects_max = 1,
                                            .bad_ports_allowed = true };
    scene_connect(&scene, "/away", &options);
    assert_string_equal(scene.client.line, "open close:1000//clean ");
    scene_end(&scene);
    assert_int_equal(scene.proxy.connection_count, 2);
    /* The proxy is the same one, whoever the server is. */
    assert_string_equal(scene.heard, "CONNECT other.test:8080 HTTP/1.1\r\nHost: other.test:8080\r\n"
                                     "Proxy-Authorization: Basic dTpwdw==\r\n\r\n"
                                     "CONNECT a.wild.test:81 HTTP/1.1\r\nHost: a.wild.test:81\r\n"
                                     "Proxy-Authorization: Basic dTpwdw==\r\n\r\n");
}

static void what_may_pass_is_tried_again(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *prefix;
        struct fake_script first;
        const struct fake_script *second;
        const char *line;
    } cases[] = {
        { "no gateway", "http://", SAYS("HTTP/1.1 502 Bad\r\n\r\n"), &http_tunnel,
          "again:1/1006 open close:1000//clean " },
        { "an end",
          "http://",
          { .end = FAKE_ENDS },
          &http_tunnel,
          "again:1/1006 open close:1000//clean " },
        { "the server refuses", "socks5h://", REPLIES("\x05\x05\x00\x01"), &socks_tunnel,
          "again:1/1006 open close:1000//clean " },
        { "a login is wanted", "http://", SAYS("HTTP/1.1 407 No\r\n\r\n"), &http_tunnel,
          "error:proxy close:1006//unclean " },
        { "no such proxy", "http://", SAYS("what?\r\n\r\n"), &http_tunnel,
          "error:proxy close:1006//unclean " },
    };
    for_each_case(c, cases)
    {
        struct scene scene;
        scene_begin(&scene, WEFT_BACKEND_DEFAULT, &c->first, c->prefix);
        scene.proxy.scripts[1] = *c->second;
        scene.proxy.script_count = 2;
        struct weft_connect_options options = {
            .proxy = scene.proxy_url, .reconnect = { .attempts_max = 1, .first_delay_ms = 1 }
        };
        scene_connect(&scene, "/echo", &options);
        assert_string_equal(scene.client.line, c->line);
        scene_end(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tunnels_lead_to_the_server),
        cmocka_unit_test(what_the_proxy_says_is_told),
        cmocka_unit_test(an_endless_answer_is_ended),
        cmocka_unit_test(a_silent_proxy_is_not_waited_for_for_ever),
        cmocka_unit_test(a_proxy_that_is_not_there_is_told_as_such),
        cmocka_unit_test(a_name_that_is_too_long_is_told_as_such),
        cmocka_unit_test(a_redirect_goes_through_the_proxy),
        cmocka_unit_test(what_may_pass_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

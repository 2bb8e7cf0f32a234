/* Clients behind proxies: what goes to whom, what is told of a proxy that does not help, and an end
 * at every stage. */
#include "support/cases.h"
#include "support/certs.h"
#include "support/fake_proxy.h"
#include "support/fault_alloc.h"
#include "support/odd_listeners.h"
#include "support/secure.h"
#include "support/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define OK_ANSWER  BYTES_OF("HTTP/1.1 200 Connection established\r\n\r\n")
#define V4_REPLY   BYTES_OF("\x05\x00\x00\x01\x7F\x00\x00\x01\x00\x50")
#define NO_LOGIN   BYTES_OF("\x05\x00")
#define WANT_LOGIN BYTES_OF("\x05\x02")
#define LOGGED_IN  BYTES_OF("\x01\x00")

enum { NAME_REQUEST_BYTES = 4 + 1 + 10 + 2, V4_REQUEST_BYTES = 10 }; /* "other.test" */

static const struct fake_script http_tunnel = { { { 0, OK_ANSWER } }, 1, FAKE_RELAYS };
static const struct fake_script socks_tunnel = {
    { { 3, NO_LOGIN }, { NAME_REQUEST_BYTES, V4_REPLY } }, 2, FAKE_RELAYS
};
static const struct fake_script login_tunnel = {
    { { 4, WANT_LOGIN }, { 8, LOGGED_IN }, { NAME_REQUEST_BYTES, V4_REPLY } }, 3, FAKE_RELAYS
};
static const struct fake_script v4_tunnel = { { { 3, NO_LOGIN }, { V4_REQUEST_BYTES, V4_REPLY } },
                                              2,
                                              FAKE_RELAYS };

/* ---- a server behind a proxy ---- */

struct scene {
    struct world world;
    char named_address[64]; /* Of the server whose certificate has the names. */
    struct record server, client;
    struct fake_proxy proxy;
    char proxy_url[128];
    char heard[FAKE_HEARD_BYTES + 1]; /* As text, zeros too. */
};

static void close_at_once(weft_socket *socket, struct record *record)
{
    (void)record;
    assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
}

static void listen_by_name(struct scene *scene)
{
    struct weft_listen_options options = { 0 };
    if (secure_is_on())
        options.tls = certs_server("other");
    assert_int_equal(weft_server_listen_with(scene->world.server, "127.0.0.1:0", &options,
                                             scene->named_address, sizeof scene->named_address),
                     WEFT_OK);
    weft_tls_release(options.tls);
}

static void set_url(struct scene *scene, const char *authority)
{
    snprintf(scene->world.url, sizeof scene->world.url, "%s://%s", secure_scheme(), authority);
    bool is_local = strstr(authority, "test") == NULL;
    scene->proxy.target = is_local ? scene->world.address : scene->named_address;
}

/* The URL of the server has a name that nobody can look up. */
static void scene_begin(struct scene *scene, enum weft_backend backend,
                        const struct fake_script *script, const char *proxy_prefix)
{
    memset(scene, 0, sizeof *scene);
    world_start(&scene->world, backend);
    world_route(&scene->world, "/echo", &scene->server, NULL);
    scene->client.on_open = close_at_once;
    scene->proxy.scripts[0] = *script;
    scene->proxy.script_count = 1;
    listen_by_name(scene);
    set_url(scene, "other.test:8080");
    fake_proxy_open(&scene->proxy);
    snprintf(scene->proxy_url, sizeof scene->proxy_url, "%s127.0.0.1:%s", proxy_prefix,
             scene->proxy.port);
}

static void scene_end(struct scene *scene)
{
    fake_proxy_stop(&scene->proxy);
    for (size_t i = 0; i < scene->proxy.heard_bytes; i++)
        scene->heard[i] = (char)scene->proxy.heard[i];
    world_end(&scene->world);
}

static void connect_and_wait(struct scene *scene, const char *path,
                             const struct weft_connect_options *options)
{
    fake_proxy_start(&scene->proxy);
    weft_socket *socket = world_connect(&scene->world, path, &scene->client, options);
    world_until(&scene->world, scene->client.is_closed);
    weft_socket_release(socket);
}

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
                set_url(&scene, c->url);
            struct weft_connect_options options = { .proxy = scene.proxy_url,
                                                    .headers = &header,
                                                    .header_count = c->header ? 1 : 0 };
            asked_with = "nothing";
            connect_and_wait(&scene, "/asked", &options);
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
            connect_and_wait(&scene, "/echo", &options);
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
    connect_and_wait(&scene, "/echo", &options);
    assert_string_equal(scene.client.line, "error:proxy close:1006//unclean ");
    assert_int_equal(scene.client.failure.status, WEFT_ERR_LIMIT);
    scene_end(&scene);
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
        connect_and_wait(&scene, "/echo", &options);
        assert_string_equal(scene.client.line, "error:timeout close:1006//unclean ");
        assert_string_equal(scene.client.failure.limit_name, "handshake_timeout_ms");
        scene_end(&scene);
    }
    struct scene scene;
    struct silent_listener silent;
    char url[64];
    silent_listener_open(&silent);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)silent.port);
    scene_begin(&scene, WEFT_BACKEND_DEFAULT, &http_tunnel, "");
    struct weft_connect_options options = { .proxy = url, .connect_timeout_ms = 50 };
    connect_and_wait(&scene, "/echo", &options);
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
    connect_and_wait(&scene, "/echo", &options);
    assert_string_equal(scene.client.line, "error:connect close:1006//unclean ");
    assert_int_equal(scene.client.failure.system_error, ECONNREFUSED);
    assert_non_null(strstr(scene.client.failure_text, "no connection to the proxy 127.0.0.1:"));
    scene_end(&scene);
    close(refuser);
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
    connect_and_wait(&scene, "/away", &options);
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
        connect_and_wait(&scene, "/echo", &options);
        assert_string_equal(scene.client.line, c->line);
        scene_end(&scene);
    }
}

/* ---- the environment ---- */

static void clear_environment(void)
{
    static const char *const names[] = { "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                                         "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY" };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        unsetenv(names[i]);
}

static void the_environment_names_the_proxy(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *variable, *other; /* "@": the proxy's URL. */
        const char *value, *other_value;
        bool is_asked;
        bool is_through;
    } cases[] = {
        { "http_proxy", "http_proxy", "no_proxy", "@", "", true, true },
        { "nobody asks", "http_proxy", "no_proxy", "@", "", false, false },
        { "HTTP_PROXY is a header", "HTTP_PROXY", "no_proxy", "@", "", true, false },
        { "all_proxy", "all_proxy", "https_proxy", "@", "http://127.0.0.1:1", true, true },
        { "ALL_PROXY", "ALL_PROXY", "http_proxy", "@", "", true, true },
        { "no_proxy", "http_proxy", "no_proxy", "@", "example.org,localhost", true, false },
        { "NO_PROXY", "http_proxy", "NO_PROXY", "@", "*", true, false },
        { "another is in no_proxy", "http_proxy", "no_proxy", "@", "example.org", true, true },
    };
    if (secure_is_on())
        skip(); /* The names are those for ws:. */
    for_each_case(c, cases)
    {
        struct scene scene;
        char here[80];
        scene_begin(&scene, WEFT_BACKEND_DEFAULT, &http_tunnel, "http://");
        snprintf(here, sizeof here, "localhost%s", strchr(scene.world.address, ':'));
        set_url(&scene, here);
        clear_environment();
        setenv(c->variable, c->value[0] == '@' ? scene.proxy_url : c->value, 1);
        setenv(c->other, c->other_value, 1);
        struct weft_connect_options options = { .proxy_from_environment = c->is_asked };
        connect_and_wait(&scene, "/echo", &options);
        assert_string_equal(scene.client.line, "open close:1000//clean ");
        scene_end(&scene);
        assert_int_equal(scene.proxy.connection_count, c->is_through);
    }
    clear_environment();
}

/* The first request goes through the proxy, and the one that follows needs none. */
static void a_redirect_is_aimed_anew(void **state)
{
    (void)state;
    struct scene scene;
    char to[128];
    struct weft_route route = { .on_upgrade = redirect, .user = to };
    scene_begin(&scene, WEFT_BACKEND_DEFAULT, &http_tunnel, "http://");
    snprintf(to, sizeof to, "%s://localhost%s/echo", secure_scheme(),
             strchr(scene.world.address, ':'));
    assert_int_equal(weft_server_route(scene.world.server, "/away", &route), WEFT_OK);
    clear_environment();
    setenv("all_proxy", scene.proxy_url, 1);
    setenv("no_proxy", "localhost", 1);
    struct weft_connect_options options = { .proxy_from_environment = true, .redirects_max = 1 };
    connect_and_wait(&scene, "/away", &options);
    clear_environment();
    assert_string_equal(scene.client.line, "open close:1000//clean ");
    scene_end(&scene);
    assert_int_equal(scene.proxy.connection_count, 1);
    assert_string_equal(scene.heard, CONNECT_HEAD "\r\n");
}

static void a_wrong_environment_is_told_by_name(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, WEFT_BACKEND_DEFAULT, &http_tunnel, "");
    clear_environment();
    setenv("all_proxy", "gopher://x", 1);
    struct weft_connect_options options = { .proxy_from_environment = true };
    connect_and_wait(&scene, "/echo", &options);
    clear_environment();
    assert_string_equal(scene.client.line, "error:proxy close:1006//unclean ");
    assert_non_null(strstr(scene.client.failure_text, "all_proxy: the scheme of the proxy"));
    scene_end(&scene);
}

/* ---- the end at every stage ---- */

static const struct {
    const char *name;
    const char *prefix; /* NULL: no proxy. */
    const struct fake_script *script;
} stages[] = {
    { "no proxy", NULL, &http_tunnel },
    { "HTTP", "http://u:p@", &http_tunnel },
    { "SOCKS5", "socks5h://me:key@", &login_tunnel },
    { "SOCKS5 with the address", "socks5://", &v4_tunnel },
};

static void stage_begin(struct scene *scene, size_t index, enum weft_backend backend)
{
    scene_begin(scene, backend, stages[index].script,
                stages[index].prefix ? stages[index].prefix : "");
    char here[80];
    snprintf(here, sizeof here, "localhost%s", strchr(scene->world.address, ':'));
    if (!stages[index].prefix || stages[index].script == &v4_tunnel)
        set_url(scene, here);
}

static void it_is_closed_at_every_stage(void **state)
{
    (void)state;
    for_each_case(c, stages)
    {
        bool was_open = false;
        size_t descriptors = count_descriptors();
        for (int stage = 0; !was_open; stage++) {
            struct scene scene;
            assert_true(stage < 1000);
            stage_begin(&scene, (size_t)(c - stages),
                        stage % 2 ? WEFT_BACKEND_EPOLL : WEFT_BACKEND_POLL);
            struct weft_connect_options options = { .proxy = c->prefix ? scene.proxy_url : NULL };
            fake_proxy_start(&scene.proxy);
            weft_socket *socket = world_connect(&scene.world, "/echo", &scene.client, &options);
            for (int turns = 0; turns < stage; turns++)
                assert_int_equal(weft_loop_turn(scene.world.loop, 10), WEFT_OK);
            was_open = scene.client.bytes > 0;
            if (!was_open) {
                assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
                world_until(&scene.world, scene.client.is_closed);
                assert_string_equal(scene.client.line, "error:aborted close:1006//unclean ");
            }
            weft_socket_release(socket);
            scene_end(&scene);
            assert_int_equal(count_descriptors(), descriptors);
        }
    }
}

static void the_loop_ends_at_every_stage(void **state)
{
    (void)state;
    for_each_case(c, stages)
    {
        bool was_open = false;
        size_t descriptors = count_descriptors();
        for (int stage = 0; !was_open; stage++) {
            struct scene scene;
            assert_true(stage < 1000);
            stage_begin(&scene, (size_t)(c - stages),
                        stage % 2 ? WEFT_BACKEND_EPOLL : WEFT_BACKEND_POLL);
            struct weft_connect_options options = { .proxy = c->prefix ? scene.proxy_url : NULL };
            fake_proxy_start(&scene.proxy);
            weft_socket *socket = world_connect(&scene.world, "/echo", &scene.client, &options);
            for (int turns = 0; turns < stage; turns++)
                assert_int_equal(weft_loop_turn(scene.world.loop, 10), WEFT_OK);
            was_open = scene.client.bytes > 0;
            scene_end(&scene);
            assert_true(scene.client.is_closed);
            assert_int_equal(weft_socket_ready_state(socket), WEFT_CLOSED);
            weft_socket_release(socket);
            assert_int_equal(count_descriptors(), descriptors);
        }
    }
}

/* The client has a loop of its own, whose n-th allocation fails. */
static bool run_without_memory(size_t stage, size_t n)
{
    struct fault_alloc fault;
    struct scene scene;
    weft_loop *loop = NULL;
    weft_socket *socket = NULL;
    char url[160];
    stage_begin(&scene, stage, WEFT_BACKEND_DEFAULT);
    fake_proxy_start(&scene.proxy);
    fault_alloc_init(&fault, 0);
    struct weft_loop_options loop_options = { .allocator = &fault.allocator };
    struct weft_connect_options options = { .proxy = stages[stage].prefix ? scene.proxy_url : NULL,
                                            .tls = secure_trust(),
                                            .events = record_events,
                                            .user = &scene.client };
    assert_int_equal(weft_loop_create(&loop_options, &loop), WEFT_OK);
    fault.fails_at = fault.call_count + n;
    snprintf(url, sizeof url, "%s/echo", scene.world.url);
    weft_status status = weft_socket_connect(loop, url, &options, &socket);
    assert_true(status == WEFT_OK || (status == WEFT_ERR_MEMORY && fault.failed));
    for (int turns = 0; !status && !scene.client.is_closed; turns++) {
        assert_int_equal(weft_loop_turn(loop, 1), WEFT_OK);
        assert_true(world_turn(&scene.world, turns));
    }
    if (!status && !fault.failed)
        assert_string_equal(scene.client.line, "open close:1000//clean ");
    weft_socket_release(socket);
    weft_loop_destroy(loop);
    assert_int_equal(fault.live_count, 0);
    scene_end(&scene);
    return fault.failed;
}

static void no_memory_at_any_stage_is_an_orderly_end(void **state)
{
    (void)state;
    for_each_case(c, stages)
    {
        size_t n = 1;
        while (run_without_memory((size_t)(c - stages), n))
            n++;
        assert_true(n > 4);
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
        cmocka_unit_test(a_redirect_goes_through_the_proxy),
        cmocka_unit_test(what_may_pass_is_tried_again),
        cmocka_unit_test(the_environment_names_the_proxy),
        cmocka_unit_test(a_redirect_is_aimed_anew),
        cmocka_unit_test(a_wrong_environment_is_told_by_name),
        cmocka_unit_test(it_is_closed_at_every_stage),
        cmocka_unit_test(the_loop_ends_at_every_stage),
        cmocka_unit_test(no_memory_at_any_stage_is_an_orderly_end),
    };
    clear_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The client's request: redirects, credentials and cookies, against a server that redirects,
 * refuses and sets them. */
#include "support/fault_alloc.h"
#include "support/secure.h"
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- a server that tells what it was asked ---- */

struct asked {
    char line[4096]; /* "/a[authorization][cookie] ", request by request. */
    size_t bytes;
    const char *elsewhere; /* The address under another name: "localhost:4711". */
    char elsewhere_text[80];
    const char *location;
    int status;
};

static void note(struct asked *asked, weft_request *request)
{
    struct weft_text path = weft_request_path(request);
    struct weft_text authorization = weft_request_header(request, "Authorization");
    struct weft_text cookie = weft_request_header(request, "Cookie");
    int count = snprintf(asked->line + asked->bytes, sizeof asked->line - asked->bytes,
                         "%.*s[%.*s][%.*s] ", (int)path.count, path.data, (int)authorization.count,
                         authorization.count ? authorization.data : "", (int)cookie.count,
                         cookie.count ? cookie.data : "");
    assert_true(count > 0 && asked->bytes + (size_t)count < sizeof asked->line);
    asked->bytes += (size_t)count;
}

static void open_here(weft_request *request, void *user)
{
    static const struct weft_header set = { { "Set-Cookie", 10 }, { "seen=1; Path=/", 14 } };
    struct asked *asked = user;
    note(asked, request);
    struct weft_acceptance acceptance = { .headers = &set, .header_count = 1 };
    assert_int_equal(weft_request_accept(request, &acceptance), WEFT_OK);
}

static void redirect(weft_request *request, int status, const char *location)
{
    struct weft_header headers[] = {
        { { "Location", 8 }, weft_text_of(location) },
        { { "Set-Cookie", 10 }, { "hop=1", 5 } },
        { { "Set-Cookie", 10 }, { "hop=2", 5 } },
    };
    struct weft_response response = { .status = status, .headers = headers, .header_count = 3 };
    assert_int_equal(weft_request_respond(request, &response), WEFT_OK);
}

/* /hop/3 leads to /hop/2, and that at last to /open. */
static void hop(weft_request *request, void *user)
{
    static const int statuses[] = { 301, 302, 303, 307, 308 };
    struct asked *asked = user;
    char location[64];
    int left = atoi(weft_request_param(request, "left").data);
    note(asked, request);
    if (left > 1)
        snprintf(location, sizeof location, "%d#part", left - 1);
    else
        snprintf(location, sizeof location, "/open");
    redirect(request, statuses[left % 5], location);
}

static void loop_for_ever(weft_request *request, void *user)
{
    note(user, request);
    redirect(request, 302, "/loop");
}

static void elsewhere(weft_request *request, void *user)
{
    struct asked *asked = user;
    char location[128];
    note(asked, request);
    snprintf(location, sizeof location, "%s://%s/back", secure_is_on() ? "https" : "http",
             asked->elsewhere);
    redirect(request, 307, location);
}

static void back(weft_request *request, void *user)
{
    struct asked *asked = user;
    char location[128];
    note(asked, request);
    snprintf(location, sizeof location, "%s://127.0.0.1%s/open", secure_scheme(),
             strchr(asked->elsewhere, ':'));
    redirect(request, 308, location);
}

static void anywhere(weft_request *request, void *user)
{
    struct asked *asked = user;
    note(asked, request);
    if (asked->location) {
        redirect(request, asked->status, asked->location);
        return;
    }
    struct weft_response response = { .status = asked->status };
    assert_int_equal(weft_request_respond(request, &response), WEFT_OK);
}

static void add_route(struct world *world, const char *pattern, struct asked *asked,
                      void (*on_upgrade)(weft_request *request, void *user))
{
    struct weft_route route = { .on_upgrade = on_upgrade, .user = asked };
    assert_int_equal(weft_server_route(world->server, pattern, &route), WEFT_OK);
}

static void serve(struct world *world, struct asked *asked)
{
    add_route(world, "/open", asked, open_here);
    add_route(world, "/hop/:left", asked, hop);
    add_route(world, "/loop", asked, loop_for_ever);
    add_route(world, "/elsewhere", asked, elsewhere);
    add_route(world, "/back", asked, back);
    add_route(world, "/anywhere", asked, anywhere);
    snprintf(asked->elsewhere_text, sizeof asked->elsewhere_text, "localhost%s",
             strchr(world->address, ':'));
    asked->elsewhere = asked->elsewhere_text;
}

static void run_on_all(void (*test)(struct world *world, struct asked *asked))
{
    static const enum weft_backend backends[] = { WEFT_BACKEND_EPOLL, WEFT_BACKEND_POLL };
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        struct asked asked = { 0 };
        world_start(&world, backends[i]);
        serve(&world, &asked);
        test(&world, &asked);
        world_end(&world);
    }
}

#define ON_ALL_BACKENDS(name)                                                                      \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        run_on_all(name##_on);                                                                     \
    }

/* The whole of a connection that is opened and closed. */
static void open_and_close(struct world *world, const char *path,
                           const struct weft_connect_options *options)
{
    struct record client = { 0 };
    weft_socket *socket = world_connect(world, path, &client, options);
    world_until(world, client.socket || client.is_closed);
    assert_string_equal(client.line, "open ");
    assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
    world_until(world, client.is_closed);
    assert_string_equal(client.line, "open close:1000//clean ");
    weft_socket_release(socket);
}

static void fail_at(struct world *world, const char *path, struct record *client,
                    const struct weft_connect_options *options)
{
    weft_socket *socket = world_connect(world, path, client, options);
    world_until(world, client->is_closed);
    weft_socket_release(socket);
}

/* ---- redirects ---- */

static void a_chain_is_followed_on(struct world *world, struct asked *asked)
{
    struct weft_connect_options options = { .redirects_max = 5 };
    struct record client = { 0 };
    weft_socket *socket = world_connect(world, "/hop/5", &client, &options);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CONNECTING);
    world_until(world, client.socket || client.is_closed);
    assert_string_equal(client.line, "open ");
    assert_string_equal(asked->line, "/hop/5[][] /hop/4[][] /hop/3[][] /hop/2[][] /hop/1[][] "
                                     "/open[][] ");
    /* `url` is the one that was given. */
    assert_string_equal(strrchr(weft_socket_url(socket), '/'), "/5");
    assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
    world_until(world, client.is_closed);
    assert_string_equal(client.line, "open close:1000//clean ");
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(a_chain_is_followed)

static void without_the_option_none_is_on(struct world *world, struct asked *asked)
{
    struct record client = { 0 };
    fail_at(world, "/hop/1", &client, NULL);
    assert_string_equal(client.line, "error:handshake close:1006//unclean ");
    assert_int_equal(client.http_status, 302);
    assert_null(client.failure.limit_name);
    assert_string_equal(asked->line, "/hop/1[][] ");
}
ON_ALL_BACKENDS(without_the_option_none_is)

static void a_circle_ends_at_the_limit_on(struct world *world, struct asked *asked)
{
    struct weft_connect_options options = { .redirects_max = 3 };
    struct record client = { 0 };
    fail_at(world, "/loop", &client, &options);
    assert_string_equal(client.line, "error:handshake close:1006//unclean ");
    assert_string_equal(client.failure_text, "too many redirects");
    assert_string_equal(client.failure.limit_name, "redirects_max");
    assert_int_equal(client.failure.limit, 3);
    assert_int_equal(client.http_status, 302);
    assert_string_equal(asked->line, "/loop[][] /loop[][] /loop[][] /loop[][] ");
}
ON_ALL_BACKENDS(a_circle_ends_at_the_limit)

static void where_none_may_lead_on(struct world *world, struct asked *asked)
{
    static const struct {
        const char *location;
        const char *line, *text;
        weft_status status;
    } cases[] = {
        { "ws+unix:/run/secret.sock:/", "error:handshake close:1006//unclean ",
          "a redirect into a Unix-domain socket is not followed", WEFT_ERR_REFUSED },
        { "ftp://127.0.0.1/", "error:handshake close:1006//unclean ",
          "a redirect to what is no WebSocket URL", WEFT_ERR_SYNTAX },
        { "ws://127.0.0.1:25/", "error:blocked close:1006//unclean ", "the port is blocked",
          WEFT_ERR_REFUSED },
        { "", "error:handshake close:1006//unclean ", "too many redirects", WEFT_ERR_LIMIT },
    };
    struct weft_connect_options options = { .redirects_max = 4 };
    if (secure_is_on())
        return; /* Their reason would be that they lead to ws:. */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record client = { 0 };
        asked->status = 302;
        asked->location = cases[i].location;
        fail_at(world, "/anywhere", &client, &options);
        assert_string_equal(client.line, cases[i].line);
        assert_string_equal(client.failure_text, cases[i].text);
        assert_int_equal(client.failure.status, cases[i].status);
    }
}
ON_ALL_BACKENDS(where_none_may_lead)

static void what_is_no_redirect_on(struct world *world, struct asked *asked)
{
    struct weft_connect_options options = { .redirects_max = 4 };
    static const int statuses[] = { 300, 304, 305, 401, 200 };
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct record client = { 0 };
        asked->status = statuses[i];
        asked->location = "/open";
        asked->bytes = 0;
        fail_at(world, "/anywhere", &client, &options);
        assert_string_equal(client.line, "error:handshake close:1006//unclean ");
        assert_int_equal(client.http_status, statuses[i]);
        assert_string_equal(asked->line, "/anywhere[][] ");
    }
    struct record client = { 0 };
    asked->status = 302;
    asked->location = NULL;
    fail_at(world, "/anywhere", &client, &options);
    assert_string_equal(client.failure_text, "a redirect without a Location");
}
ON_ALL_BACKENDS(what_is_no_redirect)

static void close_ends_the_following_on(struct world *world, struct asked *asked)
{
    struct weft_connect_options options = { .redirects_max = 1000000 };
    struct record client = { 0 };
    weft_socket *socket = world_connect(world, "/loop", &client, &options);
    world_until(world, asked->bytes > 100);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CONNECTING);
    assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
    world_until(world, client.is_closed);
    assert_string_equal(client.line, "error:aborted close:1006//unclean ");
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(close_ends_the_following)

static void in_a_unix_socket_paths_are_followed_on(struct world *world, struct asked *asked)
{
    char folder[] = "/tmp/weft-redirect-XXXXXX", address[80], url[96];
    struct record client = { 0 };
    struct weft_connect_options options = {
        .redirects_max = 1, .events = record_events, .user = &client, .username = "u"
    };
    assert_non_null(mkdtemp(folder));
    snprintf(address, sizeof address, "unix:%s/s", folder);
    assert_int_equal(weft_server_listen(world->server, address, NULL, 0), WEFT_OK);
    snprintf(url, sizeof url, "ws+unix:%s/s:/hop/1", folder);
    assert_int_equal(weft_socket_connect(world->loop, url, &options, NULL), WEFT_OK);
    world_until(world, client.socket || client.is_closed);
    assert_string_equal(client.line, "open ");
    assert_string_equal(asked->line, "/hop/1[Basic dTo=][] /open[Basic dTo=][] ");
    assert_int_equal(weft_socket_close(client.socket, 0, NULL), WEFT_OK);
    world_until(world, client.is_closed);
    weft_server_stop_listening(world->server);
    rmdir(folder);
}
ON_ALL_BACKENDS(in_a_unix_socket_paths_are_followed)

/* ---- credentials ---- */

static void who_asks_is_told_on(struct world *world, struct asked *asked)
{
    static const struct weft_header by_hand = { { "authorization", 13 }, { "Mine x", 6 } };
    static const struct {
        const char *userinfo;
        struct weft_connect_options options;
        const char *line;
    } cases[] = {
        { "", { 0 }, "/open[][] " },
        /* RFC 7617 2 */
        { "",
          { .username = "Aladdin", .password = "open sesame" },
          "/open[Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==][] " },
        { "", { .username = "u" }, "/open[Basic dTo=][] " },
        { "", { .bearer_token = "mF_9.B5f-4.1JqM" }, "/open[Bearer mF_9.B5f-4.1JqM][] " },
        { "u:p%3Aq@", { 0 }, "/open[Basic dTpwOnE=][] " },
        { "u@", { 0 }, "/open[Basic dTo=][] " },
        { "u:p@", { .username = "other" }, "/open[Basic b3RoZXI6][] " },
        { "u:p@", { .bearer_token = "t" }, "/open[Bearer t][] " },
        { "u:p@", { .headers = &by_hand, .header_count = 1 }, "/open[Mine x][] " },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record client = { 0 };
        struct weft_connect_options options = cases[i].options;
        char url[160];
        weft_socket *socket;
        options.events = record_events;
        options.user = &client;
        asked->bytes = 0;
        snprintf(url, sizeof url, "%s://%s%s/open", secure_scheme(), cases[i].userinfo,
                 world->address);
        assert_int_equal(weft_socket_connect(world->loop, url, &options, &socket), WEFT_OK);
        world_until(world, client.socket);
        assert_string_equal(asked->line, cases[i].line);
        assert_int_equal(weft_socket_close(socket, 0, NULL), WEFT_OK);
        world_until(world, client.is_closed);
        weft_socket_release(socket);
    }
}
ON_ALL_BACKENDS(who_asks_is_told)

static void wrong_credentials_are_told_at_once(void **state)
{
    (void)state;
    static const struct weft_header by_hand = { { "Authorization", 13 }, { "x", 1 } };
    static const struct weft_header split = { { "proxy-authorization", 19 }, { "a\r\nX: y", 7 } };
    static const struct {
        const char *url;
        struct weft_connect_options options;
        weft_status status;
    } cases[] = {
        { "ws://h/", { .username = "a:b" }, WEFT_ERR_SYNTAX },
        { "ws://h/", { .username = "a\nb" }, WEFT_ERR_SYNTAX },
        { "ws://h/", { .username = "a", .password = "\x7f" }, WEFT_ERR_SYNTAX },
        { "ws://h/", { .bearer_token = "a b" }, WEFT_ERR_SYNTAX },
        { "ws://h/", { .bearer_token = "" }, WEFT_ERR_SYNTAX },
        { "ws://h/", { .bearer_token = "a\r\nX: y" }, WEFT_ERR_SYNTAX },
        { "ws://a%3Ab@h/", { 0 }, WEFT_ERR_SYNTAX },
        { "ws://a%0Ab@h/", { 0 }, WEFT_ERR_SYNTAX },
        { "ws://%zz@h/", { 0 }, WEFT_ERR_SYNTAX },
        { "ws://h/", { .password = "a" }, WEFT_ERR_ARGUMENT },
        { "ws://h/", { .username = "a", .bearer_token = "b" }, WEFT_ERR_ARGUMENT },
        { "ws://h/",
          { .username = "a", .headers = &by_hand, .header_count = 1 },
          WEFT_ERR_ARGUMENT },
        { "ws://h/", { .headers = &split, .header_count = 1 }, WEFT_ERR_SYNTAX },
        /* It goes to the proxy, and must not write further lines there. */
        { "ws://h/",
          { .headers = &split, .header_count = 1, .proxy = "127.0.0.1:1" },
          WEFT_ERR_SYNTAX },
        { "ws://h/",
          { .headers = &split, .header_count = 1, .proxy = "http://u:p@127.0.0.1:1" },
          WEFT_ERR_SYNTAX },
        { "ws://h/", { .reconnect.close_code_count = 1 }, WEFT_ERR_ARGUMENT },
    };
    weft_loop *loop;
    assert_int_equal(weft_loop_create(NULL, &loop), WEFT_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(weft_socket_connect(loop, cases[i].url, &cases[i].options, NULL),
                         cases[i].status);
    weft_loop_destroy(loop);
}

static void private_headers_go_nowhere_else_on(struct world *world, struct asked *asked)
{
    static const struct weft_header cookie = { { "COOKIE", 6 }, { "mine=1", 6 } };
    struct weft_connect_options options = {
        .redirects_max = 5, .username = "u", .headers = &cookie, .header_count = 1
    };
    open_and_close(world, "/hop/2", &options);
    assert_string_equal(asked->line, "/hop/2[Basic dTo=][mine=1] /hop/1[Basic dTo=][mine=1] "
                                     "/open[Basic dTo=][mine=1] ");
    /* The same address under another name is another host; and who comes back has been there. */
    asked->bytes = 0;
    open_and_close(world, "/elsewhere", &options);
    assert_string_equal(asked->line, "/elsewhere[Basic dTo=][mine=1] /back[][] /open[][] ");
}
ON_ALL_BACKENDS(private_headers_go_nowhere_else)

/* ---- cookies ---- */

struct jar {
    char line[1024]; /* "127.0.0.1/path:cookie ", what was set. */
    size_t bytes;
    const char *value;
    size_t count; /* Instead of the value's. */
};

static size_t get_cookies(const char *url, char *out, size_t out_bytes, void *user)
{
    const struct jar *jar = user;
    bool is_here = strncmp(strchr(url, '/'), "//127.0.0.1:", 12) == 0;
    assert_memory_equal(url, secure_scheme(), strlen(secure_scheme()));
    size_t count = jar->value ? strlen(jar->value) : 0;
    assert_true(count <= out_bytes);
    memcpy(out, jar->value ? jar->value : "", count);
    /* Only this one host may have them: a jar goes by the URL. */
    return jar->count ? jar->count : is_here ? count : 0;
}

static void set_cookie(const char *url, struct weft_text value, void *user)
{
    struct jar *jar = user;
    int count = snprintf(jar->line + jar->bytes, sizeof jar->line - jar->bytes, "%s:%.*s ",
                         strchr(url + 6, '/'), (int)value.count, value.data);
    assert_true(count > 0 && jar->bytes + (size_t)count < sizeof jar->line);
    jar->bytes += (size_t)count;
}

static void a_jar_is_asked_and_told_on(struct world *world, struct asked *asked)
{
    struct jar jar = { .value = "a=1; b=2" };
    struct weft_connect_options options = { .redirects_max = 5,
                                            .cookies = { get_cookies, set_cookie, &jar } };
    open_and_close(world, "/hop/1", &options);
    assert_string_equal(asked->line, "/hop/1[][a=1; b=2] /open[][a=1; b=2] ");
    assert_string_equal(jar.line, "/hop/1:hop=1 /hop/1:hop=2 /open:seen=1; Path=/ ");

    asked->bytes = 0;
    open_and_close(world, "/elsewhere", &options);
    assert_string_equal(asked->line, "/elsewhere[][a=1; b=2] /back[][] /open[][a=1; b=2] ");

    /* A Cookie header given by hand goes before the jar. */
    static const struct weft_header by_hand = { { "Cookie", 6 }, { "mine=1", 6 } };
    options.headers = &by_hand;
    options.header_count = 1;
    asked->bytes = 0;
    open_and_close(world, "/open", &options);
    assert_string_equal(asked->line, "/open[][mine=1] ");
}
ON_ALL_BACKENDS(a_jar_is_asked_and_told)

static void a_jar_that_is_wrong_on(struct world *world, struct asked *asked)
{
    (void)asked;
    struct jar jar = { .value = "a=1\r\nX: y" };
    struct weft_connect_options options = { .cookies = { get_cookies, NULL, &jar } };
    char url[128];
    snprintf(url, sizeof url, "%s/open", world->url);
    assert_int_equal(weft_socket_connect(world->loop, url, &options, NULL), WEFT_ERR_SYNTAX);
    jar = (struct jar){ .value = "a=1", .count = 8193 };
    assert_int_equal(weft_socket_connect(world->loop, url, &options, NULL), WEFT_ERR_LIMIT);

    /* The first request was right, the second is not. */
    struct record client = { 0 };
    jar.count = 0;
    options.redirects_max = 1;
    weft_socket *socket = world_connect(world, "/hop/1", &client, &options);
    jar.count = 8193;
    world_until(world, client.is_closed);
    assert_string_equal(client.line, "error:limit close:1006//unclean ");
    assert_string_equal(client.failure.limit_name, "get_cookies");
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(a_jar_that_is_wrong)

/* ---- no memory ---- */

/* Always true. */
static bool turn_beside(weft_loop *loop)
{
    weft_status status = weft_loop_turn(loop, 0);
    assert_true(status == WEFT_OK || status == WEFT_ERR_MEMORY);
    return true;
}

/* The whole of a redirected connection on a loop of its own, in which the n-th allocation fails. */
static bool redirected_with_fault(struct world *world, size_t n)
{
    struct fault_alloc fault;
    struct record client = { 0 };
    struct jar jar = { .value = "a=1" };
    struct weft_loop_options loop_options = { .allocator = &fault.allocator };
    struct weft_connect_options options = { .redirects_max = 3,
                                            .username = "u",
                                            .cookies = { get_cookies, set_cookie, &jar },
                                            .events = record_events,
                                            .user = &client };
    char url[128];
    weft_loop *loop = NULL;
    fault_alloc_init(&fault, 0);
    assert_int_equal(weft_loop_create(&loop_options, &loop), WEFT_OK);
    fault.fails_at = fault.call_count + n;
    snprintf(url, sizeof url, "%s/hop/2", world->url);
    weft_status status = weft_socket_connect(loop, url, &options, NULL);
    assert_true(status == WEFT_OK || (status == WEFT_ERR_MEMORY && fault.failed));
    world_until(world, status || client.socket || client.is_closed || !turn_beside(loop));
    if (!fault.failed)
        assert_string_equal(client.line, "open ");
    if (client.is_closed)
        assert_true(fault.failed);
    weft_loop_destroy(loop);
    if (!status)
        assert_true(client.is_closed);
    assert_int_equal(fault.live_count, 0);
    return fault.failed;
}

static void no_memory_on_the_way_on(struct world *world, struct asked *asked)
{
    size_t n = 1;
    while (redirected_with_fault(world, n)) {
        asked->bytes = 0;
        n++;
    }
    assert_true(n > 20);
}
ON_ALL_BACKENDS(no_memory_on_the_way)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_followed),
        cmocka_unit_test(without_the_option_none_is),
        cmocka_unit_test(a_circle_ends_at_the_limit),
        cmocka_unit_test(where_none_may_lead),
        cmocka_unit_test(what_is_no_redirect),
        cmocka_unit_test(close_ends_the_following),
        cmocka_unit_test(in_a_unix_socket_paths_are_followed),
        cmocka_unit_test(who_asks_is_told),
        cmocka_unit_test(wrong_credentials_are_told_at_once),
        cmocka_unit_test(private_headers_go_nowhere_else),
        cmocka_unit_test(a_jar_is_asked_and_told),
        cmocka_unit_test(a_jar_that_is_wrong),
        cmocka_unit_test(no_memory_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

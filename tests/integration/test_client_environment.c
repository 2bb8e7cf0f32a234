/* Proxies that the environment names. */
#include "support/proxy_scene.h"

#include <stdio.h>
#include <stdlib.h>

static void redirect(weft_request *request, void *user)
{
    struct weft_header location = { TEXT("Location"), weft_text_of(user) };
    struct weft_response response = { .status = 302, .headers = &location, .header_count = 1 };
    assert_int_equal(weft_request_respond(request, &response), WEFT_OK);
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
        scene_set_url(&scene, here);
        clear_environment();
        setenv(c->variable, c->value[0] == '@' ? scene.proxy_url : c->value, 1);
        setenv(c->other, c->other_value, 1);
        struct weft_connect_options options = { .proxy_from_environment = c->is_asked };
        scene_connect(&scene, "/echo", &options);
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
    scene_connect(&scene, "/away", &options);
    clear_environment();
    assert_string_equal(scene.client.line, "open close:1000//clean ");
    scene_end(&scene);
    assert_int_equal(scene.proxy.connection_count, 1);
    assert_string_equal(scene.heard,
                        "CONNECT other.test:8080 HTTP/1.1\r\nHost: other.test:8080\r\n\r\n");
}

static void take(weft_request *request, void *user)
{
    struct weft_text value = weft_request_header(request, "Proxy-Authorization");
    snprintf(user, 16, "%.*s", (int)value.count, value.data ? value.data : "");
    assert_int_equal(weft_request_accept(request, NULL), WEFT_OK);
}

/* What a proxy is to know is not told to a server for which none is asked. */
static void the_password_of_the_proxy_stays_with_it(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *no_proxy; /* NULL: proxies are not asked for. */
        const char *seen;
    } cases[] = {
        { "no proxies", NULL, "Basic x" },
        { "not for this host", "localhost", "" },
        { "not for another", "example.org", "" },
    };
    for_each_case(c, cases)
    {
        struct scene scene;
        char here[80], seen[16] = "nothing";
        struct weft_header header = { TEXT("Proxy-Authorization"), TEXT("Basic x") };
        struct weft_route route = { .on_upgrade = take, .user = seen };
        scene_begin(&scene, WEFT_BACKEND_DEFAULT, &http_tunnel, "http://");
        assert_int_equal(weft_server_route(scene.world.server, "/asked", &route), WEFT_OK);
        snprintf(here, sizeof here, "localhost%s", strchr(scene.world.address, ':'));
        scene_set_url(&scene, here);
        setenv("all_proxy", scene.proxy_url, 1);
        setenv("no_proxy", c->no_proxy ? c->no_proxy : "", 1);
        struct weft_connect_options options = { .proxy_from_environment = c->no_proxy != NULL,
                                                .headers = &header,
                                                .header_count = 1 };
        scene_connect(&scene, "/asked", &options);
        clear_environment();
        assert_string_equal(scene.client.line, "open close:1000//clean ");
        assert_string_equal(seen, c->seen);
        scene_end(&scene);
    }
}

static void a_wrong_environment_is_told_by_name(void **state)
{
    (void)state;
    struct scene scene;
    scene_begin(&scene, WEFT_BACKEND_DEFAULT, &http_tunnel, "");
    clear_environment();
    setenv("all_proxy", "gopher://x", 1);
    struct weft_connect_options options = { .proxy_from_environment = true };
    scene_connect(&scene, "/echo", &options);
    clear_environment();
    assert_string_equal(scene.client.line, "error:proxy close:1006//unclean ");
    assert_non_null(strstr(scene.client.failure_text, "all_proxy: the scheme of the proxy"));
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_names_the_proxy),
        cmocka_unit_test(a_redirect_is_aimed_anew),
        cmocka_unit_test(the_password_of_the_proxy_stays_with_it),
        cmocka_unit_test(a_wrong_environment_is_told_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A trusted proxy that speaks TLS to the server. */
#include "support/certs.h"
#include "support/world.h"

#include <stdio.h>
#include <string.h>

static void close_it(weft_socket *socket, struct record *record)
{
    (void)record;
    assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
}

static void note_scheme(weft_request *request, void *user)
{
    *(const char **)user = weft_request_scheme(request);
    assert_int_equal(weft_request_accept(request, NULL), WEFT_OK);
}

static weft_server *start(struct world *world, const char **scheme)
{
    static const char *const here = "127.0.0.1";
    struct weft_server_options options = { .trusted_proxies = &here, .trusted_proxy_count = 1 };
    struct weft_listen_options listen = { .tls = certs_server("server") };
    struct weft_route route = { .on_upgrade = note_scheme, .user = scheme };
    weft_server *server;
    assert_int_equal(weft_server_create(world->loop, &options, &server), WEFT_OK);
    assert_int_equal(weft_server_route(server, "/", &route), WEFT_OK);
    assert_int_equal(weft_server_listen_with(server, "127.0.0.1:0", &listen, world->address,
                                             sizeof world->address),
                     WEFT_OK);
    weft_tls_release(listen.tls);
    snprintf(world->url, sizeof world->url, "wss://localhost%s", strchr(world->address, ':'));
    return server;
}

/* When it does not tell, the connection's own scheme holds, and so it does for the origin. */
static void the_scheme_is_what_is_told_or_the_connections(void **state)
{
    (void)state;
    static const struct {
        const char *told, *origin; /* NULL: nothing is. */
        int status;                /* 0: it opens. */
        const char *scheme;
    } cases[] = {
        { NULL, "https", 0, "https" },    { NULL, "http", 403, "none" },
        { "ftp", "https", 0, "https" },   { "http", "http", 0, "http" },
        { "http", "https", 403, "none" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world world;
        struct record client = { .on_open = close_it };
        const char *scheme = NULL;
        char origin[96];
        world_start(&world, WEFT_BACKEND_DEFAULT);
        weft_server *server = start(&world, &scheme);
        snprintf(origin, sizeof origin, "%s%s", cases[i].origin, strchr(world.url, ':'));
        struct weft_header told = { weft_text_of("X-Forwarded-Proto"),
                                    weft_text_of(cases[i].told) };
        struct weft_connect_options options = { .origin = origin,
                                                .headers = &told,
                                                .header_count = cases[i].told ? 1 : 0,
                                                .tls = certs_client() };
        weft_socket *socket = world_connect(&world, "/", &client, &options);
        weft_tls_release(options.tls);
        world_until(&world, client.is_closed);
        assert_int_equal(client.http_status, cases[i].status);
        assert_string_equal(scheme ? scheme : "none", cases[i].scheme);
        weft_socket_release(socket);
        weft_server_destroy(server);
        world_end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scheme_is_what_is_told_or_the_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "support/proxy_scene.h"

#include "support/certs.h"

#include <stdio.h>
#include <stdlib.h>

const struct fake_script http_tunnel = { { { 0, OK_ANSWER } }, 1, FAKE_RELAYS };
const struct fake_script socks_tunnel = { { { 3, NO_LOGIN }, { NAME_REQUEST_BYTES, V4_REPLY } },
                                          2,
                                          FAKE_RELAYS };
const struct fake_script login_tunnel = {
    { { 4, WANT_LOGIN }, { 8, LOGGED_IN }, { NAME_REQUEST_BYTES, V4_REPLY } }, 3, FAKE_RELAYS
};
const struct fake_script v4_tunnel = { { { 3, NO_LOGIN }, { V4_REQUEST_BYTES, V4_REPLY } },
                                       2,
                                       FAKE_RELAYS };

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

void scene_set_url(struct scene *scene, const char *authority)
{
    snprintf(scene->world.url, sizeof scene->world.url, "%s://%s", secure_scheme(), authority);
    bool is_local = strstr(authority, "test") == NULL;
    scene->proxy.target = is_local ? scene->world.address : scene->named_address;
}

void scene_begin(struct scene *scene, enum weft_backend backend, const struct fake_script *script,
                 const char *proxy_prefix)
{
    memset(scene, 0, sizeof *scene);
    clear_environment();
    world_start(&scene->world, backend);
    world_route(&scene->world, "/echo", &scene->server, NULL);
    scene->client.on_open = close_at_once;
    scene->proxy.scripts[0] = *script;
    scene->proxy.script_count = 1;
    listen_by_name(scene);
    scene_set_url(scene, "other.test:8080");
    fake_proxy_open(&scene->proxy);
    snprintf(scene->proxy_url, sizeof scene->proxy_url, "%s127.0.0.1:%s", proxy_prefix,
             scene->proxy.port);
}

void scene_end(struct scene *scene)
{
    fake_proxy_stop(&scene->proxy);
    for (size_t i = 0; i < scene->proxy.heard_bytes; i++)
        scene->heard[i] = (char)scene->proxy.heard[i];
    world_end(&scene->world);
}

void scene_connect(struct scene *scene, const char *path,
                   const struct weft_connect_options *options)
{
    fake_proxy_start(&scene->proxy);
    weft_socket *socket = world_connect(&scene->world, path, &scene->client, options);
    world_until(&scene->world, scene->client.is_closed);
    weft_socket_release(socket);
}

void clear_environment(void)
{
    static const char *const names[] = { "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                                         "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY" };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        unsetenv(names[i]);
}

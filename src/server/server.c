#include "server/server.h"

#include "codec/http1.h"
#include "server/request.h"
#include "server/responder.h"
#include "server/static.h"

static void resolve_options(struct weft_server_options *options)
{
    if (options->connections_max == 0)
        options->connections_max = 1000000;
    if (options->request_timeout_ms == 0)
        options->request_timeout_ms = 10000;
    if (options->keep_alive_timeout_ms == 0)
        options->keep_alive_timeout_ms = 15000;
}

/* The shape of what is no WebSocket yet. */
static struct wf_socket_shape *create_plain_shape(weft_server *server)
{
    struct weft_socket_settings settings = {
        .limits = { .head_bytes_max = server->options.head_bytes_max,
                    .head_count_max = server->options.head_count_max },
        .handshake_timeout_ms = server->options.request_timeout_ms,
    };
    return wf_server_create_shape(server, &settings, NULL);
}

weft_status weft_server_create(weft_loop *loop, const struct weft_server_options *options,
                               weft_server **server_out)
{
    static const struct weft_server_options defaults = { 0 };
    if (!loop || !server_out)
        return WEFT_ERR_ARGUMENT;
    if (!options)
        options = &defaults;
    if (options->name && !wf_http1_is_field_value(weft_text_of(options->name)))
        return WEFT_ERR_SYNTAX;
    const struct weft_allocator *allocator = wf_loop_allocator(loop);
    weft_server *server = wf_alloc_zero(allocator, sizeof *server);
    if (!server)
        return WEFT_ERR_MEMORY;

    server->loop = loop;
    server->allocator = allocator;
    server->routes.allocator = allocator;
    server->options = *options;
    server->options.name = NULL;
    server->options.trusted_proxies = NULL;
    resolve_options(&server->options);
    weft_status status = wf_peers_create(allocator, options->trusted_proxies,
                                         options->trusted_proxy_count, &server->trusted_proxies);
    if (status)
        goto fail;
    status = WEFT_ERR_MEMORY;
    if (options->name) {
        server->options.name = wf_copy_text(allocator, weft_text_of(options->name));
        if (!server->options.name)
            goto fail;
    }
    server->shape = create_plain_shape(server);
    if (!server->shape)
        goto fail;
    *server_out = server;
    return WEFT_OK;

fail:
    weft_server_destroy(server);
    return status;
}

static void drop_connection(weft_socket *socket, void *user)
{
    static const struct weft_failure gone = { .kind = WEFT_FAILURE_ABORTED,
                                              .status = WEFT_ERR_CLOSED,
                                              .text = "the server was destroyed" };
    (void)user;
    wf_server_forget_owned(socket);
    wf_socket_abort(socket, &gone, false);
}

static void drop_routes(weft_server *server)
{
    struct wf_route_entry *entry = server->routes.entries;
    for (; entry; entry = entry->next) {
        wf_upgrade_destroy(server->allocator, entry->target.upgrade);
        wf_responder_destroy(server->allocator, entry->target.responder);
    }
    wf_route_drop(&server->routes);
}

void weft_server_destroy(weft_server *server)
{
    if (!server)
        return;
    const struct weft_allocator *allocator = server->allocator;
    wf_drain_stop(server);
    wf_server_close_listeners(server);
    wf_rejection_close_all(server);
    if (server->shape)
        wf_socket_each(server->loop, server, drop_connection, NULL);
    /* Of connections that are broken already, and have not told it yet. */
    while (server->requests)
        wf_request_lose_client(WF_CONTAINER_OF(server->requests, weft_request, link));
    drop_routes(server);
    wf_server_drop_shape(server->shape);
    wf_server_drop_shape(server->rejecting_shape);
    wf_free(allocator, (char *)server->options.name);
    wf_free(allocator, server->trusted_proxies);
    wf_free(allocator, server);
}

weft_loop *weft_server_loop(const weft_server *server)
{
    return server->loop;
}

void *weft_server_user(const weft_server *server)
{
    return server->options.user;
}

/* ---- what is served ---- */

weft_status weft_server_route(weft_server *server, const char *pattern,
                              const struct weft_route *route)
{
    struct wf_route_entry *entry;
    struct wf_upgrade *upgrade;
    if (!server || !pattern || !route)
        return WEFT_ERR_ARGUMENT;
    weft_status status = wf_upgrade_create(server, route, &upgrade);
    if (status)
        return status;
    status = wf_route_add(&server->routes, weft_text_of(pattern), &entry);
    if (!status && entry->target.upgrade)
        status = WEFT_ERR_EXISTS;
    if (status)
        wf_upgrade_destroy(server->allocator, upgrade);
    else
        entry->target.upgrade = upgrade;
    return status;
}

/* Puts a responder at a pattern, which owns it from then on. */
static weft_status add_responder(weft_server *server, const char *pattern,
                                 struct wf_responder *responder)
{
    struct wf_route_entry *entry;
    weft_status status = wf_route_add(&server->routes, weft_text_of(pattern), &entry);
    if (!status && entry->target.responder)
        status = WEFT_ERR_EXISTS;
    if (status)
        wf_responder_destroy(server->allocator, responder);
    else
        entry->target.responder = responder;
    return status;
}

weft_status weft_server_handle(weft_server *server, const char *pattern,
                               void (*on_request)(weft_request *request, void *user), void *user)
{
    struct wf_responder *responder;
    if (!server || !pattern || !on_request)
        return WEFT_ERR_ARGUMENT;
    weft_status status = wf_responder_create(server->allocator, &responder);
    if (status)
        return status;
    responder->on_request = on_request;
    responder->user = user;
    return add_responder(server, pattern, responder);
}

weft_status weft_server_files(weft_server *server, const char *pattern,
                              const struct weft_files *files)
{
    struct wf_responder *responder;
    if (!server || !pattern || !files)
        return WEFT_ERR_ARGUMENT;
    size_t bytes = strlen(pattern);
    if (bytes < 2 || strcmp(pattern + bytes - 2, "/*") != 0)
        return WEFT_ERR_SYNTAX;
    weft_status status = wf_responder_create(server->allocator, &responder);
    if (status)
        return status;
    status = wf_static_create(server->allocator, files, &responder->files);
    if (!status)
        return add_responder(server, pattern, responder);
    wf_responder_destroy(server->allocator, responder);
    return status;
}

/* From a request to what answers it, and what else a connection tells its server. */
#include "server/body.h"
#include "server/request.h"
#include "server/responder.h"

#include "codec/http1.h"

#include <assert.h>

/* Origin form, or absolute form, whose authority is passed over (RFC 9112 3.2.2). False: neither.
 */
static bool split_target(struct wf_visit *visit)
{
    struct weft_text target = visit->view->target;
    if (target.count && target.data[0] != '/') {
        const char *authority = memmem(target.data, target.count, "://", 3);
        if (!authority)
            return false;
        authority += 3;
        size_t rest = (size_t)(target.data + target.count - authority);
        const char *path = rest ? memchr(authority, '/', rest) : NULL;
        if (!path)
            return false;
        target = (struct weft_text){ path, (size_t)(target.data + target.count - path) };
    }
    const char *question = target.count ? memchr(target.data, '?', target.count) : NULL;
    visit->raw_path = target;
    visit->query = (struct weft_text){ "", 0 };
    if (question) {
        visit->raw_path.count = (size_t)(question - target.data);
        visit->query.data = question + 1;
        visit->query.count = target.count - visit->raw_path.count - 1;
    }
    return true;
}

static bool is_method(const struct wf_visit *visit, const char *method)
{
    struct weft_text text = visit->view->method; /* Case matters: RFC 9110 9.1. */
    return text.count == strlen(method) && memcmp(text.data, method, text.count) == 0;
}

static void answer_plain(struct wf_visit *visit)
{
    const struct wf_responder *responder = visit->entry->target.responder;
    bool is_get = is_method(visit, "GET") || visit->is_head;
    if (!is_get)
        wf_answer_not_allowed(visit, "this method is not for this path", responder != NULL);
    else if (responder)
        wf_responder_answer(visit, responder);
    else
        wf_answer_upgrade_required(visit, "only WebSockets are served at this path");
}

/* "/docs" where "/docs/" and "*" has files: the folder's own slash is missing. A wildcard above it,
 * that would match as it stands, knows less of the path. */
static bool lacks_slash(struct wf_visit *visit)
{
    struct wf_route_path *path = &visit->path;
    bool is_get = is_method(visit, "GET") || visit->is_head;
    if (!is_get || path->count == WF_ROUTE_SEGMENTS_MAX || visit->view->wants_upgrade ||
        (visit->entry && !visit->entry->is_wildcard))
        return false;
    path->segments[path->count++] = (struct weft_text){ path->text.data + path->text.count, 0 };
    const struct wf_route_entry *entry = wf_route_find(&visit->server->routes, path);
    path->count--;
    return entry && entry->is_wildcard && entry->segment_count == path->count &&
           entry->target.responder && wf_responder_has_files(entry->target.responder);
}

static void dispatch(struct wf_visit *visit)
{
    visit->entry = wf_route_find(&visit->server->routes, &visit->path);
    if (lacks_slash(visit))
        wf_responder_add_slash(visit);
    else if (visit->entry && visit->view->wants_upgrade)
        wf_upgrade_decide(visit);
    else if (visit->entry)
        answer_plain(visit);
    else
        wf_answer_text(visit, 404, "there is nothing at this path", NULL, 0);
}

const char *wf_visit_scheme(const struct wf_visit *visit)
{
    if (visit->proxied.scheme)
        return visit->proxied.scheme;
    return wf_socket_is_secure(visit->socket) ? "https" : NULL;
}

struct weft_text wf_visit_host(const struct wf_visit *visit)
{
    if (visit->proxied.host.data)
        return visit->proxied.host;
    const struct weft_header *host = weft_headers_find(visit->view->headers, "Host", NULL);
    return host ? host->value : (struct weft_text){ 0 };
}

static void ask_proxies(struct wf_visit *visit)
{
    const weft_server *server = visit->server;
    char peer[WF_ADDRESS_TEXT_MAX];
    if (server->trusted_proxies && weft_socket_peer(visit->socket, peer, sizeof peer) == WEFT_OK)
        wf_proxied_find(server->trusted_proxies, server->options.trusted_fields, peer,
                        visit->view->headers, &visit->proxied);
}

static void on_request(weft_socket *socket, const struct weft_engine_request_view *view)
{
    struct wf_visit visit = { .server = wf_socket_shape(socket)->opening,
                              .socket = socket,
                              .view = view };
    char decoded[WF_ROUTE_PATH_BYTES_MAX];
    if (!visit.server)
        return; /* Destroyed; the connection is dropped already. */
    visit.server->counts.requests_total++;
    visit.is_head = is_method(&visit, "HEAD");
    ask_proxies(&visit);
    if (!split_target(&visit)) {
        wf_answer_text(&visit, 400, "the request target is not a path", NULL, 0);
        return;
    }
    switch (wf_route_path_parse(&visit.path, visit.raw_path, decoded)) {
    case WEFT_OK:
        dispatch(&visit);
        break;
    case WEFT_ERR_LIMIT:
        wf_answer_text(&visit, 414, "the path is too long", NULL, 0);
        break;
    default:
        wf_answer_text(&visit, 400, "the path is not well-formed", NULL, 0);
        break;
    }
}

void wf_server_forget_owned(weft_socket *socket)
{
    struct wf_owned *owned = wf_socket_owner_data(socket);
    wf_socket_set_owner_data(socket, NULL);
    if (!owned)
        return;
    switch (owned->kind) {
    case WF_OWNED_REQUEST:
        wf_request_lose_client(WF_CONTAINER_OF(owned, weft_request, owned));
        break;
    case WF_OWNED_BODY:
        wf_body_destroy(WF_CONTAINER_OF(owned, struct wf_body, owned), socket);
        break;
    }
}

static void on_open(weft_socket *socket)
{
    weft_server *server = wf_socket_shape(socket)->opening;
    if (!server)
        return;
    server->counts.websockets++;
    if (server->drain.is_draining)
        wf_drain_close_socket(server, socket);
}

static void on_gone(weft_socket *socket)
{
    weft_server *server = wf_socket_shape(socket)->opening;
    wf_server_forget_owned(socket);
    if (!server)
        return;
    server->counts.connections--;
    server->counts.websockets -= wf_socket_was_open(socket);
    wf_drain_check(server);
}

static void on_body_wanted(weft_socket *socket)
{
    struct wf_owned *owned = wf_socket_owner_data(socket);
    weft_server *server = wf_socket_shape(socket)->opening;
    if (owned && owned->kind == WF_OWNED_BODY && server)
        wf_body_give(WF_CONTAINER_OF(owned, struct wf_body, owned), socket,
                     server->drain.is_draining);
}

/* As other servers answer it: without TLS, since that is what the client understands. */
static struct weft_bytes on_plain_http(weft_socket *socket)
{
#define SAID "this port speaks TLS: use https: or wss:\n"
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n"
                                 "Content-Type: text/plain; charset=utf-8\r\n"
                                 "Content-Length: 41\r\nConnection: close\r\n\r\n" SAID;
    static_assert(sizeof SAID - 1 == 41, "Content-Length");
#undef SAID
    (void)socket;
    return (struct weft_bytes){ (const uint8_t *)answer, sizeof answer - 1 };
}

const struct wf_socket_owner wf_server_owner = {
    .on_request = on_request,
    .on_body_wanted = on_body_wanted,
    .on_open = on_open,
    .on_gone = on_gone,
    .on_plain_http = on_plain_http,
};

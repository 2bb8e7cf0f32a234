#include "server/request.h"

#include "server/cookie.h"

/* ---- the copy ---- */

static size_t headers_bytes(struct weft_headers headers)
{
    size_t bytes = headers.count * sizeof *headers.items;
    for (size_t i = 0; i < headers.count; i++)
        bytes += headers.items[i].name.count + headers.items[i].value.count;
    return bytes;
}

static size_t texts_bytes(const struct weft_text *texts, size_t count)
{
    size_t bytes = count * sizeof *texts;
    for (size_t i = 0; i < count; i++)
        bytes += texts[i].count;
    return bytes;
}

/* Where the copies go: arrays first, so that they are aligned, then the characters. */
struct block {
    char *arrays;
    char *characters;
};

static void *take_array(struct block *block, size_t bytes)
{
    void *array = block->arrays;
    block->arrays += bytes;
    return array;
}

/* An empty text that was there stays different from one that was not. */
static struct weft_text copy_text(struct block *block, struct weft_text text)
{
    struct weft_text copy = { block->characters, text.count };
    if (text.count)
        memcpy(block->characters, text.data, text.count);
    block->characters += text.count;
    return copy;
}

static struct weft_headers copy_headers(struct block *block, struct weft_headers headers)
{
    struct weft_header *items = take_array(block, headers.count * sizeof *items);
    for (size_t i = 0; i < headers.count; i++) {
        items[i].name = copy_text(block, headers.items[i].name);
        items[i].value = copy_text(block, headers.items[i].value);
    }
    return (struct weft_headers){ items, headers.count };
}

/* The parameters of the pattern, lent from the visit. Returns how many. */
static size_t find_params(const struct wf_visit *visit, struct weft_header *params)
{
    const struct wf_route_entry *entry = visit->entry;
    size_t count = 0;
    for (; count < entry->param_count; count++) {
        params[count].name = entry->params[count].name;
        params[count].value = visit->path.segments[entry->params[count].segment];
    }
    if (entry->is_wildcard) {
        params[count].name = WEFT_TEXT_LITERAL("*");
        params[count++].value = wf_route_rest(entry, &visit->path);
    }
    return count;
}

static void fill(weft_request *request, const struct wf_visit *visit, struct weft_headers params)
{
    const struct weft_engine_request_view *view = visit->view;
    struct block block = { .arrays = (char *)(request + 1) };
    block.characters = block.arrays + (view->headers.count + params.count) * sizeof *params.items +
                       view->protocol_count * sizeof *view->protocols;

    request->headers = copy_headers(&block, view->headers);
    request->params = copy_headers(&block, params);
    request->protocols = take_array(&block, view->protocol_count * sizeof *request->protocols);
    request->protocol_count = view->protocol_count;
    for (size_t i = 0; i < view->protocol_count; i++)
        request->protocols[i] = copy_text(&block, view->protocols[i]);
    request->method = copy_text(&block, view->method);
    request->path = copy_text(&block, visit->path.text);
    request->query = copy_text(&block, visit->query);
    struct weft_text host = wf_visit_host(visit);
    if (host.data)
        request->host = copy_text(&block, host);
}

/* The peer is asked now: once it is accepted, the socket's is the client. */
static void note_proxied(weft_request *request, const struct wf_proxied *proxied)
{
    request->is_by_proxy = proxied->is_by_proxy;
    if (!proxied->is_by_proxy)
        return;
    (void)!weft_socket_peer(request->socket, request->peer, sizeof request->peer);
    memcpy(request->client, proxied->client, sizeof request->client);
}

weft_request *wf_request_create(const struct wf_visit *visit, struct wf_upgrade *upgrade)
{
    const struct weft_engine_request_view *view = visit->view;
    struct weft_header found[WF_ROUTE_PARAMS_MAX + 1];
    struct weft_headers params = { found, find_params(visit, found) };
    size_t bytes = sizeof(weft_request) + headers_bytes(view->headers) + headers_bytes(params) +
                   texts_bytes(view->protocols, view->protocol_count) + view->method.count +
                   visit->path.text.count + visit->query.count + wf_visit_host(visit).count;

    weft_request *request = wf_alloc(visit->server->allocator, bytes);
    if (!request)
        return NULL;
    *request = (weft_request){ .owned = { WF_OWNED_REQUEST },
                               .server = visit->server,
                               .socket = visit->socket,
                               .upgrade = upgrade,
                               .is_head = visit->is_head };
    request->scheme = wf_visit_scheme(visit);
    note_proxied(request, &visit->proxied);
    if (visit->server->allocator)
        request->allocator = *visit->server->allocator;
    fill(request, visit, params);
    wf_link_insert(&visit->server->requests, &request->link);
    wf_socket_set_owner_data(visit->socket, request);
    return request;
}

/* ---- its life ---- */

static void free_request(weft_request *request)
{
    struct weft_allocator allocator = request->allocator;
    wf_free(allocator.allocate ? &allocator : NULL, request);
}

static void lose_links(weft_request *request)
{
    if (request->socket)
        wf_socket_set_owner_data(request->socket, NULL);
    wf_link_remove(&request->link);
    request->socket = NULL;
    request->server = NULL;
}

void wf_request_finish(weft_request *request)
{
    lose_links(request);
    request->state = WF_REQUEST_IS_ANSWERED;
    if (!request->is_in_callback)
        free_request(request);
}

bool wf_request_show(weft_request *request, void (*on_seen)(weft_request *request, void *user),
                     void *user)
{
    request->is_in_callback = true;
    if (on_seen)
        on_seen(request, user);
    request->is_in_callback = false;
    enum wf_request_state state = request->state;
    if (state == WF_REQUEST_IS_ANSWERED)
        free_request(request);
    return state == WF_REQUEST_WAITS;
}

void wf_request_lose_client(weft_request *request)
{
    bool is_kept = request->is_in_callback || request->state == WF_REQUEST_IS_DEFERRED;
    lose_links(request);
    if (!is_kept)
        wf_request_finish(request);
}

void weft_request_defer(weft_request *request)
{
    if (request && request->state == WF_REQUEST_WAITS)
        request->state = WF_REQUEST_IS_DEFERRED;
}

bool weft_request_is_gone(const weft_request *request)
{
    return !request || !request->socket;
}

/* ---- what it says ---- */

struct weft_text weft_request_method(const weft_request *request)
{
    return request->method;
}

struct weft_text weft_request_path(const weft_request *request)
{
    return request->path;
}

struct weft_text weft_request_query(const weft_request *request)
{
    return request->query;
}

struct weft_text weft_request_param(const weft_request *request, const char *name)
{
    struct weft_text wanted = weft_text_of(name);
    for (size_t i = 0; i < request->params.count; i++) {
        const struct weft_header *param = &request->params.items[i];
        if (param->name.count == wanted.count && wanted.count > 0 &&
            memcmp(param->name.data, wanted.data, wanted.count) == 0)
            return param->value;
    }
    return (struct weft_text){ 0 };
}

struct weft_headers weft_request_headers(const weft_request *request)
{
    return request->headers;
}

struct weft_text weft_request_header(const weft_request *request, const char *name)
{
    const struct weft_header *header = weft_headers_find(request->headers, name, NULL);
    return header ? header->value : (struct weft_text){ 0 };
}

struct weft_text weft_request_cookie(const weft_request *request, const char *name)
{
    return wf_cookie_find(request->headers, weft_text_of(name));
}

struct weft_text weft_request_origin(const weft_request *request)
{
    return weft_request_header(request, "Origin");
}

size_t weft_request_protocols(const weft_request *request, const struct weft_text **protocols_out)
{
    *protocols_out = request->protocols;
    return request->protocol_count;
}

bool weft_request_is_upgrade(const weft_request *request)
{
    return request->upgrade != NULL;
}

const struct weft_tls_info *weft_request_tls(const weft_request *request)
{
    return request->socket ? weft_socket_tls(request->socket) : NULL;
}

const char *weft_request_peer(const weft_request *request)
{
    weft_request *writable = (weft_request *)request;
    if (request->is_by_proxy)
        return request->socket ? request->peer : "";
    if (!request->socket ||
        weft_socket_peer(request->socket, writable->peer, sizeof writable->peer))
        return "";
    return request->peer;
}

const char *weft_request_client(const weft_request *request)
{
    return request->is_by_proxy ? request->client : weft_request_peer(request);
}

const char *weft_request_scheme(const weft_request *request)
{
    return request->scheme ? request->scheme : "http";
}

struct weft_text weft_request_host(const weft_request *request)
{
    return request->host;
}

weft_server *weft_request_server(const weft_request *request)
{
    return request->server;
}

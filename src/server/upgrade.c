#include "server/upgrade.h"

#include "codec/http1.h"
#include "server/origin.h"
#include "server/request.h"

/* ---- a route's copy ---- */

static weft_status copy_list(const struct weft_allocator *allocator, const char *const *texts,
                             size_t count, struct wf_text_list *list)
{
    if (count == 0)
        return WEFT_OK;
    size_t bytes = count * sizeof *list->items;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(texts[i]);
    list->items = wf_alloc(allocator, bytes);
    if (!list->items)
        return WEFT_ERR_MEMORY;

    char *at = (char *)(list->items + count);
    for (size_t i = 0; i < count; i++) {
        struct weft_text text = weft_text_of(texts[i]);
        if (text.count)
            memcpy(at, text.data, text.count);
        list->items[i] = (struct weft_text){ at, text.count };
        at += text.count;
    }
    list->count = count;
    return WEFT_OK;
}

/* RFC 6455 11.3.4: each a token, none twice. */
static bool are_protocols(const char *const *protocols, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!wf_http1_is_token(weft_text_of(protocols[i])))
            return false;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(protocols[i], protocols[j]) == 0)
                return false;
        }
    }
    return true;
}

static bool are_origins(const char *const *origins, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!wf_origin_is_rule(weft_text_of(origins[i])))
            return false;
    }
    return true;
}

static bool is_usable(const struct weft_route *route)
{
    return (route->protocols || !route->protocol_count) &&
           (route->origins || !route->origin_count) &&
           are_protocols(route->protocols, route->protocol_count) &&
           are_origins(route->origins, route->origin_count) &&
           (route->protocol_count || !route->protocol_required);
}

weft_status wf_upgrade_create(weft_server *server, const struct weft_route *route,
                              struct wf_upgrade **upgrade_out)
{
    const struct weft_allocator *allocator = server->allocator;
    if (!is_usable(route))
        return WEFT_ERR_ARGUMENT;
    struct wf_upgrade *upgrade = wf_alloc_zero(allocator, sizeof *upgrade);
    if (!upgrade)
        return WEFT_ERR_MEMORY;
    upgrade->on_upgrade = route->on_upgrade;
    upgrade->user = route->user;
    upgrade->protocol_required = route->protocol_required;
    upgrade->origin_required = route->origin_required;

    weft_status status =
        copy_list(allocator, route->protocols, route->protocol_count, &upgrade->protocols);
    if (!status)
        status = copy_list(allocator, route->origins, route->origin_count, &upgrade->origins);
    if (!status) {
        upgrade->shape = wf_server_create_shape(server, &route->settings, &route->events);
        status = upgrade->shape ? WEFT_OK : WEFT_ERR_MEMORY;
    }
    if (status)
        wf_upgrade_destroy(allocator, upgrade);
    else
        *upgrade_out = upgrade;
    return status;
}

void wf_upgrade_destroy(const struct weft_allocator *allocator, struct wf_upgrade *upgrade)
{
    if (!upgrade)
        return;
    wf_free(allocator, upgrade->protocols.items);
    wf_free(allocator, upgrade->origins.items);
    wf_server_drop_shape(upgrade->shape);
    wf_free(allocator, upgrade);
}

/* ---- the decision ---- */

bool wf_upgrade_origin_is_allowed(const struct wf_upgrade *upgrade, struct weft_headers headers,
                                  const char *scheme, struct weft_text host)
{
    const struct weft_header *origin = weft_headers_find(headers, "Origin", NULL);
    if (!origin)
        return !upgrade->origin_required;
    if (weft_headers_find(headers, "Origin", origin))
        return false;
    if (upgrade->origins.count == 0)
        return host.data && wf_origin_is_of_host(origin->value, host, scheme);
    for (size_t i = 0; i < upgrade->origins.count; i++) {
        if (wf_origin_fits(origin->value, upgrade->origins.items[i]))
            return true;
    }
    return false;
}

struct weft_text wf_upgrade_choose_protocol(const struct wf_upgrade *upgrade,
                                            const struct weft_text *offered, size_t offered_count)
{
    for (size_t i = 0; i < upgrade->protocols.count; i++) {
        struct weft_text own = upgrade->protocols.items[i];
        for (size_t j = 0; j < offered_count; j++) {
            if (offered[j].count == own.count && memcmp(offered[j].data, own.data, own.count) == 0)
                return own;
        }
    }
    return (struct weft_text){ 0 };
}

static void refuse(struct wf_visit *visit, int status, const char *text)
{
    visit->server->counts.upgrades_refused_total++;
    if (status == 426)
        wf_answer_upgrade_required(visit, text);
    else if (status == 405)
        wf_answer_not_allowed(visit, text, visit->entry->target.responder != NULL);
    else
        wf_answer_text(visit, status, text, NULL, 0);
}

/* The first of the rules that a request breaks: its status, or 0. */
static int find_refusal(const struct wf_visit *visit, const struct wf_upgrade *upgrade,
                        const char **text_out)
{
    const struct weft_engine_request_view *view = visit->view;
    *text_out = view->refusal_text;
    if (view->refusal_status)
        return view->refusal_status;
    *text_out = "this origin may not open a WebSocket here";
    const char *scheme = wf_visit_scheme(visit);
    if (!wf_upgrade_origin_is_allowed(upgrade, view->headers, scheme, wf_visit_host(visit)))
        return 403;
    *text_out = "none of the offered subprotocols is spoken here";
    if (upgrade->protocol_required &&
        !wf_upgrade_choose_protocol(upgrade, view->protocols, view->protocol_count).data)
        return 400;
    *text_out = "the server is going away";
    return visit->server->drain.is_draining ? 503 : 0;
}

weft_status wf_upgrade_accept(weft_server *server, weft_socket *socket,
                              const struct wf_upgrade *upgrade,
                              const struct weft_engine_accept *accept, void *user,
                              const char *client)
{
    weft_status status = wf_socket_accept(socket, upgrade->shape, accept, user);
    if (status)
        return status;
    server->counts.upgrades_total++;
    /* Nobody shall take it for the proxy: it is accepted, and its on_close follows. */
    if (client && wf_socket_set_peer(socket, client))
        wf_answer_give_up(socket);
    return WEFT_OK;
}

/* Nobody wants to see the request. */
static void accept_unseen(struct wf_visit *visit, const struct wf_upgrade *upgrade)
{
    const struct weft_engine_request_view *view = visit->view;
    struct weft_engine_accept accept = {
        .protocol = wf_upgrade_choose_protocol(upgrade, view->protocols, view->protocol_count),
    };
    if (wf_upgrade_accept(visit->server, visit->socket, upgrade, &accept, upgrade->user,
                          visit->proxied.is_by_proxy ? visit->proxied.client : NULL))
        refuse(visit, 503, "no memory");
}

void wf_upgrade_decide(struct wf_visit *visit)
{
    struct wf_upgrade *upgrade = visit->entry->target.upgrade;
    const char *text;
    if (!upgrade) {
        /* RFC 6455 4.2.2, 4: the service that was asked for is not there. */
        refuse(visit, 404, "there is no WebSocket at this path");
        return;
    }
    int refusal = find_refusal(visit, upgrade, &text);
    if (refusal) {
        refuse(visit, refusal, text);
        return;
    }
    if (!upgrade->on_upgrade) {
        accept_unseen(visit, upgrade);
        return;
    }
    weft_request *request = wf_request_create(visit, upgrade);
    if (!request) {
        refuse(visit, 503, "no memory");
        return;
    }
    if (!wf_request_show(request, upgrade->on_upgrade, upgrade->user))
        return;
    if (!request->has_failed) {
        weft_status status = weft_request_accept(request, NULL);
        if (status == WEFT_OK || status == WEFT_ERR_CLOSED)
            return; /* It is gone with either. */
    }
    wf_request_finish(request);
    refuse(visit, 500, "the answer of the program was not usable");
}

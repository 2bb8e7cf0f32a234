#include "client/order.h"

#include "client/credentials.h"
#include "client/race.h"
#include "client/trust.h"
#include "codec/http1.h"

/* ---- the copy ---- */

/* Counts first, while `at` is NULL; copies then. */
struct copying {
    char *at;
    size_t count;
};

static struct weft_text copy(struct copying *copying, struct weft_text text)
{
    struct weft_text copied = { NULL, text.count };
    if (copying->at) {
        copied.data = copying->at + copying->count;
        if (text.count)
            memcpy(copying->at + copying->count, text.data, text.count);
    }
    copying->count += text.count;
    return copied;
}

/* Where the arrays lie behind the struct, the ones that need the most alignment first. */
struct layout {
    struct weft_header *headers;
    struct weft_text *protocols;
    uint16_t *codes;
    char *texts;
};

static size_t lay_out(const struct weft_connect_options *options, struct wf_order *order,
                      struct layout *layout)
{
    size_t headers = options->header_count * sizeof *layout->headers;
    size_t protocols = options->protocol_count * sizeof *layout->protocols;
    size_t codes = options->reconnect.close_code_count * sizeof *layout->codes;
    if (order) {
        char *at = (char *)(order + 1);
        layout->headers = (void *)at;
        layout->protocols = (void *)(at + headers);
        layout->codes = (void *)(at + headers + protocols);
        layout->texts = at + headers + protocols + codes;
    }
    return sizeof *order + headers + protocols + codes;
}

static struct wf_proxy_rules copy_rules(struct copying *copying, const struct wf_proxy_rules *rules)
{
    return (struct wf_proxy_rules){ .proxy = copy(copying, rules->proxy),
                                    .uses_environment = rules->uses_environment,
                                    .http_proxy = copy(copying, rules->http_proxy),
                                    .https_proxy = copy(copying, rules->https_proxy),
                                    .all_proxy = copy(copying, rules->all_proxy),
                                    .no_proxy = copy(copying, rules->no_proxy) };
}

/* What is not simply the options'. */
struct found {
    struct weft_text authorization;
    struct wf_proxy_rules rules;
};

static size_t copy_texts(const struct weft_connect_options *options, const struct found *found,
                         struct wf_order *order, struct layout *layout)
{
    struct copying copying = { order ? layout->texts : NULL, 0 };
    for (size_t i = 0; i < options->header_count; i++) {
        struct weft_header header = { copy(&copying, options->headers[i].name),
                                      copy(&copying, options->headers[i].value) };
        if (order)
            layout->headers[i] = header;
    }
    for (size_t i = 0; i < options->protocol_count; i++) {
        struct weft_text protocol = copy(&copying, weft_text_of(options->protocols[i]));
        if (order)
            layout->protocols[i] = protocol;
    }
    struct weft_text origin = copy(&copying, weft_text_of(options->origin));
    struct weft_text authorization = copy(&copying, found->authorization);
    struct wf_proxy_rules rules = copy_rules(&copying, &found->rules);
    if (order) {
        order->origin = origin;
        order->authorization = authorization;
        order->proxy_rules = rules;
    }
    return copying.count;
}

/* More than can be: no such arrays exist. */
static bool counts_are_sane(const struct weft_connect_options *options)
{
    size_t max = SIZE_MAX / 256;
    return options->header_count < max && options->protocol_count < max &&
           options->reconnect.close_code_count < max;
}

static struct wf_order *create(const struct weft_allocator *allocator,
                               const struct weft_connect_options *options,
                               const struct found *found)
{
    struct layout layout;
    if (!counts_are_sane(options))
        return NULL;
    size_t texts_bytes = copy_texts(options, found, NULL, NULL);
    struct wf_order *order =
        wf_alloc_zero(allocator, lay_out(options, NULL, &layout) + texts_bytes);
    if (!order)
        return NULL;
    lay_out(options, order, &layout);
    copy_texts(options, found, order, &layout);
    order->headers = layout.headers;
    order->header_count = options->header_count;
    order->protocols = layout.protocols;
    order->protocol_count = options->protocol_count;
    order->tls = weft_tls_retain(options->tls);
    order->cookies = options->cookies;
    order->connect_timeout_ms = options->connect_timeout_ms;
    order->bad_ports_allowed = options->bad_ports_allowed;
    order->redirects_max = options->redirects_max;
    order->attempt_delay_ms =
        options->attempt_delay_ms ? options->attempt_delay_ms : WF_RACE_DELAY_MS;
    if (order->attempt_delay_ms < WF_RACE_DELAY_MS_MIN)
        order->attempt_delay_ms = WF_RACE_DELAY_MS_MIN;
    order->tcp = options->tcp;
    order->descriptor = options->has_descriptor ? options->descriptor : -1;
    order->reconnect = options->reconnect;
    if (options->reconnect.close_codes) {
        order->reconnect.close_codes = layout.codes;
        if (options->reconnect.close_code_count)
            memcpy(layout.codes, options->reconnect.close_codes,
                   options->reconnect.close_code_count * sizeof *layout.codes);
    }
    wf_reconnect_resolve(&order->reconnect);
    return order;
}

static weft_status read_origin(const struct weft_connect_options *options,
                               struct wf_stream_origin *from)
{
    size_t device_bytes = options->bind_device ? strlen(options->bind_device) : 0;
    *from = (struct wf_stream_origin){ 0 };
    if (device_bytes >= sizeof from->device)
        return WEFT_ERR_SYNTAX;
    if (device_bytes)
        memcpy(from->device, options->bind_device, device_bytes);
    return options->source_address
               ? wf_address_of_ip(&from->source, weft_text_of(options->source_address), 0)
               : WEFT_OK;
}

/* What goes to a proxy is in no request that the engine looks at. */
static bool is_proxy_authorization_usable(const struct weft_connect_options *options)
{
    struct weft_headers headers = { options->headers, options->header_count };
    const struct weft_header *header = NULL;
    while ((header = weft_headers_find(headers, "Proxy-Authorization", header)))
        if (!wf_http1_is_field_value(header->value))
            return false;
    return true;
}

weft_status wf_order_create(const struct weft_allocator *allocator,
                            const struct weft_connect_options *options, const struct wf_url *url,
                            struct wf_order **order_out)
{
    char *authorization;
    struct wf_stream_origin from;
    weft_status status = read_origin(options, &from);
    if (!status && !is_proxy_authorization_usable(options))
        status = WEFT_ERR_SYNTAX;
    if (!status)
        status = wf_credentials_of(allocator, options, url, &authorization);
    if (status)
        return status;
    struct found found = { .authorization = weft_text_of(authorization),
                           .rules.proxy = weft_text_of(options->proxy) };
    if (options->proxy_from_environment && !options->has_descriptor)
        wf_proxy_rules_read(&found.rules);
    struct wf_order *order = create(allocator, options, &found);
    wf_free(allocator, authorization);
    if (!order)
        return WEFT_ERR_MEMORY;
    order->url = *url;
    order->from = from;
    status = wf_order_aim(allocator, order);
    if (!status && options->proxy)
        status = order->proxy_status; /* The caller's mistake. */
    if (status) {
        order->url = (struct wf_url){ 0 };
        wf_order_drop(allocator, order);
        return status;
    }
    *order_out = order;
    return WEFT_OK;
}

void wf_order_drop(const struct weft_allocator *allocator, struct wf_order *order)
{
    if (!order)
        return;
    wf_url_drop(allocator, &order->url);
    wf_url_drop(allocator, &order->redirect);
    wf_proxy_drop(allocator, &order->proxy);
    weft_tls_release(order->tls);
    wf_free(allocator, order);
}

weft_status wf_order_need_tls(struct wf_order *order)
{
    return order->tls || !wf_url_is_secure(wf_order_url(order)) ? WEFT_OK
                                                                : wf_trust_default(&order->tls);
}

struct wf_socket_beginning wf_order_beginning(const struct wf_order *order)
{
    const struct wf_url *url = wf_order_url(order);
    if (!wf_url_is_secure(url))
        return (struct wf_socket_beginning){ 0 };
    return (struct wf_socket_beginning){ .tls = order->tls,
                                         .host = wf_url_dial_host(url),
                                         .port = wf_url_port(url) };
}

weft_status wf_order_aim(const struct weft_allocator *allocator, struct wf_order *order)
{
    struct weft_text text =
        wf_proxy_rules_choose(&order->proxy_rules, wf_order_url(order), &order->proxy_name);
    wf_proxy_drop(allocator, &order->proxy);
    order->proxy_status = wf_proxy_parse(allocator, text, &order->proxy, &order->proxy_reason);
    return order->proxy_status == WEFT_ERR_MEMORY ? WEFT_ERR_MEMORY : WEFT_OK;
}

/* ---- the request ---- */

/* What belongs to the origin that the user has named, and to no other. */
static bool is_private(struct weft_text name)
{
    return wf_http1_text_equals(name, "Authorization") || wf_http1_text_equals(name, "Cookie") ||
           wf_http1_text_equals(name, "Proxy-Authorization");
}

/* Where there are proxies, Proxy-Authorization is theirs and not the server's (RFC 9110 11.7.2),
 * also of a server that is reached without. */
static bool goes_along(const struct wf_order *order, struct weft_text name)
{
    bool may_have_proxy = order->proxy_rules.proxy.count || order->proxy_rules.uses_environment;
    if (may_have_proxy && wf_http1_text_equals(name, "Proxy-Authorization"))
        return false;
    return !order->has_left_origin || !is_private(name);
}

static weft_status ask_jar(const struct weft_allocator *allocator, const struct wf_order *order,
                           struct wf_order_request *request, struct weft_text *value_out)
{
    struct weft_headers headers = { request->headers, request->request.headers.count };
    *value_out = (struct weft_text){ 0 };
    if (!order->cookies.get_cookies || weft_headers_find(headers, "Cookie", NULL))
        return WEFT_OK;
    request->cookie = wf_alloc(allocator, WF_ORDER_COOKIE_BYTES_MAX);
    if (!request->cookie)
        return WEFT_ERR_MEMORY;
    size_t count = order->cookies.get_cookies(wf_order_url(order)->href.data, request->cookie,
                                              WF_ORDER_COOKIE_BYTES_MAX, order->cookies.user);
    *value_out = (struct weft_text){ request->cookie, count };
    return count > WF_ORDER_COOKIE_BYTES_MAX ? WEFT_ERR_LIMIT : WEFT_OK;
}

static void add(struct wf_order_request *request, const char *name, struct weft_text value)
{
    if (value.count)
        request->headers[request->request.headers.count++] =
            (struct weft_header){ weft_text_of(name), value };
}

weft_status wf_order_write(const struct weft_allocator *allocator, const struct wf_order *order,
                           struct wf_order_request *request)
{
    enum { OWN_COUNT_MAX = 2 };
    const struct wf_url *url = wf_order_url(order);
    struct weft_text cookies;
    *request = (struct wf_order_request){
        .request = { .target = url->target,
                     .host = url->authority,
                     .origin = order->origin,
                     .protocols = order->protocols,
                     .protocol_count = order->protocol_count },
        .headers =
            wf_alloc(allocator, (order->header_count + OWN_COUNT_MAX) * sizeof *request->headers),
    };
    if (!request->headers)
        return WEFT_ERR_MEMORY;
    request->request.headers.items = request->headers;
    for (size_t i = 0; i < order->header_count; i++)
        if (goes_along(order, order->headers[i].name))
            request->headers[request->request.headers.count++] = order->headers[i];
    if (!order->has_left_origin)
        add(request, "Authorization", order->authorization);
    weft_status status = ask_jar(allocator, order, request, &cookies);
    if (!status)
        add(request, "Cookie", cookies);
    return status;
}

void wf_order_request_drop(const struct weft_allocator *allocator, struct wf_order_request *request)
{
    wf_free(allocator, request->headers);
    wf_free(allocator, request->cookie);
}

void wf_order_take_cookies(const struct wf_order *order, struct weft_headers headers)
{
    const struct weft_header *field = NULL;
    if (!order->cookies.set_cookie)
        return;
    while ((field = weft_headers_find(headers, "Set-Cookie", field)))
        order->cookies.set_cookie(wf_order_url(order)->href.data, field->value,
                                  order->cookies.user);
}

#include "server/proxied.h"

#include "codec/forwarded.h"
#include "codec/http1.h"

#include <stdio.h>

/* "http" or "https"; NULL: something else. */
static const char *known_scheme(struct weft_text text)
{
    if (wf_http1_text_equals(text, "http") || wf_http1_text_equals(text, "ws"))
        return "http";
    if (wf_http1_text_equals(text, "https") || wf_http1_text_equals(text, "wss"))
        return "https";
    return NULL;
}

static void set_client(struct wf_proxied *out, struct weft_text text)
{
    snprintf(out->client, sizeof out->client, "%.*s", (int)text.count, text.data);
}

/* Notes whom a proxy has named. True: that is one of the trusted, and the next to the left counts.
 */
static bool pass(struct wf_proxied *out, const struct wf_peers *trusted, struct weft_text text)
{
    struct wf_forwarded_node node = wf_forwarded_node_parse(text);
    switch (node.kind) {
    case WF_FORWARDED_IP:
        wf_ip_text(&node.ip, node.port, out->client);
        return wf_peers_have_ip(trusted, &node.ip);
    case WF_FORWARDED_HIDDEN:
        set_client(out, text);
        return false;
    case WF_FORWARDED_BROKEN:
        break;
    }
    set_client(out, WEFT_TEXT_LITERAL("unknown"));
    return false;
}

/* RFC 7239: each proxy's element tells all. */
static void find_forwarded(const struct wf_peers *trusted, struct weft_headers headers,
                           struct wf_proxied *out)
{
    struct wf_forwarded_list list = wf_forwarded_list_of(headers, "Forwarded", true);
    struct weft_text text;
    bool goes_on = true;
    while (goes_on && wf_forwarded_list_next(&list, &text)) {
        struct wf_forwarded_element element;
        if (!wf_forwarded_parse(text, &element))
            element = (struct wf_forwarded_element){ 0 }; /* Its node is broken then. */
        if (element.proto.data)
            out->scheme = known_scheme(element.proto);
        if (element.host.data)
            out->host = element.host;
        goes_on = pass(out, trusted, element.node);
    }
}

/* The element that many steps from the right, or the leftmost. Some proxies append to each of the
 * lists, some set the other two anew. */
static struct weft_text element_at(struct weft_headers headers, const char *name, size_t steps)
{
    struct wf_forwarded_list list = wf_forwarded_list_of(headers, name, false);
    struct weft_text text, found = { 0 };
    for (size_t i = 0; i <= steps && wf_forwarded_list_next(&list, &text); i++)
        found = text;
    return found;
}

static void find_x_forwarded(const struct wf_peers *trusted, struct weft_headers headers,
                             struct wf_proxied *out)
{
    struct wf_forwarded_list list = wf_forwarded_list_of(headers, "X-Forwarded-For", false);
    struct weft_text text;
    size_t steps = 0;
    while (wf_forwarded_list_next(&list, &text) && pass(out, trusted, text))
        steps++;
    out->scheme = known_scheme(element_at(headers, "X-Forwarded-Proto", steps));
    out->host = element_at(headers, "X-Forwarded-Host", steps);
}

void wf_proxied_find(const struct wf_peers *trusted, enum weft_proxy_fields fields,
                     const char *peer, struct weft_headers headers, struct wf_proxied *out)
{
    out->is_by_proxy = wf_peers_have(trusted, peer);
    out->scheme = NULL;
    out->host = (struct weft_text){ 0 };
    if (!out->is_by_proxy)
        return;
    set_client(out, weft_text_of(peer));
    if (fields == WEFT_PROXY_FORWARDED)
        find_forwarded(trusted, headers, out);
    else
        find_x_forwarded(trusted, headers, out);
}

#include "client/redirect.h"

bool wf_redirect_is_status(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool is_equal(struct weft_text one, struct weft_text other)
{
    return one.count == other.count &&
           (one.count == 0 || memcmp(one.data, other.data, one.count) == 0);
}

bool wf_redirect_same_origin(const struct wf_url *one, const struct wf_url *other)
{
    return wf_url_is_secure(one) == wf_url_is_secure(other) &&
           wf_url_port(one) == wf_url_port(other) && is_equal(one->host, other->host) &&
           is_equal(one->unix_path, other->unix_path);
}

/* RFC 9110 10.2.2: a Location may have a fragment, which is not sent; new WebSocket() has none. */
static struct weft_text without_fragment(struct weft_text location)
{
    const char *hash = location.count ? memchr(location.data, '#', location.count) : NULL;
    if (hash)
        location.count = (size_t)(hash - location.data);
    return location;
}

/* ws+unix is no base for relative URLs, but "/path" can mean one thing only. */
static weft_status resolve_in_unix(const struct weft_allocator *allocator,
                                   const struct wf_url *from, struct weft_text location,
                                   struct wf_url *to_out, const char **reason_out)
{
    size_t prefix_count = from->href.count - from->target.count;
    char *text = wf_alloc(allocator, prefix_count + location.count + 1);
    if (!text)
        return WEFT_ERR_MEMORY;
    memcpy(text, from->href.data, prefix_count);
    memcpy(text + prefix_count, location.data, location.count);
    struct weft_text joined = { text, prefix_count + location.count };
    weft_status status =
        wf_url_parse_websocket(allocator, joined, (struct weft_text){ 0 }, to_out, reason_out);
    wf_free(allocator, text);
    return status;
}

static weft_status parse(const struct weft_allocator *allocator, const struct wf_url *from,
                         struct weft_text location, struct wf_url *to_out, const char **reason_out)
{
    bool is_unix = from->scheme_id == WF_URL_WS_UNIX;
    bool is_path = location.count && location.data[0] == '/' &&
                   !(location.count > 1 && location.data[1] == '/');
    if (is_unix && is_path)
        return resolve_in_unix(allocator, from, location, to_out, reason_out);
    return wf_url_parse_websocket(
        allocator, location, is_unix ? (struct weft_text){ 0 } : from->href, to_out, reason_out);
}

weft_status wf_redirect_resolve(const struct weft_allocator *allocator, const struct wf_url *from,
                                struct weft_text location, struct wf_url *to_out,
                                const char **reason_out)
{
    *reason_out = NULL;
    weft_status status = parse(allocator, from, without_fragment(location), to_out, reason_out);
    if (status)
        return status;
    if (wf_url_is_secure(from) && !wf_url_is_secure(to_out)) {
        *reason_out = "a redirect from wss: to ws: is not followed";
        status = WEFT_ERR_REFUSED;
    } else if (to_out->unix_path.count && !is_equal(to_out->unix_path, from->unix_path)) {
        *reason_out = "a redirect into a Unix-domain socket is not followed";
        status = WEFT_ERR_REFUSED;
    }
    if (status)
        wf_url_drop(allocator, to_out);
    return status;
}

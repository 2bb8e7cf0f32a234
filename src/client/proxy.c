#include "client/proxy.h"

#include "client/credentials.h"
#include "codec/http1.h"
#include "codec/percent.h"
#include "codec/url.h"

enum { DEFAULT_PORT = 1080, SOCKS_TEXT_MAX = 255 };

static const struct {
    const char *name;
    enum wf_proxy_kind kind; /* WF_PROXY_NONE: known, and not to be had. */
} schemes[] = {
    { "http", WF_PROXY_HTTP },    { "socks5", WF_PROXY_SOCKS5 }, { "socks5h", WF_PROXY_SOCKS5H },
    { "https", WF_PROXY_NONE },   { "socks", WF_PROXY_NONE },    { "socks4", WF_PROXY_NONE },
    { "socks4a", WF_PROXY_NONE },
};

/* Takes the scheme off the text. */
static weft_status read_scheme(struct weft_text *text, enum wf_proxy_kind *kind_out,
                               const char **reason_out)
{
    const char *colon = memmem(text->data, text->count, "://", 3);
    *kind_out = WF_PROXY_HTTP;
    if (!colon)
        return WEFT_OK;
    struct weft_text scheme = { text->data, (size_t)(colon - text->data) };
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (!wf_http1_text_equals(scheme, schemes[i].name))
            continue;
        *kind_out = schemes[i].kind;
        *reason_out = "proxies are http://, socks5:// or socks5h://";
        *text = (struct weft_text){ colon + 3, text->count - scheme.count - 3 };
        return schemes[i].kind ? WEFT_OK : WEFT_ERR_UNSUPPORTED;
    }
    *reason_out = "the scheme of the proxy is none of http, socks5 and socks5h";
    return WEFT_ERR_SYNTAX;
}

/* The rest is an authority like any other. */
static weft_status parse_rest(const struct weft_allocator *allocator, struct weft_text rest,
                              struct wf_url *url_out, const char **reason_out)
{
    static const struct weft_text scheme = { "http://", 7 };
    if (rest.count > WF_URL_BYTES_MAX) {
        *reason_out = "the proxy's URL is too long";
        return WEFT_ERR_SYNTAX;
    }
    char *joined = wf_alloc(allocator, scheme.count + rest.count);
    if (!joined)
        return WEFT_ERR_MEMORY;
    memcpy(joined, scheme.data, scheme.count);
    memcpy(joined + scheme.count, rest.data, rest.count);
    weft_status status =
        wf_url_parse(allocator, (struct weft_text){ joined, scheme.count + rest.count }, NULL,
                     url_out, reason_out);
    wf_free(allocator, joined);
    if (!status && (url_out->path.count > 1 || url_out->has_query || url_out->has_fragment)) {
        *reason_out = "something stands behind the proxy's host and port";
        wf_url_drop(allocator, url_out);
        status = WEFT_ERR_SYNTAX;
    }
    return status;
}

/* The URL Standard drops the port 80 of http, which is not the default here. */
static uint16_t port_of(const struct wf_url *url, struct weft_text rest)
{
    if (url->has_port)
        return url->port;
    const char *end = rest.data + rest.count;
    /* The URL Standard takes blanks and controls off the end, too. */
    while (end > rest.data && (end[-1] == '/' || end[-1] == '\\' || (uint8_t)end[-1] <= ' '))
        end--;
    const char *digits = end;
    while (digits > rest.data && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    /* What stands before these digits is the host's end: a colon within a host has a bracket
     * behind it, and one within credentials an '@'. */
    return digits < end && digits > rest.data && digits[-1] == ':' ? 80 : DEFAULT_PORT;
}

/* In place: the memory is ours. */
static bool decode(const struct wf_url *url, struct weft_text *text)
{
    if (!text->count)
        return true; /* It may lie nowhere. */
    char *at = url->memory + (text->data - url->memory);
    return wf_percent_decode(*text, at, &text->count);
}

static weft_status read_login(const struct weft_allocator *allocator, const struct wf_url *url,
                              struct wf_proxy *proxy, const char **reason_out)
{
    char *value;
    *reason_out = "the proxy's user name or password cannot be sent";
    proxy->username = url->username;
    proxy->password = url->password;
    if (!decode(url, &proxy->username) || !decode(url, &proxy->password))
        return WEFT_ERR_SYNTAX;
    if (!proxy->username.count && !proxy->password.count)
        return WEFT_OK;
    if (proxy->kind != WF_PROXY_HTTP) {
        /* RFC 1929 2: 1 to 255 bytes. */
        bool fits = proxy->username.count && proxy->username.count <= SOCKS_TEXT_MAX &&
                    proxy->password.count <= SOCKS_TEXT_MAX;
        return fits ? WEFT_OK : WEFT_ERR_SYNTAX;
    }
    weft_status status = wf_credentials_basic(allocator, proxy->username, proxy->password, &value);
    if (!status) {
        proxy->authorization_memory = value;
        proxy->authorization = weft_text_of(value);
    }
    return status;
}

weft_status wf_proxy_parse(const struct weft_allocator *allocator, struct weft_text text,
                           struct wf_proxy *proxy_out, const char **reason_out)
{
    struct wf_url url;
    *proxy_out = (struct wf_proxy){ 0 };
    *reason_out = NULL;
    if (text.count == 0)
        return WEFT_OK;
    enum wf_proxy_kind kind;
    weft_status status = read_scheme(&text, &kind, reason_out);
    if (!status)
        status = parse_rest(allocator, text, &url, reason_out);
    if (status)
        return status;
    *proxy_out = (struct wf_proxy){ .kind = kind,
                                    .host = wf_url_dial_host(&url),
                                    .port = port_of(&url, text),
                                    .memory = url.memory };
    status = read_login(allocator, &url, proxy_out, reason_out);
    if (!status && proxy_out->port == 0) {
        *reason_out = "the proxy's port is 0";
        status = WEFT_ERR_SYNTAX;
    }
    if (status)
        wf_proxy_drop(allocator, proxy_out);
    return status;
}

void wf_proxy_drop(const struct weft_allocator *allocator, struct wf_proxy *proxy)
{
    wf_free(allocator, proxy->memory);
    wf_free(allocator, proxy->authorization_memory);
    *proxy = (struct wf_proxy){ 0 };
}

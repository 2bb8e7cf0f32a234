#include "server/origin.h"

#include "codec/http1.h"

static bool same_ignoring_case(struct weft_text one, struct weft_text other)
{
    if (one.count != other.count)
        return false;
    for (size_t i = 0; i < one.count; i++) {
        unsigned char a = (unsigned char)one.data[i], b = (unsigned char)other.data[i];
        if (a >= 'A' && a <= 'Z')
            a |= 0x20;
        if (b >= 'A' && b <= 'Z')
            b |= 0x20;
        if (a != b)
            return false;
    }
    return true;
}

static uint16_t port_of_scheme(struct weft_text scheme)
{
    if (wf_http1_text_equals(scheme, "http") || wf_http1_text_equals(scheme, "ws"))
        return 80;
    if (wf_http1_text_equals(scheme, "https") || wf_http1_text_equals(scheme, "wss"))
        return 443;
    return 0;
}

/* RFC 3986 3.1. */
static bool is_scheme(struct weft_text scheme)
{
    for (size_t i = 0; i < scheme.count; i++) {
        char c = scheme.data[i];
        bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        bool is_other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!is_letter && (i == 0 || !is_other))
            return false;
    }
    return scheme.count > 0;
}

/* Nothing that would begin a path, a query, a fragment or a user, or part a list. */
static bool is_host(struct weft_text host)
{
    for (size_t i = 0; i < host.count; i++) {
        if ((unsigned char)host.data[i] <= ' ' || strchr("/?#@\\,[]", host.data[i]))
            return false;
    }
    return host.count > 0 && !memchr(host.data, ':', host.count);
}

/* An address in brackets, RFC 3986 3.2.2. */
static bool is_bracketed(struct weft_text host)
{
    for (size_t i = 1; i + 1 < host.count; i++) {
        char c = host.data[i];
        bool is_hex = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
        if (!is_hex && c != ':' && c != '.')
            return false;
    }
    return host.count > 2;
}

/* RFC 3986 3.2.3: an empty port is the scheme's. */
static bool parse_port(struct weft_text digits, uint16_t *port_out)
{
    if (digits.count == 0)
        return true;
    uint32_t port = 0;
    for (size_t i = 0; i < digits.count; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        port = port * 10 + (uint32_t)(digits.data[i] - '0');
        if (port > UINT16_MAX)
            return false;
    }
    *port_out = (uint16_t)port;
    return true;
}

/* "host", "host:port", "[v6]" or "[v6]:port"; without a port *port is left as it was. */
static bool parse_authority(struct weft_text text, struct weft_text *host_out, uint16_t *port)
{
    bool is_v6 = text.count && text.data[0] == '[';
    const char *end_of_text = text.data + text.count;
    const char *end = text.count ? memchr(text.data, is_v6 ? ']' : ':', text.count) : NULL;
    if (is_v6 && !end)
        return false;
    end = !end ? end_of_text : end + is_v6;
    *host_out = (struct weft_text){ text.data, (size_t)(end - text.data) };
    if (is_v6 ? !is_bracketed(*host_out) : !is_host(*host_out))
        return false;
    if (end == end_of_text)
        return true;
    return *end == ':' &&
           parse_port((struct weft_text){ end + 1, (size_t)(end_of_text - end - 1) }, port);
}

bool wf_origin_parse(struct weft_text text, struct wf_origin *origin_out)
{
    const char *separator = text.count ? memmem(text.data, text.count, "://", 3) : NULL;
    if (!separator)
        return false;
    origin_out->scheme = (struct weft_text){ text.data, (size_t)(separator - text.data) };
    if (!is_scheme(origin_out->scheme))
        return false;
    origin_out->port = port_of_scheme(origin_out->scheme);
    const char *authority = separator + 3;
    size_t rest = (size_t)(text.data + text.count - authority);
    return parse_authority((struct weft_text){ authority, rest }, &origin_out->host,
                           &origin_out->port);
}

/* "ws" and "http" are one, as are "wss" and "https". */
static bool are_of_one_kind(struct weft_text scheme, const char *other)
{
    return port_of_scheme(scheme) == port_of_scheme(weft_text_of(other));
}

bool wf_origin_is_of_host(struct weft_text origin, struct weft_text host, const char *scheme)
{
    struct wf_origin page;
    struct weft_text name;
    if (!wf_origin_parse(origin, &page) || page.port == 0 ||
        (scheme && !are_of_one_kind(page.scheme, scheme)))
        return false;
    uint16_t port = port_of_scheme(page.scheme);
    return parse_authority(host, &name, &port) && port == page.port &&
           same_ignoring_case(name, page.host);
}

bool wf_origin_is_rule(struct weft_text rule)
{
    struct wf_origin origin;
    return wf_http1_text_equals(rule, "*") || wf_http1_text_equals(rule, "null") ||
           wf_origin_parse(rule, &origin);
}

bool wf_origin_fits(struct weft_text origin, struct weft_text rule)
{
    struct wf_origin one, other;
    if (wf_http1_text_equals(rule, "*"))
        return true;
    if (wf_http1_text_equals(rule, "null") || wf_http1_text_equals(origin, "null"))
        return same_ignoring_case(origin, rule);
    return wf_origin_parse(origin, &one) && wf_origin_parse(rule, &other) &&
           one.port == other.port && same_ignoring_case(one.scheme, other.scheme) &&
           same_ignoring_case(one.host, other.host);
}

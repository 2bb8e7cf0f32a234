#include "codec/url_parser.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void put_credentials(struct wf_url_parser *p, struct weft_text username,
                            struct weft_text password)
{
    size_t first = p->out.count;
    wf_url_put_encoded(&p->out, username, WF_URL_SET_USERINFO);
    p->url->username = wf_url_written_since(p, first);
    if (password.count > 0) {
        wf_url_put_char(&p->out, ':');
        first = p->out.count;
        wf_url_put_encoded(&p->out, password, WF_URL_SET_USERINFO);
        p->url->password = wf_url_written_since(p, first);
    }
    if (username.count > 0 || password.count > 0)
        wf_url_put_char(&p->out, '@');
}

/* All up to the last '@'; the first ':' parts name and password. */
static void parse_credentials(struct wf_url_parser *p, const char *end)
{
    const char *at_sign = memrchr(p->at, '@', (size_t)(end - p->at));
    if (!at_sign)
        return;
    const char *colon = memchr(p->at, ':', (size_t)(at_sign - p->at));
    if (colon)
        put_credentials(p, wf_url_between(p->at, colon), wf_url_between(colon + 1, at_sign));
    else
        put_credentials(p, wf_url_between(p->at, at_sign), (struct weft_text){ 0 });
    p->at = at_sign + 1;
}

/* The colon before the port: the first that is not in brackets. */
static const char *host_end(const char *at, const char *end)
{
    bool is_inside = false;
    for (; at < end; at++) {
        if (*at == '[')
            is_inside = true;
        else if (*at == ']')
            is_inside = false;
        else if (*at == ':' && !is_inside)
            break;
    }
    return at;
}

static weft_status parse_port(struct wf_url_parser *p, const char *end)
{
    uint32_t port = 0;
    bool is_empty = p->at == end;
    for (; p->at < end; p->at++) {
        if (!is_digit(*p->at))
            return wf_url_fail(&p->reason, "the port is not a number");
        port = port * 10 + (uint32_t)(*p->at - '0');
        if (port > UINT16_MAX)
            return wf_url_fail(&p->reason, "the port is over 65535");
    }
    if (is_empty || port == (wf_url_is_secure(p->url) ? 443 : 80))
        return WEFT_OK;
    char digits[6];
    size_t count = sizeof digits;
    p->url->has_port = true;
    p->url->port = (uint16_t)port;
    do
        digits[--count] = (char)('0' + port % 10);
    while ((port /= 10) > 0);
    wf_url_put_char(&p->out, ':');
    wf_url_put(&p->out, (struct weft_text){ digits + count, sizeof digits - count });
    return WEFT_OK;
}

weft_status wf_url_parse_authority(struct wf_url_parser *p)
{
    while (p->at < p->end && wf_url_is_slash(*p->at))
        p->at++;
    const char *end = p->at;
    while (end < p->end && !wf_url_is_part_end(*end))
        end++;
    parse_credentials(p, end);

    const char *colon = host_end(p->at, end);
    if (colon == p->at)
        return wf_url_fail(&p->reason, "the host is missing");
    size_t first = p->out.count;
    weft_status status = wf_url_put_host(&p->out, wf_url_between(p->at, colon), &p->reason);
    if (status)
        return status;
    p->url->host = wf_url_written_since(p, first);
    p->at = colon < end ? colon + 1 : colon;
    status = parse_port(p, end);
    p->url->authority = wf_url_written_since(p, first);
    return status;
}

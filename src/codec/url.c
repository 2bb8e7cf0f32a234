/* The basic URL parser (URL Standard 4.4) for special schemes other than ftp and file. The states
 * of the standard are functions here and in url_authority.c and url_path.c; each writes its part of
 * the serialised URL, which comes in the same order. */
#include "codec/percent.h"
#include "codec/url_parser.h"
#include "codec/utf8.h"

static const struct weft_text scheme_names[] = {
    [WF_URL_WS] = { "ws", 2 },           [WF_URL_WSS] = { "wss", 3 },
    [WF_URL_HTTP] = { "http", 4 },       [WF_URL_HTTPS] = { "https", 5 },
    [WF_URL_WS_UNIX] = { "ws+unix", 7 },
};

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- scheme ---- */

/* The characters of a scheme before its colon, or 0: there is none. */
static size_t scheme_bytes(const struct wf_url_parser *p)
{
    const char *c = p->at;
    if (c == p->end || !is_letter(*c))
        return 0;
    while (c < p->end && (is_letter(*c) || is_digit(*c) || *c == '+' || *c == '-' || *c == '.'))
        c++;
    return c < p->end && *c == ':' ? (size_t)(c - p->at) : 0;
}

static bool find_scheme(struct weft_text text, enum wf_url_scheme *id_out)
{
    for (size_t id = 0; id < sizeof scheme_names / sizeof *scheme_names; id++) {
        struct weft_text name = scheme_names[id];
        size_t i = 0;
        while (i < name.count && i < text.count &&
               (is_letter(text.data[i]) ? text.data[i] | 0x20 : text.data[i]) == name.data[i])
            i++;
        if (i == name.count && i == text.count) {
            *id_out = (enum wf_url_scheme)id;
            return true;
        }
    }
    return false;
}

static void put_scheme(struct wf_url_parser *p, enum wf_url_scheme id)
{
    if (p->is_websocket && id == WF_URL_HTTP)
        id = WF_URL_WS;
    if (p->is_websocket && id == WF_URL_HTTPS)
        id = WF_URL_WSS;
    p->url->scheme_id = id;
    wf_url_put(&p->out, scheme_names[id]);
    p->url->scheme = wf_url_written_since(p, 0);
    wf_url_put(&p->out, id == WF_URL_WS_UNIX ? WEFT_TEXT_LITERAL(":") : WEFT_TEXT_LITERAL("://"));
}

/* ---- relative ---- */

static void put_base_authority(struct wf_url_parser *p)
{
    const struct wf_url *base = p->base;
    size_t first = p->out.count;
    if (base->username.count > 0 || base->password.count > 0) {
        wf_url_put(&p->out, base->username);
        p->url->username = wf_url_written_since(p, first);
        if (base->password.count > 0) {
            wf_url_put_char(&p->out, ':');
            first = p->out.count;
            wf_url_put(&p->out, base->password);
            p->url->password = wf_url_written_since(p, first);
        }
        wf_url_put_char(&p->out, '@');
    }
    first = p->out.count;
    wf_url_put(&p->out, base->authority);
    p->url->authority = wf_url_written_since(p, first);
    p->url->host = (struct weft_text){ p->out.data + first, base->host.count };
    p->url->has_port = base->has_port;
    p->url->port = base->port;
}

/* The state "relative" when no slash comes first. */
static void parse_relative_path(struct wf_url_parser *p)
{
    size_t path_first = p->out.count;
    wf_url_put(&p->out, p->base->path);
    bool has_path = p->at < p->end && *p->at != '?' && *p->at != '#';
    if (has_path) {
        wf_url_shorten_path(p, path_first);
        wf_url_parse_path(p, path_first);
    }
    p->url->path = wf_url_written_since(p, path_first);
    if (!has_path && p->base->has_query && (p->at == p->end || *p->at == '#')) {
        wf_url_put_char(&p->out, '?');
        size_t query_first = p->out.count;
        wf_url_put(&p->out, p->base->query);
        p->url->has_query = true;
        p->url->query = wf_url_written_since(p, query_first);
    }
    wf_url_parse_query(p, path_first);
}

/* The states "relative" and "relative slash". */
static weft_status parse_relative(struct wf_url_parser *p)
{
    put_scheme(p, p->base->scheme_id);
    bool has_slash = p->at < p->end && wf_url_is_slash(*p->at);
    if (has_slash && p->end - p->at > 1 && wf_url_is_slash(p->at[1])) {
        weft_status status = wf_url_parse_authority(p);
        if (!status)
            wf_url_parse_path_and_query(p);
        return status;
    }
    put_base_authority(p);
    if (has_slash)
        wf_url_parse_path_and_query(p);
    else
        parse_relative_path(p);
    return WEFT_OK;
}

/* ---- ws+unix ---- */

/* PATH up to the first colon, which PATH may have as %3A; then a path and query as in ws:. */
static weft_status parse_unix(struct wf_url_parser *p)
{
    put_scheme(p, WF_URL_WS_UNIX);
    const char *first = p->at;
    while (p->at < p->end && *p->at != ':' && *p->at != '?' && *p->at != '#')
        p->at++;
    struct weft_text path = wf_url_between(first, p->at);
    if (p->at < p->end && *p->at != ':')
        return wf_url_fail(&p->reason, "ws+unix:PATH:TARGET: PATH has a '?' or '#'");
    p->at += p->at < p->end;
    if (path.count == 0)
        return wf_url_fail(&p->reason, "ws+unix:PATH:TARGET: PATH is missing");

    wf_url_put_encoded(&p->out, path, WF_URL_SET_PATH);
    wf_url_put_char(&p->out, ':');
    wf_url_parse_path_and_query(p);
    wf_url_put_char(&p->out, '\0');

    size_t decoded_first = p->out.count, decoded_count;
    if (!wf_percent_decode(path, p->out.data + decoded_first, &decoded_count))
        return wf_url_fail(&p->reason, "ws+unix:PATH:TARGET: a '%' in PATH is not an escape");
    if (memchr(p->out.data + decoded_first, '\0', decoded_count))
        return wf_url_fail(&p->reason, "ws+unix:PATH:TARGET: PATH has a zero byte");
    p->out.count += decoded_count;
    p->url->unix_path = wf_url_written_since(p, decoded_first);
    wf_url_put_char(&p->out, '\0');
    p->url->host = p->url->authority = WEFT_TEXT_LITERAL("localhost");
    return WEFT_OK;
}

/* ---- the whole ---- */

static weft_status parse_absolute(struct wf_url_parser *p, size_t scheme_count)
{
    enum wf_url_scheme id;
    if (!find_scheme((struct weft_text){ p->at, scheme_count }, &id))
        return wf_url_fail(&p->reason, "the scheme is none of ws, wss, http, https, ws+unix");
    p->at += scheme_count + 1;
    if (id == WF_URL_WS_UNIX)
        return parse_unix(p);

    /* The state "special relative or authority": "http:x" is relative to a base with the same
     * scheme. */
    bool has_slashes = p->end - p->at >= 2 && p->at[0] == '/' && p->at[1] == '/';
    if (p->base && p->base->scheme_id == id && !has_slashes)
        return parse_relative(p);
    put_scheme(p, id);
    weft_status status = wf_url_parse_authority(p);
    if (!status)
        wf_url_parse_path_and_query(p);
    return status;
}

static weft_status parse_any(struct wf_url_parser *p)
{
    size_t scheme_count = scheme_bytes(p);
    if (scheme_count > 0)
        return parse_absolute(p, scheme_count);
    if (!p->base)
        return wf_url_fail(&p->reason, "a relative URL without a base URL");
    if (p->base->scheme_id == WF_URL_WS_UNIX)
        return wf_url_fail(&p->reason, "ws+unix cannot be the base of a relative URL");
    return parse_relative(p);
}

/* Copies without tabs and line ends, and without controls and spaces around it. */
static struct weft_text clean_copy(char *to, struct weft_text input)
{
    while (input.count > 0 && (uint8_t)input.data[0] <= 0x20) {
        input.data++;
        input.count--;
    }
    while (input.count > 0 && (uint8_t)input.data[input.count - 1] <= 0x20)
        input.count--;
    size_t count = 0;
    for (size_t i = 0; i < input.count; i++)
        if (input.data[i] != '\t' && input.data[i] != '\n' && input.data[i] != '\r')
            to[count++] = input.data[i];
    return (struct weft_text){ to, count };
}

/* One block: the serialised URL, at most three characters for one, and behind it the clean copy of
 * the input. A decoded Unix path is not longer than the input. */
static size_t out_capacity(struct weft_text input, const struct wf_url *base)
{
    return 4 * input.count + (base ? base->href.count : 0) + WF_URL_HOST_GROWTH;
}

static weft_status parse(const struct weft_allocator *allocator, struct wf_url_parser *p,
                         struct weft_text input, const char **reason_out)
{
    memset(p->url, 0, sizeof *p->url);
    if (reason_out)
        *reason_out = NULL;
    weft_status status = WEFT_OK;
    if (input.count > WF_URL_BYTES_MAX)
        status = wf_url_fail(&p->reason, "the URL is too long");
    else if (!wf_utf8_is_valid(input.data, input.count))
        status = wf_url_fail(&p->reason, "the URL is not UTF-8");
    if (!status) {
        p->out.capacity = out_capacity(input, p->base);
        p->out.data = wf_alloc(allocator, p->out.capacity + input.count);
        status = p->out.data ? WEFT_OK : WEFT_ERR_MEMORY;
    }
    if (!status) {
        p->url->memory = p->out.data;
        struct weft_text clean = clean_copy(p->out.data + p->out.capacity, input);
        p->at = clean.data;
        p->end = clean.data + clean.count;
        status = parse_any(p);
    }
    if (!status && p->url->has_fragment && p->is_websocket)
        status = wf_url_fail(&p->reason, "a WebSocket URL has no fragment");
    if (status) {
        wf_url_drop(allocator, p->url);
        if (reason_out)
            *reason_out = p->reason;
        return status;
    }
    p->url->href = wf_url_between(p->out.data, p->url->target.data + p->url->target.count);
    p->out.data[p->url->href.count] = '\0';
    return WEFT_OK;
}

weft_status wf_url_parse(const struct weft_allocator *allocator, struct weft_text input,
                         const struct wf_url *base, struct wf_url *url_out, const char **reason_out)
{
    struct wf_url_parser p = { .base = base, .url = url_out };
    return parse(allocator, &p, input, reason_out);
}

weft_status wf_url_parse_websocket(const struct weft_allocator *allocator, struct weft_text input,
                                   struct weft_text base_text, struct wf_url *url_out,
                                   const char **reason_out)
{
    struct wf_url base = { 0 };
    struct wf_url_parser p = { .url = url_out, .is_websocket = true };
    if (base_text.count > 0) {
        weft_status status = wf_url_parse(allocator, base_text, NULL, &base, reason_out);
        if (status) {
            memset(url_out, 0, sizeof *url_out);
            return status;
        }
        p.base = &base;
    }
    weft_status status = parse(allocator, &p, input, reason_out);
    wf_url_drop(allocator, &base);
    return status;
}

void wf_url_drop(const struct weft_allocator *allocator, struct wf_url *url)
{
    wf_free(allocator, url->memory);
    memset(url, 0, sizeof *url);
}

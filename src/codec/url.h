/* URLs of the schemes ws, wss, http and https by the URL Standard (url.spec.whatwg.org), and weft's
 * own ws+unix:PATH:TARGET. */
#ifndef WF_CODEC_URL_H
#define WF_CODEC_URL_H

#include "base/alloc.h"
#include "weft/status.h"

#include <stdbool.h>

enum { WF_URL_BYTES_MAX = 65536 }; /* A longer input is refused. */

enum wf_url_scheme { WF_URL_WS, WF_URL_WSS, WF_URL_HTTP, WF_URL_HTTPS, WF_URL_WS_UNIX };

/* All texts are parts of one block of memory that the struct owns. */
struct wf_url {
    enum wf_url_scheme scheme_id;
    bool has_port; /* Not the scheme's default. */
    bool has_query;
    bool has_fragment;
    uint16_t port; /* 0 unless has_port. See wf_url_port(). */

    struct weft_text href;     /* The whole, serialised, without fragment; a zero follows. */
    struct weft_text scheme;   /* "wss", without colon. */
    struct weft_text username; /* Percent-encoded, may be empty; password too. */
    struct weft_text password;
    struct weft_text host;      /* "example.com", "127.0.0.1", "[::1]"; "localhost" for ws+unix. */
    struct weft_text authority; /* Host and, if has_port, port: the value of the Host header. */
    struct weft_text path;      /* "/a/b". */
    struct weft_text query;     /* Without '?'. */
    struct weft_text target;    /* Path and query: the request target. */
    struct weft_text unix_path; /* ws+unix only: decoded, a zero follows; '@' first: abstract. */
    char *memory;
};

/* Parses a URL; a fragment is noted and dropped.
 *
 * base        NULL: a relative URL is an error.
 * reason_out  set on WEFT_ERR_SYNTAX to a static line; may be NULL.
 *
 * Errors: WEFT_ERR_SYNTAX, WEFT_ERR_MEMORY; then *url_out needs no wf_url_drop(). */
WEFT_MUST_USE weft_status wf_url_parse(const struct weft_allocator *allocator,
                                       struct weft_text input, const struct wf_url *base,
                                       struct wf_url *url_out, const char **reason_out);

/* Parses the URL of new WebSocket(url): http becomes ws and https wss, any other scheme and any
 * fragment is WEFT_ERR_SYNTAX (WHATWG WebSockets 3.1, steps 3 to 9, in their order).
 *
 * base  the text of the base URL; empty: none. */
WEFT_MUST_USE weft_status wf_url_parse_websocket(const struct weft_allocator *allocator,
                                                 struct weft_text input, struct weft_text base,
                                                 struct wf_url *url_out, const char **reason_out);

/* Frees the memory. A zero-filled URL is allowed. */
void wf_url_drop(const struct weft_allocator *allocator, struct wf_url *url);

static inline bool wf_url_is_secure(const struct wf_url *url)
{
    return url->scheme_id == WF_URL_WSS || url->scheme_id == WF_URL_HTTPS;
}

/* The port to connect to. 0 for ws+unix. */
static inline uint16_t wf_url_port(const struct wf_url *url)
{
    if (url->has_port || url->scheme_id == WF_URL_WS_UNIX)
        return url->port;
    return wf_url_is_secure(url) ? 443 : 80;
}

/* The host to look up: an IPv6 address without its brackets. */
static inline struct weft_text wf_url_dial_host(const struct wf_url *url)
{
    struct weft_text host = url->host;
    if (host.count >= 2 && host.data[0] == '[')
        host = (struct weft_text){ host.data + 1, host.count - 2 };
    return host;
}

/* The bad ports of the Fetch Standard (2.9 "Port blocking"). */
bool wf_url_port_is_blocked(uint16_t port);

#endif

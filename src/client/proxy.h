/* A proxy: what its URL says, and what its conversations have in common. */
#ifndef WF_CLIENT_PROXY_H
#define WF_CLIENT_PROXY_H

#include "base/alloc.h"
#include "weft/status.h"

#include <stdbool.h>

enum wf_proxy_kind {
    WF_PROXY_NONE,
    WF_PROXY_HTTP,    /* CONNECT, RFC 9110 9.3.6. */
    WF_PROXY_SOCKS5,  /* RFC 1928 with an address. */
    WF_PROXY_SOCKS5H, /* With a name, which the proxy looks up. */
};

/* Zero-filled: none. The texts lie in memory of its own. */
struct wf_proxy {
    enum wf_proxy_kind kind;
    uint16_t port;
    struct weft_text host;     /* Without brackets. */
    struct weft_text username; /* SOCKS5: decoded. */
    struct weft_text password;
    struct weft_text authorization; /* HTTP: the value of Proxy-Authorization; empty: none. */
    char *memory;
    char *authorization_memory;
};

/* "http://user:pw@host:3128", "socks5://...", "socks5h://...", or "host:3128", which is HTTP. The
 * port is 1080 when none is given, as it is for curl. Empty: no proxy.
 *
 * reason_out  set to a static line on WEFT_ERR_SYNTAX and WEFT_ERR_UNSUPPORTED (a proxy behind TLS,
 *             SOCKS4).
 *
 * Also WEFT_ERR_MEMORY. Then *proxy_out needs no wf_proxy_drop(). */
WEFT_MUST_USE weft_status wf_proxy_parse(const struct weft_allocator *allocator,
                                         struct weft_text text, struct wf_proxy *proxy_out,
                                         const char **reason_out);

/* A zero-filled one is allowed, and zero-filled it is then. */
void wf_proxy_drop(const struct weft_allocator *allocator, struct wf_proxy *proxy);

/* ---- conversations, without a socket and a clock ---- */

enum wf_proxy_step { WF_PROXY_STEP_MORE, WF_PROXY_STEP_DONE, WF_PROXY_STEP_FAILED };

/* Why one FAILED. */
struct wf_proxy_refusal {
    weft_status status; /* WEFT_ERR_REFUSED: it will not; WEFT_ERR_SYSTEM: it could not;
                           WEFT_ERR_PROTOCOL: no such proxy; WEFT_ERR_LIMIT;
                           WEFT_ERR_UNSUPPORTED: it cannot be asked. */
    int http_status;    /* 0: none came. */
    int system_error;   /* The errno that means the same; 0: none does. */
    char text[96];      /* What it said: "407 Proxy Authentication Required". */
};

#endif

/* Whom a request is from, by the word of proxies that are trusted. Pure. */
#ifndef WF_SERVER_PROXIED_H
#define WF_SERVER_PROXIED_H

#include "io/address.h"
#include "server/peers.h"
#include "weft/server.h"

struct wf_proxied {
    bool is_by_proxy; /* The peer is trusted; else nothing of the rest is filled. */
    char client[WF_ADDRESS_TEXT_MAX];
    const char *scheme;    /* "http" or "https"; NULL: not told. */
    struct weft_text host; /* Lent of the fields; data NULL: not told. */
};

/* From the peer on to the left, past every proxy that is trusted: the first address that is not is
 * the client's. All are: the last one. One that is hidden is the client as it is called; behind
 * what cannot be read there is nobody to believe, and it is "unknown". Scheme and host are those
 * that the trusted proxy farthest from here has seen. */
void wf_proxied_find(const struct wf_peers *trusted, enum weft_proxy_fields fields,
                     const char *peer, struct weft_headers headers, struct wf_proxied *out);

#endif

/* Lists of peers that are believed. Pure but for its memory. */
#ifndef WF_SERVER_PEERS_H
#define WF_SERVER_PEERS_H

#include "codec/ip.h"
#include "weft/alloc.h"
#include "weft/status.h"

struct wf_peers {
    bool has_unix;
    size_t net_count;
    struct wf_ip_net nets[];
};

/* Of "192.0.2.1", "10.0.0.0/8", "2001:db8::/32" and "unix". No texts: *peers_out is NULL, in which
 * nobody is. WEFT_ERR_SYNTAX, WEFT_ERR_MEMORY, WEFT_ERR_ARGUMENT (a count without texts). */
WEFT_MUST_USE weft_status wf_peers_create(const struct weft_allocator *allocator,
                                          const char *const *texts, size_t count,
                                          struct wf_peers **peers_out);

/* peers NULL is allowed. peer: as weft_socket_peer() says it, with or without a port. */
bool wf_peers_have(const struct wf_peers *peers, const char *peer);
bool wf_peers_have_ip(const struct wf_peers *peers, const struct wf_ip *ip);

#endif

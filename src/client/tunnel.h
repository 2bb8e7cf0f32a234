/* The conversation with a proxy on a stream that stands: a preface. */
#ifndef WF_CLIENT_TUNNEL_H
#define WF_CLIENT_TUNNEL_H

#include "client/proxy.h"
#include "client/proxy_http.h"
#include "client/proxy_socks5.h"
#include "socket/socket.h"

/* Zero-filled but for what its owner sets. Lives until the connection is open or at its end. */
struct wf_tunnel {
    const struct wf_proxy *proxy; /* NULL: there is none. */
    struct weft_text host;        /* Where to, without brackets. */
    uint16_t port;
    struct wf_address address;      /* Of that host, when it is looked up here; bytes 0: not. */
    struct weft_text authorization; /* For a proxy whose URL has none. */

    struct wf_preface preface;
    struct wf_proxy_http http;
    struct wf_socks5 socks;
};

/* Sets its preface up. */
void wf_tunnel_init(struct wf_tunnel *tunnel);

/* Says the first word, once the socket has taken the preface. */
void wf_tunnel_begin(struct wf_tunnel *tunnel, weft_socket *socket);

#endif

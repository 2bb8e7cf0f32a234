/* The client's opening: new WebSocket(url, protocols). */
#ifndef WEFT_CLIENT_H
#define WEFT_CLIENT_H

#include "weft/loop.h"
#include "weft/socket.h"
#include "weft/tcp.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The user's cookies; weft keeps none. Both are called on the loop's thread, with the URL of the
 * request (ws: stands for http:, wss: for https:), and must not call functions of the socket.
 */
struct weft_cookie_jar {
    /* Writes the value of the Cookie header, "a=1; b=2", and returns its bytes; 0: none. More than
       `out_bytes` (8 KiB): the connection fails. Called inside weft_socket_connect(), and before
       each further request. */
    size_t (*get_cookies)(const char *url, char *out, size_t out_bytes, void *user);
    /* One Set-Cookie header of an answer, 101 or not. */
    void (*set_cookie)(const char *url, struct weft_text value, void *user);
    void *user;
};

/**
 * Whether and when a lost connection is followed by another, on the same socket: on_reconnect, then
 * on_open. Zero in a field means its default.
 *
 * Tried again is what could not be reached (no address, no answer, a timeout, a proxy that could
 * not connect), a handshake or a CONNECT refused with 408, 429 or 5xx, a connection that broke
 * (1006; also TLS that was cut off), and one that was closed with a code below.
 * Never: after close(), 1000, a broken rule or a passed limit.
 *
 * The delay before the n-th attempt in a row is a random part of first_delay_ms * 2^(n-1), at most
 * delay_max_ms ("full jitter"); at least first_delay_ms after 1013; at least what a refusal's
 * Retry-After asks for. A socket that was open for first_delay_ms counts attempts anew.
 */
struct weft_reconnect {
    uint32_t attempts_max;       /* 0: off. So many in a row; UINT32_MAX: without end. */
    uint32_t first_delay_ms;     /* 0: 1 000. */
    uint32_t delay_max_ms;       /* 0: 30 000. */
    uint32_t retry_after_max_ms; /* 0: 300 000. A longer Retry-After is shortened to this. */
    const uint16_t *close_codes; /* NULL: 1001, 1006, 1011, 1012, 1013, 1014. */
    size_t close_code_count;
};

/** Zero in a field means its default. Everything is copied; nothing must outlive the call. */
struct weft_connect_options {
    const char *const *protocols; /* Subprotocols, best first. */
    size_t protocol_count;
    const char *base_url; /* For a relative URL; NULL: a relative URL is a syntax error. */
    const char *origin;   /* NULL: no Origin header. */
    const struct weft_header *headers; /* Further headers of the request. */
    size_t header_count;
    uint32_t connect_timeout_ms; /* 0: 15 000 for name and TCP together. */
    /* RFC 8305: of several addresses each next one is tried after so long, and at once when the one
       before has failed; the first connection is taken. 0: 250; at least 10. */
    uint32_t attempt_delay_ms;
    /* "http://user:password@host:3128" (CONNECT, for ws: too, RFC 6455 4.1), "socks5h://..." (the
       proxy looks the name up) or "socks5://..." (it is looked up here, and the proxy gets the
       first address). Without a scheme it is HTTP, without a port 1080. NULL or empty: none. What
       it answers counts into handshake_timeout_ms; its refusal is a WEFT_FAILURE_PROXY. A header
       Proxy-Authorization below goes to the HTTP proxy, if this has no user, and never to a server
       when this or the next field is set. Unix-domain sockets have no proxy. */
    const char *proxy;
    /* Without `proxy`: http_proxy for ws:, https_proxy or HTTPS_PROXY for wss:, else all_proxy or
       ALL_PROXY, but not for the hosts in no_proxy or NO_PROXY. They are read with getenv() in
       weft_socket_connect(). One that is wrong is a WEFT_FAILURE_PROXY. */
    bool proxy_from_environment;
    struct weft_tcp_options tcp;
    /* A numeric address of this machine ("192.0.2.1", "2001:db8::1", "fe80::1%eth0") from which to
       connect, to addresses of its family alone. NULL: the kernel's choice. */
    const char *source_address;
    /* SO_BINDTODEVICE: a network interface ("wg0") through which alone to connect. The kernel may
       want CAP_NET_RAW: EPERM is then the failure's `system_error`. NULL: any. */
    const char *bind_device;
    /* A connected stream socket to speak on, in place of a connection of weft's own. The URL is
       what the server is asked for. weft owns the descriptor when weft_socket_connect() has
       answered WEFT_OK. Not together with redirects, reconnect, proxy, source_address and
       bind_device: WEFT_ERR_ARGUMENT; proxy_from_environment says nothing then. */
    bool has_descriptor;
    int descriptor;
    bool bad_ports_allowed; /* false: the bad ports of the Fetch standard are blocked. */
    /* 0: a redirect refuses the handshake, as in browsers. Else so many of 301, 302, 303, 307 and
       308 are followed, never from wss: to ws:, nor into a Unix-domain socket. Each has its own
       connect_timeout_ms. weft_socket_url() stays the URL given. */
    uint32_t redirects_max;
    /* Authorization: Basic. NULL: the credentials in the URL, if it has any. These, a bearer token,
       and the headers Authorization, Cookie and Proxy-Authorization go to no other scheme, host or
       port than the URL's, whatever redirects say. */
    const char *username;     /* Without ':'. */
    const char *password;     /* NULL: empty. */
    const char *bearer_token; /* Authorization: Bearer. */
    /* For wss:, whom to trust and what to show; retained. NULL: the system's trust store, made when
       it is first needed and kept by the process. Redirects keep it. */
    weft_tls *tls;
    struct weft_cookie_jar cookies;
    struct weft_reconnect reconnect; /* All zero: a lost connection stays lost. */
    struct weft_socket_settings settings;
    struct weft_socket_events events;
    void *user; /* Given to every callback. Never touched by weft. */
};

/**
 * new WebSocket(url, protocols): answers at once what is wrong with the URL or the protocols;
 * everything later comes as an event.
 *
 * url      ws:, wss:, http: (becomes ws:), https: (becomes wss:), or ws+unix:PATH:TARGET (a
 * Unix-domain socket: "ws+unix:/run/a.sock:/chat"). wss: answers WEFT_ERR_UNSUPPORTED in a build
 * without TLS, and WEFT_ERR_ARGUMENT when the system's trust store cannot be read.
 * options  NULL: all defaults.
 * socket_out  NULL: not wanted. Else the socket, with a reference that the caller gives back with
 *          weft_socket_release(); the library holds its own until on_close has returned.
 *
 * Errors: WEFT_ERR_SYNTAX (URL, fragment, scheme, protocol; "new WebSocket" steps 3 to 9, or a
 * header, credentials or cookies that cannot stand in one; the proxy's URL, source_address,
 * bind_device), WEFT_ERR_UNSUPPORTED (a proxy of another kind), WEFT_ERR_ARGUMENT (two of username,
 * bearer_token and a header Authorization; what a descriptor cannot have), WEFT_ERR_SYSTEM (errno:
 * the descriptor is none), WEFT_ERR_LIMIT (get_cookies wanted more room), WEFT_ERR_CLOSED (the loop
 * is being destroyed), WEFT_ERR_MEMORY. The loop's own thread.
 */
WEFT_API WEFT_MUST_USE weft_status weft_socket_connect(weft_loop *loop, const char *url,
                                                       const struct weft_connect_options *options,
                                                       weft_socket **socket_out);

#ifdef __cplusplus
}
#endif
#endif

/* The server's opening: listeners, routes, admission, and HTTP beside it. */
#ifndef WEFT_SERVER_H
#define WEFT_SERVER_H

#include "weft/loop.h"
#include "weft/socket.h"
#include "weft/tcp.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_server weft_server;
typedef struct weft_request weft_request;

/** The fields in which proxies say whom a request is from. */
enum weft_proxy_fields {
    WEFT_PROXY_X_FORWARDED = 0, /* X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host. */
    WEFT_PROXY_FORWARDED,       /* Forwarded, RFC 7239. */
};

/** Zero in a field means its default. */
struct weft_server_options {
    uint32_t connections_max;       /* 0: 1 000 000. One more is answered 503 and closed; of a
                                       flood, which is just closed, 64 at a time are told, and
                                       16 over TLS. */
    uint32_t request_timeout_ms;    /* 0: 10 000 for the head of a request. Later: 408. */
    uint32_t keep_alive_timeout_ms; /* 0: 15 000 of waiting for another request. */
    uint32_t head_bytes_max;        /* 0: 16 KiB. More: 431. */
    uint32_t head_count_max;        /* 0: 100 header fields. More: 431. */
    const char *name;               /* The Server header; NULL: none. */
    /* Proxies whose word counts: "192.0.2.1", "10.0.0.0/8", "2001:db8::/32", "unix" (peers of
       Unix-domain listeners). See weft_request_client(). */
    const char *const *trusted_proxies;
    size_t trusted_proxy_count;            /* 0: no such field is looked at. */
    enum weft_proxy_fields trusted_fields; /* What they write: only these are looked at, and the
                                              proxies must set them anew, or append to them. */
    void *user;
};

/** A route of WebSockets. Everything is copied; `user` and what it points to are the user's. */
struct weft_route {
    /* Sees the request and answers with weft_request_accept(), _respond() or _redirect(), or keeps
       it with weft_request_defer(). When it does none of these, or is NULL, the request is
       accepted; when its answer failed and no other followed, it is refused with 500. */
    void (*on_upgrade)(weft_request *request, void *user);
    const char *const *protocols; /* Subprotocols that the server speaks, best first. */
    size_t protocol_count;
    bool protocol_required;     /* true: a request that offers none of them is refused (400). */
    const char *const *origins; /* Allowed origins ("https://example.com"), "*": any. */
    size_t origin_count;        /* 0: the origin's host and port must be those of Host. */
    bool origin_required;       /* false: a request without Origin (no browser) is admitted. */
    struct weft_socket_settings settings;
    struct weft_socket_events events;
    void *user; /* Given to on_upgrade and, unless accept says otherwise, events. */
};

/** An answer to a request. Zero in a field means none. Everything is copied. */
struct weft_response {
    int status;               /* 0: 200. */
    const char *content_type; /* NULL: "text/plain; charset=utf-8" when there is a body. */
    const struct weft_header *headers;
    size_t header_count;
    const void *body;
    size_t body_bytes;
};

/** How a WebSocket request is accepted. Zero in a field means its default. */
struct weft_acceptance {
    const char *protocol;              /* NULL: the first of the route's that was offered. */
    const struct weft_header *headers; /* Further headers, Set-Cookie among them. */
    size_t header_count;
    void *user;               /* NULL: the route's. */
    weft_socket **socket_out; /* NULL: not wanted. A reference of its own, CONNECTING still. */
};

/** A file that is part of the program. The bytes must live as long as the server. */
struct weft_embedded_file {
    const char *path; /* Below the pattern, without a leading slash: "style.css". */
    const void *data;
    size_t bytes;
};

/**
 * What static files are served from: a folder, or files in memory.
 *
 * Of a folder only regular files are served; symbolic links are not followed, and names that begin
 * with a dot are not found, but for ".well-known". The folder is looked up anew for each request,
 * so that it may be replaced.
 */
struct weft_files {
    const char *folder; /* A folder on disk; nothing outside it is ever served. */
    const struct weft_embedded_file *embedded; /* Or files in memory. */
    size_t embedded_count;
    const char *index;         /* NULL: "index.html", for paths that end with a slash. */
    const char *cache_control; /* NULL: "no-cache". */
    /* Sent with every file, at most 64; they go before weft's own of the same name, such as
       "X-Content-Type-Options: nosniff". */
    const struct weft_header *headers;
    size_t header_count;
};

/**
 * Makes a server on a loop. options NULL: all defaults. Errors: WEFT_ERR_MEMORY, WEFT_ERR_SYNTAX
 * (the name, a trusted proxy), WEFT_ERR_ARGUMENT. The caller owns *server_out:
 * weft_server_destroy(). All of the server's functions are for the loop's own thread.
 */
WEFT_API WEFT_MUST_USE weft_status weft_server_create(weft_loop *loop,
                                                      const struct weft_server_options *options,
                                                      weft_server **server_out);

/**
 * Drops all connections and listeners and frees the server. NULL is allowed. From
 * weft_server_drain()'s on_done or outside of callbacks, not from another callback of it. The
 * on_close of its sockets (1006) comes at the end of the turn.
 */
WEFT_API void weft_server_destroy(weft_server *server);

/** The loop that the server was made on. */
WEFT_API weft_loop *weft_server_loop(const weft_server *server);

/** The user pointer of the options. */
WEFT_API void *weft_server_user(const weft_server *server);

/**
 * Listens at one more address: "127.0.0.1:8080", "[::1]:0" (port 0: any), "localhost:80" (all its
 * addresses), ":8080" or "*:8080" (all interfaces, v6 and v4), "unix:/run/weft.sock" ("unix:@name":
 * in Linux's abstract namespace).
 *
 * Or at sockets that listen already: "fd:3", a descriptor, which is the server's from then on if it
 * succeeds; "systemd" and "systemd:NAME", all, or those of that name, that systemd has opened for
 * this process and that nobody has taken yet (sd_listen_fds(3); the first use takes the variables
 * LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES out of the environment).
 *
 * address_out  NULL, or gets the address in use as text, with the port that was chosen.
 * Errors: WEFT_ERR_SYNTAX (no port, or one over 65535; an IPv6 address without brackets),
 * WEFT_ERR_RESOLVE, WEFT_ERR_SYSTEM (errno; EINVAL: the descriptor does not listen),
 * WEFT_ERR_MEMORY, WEFT_ERR_NOT_FOUND (systemd has opened none), WEFT_ERR_STATE (it drains).
 */
WEFT_API WEFT_MUST_USE weft_status weft_server_listen(weft_server *server, const char *address,
                                                      char *address_out, size_t address_out_bytes);

/** How a listener treats its connections. Zero in a field means its default. */
struct weft_listen_options {
    weft_tls *tls; /* NULL: plain. Else every connection speaks TLS; retained. Plain HTTP is
                      answered 400. */
    /* Proxies whose every connection begins with a PROXY header, version 1 or 2, before TLS:
       addresses, nets and "unix", as trusted_proxies. One of them without a header (or with a wrong
       one) is closed and counted; of anybody else it is not taken, and a bad request. */
    const char *const *proxy_protocol_from;
    size_t proxy_protocol_from_count; /* 0: nobody's. */
    /* Of the file of "unix:PATH", set before anybody can connect. */
    uint32_t unix_mode;          /* As 0660; 0: what the umask leaves. */
    const char *unix_user;       /* Its owner and group, a name or a number; */
    const char *unix_group;      /* NULL: the process's. */
    struct weft_tcp_options tcp; /* Of every connection that is accepted. */
};

/**
 * As weft_server_listen(), with options; NULL: all defaults. What TLS agrees on is in
 * weft_request_tls() and weft_socket_tls(). The server's origin check and weft_tls_reload() need
 * nothing more. Errors: as weft_server_listen(); WEFT_ERR_ARGUMENT: a mode over 0777, a mode or an
 * owner of what is no path, what TCP cannot be asked for; WEFT_ERR_NOT_FOUND: no such user or
 * group; WEFT_ERR_SYNTAX: a proxy that is no address.
 */
WEFT_API WEFT_MUST_USE weft_status weft_server_listen_with(
    weft_server *server, const char *address, const struct weft_listen_options *options,
    char *address_out, size_t address_out_bytes);

/**
 * Adds a route of WebSockets.
 *
 * pattern  "/chat", with parameters "/chat/:room", with a trailing wildcard "/files/" and "*".
 * Segments match after percent-decoding, so a pattern is written decoded, and an encoded slash does
 * not part them; from the left, a literal goes before a parameter, that before a wildcard. A
 *          parameter is never empty, a wildcard may be.
 *
 * A plain GET at a path that has a route alone is answered 426; a WebSocket request at a path that
 * has none, 404. A wrong handshake is refused with 400, 405 or 426, a foreign origin with 403,
 * before on_upgrade sees it.
 *
 * Errors: WEFT_ERR_SYNTAX (pattern), WEFT_ERR_EXISTS, WEFT_ERR_MEMORY, WEFT_ERR_ARGUMENT (a
 * protocol that is no token or stands twice, an origin that is none, a required protocol without a
 * list).
 */
WEFT_API WEFT_MUST_USE weft_status weft_server_route(weft_server *server, const char *pattern,
                                                     const struct weft_route *route);

/**
 * Adds a handler of GET and HEAD requests. It answers with weft_request_respond() or _redirect(),
 * or keeps the request with weft_request_defer(); when it does none of these: 500. For HEAD it
 * answers as for GET; the body is left out. Other methods are answered 405. A pattern may have a
 * route and a handler. Errors: as weft_server_route().
 */
WEFT_API WEFT_MUST_USE weft_status weft_server_handle(weft_server *server, const char *pattern,
                                                      void (*on_request)(weft_request *request,
                                                                         void *user),
                                                      void *user);

/**
 * Serves static files for GET and HEAD: content type, ETag, Last-Modified, conditional requests and
 * requests for one range; a large file is sent as its reader takes it. Files are read on the loop's
 * thread.
 *
 * pattern  ends with the wildcard: "/static/" and "*". Its folder's path without the slash is
 * redirected to the one with it, as is every folder below. Errors: WEFT_ERR_SYNTAX (pattern or
 * header), WEFT_ERR_EXISTS, WEFT_ERR_MEMORY, WEFT_ERR_SYSTEM (the folder; errno), WEFT_ERR_ARGUMENT
 * (both or neither of folder and files, a path that stands twice).
 */
WEFT_API WEFT_MUST_USE weft_status weft_server_files(weft_server *server, const char *pattern,
                                                     const struct weft_files *files);

/** Stops accepting: closes the listeners. Connections go on. */
WEFT_API void weft_server_stop_listening(weft_server *server);

/**
 * Stops accepting, answers what waits, closes every WebSocket with `code` and `reason`, and calls
 * on_done(user) when the last connection is gone; after timeout_ms (0: 5 000) the rest is dropped.
 * WEFT_ERR_ACCESS, WEFT_ERR_SYNTAX as weft_socket_close(). WEFT_ERR_STATE: it drains already.
 */
WEFT_API WEFT_MUST_USE weft_status weft_server_drain(weft_server *server, uint16_t code,
                                                     const char *reason, uint32_t timeout_ms,
                                                     void (*on_done)(void *user), void *user);

/** Figures of a server since its start. */
struct weft_server_counts {
    uint64_t connections; /* Alive, HTTP and WebSocket. */
    uint64_t websockets;  /* Of these, open WebSockets. */
    uint64_t accepted_total;
    uint64_t rejected_total;              /* Over connections_max. */
    uint64_t proxy_headers_refused_total; /* Wrong, or missing where one was due. */
    uint64_t requests_total;
    uint64_t upgrades_total;
    uint64_t upgrades_refused_total;
};

/** Writes the figures of this moment. */
WEFT_API void weft_server_get_counts(const weft_server *server,
                                     struct weft_server_counts *counts_out);

/* ---- The request, as on_upgrade and on_request see it. Texts are valid until it is answered. ----
 */

/** The method, "GET" or "HEAD". */
WEFT_API struct weft_text weft_request_method(const weft_request *request);
/** The path, percent-decoded ("/chat/a b"): UTF-8 without a NUL; what is not is answered 400
 * before. */
WEFT_API struct weft_text weft_request_path(const weft_request *request);
/** The query without "?", as it came. */
WEFT_API struct weft_text weft_request_query(const weft_request *request);
/**
 * A parameter of the pattern by name ("room"), decoded, and therefore with slashes where they were
 * encoded;
 * "*": what the wildcard matched. data NULL: none.
 */
WEFT_API struct weft_text weft_request_param(const weft_request *request, const char *name);
/** All header fields in the order in which they came. */
WEFT_API struct weft_headers weft_request_headers(const weft_request *request);
/** The first header field of that name. data NULL: none. */
WEFT_API struct weft_text weft_request_header(const weft_request *request, const char *name);
/** The value of the first cookie of a name, without quotes around it (RFC 6265 4.2). data NULL:
 * none. */
WEFT_API struct weft_text weft_request_cookie(const weft_request *request, const char *name);
/** The Origin header. data NULL: none. */
WEFT_API struct weft_text weft_request_origin(const weft_request *request);
/** The subprotocols that the client offers. Returns how many; *protocols_out is lent. */
WEFT_API size_t weft_request_protocols(const weft_request *request,
                                       const struct weft_text **protocols_out);
/** It asks for a WebSocket. */
WEFT_API bool weft_request_is_upgrade(const weft_request *request);
/**
 * The other end of the connection, "192.0.2.1:4711": a proxy's, if it came by one, unless that has
 * said in a PROXY header whose connection it passes on (see struct weft_listen_options). "" when
 * the client has gone.
 */
WEFT_API const char *weft_request_peer(const weft_request *request);
/**
 * Whom the request is from: the peer; or, when that is one of the server's trusted_proxies, the
 * last address in X-Forwarded-For or Forwarded that is not one of them, with its port if that was
 * told ("192.0.2.1", "[2001:db8::1]:4711"). A client that is hidden is what it is called ("_abc",
 * "unknown"), one that cannot be read is "unknown". Without such a field it is the peer, the proxy.
 * weft_socket_peer() of the accepted WebSocket says the same. RFC 7239.
 */
WEFT_API const char *weft_request_client(const weft_request *request);
/**
 * By what the client has asked, "https" or "http": as a trusted proxy says, else as the connection
 * is. Static. The default origin check lets in pages of that scheme alone, unless it is not known:
 * on plain connections of which no trusted proxy has told.
 */
WEFT_API const char *weft_request_scheme(const weft_request *request);
/** The host that the client has asked for, with its port: as a trusted proxy says, else Host. data
 * NULL: none. */
WEFT_API struct weft_text weft_request_host(const weft_request *request);
/**
 * What TLS has agreed on, with the client's identity when it showed a certificate. NULL: the
 * connection is plain, or the client has gone.
 */
WEFT_API const struct weft_tls_info *weft_request_tls(const weft_request *request);
/** The server that the request came to. */
/** NULL when the server was destroyed meanwhile. */
WEFT_API weft_server *weft_request_server(const weft_request *request);

/**
 * Keeps a request for an answer later: it stays valid until it is answered, which must happen
 * exactly once. The client may go meanwhile: weft_request_is_gone(), and the answer is then
 * WEFT_ERR_CLOSED.
 */
WEFT_API void weft_request_defer(weft_request *request);

/** The client has gone, or the server was destroyed; the request still has to be answered. */
WEFT_API bool weft_request_is_gone(const weft_request *request);

/**
 * Accepts a WebSocket request. acceptance NULL: all defaults. The request is gone when this returns
 * WEFT_OK or WEFT_ERR_CLOSED; with another error it still waits.
 * Errors: WEFT_ERR_STATE (answered, or not an upgrade), WEFT_ERR_SYNTAX (a header, or a protocol
 * that was not offered), WEFT_ERR_CLOSED (the client has gone), WEFT_ERR_MEMORY.
 */
WEFT_API WEFT_MUST_USE weft_status weft_request_accept(weft_request *request,
                                                       const struct weft_acceptance *acceptance);

/** Answers, or refuses a WebSocket. Errors as weft_request_accept(); WEFT_ERR_ARGUMENT: the status.
 */
WEFT_API WEFT_MUST_USE weft_status weft_request_respond(weft_request *request,
                                                        const struct weft_response *response);

/** Answers with a redirect: status 301, 302, 303, 307 or 308, else WEFT_ERR_ARGUMENT. */
WEFT_API WEFT_MUST_USE weft_status weft_request_redirect(weft_request *request, int status,
                                                         const char *location);

#ifdef __cplusplus
}
#endif
#endif

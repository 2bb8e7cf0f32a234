/* What the files of this room share: the server, a visit of a request, and the answers. */
#ifndef WF_SERVER_SERVER_H
#define WF_SERVER_SERVER_H

#include "base/list.h"
#include "codec/http_date.h"
#include "io/listener.h"
#include "io/loop.h"
#include "io/timer.h"
#include "server/peers.h"
#include "server/proxied.h"
#include "server/route.h"
#include "socket/socket.h"
#include "weft/server.h"

/* A listener that belongs to a server. */
struct wf_server_listener {
    struct wf_server_listener *next;
    weft_server *server;
    struct wf_listener *listener;
    weft_tls *tls;               /* NULL: plain. */
    struct wf_peers *announcers; /* Who sends PROXY headers; NULL: nobody. */
    struct weft_tcp_options tcp;
    bool has_tcp; /* Other than the defaults. */
};

struct wf_drain {
    bool is_draining;
    bool is_over; /* The last connection is gone, or the time is. */
    uint16_t code;
    char reason[124];
    struct wf_timer timer; /* The time that is left; then "soon", for on_done. */
    void (*on_done)(void *user);
    void *user;
};

struct weft_server {
    weft_loop *loop;
    const struct weft_allocator *allocator;
    struct weft_server_options options; /* Resolved; `name` is a copy. */
    struct wf_peers *trusted_proxies;   /* NULL: none. */
    struct wf_socket_shape *shape;      /* Of connections that are no WebSocket yet. */
    struct wf_server_listener *listeners;
    struct wf_route_table routes;
    struct wf_link *requests;   /* All that are not answered yet. */
    struct wf_link *rejections; /* Connections over the limit, with their 503. */
    uint32_t rejection_count;
    uint32_t sealed_rejection_count;         /* Over TLS. */
    struct wf_socket_shape *rejecting_shape; /* Of these. NULL: none were needed. */
    struct weft_server_counts counts;
    struct wf_drain drain;
    int64_t date_seconds; /* What `date` says. */
    char date[WF_HTTP_DATE_BYTES];
};

/* What hangs on a socket as its owner data. */
enum wf_owned_kind { WF_OWNED_REQUEST, WF_OWNED_BODY };
struct wf_owned {
    enum wf_owned_kind kind;
};

/* One request on its way to its answer; lies on the stack. */
struct wf_visit {
    weft_server *server;
    weft_socket *socket;
    const struct weft_engine_request_view *view;
    struct weft_text raw_path; /* Before the question mark, as it came. */
    struct weft_text query;
    struct wf_route_path path;
    const struct wf_route_entry *entry;
    struct wf_proxied proxied;
    bool is_head;
};

/* By what the client has asked: "https", "http", or NULL: not known. */
const char *wf_visit_scheme(const struct wf_visit *visit); /* admission.c */
/* Whom it has asked; data NULL: nobody. */
struct weft_text wf_visit_host(const struct wf_visit *visit);

/* ---- shape.c ---- */
/* A shape of the server's: freed with its last socket, after the server if need be. */
struct wf_socket_shape *wf_server_create_shape(weft_server *server,
                                               const struct weft_socket_settings *settings,
                                               const struct weft_socket_events *events);
/* Ends the server's own hold. Sockets that are left belong to no server any more. */
void wf_server_drop_shape(struct wf_socket_shape *shape);

/* ---- listen.c ---- */
void wf_server_close_listeners(weft_server *server);

/* ---- announced.c ---- */
/* What an accepted connection begins with: NULL, or the PROXY header of one of these. */
struct wf_preface *wf_announced_preface(const struct wf_peers *announcers, int fd);

/* ---- rejection.c ---- */
/* Answers 503 to a connection over the limit, and ends it. Owns the descriptor. */
void wf_rejection_open(weft_server *server, int fd, const struct wf_socket_beginning *beginning);
/* The plain ones; those over TLS are sockets of the server's. */
void wf_rejection_close_all(weft_server *server);

/* ---- admission.c ---- */
extern const struct wf_socket_owner wf_server_owner;
/* Frees what hangs on a socket. */
void wf_server_forget_owned(weft_socket *socket);

/* ---- answer.c ---- */
struct wf_answer {
    int status;
    const char *content_type; /* NULL: none. */
    const struct weft_header *headers;
    size_t header_count;
    struct weft_bytes body;
    bool head_only;    /* No body is sent, though the fields are those of one. */
    bool body_follows; /* Of body_bytes. */
    uint64_t body_bytes;
    bool close;
};
/* Adds Date and Server. Errors as weft_engine_respond(). */
WEFT_MUST_USE weft_status wf_answer_send(weft_server *server, weft_socket *socket,
                                         const struct wf_answer *answer);
/* A status and one line that says why. A connection that cannot even be told that is dropped. */
void wf_answer_text(const struct wf_visit *visit, int status, const char *text,
                    const struct weft_header *headers, size_t header_count);
/* 405 with Allow: GET, or GET and HEAD. */
void wf_answer_not_allowed(const struct wf_visit *visit, const char *text, bool head_too);
/* 426 with what to upgrade to (RFC 9110 15.5.22, RFC 6455 4.4). */
void wf_answer_upgrade_required(const struct wf_visit *visit, const char *text);
/* Drops a connection for which there is no memory. */
void wf_answer_give_up(weft_socket *socket);

/* ---- drain.c ---- */
/* A connection has gone: was it the last one? */
void wf_drain_check(weft_server *server);
/* A WebSocket has opened while the server drains. */
void wf_drain_close_socket(weft_server *server, weft_socket *socket);
void wf_drain_stop(weft_server *server);

#endif

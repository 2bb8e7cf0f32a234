/* What the user has ordered: kept for the requests that may follow the first. */
#ifndef WF_CLIENT_ORDER_H
#define WF_CLIENT_ORDER_H

#include "client/proxy.h"
#include "client/proxy_rules.h"
#include "client/reconnect.h"
#include "codec/url.h"
#include "io/loop.h"
#include "io/timer.h"
#include "socket/socket.h"

enum { WF_ORDER_COOKIE_BYTES_MAX = 8192 };

/* One block of memory with the URLs' beside it. */
struct wf_order {
    struct wf_url url;      /* The one given. */
    struct wf_url redirect; /* Where redirects have led; no memory: nowhere. */
    struct weft_text origin;
    struct weft_text authorization; /* The value; empty: none. */
    const struct weft_text *protocols;
    size_t protocol_count;
    const struct weft_header *headers;
    size_t header_count;
    weft_tls *tls; /* The user's, or the default one once it was needed. */
    struct weft_cookie_jar cookies;
    struct weft_reconnect reconnect; /* Resolved: no zero stands for a default. */
    uint32_t connect_timeout_ms;
    uint32_t attempt_delay_ms; /* Resolved. */
    struct wf_stream_origin from;
    struct weft_tcp_options tcp;
    struct wf_proxy_rules proxy_rules;
    int descriptor; /* The connection itself; -1: none. */
    bool bad_ports_allowed;
    uint32_t redirects_max;

    /* Where the next request goes: wf_order_aim(). */
    struct wf_proxy proxy;
    weft_status proxy_status; /* Not WEFT_OK: it cannot be used. */
    const char *proxy_name;   /* Who has named it. */
    const char *proxy_reason;

    /* How far it is. */
    uint32_t redirect_count;
    bool has_left_origin; /* A redirect led to another scheme, host or port, if only for a while. */
    bool was_open;
    uint64_t opened_ms;
    uint32_t attempt; /* In a row. */

    /* Before the next attempt. */
    weft_socket *socket;
    struct wf_timer timer;
    struct wf_loop_end end;
};

/* Copies the options; the URL is the order's when it succeeds. WEFT_ERR_ARGUMENT, WEFT_ERR_SYNTAX
 * (credentials), WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_order_create(const struct weft_allocator *allocator,
                                          const struct weft_connect_options *options,
                                          const struct wf_url *url, struct wf_order **order_out);
void wf_order_drop(const struct weft_allocator *allocator, struct wf_order *order);

/* Chooses the proxy that leads to where the next request goes; one that cannot be used is noted.
 * Before wf_order_write(). WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_order_aim(const struct weft_allocator *allocator,
                                       struct wf_order *order);

/* Where the next request goes. */
static inline const struct wf_url *wf_order_url(const struct wf_order *order)
{
    return order->redirect.memory ? &order->redirect : &order->url;
}

/* Before a connection: what a secure URL needs is there. Errors as weft_tls_client_create(). */
WEFT_MUST_USE weft_status wf_order_need_tls(struct wf_order *order);

/* How the next connection begins behind TCP; lent by the order. */
struct wf_socket_beginning wf_order_beginning(const struct wf_order *order);

/* The next request; its spans point into the order and into memory of its own. */
struct wf_order_request {
    struct weft_engine_request request;
    struct weft_header *headers;
    char *cookie;
};

/* Asks the jar. WEFT_ERR_LIMIT: its cookies are too long; WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_order_write(const struct weft_allocator *allocator,
                                         const struct wf_order *order,
                                         struct wf_order_request *request);
void wf_order_request_drop(const struct weft_allocator *allocator,
                           struct wf_order_request *request);

/* Gives the jar what an answer sets. */
void wf_order_take_cookies(const struct wf_order *order, struct weft_headers headers);

#endif

/* The dialling, and what follows when it ends, for the files of this room. */
#ifndef WF_CLIENT_CLIENT_H
#define WF_CLIENT_CLIENT_H

#include "client/order.h"
#include "io/address.h"
#include "io/resolve.h"

enum { WF_DIAL_ADDRESSES_MAX = 32 };

/* Lives as long as its socket: what all sockets of one opening share, for one socket. */
struct wf_client {
    struct wf_socket_shape shape;
    struct wf_dial *dial;   /* Until the connection stands. */
    struct wf_order *order; /* As long as a further request may follow. */
};

static inline struct wf_client *wf_client_of(const weft_socket *socket)
{
    return wf_socket_shape(socket)->opening;
}

/* From the name to a connected stream; freed once that stands or the socket is gone. */
struct wf_dial {
    weft_socket *socket;
    struct wf_resolve *resolve;
    struct wf_timer timer; /* The whole dialling, or the failure that was clear at once. */
    uint32_t timeout_ms;
    bool port_is_blocked;
    int last_error;
    size_t address_count;
    size_t address_next;
    struct wf_address addresses[WF_DIAL_ADDRESSES_MAX];
};

/* Where to: a name with a port, or a path of a Unix-domain socket. */
struct wf_dial_target {
    struct weft_text host; /* Without brackets. */
    uint16_t port;
    struct weft_text path; /* count > 0: instead of host and port. */
    bool port_is_blocked;
    uint32_t timeout_ms;
};

/* Starts to dial for a socket. The failures of the world come as events later. */
WEFT_MUST_USE weft_status wf_dial_start(weft_socket *socket, const struct wf_dial_target *target);

/* Ends a dialling that is no longer wanted. NULL is allowed. */
void wf_dial_end(weft_socket *socket);

/* Starts to dial where the order leads now. */
WEFT_MUST_USE weft_status wf_dial_order(weft_socket *socket, const struct wf_order *order);

/* ---- again.c ---- */

/* As owner->on_ending: follows a redirect, or a connection that was lost. */
bool wf_again_begin(weft_socket *socket, const struct weft_close_event *close);
/* Stops the waiting, if there is one. */
void wf_again_end(struct wf_order *order, weft_loop *loop);

#endif

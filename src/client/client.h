/* The dialling, and what follows when it ends, for the files of this room. */
#ifndef WF_CLIENT_CLIENT_H
#define WF_CLIENT_CLIENT_H

#include "client/order.h"
#include "client/race.h"
#include "client/tunnel.h"
#include "io/resolve.h"

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

/* From the name to a connected stream, and through a proxy; freed once the connection is open, or a
 * stream without a proxy stands, or the socket is gone. */
struct wf_dial {
    weft_socket *socket;
    const struct wf_order *order;
    struct wf_resolve *resolve;
    struct wf_timer timer; /* Name and TCP together, or the failure that was clear at once. */
    uint32_t timeout_ms;
    bool port_is_blocked;
    struct wf_tunnel tunnel;
    struct wf_race race;
};

/* Starts to dial where the order leads now. The failures of the world come as events later.
 * WEFT_ERR_MEMORY, WEFT_ERR_SYNTAX; WEFT_ERR_SYSTEM (errno): the order's descriptor is of no use,
 * and still the caller's. */
WEFT_MUST_USE weft_status wf_dial_start(weft_socket *socket, const struct wf_order *order);

/* Ends a dialling that is no longer wanted. NULL is allowed. */
void wf_dial_end(weft_socket *socket);

/* ---- again.c ---- */

/* As owner->on_ending: follows a redirect, or a connection that was lost. */
bool wf_again_begin(weft_socket *socket, const struct weft_close_event *close);
/* Stops the waiting, if there is one. */
void wf_again_end(struct wf_order *order, weft_loop *loop);

#endif

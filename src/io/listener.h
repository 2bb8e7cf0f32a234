/* A listening socket that accepts by itself. */
#ifndef WF_IO_LISTENER_H
#define WF_IO_LISTENER_H

#include "io/address.h"
#include "weft/loop.h"

struct wf_listener;

/* Opens a listener (SO_REUSEADDR; IPV6_V6ONLY off only when v6_and_v4; a stale Unix path that
 * nobody listens on is replaced, a live one is EADDRINUSE; a Unix path is removed at close).
 *
 * on_accepted  gets each connection as a non-blocking, close-on-exec descriptor that it owns from
 * then on. It may close the listener.
 *
 * When descriptors run out (EMFILE, ENFILE, ENOBUFS, ENOMEM) the listener does not spin: with a
 * descriptor held in reserve it accepts and drops one waiting connection, so that its client learns
 * of it, and rests for 100 ms. At most 64 connections are accepted per turn of the loop.
 *
 * Errors: WEFT_ERR_SYSTEM (errno), WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_listener_open(weft_loop *loop, const struct wf_address *address,
                                           bool v6_and_v4,
                                           void (*on_accepted)(struct wf_listener *listener, int fd,
                                                               void *user),
                                           void *user, struct wf_listener **listener_out);

/* The address in use, with the port that was chosen. */
void wf_listener_address(const struct wf_listener *listener, struct wf_address *address_out);

/* Closes and frees it. NULL is allowed; also from inside on_accepted. */
void wf_listener_close(struct wf_listener *listener);

#endif

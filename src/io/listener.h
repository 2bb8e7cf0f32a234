/* A listening socket that accepts by itself. */
#ifndef WF_IO_LISTENER_H
#define WF_IO_LISTENER_H

#include "io/address.h"
#include "weft/loop.h"

#include <sys/types.h>

struct wf_listener;

struct wf_listener_options {
    bool v6_and_v4; /* Else IPV6_V6ONLY. */
    /* Of a Unix-domain socket's file, set before anybody can connect. */
    mode_t mode; /* 0: what the umask leaves. */
    bool has_user, has_group;
    uid_t user;
    gid_t group;
};

/* Opens a listener (SO_REUSEADDR; a stale Unix path that nobody listens on is replaced, a live one
 * is EADDRINUSE; a Unix path is removed at close). options NULL: all defaults.
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
                                           const struct wf_listener_options *options,
                                           void (*on_accepted)(struct wf_listener *listener, int fd,
                                                               void *user),
                                           void *user, struct wf_listener **listener_out);

/* The same of a descriptor that listens already, and is the listener's on success (else it is still
 * the caller's). It becomes non-blocking and close-on-exec; a Unix path stays at close. Further
 * errors, WEFT_ERR_SYSTEM: ENOTSOCK, EPROTOTYPE (no stream), EINVAL (it does not listen). */
WEFT_MUST_USE weft_status wf_listener_adopt(weft_loop *loop, int fd,
                                            void (*on_accepted)(struct wf_listener *listener,
                                                                int fd, void *user),
                                            void *user, struct wf_listener **listener_out);

/* The address in use, with the port that was chosen. */
void wf_listener_address(const struct wf_listener *listener, struct wf_address *address_out);

/* Closes and frees it. NULL is allowed; also from inside on_accepted. */
void wf_listener_close(struct wf_listener *listener);

#endif

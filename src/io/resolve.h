/* Names to addresses, without waiting: c-ares (resolve_ares.c). */
#ifndef WF_IO_RESOLVE_H
#define WF_IO_RESOLVE_H

#include "io/address.h"
#include "weft/loop.h"

struct wf_resolve;

/* Looks up the addresses of a host name; a numeric address is answered without asking anybody,
 * "localhost" and names below it are 127.0.0.1 and ::1 always (RFC 6761 6.3), names below "invalid"
 * and "onion" are not asked for. `on_resolved` is called exactly once, at the end of a turn of the
 * loop or from its destruction (then with a failure), never from inside this call, unless the
 * look-up is cancelled. The addresses (best first, families in turns, at most 32) are lent for the
 * call. failure_text: one line when there are none, else NULL.
 *
 * Errors: WEFT_ERR_MEMORY, WEFT_ERR_SYNTAX (no host name). */
WEFT_MUST_USE weft_status wf_resolve_start(weft_loop *loop, struct weft_text host, uint16_t port,
                                           void (*on_resolved)(void *user,
                                                               const struct wf_address *addresses,
                                                               size_t count,
                                                               const char *failure_text),
                                           void *user, struct wf_resolve **resolve_out);

/* Ends a look-up: on_resolved is not called any more. Not after it was called. NULL is allowed. */
void wf_resolve_cancel(struct wf_resolve *resolve);

/* Looks up and waits: for the addresses of listeners at the start. At most `addresses_max`. */
WEFT_MUST_USE weft_status wf_resolve_now(struct weft_text host, uint16_t port,
                                         struct wf_address *addresses, size_t addresses_max,
                                         size_t *count_out);

#endif

/* Where a redirect leads, and whether it may. */
#ifndef WF_CLIENT_REDIRECT_H
#define WF_CLIENT_REDIRECT_H

#include "codec/url.h"

/* 301, 302, 303, 307, 308. */
bool wf_redirect_is_status(int status);

/* Resolves a Location against the URL of the request.
 *
 * reason_out  set to a static line, for people, when it is not followed.
 *
 * WEFT_ERR_SYNTAX: it is no WebSocket URL; WEFT_ERR_REFUSED: it may not be followed;
 * WEFT_ERR_MEMORY. Then *to_out needs no wf_url_drop(). */
WEFT_MUST_USE weft_status wf_redirect_resolve(const struct weft_allocator *allocator,
                                              const struct wf_url *from, struct weft_text location,
                                              struct wf_url *to_out, const char **reason_out);

/* The same scheme, host and port, or the same Unix-domain socket. */
bool wf_redirect_same_origin(const struct wf_url *one, const struct wf_url *other);

#endif

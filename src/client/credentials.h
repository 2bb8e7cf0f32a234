/* The values of Authorization and Proxy-Authorization. */
#ifndef WF_CLIENT_CREDENTIALS_H
#define WF_CLIENT_CREDENTIALS_H

#include "codec/url.h"
#include "weft/client.h"

/* Which of the options, the URL and the user's own header fields says who asks.
 *
 * value_out  memory of the allocator's, with a zero behind; NULL: nobody does, or the user's
 * header.
 *
 * WEFT_ERR_ARGUMENT (two say it), WEFT_ERR_SYNTAX, WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_credentials_of(const struct weft_allocator *allocator,
                                            const struct weft_connect_options *options,
                                            const struct wf_url *url, char **value_out);

/* "Basic ..." (RFC 7617), with a zero behind. WEFT_ERR_SYNTAX: a colon in the name, or controls;
 * WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_credentials_basic(const struct weft_allocator *allocator,
                                               struct weft_text username, struct weft_text password,
                                               char **value_out);

#endif

/* Whether a page of one origin may speak to a host. Pure. RFC 6454, RFC 6455 10.2. */
#ifndef WF_SERVER_ORIGIN_H
#define WF_SERVER_ORIGIN_H

#include "weft/bytes.h"

#include <stdbool.h>

/* A serialised origin, "https://example.com:8443"; the texts lie in what was parsed. */
struct wf_origin {
    struct weft_text scheme;
    struct weft_text host; /* An IPv6 address keeps its brackets. */
    uint16_t port;         /* The scheme's when none was given; 0: unknown. */
};

/* False: no origin of a page ("null", a list, a path behind it, a user before it ...). */
bool wf_origin_parse(struct weft_text text, struct wf_origin *origin_out);

/* Whether the origin's host and port are those of Host; a Host without port has the one that the
 * origin's scheme has. scheme: "https" or "http", what the client has asked by, and the page's has
 * to be that, too; NULL: not known, since a proxy in front may speak TLS. "null" never is. */
bool wf_origin_is_of_host(struct weft_text origin, struct weft_text host, const char *scheme);

/* "*", "null", or an origin. */
bool wf_origin_is_rule(struct weft_text rule);

/* Whether an origin is what a rule allows. */
bool wf_origin_fits(struct weft_text origin, struct weft_text rule);

#endif

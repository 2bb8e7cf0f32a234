/* The header fields that a handshake is made of, found in one pass over a head. */
#ifndef WF_WS_KNOWN_H
#define WF_WS_KNOWN_H

#include "weft/http.h"

#include <stdbool.h>

enum wf_known_name {
    WF_KNOWN_HOST,
    WF_KNOWN_ORIGIN,
    WF_KNOWN_UPGRADE,
    WF_KNOWN_CONNECTION,
    WF_KNOWN_CONTENT_LENGTH,
    WF_KNOWN_TRANSFER_ENCODING,
    WF_KNOWN_KEY,
    WF_KNOWN_VERSION,
    WF_KNOWN_PROTOCOL,
    WF_KNOWN_EXTENSIONS,
    WF_KNOWN_COUNT
};

struct wf_known {
    struct weft_headers headers;
    const struct weft_header *first[WF_KNOWN_COUNT]; /* NULL: none. */
    size_t count[WF_KNOWN_COUNT];
};

void wf_known_find(struct weft_headers headers, struct wf_known *known_out);

/* Of the first field of that name; {0} where there is none. */
static inline struct weft_text wf_known_value(const struct wf_known *known, enum wf_known_name name)
{
    return known->count[name] ? known->first[name]->value : (struct weft_text){ 0 };
}

/* Whether the list in all fields of that name has the token. RFC 9110 5.6.1. */
bool wf_known_has_token(const struct wf_known *known, enum wf_known_name name, const char *token);

#endif

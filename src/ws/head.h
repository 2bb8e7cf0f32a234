/* Writing heads of HTTP/1.1 messages into the output, in one piece. */
#ifndef WF_WS_HEAD_H
#define WF_WS_HEAD_H

#include "ws/state.h"

/* Counts first, while `at` is NULL; writes then. */
struct wf_head {
    char *at;
    size_t count;
};

void wf_head_put(struct wf_head *head, struct weft_text text);
void wf_head_put_string(struct wf_head *head, const char *string);
void wf_head_put_number(struct wf_head *head, uint64_t number);
void wf_head_put_field(struct wf_head *head, const char *name, struct weft_text value);
void wf_head_put_fields(struct wf_head *head, struct weft_headers headers);

/* Calls `write` twice: to count, and to write what it counted. WEFT_ERR_MEMORY: nothing is in the
 * output. */
WEFT_MUST_USE weft_status wf_head_emit(struct weft_engine *engine,
                                       void (*write)(struct wf_head *head, const void *what),
                                       const void *what);

/* Whether further header fields are well-formed, and none is one of `owned`: a list that ends with
 * NULL, in which a name that ends with '-' stands for all that begin so. */
bool wf_head_fields_are_valid(struct weft_headers headers, const char *const *owned);

/* Host: a name or address, and a port. RFC 9112 3.2. */
bool wf_head_is_host(struct weft_text text);

/* The Sec-WebSocket-Accept of a key. RFC 6455 4.2.2. */
void wf_head_accept_of(struct weft_text key, char out[WF_OPENING_ACCEPT_BYTES]);

#endif

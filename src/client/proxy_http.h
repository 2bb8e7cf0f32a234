/* CONNECT: what is sent to an HTTP proxy, and what its answer means. Without a socket. */
#ifndef WF_CLIENT_PROXY_HTTP_H
#define WF_CLIENT_PROXY_HTTP_H

#include "client/proxy.h"

enum { WF_PROXY_HTTP_ANSWER_BYTES_MAX = 16384, WF_PROXY_HTTP_HEADERS_MAX = 64 };

/* The request (RFC 9110 9.3.6), in memory of the allocator's; NULL: no memory.
 *
 * host           without brackets.
 * authorization  the value of Proxy-Authorization; empty: none. */
char *wf_proxy_http_write(const struct weft_allocator *allocator, struct weft_text host,
                          uint16_t port, struct weft_text authorization, size_t *bytes_out);

/* Zero-filled: nothing was read yet. */
struct wf_proxy_http {
    size_t seen_bytes; /* Of the head that is not whole, so that a byte-wise proxy costs little. */
    size_t skipped_bytes; /* Of interim answers. */
};

/* Reads the answer: all bytes that have come and were not used yet. *used_out of them are done
 * with; what follows a DONE comes from the server. */
enum wf_proxy_step wf_proxy_http_read(struct wf_proxy_http *reading, struct weft_bytes bytes,
                                      size_t *used_out, struct wf_proxy_refusal *refusal_out);

#endif

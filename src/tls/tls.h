/* One connection's TLS: sealed bytes to plain bytes and back, memory to memory. It has no
 * descriptor, no timer and no callback of the user's. */
#ifndef WF_TLS_TLS_H
#define WF_TLS_TLS_H

#include "base/pool.h"
#include "weft/failure.h"
#include "weft/tls.h"

struct wf_tls;

/* Room that wf_tls_seal() needs to make progress with a record of its own. */
enum { WF_TLS_SEALED_BYTES_MIN = 512 };

/* A client's first flight is ready after this: wf_tls_has_output(). WEFT_ERR_ARGUMENT: a client's
 * identity without a host, a server's with one, or a host that cannot be one.
 *
 * pool       of the thread that the connection lives on; it must live as long.
 * identity   retained.
 * host       client: whom the certificate must name, a name or a numeric address (with or without
 *            brackets); names are the SNI too. Server: empty.
 * port       client: with the host the key of remembered sessions. */
weft_status wf_tls_open(struct wf_pool *pool, weft_tls *identity, struct weft_text host,
                        uint16_t port, struct wf_tls **tls_out);

/* NULL is allowed. Nothing is sent: wf_tls_end() before. */
void wf_tls_close(struct wf_tls *tls);

enum wf_tls_result {
    WF_TLS_WANTS_INPUT, /* All that was fed is used up. */
    WF_TLS_IS_FULL,     /* `out` is full, and more may be there: call again. */
    WF_TLS_ENDED,       /* close_notify: a clean end. Stays so. */
    WF_TLS_FAILED,      /* wf_tls_failure() says why; an alert may wait in the output. Stays so. */
};

/* Lends sealed bytes; the earlier ones are used up. They are not changed. */
void wf_tls_feed(struct wf_tls *tls, struct weft_bytes sealed);

/* How many lent bytes are not used yet: what a pause must keep. */
size_t wf_tls_unused(const struct wf_tls *tls);

/* Goes on with the handshake, and unseals into `out`, many records in one call. *count_out bytes
 * are there, also with ENDED and FAILED. Output may wait afterwards. */
enum wf_tls_result wf_tls_read(struct wf_tls *tls, struct weft_buffer out, size_t *count_out);

/* The transport has ended. ENDED when close_notify came before; else FAILED: truncated. */
enum wf_tls_result wf_tls_read_end(struct wf_tls *tls);

/* The handshake is done: spans can be sealed. */
bool wf_tls_is_done(const struct wf_tls *tls);

/* Seals as much of the spans as has room in `sealed_out`, in full records of 16 KiB where there is
 * so much; a small sum of spans is one record. What waits (handshake, tickets, alerts) goes before.
 * Before wf_tls_is_done() nothing of the spans is taken.
 *
 * sealed_out  at least WF_TLS_SEALED_BYTES_MIN bytes, or nothing may be taken.
 *
 * Returns WEFT_ERR_STATE for spans after wf_tls_end(), and what wf_tls_failure() says when it fails
 * here; *sealed_count_out counts then too. */
weft_status wf_tls_seal(struct wf_tls *tls, const struct weft_bytes *plain, size_t span_count,
                        struct weft_buffer sealed_out, size_t *taken_out, size_t *sealed_count_out);

/* Bytes wait that are no spans': seal, with none if there is none. */
bool wf_tls_has_output(const struct wf_tls *tls);

/* As wf_tls_has_output(), but for the tickets of a handshake that has just ended: they are for the
 * peer's next connection, and the answer to its first request, which is on its way, takes them
 * along. */
bool wf_tls_has_urgent_output(const struct wf_tls *tls);

/* Puts close_notify into the output, once; nothing when the handshake is not done. */
void wf_tls_end(struct wf_tls *tls);

/* Idle: gives back the buffers that are empty. Cheap, any time. */
void wf_tls_rest(struct wf_tls *tls);

/* Made on the first call after wf_tls_is_done(), valid as long as tls. NULL: not done, or no
 * memory. */
const struct weft_tls_info *wf_tls_info(struct wf_tls *tls);

/* NULL: nothing has failed. Valid as long as tls. */
const struct weft_failure *wf_tls_failure(const struct wf_tls *tls);

/* Server: the first bytes are an HTTP request's and no TLS. No alert waits then: what the peer
 * understands is a plain answer. */
bool wf_tls_is_plain_http(const struct wf_tls *tls);

#endif

/* Raw DEFLATE (RFC 1951) of messages, as RFC 7692 7.2 wants it. Only the files of its name know who
 * does the work: level 1 is ours, the others and inflating are zlib's. Contexts are lent: a pool
 * keeps a few of them for the next message of whoever comes. */
#ifndef WF_CODEC_DEFLATE_H
#define WF_CODEC_DEFLATE_H

#include "base/block.h"

/* A window of 256 bytes can be read, not written: the library would silently use one of 512. */
enum { WF_DEFLATE_BITS_MIN = 9, WF_INFLATE_BITS_MIN = 8, WF_DEFLATE_BITS_MAX = 15 };

struct wf_deflater;
struct wf_inflater;

/* The bytes of all contexts of this pool, lent or kept. */
size_t wf_deflate_bytes(const struct wf_pool *pool);

/* A context that has seen nothing yet. NULL: no memory. Given back before the pool is dropped; NULL
 * may be. */
struct wf_deflater *wf_deflater_take(struct wf_pool *pool, int window_bits, int level);
void wf_deflater_give(struct wf_pool *pool, struct wf_deflater *deflater);

/* Appends a whole message to `out`, without the empty block at its end. False: there is no memory,
 * or more than `bytes_max` would be appended; the context is then of no use but to be given back.
 */
bool wf_deflater_put(struct wf_deflater *deflater, struct weft_bytes message, struct wf_block *out,
                     size_t bytes_max);

struct wf_inflater *wf_inflater_take(struct wf_pool *pool, int window_bits);
void wf_inflater_give(struct wf_pool *pool, struct wf_inflater *inflater);

/* All but DONE leave the context of no use but to be given back. */
enum wf_inflate_result {
    WF_INFLATE_DONE,
    WF_INFLATE_CORRUPT,
    WF_INFLATE_TOO_BIG,
    WF_INFLATE_NO_MEMORY
};

/* Appends what a piece of a message inflates to; `out` never has more than `bytes_max`. */
enum wf_inflate_result wf_inflater_put(struct wf_inflater *inflater, struct weft_bytes piece,
                                       struct wf_block *out, size_t bytes_max);

/* The end of a message, which may still show some bytes. CORRUPT also when the message is cut
 * short. */
enum wf_inflate_result wf_inflater_end(struct wf_inflater *inflater, struct wf_block *out,
                                       size_t bytes_max);

#endif

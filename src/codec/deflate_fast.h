/* A compressor for messages: one place per hash, the first match that is found, no second look. It
 * costs a fraction of zlib's time, most of all for short messages, and takes less memory. Level 1
 * of deflate.h. */
#ifndef WF_CODEC_DEFLATE_FAST_H
#define WF_CODEC_DEFLATE_FAST_H

#include "codec/deflate_block.h"

struct wf_deflate_fast;

/* What one takes, and making one in that much memory. */
size_t wf_deflate_fast_bytes(int window_bits);
struct wf_deflate_fast *wf_deflate_fast_init(void *memory, int window_bits);

/* Forgets what it has seen. */
void wf_deflate_fast_reset(struct wf_deflate_fast *fast);

/* Appends a whole message to `out`, without the four bytes at its end (RFC 7692 7.2.1). False: no
 * memory, or more than `bytes_max` would be appended; only to be reset then. */
bool wf_deflate_fast_put(struct wf_deflate_fast *fast, struct wf_deflate_scratch *scratch,
                         struct weft_bytes message, struct wf_block *out, struct wf_pool *pool,
                         size_t bytes_max);

#endif

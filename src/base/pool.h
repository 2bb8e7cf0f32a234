/* Blocks of a few sizes, lent and given back: what the path of a message takes instead of malloc.
 */
#ifndef WF_BASE_POOL_H
#define WF_BASE_POOL_H

#include "base/alloc.h"

enum { WF_POOL_CLASS_COUNT = 5 };

/* Who may be a pool's guest: one of each kind. */
enum wf_pool_seat { WF_SEAT_DEFLATE, WF_SEAT_CIPHERS, WF_POOL_SEAT_COUNT };

struct wf_pool;

/* What an upper room keeps as long as a pool: told before the pool is dropped. */
struct wf_pool_guest {
    void (*on_drop)(struct wf_pool_guest *guest, struct wf_pool *pool);
};

/* One per loop, or one per engine that stands alone. Not for two threads at a time. */
struct wf_pool {
    const struct weft_allocator *allocator; /* NULL: malloc. */
    struct wf_pool_block *free[WF_POOL_CLASS_COUNT];
    size_t kept_bytes; /* In the free lists; never over kept_bytes_max. */
    size_t kept_bytes_max;
    struct wf_pool_text *texts;
    struct wf_pool_guest *guests[WF_POOL_SEAT_COUNT]; /* NULL: none. */
};

void wf_pool_init(struct wf_pool *pool, const struct weft_allocator *allocator);

/* Frees the blocks in the free lists. All others must have been given back. */
void wf_pool_drop(struct wf_pool *pool);

/* The same, but for the texts of wf_pool_intern(), which somebody may still read. */
void wf_pool_clear(struct wf_pool *pool);

/* A block of at least `bytes`; *bytes_out (may be NULL) is its true size, to be named when it is
 * given back. Over the largest class it comes from the allocator, in just that size. NULL: no
 * memory. */
void *wf_pool_take(struct wf_pool *pool, size_t bytes, size_t *bytes_out);

/* A larger block with the first `used` bytes of an old one, which is given back. NULL: no memory,
 * and the old block is as it was. `block` may be NULL, with 0 and 0. */
void *wf_pool_resize(struct wf_pool *pool, void *block, size_t block_bytes, size_t used,
                     size_t bytes, size_t *bytes_out);

/* One copy of a text for all who have the same, valid as long as the pool: for texts of which only
 * few exist. NULL: no memory. */
const char *wf_pool_intern(struct wf_pool *pool, struct weft_text text);

/* Gives a block back. `bytes` is its true size, or the size that was asked for. NULL is allowed. */
void wf_pool_give(struct wf_pool *pool, void *memory, size_t bytes);

#endif

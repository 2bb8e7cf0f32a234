/* What a pool keeps for compressing and inflating: contexts that wait for the next message, and the
 * count of their bytes. For deflate.c and inflate.c only. */
#ifndef WF_CODEC_DEFLATE_STORE_H
#define WF_CODEC_DEFLATE_STORE_H

#include "codec/deflate.h"

#define ZLIB_CONST
#include <zlib.h>

struct wf_deflate_scratch;

struct wf_deflate_store {
    struct wf_pool_guest guest; /* First. */
    size_t bytes;
    struct wf_deflater *deflaters;
    struct wf_inflater *inflaters;
    struct wf_deflate_scratch *scratch; /* For all deflaters of level 1. NULL: none yet. */
};

/* The pool's store, made when there is none. NULL: no memory. */
struct wf_deflate_store *wf_deflate_store_need(struct wf_pool *pool);

/* Of a pool that has one. */
static inline struct wf_deflate_store *wf_deflate_store_of(const struct wf_pool *pool)
{
    return (struct wf_deflate_store *)(void *)pool->guests[WF_SEAT_DEFLATE];
}

/* Counted memory of a pool (`opaque`), as zlib asks for it. */
void *wf_deflate_store_alloc(void *opaque, uInt count, uInt bytes_each);
void wf_deflate_store_free(void *opaque, void *memory);

/* For the end of a pool: the contexts that it keeps. */
void wf_deflater_drop_kept(struct wf_deflate_store *store);
void wf_inflater_drop_kept(struct wf_deflate_store *store);

/* A stream's view of a count. */
static inline uInt wf_deflate_store_piece(size_t count)
{
    return count < (uInt)-1 ? (uInt)count : (uInt)-1;
}

/* Room behind `out` for a stream, but not beyond bytes_max. False: there is none, or no memory. */
bool wf_deflate_store_room(z_stream *stream, struct wf_block *out, struct wf_pool *pool,
                           size_t wanted, size_t bytes_max);

#endif

#include "codec/deflate_store.h"

#include <assert.h>

/* In front of each block, since zlib does not say how large it was. */
union prefix {
    size_t bytes;
    max_align_t align;
};

void *wf_deflate_store_alloc(void *opaque, uInt count, uInt bytes_each)
{
    struct wf_pool *pool = opaque;
    size_t bytes = sizeof(union prefix) + (size_t)count * bytes_each;
    union prefix *prefix = wf_alloc(pool->allocator, bytes);
    if (!prefix)
        return Z_NULL;
    prefix->bytes = bytes;
    wf_deflate_store_of(pool)->bytes += bytes;
    return prefix + 1;
}

void wf_deflate_store_free(void *opaque, void *memory)
{
    if (!memory)
        return;
    struct wf_pool *pool = opaque;
    union prefix *prefix = (union prefix *)memory - 1;
    wf_deflate_store_of(pool)->bytes -= prefix->bytes;
    wf_free(pool->allocator, prefix);
}

static void drop_store(struct wf_pool_guest *guest, struct wf_pool *pool)
{
    struct wf_deflate_store *store = (struct wf_deflate_store *)(void *)guest;
    wf_deflater_drop_kept(store);
    wf_inflater_drop_kept(store);
    wf_deflate_store_free(pool, store->scratch);
    assert(store->bytes == 0);
    wf_free(pool->allocator, store);
}

struct wf_deflate_store *wf_deflate_store_need(struct wf_pool *pool)
{
    if (pool->guests[WF_SEAT_DEFLATE])
        return wf_deflate_store_of(pool);
    struct wf_deflate_store *store = wf_alloc_zero(pool->allocator, sizeof *store);
    if (!store)
        return NULL;
    store->guest.on_drop = drop_store;
    pool->guests[WF_SEAT_DEFLATE] = &store->guest;
    return store;
}

size_t wf_deflate_bytes(const struct wf_pool *pool)
{
    return pool->guests[WF_SEAT_DEFLATE] ? wf_deflate_store_of(pool)->bytes : 0;
}

bool wf_deflate_store_room(z_stream *stream, struct wf_block *out, struct wf_pool *pool,
                           size_t wanted, size_t bytes_max)
{
    enum { ROOM_MIN = 8 };
    size_t left = bytes_max - out->count;
    if (wanted > left)
        wanted = left;
    if (wanted == 0)
        return false;
    /* In too little room zlib repeats the empty block. */
    if (out->capacity - out->count < ROOM_MIN && !wf_block_reserve(out, pool, wanted, bytes_max))
        return false;
    size_t room = out->capacity - out->count;
    stream->next_out = out->data + out->count;
    stream->avail_out = wf_deflate_store_piece(room < left ? room : left);
    return true;
}

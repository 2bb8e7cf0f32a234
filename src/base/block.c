#include "base/block.h"

enum { SMALLEST_BYTES = 512 };

/* Twice what is needed, so that a message in many pieces is copied a bounded number of times. */
static size_t larger(size_t needed, size_t bytes_max)
{
    size_t wanted = needed > SIZE_MAX / 2 ? needed : needed * 2;
    if (wanted < SMALLEST_BYTES)
        wanted = SMALLEST_BYTES;
    if (wanted > bytes_max)
        wanted = bytes_max;
    return wanted > needed ? wanted : needed;
}

bool wf_block_reserve(struct wf_block *block, struct wf_pool *pool, size_t more, size_t bytes_max)
{
    if (more <= block->capacity - block->count)
        return true;
    if (more > SIZE_MAX - block->count)
        return false;
    size_t capacity;
    void *data = wf_pool_resize(pool, block->data, block->capacity, block->count,
                                larger(block->count + more, bytes_max), &capacity);
    if (!data)
        return false;
    block->data = data;
    block->capacity = capacity;
    return true;
}

bool wf_block_append(struct wf_block *block, struct wf_pool *pool, struct weft_bytes bytes,
                     size_t bytes_max)
{
    if (!wf_block_reserve(block, pool, bytes.count, bytes_max))
        return false;
    if (bytes.count)
        memcpy(block->data + block->count, bytes.data, bytes.count);
    block->count += bytes.count;
    return true;
}

void wf_block_drop(struct wf_block *block, struct wf_pool *pool)
{
    wf_pool_give(pool, block->data, block->capacity);
    *block = (struct wf_block){ 0 };
}

/* Bytes that are collected in one growing piece of a pool. */
#ifndef WF_BASE_BLOCK_H
#define WF_BASE_BLOCK_H

#include "base/pool.h"

#include <stdbool.h>

/* Zero-filled it is empty. */
struct wf_block {
    uint8_t *data;
    size_t count;
    size_t capacity;
};

/* Makes room for `more` bytes behind those that are there. What is reserved is at most twice what
 * is needed (but for the pool's smallest classes), and not more than `bytes_max` where that
 * suffices. False: no memory, nothing changed. */
bool wf_block_reserve(struct wf_block *block, struct wf_pool *pool, size_t more, size_t bytes_max);

/* Copies bytes to the end; else as wf_block_reserve(). */
bool wf_block_append(struct wf_block *block, struct wf_pool *pool, struct weft_bytes bytes,
                     size_t bytes_max);

/* Gives the memory back; the block is empty then. */
void wf_block_drop(struct wf_block *block, struct wf_pool *pool);

#endif

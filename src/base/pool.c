#include "base/pool.h"

struct wf_pool_block {
    struct wf_pool_block *next;
};

struct wf_pool_text {
    struct wf_pool_text *next;
    char text[];
};

static const size_t class_bytes[WF_POOL_CLASS_COUNT] = { 64, 512, 4096, 16384, 65536 + 128 };

enum { KEPT_BYTES_MAX = 1 << 20 };

void wf_pool_init(struct wf_pool *pool, const struct weft_allocator *allocator)
{
    *pool = (struct wf_pool){ .allocator = allocator, .kept_bytes_max = KEPT_BYTES_MAX };
}

void wf_pool_drop(struct wf_pool *pool)
{
    wf_pool_clear(pool);
    while (pool->texts) {
        struct wf_pool_text *text = pool->texts;
        pool->texts = text->next;
        wf_free(pool->allocator, text);
    }
}

void wf_pool_clear(struct wf_pool *pool)
{
    for (int seat = 0; seat < WF_POOL_SEAT_COUNT; seat++) {
        struct wf_pool_guest *guest = pool->guests[seat];
        if (guest)
            guest->on_drop(guest, pool);
        pool->guests[seat] = NULL;
    }
    for (int class = 0; class < WF_POOL_CLASS_COUNT; class ++) {
        while (pool->free[class]) {
            struct wf_pool_block *block = pool->free[class];
            pool->free[class] = block->next;
            wf_free(pool->allocator, block);
        }
    }
    pool->kept_bytes = 0;
}

/* The smallest class that holds `bytes`; WF_POOL_CLASS_COUNT: none does. */
static int class_of(size_t bytes)
{
    int class = 0;
    while (class < WF_POOL_CLASS_COUNT && class_bytes[class] < bytes)
        class ++;
    return class;
}

void *wf_pool_take(struct wf_pool *pool, size_t bytes, size_t *bytes_out)
{
    int class = class_of(bytes);
    size_t true_bytes = class < WF_POOL_CLASS_COUNT ? class_bytes[class] : bytes;
    if (bytes_out)
        *bytes_out = true_bytes;

    if (class < WF_POOL_CLASS_COUNT && pool->free[class]) {
        struct wf_pool_block *block = pool->free[class];
        pool->free[class] = block->next;
        pool->kept_bytes -= true_bytes;
        return block;
    }
    return wf_alloc(pool->allocator, true_bytes);
}

void *wf_pool_resize(struct wf_pool *pool, void *block, size_t block_bytes, size_t used,
                     size_t bytes, size_t *bytes_out)
{
    /* Beyond the classes the allocator may move pages instead of bytes. */
    if (class_of(block_bytes) == WF_POOL_CLASS_COUNT && class_of(bytes) == WF_POOL_CLASS_COUNT) {
        *bytes_out = bytes;
        return wf_resize(pool->allocator, block, bytes);
    }
    void *larger = wf_pool_take(pool, bytes, bytes_out);
    if (!larger)
        return NULL;
    if (used)
        memcpy(larger, block, used);
    wf_pool_give(pool, block, block_bytes);
    return larger;
}

const char *wf_pool_intern(struct wf_pool *pool, struct weft_text text)
{
    for (struct wf_pool_text *known = pool->texts; known; known = known->next)
        if (strlen(known->text) == text.count && memcmp(known->text, text.data, text.count) == 0)
            return known->text;
    struct wf_pool_text *added = wf_alloc(pool->allocator, sizeof *added + text.count + 1);
    if (!added)
        return NULL;
    memcpy(added->text, text.data, text.count);
    added->text[text.count] = '\0';
    added->next = pool->texts;
    pool->texts = added;
    return added->text;
}

void wf_pool_give(struct wf_pool *pool, void *memory, size_t bytes)
{
    if (!memory)
        return;
    int class = class_of(bytes);
    if (class == WF_POOL_CLASS_COUNT ||
        pool->kept_bytes + class_bytes[class] > pool->kept_bytes_max) {
        wf_free(pool->allocator, memory);
        return;
    }
    struct wf_pool_block *block = memory;
    block->next = pool->free[class];
    pool->free[class] = block;
    pool->kept_bytes += class_bytes[class];
}

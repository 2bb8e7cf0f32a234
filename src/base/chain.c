#include "base/chain.h"

#include <assert.h>

/* An owned chunk begins small and doubles its class as more follows, so one message costs 512 bytes
 * and a hundred leave in two or three spans. */
enum { FIRST_BLOCK_BYTES = 512, LARGEST_BLOCK_BYTES = 65536 };

/* An arena's block, and the longest piece that is put into one. */
enum { ARENA_BYTES = 16384 - sizeof(struct wf_shared), CARVED_BYTES_MAX = 1024 };

struct wf_shared *wf_shared_create(struct wf_pool *pool, size_t bytes, size_t payload_bytes)
{
    if (bytes > SIZE_MAX - sizeof(struct wf_shared))
        return NULL;
    struct wf_shared *shared = wf_pool_take(pool, sizeof *shared + bytes, NULL);
    if (shared)
        *shared = (struct wf_shared){ .references = 1,
                                      .bytes = bytes,
                                      .payload_bytes = payload_bytes,
                                      .data = (uint8_t *)(shared + 1) };
    return shared;
}

void wf_shared_release(struct wf_pool *pool, struct wf_shared *shared)
{
    while (shared && --shared->references == 0) {
        struct wf_shared *variant = shared->variant;
        if (shared->home)
            wf_shared_release(pool, shared->home);
        wf_pool_give(pool, shared, sizeof *shared + (shared->home ? 0 : shared->bytes));
        shared = variant;
    }
}

void wf_arena_drop(struct wf_arena *arena, struct wf_pool *pool)
{
    wf_shared_release(pool, arena->home);
    *arena = (struct wf_arena){ 0 };
}

static bool has_room(struct wf_arena *arena, struct wf_pool *pool, size_t bytes)
{
    if (arena->home && arena->home->references == 1)
        arena->used = 0; /* Nobody reads it any more. */
    if (arena->home && bytes <= arena->home->bytes - arena->used)
        return true;
    struct wf_shared *home = wf_shared_create(pool, ARENA_BYTES, 0);
    if (!home)
        return false;
    wf_arena_drop(arena, pool);
    arena->home = home;
    return true;
}

struct wf_shared *wf_shared_carve(struct wf_pool *pool, struct wf_arena *arena, size_t bytes,
                                  size_t payload_bytes)
{
    if (bytes > CARVED_BYTES_MAX)
        return wf_shared_create(pool, bytes, payload_bytes);
    struct wf_shared *shared =
        has_room(arena, pool, bytes) ? wf_pool_take(pool, sizeof *shared, NULL) : NULL;
    if (!shared)
        return NULL;
    *shared = (struct wf_shared){ .references = 1,
                                  .bytes = bytes,
                                  .payload_bytes = payload_bytes,
                                  .home = arena->home,
                                  .data = arena->home->data + arena->used };
    arena->home->references++;
    arena->used += bytes;
    return shared;
}

static void link_last(struct wf_chain *chain, struct wf_chunk *chunk)
{
    if (chain->last)
        chain->last->next = chunk;
    else
        chain->first = chunk;
    chain->last = chunk;
    chain->bytes += chunk->bytes;
    chain->payload_bytes += chunk->payload_bytes;
}

/* A chunk with room for `bytes` behind it, not yet in any chain. */
static struct wf_chunk *chunk_create(struct wf_pool *pool, size_t bytes)
{
    if (bytes > UINT32_MAX - sizeof(struct wf_chunk))
        return NULL;
    size_t block_bytes;
    struct wf_chunk *chunk = wf_pool_take(pool, sizeof *chunk + bytes, &block_bytes);
    if (chunk)
        *chunk = (struct wf_chunk){ .data = (uint8_t *)(chunk + 1),
                                    .block_bytes = (uint32_t)block_bytes,
                                    .kind = WF_CHUNK_OWNED };
    return chunk;
}

static void chunk_destroy(struct wf_pool *pool, struct wf_chunk *chunk)
{
    if (chunk->kind == WF_CHUNK_SHARED)
        wf_shared_release(pool, chunk->shared);
    wf_pool_give(pool, chunk, chunk->block_bytes);
}

static size_t room_in(const struct wf_chunk *chunk)
{
    if (!chunk || chunk->kind != WF_CHUNK_OWNED)
        return 0;
    return chunk->block_bytes - sizeof *chunk - chunk->bytes;
}

/* The block that the next owned chunk should have: larger than the last, to the largest class. */
static size_t next_room(const struct wf_chain *chain, size_t bytes)
{
    size_t block = FIRST_BLOCK_BYTES;
    if (chain->last && chain->last->kind == WF_CHUNK_OWNED && chain->last->block_bytes >= block)
        block = (size_t)chain->last->block_bytes + 1;
    if (block > LARGEST_BLOCK_BYTES)
        block = LARGEST_BLOCK_BYTES;
    size_t room = block - sizeof(struct wf_chunk);
    return room > bytes ? room : bytes;
}

static uint8_t *extend(struct wf_chain *chain, struct wf_pool *pool, size_t bytes,
                       size_t payload_bytes, bool is_apart)
{
    struct wf_chunk *last = chain->last;
    if (!last || is_apart || room_in(last) < bytes) {
        last = chunk_create(pool, next_room(chain, bytes));
        if (!last)
            return NULL;
        link_last(chain, last);
    }
    return wf_chain_put_behind(chain, bytes, payload_bytes);
}

uint8_t *wf_chain_extend_ahead(struct wf_chain *chain, struct wf_pool *pool, size_t bytes,
                               size_t payload_bytes, size_t ahead)
{
    size_t room_min = FIRST_BLOCK_BYTES - sizeof(struct wf_chunk);
    size_t room_max = LARGEST_BLOCK_BYTES - sizeof(struct wf_chunk);
    if (chain->last || bytes > room_max)
        return extend(chain, pool, bytes, payload_bytes, false);
    size_t room = ahead > room_max - bytes ? room_max : bytes + ahead;
    struct wf_chunk *first = chunk_create(pool, room < room_min ? room_min : room);
    if (!first)
        return NULL;
    chain->first = chain->last = first;
    return wf_chain_put_behind(chain, bytes, payload_bytes);
}

uint8_t *wf_chain_extend(struct wf_chain *chain, struct wf_pool *pool, size_t bytes,
                         size_t payload_bytes)
{
    return extend(chain, pool, bytes, payload_bytes, false);
}

uint8_t *wf_chain_extend_packed(struct wf_chain *chain, struct wf_pool *pool, size_t bytes,
                                size_t payload_bytes)
{
    /* What was told of a chunk that is half sent stays true: its payload does not count whole
     * again. */
    bool is_apart = chain->last && chain->last->sent && !chain->last->is_packed;
    uint8_t *place = extend(chain, pool, bytes, payload_bytes, is_apart);
    if (place)
        chain->last->is_packed = true;
    return place;
}

void wf_chain_retract(struct wf_chain *chain, size_t bytes, size_t payload_bytes)
{
    struct wf_chunk *last = chain->last;
    assert(last && last->bytes - last->sent >= bytes);
    last->bytes -= bytes;
    last->payload_bytes -= payload_bytes;
    chain->bytes -= bytes;
    chain->payload_bytes -= payload_bytes;
}

void wf_chain_seal(struct wf_chain *chain)
{
    struct wf_chunk *last = chain->last;
    if (last && last->kind == WF_CHUNK_OWNED)
        last->kind = WF_CHUNK_SEALED;
}

weft_status wf_chain_append(struct wf_chain *chain, struct wf_pool *pool, struct weft_bytes bytes,
                            size_t payload_bytes)
{
    if (bytes.count == 0)
        return WEFT_OK;
    uint8_t *place = wf_chain_extend(chain, pool, bytes.count, payload_bytes);
    if (!place)
        return WEFT_ERR_MEMORY;
    memcpy(place, bytes.data, bytes.count);
    return WEFT_OK;
}

weft_status wf_chain_append_shared(struct wf_chain *chain, struct wf_pool *pool,
                                   struct wf_shared *shared)
{
    struct wf_chunk *chunk = chunk_create(pool, 0);
    if (!chunk)
        return WEFT_ERR_MEMORY;
    shared->references++;
    chunk->kind = WF_CHUNK_SHARED;
    chunk->shared = shared;
    chunk->data = shared->data;
    chunk->bytes = shared->bytes;
    chunk->payload_bytes = shared->payload_bytes;
    chunk->is_packed = shared->is_packed;
    link_last(chain, chunk);
    return WEFT_OK;
}

weft_status wf_chain_append_lent(struct wf_chain *chain, struct wf_pool *pool,
                                 struct weft_bytes bytes, size_t payload_bytes)
{
    struct wf_chunk *chunk = chunk_create(pool, 0);
    if (!chunk)
        return WEFT_ERR_MEMORY;
    chunk->kind = WF_CHUNK_LENT;
    chunk->data = bytes.data;
    chunk->bytes = bytes.count;
    chunk->payload_bytes = payload_bytes;
    link_last(chain, chunk);
    return WEFT_OK;
}

/* The lent chunk's unsent bytes, in an owned chunk that takes its place. */
static struct wf_chunk *own(struct wf_pool *pool, const struct wf_chunk *lent)
{
    size_t left = lent->bytes - lent->sent;
    struct wf_chunk *owned = chunk_create(pool, left);
    if (!owned)
        return NULL;
    memcpy(owned + 1, lent->data + lent->sent, left);
    owned->next = lent->next;
    /* Frames that are put behind would not begin where a frame begins. */
    owned->kind = WF_CHUNK_SEALED;
    owned->bytes = left;
    /* What has left of the payload has left: the chunk that stays counts the rest. */
    owned->payload_bytes = lent->payload_bytes < left ? lent->payload_bytes : left;
    return owned;
}

weft_status wf_chain_settle(struct wf_chain *chain, struct wf_pool *pool)
{
    struct wf_chunk *before = NULL;
    for (struct wf_chunk *chunk = chain->first; chunk; before = chunk, chunk = chunk->next) {
        if (chunk->kind != WF_CHUNK_LENT)
            continue;
        struct wf_chunk *owned = own(pool, chunk);
        if (!owned)
            return WEFT_ERR_MEMORY;
        chain->payload_bytes -= chunk->payload_bytes - owned->payload_bytes;
        if (before)
            before->next = owned;
        else
            chain->first = owned;
        if (chain->last == chunk)
            chain->last = owned;
        chunk_destroy(pool, chunk);
        chunk = owned;
    }
    return WEFT_OK;
}

/* An owned chunk in the place of one of an arena, with what was sent of it: so it begins where a
 * frame begins, and more can be put behind it. */
static struct wf_chunk *copy_of(struct wf_pool *pool, const struct wf_chunk *chunk)
{
    struct wf_chunk *copy = chunk_create(pool, chunk->bytes);
    if (!copy)
        return NULL;
    memcpy(copy + 1, chunk->data, chunk->bytes);
    copy->next = chunk->next;
    copy->bytes = chunk->bytes;
    copy->sent = chunk->sent;
    copy->payload_bytes = chunk->payload_bytes;
    return copy;
}

void wf_chain_leave_arena(struct wf_chain *chain, struct wf_pool *pool)
{
    struct wf_chunk *first = chain->first;
    if (!first || first->kind != WF_CHUNK_SHARED || !first->shared->home)
        return;
    struct wf_chunk *copy = copy_of(pool, first);
    if (!copy)
        return;
    chain->first = copy;
    if (chain->last == first)
        chain->last = copy;
    chunk_destroy(pool, first);
}

size_t wf_chain_spans(const struct wf_chain *chain, struct weft_bytes *spans, size_t spans_max)
{
    size_t count = 0;
    for (struct wf_chunk *chunk = chain->first; chunk && count < spans_max; chunk = chunk->next) {
        if (chunk->bytes > chunk->sent)
            spans[count++] =
                (struct weft_bytes){ chunk->data + chunk->sent, chunk->bytes - chunk->sent };
    }
    return count;
}

void wf_chain_consume(struct wf_chain *chain, struct wf_pool *pool, size_t count)
{
    assert(count <= chain->bytes);
    chain->bytes -= count;
    while (chain->first) {
        struct wf_chunk *chunk = chain->first;
        size_t left = chunk->bytes - chunk->sent;
        if (count < left) {
            chunk->sent += count;
            return;
        }
        count -= left;
        chain->payload_bytes -= chunk->payload_bytes;
        chain->first = chunk->next;
        chunk_destroy(pool, chunk);
    }
    chain->last = NULL;
}

void wf_chain_clear(struct wf_chain *chain, struct wf_pool *pool)
{
    struct wf_chunk *chunk = chain->first;
    *chain = (struct wf_chain){ 0 };
    while (chunk) {
        struct wf_chunk *next = chunk->next;
        chunk_destroy(pool, chunk);
        chunk = next;
    }
}

/* A queue of bytes on their way out: owned, shared or lent pieces, in order. */
#ifndef WF_BASE_CHAIN_H
#define WF_BASE_CHAIN_H

#include "base/pool.h"
#include "weft/status.h"

#include <stdbool.h>

/* Bytes that lie in many chains at a time: one broadcast frame. Counted on one thread. */
struct wf_shared {
    uint32_t references;
    size_t bytes;
    size_t payload_bytes; /* Of these, what counts for bufferedAmount. */
    /* The same message in another form, released with this one; NULL: none yet. */
    struct wf_shared *variant;
    struct wf_shared *home; /* In whose bytes these lie, with a reference; NULL: behind itself. */
    uint8_t *data;
    uint16_t form;  /* Of a variant: its maker's number. */
    bool is_packed; /* As in a chunk. */
};

/* Where short pieces are put side by side, so that those who get several get them in one chunk.
 * Zero-filled it is empty. */
struct wf_arena {
    struct wf_shared *home;
    size_t used;
};

/* A new one with one reference and unwritten data. NULL: no memory. */
struct wf_shared *wf_shared_create(struct wf_pool *pool, size_t bytes, size_t payload_bytes);
void wf_shared_release(struct wf_pool *pool, struct wf_shared *shared);

/* Its end: of a plain frame the payload. */
static inline struct weft_bytes wf_shared_payload(const struct wf_shared *shared)
{
    return (struct weft_bytes){ shared->data + (shared->bytes - shared->payload_bytes),
                                shared->payload_bytes };
}

/* As wf_shared_create(), of a short piece in the arena. */
struct wf_shared *wf_shared_carve(struct wf_pool *pool, struct wf_arena *arena, size_t bytes,
                                  size_t payload_bytes);
void wf_arena_drop(struct wf_arena *arena, struct wf_pool *pool);

enum wf_chunk_kind {
    WF_CHUNK_OWNED, /* Bytes behind the chunk itself; further small pieces are put behind them. */
    WF_CHUNK_SHARED,
    /* The caller's memory, until wf_chain_settle(): payload, maybe behind its header. */
    WF_CHUNK_LENT,
    WF_CHUNK_SEALED, /* Owned, and nothing is put behind: what LENT has, or no payload at all. */
};

struct wf_chunk {
    struct wf_chunk *next;
    const uint8_t *data; /* The first byte, sent or not. */
    size_t bytes;        /* From `data` on. */
    size_t sent;         /* Of these. */
    uint64_t payload_bytes;
    struct wf_shared *shared;
    uint32_t block_bytes; /* The pool block's size; what it can hold is this less the chunk. */
    enum wf_chunk_kind kind;
    /* The payload does not lie in it byte for byte: it counts until all of the chunk is sent. */
    bool is_packed;
};

/* Zero-filled it is empty. */
struct wf_chain {
    struct wf_chunk *first;
    struct wf_chunk *last;
    uint64_t bytes;         /* Not yet sent. */
    uint64_t payload_bytes; /* Of all chunks that are not wholly sent. */
};

/* Room for `bytes` at the end, in one piece, to be written at once. NULL: no memory, nothing
 * changed. */
uint8_t *wf_chain_extend(struct wf_chain *chain, struct wf_pool *pool, size_t bytes,
                         size_t payload_bytes);

/* Behind the last chunk, which is owned and has room for it. */
static inline uint8_t *wf_chain_put_behind(struct wf_chain *chain, size_t bytes,
                                           size_t payload_bytes)
{
    struct wf_chunk *last = chain->last;
    uint8_t *place = (uint8_t *)(last + 1) + last->bytes;
    last->bytes += bytes;
    last->payload_bytes += payload_bytes;
    chain->bytes += bytes;
    chain->payload_bytes += payload_bytes;
    return place;
}

/* As wf_chain_extend(), where the last chunk has room for it; NULL: it has not. */
static inline uint8_t *wf_chain_extend_last(struct wf_chain *chain, size_t bytes,
                                            size_t payload_bytes)
{
    const struct wf_chunk *last = chain->last;
    if (!last || last->kind != WF_CHUNK_OWNED ||
        last->block_bytes - sizeof *last - last->bytes < bytes)
        return NULL;
    return wf_chain_put_behind(chain, bytes, payload_bytes);
}

/* As wf_chain_extend(), where so many bytes are about to follow, more or less: in an empty chain
 * all of them get one chunk. */
uint8_t *wf_chain_extend_ahead(struct wf_chain *chain, struct wf_pool *pool, size_t bytes,
                               size_t payload_bytes, size_t ahead);

/* As wf_chain_extend(), for bytes that hold their payload in another form. */
uint8_t *wf_chain_extend_packed(struct wf_chain *chain, struct wf_pool *pool, size_t bytes,
                                size_t payload_bytes);

/* Takes back the last bytes of wf_chain_extend() or wf_chain_append(), before anything else follows
 * them. */
void wf_chain_retract(struct wf_chain *chain, size_t bytes, size_t payload_bytes);

/* What follows begins in a chunk of its own. */
void wf_chain_seal(struct wf_chain *chain);

/* Copies bytes to the end. */
WEFT_MUST_USE weft_status wf_chain_append(struct wf_chain *chain, struct wf_pool *pool,
                                          struct weft_bytes bytes, size_t payload_bytes);

/* Puts a shared piece at the end and takes a reference of its own. */
WEFT_MUST_USE weft_status wf_chain_append_shared(struct wf_chain *chain, struct wf_pool *pool,
                                                 struct wf_shared *shared);

/* Puts the caller's memory at the end, which must stay until it is sent or settled. */
WEFT_MUST_USE weft_status wf_chain_append_lent(struct wf_chain *chain, struct wf_pool *pool,
                                               struct weft_bytes bytes, size_t payload_bytes);

/* Copies what is still lent; without memory the chain is left as it was. */
WEFT_MUST_USE weft_status wf_chain_settle(struct wf_chain *chain, struct wf_pool *pool);

/* Puts a shared piece of an arena at the end, where it lies right behind the last one that was put
 * there: both become one. False: it does not. */
static inline bool wf_chain_lengthen(struct wf_chain *chain, const struct wf_shared *shared)
{
    struct wf_chunk *last = chain->last;
    if (!last || last->kind != WF_CHUNK_SHARED || !shared->home || shared->is_packed ||
        last->shared->home != shared->home || last->data + last->bytes != shared->data)
        return false;
    last->bytes += shared->bytes;
    last->payload_bytes += shared->payload_bytes;
    chain->bytes += shared->bytes;
    chain->payload_bytes += shared->payload_bytes;
    return true;
}

/* Copies a piece of an arena that is the first of the chain, so that a slow reader does not keep
 * the arena's memory; without memory it stays. */
void wf_chain_leave_arena(struct wf_chain *chain, struct wf_pool *pool);

/* Shows the first pieces. Returns how many. */
size_t wf_chain_spans(const struct wf_chain *chain, struct weft_bytes *spans, size_t spans_max);

/* The only piece of a chain that has one; else empty. */
static inline struct weft_bytes wf_chain_only_span(const struct wf_chain *chain)
{
    const struct wf_chunk *chunk = chain->first;
    if (!chunk || chunk->next)
        return (struct weft_bytes){ 0 };
    return (struct weft_bytes){ chunk->data + chunk->sent, chunk->bytes - chunk->sent };
}

/* Drops the first `count` bytes, at most chain->bytes. */
void wf_chain_consume(struct wf_chain *chain, struct wf_pool *pool, size_t count);

void wf_chain_clear(struct wf_chain *chain, struct wf_pool *pool);

#endif

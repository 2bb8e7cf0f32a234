#include "codec/deflate.h"

#include <assert.h>
#include <limits.h>
#define ZLIB_CONST
#include <zlib.h>

/* What a pool keeps for the next: compressing is done in one go, so that few are ever lent without
 * takeover. */
enum { KEPT_DEFLATERS_MAX = 4, KEPT_INFLATERS_MAX = 8 };

enum { TAIL_BYTES = 4, ROOM_MIN = 8 };
static const uint8_t tail[TAIL_BYTES] = { 0x00, 0x00, 0xFF, 0xFF }; /* RFC 7692 7.2.1 */

struct wf_deflater {
    struct wf_deflater *next;
    struct wf_pool *pool;
    z_stream stream;
    int window_bits;
    int level;
};

struct wf_inflater {
    struct wf_inflater *next;
    struct wf_pool *pool;
    z_stream stream;
    int window_bits;
    bool has_ended; /* A final block was the last that came. */
};

struct store {
    struct wf_pool_guest guest; /* First. */
    size_t bytes;
    struct wf_deflater *deflaters;
    struct wf_inflater *inflaters;
};

/* ---- memory ---- */

/* In front of each block, since zlib does not say how large it was. */
union prefix {
    size_t bytes;
    max_align_t align;
};

static struct store *store_of(const struct wf_pool *pool)
{
    return (struct store *)(void *)pool->guest;
}

static void *allocate(void *opaque, uInt count, uInt bytes_each)
{
    struct wf_pool *pool = opaque;
    size_t bytes = sizeof(union prefix) + (size_t)count * bytes_each;
    union prefix *prefix = wf_alloc(pool->allocator, bytes);
    if (!prefix)
        return Z_NULL;
    prefix->bytes = bytes;
    store_of(pool)->bytes += bytes;
    return prefix + 1;
}

static void release(void *opaque, void *memory)
{
    struct wf_pool *pool = opaque;
    union prefix *prefix = (union prefix *)memory - 1;
    store_of(pool)->bytes -= prefix->bytes;
    wf_free(pool->allocator, prefix);
}

static void deflater_destroy(struct wf_deflater *deflater)
{
    deflateEnd(&deflater->stream);
    release(deflater->pool, deflater);
}

static void inflater_destroy(struct wf_inflater *inflater)
{
    inflateEnd(&inflater->stream);
    release(inflater->pool, inflater);
}

static void drop_store(struct wf_pool_guest *guest, struct wf_pool *pool)
{
    struct store *store = (struct store *)(void *)guest;
    while (store->deflaters) {
        struct wf_deflater *deflater = store->deflaters;
        store->deflaters = deflater->next;
        deflater_destroy(deflater);
    }
    while (store->inflaters) {
        struct wf_inflater *inflater = store->inflaters;
        store->inflaters = inflater->next;
        inflater_destroy(inflater);
    }
    assert(store->bytes == 0);
    wf_free(pool->allocator, store);
}

static bool need_store(struct wf_pool *pool)
{
    if (pool->guest)
        return true;
    struct store *store = wf_alloc_zero(pool->allocator, sizeof *store);
    if (!store)
        return false;
    store->guest.on_drop = drop_store;
    pool->guest = &store->guest;
    return true;
}

size_t wf_deflate_bytes(const struct wf_pool *pool)
{
    return pool->guest ? store_of(pool)->bytes : 0;
}

/* ---- deflate ---- */

/* The hash table goes with the window: a small window is wanted for its memory. */
static int memory_level(int window_bits)
{
    int level = window_bits - 6;
    return level < 8 ? level : 8;
}

static struct wf_deflater *deflater_create(struct wf_pool *pool, int window_bits, int level)
{
    struct wf_deflater *deflater = allocate(pool, 1, sizeof *deflater);
    if (!deflater)
        return NULL;
    *deflater = (struct wf_deflater){
        .pool = pool,
        .stream = { .zalloc = allocate, .zfree = release, .opaque = pool },
        .window_bits = window_bits,
        .level = level,
    };
    /* A negative number of bits: no header and no checksum. */
    if (deflateInit2(&deflater->stream, level, Z_DEFLATED, -window_bits, memory_level(window_bits),
                     Z_DEFAULT_STRATEGY) == Z_OK)
        return deflater;
    release(pool, deflater);
    return NULL;
}

struct wf_deflater *wf_deflater_take(struct wf_pool *pool, int window_bits, int level)
{
    assert(window_bits >= WF_DEFLATE_BITS_MIN && window_bits <= WF_DEFLATE_BITS_MAX);
    if (!need_store(pool))
        return NULL;
    struct wf_deflater **place = &store_of(pool)->deflaters;
    for (; *place; place = &(*place)->next) {
        struct wf_deflater *found = *place;
        if (found->window_bits != window_bits || found->level != level)
            continue;
        *place = found->next;
        return found;
    }
    return deflater_create(pool, window_bits, level);
}

void wf_deflater_give(struct wf_pool *pool, struct wf_deflater *deflater)
{
    if (!deflater)
        return;
    struct store *store = store_of(pool);
    deflateReset(&deflater->stream);
    deflater->next = store->deflaters;
    store->deflaters = deflater;
    /* The one that was not asked for the longest goes. */
    struct wf_deflater **place = &store->deflaters;
    for (int kept = 0; *place && kept < KEPT_DEFLATERS_MAX; kept++)
        place = &(*place)->next;
    if (*place)
        deflater_destroy(*place);
    *place = NULL;
}

static uInt piece_of(size_t count)
{
    return count < UINT_MAX ? (uInt)count : UINT_MAX;
}

/* Room behind `out`, but not beyond bytes_max. False: there is none, or no memory. */
static bool open_room(z_stream *stream, struct wf_block *out, struct wf_pool *pool, size_t wanted,
                      size_t bytes_max)
{
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
    stream->avail_out = piece_of(room < left ? room : left);
    return true;
}

bool wf_deflater_put(struct wf_deflater *deflater, struct weft_bytes message, struct wf_block *out,
                     size_t bytes_max)
{
    z_stream *stream = &deflater->stream;
    size_t first = out->count;
    size_t count_max =
        bytes_max > SIZE_MAX - TAIL_BYTES - first ? SIZE_MAX : first + bytes_max + TAIL_BYTES;
    size_t left = message.count;
    stream->next_in = message.data;
    stream->avail_in = 0;
    do {
        if (stream->avail_in == 0) {
            stream->avail_in = piece_of(left);
            left -= stream->avail_in;
        }
        size_t wanted = stream->avail_in / 4 + 64;
        if (!open_room(stream, out, deflater->pool, wanted, count_max))
            return false;
        uInt room = stream->avail_out;
        int result = deflate(stream, left ? Z_NO_FLUSH : Z_SYNC_FLUSH);
        assert(result == Z_OK || result == Z_BUF_ERROR);
        (void)result;
        out->count += room - stream->avail_out;
    } while (left || stream->avail_in || stream->avail_out == 0);
    /* RFC 7692 7.2.1: the empty block that ends every message is not sent. */
    assert(out->count - first >= TAIL_BYTES &&
           memcmp(out->data + out->count - TAIL_BYTES, tail, TAIL_BYTES) == 0);
    out->count -= TAIL_BYTES;
    return true;
}

/* ---- inflate ---- */

static struct wf_inflater *inflater_create(struct wf_pool *pool, int window_bits)
{
    struct wf_inflater *inflater = allocate(pool, 1, sizeof *inflater);
    if (!inflater)
        return NULL;
    *inflater = (struct wf_inflater){
        .pool = pool,
        .stream = { .zalloc = allocate, .zfree = release, .opaque = pool },
        .window_bits = window_bits,
    };
    if (inflateInit2(&inflater->stream, -window_bits) == Z_OK)
        return inflater;
    release(pool, inflater);
    return NULL;
}

struct wf_inflater *wf_inflater_take(struct wf_pool *pool, int window_bits)
{
    assert(window_bits >= WF_INFLATE_BITS_MIN && window_bits <= WF_DEFLATE_BITS_MAX);
    /* A peer that was asked for 8 bits may use 9 without knowing: see WF_DEFLATE_BITS_MIN. */
    if (window_bits < WF_DEFLATE_BITS_MIN)
        window_bits = WF_DEFLATE_BITS_MIN;
    if (!need_store(pool))
        return NULL;
    struct wf_inflater **place = &store_of(pool)->inflaters;
    for (; *place; place = &(*place)->next) {
        struct wf_inflater *found = *place;
        if (found->window_bits != window_bits)
            continue;
        *place = found->next;
        return found;
    }
    return inflater_create(pool, window_bits);
}

void wf_inflater_give(struct wf_pool *pool, struct wf_inflater *inflater)
{
    if (!inflater)
        return;
    struct store *store = store_of(pool);
    inflateReset(&inflater->stream);
    inflater->has_ended = false;
    inflater->next = store->inflaters;
    store->inflaters = inflater;
    struct wf_inflater **place = &store->inflaters;
    for (int kept = 0; *place && kept < KEPT_INFLATERS_MAX; kept++)
        place = &(*place)->next;
    if (*place)
        inflater_destroy(*place);
    *place = NULL;
}

/* One call: into the room there is, or, when nothing more is allowed, into a byte that must stay
 * unused. */
static enum wf_inflate_result step(struct wf_inflater *inflater, struct wf_block *out,
                                   size_t bytes_max, bool *has_more_out)
{
    enum { WANTED_MIN = 256, WANTED_MAX = 16384 };
    z_stream *stream = &inflater->stream;
    bool is_full = out->count >= bytes_max;
    uint8_t unused;
    if (is_full) {
        stream->next_out = &unused;
        stream->avail_out = 1;
    } else {
        size_t wanted = (size_t)stream->avail_in * 3;
        wanted = wanted < WANTED_MIN ? WANTED_MIN : wanted > WANTED_MAX ? WANTED_MAX : wanted;
        if (!open_room(stream, out, inflater->pool, wanted, bytes_max))
            return WF_INFLATE_NO_MEMORY;
    }
    uInt room = stream->avail_out;
    int result = inflate(stream, Z_SYNC_FLUSH);
    uInt written = room - stream->avail_out;
    if (is_full && written)
        return WF_INFLATE_TOO_BIG;
    out->count += written;
    if (result == Z_MEM_ERROR)
        return WF_INFLATE_NO_MEMORY;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return WF_INFLATE_CORRUPT;
    inflater->has_ended = result == Z_STREAM_END;
    *has_more_out = result == Z_OK && stream->avail_out == 0;
    return WF_INFLATE_DONE;
}

static enum wf_inflate_result put_piece(struct wf_inflater *inflater, const uint8_t *data,
                                        uInt count, struct wf_block *out, size_t bytes_max)
{
    z_stream *stream = &inflater->stream;
    bool has_more = false;
    stream->next_in = data;
    stream->avail_in = count;
    while (stream->avail_in || has_more) {
        /* RFC 7692 7.2.3.4: behind a final block the message may go on with further ones. */
        if (inflater->has_ended)
            inflateReset(stream);
        enum wf_inflate_result result = step(inflater, out, bytes_max, &has_more);
        if (result)
            return result;
    }
    return WF_INFLATE_DONE;
}

enum wf_inflate_result wf_inflater_put(struct wf_inflater *inflater, struct weft_bytes piece,
                                       struct wf_block *out, size_t bytes_max)
{
    for (size_t at = 0; at < piece.count;) {
        uInt count = piece_of(piece.count - at);
        enum wf_inflate_result result = put_piece(inflater, piece.data + at, count, out, bytes_max);
        if (result)
            return result;
        at += count;
    }
    return WF_INFLATE_DONE;
}

/* Between two blocks, at the boundary of a byte: see data_type of inflate() in zlib.h. */
static bool is_between_blocks(const struct wf_inflater *inflater)
{
    enum { UNUSED_BITS = 63, BETWEEN = 128 };
    int state = inflater->stream.data_type;
    return (state & BETWEEN) && !(state & UNUSED_BITS);
}

enum wf_inflate_result wf_inflater_end(struct wf_inflater *inflater, struct wf_block *out,
                                       size_t bytes_max)
{
    if (!inflater->has_ended) {
        size_t before = out->count;
        enum wf_inflate_result result = put_piece(inflater, tail, sizeof tail, out, bytes_max);
        if (result)
            return result;
        /* RFC 7692 7.2.2: what was cut off is the end of an empty block, not of one with data. */
        if (out->count != before || (!inflater->has_ended && !is_between_blocks(inflater)))
            return WF_INFLATE_CORRUPT;
        if (!inflater->has_ended)
            return WF_INFLATE_DONE;
    }
    inflateReset(&inflater->stream);
    inflater->has_ended = false;
    return WF_INFLATE_DONE;
}

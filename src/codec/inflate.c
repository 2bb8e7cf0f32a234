#include "codec/deflate_store.h"

#include <assert.h>

/* What a pool keeps for the next. */
enum { KEPT_INFLATERS_MAX = 8 };

static const uint8_t tail[] = { 0x00, 0x00, 0xFF, 0xFF }; /* RFC 7692 7.2.2 */

struct wf_inflater {
    struct wf_inflater *next;
    struct wf_pool *pool;
    z_stream stream;
    int window_bits;
    bool has_ended; /* A final block was the last that came. */
};

static void inflater_destroy(struct wf_inflater *inflater)
{
    inflateEnd(&inflater->stream);
    wf_deflate_store_free(inflater->pool, inflater);
}

void wf_inflater_drop_kept(struct wf_deflate_store *store)
{
    while (store->inflaters) {
        struct wf_inflater *inflater = store->inflaters;
        store->inflaters = inflater->next;
        inflater_destroy(inflater);
    }
}

static struct wf_inflater *inflater_create(struct wf_pool *pool, int window_bits)
{
    struct wf_inflater *inflater = wf_deflate_store_alloc(pool, 1, sizeof *inflater);
    if (!inflater)
        return NULL;
    *inflater = (struct wf_inflater){
        .pool = pool,
        .stream = { .zalloc = wf_deflate_store_alloc,
                    .zfree = wf_deflate_store_free,
                    .opaque = pool },
        .window_bits = window_bits,
    };
    if (inflateInit2(&inflater->stream, -window_bits) == Z_OK)
        return inflater;
    wf_deflate_store_free(pool, inflater);
    return NULL;
}

struct wf_inflater *wf_inflater_take(struct wf_pool *pool, int window_bits)
{
    assert(window_bits >= WF_INFLATE_BITS_MIN && window_bits <= WF_DEFLATE_BITS_MAX);
    /* A peer that was asked for 8 bits may use 9 without knowing: see WF_DEFLATE_BITS_MIN. */
    if (window_bits < WF_DEFLATE_BITS_MIN)
        window_bits = WF_DEFLATE_BITS_MIN;
    if (!wf_deflate_store_need(pool))
        return NULL;
    struct wf_inflater **place = &wf_deflate_store_of(pool)->inflaters;
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
    struct wf_deflate_store *store = wf_deflate_store_of(pool);
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
        if (!wf_deflate_store_room(stream, out, inflater->pool, wanted, bytes_max))
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
        uInt count = wf_deflate_store_piece(piece.count - at);
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

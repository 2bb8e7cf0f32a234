#include "codec/deflate_store.h"

#include "codec/deflate_fast.h"

#include <assert.h>

/* What a pool keeps for the next: compressing is done in one go, so that few are ever lent without
 * takeover. */
enum { KEPT_DEFLATERS_MAX = 4 };

/* The level that is ours; the others are zlib's. */
enum { LEVEL_FAST = 1 };

enum { TAIL_BYTES = 4 };
static const uint8_t tail[TAIL_BYTES] = { 0x00, 0x00, 0xFF, 0xFF }; /* RFC 7692 7.2.1 */

struct wf_deflater {
    struct wf_deflater *next;
    struct wf_pool *pool;
    struct wf_deflate_fast *fast; /* NULL: zlib's stream. */
    z_stream stream;
    int window_bits;
    int level;
};

static void deflater_destroy(struct wf_deflater *deflater)
{
    if (!deflater->fast)
        deflateEnd(&deflater->stream);
    wf_deflate_store_free(deflater->pool, deflater->fast);
    wf_deflate_store_free(deflater->pool, deflater);
}

void wf_deflater_drop_kept(struct wf_deflate_store *store)
{
    while (store->deflaters) {
        struct wf_deflater *deflater = store->deflaters;
        store->deflaters = deflater->next;
        deflater_destroy(deflater);
    }
}

/* The hash table goes with the window: a small window is wanted for its memory. */
static int memory_level(int window_bits)
{
    int level = window_bits - 6;
    return level < 8 ? level : 8;
}

static bool begin_zlib(struct wf_deflater *deflater)
{
    z_stream *stream = &deflater->stream;
    stream->zalloc = wf_deflate_store_alloc;
    stream->zfree = wf_deflate_store_free;
    stream->opaque = deflater->pool;
    /* A negative number of bits: no header and no checksum. */
    return deflateInit2(stream, deflater->level, Z_DEFLATED, -deflater->window_bits,
                        memory_level(deflater->window_bits), Z_DEFAULT_STRATEGY) == Z_OK;
}

static bool begin_fast(struct wf_deflater *deflater)
{
    struct wf_pool *pool = deflater->pool;
    struct wf_deflate_store *store = wf_deflate_store_of(pool);
    if (!store->scratch) {
        size_t bytes = wf_deflate_scratch_bytes();
        void *scratch = wf_deflate_store_alloc(pool, 1, (uInt)bytes);
        if (!scratch)
            return false;
        memset(scratch, 0, bytes);
        store->scratch = scratch;
    }
    size_t bytes = wf_deflate_fast_bytes(deflater->window_bits);
    void *memory = wf_deflate_store_alloc(pool, 1, (uInt)bytes);
    if (memory)
        deflater->fast = wf_deflate_fast_init(memory, deflater->window_bits);
    return memory != NULL;
}

static struct wf_deflater *deflater_create(struct wf_pool *pool, int window_bits, int level)
{
    struct wf_deflater *deflater = wf_deflate_store_alloc(pool, 1, sizeof *deflater);
    if (!deflater)
        return NULL;
    *deflater = (struct wf_deflater){ .pool = pool, .window_bits = window_bits, .level = level };
    if (level == LEVEL_FAST ? begin_fast(deflater) : begin_zlib(deflater))
        return deflater;
    wf_deflate_store_free(pool, deflater);
    return NULL;
}

struct wf_deflater *wf_deflater_take(struct wf_pool *pool, int window_bits, int level)
{
    assert(window_bits >= WF_DEFLATE_BITS_MIN && window_bits <= WF_DEFLATE_BITS_MAX);
    if (!wf_deflate_store_need(pool))
        return NULL;
    struct wf_deflater **place = &wf_deflate_store_of(pool)->deflaters;
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
    struct wf_deflate_store *store = wf_deflate_store_of(pool);
    if (deflater->fast)
        wf_deflate_fast_reset(deflater->fast);
    else
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

static bool put_zlib(struct wf_deflater *deflater, struct weft_bytes message, struct wf_block *out,
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
            stream->avail_in = wf_deflate_store_piece(left);
            left -= stream->avail_in;
        }
        size_t wanted = stream->avail_in / 4 + 64;
        if (!wf_deflate_store_room(stream, out, deflater->pool, wanted, count_max))
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

bool wf_deflater_put(struct wf_deflater *deflater, struct weft_bytes message, struct wf_block *out,
                     size_t bytes_max)
{
    if (!deflater->fast)
        return put_zlib(deflater, message, out, bytes_max);
    struct wf_pool *pool = deflater->pool;
    return wf_deflate_fast_put(deflater->fast, wf_deflate_store_of(pool)->scratch, message, out,
                               pool, bytes_max);
}

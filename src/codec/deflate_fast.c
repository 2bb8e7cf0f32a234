#include "codec/deflate_fast.h"

#include <assert.h>
#include <string.h>

/* A position counts all bytes that were ever seen, so that what a table remembers of what was
 * forgotten lies too far back without being cleared. */
struct wf_deflate_fast {
    uint32_t window_bytes;
    uint32_t data_bytes; /* The room behind `data`. */
    uint32_t count;      /* Bytes in `data`: what was seen last, and what is looked at. */
    uint32_t start;      /* The position of the first of them. */
    unsigned hash_bits;
    uint8_t *data;
    uint32_t table[]; /* By hash: the latest position. */
};

enum { POSITION_FIRST = 1, POSITION_MAX = 1 << 26 };

/* What is looked at in one go. Small windows are wanted for their memory. */
static uint32_t piece_bytes(uint32_t window_bytes)
{
    enum { PIECE_MIN = 4096 };
    return window_bytes < PIECE_MIN              ? PIECE_MIN
           : window_bytes > WF_DEFLATE_BLOCK_MAX ? WF_DEFLATE_BLOCK_MAX
                                                 : window_bytes;
}

static unsigned hash_bits(int window_bits)
{
    return (unsigned)window_bits - 2;
}

size_t wf_deflate_fast_bytes(int window_bits)
{
    uint32_t window_bytes = 1U << window_bits;
    return sizeof(struct wf_deflate_fast) + (sizeof(uint32_t) << hash_bits(window_bits)) +
           window_bytes + piece_bytes(window_bytes);
}

static void clear(struct wf_deflate_fast *fast)
{
    memset(fast->table, 0, sizeof *fast->table << fast->hash_bits);
    fast->start = POSITION_FIRST;
    fast->count = 0;
}

struct wf_deflate_fast *wf_deflate_fast_init(void *memory, int window_bits)
{
    struct wf_deflate_fast *fast = memory;
    fast->window_bytes = 1U << window_bits;
    fast->data_bytes = fast->window_bytes + piece_bytes(fast->window_bytes);
    fast->hash_bits = hash_bits(window_bits);
    fast->data = (uint8_t *)(fast->table + ((size_t)1 << fast->hash_bits));
    clear(fast);
    return fast;
}

void wf_deflate_fast_reset(struct wf_deflate_fast *fast)
{
    fast->start += fast->count;
    fast->count = 0;
    if (fast->start > POSITION_MAX)
        clear(fast);
}

static inline uint32_t load_4(const uint8_t *from)
{
    uint32_t word;
    memcpy(&word, from, 4);
    return word;
}

static inline uint64_t load_8(const uint8_t *from)
{
    uint64_t word;
    memcpy(&word, from, 8);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline size_t hash_of(uint32_t word, unsigned bits)
{
    return word * 2654435761U >> (32 - bits);
}

/* How many of `count` bytes are the same at both places, of which the first four are. */
static inline size_t same_count(const uint8_t *a, const uint8_t *b, size_t count)
{
    size_t same = 4;
    for (; same + 8 <= count; same += 8) {
        uint64_t difference = load_8(a + same) ^ load_8(b + same);
        if (difference)
            return same + ((size_t)__builtin_ctzll(difference) >> 3);
    }
    while (same < count && a[same] == b[same])
        same++;
    return same;
}

/* The matches from `begin` to the end of the data. How many there are. */
static size_t find_matches(struct wf_deflate_fast *fast, size_t begin,
                           struct wf_deflate_sequence *sequences)
{
    enum { LOOKED_AT = 8, PATIENCE_BITS = 5 };
    const uint8_t *data = fast->data;
    const unsigned bits = fast->hash_bits;
    const uint32_t start = fast->start, window_bytes = fast->window_bytes;
    uint32_t *table = fast->table;
    size_t end = fast->count, literal = begin, misses = 0, found = 0;
    for (size_t at = begin; at + LOOKED_AT <= end;) {
        uint32_t word = load_4(data + at), position = start + (uint32_t)at;
        uint32_t *place = &table[hash_of(word, bits)];
        uint32_t distance = position - *place;
        *place = position;
        if (distance > at || distance > window_bytes || load_4(data + at - distance) != word) {
            at += 1 + (misses++ >> PATIENCE_BITS); /* What does not shrink is soon done with. */
            continue;
        }
        size_t most = end - at < WF_DEFLATE_MATCH_MAX ? end - at : WF_DEFLATE_MATCH_MAX;
        size_t length = same_count(data + at, data + at - distance, most);
        sequences[found++] = (struct wf_deflate_sequence){
            .literal_count = (uint16_t)(at - literal),
            .length = (uint16_t)length,
            .distance = (uint16_t)distance,
        };
        table[hash_of(load_4(data + at + 1), bits)] = position + 1;
        at += length;
        if (at + LOOKED_AT <= end)
            table[hash_of(load_4(data + at - 1), bits)] = start + (uint32_t)at - 1;
        literal = at;
        misses = 0;
    }
    return found;
}

/* Only the window is kept when room is needed. */
static void make_room(struct wf_deflate_fast *fast, size_t count)
{
    if (count <= fast->data_bytes - fast->count)
        return;
    uint32_t kept = fast->count < fast->window_bytes ? fast->count : fast->window_bytes;
    uint32_t gone = fast->count - kept;
    memmove(fast->data, fast->data + gone, kept);
    fast->count = kept;
    fast->start += gone;
    if (fast->start > POSITION_MAX)
        clear(fast);
}

bool wf_deflate_fast_put(struct wf_deflate_fast *fast, struct wf_deflate_scratch *scratch,
                         struct weft_bytes message, struct wf_block *out, struct wf_pool *pool,
                         size_t bytes_max)
{
    struct wf_deflate_writer writer = {
        .out = out,
        .pool = pool,
        .count_max = bytes_max > SIZE_MAX - out->count ? SIZE_MAX : out->count + bytes_max,
    };
    size_t piece_max = piece_bytes(fast->window_bytes);
    for (size_t done = 0; done < message.count;) {
        size_t count = message.count - done < piece_max ? message.count - done : piece_max;
        make_room(fast, count);
        size_t begin = fast->count;
        memcpy(fast->data + begin, message.data + done, count);
        fast->count += (uint32_t)count;
        size_t found = find_matches(fast, begin, wf_deflate_scratch_sequences(scratch));
        struct weft_bytes piece = { fast->data + begin, count };
        if (!wf_deflate_block_write(&writer, scratch, piece, found))
            return false;
        done += count;
    }
    return wf_deflate_block_end(&writer);
}

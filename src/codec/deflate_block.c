#include "codec/deflate_block.h"

#include "codec/huffman.h"

#include <assert.h>
#include <string.h>

enum { END_OF_BLOCK = 256, LITERALS = 286, DISTANCES = 30, LENGTHS_OF_LENGTHS = 19 };
enum { STORED = 0, FIXED = 1, DYNAMIC = 2 }; /* RFC 1951 3.2.3 */
enum { OWN_CODES_MIN = 640 };                /* Bits: in less the telling of codes hardly pays. */
enum { HEADER_BITS = 3, SLACK_BYTES = 8 };   /* Bits are stored eight bytes at a time. */

/* One of the code lengths as they are written: RFC 1951 3.2.7. */
struct run {
    uint8_t symbol; /* 0 to 15: a length; 16, 17, 18: repeated, see extra_bits. */
    uint8_t extra;
};

struct wf_deflate_scratch {
    struct wf_deflate_sequence sequences[WF_DEFLATE_SEQUENCES_MAX];
    uint32_t literal_counts[WF_HUFFMAN_SYMBOLS_MAX];
    uint32_t distance_counts[32];
    uint32_t extra_bits; /* Of all lengths and distances. */
    struct wf_huffman literals, distances, lengths;
    struct wf_huffman fixed_literals, fixed_distances;
    bool has_fixed;
    struct run runs[LITERALS + DISTANCES];
    size_t run_count;
    size_t literal_code_count, distance_code_count, length_code_count;
};

/* The order in which the lengths of the code of lengths are written: RFC 1951 3.2.7. */
static const uint8_t length_order[LENGTHS_OF_LENGTHS] = { 16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                          11, 4,  12, 3, 13, 2, 14, 1, 15 };

size_t wf_deflate_scratch_bytes(void)
{
    return sizeof(struct wf_deflate_scratch);
}

struct wf_deflate_sequence *wf_deflate_scratch_sequences(struct wf_deflate_scratch *scratch)
{
    return scratch->sequences;
}

/* ---- symbols: RFC 1951 3.2.5 ---- */

struct symbol {
    unsigned code;
    unsigned extra_bits;
    unsigned extra;
};

static unsigned log_2(unsigned number)
{
    return 31 - (unsigned)__builtin_clz(number);
}

static inline struct symbol length_symbol(unsigned length)
{
    unsigned rest = length - 3;
    if (rest < 8)
        return (struct symbol){ 257 + rest, 0, 0 };
    if (length == WF_DEFLATE_MATCH_MAX)
        return (struct symbol){ 285, 0, 0 };
    unsigned bits = log_2(rest) - 2;
    return (struct symbol){ 261 + 4 * bits + (rest >> bits & 3), bits, rest & ((1U << bits) - 1) };
}

static inline struct symbol distance_symbol(unsigned distance)
{
    unsigned rest = distance - 1;
    if (rest < 2)
        return (struct symbol){ rest, 0, 0 };
    unsigned bits = log_2(rest) - 1;
    return (struct symbol){ 2 + 2 * bits + (rest >> bits & 1), bits, rest & ((1U << bits) - 1) };
}

static void count_symbols(struct wf_deflate_scratch *scratch, struct weft_bytes data,
                          size_t sequence_count)
{
    memset(scratch->literal_counts, 0, sizeof scratch->literal_counts);
    memset(scratch->distance_counts, 0, sizeof scratch->distance_counts);
    scratch->extra_bits = 0;
    const uint8_t *at = data.data;
    for (size_t i = 0; i < sequence_count; i++) {
        const struct wf_deflate_sequence *sequence = &scratch->sequences[i];
        for (const uint8_t *end = at + sequence->literal_count; at < end; at++)
            scratch->literal_counts[*at]++;
        struct symbol length = length_symbol(sequence->length);
        struct symbol distance = distance_symbol(sequence->distance);
        scratch->literal_counts[length.code]++;
        scratch->distance_counts[distance.code]++;
        scratch->extra_bits += length.extra_bits + distance.extra_bits;
        at += sequence->length;
    }
    for (const uint8_t *end = data.data + data.count; at < end; at++)
        scratch->literal_counts[*at]++;
    scratch->literal_counts[END_OF_BLOCK] = 1;
}

/* ---- the codes ---- */

/* RFC 1951 3.2.6 */
static void need_fixed(struct wf_deflate_scratch *scratch)
{
    if (scratch->has_fixed)
        return;
    for (unsigned i = 0; i < WF_HUFFMAN_SYMBOLS_MAX; i++)
        scratch->fixed_literals.lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    memset(scratch->fixed_distances.lengths, 5, 32);
    wf_huffman_number(&scratch->fixed_literals, WF_HUFFMAN_SYMBOLS_MAX);
    wf_huffman_number(&scratch->fixed_distances, 32);
    scratch->has_fixed = true;
}

/* Both codes' lengths as one row, repetitions as such: RFC 1951 3.2.7. */
static void find_runs(struct wf_deflate_scratch *scratch, const uint8_t *row, size_t count)
{
    struct run *run = scratch->runs;
    for (size_t at = 0; at < count;) {
        uint8_t length = row[at];
        size_t same = 1, same_max = count - at;
        while (same < same_max && row[at + same] == length)
            same++;
        at += same;
        if (length) {
            *run++ = (struct run){ length, 0 };
            same--;
        }
        while (same >= 3) {
            size_t most = length ? 6 : 138;
            size_t taken = same < most ? same : most;
            *run++ = length        ? (struct run){ 16, (uint8_t)(taken - 3) }
                     : taken <= 10 ? (struct run){ 17, (uint8_t)(taken - 3) }
                                   : (struct run){ 18, (uint8_t)(taken - 11) };
            same -= taken;
        }
        for (; same; same--)
            *run++ = (struct run){ length, 0 };
    }
    scratch->run_count = (size_t)(run - scratch->runs);
}

static size_t used_count(const struct wf_huffman *huffman, size_t count, size_t count_min)
{
    while (count > count_min && huffman->lengths[count - 1] == 0)
        count--;
    return count;
}

static const uint8_t run_extra_bits[LENGTHS_OF_LENGTHS] = { [16] = 2, [17] = 3, [18] = 7 };

/* The best codes for this block, and how they are told. The bits of the latter. */
static uint64_t make_codes(struct wf_deflate_scratch *scratch)
{
    wf_huffman_build(&scratch->literals, scratch->literal_counts, LITERALS, WF_HUFFMAN_BITS_MAX);
    wf_huffman_build(&scratch->distances, scratch->distance_counts, DISTANCES, WF_HUFFMAN_BITS_MAX);
    scratch->literal_code_count = used_count(&scratch->literals, LITERALS, 257);
    scratch->distance_code_count = used_count(&scratch->distances, DISTANCES, 1);
    uint8_t row[LITERALS + DISTANCES];
    memcpy(row, scratch->literals.lengths, scratch->literal_code_count);
    memcpy(row + scratch->literal_code_count, scratch->distances.lengths,
           scratch->distance_code_count);
    find_runs(scratch, row, scratch->literal_code_count + scratch->distance_code_count);

    uint32_t counts[LENGTHS_OF_LENGTHS] = { 0 };
    uint64_t bits = 5 + 5 + 4;
    for (size_t i = 0; i < scratch->run_count; i++)
        counts[scratch->runs[i].symbol]++;
    wf_huffman_build(&scratch->lengths, counts, LENGTHS_OF_LENGTHS, 7);
    for (size_t i = 0; i < LENGTHS_OF_LENGTHS; i++)
        bits += (uint64_t)counts[i] * (scratch->lengths.lengths[i] + run_extra_bits[i]);
    size_t told = LENGTHS_OF_LENGTHS;
    while (told > 4 && scratch->lengths.lengths[length_order[told - 1]] == 0)
        told--;
    scratch->length_code_count = told;
    return bits + 3 * told;
}

static uint64_t symbol_bits(const struct wf_deflate_scratch *scratch,
                            const struct wf_huffman *literals, const struct wf_huffman *distances)
{
    uint32_t bits = scratch->extra_bits;
    for (size_t i = 0; i < LITERALS; i++)
        bits += scratch->literal_counts[i] * literals->lengths[i];
    for (size_t i = 0; i < DISTANCES; i++)
        bits += scratch->distance_counts[i] * distances->lengths[i];
    return bits;
}

/* ---- bits ---- */

/* A place in the output, with room for all that is going to be written. */
struct pen {
    uint64_t bits;
    unsigned count;
    uint8_t *at;
};

static inline void put(struct pen *pen, uint64_t bits, unsigned count)
{
    pen->bits |= bits << pen->count;
    pen->count += count;
}

/* Leaves fewer than 8 bits, so that 56 may be put. */
static inline void flush(struct pen *pen)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t bits = pen->bits;
#else
    uint64_t bits = __builtin_bswap64(pen->bits);
#endif
    memcpy(pen->at, &bits, 8);
    pen->at += pen->count >> 3;
    pen->bits >>= pen->count & ~7U;
    pen->count &= 7;
}

/* Room for that many bits, not beyond what is allowed. */
static bool open_pen(struct wf_deflate_writer *writer, uint64_t bits, struct pen *pen)
{
    struct wf_block *out = writer->out;
    uint64_t bytes = (writer->bit_count + bits + 7) / 8;
    if (bytes > writer->count_max - out->count)
        return false;
    if (!wf_block_reserve(out, writer->pool, (size_t)bytes + SLACK_BYTES, SIZE_MAX))
        return false;
    *pen = (struct pen){ writer->bits, writer->bit_count, out->data + out->count };
    return true;
}

static void close_pen(struct wf_deflate_writer *writer, const struct pen *pen)
{
    struct wf_block *out = writer->out;
    out->count = (size_t)(pen->at - out->data);
    assert(out->count <= writer->count_max && out->count <= out->capacity);
    writer->bits = pen->bits;
    writer->bit_count = pen->count;
}

/* ---- blocks ---- */

static void put_codes(struct pen *pen, const struct wf_deflate_scratch *scratch)
{
    put(pen, scratch->literal_code_count - 257, 5);
    put(pen, scratch->distance_code_count - 1, 5);
    put(pen, scratch->length_code_count - 4, 4);
    for (size_t i = 0; i < scratch->length_code_count; i++) {
        flush(pen);
        put(pen, scratch->lengths.lengths[length_order[i]], 3);
    }
    for (size_t i = 0; i < scratch->run_count; i++) {
        struct run run = scratch->runs[i];
        flush(pen);
        put(pen, scratch->lengths.codes[run.symbol], scratch->lengths.lengths[run.symbol]);
        put(pen, run.extra, run_extra_bits[run.symbol]);
    }
    flush(pen);
}

static inline void put_symbol(struct pen *pen, const struct wf_huffman *huffman, unsigned symbol)
{
    put(pen, huffman->codes[symbol], huffman->lengths[symbol]);
}

/* Three at a time: 45 bits at most. */
static const uint8_t *put_literals(struct pen *pen, const struct wf_huffman *literals,
                                   const uint8_t *at, size_t count)
{
    for (; count >= 3; count -= 3, at += 3) {
        put_symbol(pen, literals, at[0]);
        put_symbol(pen, literals, at[1]);
        put_symbol(pen, literals, at[2]);
        flush(pen);
    }
    for (; count; count--)
        put_symbol(pen, literals, *at++);
    flush(pen);
    return at;
}

static void put_data(struct pen *pen, const struct wf_deflate_scratch *scratch,
                     const struct wf_huffman *literals, const struct wf_huffman *distances,
                     struct weft_bytes data, size_t sequence_count)
{
    struct pen own = *pen; /* In registers. */
    const uint8_t *at = data.data;
    for (size_t i = 0; i < sequence_count; i++) {
        const struct wf_deflate_sequence *sequence = &scratch->sequences[i];
        at = put_literals(&own, literals, at, sequence->literal_count);
        struct symbol length = length_symbol(sequence->length);
        struct symbol distance = distance_symbol(sequence->distance);
        put_symbol(&own, literals, length.code); /* 15 + 5 + 15 + 13 bits at most. */
        put(&own, length.extra, length.extra_bits);
        put_symbol(&own, distances, distance.code);
        put(&own, distance.extra, distance.extra_bits);
        flush(&own);
        at += sequence->length;
    }
    put_literals(&own, literals, at, (size_t)(data.data + data.count - at));
    put_symbol(&own, literals, END_OF_BLOCK);
    flush(&own);
    *pen = own;
}

/* RFC 1951 3.2.4 */
static void put_stored(struct pen *pen, struct weft_bytes data)
{
    put(pen, STORED << 1, HEADER_BITS);
    pen->count = (pen->count + 7) & ~7U;
    put(pen, data.count | (~data.count & 0xFFFF) << 16, 32);
    flush(pen);
    memcpy(pen->at, data.data, data.count);
    pen->at += data.count;
}

bool wf_deflate_block_write(struct wf_deflate_writer *writer, struct wf_deflate_scratch *scratch,
                            struct weft_bytes data, size_t sequence_count)
{
    assert(data.count <= WF_DEFLATE_BLOCK_MAX);
    need_fixed(scratch);
    count_symbols(scratch, data, sequence_count);
    uint64_t fixed = symbol_bits(scratch, &scratch->fixed_literals, &scratch->fixed_distances);
    uint64_t dynamic = fixed;
    if (fixed > OWN_CODES_MIN)
        dynamic =
            make_codes(scratch) + symbol_bits(scratch, &scratch->literals, &scratch->distances);
    uint64_t stored = 7 + 32 + 8 * (uint64_t)data.count;
    uint64_t coded = dynamic < fixed ? dynamic : fixed;
    struct pen pen;
    if (!open_pen(writer, HEADER_BITS + (coded < stored ? coded : stored), &pen))
        return false;
    if (stored <= coded) {
        put_stored(&pen, data);
    } else if (dynamic < fixed) {
        put(&pen, DYNAMIC << 1, HEADER_BITS);
        put_codes(&pen, scratch);
        put_data(&pen, scratch, &scratch->literals, &scratch->distances, data, sequence_count);
    } else {
        put(&pen, FIXED << 1, HEADER_BITS);
        put_data(&pen, scratch, &scratch->fixed_literals, &scratch->fixed_distances, data,
                 sequence_count);
    }
    close_pen(writer, &pen);
    return true;
}

bool wf_deflate_block_end(struct wf_deflate_writer *writer)
{
    struct pen pen;
    if (!open_pen(writer, HEADER_BITS, &pen))
        return false;
    put(&pen, STORED << 1, HEADER_BITS);
    pen.count = (pen.count + 7) & ~7U;
    flush(&pen);
    close_pen(writer, &pen);
    return true;
}

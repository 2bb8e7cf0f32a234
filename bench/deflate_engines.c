/* Speed against size: what the ways to compress one message cost on this machine. Each message
 * differs from the one before, so that takeover does not flatter, and each is inflated again and
 * compared.
 *
 * usage: deflate_engines [json|chat|numbers] */
#include "codec/deflate.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#ifdef BENCH_HAS_ISAL
#    include <isa-l/igzip_lib.h>
#endif

enum { MESSAGES = 64, ROUNDS = 7, MESSAGE_MAX = 16 << 10, ROUND_BYTES = 2 << 20 };

static uint8_t messages[MESSAGES][MESSAGE_MAX];
static uint8_t packed[2 * MESSAGE_MAX + 512];
static uint8_t unpacked[MESSAGE_MAX + 64];
static const uint8_t tail[4] = { 0x00, 0x00, 0xFF, 0xFF };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec * 1e-3;
}

/* ---- what is compressed ---- */

static uint32_t seed = 12345;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1103515245 + 12345;
    return (seed >> 8) % below;
}

static int print_json(char *out, size_t room)
{
    return snprintf(out, room,
                    "{\"id\":%u,\"user\":\"user_%u\",\"price\":%u.%02u,\"active\":%s,\"city\":"
                    "\"K\xC3\xB6ln\"},",
                    draw(100000), draw(4096), draw(1000), draw(100), draw(2) ? "true" : "false");
}

static int print_chat(char *out, size_t room)
{
    static const char *const words[] = {
        "the",   "a",    "we",     "you",   "and",   "is",       "meeting", "tomorrow", "see",
        "later", "code", "server", "works", "again", "why",      "not",     "please",   "build",
        "green", "red",  "fails",  "look",  "at",    "that",     "with",    "coffee",   "already",
        "done",  "in",   "of",     "to",    "it",    "release,", "okay.",   "hello!",   "question?",
    };
    return snprintf(out, room, "%s ", words[draw(sizeof words / sizeof *words)]);
}

static int print_numbers(char *out, size_t room)
{
    return snprintf(out, room, "%d.%04u,", (int)draw(200) - 100, draw(10000));
}

typedef int print(char *out, size_t room);

static void fill(print *one)
{
    char piece[256];
    for (size_t i = 0; i < MESSAGES; i++)
        for (size_t at = 0; at < MESSAGE_MAX;) {
            size_t count = (size_t)one(piece, sizeof piece), room = MESSAGE_MAX - at;
            memcpy(messages[i] + at, piece, count < room ? count : room);
            at += count;
        }
}

/* ---- the engines ---- */

/* Compresses a message to `packed`, the empty block at its end too; the count of bytes. */
struct engine {
    const char *name;
    void *(*begin)(int window_bits, int setting);
    size_t (*pack)(void *state, const uint8_t *message, size_t count);
    void (*reset)(void *state);
    void (*end)(void *state);
    int setting;
};

/* level + 10 * strategy + 100 * memLevel */
static void *zlib_begin(int window_bits, int setting)
{
    z_stream *stream = calloc(1, sizeof *stream);
    if (!stream || deflateInit2(stream, setting % 10, Z_DEFLATED, -window_bits, setting / 100,
                                setting / 10 % 10) != Z_OK)
        abort();
    return stream;
}

static size_t zlib_pack(void *state, const uint8_t *message, size_t count)
{
    z_stream *stream = state;
    stream->next_in = (Bytef *)(uintptr_t)message;
    stream->avail_in = (uInt)count;
    stream->next_out = packed;
    stream->avail_out = sizeof packed;
    deflate(stream, Z_SYNC_FLUSH);
    assert(stream->avail_in == 0 && stream->avail_out > 0);
    return sizeof packed - stream->avail_out;
}

static void zlib_reset(void *state)
{
    deflateReset(state);
}

static void zlib_end(void *state)
{
    deflateEnd(state);
    free(state);
}

#ifdef BENCH_HAS_ISAL
struct isal {
    struct isal_zstream stream;
    uint8_t *level_buffer;
};

/* level + 10 * is_fixed */
static void *isal_begin(int window_bits, int setting)
{
    int level = setting % 10;
    static const uint32_t bytes[] = { ISAL_DEF_LVL0_DEFAULT, ISAL_DEF_LVL1_DEFAULT,
                                      ISAL_DEF_LVL2_DEFAULT, ISAL_DEF_LVL3_DEFAULT };
    struct isal *isal = aligned_alloc(64, (sizeof *isal + 63) / 64 * 64);
    if (!isal)
        abort();
    isal_deflate_init(&isal->stream);
    isal->level_buffer = level ? malloc(bytes[level]) : NULL;
    isal->stream.level = (uint32_t)level;
    isal->stream.level_buf = isal->level_buffer;
    isal->stream.level_buf_size = level ? bytes[level] : 0;
    isal->stream.hist_bits = (uint16_t)window_bits;
    isal->stream.flush = SYNC_FLUSH;
    if (setting / 10)
        isal_deflate_set_hufftables(&isal->stream, NULL, IGZIP_HUFFTABLE_STATIC);
    return isal;
}

static size_t isal_pack(void *state, const uint8_t *message, size_t count)
{
    struct isal_zstream *stream = &((struct isal *)state)->stream;
    stream->next_in = (uint8_t *)(uintptr_t)message;
    stream->avail_in = (uint32_t)count;
    stream->next_out = packed;
    stream->avail_out = sizeof packed;
    isal_deflate(stream);
    assert(stream->avail_in == 0 && stream->avail_out > 0);
    return sizeof packed - stream->avail_out;
}

static void isal_reset_state(void *state)
{
    struct isal_zstream *stream = &((struct isal *)state)->stream;
    uint16_t bits = stream->hist_bits;
    isal_deflate_reset(stream);
    stream->hist_bits = bits;
    stream->flush = SYNC_FLUSH;
}

static void isal_end(void *state)
{
    struct isal *isal = state;
    free(isal->level_buffer);
    free(isal);
}
#endif

struct weft {
    struct wf_pool pool;
    struct wf_deflater *deflater;
    int window_bits;
};

static void *weft_begin(int window_bits, int level)
{
    struct weft *weft = calloc(1, sizeof *weft);
    if (!weft)
        abort();
    wf_pool_init(&weft->pool, NULL);
    weft->window_bits = window_bits;
    weft->deflater = wf_deflater_take(&weft->pool, window_bits, level);
    return weft;
}

static size_t weft_pack(void *state, const uint8_t *message, size_t count)
{
    struct weft *weft = state;
    struct wf_block out = { packed, 0, sizeof packed };
    if (!wf_deflater_put(weft->deflater, (struct weft_bytes){ message, count }, &out,
                         sizeof packed - sizeof tail))
        abort();
    memcpy(packed + out.count, tail, sizeof tail);
    return out.count + sizeof tail;
}

static void weft_reset(void *state)
{
    struct weft *weft = state;
    wf_deflater_give(&weft->pool, weft->deflater);
    weft->deflater = wf_deflater_take(&weft->pool, weft->window_bits, 1);
}

static void weft_end(void *state)
{
    struct weft *weft = state;
    wf_deflater_give(&weft->pool, weft->deflater);
    wf_pool_drop(&weft->pool);
    free(weft);
}

#define ZLIB(name, setting)                                                                        \
    {                                                                                              \
        name, zlib_begin, zlib_pack, zlib_reset, zlib_end, setting                                 \
    }
#define ISAL(name, level)                                                                          \
    {                                                                                              \
        name, isal_begin, isal_pack, isal_reset_state, isal_end, level                             \
    }

static const struct engine engines[] = {
    { "weft 1", weft_begin, weft_pack, weft_reset, weft_end, 1 },
    ZLIB("zlib 6, memory 8", 806),
    ZLIB("zlib 6, memory 5", 506),
    ZLIB("zlib 6, memory 3", 306),
    ZLIB("zlib 3, memory 5", 503),
    ZLIB("zlib 1, memory 8", 801),
    ZLIB("zlib 1, memory 5", 501),
    ZLIB("zlib 1, memory 3", 301),
    ZLIB("zlib 1, memory 5, fixed", 501 + 10 * Z_FIXED),
    ZLIB("zlib 6, memory 5, fixed", 506 + 10 * Z_FIXED),
    ZLIB("zlib Huffman only", 501 + 10 * Z_HUFFMAN_ONLY),
#ifdef BENCH_HAS_ISAL
    ISAL("ISA-L 0", 0),
    ISAL("ISA-L 0, fixed", 10),
    ISAL("ISA-L 1", 1),
    ISAL("ISA-L 2", 2),
    ISAL("ISA-L 3", 3),
#endif
};

/* ---- the table ---- */

/* Right or abort: what was packed inflates to the message. */
static void prove(z_stream *inflater, const uint8_t *message, size_t count, size_t packed_count)
{
    assert(packed_count >= sizeof tail &&
           memcmp(packed + packed_count - sizeof tail, tail, sizeof tail) == 0);
    inflater->next_in = packed;
    inflater->avail_in = (uInt)packed_count;
    inflater->next_out = unpacked;
    inflater->avail_out = sizeof unpacked;
    int result = inflate(inflater, Z_SYNC_FLUSH);
    if (result != Z_OK || inflater->avail_in || sizeof unpacked - inflater->avail_out != count ||
        memcmp(unpacked, message, count) != 0) {
        fprintf(stderr, "deflate_engines: a message does not inflate to what it was\n");
        exit(1);
    }
}

static double packed_average(const struct engine *engine, int window_bits, size_t count,
                             bool has_takeover)
{
    z_stream inflater = { 0 };
    inflateInit2(&inflater, -window_bits);
    void *state = engine->begin(window_bits, engine->setting);
    double sum = 0;
    for (size_t i = 0; i < MESSAGES; i++) {
        size_t packed_count = engine->pack(state, messages[i], count);
        prove(&inflater, messages[i], count, packed_count);
        sum += (double)(packed_count - sizeof tail);
        if (!has_takeover) {
            engine->reset(state);
            inflateReset(&inflater);
        }
    }
    engine->end(state);
    inflateEnd(&inflater);
    return sum / MESSAGES;
}

static double best_time(const struct engine *engine, int window_bits, size_t count,
                        bool has_takeover)
{
    double best = 1e9;
    size_t repeats = ROUND_BYTES / count;
    void *state = engine->begin(window_bits, engine->setting);
    for (int round = 0; round < ROUNDS; round++) {
        double start = now();
        for (size_t i = 0; i < repeats; i++) {
            engine->pack(state, messages[i % MESSAGES], count);
            if (!has_takeover)
                engine->reset(state);
        }
        double time = (now() - start) / (double)repeats;
        best = time < best ? time : best;
    }
    engine->end(state);
    return best;
}

static void print_table(size_t count)
{
    static const int windows[] = { 15, 11 };
    printf("\n%zu bytes: microseconds, bytes\n%-26s %6s %16s %16s\n", count, "", "window", "reset",
           "takeover");
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++)
        for (size_t w = 0; w < sizeof windows / sizeof *windows; w++) {
            printf("%-26s %6d", engines[i].name, windows[w]);
            for (int has_takeover = 0; has_takeover < 2; has_takeover++)
                printf(" %8.2f %7.0f", best_time(&engines[i], windows[w], count, has_takeover),
                       packed_average(&engines[i], windows[w], count, has_takeover));
            printf("\n");
        }
}

int main(int argc, char **argv)
{
    const char *sample = argc > 1 ? argv[1] : "json";
    fill(strcmp(sample, "chat") == 0      ? print_chat
         : strcmp(sample, "numbers") == 0 ? print_numbers
                                          : print_json);
    static const size_t counts[] = { 128, 1 << 10, 4 << 10, 16 << 10 };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        print_table(counts[i]);
    return 0;
}

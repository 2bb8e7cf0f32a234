/* What the steps of a message and of an opening take on this machine: nanoseconds each, the best of
 * several rounds. kernels.c has those that go through all bytes of a payload. */
#include "codec/deflate.h"
#include "weft/weft.h"
#include "ws/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 7, JSON_BYTES = 128 << 10, WINDOW_BITS = 15, LEVEL = 1 };
static const double round_s = 0.1;

static void need(bool is_right, const char *what)
{
    if (!is_right) {
        fprintf(stderr, "steps: %s\n", what);
        exit(1);
    }
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double best_ns(void (*step)(void *user), void *user)
{
    double best = 1e30;
    unsigned times = 1;
    for (int round = 0; round < ROUNDS;) {
        double begin = now();
        for (unsigned i = 0; i < times; i++)
            step(user);
        double seconds = now() - begin;
        if (seconds < round_s) {
            times *= 2;
            continue;
        }
        best = seconds / times < best ? seconds / times : best;
        round++;
    }
    return best * 1e9;
}

static void print_step(const char *name, void (*step)(void *user), void *user)
{
    printf("%-34s %10.1f ns\n", name, best_ns(step, user));
}

/* ---- frames ---- */

static void parse_frame(void *user)
{
    struct wf_frame frame;
    enum wf_fault fault;
    need(wf_frame_parse(*(struct weft_bytes *)user, WEFT_SERVER, 0, &frame, &fault) ==
             WF_FRAME_DONE,
         "a frame is broken");
    __asm__ volatile("" ::"m"(frame));
}

static void write_frame(void *user)
{
    uint8_t out[WF_FRAME_HEADER_MAX];
    size_t *bytes = user;
    wf_frame_write(out, WF_OPCODE_BINARY, *bytes, NULL);
    __asm__ volatile("" ::"m"(out));
}

static void print_frames(void)
{
    static const uint8_t head_20[] = { 0x82, 0x94, 1, 2, 3, 4 };
    static const uint8_t head_1k[] = { 0x82, 0xFE, 4, 0, 1, 2, 3, 4 };
    static const uint8_t head_1m[] = { 0x82, 0xFF, 0, 0, 0, 0, 0, 16, 0, 0, 1, 2, 3, 4 };
    struct weft_bytes heads[] = { { head_20, sizeof head_20 },
                                  { head_1k, sizeof head_1k },
                                  { head_1m, sizeof head_1m } };
    size_t bytes[] = { 20, 1 << 10, 1 << 20 };
    print_step("frame: read a header, 20 B", parse_frame, &heads[0]);
    print_step("frame: read a header, 1 KiB", parse_frame, &heads[1]);
    print_step("frame: read a header, 1 MiB", parse_frame, &heads[2]);
    print_step("frame: write a header, 20 B", write_frame, &bytes[0]);
    print_step("frame: write a header, 1 MiB", write_frame, &bytes[2]);
}

/* ---- the handshake, from an engine's beginning to its end ---- */

static void shake_hands(void *user)
{
    static const struct weft_engine_accept yes;
    struct weft_engine_options options = { .side = WEFT_SERVER };
    struct weft_text request = *(struct weft_text *)user;
    char copy[1024]; /* What an engine is fed may be changed. */
    memcpy(copy, request.data, request.count);
    weft_engine *engine;
    struct weft_engine_event event;
    struct weft_bytes spans[8];
    need(!weft_engine_create(&options, &engine), "no memory");
    need(!weft_engine_feed(engine, (struct weft_buffer){ (uint8_t *)copy, request.count }), "feed");
    need(weft_engine_next(engine, &event) == WEFT_EVENT_REQUEST, "no request");
    need(!weft_engine_accept(engine, &yes), "it was not accepted");
    need(weft_engine_output(engine, spans, 8) > 0, "no answer");
    weft_engine_sent(engine, (size_t)weft_engine_output_bytes(engine));
    need(weft_engine_next(engine, &event) == WEFT_EVENT_OPEN, "it is not open");
    weft_engine_destroy(engine);
}

static void print_handshakes(void)
{
#define REQUEST                                                                                    \
    "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"     \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    static const char bare[] = REQUEST "\r\n";
    static const char browser[] = REQUEST
        "Pragma: no-cache\r\nCache-Control: no-cache\r\nOrigin: https://example.com\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
        "Accept: */*\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n"
        "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\nDNT: 1\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
    struct weft_text requests[] = { { bare, sizeof bare - 1 }, { browser, sizeof browser - 1 } };
    print_step("handshake: the least", shake_hands, &requests[0]);
    print_step("handshake: as of a browser", shake_hands, &requests[1]);
}

/* ---- deflate ---- */

struct packing {
    struct wf_pool pool;
    struct weft_bytes plain;
    struct wf_block packed, out;
};

static void deflate(void *user)
{
    struct packing *packing = user;
    struct wf_deflater *deflater = wf_deflater_take(&packing->pool, WINDOW_BITS, LEVEL);
    packing->packed.count = 0;
    need(deflater && wf_deflater_put(deflater, packing->plain, &packing->packed, SIZE_MAX / 2),
         "deflate");
    wf_deflater_give(&packing->pool, deflater);
}

static void inflate(void *user)
{
    struct packing *packing = user;
    struct wf_inflater *inflater = wf_inflater_take(&packing->pool, WINDOW_BITS);
    struct weft_bytes packed = { packing->packed.data, packing->packed.count };
    packing->out.count = 0;
    need(inflater &&
             wf_inflater_put(inflater, packed, &packing->out, SIZE_MAX / 2) == WF_INFLATE_DONE &&
             wf_inflater_end(inflater, &packing->out, SIZE_MAX / 2) == WF_INFLATE_DONE,
         "inflate");
    wf_inflater_give(&packing->pool, inflater);
}

/* Records that differ, so that not all of it is found in what went before. */
static void fill_json(char *text, size_t bytes)
{
    uint32_t random = 1;
    for (size_t at = 0; at < bytes;) {
        random = random * 1664525 + 1013904223;
        int count = snprintf(
            text + at, bytes - at, "{\"id\":%u,\"user\":\"user%u\",\"price\":%u.%02u,\"open\":%s},",
            random >> 8, random >> 22, random >> 20, random % 100, random >> 31 ? "true" : "false");
        at += (size_t)count;
    }
}

static void print_deflate(size_t bytes, const char *text)
{
    struct packing packing = { .plain = { (const uint8_t *)text, bytes } };
    char name[64];
    wf_pool_init(&packing.pool, NULL);
    snprintf(name, sizeof name, "deflate: level %d, %zu KiB of JSON", LEVEL, bytes >> 10);
    print_step(name, deflate, &packing);
    snprintf(name, sizeof name, "inflate: %zu KiB of JSON from %zu B", bytes >> 10,
             packing.packed.count);
    print_step(name, inflate, &packing);
    need(packing.out.count == bytes && memcmp(packing.out.data, text, bytes) == 0, "inflate");
    wf_block_drop(&packing.packed, &packing.pool);
    wf_block_drop(&packing.out, &packing.pool);
    wf_pool_drop(&packing.pool);
}

/* ---- deflate with takeover: a long row of messages that differ ---- */

enum { ROW_MESSAGE_BYTES = 1 << 10, ROW_COUNT = JSON_BYTES / ROW_MESSAGE_BYTES };

/* Of four windows, so that what comes again in the next round is out of reach, and what lies before
 * each message is the same in all rounds but the first. */
struct row {
    struct wf_pool pool;
    const char *text;
    struct wf_deflater *deflater;
    struct wf_inflater *inflater;
    struct wf_block packed[ROW_COUNT], out;
    size_t next;
};

static void deflate_next(void *user)
{
    struct row *row = user;
    struct wf_block *packed = &row->packed[row->next];
    struct weft_bytes plain = { (const uint8_t *)row->text + row->next * ROW_MESSAGE_BYTES,
                                ROW_MESSAGE_BYTES };
    packed->count = 0;
    need(wf_deflater_put(row->deflater, plain, packed, SIZE_MAX / 2), "deflate");
    row->next = (row->next + 1) % ROW_COUNT;
}

static void inflate_next(void *user)
{
    struct row *row = user;
    struct weft_bytes packed = { row->packed[row->next].data, row->packed[row->next].count };
    row->out.count = 0;
    need(wf_inflater_put(row->inflater, packed, &row->out, SIZE_MAX / 2) == WF_INFLATE_DONE &&
             wf_inflater_end(row->inflater, &row->out, SIZE_MAX / 2) == WF_INFLATE_DONE,
         "inflate");
    row->next = (row->next + 1) % ROW_COUNT;
}

static void print_row(const char *text)
{
    static struct row row;
    char name[64];
    size_t packed_bytes = 0;
    wf_pool_init(&row.pool, NULL);
    row.text = text;
    row.deflater = wf_deflater_take(&row.pool, WINDOW_BITS, LEVEL);
    row.inflater = wf_inflater_take(&row.pool, WINDOW_BITS);
    need(row.deflater && row.inflater, "no memory");
    for (int i = 0; i < ROW_COUNT; i++)
        deflate_next(&row);
    for (int i = 0; i < ROW_COUNT; i++)
        inflate_next(&row);
    print_step("deflate: takeover, 1 KiB of JSON", deflate_next, &row);
    while (row.next != 0)
        deflate_next(&row);
    for (int i = 0; i < ROW_COUNT; i++) {
        deflate_next(&row);
        packed_bytes += row.packed[i].count;
    }
    snprintf(name, sizeof name, "inflate: takeover, from %zu B", packed_bytes / ROW_COUNT);
    print_step(name, inflate_next, &row);
    const char *last = text + (row.next + ROW_COUNT - 1) % ROW_COUNT * ROW_MESSAGE_BYTES;
    need(row.out.count == ROW_MESSAGE_BYTES && memcmp(row.out.data, last, row.out.count) == 0,
         "inflate");
    for (int i = 0; i < ROW_COUNT; i++)
        wf_block_drop(&row.packed[i], &row.pool);
    wf_block_drop(&row.out, &row.pool);
    wf_deflater_give(&row.pool, row.deflater);
    wf_inflater_give(&row.pool, row.inflater);
    wf_pool_drop(&row.pool);
}

int main(void)
{
    static char json[JSON_BYTES + 1];
    fill_json(json, sizeof json);
    print_frames();
    print_handshakes();
    print_deflate(1 << 10, json);
    print_deflate(16 << 10, json);
    print_row(json);
    return 0;
}

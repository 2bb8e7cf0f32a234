#include "common/cycle.h"

#include "common/measured.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    CYCLE_BYTES = 4 * CYCLE_WINDOW_BYTES,
    COUNT_MIN = 16,
    HEAD_BYTES_MAX = 10,
    MASK_BYTES = 4,
    FLUSH_TAIL_BYTES = 4, /* RFC 7692 7.2.1: not sent. */
    LEVEL = 6,            /* As zlib's own default. */
};

static void *need(void *memory)
{
    if (!memory)
        measured_die("no memory");
    return memory;
}

_Noreturn static void refuse(const char *why)
{
    errno = 0;
    measured_die(why);
}

/* ---- messages ---- */

static uint32_t draw(uint32_t below)
{
    static uint32_t seed = 20261101;
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static int print_record(char *out, size_t room)
{
    static const char *const towns[] = { "Köln", "Lyon", "Kraków", "Malmö", "Porto", "Gdańsk" };
    static const char *const states[] = { "open", "filled", "cancelled", "partly filled" };
    return snprintf(out, room,
                    "{\"id\":%u,\"user\":\"u%05u\",\"town\":\"%s\",\"price\":%u.%02u,\"count\":%u,"
                    "\"state\":\"%s\",\"at\":17%08u},",
                    draw(10000000), draw(100000), towns[draw(6)], draw(2000), draw(100), draw(500),
                    states[draw(4)], draw(100000000));
}

/* As many records as fit, and blanks behind them. */
static void write_message(const struct cycle *cycle, uint8_t *message)
{
    char record[256];
    size_t at = 1;
    for (;;) {
        size_t bytes = (size_t)print_record(record, sizeof record);
        if (at + bytes > cycle->message_bytes)
            break;
        memcpy(message + at, record, bytes);
        at += bytes;
    }
    message[0] = '[';
    if (at > 1)
        at--; /* The last comma. */
    memset(message + at, ' ', cycle->message_bytes - at);
    message[cycle->message_bytes - 1] = ']';
}

/* ---- frames ---- */

static void put_frame(struct cycle_frame *frame, const uint8_t *packed, size_t bytes)
{
    static const uint8_t mask[MASK_BYTES] = { 0x37, 0xFA, 0x21, 0x3D };
    size_t length_bytes = bytes < 126 ? 0 : bytes < 65536 ? 2 : 8;
    uint8_t *at = frame->data = need(malloc(HEAD_BYTES_MAX + MASK_BYTES + bytes));
    *at++ = 0xC1; /* FIN, RSV1, text. */
    *at++ = (uint8_t)(0x80 | (length_bytes == 0 ? bytes : length_bytes == 2 ? 126 : 127));
    for (size_t i = length_bytes; i-- > 0;)
        *at++ = (uint8_t)((uint64_t)bytes >> (8 * i));
    memcpy(at, mask, MASK_BYTES);
    at += MASK_BYTES;
    for (size_t i = 0; i < bytes; i++)
        at[i] = packed[i] ^ mask[i % MASK_BYTES];
    frame->bytes = (size_t)(at - frame->data) + bytes;
}

static size_t pack(const struct cycle *cycle, z_stream *deflater, const uint8_t *message,
                   uint8_t *packed, size_t room)
{
    deflater->next_in = (uint8_t *)(uintptr_t)message;
    deflater->avail_in = (uInt)cycle->message_bytes;
    deflater->next_out = packed;
    deflater->avail_out = (uInt)room;
    if (deflate(deflater, Z_SYNC_FLUSH) != Z_OK || deflater->avail_out == 0)
        refuse("zlib does not compress");
    return room - deflater->avail_out - FLUSH_TAIL_BYTES;
}

void cycle_make(struct cycle *cycle, size_t message_bytes)
{
    size_t room = message_bytes + message_bytes / 8 + 512;
    uint8_t *packed = need(malloc(room));
    z_stream deflater = { 0 };
    cycle->message_bytes = message_bytes;
    cycle->count = CYCLE_BYTES / message_bytes + 1;
    if (cycle->count < COUNT_MIN)
        cycle->count = COUNT_MIN;
    cycle->messages = need(calloc(cycle->count, sizeof *cycle->messages));
    cycle->alone = need(calloc(cycle->count, sizeof *cycle->alone));
    cycle->behind = need(calloc(cycle->count, sizeof *cycle->behind));
    if (deflateInit2(&deflater, LEVEL, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        refuse("zlib does not begin");
    for (size_t i = 0; i < cycle->count; i++) {
        cycle->messages[i] = need(malloc(message_bytes));
        write_message(cycle, cycle->messages[i]);
        deflateReset(&deflater);
        put_frame(&cycle->alone[i], packed,
                  pack(cycle, &deflater, cycle->messages[i], packed, room));
    }
    /* Once through, so that the window is full; and what comes out the second time is kept. */
    deflateReset(&deflater);
    for (size_t i = 0; i < 2 * cycle->count; i++) {
        size_t bytes = pack(cycle, &deflater, cycle->messages[i % cycle->count], packed, room);
        if (i >= cycle->count)
            put_frame(&cycle->behind[i - cycle->count], packed, bytes);
    }
    deflateEnd(&deflater);
    free(packed);
}

#include "conformance/wire.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH_16 = 126, LENGTH_64 = 127, MASK_BIT = 0x80 };

void octets_add(struct octets *octets, const void *data, size_t count)
{
    if (octets->room - octets->count < count) {
        octets->room = 2 * (octets->room + count);
        octets->data = realloc(octets->data, octets->room);
        assert_non_null(octets->data);
    }
    if (count)
        memcpy(octets->data + octets->count, data, count);
    octets->count += count;
}

void octets_free(struct octets *octets)
{
    free(octets->data);
    *octets = (struct octets){ 0 };
}

/* ---- payloads ---- */

/* Another octet at each place of a block, so that nothing that was swapped or cut passes; for text
 * it is ASCII. */
static uint8_t pattern(uint8_t first, size_t at)
{
    bool is_binary = (first & 0x0F) == OPCODE_BINARY;
    return is_binary ? (uint8_t)(at % 251) : (uint8_t)(' ' + at % 89);
}

static void add_pattern(struct octets *octets, uint8_t first, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        uint8_t octet = pattern(first, at);
        octets_add(octets, &octet, 1);
    }
}

static void add_number(struct octets *octets, uint64_t number, int bytes)
{
    while (bytes-- > 0) {
        uint8_t octet = (uint8_t)(number >> (8 * bytes));
        octets_add(octets, &octet, 1);
    }
}

void wire_add_payload(struct octets *octets, const struct piece *piece)
{
    if (piece->has_code)
        add_number(octets, piece->code, 2);
    if (piece->filled_bytes)
        add_pattern(octets, piece->first, piece->filled_bytes);
    else
        octets_add(octets, piece->payload.data, piece->payload.count);
}

/* ---- frames ---- */

/* Keys of the test differ from frame to frame and are the same in each run. */
static uint32_t next_key(void)
{
    static uint32_t key = 0x2545F491;
    key ^= key << 13;
    key ^= key >> 17;
    key ^= key << 5;
    return key;
}

static void add_length(struct octets *octets, uint64_t length, enum length_form form,
                       uint8_t mask_bit)
{
    if (form == LENGTH_SHORTEST && length > UINT16_MAX)
        form = LENGTH_IN_64_BITS;
    else if (form == LENGTH_SHORTEST && length >= LENGTH_16)
        form = LENGTH_IN_16_BITS;
    if (form == LENGTH_SHORTEST) {
        add_number(octets, mask_bit | length, 1);
    } else if (form == LENGTH_IN_16_BITS) {
        add_number(octets, mask_bit | LENGTH_16, 1);
        add_number(octets, length, 2);
    } else {
        add_number(octets, mask_bit | LENGTH_64, 1);
        add_number(octets, length, 8);
    }
}

static void add_masked(struct octets *octets, struct weft_bytes payload)
{
    uint8_t key[4];
    uint32_t number = next_key();
    memcpy(key, &number, sizeof key);
    octets_add(octets, key, sizeof key);
    for (size_t at = 0; at < payload.count; at++) {
        uint8_t octet = payload.data[at] ^ key[at % 4];
        octets_add(octets, &octet, 1);
    }
}

static void add_frame(struct octets *octets, uint8_t first, struct weft_bytes payload,
                      const struct piece *piece, enum weft_side sender)
{
    bool is_masked = (sender == WEFT_CLIENT) != piece->is_masked_wrongly;
    uint64_t length = piece->announced_bytes ? piece->announced_bytes : payload.count;
    add_number(octets, first, 1);
    add_length(octets, length, piece->form, is_masked ? MASK_BIT : 0);
    if (is_masked)
        add_masked(octets, payload);
    else
        octets_add(octets, payload.data, payload.count);
}

static void add_parts(struct octets *octets, struct weft_bytes payload, const struct piece *piece,
                      enum weft_side sender)
{
    uint8_t opcode = piece->first & 0x0F;
    size_t at = 0;
    do {
        size_t left = payload.count - at;
        size_t count = left < piece->part_bytes ? left : piece->part_bytes;
        uint8_t fin = at + count == payload.count ? FIN : 0;
        add_frame(octets, fin | opcode, (struct weft_bytes){ payload.data + at, count }, piece,
                  sender);
        opcode = OPCODE_CONTINUATION;
        at += count;
    } while (at < payload.count);
}

void wire_add(struct octets *octets, const struct piece *piece, enum weft_side sender)
{
    struct octets payload = { 0 };
    wire_add_payload(&payload, piece);
    struct weft_bytes span = { payload.data, payload.count };
    if (piece->is_raw)
        octets_add(octets, span.data, span.count);
    else if (piece->part_bytes)
        add_parts(octets, span, piece, sender);
    else
        add_frame(octets, piece->first, span, piece, sender);
    octets_free(&payload);
}

void wire_add_all(struct octets *octets, struct pieces pieces, enum weft_side sender)
{
    for (size_t i = 0; i < pieces.count; i++)
        wire_add(octets, &pieces.items[i], sender);
}

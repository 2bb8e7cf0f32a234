/* Masking of payloads (RFC 6455 5.3): exclusive-or with a key of four bytes. Masking twice is
 * unmasking. */
#ifndef WF_CODEC_MASK_H
#define WF_CODEC_MASK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Below this a call and a choice of kernel cost more than they save. */
enum { WF_MASK_SHORT_MAX = 64 };

/* For wf_mask() and wf_mask_copy(): `key` is turned, the kernel is chosen at run time. */
void wf_mask_run(uint8_t *target, const uint8_t *source, size_t count, uint32_t key);

/* The key as it stands for a payload of which `offset` bytes are done. */
static inline uint32_t wf_mask_turn(uint32_t key, size_t offset)
{
    unsigned shift = (unsigned)(offset & 3) * 8;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return shift ? key >> shift | key << (32 - shift) : key;
#else
    return shift ? key << shift | key >> (32 - shift) : key;
#endif
}

/* Eight bytes at a time; `key` is turned. */
static inline void wf_mask_words(uint8_t *target, const uint8_t *source, size_t count, uint32_t key)
{
    uint64_t wide = (uint64_t)key << 32 | key;
    for (; count >= 8; count -= 8, target += 8, source += 8) {
        uint64_t word;
        memcpy(&word, source, 8);
        word ^= wide;
        memcpy(target, &word, 8);
    }
    if (count & 4) {
        uint32_t word;
        memcpy(&word, source, 4);
        word ^= key;
        memcpy(target, &word, 4);
        target += 4;
        source += 4;
    }
    uint8_t bytes[4];
    memcpy(bytes, &key, 4);
    switch (count & 3) {
    case 3:
        target[2] = source[2] ^ bytes[2];
        __attribute__((fallthrough));
    case 2:
        target[1] = source[1] ^ bytes[1];
        __attribute__((fallthrough));
    case 1:
        target[0] = source[0] ^ bytes[0];
        break;
    default:
        break;
    }
}

/* A few bytes, at most WF_MASK_SHORT_MAX, without a loop: the ends overlap each other, and all is
 * read before anything is written. The first bytes are written last, so that who reads the result
 * at once from its begin on, sixteen bytes at a time, finds each in one store. `key` is turned. */
static inline void wf_mask_short(uint8_t *target, const uint8_t *source, size_t count, uint32_t key)
{
    typedef uint32_t wide __attribute__((vector_size(16)));
    if (count < 16) {
        wf_mask_words(target, source, count, key);
        return;
    }
    uint32_t key_last = wf_mask_turn(key, count); /* 16 and 32 bytes before the end as well. */
    wide first, last, second, third;
    memcpy(&first, source, 16);
    memcpy(&last, source + count - 16, 16);
    first ^= key;
    last ^= key_last;
    if (count > 32) {
        memcpy(&second, source + 16, 16);
        memcpy(&third, source + count - 32, 16);
        second ^= key;
        third ^= key_last;
        memcpy(target + count - 16, &last, 16);
        memcpy(target + count - 32, &third, 16);
        memcpy(target + 16, &second, 16);
    } else {
        memcpy(target + count - 16, &last, 16);
    }
    memcpy(target, &first, 16);
}

/* Masks `count` bytes of `source` into `target`: the same place, or memory that does not overlap.
 *
 * key     the four bytes of the frame, loaded with memcpy().
 * offset  bytes of this payload that were masked before, for resuming. */
static inline void wf_mask_copy(uint8_t *target, const uint8_t *source, size_t count, uint32_t key,
                                size_t offset)
{
    key = wf_mask_turn(key, offset);
    if (count <= WF_MASK_SHORT_MAX)
        wf_mask_short(target, source, count, key);
    else
        wf_mask_run(target, source, count, key);
}

/* The same in place. */
static inline void wf_mask(uint8_t *data, size_t count, uint32_t key, size_t offset)
{
    wf_mask_copy(data, data, count, key, offset);
}

#endif

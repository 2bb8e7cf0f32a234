#include "codec/sha1.h"

#include "codec/cpu.h"
#include "codec/sha1_kernels.h"

#include <stdatomic.h>
#include <string.h>

static uint32_t rotate(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32 - bits);
}

static uint32_t load_big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void store_big_endian(uint8_t *bytes, uint32_t word)
{
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(word >> (24 - 8 * i));
}

/* The function and constant of a round, RFC 3174 5. */
static uint32_t round_term(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
    if (t < 20)
        return ((b & c) | (~b & d)) + 0x5A827999;
    if (t < 40)
        return (b ^ c ^ d) + 0x6ED9EBA1;
    if (t < 60)
        return ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC;
    return (b ^ c ^ d) + 0xCA62C1D6;
}

static void compress_block(uint32_t state[5], const uint8_t *block)
{
    uint32_t w[80];
    for (unsigned t = 0; t < 16; t++)
        w[t] = load_big_endian(block + 4 * t);
    for (unsigned t = 16; t < 80; t++)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);

    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (unsigned t = 0; t < 80; t++) {
        uint32_t next = rotate(a, 5) + round_term(t, b, c, d) + e + w[t];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

static void compress_portable(uint32_t state[5], const uint8_t *blocks, size_t block_count)
{
    for (; block_count > 0; block_count--, blocks += 64)
        compress_block(state, blocks);
}

const struct wf_sha1_kernel wf_sha1_kernels[] = {
#if defined(__x86_64__)
    { "sha-ni", wf_cpu_has_sha, wf_sha1_ni },
#endif
    { "portable", wf_cpu_has_any, compress_portable },
};
const size_t wf_sha1_kernel_count = sizeof wf_sha1_kernels / sizeof *wf_sha1_kernels;

void wf_sha1_with(const struct wf_sha1_kernel *kernel, const void *data, size_t count,
                  uint8_t out[20])
{
    uint32_t state[5] = { 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0 };
    const uint8_t *bytes = data;
    size_t whole = count / 64;
    kernel->run(state, bytes, whole);

    /* RFC 3174 4: a one bit, zeros, and the length in bits as 64 bits. */
    uint8_t tail[128] = { 0 };
    size_t rest = count % 64;
    if (rest)
        memcpy(tail, bytes + 64 * whole, rest);
    tail[rest] = 0x80;
    size_t tail_bytes = rest < 56 ? 64 : 128;
    uint64_t bits = (uint64_t)count * 8;
    store_big_endian(tail + tail_bytes - 8, (uint32_t)(bits >> 32));
    store_big_endian(tail + tail_bytes - 4, (uint32_t)bits);
    kernel->run(state, tail, tail_bytes / 64);

    for (unsigned i = 0; i < 5; i++)
        store_big_endian(out + 4 * i, state[i]);
}

/* Two threads may choose at once: both find the same kernel. */
static const struct wf_sha1_kernel *best_kernel(void)
{
    static _Atomic(const struct wf_sha1_kernel *) chosen;
    const struct wf_sha1_kernel *kernel = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (kernel)
        return kernel;
    kernel = wf_sha1_kernels;
    while (!kernel->is_supported())
        kernel++;
    atomic_store_explicit(&chosen, kernel, memory_order_relaxed);
    return kernel;
}

void wf_sha1(const void *data, size_t count, uint8_t out[WF_SHA1_BYTES])
{
    wf_sha1_with(best_kernel(), data, count, out);
}

#include "codec/mask.h"
#include "codec/mask_kernels.h"

#if defined(__x86_64__)

#    include <immintrin.h>

#    define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i load_masked(const uint8_t *source, __m256i wide)
{
    return _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(const void *)source), wide);
}

AVX2 static inline void store(uint8_t *target, __m256i bytes)
{
    _mm256_storeu_si256((__m256i *)(void *)target, bytes);
}

AVX2 void wf_mask_avx2(uint8_t *target, const uint8_t *source, size_t count, uint32_t key)
{
    if (count < 32) {
        wf_mask_words(target, source, count, key);
        return;
    }
    /* The ends overlap the blocks between them: they are read before and written behind all others.
     * The blocks are aligned, because stores that cross cache lines halve the speed of long runs.
     */
    __m256i first = load_masked(source, _mm256_set1_epi32((int)key));
    __m256i last =
        load_masked(source + count - 32, _mm256_set1_epi32((int)wf_mask_turn(key, count)));
    size_t at = 32 - ((uintptr_t)target & 31);
    __m256i wide = _mm256_set1_epi32((int)wf_mask_turn(key, at));
    for (; count - at >= 128; at += 128) {
        store(target + at, load_masked(source + at, wide));
        store(target + at + 32, load_masked(source + at + 32, wide));
        store(target + at + 64, load_masked(source + at + 64, wide));
        store(target + at + 96, load_masked(source + at + 96, wide));
    }
    for (; count - at >= 32; at += 32)
        store(target + at, load_masked(source + at, wide));
    store(target, first);
    store(target + count - 32, last);
}

#endif

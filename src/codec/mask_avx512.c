#include "codec/mask.h"
#include "codec/mask_kernels.h"

#if defined(__x86_64__)

#    include <immintrin.h>

#    define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,bmi2")))

AVX512 static inline __m512i load_masked(const uint8_t *source, __m512i wide)
{
    return _mm512_xor_si512(_mm512_loadu_si512(source), wide);
}

AVX512 static inline void mask_64(uint8_t *target, const uint8_t *source, __m512i wide)
{
    _mm512_storeu_si512(target, load_masked(source, wide));
}

/* Fewer than 64 bytes. */
AVX512 static inline void mask_part(uint8_t *target, const uint8_t *source, size_t count,
                                    __m512i wide)
{
    __mmask64 lanes = _bzhi_u64(UINT64_MAX, (unsigned)count);
    __m512i bytes = _mm512_maskz_loadu_epi8(lanes, source);
    _mm512_mask_storeu_epi8(target, lanes, _mm512_xor_si512(bytes, wide));
}

AVX512 void wf_mask_avx512(uint8_t *target, const uint8_t *source, size_t count, uint32_t key)
{
    __m512i wide = _mm512_set1_epi32((int)key);
    if (count < 64) {
        mask_part(target, source, count, wide);
        return;
    }
    /* The ends overlap the blocks between them: they are read before and written behind all others.
     * The blocks are aligned, because stores that cross cache lines halve the speed of long runs.
     */
    __m512i wide_last = _mm512_set1_epi32((int)wf_mask_turn(key, count));
    __m512i first = load_masked(source, wide);
    __m512i last = load_masked(source + count - 64, wide_last);
    size_t at = 64 - ((uintptr_t)target & 63);
    wide = _mm512_set1_epi32((int)wf_mask_turn(key, at));
    for (; count - at >= 256; at += 256) {
        mask_64(target + at, source + at, wide);
        mask_64(target + at + 64, source + at + 64, wide);
        mask_64(target + at + 128, source + at + 128, wide);
        mask_64(target + at + 192, source + at + 192, wide);
    }
    for (; count - at >= 64; at += 64)
        mask_64(target + at, source + at, wide);
    _mm512_storeu_si512(target, first);
    _mm512_storeu_si512(target + count - 64, last);
}

#endif

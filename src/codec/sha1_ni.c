#include "codec/sha1_kernels.h"

#if defined(__x86_64__)

#    include <immintrin.h>

#    define SHA_NI __attribute__((target("sha,sse4.1,ssse3")))

/* Each of the 20 vectors is four words of the message schedule, the first in the highest lane. */
SHA_NI static inline void schedule(__m128i w[20], const uint8_t *block)
{
    const __m128i big_endian = _mm_set_epi64x(0x0001020304050607, 0x08090A0B0C0D0E0F);
    for (int i = 0; i < 4; i++)
        w[i] =
            _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)block + i), big_endian);
    for (int i = 4; i < 20; i++)
        w[i] = _mm_sha1msg2_epu32(_mm_xor_si128(_mm_sha1msg1_epu32(w[i - 4], w[i - 3]), w[i - 2]),
                                  w[i - 1]);
}

/* Twenty rounds with one function; the instruction wants its number as a constant. `e` is the sum
 * of the fifth word and the next four of the schedule. */
#    define TWENTY_ROUNDS(function)                                                                \
        for (int i = 5 * (function); i < 5 * (function) + 5; i++) {                                \
            __m128i before = abcd;                                                                 \
            abcd = _mm_sha1rnds4_epu32(abcd, e, (function));                                       \
            e = _mm_sha1nexte_epu32(before, i < 19 ? w[i + 1] : e_last);                           \
        }

SHA_NI void wf_sha1_ni(uint32_t state[5], const uint8_t *blocks, size_t block_count)
{
    __m128i abcd_last =
        _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0x1B);
    __m128i e_last = _mm_set_epi32((int)state[4], 0, 0, 0);
    for (; block_count > 0; block_count--, blocks += 64) {
        __m128i w[20];
        schedule(w, blocks);
        __m128i abcd = abcd_last;
        __m128i e = _mm_add_epi32(e_last, w[0]);
        TWENTY_ROUNDS(0)
        TWENTY_ROUNDS(1)
        TWENTY_ROUNDS(2)
        TWENTY_ROUNDS(3)
        abcd_last = _mm_add_epi32(abcd, abcd_last);
        e_last = e;
    }
    _mm_storeu_si128((__m128i *)(void *)state, _mm_shuffle_epi32(abcd_last, 0x1B));
    state[4] = (uint32_t)_mm_extract_epi32(e_last, 3);
}

#endif

#include "codec/utf8_avx512.h"

#include "codec/utf8_kernels.h"

#if defined(__x86_64__)

/* A block whose bytes before are in memory: loads are cheaper than shuffles. */
AVX512 static inline void take_inner(struct state *state, const uint8_t *text)
{
    judge(state, _mm512_loadu_si512(text), _mm512_loadu_si512(text - 1),
          _mm512_loadu_si512(text - 2), _mm512_loadu_si512(text - 3));
}

AVX512 static inline void take_256(struct state *state, const uint8_t *text)
{
    __m512i a = _mm512_loadu_si512(text);
    __m512i b = _mm512_loadu_si512(text + 64);
    __m512i c = _mm512_loadu_si512(text + 128);
    __m512i d = _mm512_loadu_si512(text + 192);
    __m512i all = _mm512_or_si512(_mm512_ternarylogic_epi64(a, b, c, 0xFE), d);
    if (_mm512_movepi8_mask(all) == 0) {
        take_ascii(state, d);
        return;
    }
    take_block(state, a);
    take_inner(state, text + 64);
    take_inner(state, text + 128);
    take_inner(state, text + 192);
    end_with(state, d);
}

AVX512 bool wf_utf8_avx512(const uint8_t *text, size_t count)
{
    struct state state;
    memset(&state, 0, sizeof state);
    for (; count >= 256; count -= 256, text += 256)
        take_256(&state, text);
    for (; count >= 64; count -= 64, text += 64)
        take_64(&state, _mm512_loadu_si512(text));
    if (count) /* The zeros behind it show an unfinished character. */
        take_64(&state, _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, (unsigned)count), text));
    return is_right(&state);
}

#endif

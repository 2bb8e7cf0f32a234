#include "codec/utf8_avx512.h"

#include "codec/mask.h"
#include "codec/utf8_kernels.h"

#if defined(__x86_64__)

AVX512 static inline __m512i wide_of(uint32_t key)
{
    return _mm512_set1_epi32((int)key);
}

/* Some bytes of a block; the others are zeros, which are ASCII. */
AVX512 static inline void take_part(struct state *state, uint8_t *block_at, __mmask64 lanes,
                                    __m512i wide)
{
    __m512i block = _mm512_maskz_loadu_epi8(lanes, block_at);
    block = _mm512_maskz_mov_epi8(lanes, _mm512_xor_si512(block, wide));
    _mm512_mask_storeu_epi8(block_at, lanes, block);
    take_64(state, block);
}

AVX512 static inline void take_whole(struct state *state, uint8_t *text, __m512i wide)
{
    __m512i block = _mm512_xor_si512(_mm512_loadu_si512(text), wide);
    _mm512_storeu_si512(text, block);
    take_64(state, block);
}

/* Everything in registers: what was just written is not read again. */
AVX512 static inline void take_256(struct state *state, uint8_t *text, __m512i wide)
{
    __m512i a = _mm512_xor_si512(_mm512_loadu_si512(text), wide);
    __m512i b = _mm512_xor_si512(_mm512_loadu_si512(text + 64), wide);
    __m512i c = _mm512_xor_si512(_mm512_loadu_si512(text + 128), wide);
    __m512i d = _mm512_xor_si512(_mm512_loadu_si512(text + 192), wide);
    _mm512_storeu_si512(text, a);
    _mm512_storeu_si512(text + 64, b);
    _mm512_storeu_si512(text + 128, c);
    _mm512_storeu_si512(text + 192, d);
    __m512i all = _mm512_or_si512(_mm512_ternarylogic_epi64(a, b, c, 0xFE), d);
    if (_mm512_movepi8_mask(all) == 0) {
        take_ascii(state, d);
        return;
    }
    take_block(state, a);
    state->previous = a;
    take_block(state, b);
    state->previous = b;
    take_block(state, c);
    state->previous = c;
    take_block(state, d);
    end_with(state, d);
}

AVX512 bool wf_utf8_unmask_avx512(uint8_t *text, size_t count, uint32_t key)
{
    struct state state;
    memset(&state, 0, sizeof state);
    __m512i wide = wide_of(key);
    if (count > 64) { /* Stores that cross lines are slow: the first ends where a line ends. */
        size_t skip = (uintptr_t)text & 63;
        wide = wide_of(wf_mask_turn(key, 64 - skip));
        take_part(&state, text - skip, UINT64_MAX << skip, wide);
        text += 64 - skip;
        count -= 64 - skip;
        for (; count >= 256; count -= 256, text += 256)
            take_256(&state, text, wide);
        for (; count >= 64; count -= 64, text += 64)
            take_whole(&state, text, wide);
    }
    if (count)
        take_part(&state, text, _bzhi_u64(UINT64_MAX, (unsigned)count), wide);
    return is_right(&state);
}

#endif

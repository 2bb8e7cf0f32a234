/* The steps of validating 64 bytes at a time with AVX-512, for what validates alone and what
 * unmasks as well. */
#ifndef WF_CODEC_UTF8_AVX512_H
#define WF_CODEC_UTF8_AVX512_H

#include "codec/utf8_tables.h"

#if defined(__x86_64__)

#    include <immintrin.h>
#    include <stdbool.h>
#    include <stdint.h>
#    include <string.h>

#    define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,bmi2")))

struct state {
    __m512i previous;   /* The 64 bytes before. */
    __m512i unfinished; /* Not zero: these end inside a character. */
    __m512i error;      /* Not zero: there was one. */
};

/* Sixteen bytes four times: vpermb looks at the low six bits of an index, of which only four then
 * count, so that a nibble need not be cut out of its surroundings. */
#    define TABLE(...) _mm512_broadcast_i32x4(_mm_setr_epi8(__VA_ARGS__))

/* The tables' bytes are above 127 where TWO_CONTS is set; only their bits count. */
#    pragma GCC diagnostic push
#    pragma GCC diagnostic ignored "-Wconversion"
#    pragma GCC diagnostic ignored "-Woverflow"
#    if defined(__clang__)
#        pragma GCC diagnostic ignored "-Wconstant-conversion"
#    endif

/* The errors that two neighbouring bytes show; TWO_CONTS also where it is none. */
AVX512 static inline __m512i pair_errors(__m512i first, __m512i second)
{
    __m512i a = _mm512_permutexvar_epi8(_mm512_srli_epi16(first, 4), TABLE(WF_UTF8_FIRST_HIGH));
    __m512i b = _mm512_permutexvar_epi8(first, TABLE(WF_UTF8_FIRST_LOW));
    __m512i c = _mm512_permutexvar_epi8(_mm512_srli_epi16(second, 4), TABLE(WF_UTF8_SECOND_HIGH));
    return _mm512_ternarylogic_epi64(a, b, c, 0x80); /* a & b & c */
}

#    pragma GCC diagnostic pop

AVX512 static inline __m512i set1(unsigned byte)
{
    return _mm512_set1_epi8((char)byte);
}

/* A block and the same bytes one, two and three places earlier. */
AVX512 static inline void judge(struct state *state, __m512i block, __m512i before_1,
                                __m512i before_2, __m512i before_3)
{
    /* A third or fourth byte must be the second of two continuations, and nothing else may be. */
    __m512i third = _mm512_subs_epu8(before_2, set1(0xE0 - 0x80));
    __m512i fourth = _mm512_subs_epu8(before_3, set1(0xF0 - 0x80));
    __m512i due = _mm512_or_si512(third, fourth);
    __m512i pairs = pair_errors(before_1, block);
    __m512i wrong =
        _mm512_ternarylogic_epi64(due, set1(0x80), pairs, 0x6A); /* (due & 0x80) ^ pairs */
    state->error = _mm512_or_si512(state->error, wrong);
}

/* A block whose bytes before are in the state. */
AVX512 static inline void take_block(struct state *state, __m512i block)
{
    __m512i lanes = _mm512_alignr_epi64(block, state->previous, 6);
    judge(state, block, _mm512_alignr_epi8(block, lanes, 15), _mm512_alignr_epi8(block, lanes, 14),
          _mm512_alignr_epi8(block, lanes, 13));
}

/* Behind non-ASCII: a byte among the last three that begins a longer character than there is room
 * for. */
AVX512 static inline void end_with(struct state *state, __m512i block)
{
    /* All bytes 255 but the last three: 0xEF, 0xDF, 0xBF. */
    const __m512i max = _mm512_set_epi64((long long)0xBFDFEFFFFFFFFFFF, -1, -1, -1, -1, -1, -1, -1);
    state->unfinished = _mm512_subs_epu8(block, max);
    state->previous = block;
}

AVX512 static inline void take_ascii(struct state *state, __m512i block)
{
    state->error = _mm512_or_si512(state->error, state->unfinished);
    state->unfinished = _mm512_setzero_si512();
    state->previous = block;
}

AVX512 static inline void take_64(struct state *state, __m512i block)
{
    if (_mm512_movepi8_mask(block) == 0) {
        take_ascii(state, block);
        return;
    }
    take_block(state, block);
    end_with(state, block);
}

/* A text has ended. */
AVX512 static inline bool is_right(const struct state *state)
{
    __m512i error = _mm512_or_si512(state->error, state->unfinished);
    return _mm512_test_epi8_mask(error, error) == 0;
}

#endif
#endif

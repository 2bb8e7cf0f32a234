#include "codec/utf8_kernels.h"
#include "codec/utf8_tables.h"

#if defined(__x86_64__)

#    include <immintrin.h>
#    include <string.h>

#    define AVX2 __attribute__((target("avx2")))

struct state {
    __m256i previous;   /* The 32 bytes before. */
    __m256i unfinished; /* Not zero: these end inside a character. */
    __m256i error;      /* Not zero: there was one. */
};

#    define TABLE(...) _mm256_broadcastsi128_si256(_mm_setr_epi8(__VA_ARGS__))

/* The tables' bytes are above 127 where TWO_CONTS is set; only their bits count. */
#    pragma GCC diagnostic push
#    pragma GCC diagnostic ignored "-Wconversion"
#    pragma GCC diagnostic ignored "-Woverflow"
#    if defined(__clang__)
#        pragma GCC diagnostic ignored "-Wconstant-conversion"
#    endif

/* The errors that two neighbouring bytes show; TWO_CONTS also where it is none. */
AVX2 static inline __m256i pair_errors(__m256i first, __m256i second)
{
    const __m256i nibble = _mm256_set1_epi8(0x0F);
    __m256i first_high = _mm256_and_si256(_mm256_srli_epi16(first, 4), nibble);
    __m256i second_high = _mm256_and_si256(_mm256_srli_epi16(second, 4), nibble);
    __m256i a = _mm256_shuffle_epi8(TABLE(WF_UTF8_FIRST_HIGH), first_high);
    __m256i b = _mm256_shuffle_epi8(TABLE(WF_UTF8_FIRST_LOW), _mm256_and_si256(first, nibble));
    __m256i c = _mm256_shuffle_epi8(TABLE(WF_UTF8_SECOND_HIGH), second_high);
    return _mm256_and_si256(_mm256_and_si256(a, b), c);
}

#    pragma GCC diagnostic pop

AVX2 static inline __m256i set1(unsigned byte)
{
    return _mm256_set1_epi8((char)byte);
}

AVX2 static inline void take_block(struct state *state, __m256i block)
{
    __m256i middle = _mm256_permute2x128_si256(state->previous, block, 0x21);
    __m256i before_1 = _mm256_alignr_epi8(block, middle, 15);
    __m256i before_2 = _mm256_alignr_epi8(block, middle, 14);
    __m256i before_3 = _mm256_alignr_epi8(block, middle, 13);

    /* A third or fourth byte must be the second of two continuations, and nothing else may be. */
    __m256i third = _mm256_subs_epu8(before_2, set1(0xE0 - 0x80));
    __m256i fourth = _mm256_subs_epu8(before_3, set1(0xF0 - 0x80));
    __m256i due = _mm256_and_si256(_mm256_or_si256(third, fourth), set1(0x80));
    __m256i wrong = _mm256_xor_si256(due, pair_errors(before_1, block));
    state->error = _mm256_or_si256(state->error, wrong);
    state->previous = block;
}

/* A byte among the last three that begins a longer character than there is room for. */
AVX2 static inline void note_unfinished(struct state *state, __m256i block)
{
    const __m256i max = _mm256_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                         -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                         (char)0xEF, (char)0xDF, (char)0xBF);
    state->unfinished = _mm256_subs_epu8(block, max);
}

AVX2 static inline void take_64(struct state *state, const uint8_t *text)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)text);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(text + 32));
    if (_mm256_movemask_epi8(_mm256_or_si256(low, high)) == 0) {
        state->error = _mm256_or_si256(state->error, state->unfinished);
        state->unfinished = _mm256_setzero_si256();
        state->previous = high;
        return;
    }
    take_block(state, low);
    take_block(state, high);
    note_unfinished(state, high);
}

AVX2 bool wf_utf8_avx2(const uint8_t *text, size_t count)
{
    /* Less than a block would have to be copied first, which takes longer than looking at it. */
    if (count < 32)
        return wf_utf8_portable(text, count);
    struct state state;
    memset(&state, 0, sizeof state);
    for (; count >= 64; count -= 64, text += 64)
        take_64(&state, text);
    if (count) {
        uint8_t rest[64] = { 0 }; /* The zeros behind it show an unfinished character. */
        memcpy(rest, text, count);
        take_64(&state, rest);
    }
    state.error = _mm256_or_si256(state.error, state.unfinished);
    return _mm256_testz_si256(state.error, state.error) != 0;
}

#endif

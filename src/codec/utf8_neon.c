#include "codec/utf8_kernels.h"
#include "codec/utf8_tables.h"

#if defined(__aarch64__)

#    include <arm_neon.h>
#    include <string.h>

static const uint8_t first_high_table[16] = { WF_UTF8_FIRST_HIGH };
static const uint8_t first_low_table[16] = { WF_UTF8_FIRST_LOW };
static const uint8_t second_high_table[16] = { WF_UTF8_SECOND_HIGH };
static const uint8_t last_max[16] = { 255, 255, 255, 255, 255, 255,  255,  255,
                                      255, 255, 255, 255, 255, 0xEF, 0xDF, 0xBF };

struct state {
    uint8x16_t previous;   /* The 16 bytes before. */
    uint8x16_t unfinished; /* Not zero: these end inside a character. */
    uint8x16_t error;      /* Not zero: there was one. */
};

/* The errors that two neighbouring bytes show; TWO_CONTS also where it is none. */
static inline uint8x16_t pair_errors(uint8x16_t first, uint8x16_t second)
{
    uint8x16_t a = vqtbl1q_u8(vld1q_u8(first_high_table), vshrq_n_u8(first, 4));
    uint8x16_t b = vqtbl1q_u8(vld1q_u8(first_low_table), vandq_u8(first, vdupq_n_u8(0x0F)));
    uint8x16_t c = vqtbl1q_u8(vld1q_u8(second_high_table), vshrq_n_u8(second, 4));
    return vandq_u8(vandq_u8(a, b), c);
}

static inline void take_block(struct state *state, uint8x16_t block)
{
    uint8x16_t before_1 = vextq_u8(state->previous, block, 15);
    uint8x16_t before_2 = vextq_u8(state->previous, block, 14);
    uint8x16_t before_3 = vextq_u8(state->previous, block, 13);

    /* A third or fourth byte must be the second of two continuations, and nothing else may be. */
    uint8x16_t third = vcgeq_u8(before_2, vdupq_n_u8(0xE0));
    uint8x16_t fourth = vcgeq_u8(before_3, vdupq_n_u8(0xF0));
    uint8x16_t due = vandq_u8(vorrq_u8(third, fourth), vdupq_n_u8(0x80));
    state->error = vorrq_u8(state->error, veorq_u8(due, pair_errors(before_1, block)));
    state->previous = block;
}

static inline void take_64(struct state *state, const uint8_t *text)
{
    uint8x16_t a = vld1q_u8(text), b = vld1q_u8(text + 16);
    uint8x16_t c = vld1q_u8(text + 32), d = vld1q_u8(text + 48);
    if (vmaxvq_u8(vorrq_u8(vorrq_u8(a, b), vorrq_u8(c, d))) < 0x80) {
        state->error = vorrq_u8(state->error, state->unfinished);
        state->unfinished = vdupq_n_u8(0);
        state->previous = d;
        return;
    }
    take_block(state, a);
    take_block(state, b);
    take_block(state, c);
    take_block(state, d);
    state->unfinished = vqsubq_u8(d, vld1q_u8(last_max));
}

bool wf_utf8_neon(const uint8_t *text, size_t count)
{
    struct state state = { vdupq_n_u8(0), vdupq_n_u8(0), vdupq_n_u8(0) };
    for (; count >= 64; count -= 64, text += 64)
        take_64(&state, text);
    if (count) {
        uint8_t rest[64] = { 0 }; /* The zeros behind it show an unfinished character. */
        memcpy(rest, text, count);
        take_64(&state, rest);
    }
    return vmaxvq_u8(vorrq_u8(state.error, state.unfinished)) == 0;
}

#endif

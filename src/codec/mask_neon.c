#include "codec/mask.h"
#include "codec/mask_kernels.h"

#if defined(__aarch64__)

#    include <arm_neon.h>

void wf_mask_neon(uint8_t *target, const uint8_t *source, size_t count, uint32_t key)
{
    uint8x16_t wide = vreinterpretq_u8_u32(vdupq_n_u32(key));
    for (; count >= 64; count -= 64, target += 64, source += 64) {
        vst1q_u8(target, veorq_u8(vld1q_u8(source), wide));
        vst1q_u8(target + 16, veorq_u8(vld1q_u8(source + 16), wide));
        vst1q_u8(target + 32, veorq_u8(vld1q_u8(source + 32), wide));
        vst1q_u8(target + 48, veorq_u8(vld1q_u8(source + 48), wide));
    }
    for (; count >= 16; count -= 16, target += 16, source += 16)
        vst1q_u8(target, veorq_u8(vld1q_u8(source), wide));
    wf_mask_words(target, source, count, key);
}

#endif

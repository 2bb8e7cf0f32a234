/* The variants of masking, for mask.c, their tests and the bench. */
#ifndef WF_CODEC_MASK_KERNELS_H
#define WF_CODEC_MASK_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* target == source, or no overlap; any count, any alignment; the key is turned. */
typedef void wf_mask_kernel_run(uint8_t *target, const uint8_t *source, size_t count, uint32_t key);

struct wf_mask_kernel {
    const char *name;
    bool (*is_supported)(void); /* By this processor. */
    wf_mask_kernel_run *run;
};

/* Best first. The last is portable. */
extern const struct wf_mask_kernel wf_mask_kernels[];
extern const size_t wf_mask_kernel_count;

#if defined(__x86_64__)
wf_mask_kernel_run wf_mask_avx2, wf_mask_avx512;
#elif defined(__aarch64__)
wf_mask_kernel_run wf_mask_neon;
#endif

#endif

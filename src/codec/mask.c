#include "codec/mask.h"

#include "codec/cpu.h"
#include "codec/mask_kernels.h"

#include <stdatomic.h>

static void mask_portable(uint8_t *target, const uint8_t *source, size_t count, uint32_t key)
{
    wf_mask_words(target, source, count, key);
}

const struct wf_mask_kernel wf_mask_kernels[] = {
#if defined(__x86_64__)
    { "avx512", wf_cpu_has_avx512, wf_mask_avx512 },
    { "avx2", wf_cpu_has_avx2, wf_mask_avx2 },
#elif defined(__aarch64__)
    { "neon", wf_cpu_has_any, wf_mask_neon },
#endif
    { "portable", wf_cpu_has_any, mask_portable },
};
const size_t wf_mask_kernel_count = sizeof wf_mask_kernels / sizeof *wf_mask_kernels;

static wf_mask_kernel_run choose_and_run;
static _Atomic(wf_mask_kernel_run *) chosen = choose_and_run;

/* Stands in the place of the kernel until the first call. Two threads may come here at once: both
 * find the same kernel. */
static void choose_and_run(uint8_t *target, const uint8_t *source, size_t count, uint32_t key)
{
    const struct wf_mask_kernel *kernel = wf_mask_kernels;
    while (!kernel->is_supported())
        kernel++;
    atomic_store_explicit(&chosen, kernel->run, memory_order_relaxed);
    kernel->run(target, source, count, key);
}

void wf_mask_run(uint8_t *target, const uint8_t *source, size_t count, uint32_t key)
{
    atomic_load_explicit(&chosen, memory_order_relaxed)(target, source, count, key);
}

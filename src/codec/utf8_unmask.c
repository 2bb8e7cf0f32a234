#include "codec/utf8_unmask.h"

#include "codec/cpu.h"
#include "codec/utf8_kernels.h"

#include <stdatomic.h>

static bool unmask_and_validate(uint8_t *text, size_t count, uint32_t key)
{
    wf_mask(text, count, key, 0);
    return wf_utf8_is_valid(text, count);
}

/* With AVX2 one pass is no faster than two. */
const struct wf_utf8_unmask_kernel wf_utf8_unmask_kernels[] = {
#if defined(__x86_64__)
    { "avx512", wf_cpu_has_avx512_vbmi, wf_utf8_unmask_avx512 },
#endif
    { "two passes", wf_cpu_has_any, unmask_and_validate },
};
const size_t wf_utf8_unmask_kernel_count =
    sizeof wf_utf8_unmask_kernels / sizeof *wf_utf8_unmask_kernels;

static wf_utf8_unmask_run choose_and_run;
static _Atomic(wf_utf8_unmask_run *) chosen = choose_and_run;

/* Stands in the place of the kernel until the first call. Two threads may come here at once: both
 * find the same kernel. */
static bool choose_and_run(uint8_t *text, size_t count, uint32_t key)
{
    const struct wf_utf8_unmask_kernel *kernel = wf_utf8_unmask_kernels;
    while (!kernel->is_supported())
        kernel++;
    atomic_store_explicit(&chosen, kernel->run, memory_order_relaxed);
    return kernel->run(text, count, key);
}

bool wf_utf8_unmask(uint8_t *text, size_t count, uint32_t key)
{
    return atomic_load_explicit(&chosen, memory_order_relaxed)(text, count, key);
}

/* At the end or begin of a piece, where characters are cut. */
static bool feed_bytes(struct wf_utf8 *utf8, uint8_t *bytes, size_t count, uint32_t key)
{
    wf_mask(bytes, count, key, 0);
    return wf_utf8_feed(utf8, bytes, count);
}

bool wf_utf8_unmask_feed(struct wf_utf8 *utf8, uint8_t *bytes, size_t count, uint32_t key,
                         size_t offset)
{
    enum { CUT_BYTES_MAX = 3 };
    key = wf_mask_turn(key, offset);
    size_t first = utf8->missing < count ? utf8->missing : count;
    if (utf8->is_broken || !feed_bytes(utf8, bytes, first, key))
        return false;

    uint8_t last[CUT_BYTES_MAX];
    size_t last_count = count - first < sizeof last ? count - first : sizeof last;
    wf_mask_copy(last, bytes + count - last_count, last_count, key, count - last_count);
    size_t end = count - wf_utf8_unfinished(last, last_count);
    utf8->is_broken = !wf_utf8_unmask(bytes + first, end - first, wf_mask_turn(key, first));
    return !utf8->is_broken && feed_bytes(utf8, bytes + end, count - end, wf_mask_turn(key, end));
}

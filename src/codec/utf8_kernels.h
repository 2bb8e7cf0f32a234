/* The variants of UTF-8 validation, for utf8.c, their tests and the bench. */
#ifndef WF_CODEC_UTF8_KERNELS_H
#define WF_CODEC_UTF8_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a whole text is UTF-8. Any count, any alignment. Reads nothing outside it. */
typedef bool wf_utf8_kernel_run(const uint8_t *text, size_t count);

struct wf_utf8_kernel {
    const char *name;
    bool (*is_supported)(void); /* By this processor. */
    wf_utf8_kernel_run *run;
};

/* Best first. The last is portable. */
extern const struct wf_utf8_kernel wf_utf8_kernels[];
extern const size_t wf_utf8_kernel_count;

wf_utf8_kernel_run wf_utf8_portable;
#if defined(__x86_64__)
wf_utf8_kernel_run wf_utf8_avx2, wf_utf8_avx512;
#elif defined(__aarch64__)
wf_utf8_kernel_run wf_utf8_neon;
#endif

#endif

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

/* The same of what unmasking in place makes of it; the key is that of the first byte. */
typedef bool wf_utf8_unmask_run(uint8_t *text, size_t count, uint32_t key);

struct wf_utf8_unmask_kernel {
    const char *name;
    bool (*is_supported)(void);
    wf_utf8_unmask_run *run;
};

extern const struct wf_utf8_unmask_kernel wf_utf8_unmask_kernels[];
extern const size_t wf_utf8_unmask_kernel_count;

/* How many bytes at the end begin a character that is not finished there. */
size_t wf_utf8_unfinished(const uint8_t *text, size_t count);

wf_utf8_kernel_run wf_utf8_portable;
#if defined(__x86_64__)
wf_utf8_kernel_run wf_utf8_avx2, wf_utf8_avx512;
wf_utf8_unmask_run wf_utf8_unmask_avx512;
#elif defined(__aarch64__)
wf_utf8_kernel_run wf_utf8_neon;
#endif

#endif

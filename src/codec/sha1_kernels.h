/* The variants of SHA-1's compression, for sha1.c and its tests. */
#ifndef WF_CODEC_SHA1_KERNELS_H
#define WF_CODEC_SHA1_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes `block_count` blocks of 64 bytes into the state. */
typedef void wf_sha1_kernel_run(uint32_t state[5], const uint8_t *blocks, size_t block_count);

struct wf_sha1_kernel {
    const char *name;
    bool (*is_supported)(void); /* By this processor. */
    wf_sha1_kernel_run *run;
};

/* Best first. The last is portable. */
extern const struct wf_sha1_kernel wf_sha1_kernels[];
extern const size_t wf_sha1_kernel_count;

/* wf_sha1() with a kernel of the caller's choice. */
void wf_sha1_with(const struct wf_sha1_kernel *kernel, const void *data, size_t count,
                  uint8_t out[20]);

#if defined(__x86_64__)
wf_sha1_kernel_run wf_sha1_ni;
#endif

#endif

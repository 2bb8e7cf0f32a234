/* What the kernels of the codec do on this machine: GB/s by variant and size, best of several
 * rounds.
 *
 *     cc -O2 -std=gnu17 -D_GNU_SOURCE -Isrc -Iinclude bench/kernels.c src/codec/{mask,utf8,sha1}*.c
 * src/codec/cpu.c
 */
#include "codec/mask.h"
#include "codec/mask_kernels.h"
#include "codec/sha1_kernels.h"
#include "codec/utf8.h"
#include "codec/utf8_kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 5, AREA_BYTES = 1 << 21, ROUND_BYTES = 100 << 20 };

static const size_t sizes[] = { 20, 64, 1 << 10, 16 << 10, 1 << 20 };

typedef void work(const void *kernel, uint8_t *data, size_t count);

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double best_gigabytes(work *run, const void *kernel, uint8_t *data, size_t count)
{
    double best = 0;
    size_t repeats = ROUND_BYTES / (count + 256);
    /* Short runs walk through several places: what was just stored is slow to load in other pieces,
     * and a message was not just stored. */
    size_t places = count <= 1024 ? 16 : 1, stride = count / 64 * 64 + 64;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now();
        for (size_t i = 0; i < repeats; i++) {
            run(kernel, data + i % places * stride, count);
            __asm__ volatile("" ::: "memory");
        }
        double rate = (double)count * (double)repeats / (now() - start) * 1e-9;
        if (rate > best)
            best = rate;
    }
    return best;
}

static void print_row(const char *what, const char *variant, work *run, const void *kernel,
                      uint8_t *data)
{
    printf("%-14s %-10s", what, variant);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        printf(" %8.2f", best_gigabytes(run, kernel, data, sizes[i]));
    printf("\n");
}

static void run_mask(const void *kernel, uint8_t *data, size_t count)
{
    ((const struct wf_mask_kernel *)kernel)->run(data, data, count, 0x3D21FA37);
}

/* What the engine calls: short payloads stay inline. */
static void run_mask_door(const void *kernel, uint8_t *data, size_t count)
{
    (void)kernel;
    wf_mask(data, count, 0x3D21FA37, 0);
}

static void run_utf8(const void *kernel, uint8_t *data, size_t count)
{
    /* Texts are cut inside a character here; the answer does not matter, the work is the same. */
    bool is_valid = ((const struct wf_utf8_kernel *)kernel)->run(data, count);
    __asm__ volatile("" ::"r"(is_valid));
}

/* What a text takes that comes in one frame: unmasking and the check, in one pass or two. The key
 * is zero, so that the text stays. */
static void run_text(const void *kernel, uint8_t *data, size_t count)
{
    static const volatile uint32_t key = 0;
    bool is_valid = ((const struct wf_utf8_unmask_kernel *)kernel)->run(data, count, key);
    __asm__ volatile("" ::"r"(is_valid));
}

static void run_sha1(const void *kernel, uint8_t *data, size_t count)
{
    uint8_t hash[20];
    wf_sha1_with(kernel, data, count, hash);
}

static void fill(uint8_t *data, const char *sample)
{
    size_t count = strlen(sample);
    for (size_t i = 0; i < AREA_BYTES; i++)
        data[i] = (uint8_t)sample[i % count];
}

static void bench_utf8(uint8_t *data, const char *what, const char *sample)
{
    fill(data, sample);
    for (size_t i = 0; i < wf_utf8_kernel_count; i++)
        if (wf_utf8_kernels[i].is_supported())
            print_row(what, wf_utf8_kernels[i].name, run_utf8, &wf_utf8_kernels[i], data);
    for (size_t i = 0; i < wf_utf8_unmask_kernel_count; i++)
        if (wf_utf8_unmask_kernels[i].is_supported())
            print_row("  and mask", wf_utf8_unmask_kernels[i].name, run_text,
                      &wf_utf8_unmask_kernels[i], data);
}

int main(void)
{
    uint8_t *area = aligned_alloc(64, AREA_BYTES + 64);
    if (!area)
        return 1;
    uint8_t *data = area + 6; /* As behind the header of a masked frame. */
    fill(data, "x");
    printf("%-14s %-10s %8s %8s %8s %8s %8s\n", "GB/s", "", "20 B", "64 B", "1 KiB", "16 KiB",
           "1 MiB");
    print_row("mask", "door", run_mask_door, NULL, data);
    for (size_t i = 0; i < wf_mask_kernel_count; i++)
        if (wf_mask_kernels[i].is_supported())
            print_row("mask", wf_mask_kernels[i].name, run_mask, &wf_mask_kernels[i], data);
    bench_utf8(data, "UTF-8, ASCII", "The quick brown fox jumps over the lazy dog. ");
    bench_utf8(data, "UTF-8, mixed",
               "Gr\xC3\xBC\xC3\x9F"
               "e aus K\xC3\xB6ln, \xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82, "
               "\xE4\xBD\xA0\xE5\xA5\xBD, plain words between them \xF0\x9F\x98\x80 ");
    bench_utf8(data, "UTF-8, Chinese",
               "\xE4\xBD\xA0\xE5\xA5\xBD\xE4\xB8\x96\xE7\x95\x8C\xEF\xBC\x8C");
    fill(data, "x");
    for (size_t i = 0; i < wf_sha1_kernel_count; i++)
        if (wf_sha1_kernels[i].is_supported())
            print_row("SHA-1", wf_sha1_kernels[i].name, run_sha1, &wf_sha1_kernels[i], data);
    free(area);
    return 0;
}

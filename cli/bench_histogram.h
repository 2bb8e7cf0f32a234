/* Counts of values by size: exact below 64, above in 64 equal steps per power of two. */
#ifndef CLI_BENCH_HISTOGRAM_H
#define CLI_BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
    BENCH_STEP_BITS = 6,
    BENCH_STEPS = 1 << BENCH_STEP_BITS,
    BENCH_BUCKETS = (64 - BENCH_STEP_BITS + 1) * BENCH_STEPS,
};

/* Zero-filled, it is empty. */
struct bench_histogram {
    uint64_t count;
    uint64_t min, max; /* Exact; only where count > 0. */
    uint64_t buckets[BENCH_BUCKETS];
};

void bench_histogram_record(struct bench_histogram *histogram, uint64_t value);

/* Adds what the other has counted. */
void bench_histogram_merge(struct bench_histogram *histogram, const struct bench_histogram *other);

/* The value that `share` (0 to 1) of all values do not exceed, at most 1/64 too large; 0 when there
 * are none. */
uint64_t bench_histogram_at(const struct bench_histogram *histogram, double share);

/* How many values are at most `value`, give or take those in the same step. */
uint64_t bench_histogram_count_to(const struct bench_histogram *histogram, uint64_t value);

#endif

#include "bench_histogram.h"

#include <math.h>

static unsigned bucket_of(uint64_t value)
{
    if (value < BENCH_STEPS)
        return (unsigned)value;
    unsigned shift = 63 - (unsigned)__builtin_clzll(value) - BENCH_STEP_BITS;
    return (shift << BENCH_STEP_BITS) + (unsigned)(value >> shift);
}

/* The largest value of a bucket. */
static uint64_t top_of(unsigned bucket)
{
    if (bucket < BENCH_STEPS)
        return bucket;
    unsigned shift = (bucket >> BENCH_STEP_BITS) - 1;
    uint64_t step = bucket - (shift << BENCH_STEP_BITS);
    return (step << shift) + ((uint64_t)1 << shift) - 1;
}

void bench_histogram_record(struct bench_histogram *histogram, uint64_t value)
{
    histogram->buckets[bucket_of(value)]++;
    if (histogram->count == 0 || value < histogram->min)
        histogram->min = value;
    if (value > histogram->max)
        histogram->max = value;
    histogram->count++;
}

void bench_histogram_merge(struct bench_histogram *histogram, const struct bench_histogram *other)
{
    if (other->count == 0)
        return;
    for (unsigned i = 0; i < BENCH_BUCKETS; i++)
        histogram->buckets[i] += other->buckets[i];
    if (histogram->count == 0 || other->min < histogram->min)
        histogram->min = other->min;
    if (other->max > histogram->max)
        histogram->max = other->max;
    histogram->count += other->count;
}

uint64_t bench_histogram_at(const struct bench_histogram *histogram, double share)
{
    uint64_t rank = (uint64_t)ceil(share * (double)histogram->count);
    uint64_t seen = 0;
    if (rank == 0)
        return histogram->count ? histogram->min : 0;
    for (unsigned i = 0; i < BENCH_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen >= rank)
            return top_of(i) < histogram->max ? top_of(i) : histogram->max;
    }
    return histogram->max;
}

uint64_t bench_histogram_count_to(const struct bench_histogram *histogram, uint64_t value)
{
    uint64_t count = 0;
    for (unsigned i = 0; i <= bucket_of(value); i++)
        count += histogram->buckets[i];
    return count;
}

#include "cli/bench_histogram.h"
#include "support/cases.h"

#include <string.h>

static struct bench_histogram histogram, other;

/* Alone, a value is exact; beside a larger one it stands for its step. */
static uint64_t seen_as(uint64_t value)
{
    memset(&histogram, 0, sizeof histogram);
    bench_histogram_record(&histogram, value);
    assert_int_equal(bench_histogram_at(&histogram, 0), value);
    assert_int_equal(bench_histogram_at(&histogram, 1), value);
    bench_histogram_record(&histogram, UINT64_MAX);
    return bench_histogram_at(&histogram, 0.5);
}

static void assert_close(uint64_t value)
{
    uint64_t seen = seen_as(value);
    if (seen < value || seen - value > value / 64)
        fail_msg("%llu is seen as %llu", (unsigned long long)value, (unsigned long long)seen);
}

static void every_value_is_close(void **state)
{
    (void)state;
    for (uint64_t value = 0; value < 1000; value++)
        assert_close(value);
    for (unsigned bit = 10; bit < 64; bit++) {
        uint64_t power = (uint64_t)1 << bit;
        const uint64_t values[] = { power - 1,          power,
                                    power + 1,          power + power / 64 - 1,
                                    power + power / 64, power + power / 3 };
        for (size_t i = 0; i < sizeof values / sizeof *values; i++)
            assert_close(values[i]);
    }
    assert_int_equal(seen_as(UINT64_MAX), UINT64_MAX);
}

static void small_values_are_exact(void **state)
{
    (void)state;
    for (uint64_t value = 0; value < 2 * BENCH_STEPS; value++)
        assert_int_equal(seen_as(value), value);
}

static void percentiles_are_ranks(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double share;
        uint64_t value;
    } cases[] = {
        { "none", 0, 1 },     { "one in a hundred", 0.01, 1 }, { "half", 0.5, 50 },
        { "most", 0.99, 99 }, { "more", 0.991, 100 },          { "all", 1, 100 },
        { "p90", 0.9, 90 },
    };
    memset(&histogram, 0, sizeof histogram);
    for (uint64_t value = 100; value > 0; value--)
        bench_histogram_record(&histogram, value);
    for_each_case(c, cases) assert_int_equal(bench_histogram_at(&histogram, c->share), c->value);
    assert_int_equal(bench_histogram_count_to(&histogram, 0), 0);
    assert_int_equal(bench_histogram_count_to(&histogram, 42), 42);
    assert_int_equal(bench_histogram_count_to(&histogram, UINT64_MAX), 100);
}

static void an_empty_one_has_nothing(void **state)
{
    (void)state;
    memset(&histogram, 0, sizeof histogram);
    memset(&other, 0, sizeof other);
    bench_histogram_merge(&histogram, &other);
    assert_int_equal(bench_histogram_at(&histogram, 0.5), 0);
    assert_int_equal(bench_histogram_at(&histogram, 1), 0);
    assert_int_equal(bench_histogram_count_to(&histogram, UINT64_MAX), 0);
}

static void merging_adds(void **state)
{
    (void)state;
    memset(&histogram, 0, sizeof histogram);
    memset(&other, 0, sizeof other);
    bench_histogram_record(&other, 7);
    bench_histogram_record(&other, 1000000);
    bench_histogram_merge(&histogram, &other);
    assert_int_equal(histogram.min, 7);
    bench_histogram_record(&other, 3);
    bench_histogram_merge(&histogram, &other);
    assert_int_equal(histogram.count, 5);
    assert_int_equal(histogram.min, 3);
    assert_int_equal(histogram.max, 1000000);
    assert_int_equal(bench_histogram_at(&histogram, 0.2), 3);
    assert_int_equal(bench_histogram_at(&histogram, 0.6), 7);
    assert_int_equal(bench_histogram_at(&histogram, 1), 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_is_close),  cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(percentiles_are_ranks), cmocka_unit_test(an_empty_one_has_nothing),
        cmocka_unit_test(merging_adds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

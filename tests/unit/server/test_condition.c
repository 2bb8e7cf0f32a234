#include "server/condition.h"

#include "support/cases.h"

/* The file is of Sun, 06 Nov 1994 08:49:37 GMT. */
enum { MODIFIED = 784111777, NOW = 784200000 };

static const struct condition_case {
    const char *name;
    struct weft_header fields[3];
    int status;
} condition_cases[] = {
    { .name = "none", .status = 200 },
    { "its tag", { { TEXT("If-None-Match"), TEXT("\"a\"") } }, 304 },
    { "another tag", { { TEXT("If-None-Match"), TEXT("\"b\"") } }, 200 },
    { "among others", { { TEXT("If-None-Match"), TEXT("\"b\", \"a\"") } }, 304 },
    { "in a second field",
      { { TEXT("If-None-Match"), TEXT("\"b\"") }, { TEXT("if-none-match"), TEXT("\"a\"") } },
      304 },
    { "weak", { { TEXT("If-None-Match"), TEXT("W/\"a\"") } }, 304 },
    { "any", { { TEXT("If-None-Match"), TEXT("*") } }, 304 },
    { "without quotes", { { TEXT("If-None-Match"), TEXT("a") } }, 200 },
    { "comma in a tag", { { TEXT("If-None-Match"), TEXT("\"b,\"a\"\"") } }, 200 },
    { "same time", { { TEXT("If-Modified-Since"), TEXT("Sun, 06 Nov 1994 08:49:37 GMT") } }, 304 },
    { "later time", { { TEXT("If-Modified-Since"), TEXT("Mon, 07 Nov 1994 08:49:37 GMT") } }, 304 },
    { "earlier time",
      { { TEXT("If-Modified-Since"), TEXT("Sun, 06 Nov 1994 08:49:36 GMT") } },
      200 },
    { "no time", { { TEXT("If-Modified-Since"), TEXT("yesterday") } }, 200 },
    { "the tag counts, not the time",
      { { TEXT("If-None-Match"), TEXT("\"b\"") },
        { TEXT("If-Modified-Since"), TEXT("Mon, 07 Nov 1994 08:49:37 GMT") } },
      200 },
    { "must match", { { TEXT("If-Match"), TEXT("\"a\"") } }, 200 },
    { "must match, another", { { TEXT("If-Match"), TEXT("\"b\"") } }, 412 },
    { "must match strongly", { { TEXT("If-Match"), TEXT("W/\"a\"") } }, 412 },
    { "must match any", { { TEXT("If-Match"), TEXT("*") } }, 200 },
    { "must be older",
      { { TEXT("If-Unmodified-Since"), TEXT("Sun, 06 Nov 1994 08:49:37 GMT") } },
      200 },
    { "must be older, is not",
      { { TEXT("If-Unmodified-Since"), TEXT("Sun, 06 Nov 1994 08:49:36 GMT") } },
      412 },
    { "must match, and is known",
      { { TEXT("If-Match"), TEXT("\"a\"") }, { TEXT("If-None-Match"), TEXT("\"a\"") } },
      304 },
};

static struct weft_headers headers_of(const struct weft_header fields[3])
{
    size_t count = 0;
    while (count < 3 && fields[count].name.data)
        count++;
    return (struct weft_headers){ fields, count };
}

static const struct wf_validators validators = { TEXT("\"a\""), true, MODIFIED };

static void preconditions_are_evaluated(void **state)
{
    (void)state;
    for_each_case(c, condition_cases)
        assert_int_equal(wf_condition_evaluate(headers_of(c->fields), &validators, NOW), c->status);
}

static void without_a_time_dates_are_ignored(void **state)
{
    (void)state;
    struct wf_validators timeless = { TEXT("\"a\""), false, 0 };
    struct weft_header field = { TEXT("If-Modified-Since"), TEXT("Mon, 07 Nov 1994 08:49:37 GMT") };
    assert_int_equal(wf_condition_evaluate((struct weft_headers){ &field, 1 }, &timeless, NOW),
                     200);
}

static const struct range_case {
    const char *name;
    struct weft_header fields[3];
    int64_t now;
    bool counts;
} range_cases[] = {
    { .name = "none", .now = NOW, .counts = true },
    { "its tag", { { TEXT("If-Range"), TEXT("\"a\"") } }, NOW, true },
    { "another tag", { { TEXT("If-Range"), TEXT("\"b\"") } }, NOW, false },
    { "weak", { { TEXT("If-Range"), TEXT("W/\"a\"") } }, NOW, false },
    { "its time", { { TEXT("If-Range"), TEXT("Sun, 06 Nov 1994 08:49:37 GMT") } }, NOW, true },
    { "a later time", { { TEXT("If-Range"), TEXT("Sun, 06 Nov 1994 08:49:38 GMT") } }, NOW, false },
    { "its time, just now",
      { { TEXT("If-Range"), TEXT("Sun, 06 Nov 1994 08:49:37 GMT") } },
      MODIFIED + 1,
      false },
    { "nonsense", { { TEXT("If-Range"), TEXT("a") } }, NOW, false },
    { "empty", { { TEXT("If-Range"), TEXT("") } }, NOW, false },
};

static void a_range_counts_if_it_fits(void **state)
{
    (void)state;
    for_each_case(c, range_cases) assert_int_equal(
        wf_condition_range_counts(headers_of(c->fields), &validators, c->now), c->counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(preconditions_are_evaluated),
        cmocka_unit_test(without_a_time_dates_are_ignored),
        cmocka_unit_test(a_range_counts_if_it_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

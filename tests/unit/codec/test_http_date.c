#include "codec/http_date.h"

#include "support/cases.h"
#include "support/guard_page.h"

#include <stdio.h>
#include <time.h>

static const int64_t now = 1795219200; /* 2026-11-21 */

static const struct {
    const char *name; /* Also the text. */
    bool is_date;
    int64_t seconds;
} cases[] = {
    { "Sun, 06 Nov 1994 08:49:37 GMT", true, 784111777 },
    { "Sunday, 06-Nov-94 08:49:37 GMT", true, 784111777 },
    { "Sun Nov  6 08:49:37 1994", true, 784111777 },
    { "Sun Nov 16 08:49:37 1994", true, 784975777 },
    { "Thu, 01 Jan 1970 00:00:00 GMT", true, 0 },
    { "Wed, 31 Dec 1969 23:59:59 GMT", true, -1 },
    { "Tue, 29 Feb 2000 12:00:00 GMT", true, 951825600 },
    { "Thu, 29 Feb 2024 00:00:00 GMT", true, 1709164800 },
    { "Sat, 31 Dec 2016 23:59:60 GMT", true, 1483228800 }, /* A leap second. */
    { "Fri, 31 Dec 9999 23:59:59 GMT", true, 253402300799 },
    { "Mon, 01 Jan 0001 00:00:00 GMT", true, -62135596800 },
    { "Monday, 01-Jan-76 00:00:00 GMT", true, 3345062400 },    /* 2076: 50 years ahead. */
    { "Saturday, 01-Jan-77 00:00:00 GMT", true, 220924800 },   /* 1977 */
    { "Wednesday, 21-Oct-15 07:28:00 GMT", true, 1445412480 }, /* 2015 */
    { "", false, 0 },
    { "Sun", false, 0 },
    { "Sun,", false, 0 },
    { "Sunday", false, 0 },
    { "Sunday,", false, 0 },
    { "Son, 06 Nov 1994 08:49:37 GMT", false, 0 },
    { "sun, 06 Nov 1994 08:49:37 GMT", false, 0 },
    { "Sun, 06 nov 1994 08:49:37 GMT", false, 0 },
    { "Sun, 06 Nov 1994 08:49:37 gmt", false, 0 },
    { "Sun, 06 Nov 1994 08:49:37 UTC", false, 0 },
    { "Sun, 06 Nov 1994 08:49:37", false, 0 },
    { "Sun, 06 Nov 1994 08:49:37 GMT ", false, 0 },
    { "Sun, 6 Nov 1994 08:49:37 GMT", false, 0 },
    { "Sun,  6 Nov 1994 08:49:37 GMT", false, 0 },
    { "Sun, 00 Nov 1994 08:49:37 GMT", false, 0 },
    { "Sun, 31 Nov 1994 08:49:37 GMT", false, 0 },
    { "Wed, 29 Feb 2023 00:00:00 GMT", false, 0 },
    { "Thu, 29 Feb 1900 00:00:00 GMT", false, 0 },
    { "Sun, 06 Nov 1994 24:00:00 GMT", false, 0 },
    { "Sun, 06 Nov 1994 08:60:37 GMT", false, 0 },
    { "Sun, 06 Nov 1994 08:49:61 GMT", false, 0 },
    { "Sun, 06 Nov 0000 08:49:37 GMT", false, 0 },
    { "Sun, 06-Nov-94 08:49:37 GMT", false, 0 },
    { "Sunday, 06 Nov 1994 08:49:37 GMT", false, 0 },
    { "Sun Nov    08:49:37 1994", false, 0 },
    { "Sun Nov 6  08:49:37 1994", false, 0 },
    { "Sun, +6 Nov 1994 08:49:37 GMT", false, 0 },
    { "1994-11-06T08:49:37Z", false, 0 },
};

static void dates_of_three_forms(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        size_t count = strlen(c->name);
        char *text = (char *)guard_page_place(c->name, count);
        int64_t seconds = 4711;
        assert_int_equal(wf_http_date_parse((struct weft_text){ text, count }, now, &seconds),
                         c->is_date);
        if (c->is_date)
            assert_int_equal(seconds, c->seconds);
        guard_page_free((uint8_t *)text, count);
    }
}

static void a_cut_date_is_none(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        int64_t seconds;
        for (size_t count = 0; c->is_date && count < strlen(c->name); count++)
            assert_false(wf_http_date_parse((struct weft_text){ c->name, count }, now, &seconds));
    }
}

/* Against the C library, through leap years and centuries, and back. */
static void written_as_the_library_does(void **state)
{
    (void)state;
    for (int64_t seconds = -62135596800; seconds < 253402300799; seconds += 86400 * 37 + 12345) {
        char text[WF_HTTP_DATE_BYTES], expected[64];
        time_t time = (time_t)seconds;
        struct tm parts;
        assert_non_null(gmtime_r(&time, &parts));
        strftime(expected, sizeof expected, "%a, %d %b ", &parts);
        size_t count = strlen(expected);
        snprintf(expected + count, sizeof expected - count, "%04d %02d:%02d:%02d GMT",
                 parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
        wf_http_date_format(seconds, text);
        assert_string_equal(text, expected);

        int64_t again;
        assert_true(wf_http_date_parse(weft_text_of(text), now, &again));
        assert_int_equal(again, seconds);
    }
}

static void times_out_of_range_are_the_nearest(void **state)
{
    (void)state;
    char text[WF_HTTP_DATE_BYTES];
    wf_http_date_format(INT64_MIN, text);
    assert_string_equal(text, "Mon, 01 Jan 0001 00:00:00 GMT");
    wf_http_date_format(INT64_MAX, text);
    assert_string_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_of_three_forms),
        cmocka_unit_test(a_cut_date_is_none),
        cmocka_unit_test(written_as_the_library_does),
        cmocka_unit_test(times_out_of_range_are_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/range.h"

#include "support/cases.h"
#include "support/guard_page.h"

static const struct range_case {
    const char *name;
    struct weft_text field;
    uint64_t total;
    enum wf_range_result result;
    uint64_t first;
    uint64_t bytes;
} range_cases[] = {
    { "first bytes", TEXT("bytes=0-4"), 100, WF_RANGE_PART, 0, 5 },
    { "one byte", TEXT("bytes=0-0"), 100, WF_RANGE_PART, 0, 1 },
    { "last byte", TEXT("bytes=99-99"), 100, WF_RANGE_PART, 99, 1 },
    { "from a byte on", TEXT("bytes=10-"), 100, WF_RANGE_PART, 10, 90 },
    { "the whole", TEXT("bytes=0-"), 100, WF_RANGE_PART, 0, 100 },
    { "over the end", TEXT("bytes=90-1000"), 100, WF_RANGE_PART, 90, 10 },
    { "last bytes", TEXT("bytes=-10"), 100, WF_RANGE_PART, 90, 10 },
    { "more than all", TEXT("bytes=-1000"), 100, WF_RANGE_PART, 0, 100 },
    { "unit in capitals", TEXT("Bytes=1-2"), 100, WF_RANGE_PART, 1, 2 },
    { "spaces around", TEXT("bytes= 1-2 "), 100, WF_RANGE_PART, 1, 2 },
    { "end over 64 bits", TEXT("bytes=1-99999999999999999999999"), 100, WF_RANGE_PART, 1, 99 },
    { "last bytes over 64 bits", TEXT("bytes=-18446744073709551616"), 9, WF_RANGE_PART, 0, 9 },
    { "behind the end", TEXT("bytes=100-"), 100, WF_RANGE_UNSATISFIABLE, 0, 0 },
    { "behind the end, closed", TEXT("bytes=100-200"), 100, WF_RANGE_UNSATISFIABLE, 0, 0 },
    { "begin over 64 bits", TEXT("bytes=18446744073709551616-"), 100, WF_RANGE_UNSATISFIABLE, 0,
      0 },
    { "the last none", TEXT("bytes=-0"), 100, WF_RANGE_UNSATISFIABLE, 0, 0 },
    { "empty file", TEXT("bytes=0-"), 0, WF_RANGE_UNSATISFIABLE, 0, 0 },
    { "empty file, last bytes", TEXT("bytes=-1"), 0, WF_RANGE_UNSATISFIABLE, 0, 0 },
    { "several", TEXT("bytes=0-1,5-6"), 100, WF_RANGE_WHOLE, 0, 0 },
    { "backwards", TEXT("bytes=5-4"), 100, WF_RANGE_WHOLE, 0, 0 },
    { "other unit", TEXT("lines=0-4"), 100, WF_RANGE_WHOLE, 0, 0 },
    { "no unit", TEXT("0-4"), 100, WF_RANGE_WHOLE, 0, 0 },
    { "no range", TEXT("bytes="), 100, WF_RANGE_WHOLE, 0, 0 },
    { "dash alone", TEXT("bytes=-"), 100, WF_RANGE_WHOLE, 0, 0 },
    { "no dash", TEXT("bytes=5"), 100, WF_RANGE_WHOLE, 0, 0 },
    { "letters", TEXT("bytes=a-b"), 100, WF_RANGE_WHOLE, 0, 0 },
    { "sign", TEXT("bytes=+1-2"), 100, WF_RANGE_WHOLE, 0, 0 },
    { "two dashes", TEXT("bytes=1--2"), 100, WF_RANGE_WHOLE, 0, 0 },
    { "empty", TEXT(""), 100, WF_RANGE_WHOLE, 0, 0 },
};

static void a_range_is_read(void **state)
{
    (void)state;
    for_each_case(c, range_cases)
    {
        uint8_t *placed = guard_page_place(c->field.data, c->field.count);
        struct weft_text field = { (const char *)placed, c->field.count };
        uint64_t first = 0, bytes = 0;
        assert_int_equal(wf_range_parse(field, c->total, &first, &bytes), c->result);
        if (c->result == WF_RANGE_PART) {
            assert_int_equal(first, c->first);
            assert_int_equal(bytes, c->bytes);
        }
        guard_page_free(placed, c->field.count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_range_is_read) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/cookie.h"

#include "support/cases.h"
#include "support/guard_page.h"

static const struct cookie_case {
    const char *name;
    struct weft_text field;
    const char *cookie;
    const char *value; /* NULL: none. */
} cookie_cases[] = {
    { "one", TEXT("a=1"), "a", "1" },
    { "second", TEXT("a=1; b=2"), "b", "2" },
    { "first of two", TEXT("a=1; a=2"), "a", "1" },
    { "without space", TEXT("a=1;b=2"), "b", "2" },
    { "empty value", TEXT("a=; b=2"), "a", "" },
    { "equals sign in the value", TEXT("a=b=c"), "a", "b=c" },
    { "quoted", TEXT("a=\"x y\""), "a", "x y" },
    { "one quote", TEXT("a=\""), "a", "\"" },
    { "prefix of a name", TEXT("session=1"), "sess", NULL },
    { "suffix of a name", TEXT("xsession=1"), "session", NULL },
    { "name in a value", TEXT("x=a=1"), "a", NULL },
    { "case matters", TEXT("A=1"), "a", NULL },
    { "no equals sign", TEXT("a"), "a", NULL },
    { "empty field", TEXT(""), "a", NULL },
    { "semicolons", TEXT(";; ;a=1;;"), "a", "1" },
    { "no name", TEXT("=1"), "", NULL },
    { "name of no cookie", TEXT("a=1"), "", NULL },
};

static void a_cookie_is_found(void **state)
{
    (void)state;
    for_each_case(c, cookie_cases)
    {
        uint8_t *placed = guard_page_place(c->field.data, c->field.count);
        struct weft_header header = { TEXT("cookie"), { (const char *)placed, c->field.count } };
        struct weft_text value =
            wf_cookie_find((struct weft_headers){ &header, 1 }, weft_text_of(c->cookie));
        if (c->value) {
            assert_non_null(value.data);
            assert_int_equal(value.count, strlen(c->value));
            assert_memory_equal(value.data, c->value, value.count);
        } else {
            assert_null(value.data);
        }
        guard_page_free(placed, c->field.count);
    }
}

static void all_fields_are_searched(void **state)
{
    (void)state;
    const struct weft_header fields[] = {
        { TEXT("Cookie"), TEXT("a=1") },
        { TEXT("Host"), TEXT("b=wrong") },
        { TEXT("cookie"), TEXT("b=2") },
    };
    struct weft_headers headers = { fields, COUNT_OF(fields) };
    struct weft_text value = wf_cookie_find(headers, (struct weft_text)TEXT("b"));
    assert_int_equal(value.count, 1);
    assert_int_equal(value.data[0], '2');
    assert_null(wf_cookie_find(headers, (struct weft_text)TEXT("c")).data);
    assert_null(wf_cookie_find((struct weft_headers){ 0 }, (struct weft_text)TEXT("c")).data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cookie_is_found),
        cmocka_unit_test(all_fields_are_searched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

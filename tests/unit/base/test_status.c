#include "weft/weft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void every_status_has_its_name_and_text(void **state)
{
    (void)state;
#define CHECK(name, value, text)                                                                   \
    assert_int_equal(WEFT_##name, value);                                                          \
    assert_string_equal(weft_status_name(WEFT_##name), "WEFT_" #name);                             \
    assert_string_equal(weft_status_text(WEFT_##name), text);
    WEFT_STATUS_MAP(CHECK)
#undef CHECK
    assert_string_equal(weft_status_name((weft_status)-999), "WEFT_ERR_?");
    assert_non_null(weft_status_text((weft_status)-999));
}

static void every_failure_kind_has_its_name(void **state)
{
    (void)state;
    for (int kind = WEFT_FAILURE_NONE; kind <= WEFT_FAILURE_PROXY; kind++)
        assert_string_not_equal(weft_failure_kind_name((enum weft_failure_kind)kind), "unknown");
    assert_string_equal(weft_failure_kind_name((enum weft_failure_kind)99), "unknown");
    assert_string_equal(weft_failure_kind_name((enum weft_failure_kind) - 1), "unknown");
}

static void the_library_knows_its_version(void **state)
{
    (void)state;
    assert_string_equal(weft_version(), WEFT_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_name_and_text),
        cmocka_unit_test(every_failure_kind_has_its_name),
        cmocka_unit_test(the_library_knows_its_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

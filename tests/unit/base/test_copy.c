#include "base/copy.h"

#include "support/cases.h"

static void every_count_is_copied_and_no_more(void **state)
{
    (void)state;
    uint8_t source[200], target[220];
    for (size_t i = 0; i < sizeof source; i++)
        source[i] = (uint8_t)(i * 7 + 1);
    for (size_t count = 0; count <= 64; count++)
        for (size_t shift = 0; shift < 17; shift++) {
            memset(target, 0xA5, sizeof target);
            wf_copy_short(target + 10 + shift, source + shift, count);
            assert_memory_equal(target + 10 + shift, source + shift, count);
            for (size_t i = 0; i < 10 + shift; i++)
                assert_int_equal(target[i], 0xA5);
            for (size_t i = 10 + shift + count; i < sizeof target; i++)
                assert_int_equal(target[i], 0xA5);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_count_is_copied_and_no_more) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

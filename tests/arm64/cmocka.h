/* As much of cmocka as the tests of the kernels use: Debian has no cmocka for its cross compilers.
 * A failure ends the program. */
#ifndef TESTS_ARM64_CMOCKA_H
#define TESTS_ARM64_CMOCKA_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
};
#define cmocka_unit_test(function)                                                                 \
    {                                                                                              \
#        function, function                                                                        \
    }

#define print_message(...) ((void)printf(__VA_ARGS__))
#define fail_msg(...)                                                                              \
    do {                                                                                           \
        printf("%s:%d: ", __FILE__, __LINE__);                                                     \
        printf(__VA_ARGS__);                                                                       \
        printf("\n");                                                                              \
        exit(1);                                                                                   \
    } while (0)

#define assert_true(condition)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("not true: %s", #condition);                                                  \
    } while (0)
#define assert_false(condition)                 assert_true(!(condition))
#define assert_non_null(pointer)                assert_true((pointer) != NULL)
#define assert_memory_equal(left, right, count) assert_true(memcmp((left), (right), (count)) == 0)
#define assert_string_equal(left, right)        assert_true(strcmp((left), (right)) == 0)
#define assert_int_equal(left, right)                                                              \
    do {                                                                                           \
        intmax_t left_ = (intmax_t)(left), right_ = (intmax_t)(right);                             \
        if (left_ != right_)                                                                       \
            fail_msg("%s is %" PRIdMAX ", not %" PRIdMAX, #left, left_, right_);                   \
    } while (0)

static inline int cmocka_run_tests(const struct CMUnitTest *tests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *state = NULL;
        printf("%s\n", tests[i].name);
        tests[i].run(&state);
    }
    printf("%zu passed\n", count);
    return 0;
}
#define cmocka_run_group_tests(tests, setup, teardown)                                             \
    (((void)(setup), (void)(teardown)), cmocka_run_tests(tests, sizeof(tests) / sizeof *(tests)))

#endif

/* What test files share: cmocka with the headers that it wants before it, and spans for case
 * tables. */
#ifndef WEFT_TEST_CASES_H
#define WEFT_TEST_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "weft/bytes.h"

/* BYTES(0x82, 0x00): a struct weft_bytes of these. At file scope and in functions. */
#define BYTES(...)                                                                                 \
    {                                                                                              \
        (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })                 \
    }

/* TEXT("abc"): a struct weft_text, or struct weft_bytes by BYTES_OF("abc"). Zeros inside are kept.
 */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        ("" literal), sizeof(literal) - 1                                                          \
    }
#define BYTES_OF(literal)                                                                          \
    {                                                                                              \
        (const uint8_t *)("" literal), sizeof(literal) - 1                                         \
    }

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The case that fails is named: for_each_case(c, cases) { ... assert ... } */
#define for_each_case(c, cases)                                                                    \
    for (size_t wf_case_ = 0; wf_case_ < COUNT_OF(cases); wf_case_++)                              \
        for (const __typeof__((cases)[0]) *c =                                                     \
                 (print_message("  %s\n", (cases)[wf_case_].name), &(cases)[wf_case_]);            \
             c; c = NULL)

#endif

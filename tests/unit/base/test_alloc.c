#include "base/alloc.h"

#include "support/cases.h"
#include "support/fault_alloc.h"

#include <stdlib.h>
#include <string.h>

static void the_users_functions_are_used(void **state)
{
    (void)state;
    struct fault_alloc fault;
    fault_alloc_init(&fault, 0);
    uint8_t *memory = wf_alloc(&fault.allocator, 100);
    assert_non_null(memory);
    assert_int_equal(fault.live_bytes, 100);
    memset(memory, 7, 100);
    memory = wf_resize(&fault.allocator, memory, 1000);
    assert_non_null(memory);
    assert_int_equal(fault.live_bytes, 1000);
    assert_int_equal(memory[0] + memory[99], 14);
    wf_free(&fault.allocator, memory);
    wf_free(&fault.allocator, NULL);
    assert_int_equal(fault.live_count, 0);
}

static void no_allocator_is_malloc(void **state)
{
    (void)state;
    uint8_t *memory = wf_alloc(NULL, 10);
    assert_non_null(memory);
    memory = wf_resize(NULL, memory, 20);
    free(memory); /* It is malloc's: the sanitizers know. */
    wf_free(NULL, malloc(1));
    wf_free(NULL, NULL);
}

static void zeroed_memory_is_zero(void **state)
{
    (void)state;
    struct fault_alloc fault;
    fault_alloc_init(&fault, 2);
    uint8_t *memory = wf_alloc_zero(&fault.allocator, 300);
    assert_non_null(memory);
    for (int i = 0; i < 300; i++)
        assert_int_equal(memory[i], 0);
    assert_null(wf_alloc_zero(&fault.allocator, 300));
    wf_free(&fault.allocator, memory);
    assert_int_equal(fault.live_count, 0);
}

static void a_copied_text_ends_with_a_zero(void **state)
{
    (void)state;
    struct fault_alloc fault;
    fault_alloc_init(&fault, 3);
    const struct weft_allocator *allocator = &fault.allocator;
    char *copy = wf_copy_text(allocator, (struct weft_text){ "abcdef", 3 });
    char *empty = wf_copy_text(allocator, (struct weft_text){ NULL, 0 });
    assert_string_equal(copy, "abc");
    assert_string_equal(empty, "");
    assert_null(wf_copy_text(allocator, (struct weft_text){ "abc", 3 }));
    assert_null(wf_copy_text(allocator, (struct weft_text){ "abc", SIZE_MAX }));
    wf_free(allocator, copy);
    wf_free(allocator, empty);
    assert_int_equal(fault.live_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_users_functions_are_used),
        cmocka_unit_test(no_allocator_is_malloc),
        cmocka_unit_test(zeroed_memory_is_zero),
        cmocka_unit_test(a_copied_text_ends_with_a_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * An allocator whose n-th allocation fails, for every n:
 *
 *     bool failed = true;
 *     for (size_t n = 1; failed; n++) {
 *         struct fault_alloc fault;
 *         fault_alloc_init(&fault, n);
 *         weft_status status = the_work(&fault.allocator);
 *         failed = fault.failed;
 *         assert_int_equal(status, failed ? WEFT_ERR_MEMORY : WEFT_OK);
 *         assert_int_equal(fault.live_count, 0);
 *     }
 */
#ifndef WEFT_TEST_FAULT_ALLOC_H
#define WEFT_TEST_FAULT_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

#include "weft/alloc.h"

struct fault_alloc {
    struct weft_allocator allocator; /* What the work is given. */
    size_t fails_at;                 /* The allocation that fails, counted from 1; 0: none. */
    size_t call_count;               /* allocate and resize, failed ones too. */
    size_t live_count;               /* Blocks that were not released yet. */
    size_t live_bytes;               /* Their bytes, as asked for. */
    size_t peak_bytes;               /* The most that live_bytes has been. */
    bool fails_onwards;              /* Set by the test: every later allocation fails too. */
    bool failed;                     /* An allocation has failed. */
};

/* `fault` must stay in place while its allocator is in use. fails_at 0: every allocation succeeds.
 */
void fault_alloc_init(struct fault_alloc *fault, size_t fails_at);

#endif

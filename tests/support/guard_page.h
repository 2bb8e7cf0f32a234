/* Bytes whose end is the end of a page, with a forbidden page behind: reading one too many is a
 * crash. */
#ifndef WEFT_TEST_GUARD_PAGE_H
#define WEFT_TEST_GUARD_PAGE_H

#include <stddef.h>
#include <stdint.h>

/* Copies `bytes` (NULL: zeros) so that they end where the forbidden page begins. Aborts without
 * memory. */
uint8_t *guard_page_place(const void *bytes, size_t count);

/* `placed` and `count` as above. NULL is allowed. */
void guard_page_free(uint8_t *placed, size_t count);

#endif

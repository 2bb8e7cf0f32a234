/* Allocation through the user's functions. A NULL allocator is malloc. */
#ifndef WF_BASE_ALLOC_H
#define WF_BASE_ALLOC_H

#include "weft/alloc.h"
#include "weft/bytes.h"

/* All answer NULL when there is no memory, or when a size would overflow. */
void *wf_alloc(const struct weft_allocator *allocator, size_t bytes);
void *wf_alloc_zero(const struct weft_allocator *allocator, size_t bytes);
void *wf_resize(const struct weft_allocator *allocator, void *memory, size_t bytes);
void wf_free(const struct weft_allocator *allocator, void *memory);

/* A copy that ends with a zero. */
char *wf_copy_text(const struct weft_allocator *allocator, struct weft_text text);

#endif

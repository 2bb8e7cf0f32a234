#include "base/alloc.h"

#include <stdlib.h>

void *wf_alloc(const struct weft_allocator *allocator, size_t bytes)
{
    return allocator ? allocator->allocate(bytes, allocator->user) : malloc(bytes);
}

void *wf_alloc_zero(const struct weft_allocator *allocator, size_t bytes)
{
    void *memory = wf_alloc(allocator, bytes);
    return memory ? memset(memory, 0, bytes) : NULL;
}

void *wf_resize(const struct weft_allocator *allocator, void *memory, size_t bytes)
{
    return allocator ? allocator->resize(memory, bytes, allocator->user) : realloc(memory, bytes);
}

void wf_free(const struct weft_allocator *allocator, void *memory)
{
    if (allocator)
        allocator->release(memory, allocator->user);
    else
        free(memory);
}

char *wf_copy_text(const struct weft_allocator *allocator, struct weft_text text)
{
    if (text.count == SIZE_MAX)
        return NULL;
    char *copy = wf_alloc(allocator, text.count + 1);
    if (!copy)
        return NULL;
    if (text.count)
        memcpy(copy, text.data, text.count);
    copy[text.count] = '\0';
    return copy;
}

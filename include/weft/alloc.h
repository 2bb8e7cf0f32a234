/* Where weft's memory comes from. */
#ifndef WEFT_ALLOC_H
#define WEFT_ALLOC_H

#include <stddef.h>

/**
 * Three functions in the manner of malloc, realloc and free. Given to weft_loop_create() or
 * weft_engine_create(), used for everything that belongs to that loop or engine.
 *
 * allocate  NULL when there is no memory; never called with 0 bytes.
 * resize    like realloc(); NULL leaves the old block as it was.
 * release   takes NULL.
 * user      given back to each call. Never touched by weft.
 *
 * The functions are called on the thread of their loop or engine only; once a loop is destroyed, by
 * the thread that gives back the last socket retained beyond it.
 */
struct weft_allocator {
    void *(*allocate)(size_t bytes, void *user);
    void *(*resize)(void *memory, size_t bytes, void *user);
    void (*release)(void *memory, void *user);
    void *user;
};

#endif

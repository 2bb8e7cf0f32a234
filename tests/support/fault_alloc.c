#include "support/fault_alloc.h"

#include <stdlib.h>

/* Before each block stands its size; the user's bytes keep malloc's alignment. */
union head {
    size_t bytes;
    max_align_t align;
};

static bool strikes(struct fault_alloc *fault)
{
    fault->call_count++;
    bool now = fault->fails_at && (fault->call_count == fault->fails_at ||
                                   (fault->fails_onwards && fault->call_count > fault->fails_at));
    fault->failed = fault->failed || now;
    return now;
}

static void count_bytes(struct fault_alloc *fault, size_t old_bytes, size_t new_bytes)
{
    fault->live_bytes += new_bytes - old_bytes;
    if (fault->live_bytes > fault->peak_bytes)
        fault->peak_bytes = fault->live_bytes;
}

static void *allocate(size_t bytes, void *user)
{
    struct fault_alloc *fault = user;
    if (bytes == 0)
        abort(); /* The contract of struct weft_allocator. */
    if (strikes(fault))
        return NULL;
    union head *head = malloc(sizeof *head + bytes);
    if (!head)
        abort();
    head->bytes = bytes;
    fault->live_count++;
    count_bytes(fault, 0, bytes);
    return head + 1;
}

static void *resize(void *memory, size_t bytes, void *user)
{
    struct fault_alloc *fault = user;
    if (!memory)
        return allocate(bytes, user);
    if (bytes == 0)
        abort();
    if (strikes(fault))
        return NULL;

    union head *old = (union head *)memory - 1;
    size_t old_bytes = old->bytes;
    union head *head = realloc(old, sizeof *head + bytes);
    if (!head)
        abort();
    head->bytes = bytes;
    count_bytes(fault, old_bytes, bytes);
    return head + 1;
}

static void release(void *memory, void *user)
{
    struct fault_alloc *fault = user;
    if (!memory)
        return;
    union head *head = (union head *)memory - 1;
    if (fault->live_count == 0)
        abort();
    fault->live_count--;
    count_bytes(fault, head->bytes, 0);
    free(head);
}

void fault_alloc_init(struct fault_alloc *fault, size_t fails_at)
{
    *fault = (struct fault_alloc){
        .allocator = { allocate, resize, release, fault },
        .fails_at = fails_at,
    };
}

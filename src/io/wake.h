/* The loop's inbox: work from any thread, and the descriptor that wakes the loop for it. */
#ifndef WF_IO_WAKE_H
#define WF_IO_WAKE_H

#include "io/backend.h"

#include <stdatomic.h>

struct wf_wake {
    struct wf_source source;          /* An eventfd. */
    _Atomic(struct wf_post *) newest; /* The last one posted, each with the one before it. */
    atomic_bool stop;
    atomic_bool is_closed;
    atomic_uint guests; /* Threads inside a post or a stop: the loop may not go under them. */
};

weft_status wf_wake_open(weft_loop *loop);
void wf_wake_close(weft_loop *loop);

static inline bool wf_wake_has_posts(const struct wf_wake *wake)
{
    return atomic_load_explicit(&wake->newest, memory_order_relaxed) != NULL;
}

/* Runs what was posted, in order; what these post runs in the next turn. */
void wf_wake_run_posts(weft_loop *loop);

#endif

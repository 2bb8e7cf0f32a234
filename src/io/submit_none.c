/* In place of submit_uring.c. */
#include "io/submit.h"

struct wf_submitter *wf_submitter_create(const struct weft_allocator *allocator)
{
    (void)allocator;
    return NULL;
}

void wf_submitter_destroy(struct wf_submitter *submitter)
{
    (void)submitter;
}

size_t wf_submitter_send(struct wf_submitter *submitter, struct wf_stream_offer *offers,
                         size_t count)
{
    (void)submitter, (void)offers, (void)count;
    return 0;
}

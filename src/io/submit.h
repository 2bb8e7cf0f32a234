/* Many sends in one call of the kernel's, beside whatever the loop waits with: an io_uring
 * (submit_uring.c), or where there is none, nothing (submit_none.c). */
#ifndef WF_IO_SUBMIT_H
#define WF_IO_SUBMIT_H

#include "io/stream.h"
#include "weft/alloc.h"

struct wf_submitter;

/* NULL: the kernel gives none. */
struct wf_submitter *wf_submitter_create(const struct weft_allocator *allocator);
void wf_submitter_destroy(struct wf_submitter *submitter);

/* Sends the offers without waiting for room: of each `taken`, or why not in system_error (EAGAIN:
 * there is no room). When it returns, the kernel has done with all of them and their bytes. Returns
 * how many of the first ones were tried; less than all: the submitter is of no more use. */
size_t wf_submitter_send(struct wf_submitter *submitter, struct wf_stream_offer *offers,
                         size_t count);

#endif

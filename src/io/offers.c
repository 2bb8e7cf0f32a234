/* The sends of many streams, where the loop has a submitter as one call. */
#include "io/state.h"
#include "io/submit.h"

#include <errno.h>

enum { SUBMITTED_COUNT_MIN = 16 }; /* Fewer cost no less than so many calls. */

static void send_one(struct wf_stream_offer *offer)
{
    offer->system_error = 0;
    offer->status = wf_readiness_stream_send(offer->stream, &offer->bytes, 1, &offer->taken);
    if (offer->status)
        offer->system_error = errno;
}

/* Does what wf_stream_send() does with such an answer. */
static void conclude(struct wf_stream_offer *offer)
{
    switch (offer->system_error) {
    case 0:
        break;
    case EAGAIN:
        offer->system_error = 0;
        break;
    case EINTR:
    case EINVAL:
    case ENOMEM:
    case ECANCELED:
        send_one(offer); /* What failed may be the submission, and not the connection. */
        return;
    default:
        offer->status = WEFT_ERR_SYSTEM;
        return;
    }
    if (offer->taken < offer->bytes.count)
        wf_readiness_wait_for_room(offer->stream);
}

/* Made on first need; where that fails it is not tried again. */
static struct wf_submitter *submitter_of(weft_loop *loop)
{
    if (!loop->submitter && !loop->submission_off) {
        loop->submitter = wf_submitter_create(loop->allocator);
        loop->submission_off = !loop->submitter;
    }
    return loop->submitter;
}

static size_t submit(weft_loop *loop, struct wf_stream_offer *offers, size_t count)
{
    struct wf_submitter *submitter = submitter_of(loop);
    if (!submitter)
        return 0;
    for (size_t i = 0; i < count; i++) {
        offers[i].taken = 0;
        offers[i].status = WEFT_OK;
        offers[i].system_error = 0;
    }
    size_t submitted = wf_submitter_send(submitter, offers, count);
    for (size_t i = 0; i < submitted; i++)
        conclude(&offers[i]);
    if (submitted < count) {
        wf_submitter_destroy(submitter);
        loop->submitter = NULL;
        loop->submission_off = true;
    }
    return submitted;
}

void wf_readiness_stream_send_each(weft_loop *loop, struct wf_stream_offer *offers, size_t count)
{
    size_t done = count < SUBMITTED_COUNT_MIN ? 0 : submit(loop, offers, count);
    for (; done < count; done++)
        send_one(&offers[done]);
}

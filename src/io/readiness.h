/* Completions imitated over readiness: what the backends epoll and poll share. Each brings a
 * poller, which knows nothing but descriptors and what is waited for on them. */
#ifndef WF_IO_READINESS_H
#define WF_IO_READINESS_H

#include "io/backend.h"

#include <stdint.h>

/* A pointer to a stream, or to a source with the lowest bit set. */
typedef uintptr_t wf_owner;

enum { WF_OWNER_IS_SOURCE = 1 };

struct wf_poller {
    /* Level-triggered. before 0: new; now 0: forget the descriptor, and the owner in the batch at
     * hand. Only a new descriptor, or none of `before` and `now` being 0, can fail. */
    weft_status (*set)(weft_loop *loop, int fd, wf_owner owner, int before, int now);
    /* The descriptor has another owner, and is readable for it; neither is a source. After a
     * failure it is forgotten. */
    weft_status (*pass)(weft_loop *loop, int fd, wf_owner from, wf_owner to, int before);
};

/* Hands the readiness of one descriptor out. */
void wf_readiness_deliver_stream(struct wf_stream *stream, int ready);
void wf_readiness_deliver_source(struct wf_source *source, int ready);

/* Tells the streams that the kernel has refused to watch. */
void wf_readiness_deliver_lost(weft_loop *loop);

/* A send took less than all: on_sendable will come. */
void wf_readiness_wait_for_room(struct wf_stream *stream);

/* What stands in the table of a backend over readiness. */
weft_status wf_readiness_stream_start(struct wf_stream *stream);
weft_status wf_readiness_stream_send(struct wf_stream *stream, const struct weft_bytes *spans,
                                     size_t span_count, size_t *taken_out);
/* In offers.c. */
void wf_readiness_stream_send_each(weft_loop *loop, struct wf_stream_offer *offers, size_t count);
void wf_readiness_stream_adjust(struct wf_stream *stream);
void wf_readiness_stream_forget(struct wf_stream *stream);
weft_status wf_readiness_stream_pass(struct wf_stream *stream, struct wf_stream *heir);
weft_status wf_readiness_acceptor_start(struct wf_acceptor *acceptor);
void wf_readiness_acceptor_stop(struct wf_acceptor *acceptor);
weft_status wf_readiness_source_set(weft_loop *loop, struct wf_source *source, int interest);

#endif

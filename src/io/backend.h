/* What a loop asks of the kernel, shaped as completions: "these bytes have come", "there is room
 * again", "here is a connection". epoll and poll imitate that over readiness (readiness.c); a
 * backend whose kernel completes by itself (io_uring, IOCP) fills the same table, and nothing above
 * it changes.
 *
 * A backend calls the events of streams and sources from `deliver` only. What it was told to forget
 * it never touches again, also not for the rest of the batch that is being delivered. */
#ifndef WF_IO_BACKEND_H
#define WF_IO_BACKEND_H

#include "io/stream.h"
#include "weft/loop.h"

/* What can be waited for on a descriptor, and what it can be. */
enum {
    WF_READABLE = WEFT_READABLE,
    WF_WRITABLE = WEFT_WRITABLE,
    WF_HANGUP = 4, /* The peer has ended its direction. */
    WF_BROKEN = 8, /* An error, or the end of both directions: told also when not waited for. */
};

/* The flags of a stream. The low four bits are what the backend waits for. */
enum {
    WF_STREAM_INTEREST = 15,
    WF_STREAM_CONNECTING = 1 << 4,
    WF_STREAM_PAUSED = 1 << 5,
    WF_STREAM_ENDED = 1 << 6,   /* Nothing more will be received: the end, or a failure. */
    WF_STREAM_SENDING = 1 << 7, /* A send took less than all. */
    WF_STREAM_HUNG_UP = 1 << 8, /* While paused, with bytes unread: the end is told after these. */
    WF_STREAM_LOST = 1 << 9,    /* The kernel refuses to watch it: on_failed in the next turn. */
    WF_STREAM_FAILED = 1 << 10, /* Its owner was told, and nothing else follows. */
    WF_STREAM_PLACED = 1 << 11, /* on_place says where to receive. */
};

/* A descriptor that is not a stream: a watched one, the loop's own. Zero-filled but for on_ready
 * and fd it is not waited for. */
struct wf_source {
    void (*on_ready)(struct wf_source *source, int ready);
    int fd;
    int interest; /* What is waited for now. The backend's, as is the link. */
    struct wf_link link;
};

/* A descriptor that gives connections. */
struct wf_acceptor {
    struct wf_source source; /* What a backend over readiness waits with. */
    weft_loop *loop;
    void (*on_accepted)(struct wf_acceptor *acceptor, int fd);
    /* Not for one connection's fault, but because none can be accepted. */
    void (*on_accept_failed)(struct wf_acceptor *acceptor, int system_error);
};

struct wf_backend {
    weft_status (*open)(weft_loop *loop);
    void (*close)(weft_loop *loop); /* Also when open has failed half-way. */
    int (*fd)(const weft_loop *loop);

    /* Waits, at most timeout_ms (-1: for ever); calls nobody. A signal's interrupt is fine. */
    weft_status (*wait)(weft_loop *loop, int timeout_ms);
    /* Hands out what the wait has found. */
    void (*deliver)(weft_loop *loop);
    /* Whether the wait has found something. */
    bool (*has_found)(const weft_loop *loop);
    /* Whether `deliver` has something to hand out without a wait. */
    bool (*is_ready)(const weft_loop *loop);

    /* Begins to receive; or to wait for the connection, with WF_STREAM_CONNECTING. */
    weft_status (*stream_start)(struct wf_stream *stream);
    weft_status (*stream_send)(struct wf_stream *stream, const struct weft_bytes *spans,
                               size_t span_count, size_t *taken_out);
    void (*stream_send_each)(weft_loop *loop, struct wf_stream_offer *offers, size_t count);
    /* WF_STREAM_PAUSED was set or cleared. */
    void (*stream_adjust)(struct wf_stream *stream);
    void (*stream_forget)(struct wf_stream *stream);
    /* Forgets the stream and begins to receive for the heir, which has its descriptor. */
    weft_status (*stream_pass)(struct wf_stream *stream, struct wf_stream *heir);

    weft_status (*acceptor_start)(struct wf_acceptor *acceptor);
    void (*acceptor_stop)(struct wf_acceptor *acceptor);

    /* Calls on_ready for as long as the descriptor is ready for the interest; 0: forgets it. After
     * a failure the interest is what it was. */
    weft_status (*source_set)(weft_loop *loop, struct wf_source *source, int interest);
};

extern const struct wf_backend wf_backend_epoll;
extern const struct wf_backend wf_backend_poll;

#endif

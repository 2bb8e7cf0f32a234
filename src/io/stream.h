/* A connected byte stream: TCP v4, v6, or a Unix-domain socket. Its memory lies in its owner.
 *
 * The interface is completion-shaped: "these bytes have come", "there is room again". Callbacks
 * come from weft_loop_turn() only, never from inside a call. After wf_stream_close() none comes any
 * more, and the memory may be freed at once (also in a callback of that stream): the backend
 * forgets the stream in it. */
#ifndef WF_IO_STREAM_H
#define WF_IO_STREAM_H

#include "base/list.h"
#include "io/address.h"
#include "weft/bytes.h"
#include "weft/loop.h"
#include "weft/tcp.h"

struct wf_stream;

enum { WF_STREAM_DEVICE_BYTES = 16 }; /* IFNAMSIZ */

/* One constant table per kind of owner. All must be set but on_place. */
struct wf_stream_events {
    /* A connecting stream is connected (0), or could not be (errno). */
    void (*on_connected)(struct wf_stream *stream, int system_error);
    /* Bytes have come: in the loop's receive buffer, lent until this returns, and may be changed;
     * or at the place that on_place has named. Behind the loop's, at least 16 bytes behind the end
     * of the span are the loop's to read (not the peer's bytes): SIMD may overread. */
    void (*on_received)(struct wf_stream *stream, struct weft_buffer bytes);
    /* The peer has ended its direction: nothing more will be received. */
    void (*on_end)(struct wf_stream *stream);
    /* After a send that took less than all: there is room again. */
    void (*on_sendable)(struct wf_stream *stream);
    /* Where the next bytes are to lie, of which `there` have come at least; asked only after
     * wf_stream_want_place(). Empty: in the loop's buffer, this time. NULL: it never wants one. */
    struct weft_buffer (*on_place)(struct wf_stream *stream, size_t there);
    /* The connection is broken (ECONNRESET, EPIPE, ECANCELED: the loop is being destroyed ...). The
     * owner closes the stream. */
    void (*on_failed)(struct wf_stream *stream, int system_error);
};

/* Private to io but for its size: at most 48 bytes, aim at 40. */
struct wf_stream {
    weft_loop *loop;
    const struct wf_stream_events *events;
    struct wf_link link; /* In the loop's list of streams. */
    int fd;              /* -1: closed. */
    uint32_t flags;      /* Of the backend: interest, connecting ... */
};

/* Takes over a connected descriptor (accepted, socketpair, given by the user), makes it
 * non-blocking, sets TCP_NODELAY where it is TCP, and starts receiving. On failure the descriptor
 * is still the caller's. */
WEFT_MUST_USE weft_status wf_stream_open(struct wf_stream *stream, weft_loop *loop, int fd,
                                         const struct wf_stream_events *events);

/* The same for what a listener has accepted: it is so already, and does not cost the calls. */
WEFT_MUST_USE weft_status wf_stream_open_accepted(struct wf_stream *stream, weft_loop *loop, int fd,
                                                  const struct wf_stream_events *events);

/* Starts to connect; on_connected tells the end. WEFT_ERR_SYSTEM (errno) when it fails at once. */
WEFT_MUST_USE weft_status wf_stream_connect(struct wf_stream *stream, weft_loop *loop,
                                            const struct wf_address *address,
                                            const struct wf_stream_events *events);

/* Where a connection begins on this machine. Zero-filled: wherever the kernel's routes say. */
struct wf_stream_origin {
    struct wf_address source;            /* bytes 0: any. Its port is 0. */
    char device[WF_STREAM_DEVICE_BYTES]; /* A network interface, with a zero behind; empty: any. */
};

/* The same from there.
 *
 * wrong_out  set to "source_address" or "bind_device" when it is that which has failed, else NULL.
 */
WEFT_MUST_USE weft_status wf_stream_connect_from(struct wf_stream *stream, weft_loop *loop,
                                                 const struct wf_stream_origin *origin,
                                                 const struct wf_address *address,
                                                 const struct wf_stream_events *events,
                                                 const char **wrong_out);

/* Whether they are other than what wf_stream_open() and wf_stream_connect() do. */
static inline bool wf_stream_tcp_is_asked(const struct weft_tcp_options *options)
{
    return options->nodelay_off || options->keepalive_idle_s || options->keepalive_interval_s ||
           options->keepalive_count;
}

/* Whether the kernel would take them. */
bool wf_stream_tcp_is_usable(const struct weft_tcp_options *options);

/* Applies them to a descriptor, of a listener also for all that it will accept; where it is not
 * TCP, nothing happens. WEFT_ERR_SYSTEM (errno). */
WEFT_MUST_USE weft_status wf_stream_set_tcp(int fd, const struct weft_tcp_options *options);

/* Writes now what the kernel has room for: at most the given spans in order, without SIGPIPE.
 * `*taken_out` bytes are done with; when that is less than all, on_sendable comes once there is
 * room again. Allocates nothing. One system call (up to 64 spans a call). WEFT_ERR_SYSTEM (errno):
 * the stream is broken; on_failed does not come for it. */
WEFT_MUST_USE weft_status wf_stream_send(struct wf_stream *stream, const struct weft_bytes *spans,
                                         size_t span_count, size_t *taken_out);

/* What a stream is to send, and what became of it. */
struct wf_stream_offer {
    struct wf_stream *stream;
    struct weft_bytes bytes;
    size_t taken;       /* As of wf_stream_send(), and so on. */
    weft_status status; /* WEFT_ERR_SYSTEM: why is in system_error, an errno. */
    int system_error;
};

/* wf_stream_send() for each, of streams of this loop that are not the same one. Where there are
 * enough of them it is one system call, if the kernel knows how. Calls nobody; the bytes are the
 * caller's again when it returns. */
void wf_stream_send_each(weft_loop *loop, struct wf_stream_offer *offers, size_t count);

/* Stops and resumes receiving; the kernel's window then holds the peer back. A broken connection is
 * still told. So is the peer's end when nothing is unread; else it comes behind what is unread,
 * after the resume. Neither calls anybody. */
void wf_stream_pause(struct wf_stream *stream);
void wf_stream_resume(struct wf_stream *stream);

/* Whether on_place is asked before each receive. */
void wf_stream_want_place(struct wf_stream *stream, bool is_wanted);

/* Ends the own direction (FIN) behind what was sent. Receiving goes on. */
void wf_stream_shutdown(struct wf_stream *stream);

/* Closes the descriptor and forgets the stream. A closed or zero-filled stream stays so
 * (zero-filled: events is NULL). reset: drop with RST instead of FIN. */
void wf_stream_close(struct wf_stream *stream, bool reset);

static inline bool wf_stream_is_open(const struct wf_stream *stream)
{
    return stream->events != NULL && stream->fd >= 0;
}

/* Another table from the next callback on, also from within one. */
static inline void wf_stream_set_events(struct wf_stream *stream,
                                        const struct wf_stream_events *events)
{
    stream->events = events;
}

/* Forgets a connected stream without closing it: its descriptor is the caller's. -1: closed. */
WEFT_MUST_USE int wf_stream_take_fd(struct wf_stream *stream);

/* Forgets a connected stream; its descriptor is another's from now on, which receives on it.
 * WEFT_ERR_SYSTEM: both are closed. */
WEFT_MUST_USE weft_status wf_stream_pass(struct wf_stream *stream, struct wf_stream *heir,
                                         const struct wf_stream_events *events);

/* The peer's address. WEFT_ERR_CLOSED or WEFT_ERR_SYSTEM. */
WEFT_MUST_USE weft_status wf_stream_peer(const struct wf_stream *stream,
                                         struct wf_address *address_out);

/* Calls `visit` for every open stream of the loop with that event table; `visit` may close the
 * stream that it gets, and no other. */
void wf_stream_each(weft_loop *loop, const struct wf_stream_events *events,
                    void (*visit)(struct wf_stream *stream, void *user), void *user);

#endif

#include "io/stream.h"

#include "io/state.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

/* Answers leave when they are written: weft gathers by itself. Without TCP the option is refused,
 * which is fine. */
static void send_at_once(int fd)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static weft_status start(struct wf_stream *stream, weft_loop *loop, int fd,
                         const struct wf_stream_events *events, uint32_t flags)
{
    *stream = (struct wf_stream){ .loop = loop, .events = events, .fd = fd, .flags = flags };
    weft_status status = loop->backend->stream_start(stream);
    if (status) {
        stream->fd = -1;
        return status;
    }
    wf_link_insert(&loop->streams, &stream->link);
    return WEFT_OK;
}

static weft_status refuse(struct wf_stream *stream, int system_error)
{
    *stream = (struct wf_stream){ .fd = -1 };
    errno = system_error;
    return WEFT_ERR_SYSTEM;
}

weft_status wf_stream_open(struct wf_stream *stream, weft_loop *loop, int fd,
                           const struct wf_stream_events *events)
{
    if (loop->is_ending)
        return refuse(stream, ECANCELED);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK)))
        return refuse(stream, errno);
    send_at_once(fd);
    return start(stream, loop, fd, events, 0);
}

weft_status wf_stream_connect(struct wf_stream *stream, weft_loop *loop,
                              const struct wf_address *address,
                              const struct wf_stream_events *events)
{
    if (loop->is_ending)
        return refuse(stream, ECANCELED);
    int family = address->storage.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return refuse(stream, errno);
    send_at_once(fd);
    weft_status status = WEFT_ERR_SYSTEM;
    if (!connect(fd, (const struct sockaddr *)&address->storage, address->bytes) ||
        errno == EINPROGRESS || errno == EINTR)
        status = start(stream, loop, fd, events, WF_STREAM_CONNECTING);
    if (status) {
        int failure = errno;
        close(fd);
        return refuse(stream, failure);
    }
    return WEFT_OK;
}

weft_status wf_stream_send(struct wf_stream *stream, const struct weft_bytes *spans,
                           size_t span_count, size_t *taken_out)
{
    assert(wf_stream_is_open(stream) && !(stream->flags & WF_STREAM_CONNECTING));
    return stream->loop->backend->stream_send(stream, spans, span_count, taken_out);
}

void wf_stream_pause(struct wf_stream *stream)
{
    if (!wf_stream_is_open(stream) || stream->flags & WF_STREAM_PAUSED)
        return;
    stream->flags |= WF_STREAM_PAUSED;
    stream->loop->backend->stream_adjust(stream);
}

void wf_stream_resume(struct wf_stream *stream)
{
    if (!wf_stream_is_open(stream) || !(stream->flags & WF_STREAM_PAUSED))
        return;
    stream->flags &= ~(uint32_t)(WF_STREAM_PAUSED | WF_STREAM_HUNG_UP);
    stream->loop->backend->stream_adjust(stream);
}

void wf_stream_shutdown(struct wf_stream *stream)
{
    if (wf_stream_is_open(stream))
        (void)shutdown(stream->fd, SHUT_WR);
}

int wf_stream_take_fd(struct wf_stream *stream)
{
    if (!wf_stream_is_open(stream))
        return -1;
    weft_loop *loop = stream->loop;
    int fd = stream->fd;
    if (loop->current == stream)
        loop->current = NULL;
    loop->backend->stream_forget(stream);
    wf_link_remove(&stream->link);
    stream->fd = -1;
    return fd;
}

void wf_stream_close(struct wf_stream *stream, bool reset)
{
    int fd = wf_stream_take_fd(stream);
    if (fd < 0)
        return;
    if (reset) {
        struct linger at_once = { .l_onoff = 1 };
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close(fd);
}

weft_status wf_stream_peer(const struct wf_stream *stream, struct wf_address *address_out)
{
    if (!wf_stream_is_open(stream))
        return WEFT_ERR_CLOSED;
    *address_out = (struct wf_address){ .bytes = sizeof address_out->storage };
    struct sockaddr *storage = (struct sockaddr *)&address_out->storage;
    return getpeername(stream->fd, storage, &address_out->bytes) ? WEFT_ERR_SYSTEM : WEFT_OK;
}

void wf_stream_each(weft_loop *loop, const struct wf_stream_events *events,
                    void (*visit)(struct wf_stream *stream, void *user), void *user)
{
    for (struct wf_link *link = loop->streams, *next; link; link = next) {
        next = link->next;
        struct wf_stream *stream = WF_CONTAINER_OF(link, struct wf_stream, link);
        if (stream->events == events)
            visit(stream, user);
    }
}

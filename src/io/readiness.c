#include "io/readiness.h"

#include "io/state.h"

#include <assert.h>
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    SPANS_PER_CALL = 64,
    READS_PER_TURN = 4, /* Of the buffer's size, of one stream: the others want to be heard too. */
    ACCEPTS_PER_TURN = 64, /* Of one listener, likewise. */
};

static wf_owner owner_of_source(struct wf_source *source)
{
    return (wf_owner)source | WF_OWNER_IS_SOURCE;
}

static int interest_of(const struct wf_stream *stream)
{
    uint32_t flags = stream->flags;
    if (flags & WF_STREAM_FAILED)
        return 0;
    if (flags & WF_STREAM_CONNECTING)
        return WF_WRITABLE;
    int interest = flags & WF_STREAM_SENDING ? WF_WRITABLE : 0;
    if (flags & WF_STREAM_ENDED)
        return interest;
    if (!(flags & WF_STREAM_PAUSED))
        return interest | WF_READABLE;
    return flags & WF_STREAM_HUNG_UP ? interest : interest | WF_HANGUP;
}

/* Tells the poller what the flags ask for, if that is not what it knows. */
static weft_status adjust(struct wf_stream *stream)
{
    int before = (int)(stream->flags & WF_STREAM_INTEREST);
    int now = interest_of(stream);
    if (now == before)
        return WEFT_OK;
    weft_loop *loop = stream->loop;
    weft_status status = loop->poller->set(loop, stream->fd, (wf_owner)stream, before, now);
    if (!status)
        stream->flags = (stream->flags & ~(uint32_t)WF_STREAM_INTEREST) | (uint32_t)now;
    return status;
}

/* Where a failure cannot be answered: the stream is told of it in the next turn. */
static void adjust_or_lose(struct wf_stream *stream)
{
    if (adjust(stream) && !(stream->flags & WF_STREAM_LOST)) {
        stream->flags |= WF_STREAM_LOST;
        stream->loop->lost_count++;
    }
}

static bool is_current(const weft_loop *loop, const struct wf_stream *stream)
{
    return loop->current == stream;
}

static void tell_failed(struct wf_stream *stream, int system_error)
{
    stream->flags |= WF_STREAM_FAILED;
    adjust_or_lose(stream);
    stream->events->on_failed(stream, system_error);
}

static void tell_end(struct wf_stream *stream)
{
    weft_loop *loop = stream->loop;
    stream->flags |= WF_STREAM_ENDED;
    stream->events->on_end(stream);
    if (is_current(loop, stream))
        adjust_or_lose(stream);
}

static int pending_error(const struct wf_stream *stream)
{
    int pending = 0;
    socklen_t bytes = sizeof pending;
    return getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &pending, &bytes) ? errno : pending;
}

static void finish_connecting(struct wf_stream *stream)
{
    weft_loop *loop = stream->loop;
    int failure = pending_error(stream);
    stream->flags &= ~(uint32_t)WF_STREAM_CONNECTING;
    if (failure)
        stream->flags |= WF_STREAM_FAILED;
    stream->events->on_connected(stream, failure);
    if (is_current(loop, stream))
        adjust_or_lose(stream);
}

/* What the kernel holds is asked for, so that memory is made for what has come and not for what a
 * peer has announced. */
static struct weft_buffer place_of(struct wf_stream *stream)
{
    weft_loop *loop = stream->loop;
    struct weft_buffer place = { 0 };
    int there = 0;
    if (stream->flags & WF_STREAM_PLACED && ioctl(stream->fd, FIONREAD, &there) == 0 && there > 0)
        place = stream->events->on_place(stream, (size_t)there);
    return place.count ? place : (struct weft_buffer){ loop->receive_buffer, loop->receive_bytes };
}

/* One read as a rule; more only where the buffer was filled to its end. */
static void receive(struct wf_stream *stream)
{
    weft_loop *loop = stream->loop;
    size_t taken = 0;
    while (taken < READS_PER_TURN * loop->receive_bytes) {
        struct weft_buffer place = place_of(stream);
        ssize_t got = recv(stream->fd, place.data, place.count, 0);
        if (got > 0) {
            size_t count = (size_t)got;
            taken += count;
            stream->events->on_received(stream, (struct weft_buffer){ place.data, count });
            if (count < place.count || !is_current(loop, stream) ||
                stream->flags & WF_STREAM_PAUSED)
                return;
        } else if (got == 0) {
            tell_end(stream);
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (errno != EINTR) {
            tell_failed(stream, errno);
            return;
        }
    }
}

/* Something has ended while nobody reads. A broken connection is told at once; an end that lies
 * behind unread bytes is told after these, and until then not waited for, as it would be told over
 * and over. */
static void look_at_hangup(struct wf_stream *stream)
{
    int failure = pending_error(stream);
    if (failure) {
        tell_failed(stream, failure);
        return;
    }
    uint8_t byte;
    ssize_t got = recv(stream->fd, &byte, sizeof byte, MSG_PEEK);
    if (got == 0) {
        tell_end(stream);
    } else if (got > 0) {
        stream->flags |= WF_STREAM_HUNG_UP;
        adjust_or_lose(stream);
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        tell_failed(stream, errno);
    }
}

/* The interest is dropped after the callback: most often it sends, and again not all. */
static void tell_sendable(struct wf_stream *stream)
{
    weft_loop *loop = stream->loop;
    stream->flags &= ~(uint32_t)WF_STREAM_SENDING;
    stream->events->on_sendable(stream);
    if (is_current(loop, stream))
        adjust_or_lose(stream);
}

/* A paused stream may still be ready to read, if it was paused after the wait. */
static void deliver_incoming(struct wf_stream *stream, int ready)
{
    if (stream->flags & WF_STREAM_ENDED)
        return;
    if (!(stream->flags & WF_STREAM_PAUSED))
        receive(stream);
    else if (ready & (WF_HANGUP | WF_BROKEN))
        look_at_hangup(stream);
}

void wf_readiness_deliver_stream(struct wf_stream *stream, int ready)
{
    weft_loop *loop = stream->loop;
    loop->current = stream;
    if (stream->flags & WF_STREAM_CONNECTING) {
        finish_connecting(stream);
    } else {
        if (ready & ~WF_WRITABLE)
            deliver_incoming(stream, ready);
        if (ready & (WF_WRITABLE | WF_BROKEN) && is_current(loop, stream) &&
            stream->flags & WF_STREAM_SENDING && !(stream->flags & WF_STREAM_FAILED))
            tell_sendable(stream);
    }
    loop->current = NULL;
}

void wf_readiness_deliver_source(struct wf_source *source, int ready)
{
    source->on_ready(source, ready);
}

static struct wf_stream *first_lost(weft_loop *loop)
{
    for (struct wf_link *link = loop->streams; link; link = link->next) {
        struct wf_stream *stream = WF_CONTAINER_OF(link, struct wf_stream, link);
        if (stream->flags & WF_STREAM_LOST)
            return stream;
    }
    return NULL;
}

void wf_readiness_deliver_lost(weft_loop *loop)
{
    while (loop->lost_count) {
        struct wf_stream *stream = first_lost(loop);
        assert(stream);
        stream->flags &= ~(uint32_t)WF_STREAM_LOST;
        loop->lost_count--;
        if (stream->flags & WF_STREAM_FAILED)
            continue;
        loop->current = stream;
        tell_failed(stream, ENOMEM);
        loop->current = NULL;
    }
}

weft_status wf_readiness_stream_start(struct wf_stream *stream)
{
    return adjust(stream);
}

void wf_readiness_stream_adjust(struct wf_stream *stream)
{
    adjust_or_lose(stream);
}

/* Returns what the poller knows of it. */
static int end_flags(struct wf_stream *stream)
{
    int before = (int)(stream->flags & WF_STREAM_INTEREST);
    if (stream->flags & WF_STREAM_LOST)
        stream->loop->lost_count--;
    stream->flags = 0;
    return before;
}

void wf_readiness_stream_forget(struct wf_stream *stream)
{
    weft_loop *loop = stream->loop;
    int before = end_flags(stream);
    if (before)
        (void)!loop->poller->set(loop, stream->fd, (wf_owner)stream, before, 0);
}

weft_status wf_readiness_stream_pass(struct wf_stream *stream, struct wf_stream *heir)
{
    weft_loop *loop = stream->loop;
    int before = end_flags(stream);
    weft_status status =
        loop->poller->pass(loop, heir->fd, (wf_owner)stream, (wf_owner)heir, before);
    if (!status)
        heir->flags |= WF_READABLE;
    return status;
}

/* One system call. -1: errno. */
static ssize_t send_spans(int fd, const struct weft_bytes *spans, size_t count)
{
    struct iovec vectors[SPANS_PER_CALL];
    for (size_t i = 0; i < count; i++) {
        vectors[i].iov_base = (void *)(uintptr_t)spans[i].data;
        vectors[i].iov_len = spans[i].count;
    }
    struct msghdr message = { .msg_iov = vectors, .msg_iovlen = count };
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static ssize_t send_some(int fd, const struct weft_bytes *spans, size_t count)
{
    ssize_t sent;
    do {
        sent = count == 1 ? send(fd, spans->data, spans->count, MSG_NOSIGNAL)
                          : send_spans(fd, spans, count);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : sent;
}

void wf_readiness_wait_for_room(struct wf_stream *stream)
{
    stream->flags |= WF_STREAM_SENDING;
    adjust_or_lose(stream);
}

static weft_status send_batches(struct wf_stream *stream, const struct weft_bytes *spans,
                                size_t span_count, size_t *taken_out)
{
    while (span_count) {
        size_t count = span_count < SPANS_PER_CALL ? span_count : SPANS_PER_CALL;
        size_t bytes = 0;
        for (size_t i = 0; i < count; i++)
            bytes += spans[i].count;
        ssize_t sent = bytes ? send_some(stream->fd, spans, count) : 0;
        if (sent < 0)
            return WEFT_ERR_SYSTEM;
        *taken_out += (size_t)sent;
        if ((size_t)sent < bytes) {
            wf_readiness_wait_for_room(stream);
            return WEFT_OK;
        }
        spans += count;
        span_count -= count;
    }
    return WEFT_OK;
}

weft_status wf_readiness_stream_send(struct wf_stream *stream, const struct weft_bytes *spans,
                                     size_t span_count, size_t *taken_out)
{
    *taken_out = 0;
    if (span_count != 1 || spans->count == 0)
        return send_batches(stream, spans, span_count, taken_out);
    ssize_t sent = send(stream->fd, spans->data, spans->count, MSG_NOSIGNAL);
    if (sent < 0)
        return send_batches(stream, spans, 1, taken_out); /* Which knows why. */
    *taken_out = (size_t)sent;
    if ((size_t)sent < spans->count)
        wf_readiness_wait_for_room(stream);
    return WEFT_OK;
}

/* What accept(2) tells of the connection and not of the listener. */
static bool is_of_one_connection(int error)
{
    switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return true;
    default:
        return false;
    }
}

/* The callbacks may stop the acceptor, and then free it. */
static void accept_some(struct wf_source *source, int ready)
{
    (void)ready;
    struct wf_acceptor *acceptor = WF_CONTAINER_OF(source, struct wf_acceptor, source);
    weft_loop *loop = acceptor->loop;
    loop->accepting = acceptor;
    for (int accepts = 0; accepts < ACCEPTS_PER_TURN && loop->accepting == acceptor; accepts++) {
        int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            acceptor->on_accepted(acceptor, fd);
        } else if (!is_of_one_connection(errno)) {
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                acceptor->on_accept_failed(acceptor, errno);
            break;
        }
    }
    loop->accepting = NULL;
}

weft_status wf_readiness_acceptor_start(struct wf_acceptor *acceptor)
{
    acceptor->source.on_ready = accept_some;
    return wf_readiness_source_set(acceptor->loop, &acceptor->source, WF_READABLE);
}

void wf_readiness_acceptor_stop(struct wf_acceptor *acceptor)
{
    weft_loop *loop = acceptor->loop;
    if (loop->accepting == acceptor)
        loop->accepting = NULL;
    (void)!wf_readiness_source_set(loop, &acceptor->source, 0);
}

weft_status wf_readiness_source_set(weft_loop *loop, struct wf_source *source, int interest)
{
    if (interest == source->interest)
        return WEFT_OK;
    weft_status status =
        loop->poller->set(loop, source->fd, owner_of_source(source), source->interest, interest);
    if (!status)
        source->interest = interest;
    return status;
}

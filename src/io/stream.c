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

weft_status wf_stream_open_accepted(struct wf_stream *stream, weft_loop *loop, int fd,
                                    const struct wf_stream_events *events)
{
#ifdef __linux__ /* Which hands the listener's TCP_NODELAY on. */
    return loop->is_ending ? refuse(stream, ECANCELED) : start(stream, loop, fd, events, 0);
#else
    return wf_stream_open(stream, loop, fd, events);
#endif
}

/* The port is chosen when the peer is known: sources may share it (ip(7)). */
static bool bind_source(int fd, const struct wf_address *source)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return !bind(fd, (const struct sockaddr *)&source->storage, source->bytes);
}

static bool bind_origin(int fd, const struct wf_stream_origin *origin, const char **wrong_out)
{
    *wrong_out = "bind_device";
    if (origin->device[0] && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, origin->device,
                                        (socklen_t)strlen(origin->device) + 1))
        return false;
    *wrong_out = "source_address";
    if (origin->source.bytes && !bind_source(fd, &origin->source))
        return false;
    *wrong_out = NULL;
    return true;
}

weft_status wf_stream_connect_from(struct wf_stream *stream, weft_loop *loop,
                                   const struct wf_stream_origin *origin,
                                   const struct wf_address *address,
                                   const struct wf_stream_events *events, const char **wrong_out)
{
    *wrong_out = NULL;
    if (loop->is_ending)
        return refuse(stream, ECANCELED);
    int family = address->storage.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return refuse(stream, errno);
    send_at_once(fd);
    weft_status status = WEFT_ERR_SYSTEM;
    bool is_bound = family == AF_UNIX || bind_origin(fd, origin, wrong_out);
    if (is_bound && (!connect(fd, (const struct sockaddr *)&address->storage, address->bytes) ||
                     errno == EINPROGRESS || errno == EINTR))
        status = start(stream, loop, fd, events, WF_STREAM_CONNECTING);
    if (status) {
        int failure = errno;
        close(fd);
        return refuse(stream, failure);
    }
    return WEFT_OK;
}

weft_status wf_stream_connect(struct wf_stream *stream, weft_loop *loop,
                              const struct wf_address *address,
                              const struct wf_stream_events *events)
{
    static const struct wf_stream_origin anywhere;
    const char *wrong;
    return wf_stream_connect_from(stream, loop, &anywhere, address, events, &wrong);
}

/* MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL and MAX_TCP_KEEPCNT of the kernel. */
enum { KEEPALIVE_S_MAX = 32767, KEEPALIVE_COUNT_MAX = 127 };

bool wf_stream_tcp_is_usable(const struct weft_tcp_options *options)
{
    return options->keepalive_idle_s <= KEEPALIVE_S_MAX &&
           options->keepalive_interval_s <= KEEPALIVE_S_MAX &&
           options->keepalive_count <= KEEPALIVE_COUNT_MAX;
}

static bool is_tcp(int fd)
{
    int protocol = 0;
    socklen_t bytes = sizeof protocol;
    return !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &bytes) && protocol == IPPROTO_TCP;
}

weft_status wf_stream_set_tcp(int fd, const struct weft_tcp_options *options)
{
    const struct {
        int level;
        int name;
        bool is_given;
        int value;
    } rows[] = {
        { IPPROTO_TCP, TCP_NODELAY, true, !options->nodelay_off },
        { SOL_SOCKET, SO_KEEPALIVE, options->keepalive_idle_s > 0, 1 },
        { IPPROTO_TCP, TCP_KEEPIDLE, options->keepalive_idle_s > 0,
          (int)options->keepalive_idle_s },
        { IPPROTO_TCP, TCP_KEEPINTVL, options->keepalive_interval_s > 0,
          (int)options->keepalive_interval_s },
        { IPPROTO_TCP, TCP_KEEPCNT, options->keepalive_count > 0, (int)options->keepalive_count },
    };
    if (!is_tcp(fd))
        return WEFT_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].is_given &&
            setsockopt(fd, rows[i].level, rows[i].name, &rows[i].value, sizeof rows[i].value))
            return WEFT_ERR_SYSTEM;
    return WEFT_OK;
}

weft_status wf_stream_send(struct wf_stream *stream, const struct weft_bytes *spans,
                           size_t span_count, size_t *taken_out)
{
    assert(wf_stream_is_open(stream) && !(stream->flags & WF_STREAM_CONNECTING));
    return stream->loop->backend->stream_send(stream, spans, span_count, taken_out);
}

void wf_stream_send_each(weft_loop *loop, struct wf_stream_offer *offers, size_t count)
{
    loop->backend->stream_send_each(loop, offers, count);
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

void wf_stream_want_place(struct wf_stream *stream, bool is_wanted)
{
    if (is_wanted && wf_stream_is_open(stream) && stream->events->on_place)
        stream->flags |= WF_STREAM_PLACED;
    else
        stream->flags &= ~(uint32_t)WF_STREAM_PLACED;
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

weft_status wf_stream_pass(struct wf_stream *stream, struct wf_stream *heir,
                           const struct wf_stream_events *events)
{
    assert(wf_stream_is_open(stream));
    weft_loop *loop = stream->loop;
    *heir = (struct wf_stream){ .loop = loop, .events = events, .fd = stream->fd };
    if (loop->current == stream)
        loop->current = NULL;
    weft_status status = loop->backend->stream_pass(stream, heir);
    wf_link_remove(&stream->link);
    stream->fd = -1;
    if (!status) {
        wf_link_insert(&loop->streams, &heir->link);
        return WEFT_OK;
    }
    close(heir->fd);
    heir->fd = -1;
    return status;
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
    return wf_address_of_peer(address_out, stream->fd);
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

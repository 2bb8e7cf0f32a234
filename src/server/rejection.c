/* Connections over the limit: a 503, and the end. */
#include "server/server.h"

#include <unistd.h>

/* Few are told, and not for long: a flood must not get from the refusals what the limit denies it.
 */
enum { REJECTIONS_MAX = 64, LINGER_MS = 1000 };

struct rejection {
    struct wf_stream stream;
    struct wf_timer timer;
    struct wf_link link;
    weft_server *server;
};

static void close_rejection(struct rejection *rejection)
{
    weft_server *server = rejection->server;
    wf_timer_stop(server->loop, &rejection->timer);
    wf_stream_close(&rejection->stream, false);
    wf_link_remove(&rejection->link);
    server->rejection_count--;
    wf_free(server->allocator, rejection);
}

static void on_connected(struct wf_stream *stream, int system_error)
{
    (void)stream;
    (void)system_error;
}

/* The request is read and not looked at: closing with bytes unread would take the answer from the
 * client. */
static void on_received(struct wf_stream *stream, struct weft_buffer bytes)
{
    (void)stream;
    (void)bytes;
}

static void on_end(struct wf_stream *stream)
{
    close_rejection(WF_CONTAINER_OF(stream, struct rejection, stream));
}

static void on_sendable(struct wf_stream *stream)
{
    (void)stream;
}

static void on_failed(struct wf_stream *stream, int system_error)
{
    (void)system_error;
    on_end(stream);
}

static const struct wf_stream_events events = {
    .on_connected = on_connected,
    .on_received = on_received,
    .on_end = on_end,
    .on_sendable = on_sendable,
    .on_failed = on_failed,
};

static void on_timer(struct wf_timer *timer)
{
    close_rejection(WF_CONTAINER_OF(timer, struct rejection, timer));
}

static bool send_answer(struct rejection *rejection)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
                                 "Content-Type: text/plain; charset=utf-8\r\n"
                                 "Content-Length: 31\r\n"
                                 "Connection: close\r\n"
                                 "\r\n"
                                 "there are too many connections\n";
    struct weft_bytes span = { (const uint8_t *)answer, sizeof answer - 1 };
    size_t taken;
    return wf_stream_send(&rejection->stream, &span, 1, &taken) == WEFT_OK && taken == span.count;
}

void wf_rejection_open(weft_server *server, int fd)
{
    struct rejection *rejection = NULL;
    if (server->rejection_count < REJECTIONS_MAX)
        rejection = wf_alloc_zero(server->allocator, sizeof *rejection);
    if (!rejection || wf_stream_open(&rejection->stream, server->loop, fd, &events)) {
        wf_free(server->allocator, rejection);
        close(fd);
        return;
    }
    rejection->server = server;
    rejection->timer.on_timer = on_timer;
    wf_link_insert(&server->rejections, &rejection->link);
    server->rejection_count++;
    if (!send_answer(rejection)) {
        close_rejection(rejection);
        return;
    }
    wf_stream_shutdown(&rejection->stream);
    wf_timer_start(server->loop, &rejection->timer, LINGER_MS);
}

void wf_rejection_close_all(weft_server *server)
{
    while (server->rejections)
        close_rejection(WF_CONTAINER_OF(server->rejections, struct rejection, link));
}

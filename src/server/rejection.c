/* Connections over the limit: a 503, and the end. */
#include "server/server.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

/* Few are told, and not for long: a flood must not get from the refusals what the limit denies it.
 */
enum { REJECTIONS_MAX = 64, LINGER_MS = 1000 };

/* A handshake of TLS costs far more. */
enum { SEALED_MAX = 16, SEALED_MS = 1000 };

#define SAID "there are too many connections\n"
static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
                             "Content-Type: text/plain; charset=utf-8\r\n"
                             "Content-Length: 31\r\n"
                             "Connection: close\r\n"
                             "\r\n" SAID;
static_assert(sizeof SAID - 1 == 31, "Content-Length");

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
    struct weft_bytes span = { (const uint8_t *)answer, sizeof answer - 1 };
    size_t taken;
    return wf_stream_send(&rejection->stream, &span, 1, &taken) == WEFT_OK && taken == span.count;
}

static void open_plain(weft_server *server, int fd)
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

/* ---- over TLS: a socket like others, that is not counted, and whose answer is known ---- */

static void on_request(weft_socket *socket, const struct weft_engine_request_view *view)
{
    struct weft_header type = { WEFT_TEXT_LITERAL("Content-Type"),
                                WEFT_TEXT_LITERAL("text/plain; charset=utf-8") };
    struct weft_engine_respond respond = {
        .status = 503,
        .headers = { &type, 1 },
        .body = { (const uint8_t *)SAID, sizeof SAID - 1 },
        .head_only = view->method.count == 4 && memcmp(view->method.data, "HEAD", 4) == 0,
        .close = true,
    };
    if (wf_socket_respond(socket, &respond))
        wf_answer_give_up(socket);
}

static struct weft_bytes on_plain_http(weft_socket *socket)
{
    (void)socket;
    return (struct weft_bytes){ (const uint8_t *)answer, sizeof answer - 1 };
}

static void on_gone(weft_socket *socket)
{
    weft_server *server = wf_socket_shape(socket)->opening;
    if (server)
        server->sealed_rejection_count--;
}

static const struct wf_socket_owner sealed_owner = { .on_request = on_request,
                                                     .on_plain_http = on_plain_http,
                                                     .on_gone = on_gone };

/* NULL: no memory. */
static struct wf_socket_shape *need_shape(weft_server *server)
{
    struct weft_socket_settings settings = server->shape->settings;
    settings.handshake_timeout_ms = SEALED_MS;
    if (!server->rejecting_shape)
        server->rejecting_shape = wf_server_create_shape(server, &settings, NULL);
    if (server->rejecting_shape)
        server->rejecting_shape->owner = &sealed_owner;
    return server->rejecting_shape;
}

static void open_sealed(weft_server *server, int fd, const struct wf_socket_beginning *beginning)
{
    weft_socket *socket;
    if (server->sealed_rejection_count >= SEALED_MAX || !need_shape(server) ||
        wf_socket_open_accepted(server->rejecting_shape, fd, beginning, &socket))
        close(fd);
    else
        server->sealed_rejection_count++;
}

void wf_rejection_open(weft_server *server, int fd, const struct wf_socket_beginning *beginning)
{
    if (beginning->tls)
        open_sealed(server, fd, beginning);
    else
        open_plain(server, fd);
}

void wf_rejection_close_all(weft_server *server)
{
    while (server->rejections)
        close_rejection(WF_CONTAINER_OF(server->rejections, struct rejection, link));
}

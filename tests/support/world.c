#include "support/world.h"

#include "support/secure.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void note(struct record *record, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof record->line - record->bytes;
    int count = vsnprintf(record->line + record->bytes, room, format, arguments);
    va_end(arguments);
    assert_true(count >= 0 && (size_t)count < room);
    record->bytes += (size_t)count;
}

static void on_open(weft_socket *socket, void *user)
{
    struct record *record = user;
    record->socket = socket;
    assert_int_equal(weft_socket_ready_state(socket), WEFT_OPEN);
    note(record, "open ");
    if (record->on_open)
        record->on_open(socket, record);
}

static void on_message(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    struct record *record = user;
    record->message_count++;
    record->message_bytes += message->bytes;
    if (!record->quiet)
        note(record, "%s:%.*s ", message->type == WEFT_TEXT ? "text" : "binary",
             (int)message->bytes, (const char *)message->data);
    if (record->echoes) {
        weft_status status = message->type == WEFT_TEXT
                                 ? weft_socket_send_text(socket, message->data, message->bytes)
                                 : weft_socket_send_bytes(socket, message->data, message->bytes);
        assert_int_equal(status, WEFT_OK);
    }
    if (record->on_message)
        record->on_message(socket, message, record);
}

static void on_error(weft_socket *socket, const struct weft_failure *failure, void *user)
{
    struct record *record = user;
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CLOSED);
    note(record, "error:%s ", weft_failure_kind_name(failure->kind));
    record->failure = *failure;
    snprintf(record->failure_text, sizeof record->failure_text, "%s", failure->text);
    record->http_status = failure->http.status;
    snprintf(record->http_body, sizeof record->http_body, "%.*s", (int)failure->http.body.count,
             (const char *)failure->http.body.data);
    const struct weft_header *why = weft_headers_find(failure->http.headers, "x-why", NULL);
    if (why)
        snprintf(record->http_header, sizeof record->http_header, "%.*s", (int)why->value.count,
                 why->value.data);
}

static void on_close(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    struct record *record = user;
    assert_false(record->is_closed);
    assert_int_equal(strlen(event->reason), event->reason_bytes);
    record->is_closed = true;
    record->state_at_close = weft_socket_ready_state(socket);
    note(record, "close:%u/%s/%s ", event->code, event->reason,
         event->was_clean ? "clean" : "unclean");
}

static void on_drained(weft_socket *socket, void *user)
{
    assert_false(weft_socket_is_over_mark(socket));
    note(user, "drained ");
}

static void on_ping(weft_socket *socket, struct weft_bytes payload, void *user)
{
    (void)socket;
    note(user, "ping:%.*s ", (int)payload.count, (const char *)payload.data);
}

static void on_pong(weft_socket *socket, struct weft_bytes payload, void *user)
{
    (void)socket;
    note(user, "pong:%.*s ", (int)payload.count, (const char *)payload.data);
}

static void on_reconnect(weft_socket *socket, const struct weft_reconnect_event *event, void *user)
{
    struct record *record = user;
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CONNECTING);
    assert_int_equal(weft_socket_buffered_amount(socket), 0);
    assert_null(weft_socket_failure(socket));
    note(record, "again:%u/%u ", event->attempt, event->close.code);
    record->reconnect_delay_ms = event->delay_ms;
    record->reconnect_dropped_bytes = event->dropped_bytes;
    if (record->on_reconnect)
        record->on_reconnect(socket, event, record);
}

const struct weft_socket_events record_events = {
    .on_open = on_open,
    .on_message = on_message,
    .on_error = on_error,
    .on_close = on_close,
    .on_drained = on_drained,
    .on_ping = on_ping,
    .on_pong = on_pong,
    .on_reconnect = on_reconnect,
};

void world_start(struct world *world, enum weft_backend backend)
{
    struct weft_loop_options options = { .backend = backend };
    memset(world, 0, sizeof *world);
    assert_int_equal(weft_loop_create(&options, &world->loop), WEFT_OK);
    assert_int_equal(weft_server_create(world->loop, NULL, &world->server), WEFT_OK);
    assert_int_equal(
        secure_listen(world->server, "127.0.0.1:0", world->address, sizeof world->address),
        WEFT_OK);
    snprintf(world->url, sizeof world->url, "%s://%s", secure_scheme(), world->address);
}

void world_end(struct world *world)
{
    weft_server_destroy(world->server);
    weft_loop_destroy(world->loop);
}

void world_route(struct world *world, const char *pattern, struct record *record,
                 const struct weft_socket_settings *settings)
{
    static const char *const protocols[] = { "second", "first" };
    struct weft_route route = {
        .events = record_events, .user = record, .protocols = protocols, .protocol_count = 2
    };
    if (settings)
        route.settings = *settings;
    assert_int_equal(weft_server_route(world->server, pattern, &route), WEFT_OK);
}

weft_socket *world_connect(struct world *world, const char *path, struct record *record,
                           const struct weft_connect_options *options)
{
    struct weft_connect_options mine = { 0 };
    if (options)
        mine = *options;
    mine.events = record_events;
    mine.user = record;
    if (!mine.tls)
        mine.tls = secure_trust();
    char url[256];
    snprintf(url, sizeof url, "%s%s", world->url, path);
    weft_socket *socket = NULL;
    assert_int_equal(weft_socket_connect(world->loop, url, &mine, &socket), WEFT_OK);
    assert_non_null(socket);
    return socket;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

bool world_turn(struct world *world, int turns)
{
    static double begin;
    if (turns == 0)
        begin = now();
    assert_int_equal(weft_loop_turn(world->loop, 10), WEFT_OK);
    return now() - begin < 50;
}

static int connect_blocking(const char *address)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    to.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return secure_bridge(fd);
}

static bool is_readable(int fd)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    return poll(&poll_fd, 1, 0) > 0;
}

int world_raw_websocket(struct world *world, const char *path)
{
    char head[512], answer[1024] = "";
    int fd = connect_blocking(world->address);
    int count = snprintf(head, sizeof head,
                         "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                         "Sec-WebSocket-Version: 13\r\n\r\n",
                         path, world->address);
    assert_int_equal(write(fd, head, (size_t)count), count);
    size_t have = 0;
    while (!strstr(answer, "\r\n\r\n")) {
        world_until(world, is_readable(fd));
        ssize_t got = read(fd, answer + have, 1); /* No byte of the frames behind it. */
        assert_true(got == 1 && have + 1 < sizeof answer);
        have++;
    }
    assert_non_null(strstr(answer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    return fd;
}

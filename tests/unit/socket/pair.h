/* What the tests of this room share: a server's socket at one end of a socketpair, and the test,
 * which speaks raw bytes, at the other. */
#ifndef UNIT_SOCKET_PAIR_H
#define UNIT_SOCKET_PAIR_H

#include "io/loop.h"
#include "socket/object.h"
#include "support/cases.h"
#include "support/fault_alloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* All that a socket has told: "open text:hi pong: close:1000/clean ". */
struct pair {
    struct fault_alloc fault;
    weft_loop *loop;
    bool owns_loop;
    struct wf_socket_shape shape;
    weft_socket *socket; /* With a reference of the test's. */
    int fd;              /* The peer's end. -1: closed. */
    char line[4096];
    size_t bytes;
    size_t seen_bytes;  /* What the peer has read. */
    uint8_t seen[4096]; /* The first of it. */
    int gone_count;
    int close_count;
    int shape_free_count;
    bool refuses;
    bool peer_has_end;
    struct weft_failure failure;
    /* Called for each event, by its name, after it was written down. */
    void (*on_event)(struct pair *pair, const char *name);
    void *user;
    const struct wf_socket_beginning *beginning; /* Set by the test; NULL: plain. */
    uint32_t receive_bytes;                      /* Of the loop, likewise. */
};

static inline uint64_t pair_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

__attribute__((format(printf, 3, 4))) static inline void pair_note(struct pair *pair,
                                                                   const char *name,
                                                                   const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof pair->line - pair->bytes;
    int count = vsnprintf(pair->line + pair->bytes, room, format, arguments);
    va_end(arguments);
    assert_true(count >= 0 && (size_t)count < room);
    pair->bytes += (size_t)count;
    if (pair->on_event)
        pair->on_event(pair, name);
}

static inline void pair_on_open(weft_socket *socket, void *user)
{
    assert_int_equal(weft_socket_ready_state(socket), WEFT_OPEN);
    pair_note(user, "open", "open ");
}

static inline void pair_on_message(weft_socket *socket, const struct weft_message_event *message,
                                   void *user)
{
    assert_int_equal(weft_socket_ready_state(socket), WEFT_OPEN);
    pair_note(user, "message", "text:%.*s ", (int)message->bytes, (const char *)message->data);
}

static inline void pair_on_error(weft_socket *socket, const struct weft_failure *failure,
                                 void *user)
{
    struct pair *pair = user;
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CLOSED);
    pair->failure = *failure;
    pair_note(pair, "error", "error:%s ", weft_failure_kind_name(failure->kind));
}

static inline void pair_on_close(weft_socket *socket, const struct weft_close_event *event,
                                 void *user)
{
    struct pair *pair = user;
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CLOSED);
    pair->close_count++;
    pair_note(pair, "close", "close:%u/%s ", event->code, event->was_clean ? "clean" : "unclean");
}

static inline void pair_on_drained(weft_socket *socket, void *user)
{
    assert_false(weft_socket_is_over_mark(socket));
    pair_note(user, "drained", "drained ");
}

static inline void pair_on_ping(weft_socket *socket, struct weft_bytes payload, void *user)
{
    (void)socket;
    pair_note(user, "ping", "ping:%.*s ", (int)payload.count, (const char *)payload.data);
}

static inline void pair_on_pong(weft_socket *socket, struct weft_bytes payload, void *user)
{
    (void)socket;
    pair_note(user, "pong", "pong:%.*s ", (int)payload.count, (const char *)payload.data);
}

static const struct weft_socket_events pair_events = {
    .on_open = pair_on_open,
    .on_message = pair_on_message,
    .on_error = pair_on_error,
    .on_close = pair_on_close,
    .on_drained = pair_on_drained,
    .on_ping = pair_on_ping,
    .on_pong = pair_on_pong,
};

static inline struct pair *pair_of(weft_socket *socket)
{
    return wf_socket_shape(socket)->opening;
}

static inline void pair_on_request(weft_socket *socket,
                                   const struct weft_engine_request_view *request)
{
    struct pair *pair = pair_of(socket);
    assert_true(request->wants_upgrade);
    if (pair->on_event)
        pair->on_event(pair, "request");
    struct weft_engine_respond no = { .status = 403, .close = true };
    weft_status status = pair->refuses ? wf_socket_respond(socket, &no)
                                       : wf_socket_accept(socket, &pair->shape, NULL, pair);
    assert_true(status == WEFT_OK || pair->fault.failed || pair->close_count);
}

static inline void pair_on_gone(weft_socket *socket)
{
    pair_of(socket)->gone_count++;
}

static inline void pair_on_free(struct wf_socket_shape *shape)
{
    struct pair *pair = shape->opening;
    pair->shape_free_count++;
}

static const struct wf_socket_owner pair_owner = { .on_request = pair_on_request,
                                                   .on_gone = pair_on_gone };

static inline void pair_start_on_loop(struct pair *pair,
                                      const struct weft_socket_settings *settings)
{
    static const struct weft_socket_settings none;
    pair->shape = (struct wf_socket_shape){ .references = 1,
                                            .owner = &pair_owner,
                                            .opening = pair,
                                            .on_free = pair_on_free,
                                            .settings = settings ? *settings : none,
                                            .events = pair_events };
    wf_socket_shape_resolve(&pair->shape, pair->loop, WEFT_SERVER);
    int ends[2], small = 4096;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    assert_int_equal(wf_socket_open_accepted(&pair->shape, ends[0], pair->beginning, &pair->socket),
                     WEFT_OK);
    weft_socket_retain(pair->socket);
    pair->fd = ends[1];
}

/* Zero-filled before, but for what the test sets. */
static inline void pair_start(struct pair *pair, enum weft_backend backend,
                              const struct weft_socket_settings *settings)
{
    fault_alloc_init(&pair->fault, 0);
    struct weft_loop_options options = { .backend = backend,
                                         .allocator = &pair->fault.allocator,
                                         .receive_bytes = pair->receive_bytes };
    assert_int_equal(weft_loop_create(&options, &pair->loop), WEFT_OK);
    pair->owns_loop = true;
    pair_start_on_loop(pair, settings);
}

/* On the loop of another, which must end behind this one. */
static inline void pair_start_beside(struct pair *pair, struct pair *first,
                                     const struct weft_socket_settings *settings)
{
    pair->loop = first->loop;
    pair_start_on_loop(pair, settings);
}

static inline void pair_write(struct pair *pair, const void *data, size_t count)
{
    if (pair->fd < 0)
        return;
    ssize_t sent = send(pair->fd, data, count, MSG_NOSIGNAL);
    if (sent < 0)
        assert_true(errno == EPIPE || errno == ECONNRESET);
    else
        assert_int_equal(sent, count);
}

#define PAIR_WRITE(pair, literal) pair_write((pair), (literal), sizeof(literal) - 1)

#define PAIR_REQUEST                                                                               \
    "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                   \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

/* Reads what has come. */
static inline void pair_read(struct pair *pair)
{
    static uint8_t buffer[65536];
    ssize_t got = 0;
    while (pair->fd >= 0 && (got = recv(pair->fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
        size_t count = (size_t)got;
        size_t room =
            pair->seen_bytes < sizeof pair->seen ? sizeof pair->seen - pair->seen_bytes : 0;
        memcpy(pair->seen + (sizeof pair->seen - room), buffer, count < room ? count : room);
        pair->seen_bytes += count;
    }
    if (pair->fd >= 0 && (got == 0 || (errno != EAGAIN && errno != EINTR)))
        pair->peer_has_end = true;
}

static inline void pair_turn(struct pair *pair)
{
    assert_int_equal(weft_loop_turn(pair->loop, 1), WEFT_OK);
}

#define pair_until(pair, condition)                                                                \
    do {                                                                                           \
        for (uint64_t begin_ = pair_now(); !(condition); pair_turn(pair))                          \
            if (pair_now() - begin_ > 20000)                                                       \
                fail_msg("waited in vain for: %s, after %s", #condition, (pair)->line);            \
    } while (0)

/* The handshake, and the answer to it taken away. */
static inline void pair_open(struct pair *pair)
{
    PAIR_WRITE(pair, PAIR_REQUEST);
    pair_until(pair, pair->bytes);
    pair_until(pair, (pair_read(pair), pair->seen_bytes));
    assert_memory_equal(pair->seen, "HTTP/1.1 101 ", 13);
    pair->seen_bytes = 0;
    pair->bytes = 0;
    memset(pair->line, 0, sizeof pair->line);
}

static inline void pair_close_peer(struct pair *pair)
{
    if (pair->fd >= 0)
        close(pair->fd);
    pair->fd = -1;
}

/* What is left ends with the peer or the loop; the shape is freed once, and no memory is left. */
static inline void pair_end(struct pair *pair)
{
    weft_socket_release(pair->socket);
    pair_close_peer(pair);
    if (pair->owns_loop)
        weft_loop_destroy(pair->loop);
    else
        pair_until(pair, pair->gone_count);
    assert_int_equal(pair->gone_count, 1);
    wf_socket_shape_release(&pair->shape);
    assert_int_equal(pair->shape_free_count, 1);
    assert_int_equal(pair->fault.live_count, 0);
}

#endif

/* Streams whose events are written down, and pairs of them over everything that carries one. */
#ifndef UNIT_IO_STREAMS_H
#define UNIT_IO_STREAMS_H

#include "io/listener.h"
#include "io/stream.h"
#include "unit/io/loops.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct end {
    struct wf_stream stream;
    char log[256]; /* "connected:0 end failed:104 sendable " */
    uint8_t *received;
    size_t received_bytes;
    size_t receive_count;
    void (*hook)(struct end *end); /* Called last in every event; may free the end. */
};

static inline struct end *end_of(struct wf_stream *stream)
{
    return WF_CONTAINER_OF(stream, struct end, stream);
}

static inline void end_note(struct end *end, const char *event, int number)
{
    size_t at = strlen(end->log);
    if (number >= 0)
        snprintf(end->log + at, sizeof end->log - at, "%s:%d ", event, number);
    else
        snprintf(end->log + at, sizeof end->log - at, "%s ", event);
    if (end->hook)
        end->hook(end);
}

static inline void end_connected(struct wf_stream *stream, int system_error)
{
    end_note(end_of(stream), "connected", system_error);
}

static inline void end_received(struct wf_stream *stream, struct weft_buffer bytes)
{
    struct end *end = end_of(stream);
    assert_true(bytes.count > 0);
    end->received = realloc(end->received, end->received_bytes + bytes.count);
    assert_non_null(end->received);
    memcpy(end->received + end->received_bytes, bytes.data, bytes.count);
    memset(bytes.data, 0xEE, bytes.count); /* It is ours to change. */
    end->received_bytes += bytes.count;
    end->receive_count++;
    if (end->hook)
        end->hook(end);
}

static inline void end_ended(struct wf_stream *stream)
{
    end_note(end_of(stream), "end", -1);
}

static inline void end_sendable(struct wf_stream *stream)
{
    end_note(end_of(stream), "sendable", -1);
}

static inline void end_failed(struct wf_stream *stream, int system_error)
{
    end_note(end_of(stream), "failed", system_error);
}

static const struct wf_stream_events end_events = {
    .on_connected = end_connected,
    .on_received = end_received,
    .on_end = end_ended,
    .on_sendable = end_sendable,
    .on_failed = end_failed,
};

static inline void end_close(struct end *end)
{
    wf_stream_close(&end->stream, false);
    free(end->received);
    end->received = NULL;
}

enum carrier { SOCKETPAIR, TCP_V4, TCP_V6, UNIX_PATH, UNIX_ABSTRACT, CARRIER_COUNT };

static inline void path_for_tests(char *out, size_t out_bytes, const char *name)
{
    const char *folder = getenv("TMPDIR");
    snprintf(out, out_bytes, "%s/weft-%s-%ld", folder ? folder : "/tmp", name, (long)getpid());
}

/* false: this machine does not have it (IPv6). */
static inline bool address_for(enum carrier carrier, struct wf_address *address_out)
{
    char path[108], abstract[108];
    path_for_tests(path, sizeof path, "stream");
    snprintf(abstract, sizeof abstract, "@weft-stream-%ld", (long)getpid());
    weft_status status = WEFT_OK;
    switch (carrier) {
    case TCP_V4:
        status = wf_address_of_ip(address_out, weft_text_of("127.0.0.1"), 0);
        break;
    case TCP_V6:
        status = wf_address_of_ip(address_out, weft_text_of("::1"), 0);
        break;
    case UNIX_PATH:
        status = wf_address_of_path(address_out, weft_text_of(path));
        break;
    case UNIX_ABSTRACT:
        status = wf_address_of_path(address_out, weft_text_of(abstract));
        break;
    case SOCKETPAIR:
    case CARRIER_COUNT:
        fail();
    }
    assert_int_equal(status, WEFT_OK);
    int fd = socket(address_out->storage.ss_family, SOCK_STREAM, 0);
    bool there = fd >= 0 && (carrier != TCP_V6 || bind(fd, (struct sockaddr *)&address_out->storage,
                                                       address_out->bytes) == 0);
    close(fd);
    return there;
}

struct taker {
    weft_loop *loop;
    struct end *end;
};

static inline void take_accepted(struct wf_listener *listener, int fd, void *user)
{
    (void)listener;
    struct taker *taker = user;
    assert_int_equal(wf_stream_open(&taker->end->stream, taker->loop, fd, &end_events), WEFT_OK);
}

static inline void make_socketpair(weft_loop *loop, struct end *a, struct end *b)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(wf_stream_open(&a->stream, loop, fds[0], &end_events), WEFT_OK);
    assert_int_equal(wf_stream_open(&b->stream, loop, fds[1], &end_events), WEFT_OK);
}

/* `a` connects, `b` is accepted. Both are zero-filled before. */
static inline bool make_pair(weft_loop *loop, enum carrier carrier, struct end *a, struct end *b)
{
    *a = *b = (struct end){ .log = "" };
    if (carrier == SOCKETPAIR) {
        make_socketpair(loop, a, b);
        return true;
    }
    struct wf_address address;
    if (!address_for(carrier, &address)) {
        print_message("  (not on this machine)\n");
        return false;
    }
    struct taker taker = { loop, b };
    struct wf_listener *listener;
    assert_int_equal(wf_listener_open(loop, &address, NULL, take_accepted, &taker, &listener),
                     WEFT_OK);
    wf_listener_address(listener, &address);
    assert_int_equal(wf_stream_connect(&a->stream, loop, &address, &end_events), WEFT_OK);
    assert_string_equal(a->log, "");
    until(loop, a->log[0] && wf_stream_is_open(&b->stream));
    assert_string_equal(a->log, "connected:0 ");
    a->log[0] = '\0';
    wf_listener_close(listener);
    return true;
}

static inline void send_text(struct end *end, const char *text)
{
    struct weft_bytes span = weft_bytes_of(weft_text_of(text));
    size_t taken;
    assert_int_equal(wf_stream_send(&end->stream, &span, 1, &taken), WEFT_OK);
    assert_int_equal(taken, span.count);
}

static inline bool has_received(const struct end *end, const char *text)
{
    return end->received_bytes == strlen(text) &&
           memcmp(end->received, text, end->received_bytes) == 0;
}

static inline void ring(weft_timer *timer, void *user)
{
    (void)timer;
    *(bool *)user = true;
}

/* Whether the loop sleeps, with nothing to do, until a timer rings. */
static inline bool is_quiet(weft_loop *loop)
{
    weft_timer *timer;
    bool rang = false;
    int turns = 0;
    assert_int_equal(weft_timer_create(loop, ring, &rang, &timer), WEFT_OK);
    weft_timer_start(timer, 12, 0);
    while (!rang) {
        turn(loop, -1);
        turns++;
    }
    weft_timer_destroy(timer);
    return turns < 20;
}

#endif

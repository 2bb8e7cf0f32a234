#include "io/stream.h"

#include "io/timer.h"
#include "support/fault_alloc.h"
#include "unit/io/streams.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

_Static_assert(sizeof(struct wf_stream) <= 40, "an idle connection is small");
_Static_assert(sizeof(struct wf_timer) <= 32, "an idle connection is small");

/* Sends the numbers 0, 1, 2 ... as bytes in many spans, as far as the kernel takes them. */
enum { FLOW_BYTES = 6 << 20 };

struct flow {
    struct end end;
    size_t sent_bytes;
    size_t short_count;
};

static uint8_t pattern_at(size_t i)
{
    return (uint8_t)(i ^ i >> 8 ^ i >> 16);
}

static uint8_t *pattern(void)
{
    static uint8_t bytes[FLOW_BYTES];
    if (!bytes[1])
        for (size_t i = 0; i < FLOW_BYTES; i++)
            bytes[i] = pattern_at(i);
    return bytes;
}

static void flow_on(struct flow *flow)
{
    struct weft_bytes spans[130];
    while (flow->sent_bytes < FLOW_BYTES) {
        size_t count = 0, offered = 0;
        for (; count < COUNT_OF(spans) && flow->sent_bytes + offered < FLOW_BYTES; count++) {
            size_t left = FLOW_BYTES - flow->sent_bytes - offered;
            size_t bytes = (count * 997) % 5000;
            spans[count] = (struct weft_bytes){ pattern() + flow->sent_bytes + offered,
                                                bytes < left ? bytes : left };
            offered += spans[count].count;
        }
        size_t taken;
        assert_int_equal(wf_stream_send(&flow->end.stream, spans, count, &taken), WEFT_OK);
        assert_true(taken <= offered);
        flow->sent_bytes += taken;
        if (taken < offered) {
            flow->short_count++;
            return;
        }
    }
}

static void flow_hook(struct end *end)
{
    if (strstr(end->log, "sendable")) {
        end->log[0] = '\0';
        flow_on(WF_CONTAINER_OF(end, struct flow, end));
    }
}

static void echo_hook(struct end *end)
{
    struct flow *echo = WF_CONTAINER_OF(end, struct flow, end);
    struct weft_bytes rest = { end->received + echo->sent_bytes,
                               end->received_bytes - echo->sent_bytes };
    size_t taken;
    if (!rest.count)
        return;
    assert_int_equal(wf_stream_send(&end->stream, &rest, 1, &taken), WEFT_OK);
    echo->sent_bytes += taken;
    echo->short_count += taken < rest.count;
    end->log[0] = '\0';
}

static void test_large_echo(void **state)
{
    weft_loop *loop = *state;
    for (int carrier = 0; carrier < CARRIER_COUNT; carrier++) {
        struct flow flow = { .sent_bytes = 0 }, echo = { .sent_bytes = 0 };
        print_message("  carrier %d\n", carrier);
        if (!make_pair(loop, (enum carrier)carrier, &flow.end, &echo.end))
            continue;
        flow.end.hook = flow_hook;
        echo.end.hook = echo_hook;
        flow_on(&flow);
        until(loop, flow.end.received_bytes == FLOW_BYTES);
        assert_memory_equal(flow.end.received, pattern(), FLOW_BYTES);
        assert_true(flow.short_count > 0);
        assert_string_equal(flow.end.log, "");
        assert_string_equal(echo.end.log, "");
        assert_true(is_quiet(loop)); /* No interest in sending stays behind. */
        end_close(&flow.end);
        end_close(&echo.end);
    }
    assert_false(weft_loop_is_alive(loop));
}

static void test_pause_holds_back(void **state)
{
    weft_loop *loop = *state;
    for (int carrier = 0; carrier < CARRIER_COUNT; carrier++) {
        struct flow flow = { .sent_bytes = 0 };
        struct end sink;
        if (!make_pair(loop, (enum carrier)carrier, &flow.end, &sink))
            continue;
        flow.end.hook = flow_hook;
        wf_stream_pause(&sink.stream);
        flow_on(&flow);
        for (size_t before = 1; before != flow.sent_bytes;) {
            before = flow.sent_bytes;
            assert_true(is_quiet(loop));
        }
        assert_true(flow.sent_bytes < FLOW_BYTES);
        assert_int_equal(sink.received_bytes, 0);
        wf_stream_resume(&sink.stream);
        until(loop, sink.received_bytes == FLOW_BYTES);
        assert_memory_equal(sink.received, pattern(), FLOW_BYTES);
        end_close(&flow.end);
        end_close(&sink);
    }
}

/* Each direction ends by itself; an end is told once, and does not keep the loop busy. */
static void test_ends(void **state)
{
    weft_loop *loop = *state;
    for (int carrier = 0; carrier < CARRIER_COUNT; carrier++) {
        struct end a, b;
        if (!make_pair(loop, (enum carrier)carrier, &a, &b))
            continue;
        send_text(&a, "last");
        wf_stream_shutdown(&a.stream);
        until(loop, b.log[0]);
        assert_string_equal(b.log, "end ");
        assert_true(has_received(&b, "last"));
        assert_true(is_quiet(loop));
        send_text(&b, "answer");
        until(loop, a.received_bytes);
        assert_true(has_received(&a, "answer"));
        wf_stream_shutdown(&b.stream);
        until(loop, a.log[0]);
        assert_true(is_quiet(loop));
        assert_string_equal(a.log, "end ");
        assert_string_equal(b.log, "end ");
        end_close(&a);
        end_close(&b);
    }
}

static void test_reset(void **state)
{
    weft_loop *loop = *state;
    struct end a, b;
    make_pair(loop, TCP_V4, &a, &b);
    wf_stream_close(&a.stream, true);
    assert_false(wf_stream_is_open(&a.stream));
    until(loop, b.log[0]);
    assert_true(is_quiet(loop));
    char expected[32];
    snprintf(expected, sizeof expected, "failed:%d ", ECONNRESET);
    assert_string_equal(b.log, expected);
    end_close(&a);
    end_close(&b);
}

static void test_end_while_paused(void **state)
{
    weft_loop *loop = *state;
    for (int carrier = 0; carrier < CARRIER_COUNT; carrier++) {
        for (int half = 0; half < 2; half++) {
            struct end a, b;
            if (!make_pair(loop, (enum carrier)carrier, &a, &b))
                continue;
            wf_stream_pause(&b.stream);
            if (half)
                wf_stream_shutdown(&a.stream);
            else
                end_close(&a);
            until(loop, b.log[0]);
            assert_string_equal(b.log, "end ");
            assert_true(is_quiet(loop));
            wf_stream_resume(&b.stream);
            assert_true(is_quiet(loop));
            assert_string_equal(b.log, "end ");
            end_close(&a);
            end_close(&b);
        }
    }
}

/* Bytes come before the end that follows them. */
static void test_end_behind_unread(void **state)
{
    weft_loop *loop = *state;
    for (int carrier = 0; carrier < CARRIER_COUNT; carrier++) {
        for (int half = 0; half < 2; half++) {
            struct end a, b;
            if (!make_pair(loop, (enum carrier)carrier, &a, &b))
                continue;
            wf_stream_pause(&b.stream);
            send_text(&a, "unread");
            if (half)
                wf_stream_shutdown(&a.stream);
            else
                end_close(&a);
            assert_true(is_quiet(loop));
            assert_string_equal(b.log, "");
            wf_stream_resume(&b.stream);
            until(loop, b.log[0]);
            assert_true(has_received(&b, "unread"));
            assert_string_equal(b.log, "end ");
            end_close(&a);
            end_close(&b);
        }
    }
}

static void test_reset_while_paused(void **state)
{
    weft_loop *loop = *state;
    struct end a, b;
    make_pair(loop, TCP_V4, &a, &b);
    wf_stream_pause(&b.stream);
    wf_stream_close(&a.stream, true);
    until(loop, b.log[0]);
    assert_non_null(strstr(b.log, "failed:"));
    assert_true(is_quiet(loop));
    end_close(&b);
}

static void ignore_accepted(struct wf_listener *listener, int fd, void *user)
{
    (void)listener;
    (void)user;
    close(fd);
}

static void test_refused(void **state)
{
    weft_loop *loop = *state;
    for (int carrier = TCP_V4; carrier < CARRIER_COUNT; carrier++) {
        struct wf_address address;
        struct wf_listener *listener;
        struct end a = { .log = "" };
        if (!address_for((enum carrier)carrier, &address))
            continue;
        assert_int_equal(wf_listener_open(loop, &address, NULL, ignore_accepted, NULL, &listener),
                         WEFT_OK);
        wf_listener_address(listener, &address);
        wf_listener_close(listener);
        weft_status status = wf_stream_connect(&a.stream, loop, &address, &end_events);
        if (carrier >= UNIX_PATH) {
            assert_int_equal(status, WEFT_ERR_SYSTEM);
            assert_true(errno == ECONNREFUSED || errno == ENOENT);
            assert_false(wf_stream_is_open(&a.stream));
            continue;
        }
        assert_int_equal(status, WEFT_OK);
        until(loop, a.log[0]);
        assert_true(is_quiet(loop));
        char expected[32];
        snprintf(expected, sizeof expected, "connected:%d ", ECONNREFUSED);
        assert_string_equal(a.log, expected);
        end_close(&a);
    }
}

enum { BATCH = 40 };
static struct end *batch[BATCH], *batch_peers[BATCH];
static size_t batch_called;

static void free_batch(struct end *end)
{
    weft_loop *loop = end->stream.loop;
    batch_called++;
    for (int i = 0; i < BATCH; i++) {
        if (!batch[i])
            continue;
        wf_stream_close(&batch[i]->stream, false);
        free(batch[i]->received);
        free(batch[i]);
        batch[i] = NULL;
    }
    /* The next take over their descriptors, and may take over their memory. */
    for (int i = 0; i < BATCH; i++) {
        batch[i] = calloc(1, sizeof *batch[i]);
        batch_peers[i] = calloc(1, sizeof *batch_peers[i]);
        assert_true(batch[i] && batch_peers[i]);
        make_socketpair(loop, batch[i], batch_peers[i]);
    }
}

/* All are ready in one batch; the first closes and frees all. */
static void test_closed_in_batch(void **state)
{
    weft_loop *loop = *state;
    int peers[BATCH];
    batch_called = 0;
    for (int i = 0; i < BATCH; i++) {
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        batch[i] = calloc(1, sizeof *batch[i]);
        assert_non_null(batch[i]);
        assert_int_equal(wf_stream_open(&batch[i]->stream, loop, fds[0], &end_events), WEFT_OK);
        batch[i]->hook = free_batch;
        assert_int_equal(write(fds[1], "x", 1), 1);
        peers[i] = fds[1];
    }
    turn(loop, -1);
    assert_int_equal(batch_called, 1);
    assert_true(is_quiet(loop));
    for (int i = 0; i < BATCH; i++) {
        assert_string_equal(batch[i]->log, "");
        assert_int_equal(batch[i]->received_bytes, 0);
        end_close(batch[i]);
        end_close(batch_peers[i]);
        free(batch[i]);
        free(batch_peers[i]);
        close(peers[i]);
    }
}

static bool was_freed;

static void free_end(struct end *end)
{
    wf_stream_close(&end->stream, false);
    free(end->received);
    free(end);
    was_freed = true;
}

static void close_only(struct end *end)
{
    wf_stream_close(&end->stream, false);
    was_freed = true;
}

static struct end *new_end(void (*hook)(struct end *))
{
    struct end *end = calloc(1, sizeof *end);
    assert_non_null(end);
    end->hook = hook;
    was_freed = false;
    return end;
}

/* What the peer does, and what then the event is in which the owner frees its stream. */
static void test_freed_in_own_callback(void **state)
{
    weft_loop *loop = *state;
    for (int event = 0; event < 5; event++) {
        struct end *end = new_end(free_end), peer = { .log = "" };
        struct end other;
        if (event == 3) { /* on_failed */
            make_pair(loop, TCP_V4, &other, &peer);
            int fd = dup(other.stream.fd);
            wf_stream_close(&other.stream, false);
            assert_int_equal(wf_stream_open(&end->stream, loop, fd, &end_events), WEFT_OK);
            wf_stream_close(&peer.stream, true);
        } else if (event == 4) { /* on_connected */
            struct wf_address address;
            assert_int_equal(wf_address_of_ip(&address, weft_text_of("127.0.0.1"), 1), WEFT_OK);
            assert_int_equal(wf_stream_connect(&end->stream, loop, &address, &end_events), WEFT_OK);
        } else {
            make_socketpair(loop, end, &peer);
        }
        static uint8_t much[4 << 20];
        struct weft_bytes span = { much, sizeof much };
        size_t taken;
        if (event == 0)
            send_text(&peer, "x");
        if (event == 1)
            wf_stream_shutdown(&peer.stream);
        if (event == 2)
            assert_int_equal(wf_stream_send(&end->stream, &span, 1, &taken), WEFT_OK);
        until(loop, was_freed);
        end_close(&peer);
        assert_false(weft_loop_is_alive(loop));
    }
}

/* Closed, and opened anew in the same memory, inside its own callback. */
static int reopened_fd;

static void reopen(struct end *end)
{
    weft_loop *loop = end->stream.loop;
    wf_stream_close(&end->stream, false);
    end->hook = NULL;
    assert_int_equal(wf_stream_open(&end->stream, loop, reopened_fd, &end_events), WEFT_OK);
}

static void test_reopened_in_own_callback(void **state)
{
    weft_loop *loop = *state;
    struct end a = { .hook = reopen }, b = { .log = "" };
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    reopened_fd = fds[0];
    make_socketpair(loop, &a, &b);
    wf_stream_shutdown(&b.stream);
    until(loop, a.log[0]);
    assert_string_equal(a.log, "end ");
    assert_int_equal(write(fds[1], "new", 3), 3);
    until(loop, a.received_bytes);
    assert_true(has_received(&a, "new"));
    close(fds[1]);
    end_close(&a);
    end_close(&b);
}

static void test_send_corners(void **state)
{
    weft_loop *loop = *state;
    struct end a, b;
    size_t taken = 99;
    make_pair(loop, TCP_V4, &a, &b);
    assert_int_equal(wf_stream_send(&a.stream, NULL, 0, &taken), WEFT_OK);
    assert_int_equal(taken, 0);
    struct weft_bytes spans[200];
    for (size_t i = 0; i < COUNT_OF(spans); i++)
        spans[i] = (struct weft_bytes){ i % 3 ? (const uint8_t *)"ab" : NULL, i % 3 ? 2 : 0 };
    assert_int_equal(wf_stream_send(&a.stream, spans, 1, &taken), WEFT_OK);
    assert_int_equal(taken, 0);
    assert_int_equal(wf_stream_send(&a.stream, spans, COUNT_OF(spans), &taken), WEFT_OK);
    assert_int_equal(taken, 2 * 133);
    until(loop, b.received_bytes == 2 * 133);
    assert_true(is_quiet(loop));
    assert_string_equal(a.log, "");

    end_close(&a);
    end_close(&b);
}

/* A send when there is no room at all takes nothing, and is no failure. */
static void test_send_when_full(void **state)
{
    weft_loop *loop = *state;
    struct end a, b;
    struct weft_bytes span = { pattern(), FLOW_BYTES };
    size_t taken;
    make_pair(loop, SOCKETPAIR, &a, &b);
    wf_stream_pause(&b.stream);
    do {
        assert_int_equal(wf_stream_send(&a.stream, &span, 1, &taken), WEFT_OK);
    } while (taken);
    assert_true(is_quiet(loop));
    wf_stream_resume(&b.stream);
    until(loop, a.log[0]);
    assert_string_equal(a.log, "sendable ");
    end_close(&a);
    end_close(&b);
}

/* Into the void: a status, no signal, no event; with one span and with two. */
static void test_send_into_void(void **state)
{
    weft_loop *loop = *state;
    for (size_t span_count = 1; span_count <= 2; span_count++) {
        struct weft_bytes spans[] = { { pattern(), 2 }, { pattern(), 2 } };
        struct end a, b;
        size_t taken;
        make_pair(loop, TCP_V4, &a, &b);
        end_close(&b);
        wf_stream_pause(&a.stream);
        weft_status status = WEFT_OK;
        for (uint64_t from_ms = real_ms(); !status && real_ms() - from_ms < 20000;)
            status = wf_stream_send(&a.stream, spans, span_count, &taken);
        assert_int_equal(status, WEFT_ERR_SYSTEM);
        assert_true(errno == EPIPE || errno == ECONNRESET);
        /* The first failure may have been the reset; behind it there is only the pipe. */
        assert_int_equal(wf_stream_send(&a.stream, spans, span_count, &taken), WEFT_ERR_SYSTEM);
        assert_int_equal(errno, EPIPE);
        assert_string_equal(a.log, "");
        end_close(&a);
    }
}

/* With a buffer of 16 bytes a stream is read at most four times a turn, and nothing is lost. */
static void test_fair_reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(backends); i++) {
        struct weft_loop_options options = { .backend = backends[i], .receive_bytes = 16 };
        weft_loop *loop;
        struct end a = { .log = "" }, b = { .log = "" };
        assert_int_equal(weft_loop_create(&options, &loop), WEFT_OK);
        make_socketpair(loop, &a, &b);
        struct weft_bytes span = { pattern(), 1000 };
        size_t taken;
        assert_int_equal(wf_stream_send(&a.stream, &span, 1, &taken), WEFT_OK);
        assert_int_equal(taken, 1000);
        for (size_t before = 0; b.received_bytes < 1000; before = b.receive_count) {
            turn(loop, 1000);
            assert_true(b.receive_count > before && b.receive_count - before <= 4);
        }
        assert_memory_equal(b.received, pattern(), 1000);
        end_close(&a);
        end_close(&b);
        weft_loop_destroy(loop);
    }
}

static void pause_self(struct end *end)
{
    wf_stream_pause(&end->stream);
}

/* A pause holds at once, also when more than a buffer is there. */
static void test_pause_in_callback(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(backends); i++) {
        struct weft_loop_options options = { .backend = backends[i], .receive_bytes = 16 };
        weft_loop *loop;
        struct end a = { .log = "" }, b = { .hook = pause_self };
        assert_int_equal(weft_loop_create(&options, &loop), WEFT_OK);
        make_socketpair(loop, &a, &b);
        send_text(&a, "0123456789abcdefREST");
        assert_true(is_quiet(loop));
        assert_true(has_received(&b, "0123456789abcdef"));
        wf_stream_resume(&b.stream);
        until(loop, b.received_bytes > 16);
        assert_true(has_received(&b, "0123456789abcdefREST"));
        end_close(&a);
        end_close(&b);
        weft_loop_destroy(loop);
    }
}

static struct end *paused_by_other;

static void pause_both(struct end *end)
{
    end->hook = NULL;
    wf_stream_pause(&paused_by_other->stream);
}

/* Paused by another's callback of the same batch, with bytes waiting: they come later. */
static void test_paused_in_batch(void **state)
{
    weft_loop *loop = *state;
    struct end a, b, c, d;
    make_pair(loop, TCP_V4, &a, &b);
    make_pair(loop, TCP_V4, &c, &d);
    send_text(&a, "to b");
    send_text(&c, "to d");
    b.hook = pause_both;
    paused_by_other = &d;
    turn(loop, -1);
    assert_true(is_quiet(loop));
    assert_true(has_received(&b, "to b"));
    assert_int_equal(d.received_bytes, 0);
    wf_stream_resume(&d.stream);
    until(loop, d.received_bytes);
    assert_true(has_received(&d, "to d"));

    /* Once more; and that the connection breaks is told while it is paused. */
    assert_true(is_quiet(loop)); /* Then b is again the first that becomes ready. */
    send_text(&a, "+");
    send_text(&c, "+");
    b.hook = pause_both;
    turn(loop, -1);
    wf_stream_close(&c.stream, true);
    until(loop, d.log[0]);
    assert_non_null(strstr(d.log, "failed:"));
    assert_true(has_received(&d, "to d"));
    end_close(&a);
    end_close(&b);
    end_close(&c);
    end_close(&d);
}

static int visited;

static void visit(struct wf_stream *stream, void *user)
{
    assert_ptr_equal(user, &visited);
    visited++;
    wf_stream_close(stream, false);
}

static void test_each_and_peer(void **state)
{
    weft_loop *loop = *state;
    static const struct wf_stream_events others;
    struct end a, b;
    struct wf_address peer;
    char text[WF_ADDRESS_TEXT_MAX];
    make_pair(loop, TCP_V4, &a, &b);
    assert_int_equal(wf_stream_peer(&a.stream, &peer), WEFT_OK);
    wf_address_text(&peer, text, sizeof text);
    assert_memory_equal(text, "127.0.0.1:", 10);
    int no_delay = 0;
    for (struct end *end = &a; end; end = end == &a ? &b : NULL) {
        socklen_t option_bytes = sizeof no_delay;
        assert_int_equal(
            getsockopt(end->stream.fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &option_bytes), 0);
        assert_true(no_delay);
        assert_true(fcntl(end->stream.fd, F_GETFD) & FD_CLOEXEC);
        assert_true(fcntl(end->stream.fd, F_GETFL) & O_NONBLOCK);
    }
    struct end plain = { .log = "" };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t bytes = sizeof no_delay;
    assert_int_equal(wf_stream_open(&plain.stream, loop, fd, &end_events), WEFT_OK);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &bytes), 0);
    assert_true(no_delay);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    end_close(&plain);

    visited = 0;
    wf_stream_each(loop, &others, visit, &visited);
    assert_int_equal(visited, 0);
    wf_stream_each(loop, &end_events, visit, &visited);
    assert_int_equal(visited, 2);
    assert_int_equal(wf_stream_peer(&a.stream, &peer), WEFT_ERR_CLOSED);
    assert_false(weft_loop_is_alive(loop));
}

static size_t other_bytes;

static void only_count(struct wf_stream *stream, struct weft_buffer bytes)
{
    (void)stream;
    other_bytes += bytes.count;
}

/* Another table, and then another owner of the descriptor. */
static void test_change_of_hands(void **state)
{
    weft_loop *loop = *state;
    struct end a, b;
    make_pair(loop, SOCKETPAIR, &a, &b);
    struct wf_stream_events counting = end_events;
    counting.on_received = only_count;
    other_bytes = 0;
    wf_stream_set_events(&a.stream, &counting);
    size_t taken = 0;
    struct weft_bytes bytes = { (const uint8_t *)"hello", 5 };
    assert_int_equal(wf_stream_send(&b.stream, &bytes, 1, &taken), WEFT_OK);
    until(loop, other_bytes == 5);

    int fd = wf_stream_take_fd(&a.stream);
    assert_true(fd >= 0);
    assert_false(wf_stream_is_open(&a.stream));
    assert_int_equal(wf_stream_take_fd(&a.stream), -1);
    assert_int_equal(wf_stream_send(&b.stream, &bytes, 1, &taken), WEFT_OK);
    turn(loop, 0);
    turn(loop, 0);
    assert_int_equal(other_bytes, 5);
    assert_int_equal(wf_stream_open(&a.stream, loop, fd, &counting), WEFT_OK);
    until(loop, other_bytes == 10);
    end_close(&a);
    end_close(&b);
    assert_false(weft_loop_is_alive(loop));
}

static struct {
    uint8_t bytes[8];
    size_t there, asked_count, placed_count;
} place;

static struct weft_buffer name_place(struct wf_stream *stream, size_t there)
{
    (void)stream;
    place.there = there;
    place.asked_count++;
    size_t room = place.placed_count < 2 ? sizeof place.bytes : 0;
    return (struct weft_buffer){ place.bytes, room };
}

static void note_place(struct wf_stream *stream, struct weft_buffer bytes)
{
    place.placed_count += bytes.data == place.bytes;
    end_received(stream, bytes);
}

/* The owner's place first, as long as it names one, and then the loop's buffer. */
static void test_place(void **state)
{
    weft_loop *loop = *state;
    struct end a, b;
    make_pair(loop, SOCKETPAIR, &a, &b);
    struct wf_stream_events placing = end_events;
    placing.on_received = note_place;
    placing.on_place = name_place;
    memset(&place, 0, sizeof place);
    size_t taken = 0;
    struct weft_bytes bytes = { (const uint8_t *)"an owner's place", 16 };
    wf_stream_want_place(&a.stream, true); /* Its table has none: nothing happens. */
    wf_stream_set_events(&a.stream, &placing);
    assert_int_equal(wf_stream_send(&b.stream, &bytes, 1, &taken), WEFT_OK);
    until(loop, has_received(&a, "an owner's place"));
    assert_int_equal(place.asked_count, 0);

    wf_stream_want_place(&a.stream, true);
    bytes = (struct weft_bytes){ (const uint8_t *)"-23456781234567812", 18 };
    assert_int_equal(wf_stream_send(&b.stream, &bytes, 1, &taken), WEFT_OK);
    until(loop, has_received(&a, "an owner's place-23456781234567812"));
    assert_int_equal(place.placed_count, 2);
    assert_int_equal(place.asked_count, 3);
    assert_int_equal(place.there, 2);

    wf_stream_want_place(&a.stream, false);
    assert_int_equal(wf_stream_send(&b.stream, &bytes, 1, &taken), WEFT_OK);
    until(loop, a.received_bytes == 16 + 18 + 18);
    assert_int_equal(place.asked_count, 3);
    end_close(&a);
    end_close(&b);
    wf_stream_want_place(&a.stream, true);
    assert_false(weft_loop_is_alive(loop));
}

static void test_zero_filled(void **state)
{
    (void)state;
    struct wf_stream stream = { 0 };
    struct wf_address peer;
    assert_false(wf_stream_is_open(&stream));
    wf_stream_close(&stream, true);
    wf_stream_pause(&stream);
    wf_stream_resume(&stream);
    wf_stream_shutdown(&stream);
    wf_stream_want_place(&stream, true);
    assert_int_equal(wf_stream_take_fd(&stream), -1);
    assert_int_equal(wf_stream_peer(&stream, &peer), WEFT_ERR_CLOSED);
}

static void test_open_fails(void **state)
{
    weft_loop *loop = *state;
    struct end end = { .log = "" };
    assert_int_equal(wf_stream_open(&end.stream, loop, 1 << 20, &end_events), WEFT_ERR_SYSTEM);
    assert_int_equal(errno, EBADF);
    assert_false(wf_stream_is_open(&end.stream));
    assert_false(weft_loop_is_alive(loop));
}

static weft_loop *ending_loop;

static void open_when_ending(struct end *end)
{
    int fds[2];
    struct wf_stream another;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(wf_stream_open(&another, ending_loop, fds[0], &end_events), WEFT_ERR_SYSTEM);
    assert_int_equal(errno, ECANCELED);
    assert_false(wf_stream_is_open(&another));
    close(fds[0]);
    close(fds[1]);
    (void)end;
}

static void soon_after_end(struct wf_timer *timer)
{
    timer->on_timer = NULL;
}

/* Every stream is told once; closed by its owner or not, and what follows at the end of the turn
 * still comes. */
static void test_loop_destroyed(void **state)
{
    weft_loop *loop = *state;
    struct end a, b, c, d;
    char expected[32];
    struct wf_timer soon = { .on_timer = soon_after_end };
    make_pair(loop, SOCKETPAIR, &a, &b);
    make_pair(loop, SOCKETPAIR, &c, &d);
    ending_loop = loop;
    a.hook = close_only;
    c.hook = open_when_ending;
    wf_timer_soon(loop, &soon);
    weft_loop_destroy(loop);
    *state = NULL;
    snprintf(expected, sizeof expected, "failed:%d ", ECANCELED);
    for (struct end *const *end = (struct end *[]){ &a, &b, &c, &d, NULL }; *end; end++) {
        assert_string_equal((*end)->log, expected);
        assert_false(wf_stream_is_open(&(*end)->stream));
    }
    assert_null(soon.on_timer);
}

/* The poll backend needs memory for a stream that goes on: without, the stream is told that it has
 * failed. */
static void lose_stream(bool closed_before)
{
    enum { OTHERS = 62 }; /* With the loop's own descriptor: all of the first 64 places but one. */
    struct fault_alloc fault;
    fault_alloc_init(&fault, 0);
    struct weft_loop_options options = { .backend = WEFT_BACKEND_POLL,
                                         .allocator = &fault.allocator };
    weft_loop *loop;
    static struct end others[OTHERS + 2];
    memset(others, 0, sizeof others);
    struct end a = { .log = "" }, b = { .log = "" };
    assert_int_equal(weft_loop_create(&options, &loop), WEFT_OK);
    make_socketpair(loop, &a, &b);
    send_text(&a, "unread");
    wf_stream_pause(&b.stream);
    end_close(&a);
    assert_true(is_quiet(loop)); /* b is out of the table now. */
    for (int i = 0; i < OTHERS; i += 2)
        make_socketpair(loop, &others[i], &others[i + 1]);
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(wf_stream_open(&others[OTHERS].stream, loop, fds[0], &end_events), WEFT_OK);
    fault.fails_at = fault.call_count + 1;
    fault.fails_onwards = true;
    assert_int_equal(wf_stream_open(&others[OTHERS + 1].stream, loop, fds[1], &end_events),
                     WEFT_ERR_MEMORY);
    assert_false(wf_stream_is_open(&others[OTHERS + 1].stream));
    close(fds[1]);
    wf_stream_resume(&b.stream);
    assert_string_equal(b.log, "");
    char expected[32] = "";
    if (closed_before) {
        end_close(&b);
        turn(loop, 0);
    } else {
        turn(loop, -1);
        snprintf(expected, sizeof expected, "failed:%d ", ENOMEM);
    }
    assert_string_equal(b.log, expected);
    assert_true(weft_loop_next_deadline_ms(loop) == -1);
    end_close(&b);
    for (int i = 0; i <= OTHERS; i++)
        end_close(&others[i]);
    weft_loop_destroy(loop);
    assert_int_equal(fault.live_count, 0);
}

static void test_lost(void **state)
{
    (void)state;
    lose_stream(false);
    lose_stream(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_large_echo),
        ON_BOTH(test_pause_holds_back),
        ON_BOTH(test_ends),
        ON_BOTH(test_reset),
        ON_BOTH(test_end_while_paused),
        ON_BOTH(test_end_behind_unread),
        ON_BOTH(test_reset_while_paused),
        ON_BOTH(test_refused),
        ON_BOTH(test_closed_in_batch),
        ON_BOTH(test_freed_in_own_callback),
        ON_BOTH(test_reopened_in_own_callback),
        ON_BOTH(test_send_corners),
        ON_BOTH(test_send_when_full),
        ON_BOTH(test_send_into_void),
        cmocka_unit_test(test_fair_reads),
        cmocka_unit_test(test_pause_in_callback),
        ON_BOTH(test_paused_in_batch),
        ON_BOTH(test_each_and_peer),
        cmocka_unit_test(test_zero_filled),
        ON_BOTH(test_change_of_hands),
        ON_BOTH(test_place),
        ON_BOTH(test_open_fails),
        ON_BOTH(test_loop_destroyed),
        cmocka_unit_test(test_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

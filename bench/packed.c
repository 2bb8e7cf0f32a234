/* Loads an echo with compressed messages (RFC 7692), and takes answers of any length. Prints one
 * line of JSON: messages, seconds, the CPU time of the server, the bytes of an answer, and whose
 * contexts are taken over.
 *
 * usage: packed PORT SERVER_PID alone|takeover CONNECTIONS BYTES SECONDS
 *
 * What is sent was compressed beforehand, so that the generator costs less than the server; see
 * common/cycle.h. */
#include "common/cycle.h"
#include "common/measured.h"
#include "common/wire.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <zlib.h>

enum {
    HEAD_BYTES_MAX = 10,
    BUFFER_BYTES = 1 << 18,
    EVENTS_MAX = 1024,
};
static const double warmup_s = 0.25;
static const uint8_t flush_tail[] = { 0x00, 0x00, 0xFF, 0xFF }; /* RFC 7692 7.2.1: not sent. */

struct connection {
    struct wire wire;
    uint32_t sent_count; /* Messages; the first is number `first` of the cycle. */
    uint32_t first;
    size_t sent_bytes;     /* Of the frame that is on its way; 0: none. */
    uint32_t answer_count; /* Whole ones. */
    /* The frame that is coming. */
    uint8_t head[HEAD_BYTES_MAX];
    uint8_t head_bytes;
    uint64_t payload_left;
    bool is_packed; /* The message, by its first frame. */
};

static struct measured server;
static struct cycle cycle;
static bool may_take_over; /* What this side compresses, once it is agreed. */
static bool server_takes_over;
static struct connection *connections;
static size_t connection_count;
static int epoll_fd;
static uint64_t answers, answer_bytes;

static void *need(void *memory)
{
    if (!memory)
        measured_die("no memory");
    return memory;
}

_Noreturn static void refuse(const char *why)
{
    errno = 0;
    measured_die(why);
}

/* The frame that a connection sends next. */
static const struct cycle_frame *next_frame(const struct connection *connection)
{
    size_t number = (connection->first + connection->sent_count) % cycle.count;
    bool is_window_full =
        (size_t)connection->sent_count * cycle.message_bytes >= CYCLE_WINDOW_BYTES;
    return may_take_over && is_window_full ? &cycle.behind[number] : &cycle.alone[number];
}

/* ---- opening ---- */

/* What the server agreed to, RFC 7692 7.1.1. */
static void read_agreement(const char *answer)
{
    const char *line = strcasestr(answer, "\r\nSec-WebSocket-Extensions:");
    char value[256] = { 0 };
    if (!line)
        refuse("the server does not compress");
    line += 2;
    memcpy(value, line,
           strcspn(line, "\r") < sizeof value ? strcspn(line, "\r") : sizeof value - 1);
    if (!strcasestr(value, "permessage-deflate"))
        refuse("the server does not compress");
    server_takes_over = !strcasestr(value, "server_no_context_takeover");
    if (strcasestr(value, "client_no_context_takeover"))
        may_take_over = false;
}

static void open_connection(struct connection *connection, uint32_t number)
{
    static const char ask_for_none[] =
        "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; "
        "server_no_context_takeover\r\n";
    static const char ask[] = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    char answer[WIRE_ANSWER_BYTES_MAX];
    wire_open(&connection->wire, &server, 0, false);
    wire_shake_hands(&connection->wire, &server, "/", may_take_over ? ask : ask_for_none, answer);
    wire_unblock(&connection->wire);
    read_agreement(answer);
    connection->first = number % (uint32_t)cycle.count;
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection };
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, connection->wire.fd, &event) != 0)
        measured_die("epoll_ctl");
}

/* Whose contexts are taken over is one and the same for all. */
static void open_all(void)
{
    bool wants_takeover = may_take_over, is_agreed = may_take_over;
    wire_raise_limit();
    connections = need(calloc(connection_count, sizeof *connections));
    epoll_fd = epoll_create1(0);
    for (size_t i = 0; i < connection_count; i++) {
        may_take_over = wants_takeover;
        open_connection(&connections[i], (uint32_t)i);
        if (i > 0 && may_take_over != is_agreed)
            refuse("the server agrees to this and that");
        is_agreed = may_take_over;
    }
}

/* ---- answers ---- */

/* Of the first connection each answer is looked at. */
static struct {
    z_stream inflater;
    uint8_t *packed, *plain;
    size_t bytes, room;
} sample;

static void begin_sample(void)
{
    sample.room = 2 * cycle.message_bytes + 512;
    sample.packed = need(malloc(sample.room));
    sample.plain = need(malloc(cycle.message_bytes + 1));
    if (inflateInit2(&sample.inflater, -MAX_WBITS) != Z_OK)
        refuse("zlib does not begin");
}

static void add_to_sample(const uint8_t *data, size_t bytes)
{
    if (bytes > sample.room - sizeof flush_tail - sample.bytes)
        refuse("an answer is very long");
    memcpy(sample.packed + sample.bytes, data, bytes);
    sample.bytes += bytes;
}

static void check_sample(const struct connection *connection)
{
    size_t number = (connection->first + connection->answer_count) % cycle.count;
    memcpy(sample.packed + sample.bytes, flush_tail, sizeof flush_tail);
    z_stream *inflater = &sample.inflater;
    if (!server_takes_over)
        inflateReset(inflater);
    inflater->next_in = sample.packed;
    inflater->avail_in = (uInt)(sample.bytes + sizeof flush_tail);
    inflater->next_out = sample.plain;
    inflater->avail_out = (uInt)cycle.message_bytes + 1;
    int status = inflate(inflater, Z_SYNC_FLUSH);
    if (status == Z_STREAM_END) /* RFC 7692 7.2.3.4: a last block is allowed, and nothing behind. */
        inflateReset(inflater);
    if ((status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) ||
        inflater->avail_out != 1 ||
        memcmp(sample.plain, cycle.messages[number], cycle.message_bytes) != 0)
        refuse("this is not what was sent");
    sample.bytes = 0;
}

static void end_frame(struct connection *connection)
{
    uint8_t first = connection->head[0];
    connection->head_bytes = 0;
    if ((first & 0x0F) == 0x8)
        refuse("the server closes");
    if ((first & 0x08) || !(first & 0x80))
        return;
    if (!connection->is_packed)
        refuse("an answer is not compressed");
    if (connection == connections)
        check_sample(connection);
    connection->answer_count++;
    answers++;
}

/* Takes bytes of the head of a frame, and returns how many. */
static size_t take_head(struct connection *connection, const uint8_t *data, size_t bytes)
{
    size_t taken = 0;
    uint8_t *head = connection->head;
    while (taken < bytes) {
        head[connection->head_bytes++] = data[taken++];
        if (connection->head_bytes < 2)
            continue;
        size_t length_bytes = head[1] < 126 ? 0 : head[1] == 126 ? 2 : 8;
        if (connection->head_bytes < 2 + length_bytes)
            continue;
        if (head[1] & 0x80)
            refuse("an answer is masked");
        uint64_t length = length_bytes ? 0 : head[1];
        for (size_t i = 0; i < length_bytes; i++)
            length = length << 8 | head[2 + i];
        if ((head[0] & 0x0F) == 1 || (head[0] & 0x0F) == 2)
            connection->is_packed = head[0] & 0x40;
        connection->payload_left = length;
        if (length == 0)
            end_frame(connection);
        break;
    }
    return taken;
}

static void take(struct connection *connection, const uint8_t *data, size_t bytes)
{
    while (bytes) {
        size_t taken;
        if (connection->payload_left) {
            taken = connection->payload_left < bytes ? (size_t)connection->payload_left : bytes;
            if (connection == connections && !(connection->head[0] & 0x08))
                add_to_sample(data, taken);
            answer_bytes += taken;
            connection->payload_left -= taken;
            if (connection->payload_left == 0)
                end_frame(connection);
        } else {
            taken = take_head(connection, data, bytes);
        }
        data += taken;
        bytes -= taken;
    }
}

/* ---- the work ---- */

/* One message is in flight on each connection. */
static void flush(struct connection *connection)
{
    if (connection->sent_count != connection->answer_count)
        return;
    const struct cycle_frame *frame = next_frame(connection);
    ssize_t sent = wire_send(&connection->wire, frame->data + connection->sent_bytes,
                             frame->bytes - connection->sent_bytes);
    if (sent < 0 && errno == EAGAIN)
        return;
    if (sent < 0)
        measured_die("send");
    connection->sent_bytes += (size_t)sent;
    if (connection->sent_bytes == frame->bytes) {
        connection->sent_bytes = 0;
        connection->sent_count++;
    }
}

static void receive(struct connection *connection)
{
    static uint8_t buffer[BUFFER_BYTES];
    for (;;) {
        ssize_t bytes = wire_receive(&connection->wire, buffer, sizeof buffer);
        if (bytes < 0 && errno == EAGAIN)
            return;
        if (bytes <= 0)
            measured_die("the server has gone");
        take(connection, buffer, (size_t)bytes);
        if ((size_t)bytes < sizeof buffer)
            return;
    }
}

static void work_until(double end)
{
    static struct epoll_event events[EVENTS_MAX];
    while (measured_now() < end) {
        int count = epoll_wait(epoll_fd, events, EVENTS_MAX, 1000);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (events[i].events & EPOLLIN)
                receive(connection);
            flush(connection);
        }
    }
}

/* Until each has its window full, so that with takeover all is as it goes on for ever. */
static void warm_up(void)
{
    uint64_t enough = (CYCLE_WINDOW_BYTES / cycle.message_bytes + 2) * connection_count;
    double begin = measured_now();
    work_until(begin + warmup_s);
    while (may_take_over && answers < enough && measured_now() < begin + 40 * warmup_s)
        work_until(measured_now() + warmup_s / 10);
}

int main(int argc, char **argv)
{
    if (argc != 7 || (strcmp(argv[3], "alone") != 0 && strcmp(argv[3], "takeover") != 0)) {
        fprintf(stderr, "usage: packed PORT SERVER_PID alone|takeover CONNECTIONS BYTES SECONDS\n");
        return 2;
    }
    server.port = (uint16_t)strtoul(argv[1], NULL, 10);
    server.pid = argv[2];
    may_take_over = strcmp(argv[3], "takeover") == 0;
    connection_count = strtoul(argv[4], NULL, 10);
    size_t message_bytes = strtoul(argv[5], NULL, 10);
    if (connection_count == 0 || message_bytes < 2)
        refuse("nothing to do");
    cycle_make(&cycle, message_bytes);
    begin_sample();
    open_all();
    warm_up();
    uint64_t before = answers, bytes_before = answer_bytes;
    double cpu = measured_cpu_ns(&server), begin = measured_now();
    work_until(begin + strtod(argv[6], NULL));
    uint64_t count = answers - before;
    measured_print(count, measured_now() - begin, measured_cpu_ns(&server) - cpu);
    printf(", \"answer_bytes\": %.1f, \"takeover\": \"%s\"}\n",
           (double)(answer_bytes - bytes_before) / (double)count,
           may_take_over ? (server_takes_over ? "both" : "client")
                         : (server_takes_over ? "server" : "none"));
    return 0;
}

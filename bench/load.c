/* Loads an echo with one and the same hand, whether it speaks WebSocket or is raw: both get the
 * same masked frames, and of both only the bytes that come back are counted, so that the generator
 * costs the same. Prints one line of JSON: messages, seconds, and the CPU time of the server.
 *
 * usage: load echo PORT ws|raw|tls SERVER_PID CONNECTIONS DEPTH BYTES binary|text SECONDS
 *        load idle PORT ws|raw|tls SERVER_PID CONNECTIONS
 *
 * idle: how much memory the server's process has gained by each connection, once each has echoed
 * a message of 1 KiB. */
#include "common/measured.h"
#include "common/wire.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum {
    HEAD_BYTES_MAX = 14,
    MASK_BYTES = 4,
    BUFFER_BYTES = 1 << 20,
    EVENTS_MAX = 1024,
    IDLE_MESSAGE_BYTES = 1024,
};
static const double warmup_s = 0.25, idle_s = 2;

struct connection {
    struct wire wire;
    size_t unsent; /* Bytes that are still to be sent, from `at` in `frames` on. */
    size_t at;
    size_t received; /* Of the answer that is coming. */
    uint64_t answers;
};

static bool is_raw;
static struct measured server;
static uint8_t *frames; /* As many as are in flight on a connection, so that they go at once. */
static size_t frame_bytes, frames_bytes, answer_bytes;
static uint8_t answer_head[2];
static struct connection *connections;
static size_t connection_count;
static int epoll_fd;
static uint64_t answers;

/* ---- frames, RFC 6455 5.2 ---- */

static size_t write_head(uint8_t *head, bool is_text, bool is_masked, size_t bytes)
{
    size_t length_bytes = bytes < 126 ? 0 : bytes < 65536 ? 2 : 8;
    head[0] = is_text ? 0x81 : 0x82;
    head[1] = (uint8_t)((is_masked ? 0x80 : 0) | (length_bytes == 0   ? (int)bytes
                                                  : length_bytes == 2 ? 126
                                                                      : 127));
    for (size_t i = 0; i < length_bytes; i++)
        head[2 + i] = (uint8_t)((uint64_t)bytes >> (8 * (length_bytes - 1 - i)));
    return 2 + length_bytes;
}

/* A text with characters of each length, filled up with "x". */
static void fill_payload(uint8_t *payload, size_t bytes, bool is_text)
{
    static const char sample[] = "Größe und Gewicht, the quick brown fox ☃ jumps over 😀 naïve ";
    size_t at = 0;
    if (!is_text) {
        for (uint32_t random = 1; at < bytes; at++)
            payload[at] = (uint8_t)((random = random * 1664525 + 1013904223) >> 24);
        return;
    }
    for (; at + sizeof sample - 1 <= bytes; at += sizeof sample - 1)
        memcpy(payload + at, sample, sizeof sample - 1);
    memset(payload + at, 'x', bytes - at);
    if (bytes >= 20 && at == 0)
        memcpy(payload, "Größe ☃ 😀", sizeof "Größe ☃ 😀" - 1);
}

static void make_frames(size_t bytes, bool is_text, size_t depth)
{
    static const uint8_t mask[MASK_BYTES] = { 0x37, 0xFA, 0x21, 0x3D };
    uint8_t head[HEAD_BYTES_MAX];
    size_t head_bytes = write_head(head, is_text, true, bytes);
    memcpy(head + head_bytes, mask, MASK_BYTES);
    head_bytes += MASK_BYTES;
    frame_bytes = head_bytes + bytes;
    frames_bytes = frame_bytes * depth;
    frames = malloc(frames_bytes);
    if (!frames)
        measured_die("no memory");
    memcpy(frames, head, head_bytes);
    fill_payload(frames + head_bytes, bytes, is_text);
    for (size_t i = 0; i < bytes; i++)
        frames[head_bytes + i] ^= mask[i % MASK_BYTES];
    for (size_t i = 1; i < depth; i++)
        memcpy(frames + i * frame_bytes, frames, frame_bytes);

    uint8_t answer[HEAD_BYTES_MAX];
    answer_bytes = is_raw ? frame_bytes : write_head(answer, is_text, false, bytes) + bytes;
    memcpy(answer_head, is_raw ? frames : answer, sizeof answer_head);
}

/* ---- opening ---- */

static void open_connection(struct connection *connection)
{
    char answer[WIRE_ANSWER_BYTES_MAX];
    struct wire *wire = &connection->wire;
    wire_open(wire, &server, 0, false);
    if (!is_raw)
        wire_shake_hands(wire, &server, "/", "", answer);
    wire_unblock(wire);
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection };
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, wire->fd, &event) != 0)
        measured_die("epoll_ctl");
}

static void open_all(void)
{
    wire_raise_limit();
    connections = calloc(connection_count, sizeof *connections);
    epoll_fd = epoll_create1(0);
    if (!connections)
        measured_die("no memory");
    for (size_t i = 0; i < connection_count; i++)
        open_connection(&connections[i]);
}

/* ---- the work ---- */

static void flush(struct connection *connection)
{
    while (connection->unsent) {
        size_t bytes = frames_bytes - connection->at;
        if (bytes > connection->unsent)
            bytes = connection->unsent;
        ssize_t sent = wire_send(&connection->wire, frames + connection->at, bytes);
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0)
            measured_die("send");
        connection->unsent -= (size_t)sent;
        connection->at = (connection->at + (size_t)sent) % frames_bytes;
    }
}

static void receive(struct connection *connection, bool has_next)
{
    static uint8_t buffer[BUFFER_BYTES];
    for (;;) {
        ssize_t bytes = wire_receive(&connection->wire, buffer, sizeof buffer);
        if (bytes < 0 && errno == EAGAIN)
            return;
        if (bytes <= 0)
            measured_die("the server has gone");
        if (connection->received == 0 && bytes >= 2 && memcmp(buffer, answer_head, 2) != 0) {
            errno = 0;
            measured_die("this is not what was sent");
        }
        connection->received += (size_t)bytes;
        uint64_t whole = connection->received / answer_bytes;
        connection->received %= answer_bytes;
        connection->answers += whole;
        answers += whole;
        if (has_next && whole) {
            connection->unsent += whole * frame_bytes;
            flush(connection);
        }
        if ((size_t)bytes < sizeof buffer && !connection->wire.ssl)
            return; /* Of TLS a read gives one record. */
    }
}

static void turn(bool has_next)
{
    static struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(epoll_fd, events, EVENTS_MAX, 1000);
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (events[i].events & EPOLLIN)
            receive(connection, has_next);
        flush(connection);
    }
}

static void send_first(size_t depth)
{
    for (size_t i = 0; i < connection_count; i++) {
        connections[i].unsent = depth * frame_bytes;
        flush(&connections[i]);
    }
}

static void load_echo(size_t depth, double seconds)
{
    open_all();
    send_first(depth);
    for (double end = measured_now() + warmup_s; measured_now() < end;)
        turn(true);
    uint64_t before = answers;
    double cpu_before = measured_cpu_ns(&server), start = measured_now();
    while (measured_now() < start + seconds)
        turn(true);
    double end = measured_now(), cpu = measured_cpu_ns(&server) - cpu_before;
    measured_print(answers - before, end - start, cpu);
    printf("}\n");
}

static void load_idle(void)
{
    struct connection first = { 0 };
    epoll_fd = epoll_create1(0);
    open_connection(&first);
    first.unsent = frame_bytes;
    flush(&first);
    while (answers < 1)
        turn(false);
    double before = measured_memory_bytes(&server);
    wire_close(&first.wire);
    close(epoll_fd);

    answers = 0;
    open_all();
    send_first(1);
    while (answers < connection_count)
        turn(false);
    struct timespec pause = { .tv_sec = (time_t)idle_s };
    nanosleep(&pause, NULL);
    printf("{\"connections\": %zu, \"bytes\": %.1f}\n", connection_count,
           (measured_memory_bytes(&server) - before) / (double)connection_count);
}

static int usage(void)
{
    fprintf(stderr,
            "usage: load echo PORT ws|raw|tls SERVER_PID CONNECTIONS DEPTH BYTES binary|text "
            "SECONDS\n       load idle PORT ws|raw|tls SERVER_PID CONNECTIONS\n");
    return 2;
}

int main(int argc, char **argv)
{
    bool is_echo = argc == 10 && strcmp(argv[1], "echo") == 0;
    bool is_idle = argc == 6 && strcmp(argv[1], "idle") == 0;
    if (!is_echo && !is_idle)
        return usage();
    server.port = (uint16_t)strtoul(argv[2], NULL, 10);
    is_raw = strcmp(argv[3], "raw") == 0;
    if (strcmp(argv[3], "tls") == 0)
        wire_use_tls();
    server.pid = argv[4];
    connection_count = strtoul(argv[5], NULL, 10);
    size_t depth = is_echo ? strtoul(argv[6], NULL, 10) : 1;
    size_t bytes = is_echo ? strtoul(argv[7], NULL, 10) : IDLE_MESSAGE_BYTES;
    make_frames(bytes, is_echo && strcmp(argv[8], "text") == 0, depth);
    if (is_echo)
        load_echo(depth, strtod(argv[9], NULL));
    else
        load_idle();
    return 0;
}

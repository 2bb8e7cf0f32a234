/* Loads a server with short connections, or with messages for many. Prints one line of JSON:
 * connections or deliveries, seconds, and the CPU time of the server for each.
 *
 * usage: fan connect|tls|resume PORT SERVER_PID AT_A_TIME SECONDS
 *        fan publish PORT SERVER_PID SUBSCRIBERS IN_FLIGHT BYTES SECONDS
 *
 * connect: TCP, upgrade, Close frame, the server's Close frame and end; then the next. The same
 * over TLS: with a full handshake each time, or all but the first of each place with the ticket of
 * the one before. publish: each message that goes to /pub comes back to all that are connected to
 * /sub. */
#include "common/measured.h"
#include "common/wire.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { EVENTS_MAX = 1024, BYTES_MAX = 125, IN_FLIGHT_MAX = 1000, HEAD_BYTES = 6 };
static const double warmup_s = 0.25;

struct connection {
    struct wire wire;
    uint32_t number;
    bool has_asked;    /* connect: the request is on its way. */
    uint8_t line_ends; /* connect: of the four bytes that end the answer; then all is read away. */
};

static struct measured server;
static int epoll_fd;
static struct connection *connections;
static uint32_t connection_count;
static uint64_t done_count; /* Connections that ended. */
static bool may_resume, is_tls;
static char request[512];
static size_t request_bytes;
static uint64_t received_bytes;

static void watch(struct connection *connection)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, connection->wire.fd, &event) != 0)
        measured_die("epoll_ctl");
}

static void send_all(struct connection *connection, const void *data, size_t bytes)
{
    if (wire_send(&connection->wire, data, bytes) != (ssize_t)bytes)
        measured_die("send");
}

/* Calls `receive` for what has bytes or is at its end. */
static void turn(void (*receive)(struct connection *connection))
{
    static struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(epoll_fd, events, EVENTS_MAX, 1000);
    for (int i = 0; i < count; i++)
        receive(events[i].data.ptr);
}

/* ---- connect ---- */

/* Over TLS the handshake comes before it, in several steps. */
static void ask(struct connection *connection)
{
    ssize_t sent = wire_send(&connection->wire, request, request_bytes);
    if (sent < 0 && errno == EAGAIN)
        return;
    if (sent != (ssize_t)request_bytes)
        measured_die("send");
    connection->has_asked = true;
}

static void start(struct connection *connection)
{
    wire_open(&connection->wire, &server, connection->number++, may_resume);
    if (is_tls)
        wire_unblock(&connection->wire);
    connection->has_asked = false;
    connection->line_ends = 0;
    watch(connection);
    ask(connection);
}

static void restart(struct connection *connection)
{
    wire_close(&connection->wire);
    done_count++;
    start(connection);
}

static void read_line_ends(struct connection *connection, const char *text, size_t bytes)
{
    static const uint8_t close_frame[] = { 0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8 };
    for (size_t i = 0; i < bytes && connection->line_ends < 4; i++) {
        uint8_t *ends = &connection->line_ends;
        *ends = text[i] == "\r\n\r\n"[*ends] ? (uint8_t)(*ends + 1) : text[i] == '\r';
        if (*ends == 4)
            send_all(connection, close_frame, sizeof close_frame);
    }
}

static void receive_answer(struct connection *connection)
{
    char buffer[4096];
    if (!connection->has_asked)
        ask(connection);
    do {
        ssize_t got = wire_receive(&connection->wire, buffer, sizeof buffer);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got < 0 || (got == 0 && connection->line_ends < 4))
            measured_die("the server has gone");
        if (got == 0) {
            restart(connection);
            return;
        }
        read_line_ends(connection, buffer, (size_t)got);
    } while (is_tls); /* What TLS has read already makes no event. */
}

/* ---- publish ---- */

static void receive_messages(struct connection *connection)
{
    static char buffer[1 << 16];
    ssize_t got = wire_receive(&connection->wire, buffer, sizeof buffer);
    if (got <= 0)
        measured_die("the server has gone");
    received_bytes += (uint64_t)got;
}

/* What the subscribers got decides how many are still in flight. */
static void publish(struct connection *publisher, size_t bytes, uint64_t in_flight_max)
{
    static uint8_t frames[IN_FLIGHT_MAX * (HEAD_BYTES + BYTES_MAX)];
    static uint64_t published;
    uint64_t arrived = received_bytes / (2 + bytes) / connection_count;
    size_t count = (size_t)(in_flight_max - (published - arrived));
    size_t frame_bytes = HEAD_BYTES + bytes;
    for (size_t i = 0; i < count; i++) {
        frames[i * frame_bytes] = 0x82;
        frames[i * frame_bytes + 1] = (uint8_t)(0x80 | bytes);
    }
    if (count)
        send_all(publisher, frames, count * frame_bytes);
    published += count;
}

/* ---- the measurement ---- */

static void load_connect(double seconds)
{
    request_bytes = wire_write_request(request, sizeof request, &server, "/", "");
    for (uint32_t i = 0; i < connection_count; i++) {
        connections[i].number = i;
        start(&connections[i]);
    }
    for (double end = measured_now() + warmup_s; measured_now() < end;)
        turn(receive_answer);
    uint64_t before = done_count;
    double cpu = measured_cpu_ns(&server), begin = measured_now();
    while (measured_now() < begin + seconds)
        turn(receive_answer);
    measured_print(done_count - before, measured_now() - begin, measured_cpu_ns(&server) - cpu);
    uint64_t resumed = 0, tickets = 0;
    for (uint32_t i = 0; i < connection_count; i++) {
        resumed += connections[i].wire.resumed_count;
        tickets += connections[i].wire.ticket_count;
    }
    printf(", \"resumed\": %.3f, \"tickets\": %.3f}\n", (double)resumed / (double)done_count,
           (double)tickets / (double)done_count);
}

static void load_publish(uint64_t in_flight_max, size_t bytes, double seconds)
{
    char answer[WIRE_ANSWER_BYTES_MAX];
    struct connection publisher = { 0 };
    for (uint32_t i = 0; i < connection_count; i++) {
        wire_open(&connections[i].wire, &server, i, false);
        wire_shake_hands(&connections[i].wire, &server, "/sub", "", answer);
        watch(&connections[i]);
    }
    wire_open(&publisher.wire, &server, 0, false);
    wire_shake_hands(&publisher.wire, &server, "/pub", "", answer);
    double begin = measured_now(), cpu = 0, measured_from = 0;
    uint64_t before = 0;
    while (measured_from == 0 || measured_now() < measured_from + seconds) {
        publish(&publisher, bytes, in_flight_max);
        turn(receive_messages);
        if (measured_from == 0 && measured_now() > begin + warmup_s) {
            before = received_bytes;
            cpu = measured_cpu_ns(&server);
            measured_from = measured_now();
        }
    }
    measured_print((received_bytes - before) / (2 + bytes), measured_now() - measured_from,
                   measured_cpu_ns(&server) - cpu);
    printf("}\n");
}

int main(int argc, char **argv)
{
    may_resume = argc == 6 && strcmp(argv[1], "resume") == 0;
    is_tls = may_resume || (argc == 6 && strcmp(argv[1], "tls") == 0);
    bool is_connect = is_tls || (argc == 6 && strcmp(argv[1], "connect") == 0);
    bool is_publish = argc == 8 && strcmp(argv[1], "publish") == 0;
    unsigned long in_flight = is_publish ? strtoul(argv[5], NULL, 10) : 1;
    unsigned long bytes = is_publish ? strtoul(argv[6], NULL, 10) : 1;
    if ((!is_connect && !is_publish) || bytes > BYTES_MAX || in_flight > IN_FLIGHT_MAX) {
        fprintf(stderr, "usage: fan connect|tls|resume PORT SERVER_PID AT_A_TIME SECONDS\n"
                        "       fan publish PORT SERVER_PID SUBSCRIBERS IN_FLIGHT BYTES SECONDS\n");
        return 2;
    }
    server.port = (uint16_t)strtoul(argv[2], NULL, 10);
    server.pid = argv[3];
    connection_count = (uint32_t)strtoul(argv[4], NULL, 10);
    connections = calloc(connection_count, sizeof *connections);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!connections || epoll_fd < 0)
        measured_die("no memory");
    if (is_tls)
        wire_use_tls();
    wire_raise_limit();
    if (is_connect)
        load_connect(strtod(argv[5], NULL));
    else
        load_publish(in_flight, bytes, strtod(argv[7], NULL));
    return 0;
}

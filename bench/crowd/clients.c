/* The client process of a crowd: raw bytes, and no more of WebSockets than it needs. */
#include "crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_MAX = 512, IN_FLIGHT_MAX = 64, OPENING_MAX = 128 };

enum expected { ANSWER, FIRST_BYTE, LENGTH, PAYLOAD };

struct connection {
    int fd;
    enum expected expected;
    uint8_t opcode, left; /* Of the frame that is coming. */
    uint8_t line_ends;    /* Of the four bytes that end the answer. */
};

static struct connection *connections;
static uint32_t connection_count, connection_max;
static uint32_t opening_count, message_count;
static uint32_t source_address;
static int epoll_fd;

static const uint8_t message[6 + CROWD_MESSAGE_BYTES] = { 0x82, 0x80 | CROWD_MESSAGE_BYTES };
static const uint8_t pong[6] = { 0x8A, 0x80 };

static void send_all(const struct connection *connection, const void *data, size_t count)
{
    crowd_need(send(connection->fd, data, count, MSG_NOSIGNAL) == (ssize_t)count, "client: send");
}

/* ---- what comes ---- */

static void end_frame(struct connection *connection)
{
    connection->expected = FIRST_BYTE;
    if (connection->opcode == 0x9)
        send_all(connection, pong, sizeof pong);
    else if (connection->opcode == 0x2)
        message_count++;
    else
        crowd_die("client: the server has closed a connection");
}

/* Takes one byte. RFC 6455 5.2, short frames that are not masked. */
static void take(struct connection *connection, uint8_t byte)
{
    switch (connection->expected) {
    case ANSWER:
        connection->line_ends =
            byte == "\r\n\r\n"[connection->line_ends] ? connection->line_ends + 1 : byte == '\r';
        if (connection->line_ends == 4) {
            connection->expected = FIRST_BYTE;
            opening_count--;
        }
        break;
    case FIRST_BYTE:
        connection->opcode = byte & 0xF;
        connection->expected = LENGTH;
        break;
    case LENGTH:
        connection->left = byte;
        connection->expected = PAYLOAD;
        if (byte == 0)
            end_frame(connection);
        break;
    case PAYLOAD:
        if (--connection->left == 0)
            end_frame(connection);
        break;
    }
}

static void receive(struct connection *connection)
{
    static uint8_t buffer[16384];
    ssize_t got = recv(connection->fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    crowd_need(got > 0, "client: recv");
    for (ssize_t i = 0; i < got; i++)
        take(connection, buffer[i]);
}

static void wait_for_events(int extra_fd, bool *is_extra)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
    crowd_need(count >= 0 || errno == EINTR, "client: epoll_wait");
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (connection)
            receive(connection);
        else if (extra_fd >= 0)
            *is_extra = true;
    }
}

/* ---- the orders ---- */

static void open_one(uint16_t port)
{
    static const char request[] =
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(source_address) };
    struct connection *connection = &connections[connection_count++];
    struct linger reset = { .l_onoff = 1 };
    int on = 1;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    crowd_need(connection->fd >= 0, "client: socket");
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(connection->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    crowd_need(bind(connection->fd, (struct sockaddr *)&own, sizeof own) == 0, "client: bind");
    crowd_need(connect(connection->fd, (struct sockaddr *)&address, sizeof address) == 0,
               "client: connect");
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
    crowd_need(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) == 0,
               "client: epoll_ctl");
    opening_count++;
    send_all(connection, request, sizeof request - 1);
}

static void open_all(const struct crowd_order *order)
{
    while (connection_count < connection_max || opening_count > 0)
        if (connection_count < connection_max && opening_count < OPENING_MAX)
            open_one(order->ports[connection_count % order->port_count]);
        else
            wait_for_events(-1, NULL);
}

/* What came early stays counted. */
static void wait_for_messages(uint32_t due)
{
    while (message_count < due)
        wait_for_events(-1, NULL);
    crowd_need(message_count == due, "client: a message too many");
    message_count = 0;
}

static void echo(uint32_t messages)
{
    uint32_t sent = 0;
    uint32_t flight_max = connection_count < IN_FLIGHT_MAX ? connection_count : IN_FLIGHT_MAX;
    while (message_count < messages) {
        static uint32_t next;
        for (; sent < messages && sent - message_count < flight_max; sent++)
            send_all(&connections[next++ % connection_count], message, sizeof message);
        wait_for_events(-1, NULL);
    }
    message_count = 0;
}

static void obey(const struct crowd_order *order)
{
    if (order->verb == CROWD_OPEN)
        open_all(order);
    else if (order->verb == CROWD_ECHO)
        echo(order->count);
    else if (order->verb == CROWD_RECEIVE)
        wait_for_messages(order->count);
    else
        crowd_die("client: an order for others");
}

void crowd_connect(int channel, uint32_t count, uint32_t number)
{
    static const struct crowd_answer done;
    struct epoll_event event = { .events = EPOLLIN };
    connection_max = count;
    source_address = INADDR_LOOPBACK + 1 + number; /* A space of ports of its own. */
    connections = calloc(count, sizeof *connections);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    crowd_need(connections && epoll_fd >= 0, "client: calloc or epoll_create1");
    crowd_need(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, channel, &event) == 0, "client: epoll_ctl");
    for (;;) {
        bool is_order = false;
        wait_for_events(channel, &is_order);
        if (!is_order)
            continue;
        struct crowd_order order;
        if (recv(channel, &order, sizeof order, MSG_WAITALL) != sizeof order)
            return; /* The crowd has ended; so do the connections, with a reset. */
        obey(&order);
        crowd_need(send(channel, &done, sizeof done, MSG_NOSIGNAL) == sizeof done,
                   "client: the channel");
    }
}

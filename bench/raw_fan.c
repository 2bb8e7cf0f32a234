/* The limit for connections and for broadcast: the system calls of the same work, and nothing else.
 * It answers every request with the same 101, a Close frame with a Close frame, and sends what
 * comes from /pub to all of /sub, without a look at it but to unmask.
 *
 * usage: raw_fan PORT */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_MAX = 1024, BACKLOG = 4096, BUFFER_BYTES = 1 << 16, SUBSCRIBERS_MAX = 20000 };
enum role { NEW, OTHER, SUBSCRIBER, PUBLISHER };

struct peer {
    int fd;
    enum role role;
    size_t place; /* Among the subscribers. */
};

static int epoll_fd, listen_fd;
static struct peer *subscribers[SUBSCRIBERS_MAX];
static size_t subscriber_count;

static void die(const char *what)
{
    fprintf(stderr, "raw_fan: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void watch(struct peer *peer, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = peer };
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll_ctl");
}

static void listen_on(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int on = 1;
    listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listen_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* Inherited. */
    if (bind(listen_fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listen_fd, BACKLOG) != 0)
        die("listen");
    watch(NULL, listen_fd);
}

static void accept_all(void)
{
    int fd;
    while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct peer *peer = calloc(1, sizeof *peer);
        if (!peer)
            die("calloc");
        peer->fd = fd;
        watch(peer, fd);
    }
}

static void drop(struct peer *peer)
{
    if (peer->role == SUBSCRIBER) {
        subscribers[peer->place] = subscribers[--subscriber_count];
        subscribers[peer->place]->place = peer->place;
    }
    close(peer->fd);
    free(peer);
}

static void switch_protocols(struct peer *peer, const uint8_t *request)
{
    static const char answer[] =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    char first = (char)request[sizeof "GET /" - 1];
    peer->role = first == 's' ? SUBSCRIBER : first == 'p' ? PUBLISHER : OTHER;
    if (peer->role == SUBSCRIBER) {
        if (subscriber_count == SUBSCRIBERS_MAX)
            die("too many subscribers");
        peer->place = subscriber_count;
        subscribers[subscriber_count++] = peer;
    }
    (void)!send(peer->fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
}

/* All that came in one read goes on in one write for each subscriber. The generator sends whole
 * frames with short payloads. */
static void publish(const uint8_t *frames, size_t count)
{
    static uint8_t out[BUFFER_BYTES];
    size_t used = 0;
    for (size_t at = 0; at + 6 <= count;) {
        size_t bytes = frames[at + 1] & 0x7F;
        out[used++] = frames[at];
        out[used++] = (uint8_t)bytes;
        for (size_t i = 0; i < bytes && at + 6 + i < count; i++)
            out[used++] = frames[at + 6 + i] ^ frames[at + 2 + i % 4];
        at += 6 + bytes;
    }
    for (size_t i = 0; i < subscriber_count; i++)
        (void)!send(subscribers[i]->fd, out, used, MSG_NOSIGNAL);
}

static void receive(struct peer *peer)
{
    static const uint8_t close_frame[] = { 0x88, 2, 0x03, 0xE8 };
    static uint8_t buffer[BUFFER_BYTES];
    ssize_t got = recv(peer->fd, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        drop(peer);
    } else if (peer->role == NEW) {
        switch_protocols(peer, buffer);
    } else if (buffer[0] == 0x88) {
        (void)!send(peer->fd, close_frame, sizeof close_frame, MSG_NOSIGNAL);
        drop(peer);
    } else if (peer->role == PUBLISHER) {
        publish(buffer, (size_t)got);
    }
}

int main(int argc, char **argv)
{
    static struct epoll_event events[EVENTS_MAX];
    if (argc < 2) {
        fprintf(stderr, "usage: raw_fan PORT\n");
        return 2;
    }
    epoll_fd = epoll_create1(0);
    listen_on((uint16_t)strtoul(argv[1], NULL, 10));
    for (;;) {
        int count = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++)
            if (events[i].data.ptr)
                receive(events[i].data.ptr);
            else
                accept_all();
    }
}

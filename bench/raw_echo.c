/* The limit that servers are measured against: a TCP echo on epoll, which moves the same bytes and
 * knows nothing of WebSockets.
 *
 * usage: raw_echo PORT */
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

enum { BUFFER_BYTES = 512 * 1024, EVENTS_MAX = 1024, BACKLOG = 4096 };

/* What the kernel did not take waits in `rest`, and nothing is read meanwhile. */
struct peer {
    int fd;
    uint8_t *rest;
    size_t rest_bytes, rest_at;
};

static int epoll_fd, listen_fd;
static uint8_t buffer[BUFFER_BYTES];

static void die(const char *what)
{
    fprintf(stderr, "raw_echo: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void wait_for(int operation, struct peer *peer, int fd, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = peer };
    if (epoll_ctl(epoll_fd, operation, fd, &event) != 0)
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
    if (bind(listen_fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listen_fd, BACKLOG) != 0)
        die("listen");
    wait_for(EPOLL_CTL_ADD, NULL, listen_fd, EPOLLIN);
}

static void accept_all(void)
{
    int fd, on = 1;
    while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct peer *peer = calloc(1, sizeof *peer);
        if (!peer)
            die("calloc");
        peer->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        wait_for(EPOLL_CTL_ADD, peer, fd, EPOLLIN);
    }
}

static void drop(struct peer *peer)
{
    close(peer->fd);
    free(peer->rest);
    free(peer);
}

static void keep_rest(struct peer *peer, const uint8_t *data, size_t bytes)
{
    peer->rest = malloc(bytes);
    if (!peer->rest)
        die("malloc");
    memcpy(peer->rest, data, bytes);
    peer->rest_bytes = bytes;
    peer->rest_at = 0;
    wait_for(EPOLL_CTL_MOD, peer, peer->fd, EPOLLOUT);
}

static void send_rest(struct peer *peer)
{
    ssize_t sent =
        send(peer->fd, peer->rest + peer->rest_at, peer->rest_bytes - peer->rest_at, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN)
            drop(peer);
        return;
    }
    peer->rest_at += (size_t)sent;
    if (peer->rest_at < peer->rest_bytes)
        return;
    free(peer->rest);
    peer->rest = NULL;
    wait_for(EPOLL_CTL_MOD, peer, peer->fd, EPOLLIN);
}

static void echo(struct peer *peer)
{
    ssize_t received = recv(peer->fd, buffer, sizeof buffer, 0);
    if (received < 0 && errno == EAGAIN)
        return;
    if (received <= 0) {
        drop(peer);
        return;
    }
    ssize_t sent = send(peer->fd, buffer, (size_t)received, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
        drop(peer);
        return;
    }
    size_t done = sent < 0 ? 0 : (size_t)sent;
    if (done < (size_t)received)
        keep_rest(peer, buffer + done, (size_t)received - done);
}

int main(int argc, char **argv)
{
    static struct epoll_event events[EVENTS_MAX];
    if (argc < 2) {
        fprintf(stderr, "usage: raw_echo PORT\n");
        return 2;
    }
    epoll_fd = epoll_create1(0);
    listen_on((uint16_t)strtoul(argv[1], NULL, 10));
    for (;;) {
        int count = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            struct peer *peer = events[i].data.ptr;
            if (!peer)
                accept_all();
            else if (peer->rest)
                send_rest(peer);
            else
                echo(peer);
        }
    }
}

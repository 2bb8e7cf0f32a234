#include "support/fake_proxy.h"

#include "support/cases.h"
#include "support/odd_listeners.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* False: it is to stop. */
static bool wait_for(const struct fake_proxy *proxy, int one, int other, struct pollfd ready[3])
{
    ready[0] = (struct pollfd){ .fd = one, .events = POLLIN };
    ready[1] = (struct pollfd){ .fd = other, .events = POLLIN };
    ready[2] = (struct pollfd){ .fd = proxy->stop[0], .events = POLLIN };
    return poll(ready, 3, -1) > 0 && !ready[2].revents;
}

/* One byte at a time: nothing of what follows is taken. */
static bool hear(struct fake_proxy *proxy, int fd, size_t wants)
{
    struct pollfd ready[3];
    size_t begin = proxy->heard_bytes;
    for (;;) {
        size_t count = proxy->heard_bytes - begin;
        const uint8_t *end = proxy->heard + proxy->heard_bytes;
        if (wants ? count == wants : count >= 4 && memcmp(end - 4, "\r\n\r\n", 4) == 0)
            return true;
        if (proxy->heard_bytes == FAKE_HEARD_BYTES || !wait_for(proxy, fd, -1, ready) ||
            read(fd, proxy->heard + proxy->heard_bytes, 1) != 1)
            return false;
        proxy->heard_bytes++;
    }
}

static bool say(const struct fake_proxy *proxy, int fd, struct weft_bytes bytes)
{
    size_t step = proxy->is_bytewise ? 1 : bytes.count;
    for (size_t at = 0; at < bytes.count; at += step)
        if (send(fd, bytes.data + at, step, MSG_NOSIGNAL) != (ssize_t)step)
            return false;
    return true;
}

/* False: that side has ended. */
static bool pass(int from, int to)
{
    char bytes[4096];
    ssize_t got = read(from, bytes, sizeof bytes);
    for (ssize_t at = 0, put; at < got; at += put)
        if ((put = send(to, bytes + at, (size_t)(got - at), MSG_NOSIGNAL)) <= 0)
            return false;
    if (got <= 0)
        shutdown(to, SHUT_WR);
    return got > 0;
}

static void relay(const struct fake_proxy *proxy, int client)
{
    struct pollfd ready[3];
    struct sockaddr_in to = { .sin_family = AF_INET };
    to.sin_port = htons((uint16_t)atoi(strrchr(proxy->target, ':') + 1));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool client_talks = !connect(server, (struct sockaddr *)&to, sizeof to);
    bool server_talks = client_talks;
    while ((client_talks || server_talks) &&
           wait_for(proxy, client_talks ? client : -1, server_talks ? server : -1, ready)) {
        if (client_talks && ready[0].revents)
            client_talks = pass(client, server);
        if (server_talks && ready[1].revents)
            server_talks = pass(server, client);
    }
    close(server);
}

static void serve(struct fake_proxy *proxy, int fd)
{
    size_t index = proxy->connection_count++;
    const struct fake_script *script =
        &proxy->scripts[index < proxy->script_count ? index : proxy->script_count - 1];
    struct pollfd ready[3];
    int on = 1;
    char byte;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (size_t i = 0; i < script->step_count; i++)
        if (!hear(proxy, fd, script->steps[i].wants) || !say(proxy, fd, script->steps[i].says))
            return;
    if (script->end == FAKE_RELAYS)
        relay(proxy, fd);
    while (script->end == FAKE_IS_SILENT && wait_for(proxy, fd, -1, ready) &&
           read(fd, &byte, 1) > 0) {
    }
}

static void *run(void *user)
{
    struct fake_proxy *proxy = user;
    struct pollfd ready[3];
    while (wait_for(proxy, proxy->listener, -1, ready)) {
        int fd = accept(proxy->listener, NULL, NULL);
        if (fd < 0)
            continue;
        serve(proxy, fd);
        close(fd);
    }
    return NULL;
}

void fake_proxy_open(struct fake_proxy *proxy)
{
    uint16_t port;
    proxy->connection_count = proxy->heard_bytes = 0;
    proxy->listener = listener_open(16, &port);
    snprintf(proxy->port, sizeof proxy->port, "%u", (unsigned)port);
    assert_int_equal(pipe(proxy->stop), 0);
}

void fake_proxy_start(struct fake_proxy *proxy)
{
    assert_int_equal(pthread_create(&proxy->thread, NULL, run, proxy), 0);
}

void fake_proxy_stop(struct fake_proxy *proxy)
{
    close(proxy->stop[1]); /* The other end hangs up. */
    assert_int_equal(pthread_join(proxy->thread, NULL), 0);
    close(proxy->stop[0]);
    close(proxy->listener);
}

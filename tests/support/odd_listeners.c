#include "support/odd_listeners.h"

#include "support/cases.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

static int bound(uint16_t *port_out)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t bytes = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    *port_out = ntohs(address.sin_port);
    return fd;
}

int refuser_open(uint16_t *port_out)
{
    return bound(port_out);
}

int listener_open(int backlog, uint16_t *port_out)
{
    int fd = bound(port_out);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

/* Over loopback a connection that is taken stands when connect() returns. */
static int begin_connection(uint16_t port, bool *stands_out)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_true(!connect(fd, (struct sockaddr *)&to, sizeof to) || errno == EINPROGRESS);
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    *stands_out = poll(&ready, 1, 0) == 1;
    return fd;
}

void silent_listener_open(struct silent_listener *silent)
{
    bool stands = true;
    *silent = (struct silent_listener){ .fd = -1 };
    silent->fd = listener_open(0, &silent->port);
    while (stands) {
        assert_true(silent->filler_count < SILENT_FILL_MAX);
        silent->fillers[silent->filler_count++] = begin_connection(silent->port, &stands);
    }
}

void silent_listener_speak(struct silent_listener *silent)
{
    assert_int_equal(listen(silent->fd, 64), 0);
}

void silent_listener_close(struct silent_listener *silent)
{
    for (size_t i = 0; i < silent->filler_count; i++)
        close(silent->fillers[i]);
    close(silent->fd);
}

size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

#include "measured.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_BYTES_MAX = 4096 };

void measured_die(const char *what)
{
    fprintf(stderr, "load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

double measured_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* ---- its process ---- */

double measured_cpu_ns(const struct measured *server)
{
    char path[320];
    double sum = 0;
    snprintf(path, sizeof path, "/proc/%s/task", server->pid);
    DIR *folder = opendir(path);
    if (!folder)
        measured_die(path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        unsigned long long ns;
        snprintf(path, sizeof path, "/proc/%s/task/%s/schedstat", server->pid, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (file && fscanf(file, "%llu", &ns) == 1)
            sum += (double)ns;
        if (file)
            fclose(file);
    }
    closedir(folder);
    return sum;
}

double measured_memory_bytes(const struct measured *server)
{
    char path[64];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%s/statm", server->pid);
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1)
        measured_die(path);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* ---- its port ---- */

int measured_connect(const struct measured *server, uint32_t number)
{
    enum { ADDRESSES = 50 };
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(server->port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in own = { .sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + number % ADDRESSES) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&own, sizeof own) != 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        measured_die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

void measured_send_request(const struct measured *server, int fd, const char *path)
{
    char request[256];
    int bytes = snprintf(request, sizeof request,
                         "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                         "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                         "Sec-WebSocket-Version: 13\r\n\r\n",
                         path, server->port);
    if (send(fd, request, (size_t)bytes, MSG_NOSIGNAL) != bytes)
        measured_die("send");
}

void measured_shake_hands(const struct measured *server, int fd, const char *path)
{
    char answer[ANSWER_BYTES_MAX];
    size_t used = 0;
    measured_send_request(server, fd, path);
    while (used < 4 || memcmp(answer + used - 4, "\r\n\r\n", 4) != 0) {
        if (used == sizeof answer || recv(fd, answer + used, 1, 0) != 1)
            measured_die("handshake");
        used++;
    }
    errno = 0;
    if (memcmp(answer, "HTTP/1.1 101", 12) != 0)
        measured_die("the server does not switch to WebSocket");
}

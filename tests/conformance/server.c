#include "conformance/server.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void server_start(struct server *server, const char *const *arguments)
{
    char url[80];
    process_serve(&server->process, url, sizeof url, arguments);
    assert_memory_equal(url, "ws://", 5);
    snprintf(server->address, sizeof server->address, "%s", url + 5);
}

void server_end(struct server *server)
{
    process_pump(&server->process, 0);
    assert_int_equal(server->process.exit_status, -1);
    if (server->process.err.count)
        fail_msg("the server has written: %s", server->process.err.data);
    process_end_server(&server->process);
}

void server_open(const struct server *server, struct peer *peer, const char *path)
{
    char head[1024];
    peer_connect(peer, server->address);
    snprintf(head, sizeof head,
             "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: " SERVER_KEY "\r\nSec-WebSocket-Version: 13\r\n\r\n",
             path, server->address);
    peer_send_text(peer, head);
    peer_take_head(peer, head, sizeof head);
    assert_memory_equal(head, "HTTP/1.1 101 ", 13);
    assert_non_null(strstr(head, "\r\nSec-WebSocket-Accept: " SERVER_ACCEPT "\r\n"));
}

size_t server_descriptor_count(const struct server *server)
{
    char path[64];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)server->process.pid);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count - 2; /* "." and "..". */
}

size_t server_resident_bytes(const struct server *server)
{
    char path[64];
    unsigned long total, resident;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)server->process.pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &total, &resident), 2);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

void server_wait_descriptors(struct server *server, size_t count)
{
    process_until(&server->process, server_descriptor_count(server) <= count);
}

#include "support/raw_client.h"

#include "support/secure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS_MAX = 20, SLOW_BYTES = 4096 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

bool raw_turn(weft_loop *loop, int turns)
{
    static double begin;
    if (turns == 0)
        begin = now();
    assert_int_equal(weft_loop_turn(loop, 5), WEFT_OK);
    return now() - begin < SECONDS_MAX;
}

/* ---- connecting ---- */

static socklen_t address_of(const char *text, struct sockaddr_storage *out)
{
    *out = (struct sockaddr_storage){ 0 };
    if (strncmp(text, "unix:", 5) == 0) {
        struct sockaddr_un *path = (struct sockaddr_un *)out;
        path->sun_family = AF_UNIX;
        snprintf(path->sun_path, sizeof path->sun_path, "%s", text + 5);
        return sizeof *path;
    }
    uint16_t port = htons((uint16_t)atoi(strrchr(text, ':') + 1));
    if (text[0] == '[') {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
        v6->sin6_family = AF_INET6;
        v6->sin6_addr = in6addr_loopback;
        v6->sin6_port = port;
        return sizeof *v6;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    v4->sin_family = AF_INET;
    v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v4->sin_port = port;
    return sizeof *v4;
}

void raw_open(struct raw_client *client, weft_loop *loop, const char *address)
{
    struct sockaddr_storage to;
    socklen_t bytes = address_of(address, &to);
    *client = (struct raw_client){ .loop = loop };
    client->fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(client->fd >= 0);
    assert_int_equal(connect(client->fd, (struct sockaddr *)&to, bytes), 0);
    client->fd = secure_bridge(client->fd);
    assert_int_equal(fcntl(client->fd, F_SETFL, O_NONBLOCK), 0);
}

void raw_close(struct raw_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    free(client->data);
    *client = (struct raw_client){ .fd = -1 };
}

/* ---- bytes ---- */

void raw_send_bytes(struct raw_client *client, const void *data, size_t bytes)
{
    const char *at = data;
    for (int turns = 0; bytes > 0;) {
        ssize_t count = send(client->fd, at, bytes, MSG_NOSIGNAL);
        if (count > 0) {
            at += count;
            bytes -= (size_t)count;
            continue;
        }
        assert_true(errno == EAGAIN || errno == EINTR);
        assert_true(raw_turn(client->loop, turns++));
    }
}

void raw_send(struct raw_client *client, const char *text)
{
    raw_send_bytes(client, text, strlen(text));
}

static void make_room(struct raw_client *client)
{
    if (client->room - client->bytes > SLOW_BYTES)
        return;
    client->room = client->room ? client->room * 2 : 65536;
    client->data = realloc(client->data, client->room);
    assert_non_null(client->data);
}

void raw_receive(struct raw_client *client)
{
    while (!client->has_ended) {
        make_room(client);
        size_t room = client->is_slow ? SLOW_BYTES : client->room - client->bytes - 1;
        ssize_t count = recv(client->fd, client->data + client->bytes, room, 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            break;
        client->has_ended = count <= 0;
        client->was_reset = count < 0;
        client->bytes += count > 0 ? (size_t)count : 0;
        if (client->is_slow)
            break;
    }
    if (client->data)
        client->data[client->bytes] = '\0';
}

static void take_bytes(struct raw_client *client, size_t count)
{
    assert_true(count <= client->bytes);
    client->bytes -= count;
    memmove(client->data, client->data + count, client->bytes + 1);
}

static bool has_bytes(struct raw_client *client, size_t count)
{
    raw_receive(client);
    return client->bytes >= count;
}

/* ---- answers ---- */

static bool has_head(struct raw_client *client)
{
    raw_receive(client);
    return client->bytes && memmem(client->data, client->bytes, "\r\n\r\n", 4);
}

const char *raw_field(const struct raw_answer *answer, const char *name)
{
    static char buffers[4][1024];
    static unsigned turn;
    size_t bytes = strlen(name);
    for (const char *line = strstr(answer->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, bytes) != 0 || line[bytes] != ':')
            continue;
        char *out = buffers[turn++ % 4];
        const char *value = line + bytes + 1 + strspn(line + bytes + 1, " ");
        snprintf(out, sizeof buffers[0], "%.*s", (int)strcspn(value, "\r"), value);
        return out;
    }
    return NULL;
}

void raw_take(struct raw_client *client, struct raw_answer *answer, bool is_head)
{
    raw_drop(answer);
    raw_until(client->loop, has_head(client) || client->has_ended);
    if (!has_head(client))
        fail_msg("the server has ended without an answer: \"%s\"", client->data);
    size_t head_bytes = (size_t)(strstr(client->data, "\r\n\r\n") + 4 - client->data);
    assert_true(head_bytes < sizeof answer->head);
    memcpy(answer->head, client->data, head_bytes);
    answer->head[head_bytes] = '\0';
    assert_int_equal(sscanf(answer->head, "HTTP/1.1 %3d ", &answer->status), 1);
    take_bytes(client, head_bytes);

    const char *length = raw_field(answer, "Content-Length");
    bool is_bodiless = is_head || answer->status == 304 || answer->status == 101;
    answer->body_bytes = length && !is_bodiless ? (size_t)strtoull(length, NULL, 10) : 0;
    raw_until(client->loop, has_bytes(client, answer->body_bytes) || client->has_ended);
    assert_true(has_bytes(client, answer->body_bytes));
    answer->body = calloc(1, answer->body_bytes + 1);
    assert_non_null(answer->body);
    memcpy(answer->body, client->data, answer->body_bytes);
    take_bytes(client, answer->body_bytes);
}

void raw_drop(struct raw_answer *answer)
{
    free(answer->body);
    *answer = (struct raw_answer){ 0 };
}

static bool has_ended(struct raw_client *client)
{
    raw_receive(client);
    return client->has_ended;
}

void raw_expect_end(struct raw_client *client)
{
    raw_until(client->loop, has_ended(client));
    if (client->bytes)
        fail_msg("came before the end: \"%s\"", client->data);
}

/* ---- frames ---- */

int raw_take_frame(struct raw_client *client, char *out, size_t out_bytes, size_t *count_out)
{
    raw_until(client->loop, has_bytes(client, 2));
    const unsigned char *head = (const unsigned char *)client->data;
    int opcode = head[0] & 0x0F;
    size_t count = head[1];
    assert_int_equal(head[0] & 0xF0, 0x80);
    assert_true(count <= 125 && count < out_bytes);
    raw_until(client->loop, has_bytes(client, 2 + count));
    memcpy(out, client->data + 2, count);
    out[count] = '\0';
    *count_out = count;
    take_bytes(client, 2 + count);
    return opcode;
}

void raw_send_frame(struct raw_client *client, int opcode, const void *payload, size_t bytes)
{
    unsigned char frame[6 + 125] = { (unsigned char)(0x80 | opcode),
                                     (unsigned char)(0x80 | bytes) };
    assert_true(bytes <= 125);
    if (bytes)
        memcpy(frame + 6, payload, bytes);
    raw_send_bytes(client, frame, 6 + bytes);
}

void raw_send_upgrade(struct raw_client *client, const char *target, const char *more)
{
    char request[4096];
    int count = snprintf(request, sizeof request,
                         "GET %s HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                         "Sec-WebSocket-Version: 13\r\n%s\r\n",
                         target, more);
    assert_true(count > 0 && (size_t)count < sizeof request);
    raw_send_bytes(client, request, (size_t)count);
}

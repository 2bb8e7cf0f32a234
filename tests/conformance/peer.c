#include "conformance/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, READ_BYTES = 65536 };

/* ---- the connection ---- */

static void begin(struct peer *peer, enum weft_side side, int fd)
{
    int on = 1;
    *peer = (struct peer){ .side = side, .fd = fd };
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

void peer_connect(struct peer *peer, const char *address)
{
    struct sockaddr_in where = { .sin_family = AF_INET };
    char host[32];
    unsigned port;
    assert_int_equal(sscanf(address, "%31[^:]:%u", host, &port), 2);
    assert_int_equal(inet_pton(AF_INET, host, &where.sin_addr), 1);
    where.sin_port = htons((uint16_t)port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&where, sizeof where))
        fail_msg("cannot connect to %s: %s", address, strerror(errno));
    begin(peer, WEFT_CLIENT, fd);
}

int peer_bind(char *address_out, size_t address_bytes)
{
    struct sockaddr_in where = { .sin_family = AF_INET };
    socklen_t size = sizeof where;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&where, sizeof where), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &size), 0);
    snprintf(address_out, address_bytes, "127.0.0.1:%d", ntohs(where.sin_port));
    return fd;
}

int peer_listen(char *address_out, size_t address_bytes)
{
    int listener = peer_bind(address_out, address_bytes);
    assert_int_equal(listen(listener, 64), 0);
    return listener;
}

bool peer_accept(struct peer *peer, int listener, int timeout_ms)
{
    struct pollfd waiting = { .fd = listener, .events = POLLIN };
    if (poll(&waiting, 1, timeout_ms) != 1)
        return false;
    begin(peer, WEFT_SERVER, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
    return true;
}

void peer_close(struct peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
    octets_free(&peer->came);
}

void peer_reset(struct peer *peer)
{
    struct linger at_once = { .l_onoff = 1 };
    assert_int_equal(setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    peer_close(peer);
}

void peer_shutdown(struct peer *peer)
{
    shutdown(peer->fd, SHUT_WR);
}

/* ---- octets in ---- */

struct weft_bytes peer_untaken(const struct peer *peer)
{
    if (!peer->came.data)
        return (struct weft_bytes){ 0 };
    return (struct weft_bytes){ peer->came.data + peer->taken_bytes,
                                peer->came.count - peer->taken_bytes };
}

static void drop_taken(struct peer *peer)
{
    struct weft_bytes rest = peer_untaken(peer);
    if (peer->taken_bytes < READ_BYTES && rest.count)
        return;
    if (rest.count)
        memmove(peer->came.data, rest.data, rest.count);
    peer->came.count = rest.count;
    peer->taken_bytes = 0;
}

/* False: nothing more is there. */
static bool read_some(struct peer *peer)
{
    uint8_t data[READ_BYTES];
    ssize_t got = read(peer->fd, data, sizeof data);
    if (got > 0)
        octets_add(&peer->came, data, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        peer->has_ended = true;
    peer->was_reset |= got < 0 && peer->has_ended;
    return got > 0;
}

void peer_receive(struct peer *peer, int timeout_ms)
{
    struct pollfd readable = { .fd = peer->fd, .events = POLLIN };
    if (!peer->has_ended && poll(&readable, 1, timeout_ms) == 1)
        while (read_some(peer))
            ;
}

enum { SHOWN_BYTES = 48, SHOWN_ROOM = 3 * SHOWN_BYTES + 4 };

/* The first octets as hexadecimal digits. */
static const char *show(char out[SHOWN_ROOM], struct weft_bytes octets)
{
    size_t count = octets.count < SHOWN_BYTES ? octets.count : SHOWN_BYTES;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        snprintf(out + 3 * i, 4, " %02x", octets.data[i]);
    if (count < octets.count)
        strcat(out, "...");
    return out;
}

/* Fails with what has come instead. */
static void wait_failed(const struct peer *peer, const char *what)
{
    char shown[SHOWN_ROOM];
    struct weft_bytes rest = peer_untaken(peer);
    const char *end = peer->was_reset ? " and a reset" : peer->has_ended ? " and the end" : "";
    fail_msg("waited in vain for %s; there are %zu octets%s:%s", what, rest.count, end,
             show(shown, rest));
}

static void need(struct peer *peer, size_t count, const char *what)
{
    while (peer_untaken(peer).count < count) {
        size_t before = peer->came.count;
        bool had_ended = peer->has_ended;
        peer_receive(peer, PATIENCE_MS);
        if (had_ended || (peer->came.count == before && !peer->has_ended))
            wait_failed(peer, what);
    }
}

struct weft_bytes peer_take(struct peer *peer, size_t count)
{
    drop_taken(peer);
    need(peer, count, "octets");
    struct weft_bytes taken = { peer_untaken(peer).data, count };
    peer->taken_bytes += count;
    return taken;
}

void peer_take_head(struct peer *peer, char *out, size_t out_bytes)
{
    const uint8_t *end = NULL;
    for (size_t wanted = 1; !end; wanted = peer_untaken(peer).count + 1) {
        need(peer, wanted, "a head of HTTP");
        struct weft_bytes rest = peer_untaken(peer);
        end = memmem(rest.data, rest.count, "\r\n\r\n", 4);
    }
    size_t bytes = (size_t)(end + 4 - peer_untaken(peer).data);
    assert_true(bytes < out_bytes);
    memcpy(out, peer_take(peer, bytes).data, bytes);
    out[bytes] = '\0';
}

/* ---- octets out ---- */

static void forget_sending(struct peer *peer)
{
    /* What came before the reset can still be read, and the end is seen there. */
    while (read_some(peer))
        ;
    peer->has_ended = true;
}

void peer_send(struct peer *peer, const void *data, size_t count)
{
    const uint8_t *at = data;
    while (count && !peer->was_reset) {
        ssize_t written = send(peer->fd, at, count, MSG_NOSIGNAL);
        if (written < 0 && errno != EAGAIN && errno != EINTR) {
            peer->was_reset = true;
            forget_sending(peer);
            return;
        }
        if (written > 0) {
            at += written;
            count -= (size_t)written;
            continue;
        }
        struct pollfd ready = { .fd = peer->fd, .events = POLLIN | POLLOUT };
        if (peer->has_ended)
            ready.events = POLLOUT;
        if (poll(&ready, 1, PATIENCE_MS) != 1)
            fail_msg("waited in vain for room to send %zu octets", count);
        if (ready.revents & POLLIN)
            peer_receive(peer, 0);
    }
}

void peer_send_text(struct peer *peer, const char *text)
{
    peer_send(peer, text, strlen(text));
}

void peer_send_piece(struct peer *peer, const struct piece *piece)
{
    struct octets octets = { 0 };
    wire_add(&octets, piece, peer->side);
    peer_send(peer, octets.data, octets.count);
    octets_free(&octets);
}

void peer_send_octetwise(struct peer *peer, const void *data, size_t count)
{
    enum { ALONE = 64, PIECE = 997, FEW = 4096 };
    const uint8_t *at = data;
    for (size_t sent = 0; sent < count && !peer->was_reset;) {
        bool is_alone = count <= FEW || sent < ALONE || sent + ALONE >= count;
        size_t left = count - ALONE - sent;
        size_t piece = is_alone ? 1 : left < PIECE ? left : PIECE;
        peer_send(peer, at + sent, piece);
        sent += piece;
    }
}

size_t peer_push(struct peer *peer, const void *data, size_t count, int timeout_ms)
{
    size_t pushed = 0;
    while (pushed < count) {
        struct pollfd writable = { .fd = peer->fd, .events = POLLOUT };
        if (poll(&writable, 1, timeout_ms) != 1)
            break;
        ssize_t written =
            send(peer->fd, (const uint8_t *)data + pushed, count - pushed, MSG_NOSIGNAL);
        if (written < 0 && errno != EAGAIN)
            break;
        pushed += written > 0 ? (size_t)written : 0;
    }
    return pushed;
}

/* ---- frames in ---- */

static uint64_t read_number(struct weft_bytes octets)
{
    uint64_t number = 0;
    for (size_t i = 0; i < octets.count; i++)
        number = number << 8 | octets.data[i];
    return number;
}

static size_t take_length(struct peer *peer, uint8_t second)
{
    uint64_t length = second & 0x7F;
    if (length == 126) {
        length = read_number(peer_take(peer, 2));
        assert_true(length > 125);
    } else if (length == 127) {
        length = read_number(peer_take(peer, 8));
        assert_true(length > UINT16_MAX);
    }
    assert_true(length < 1 << 30);
    return (size_t)length;
}

static void unmask(struct peer *peer, size_t length)
{
    uint8_t key[4];
    memcpy(key, peer_take(peer, 4).data, 4);
    uint32_t number;
    memcpy(&number, key, sizeof number);
    /* RFC 6455 5.3: each frame has a new key. */
    assert_true(number != peer->last_key);
    peer->last_key = number;
    need(peer, length, "a payload");
    uint8_t *payload = peer->came.data + peer->taken_bytes;
    for (size_t i = 0; i < length; i++)
        payload[i] ^= key[i % 4];
}

struct frame peer_take_frame(struct peer *peer)
{
    struct frame frame;
    frame.first = *peer_take(peer, 1).data;
    uint8_t second = *peer_take(peer, 1).data;
    size_t length = take_length(peer, second);
    if (frame.first & (RSV1 | RSV2 | RSV3))
        fail_msg("a frame begins with %02x", frame.first);
    /* RFC 6455 5.1. */
    assert_int_equal((second & 0x80) != 0, peer->side == WEFT_SERVER);
    if (second & 0x80)
        unmask(peer, length);
    frame.payload = peer_take(peer, length);
    return frame;
}

void peer_expect(struct peer *peer, const struct piece *expected)
{
    struct octets octets = { 0 };
    char wanted[SHOWN_ROOM], got[SHOWN_ROOM];
    wire_add_payload(&octets, expected);
    struct weft_bytes payload = { octets.data, octets.count };
    struct frame frame = peer_take_frame(peer);
    bool is_equal = frame.first == expected->first && frame.payload.count == payload.count &&
                    (!payload.count || !memcmp(frame.payload.data, payload.data, payload.count));
    if (!is_equal)
        fail_msg("expected %02x of %zu octets%s, got %02x of %zu%s", expected->first, payload.count,
                 show(wanted, payload), frame.first, frame.payload.count, show(got, frame.payload));
    octets_free(&octets);
}

/* A failure says why: the reason is text. */
void peer_expect_close(struct peer *peer, uint16_t code)
{
    struct frame frame = peer_take_frame(peer);
    assert_int_equal(frame.first, FIN | OPCODE_CLOSE);
    assert_in_range(frame.payload.count, 2, 125);
    assert_int_equal(read_number((struct weft_bytes){ frame.payload.data, 2 }), code);
    for (size_t i = 2; i < frame.payload.count; i++)
        assert_in_range(frame.payload.data[i], ' ', '~');
}

/* ---- the end ---- */

void peer_expect_any_end(struct peer *peer)
{
    while (!peer->has_ended && peer_untaken(peer).count == 0) {
        size_t before = peer->came.count;
        peer_receive(peer, PATIENCE_MS);
        if (!peer->has_ended && peer->came.count == before)
            wait_failed(peer, "the end");
    }
    if (peer_untaken(peer).count)
        wait_failed(peer, "nothing but the end");
}

void peer_expect_end(struct peer *peer)
{
    peer_expect_any_end(peer);
    if (peer->was_reset)
        fail_msg("the connection was reset");
}

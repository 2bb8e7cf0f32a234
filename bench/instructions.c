/* Does the same work every time, to the instruction, so that callgrind can count it: machines are
 * noisy, counts are not. Only calls of the library are counted, without what it calls of the
 * kernel. Prints the name of each cell and how often its work was done; tools/check_instructions.sh
 * runs this and divides.
 *
 * Callgrind's processor has AVX2 and neither AVX-512 nor SHA instructions, whatever the machine
 * has: it is the AVX2 kernels of the codec that are counted. */
#include "weft/weft.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#if __has_include(<valgrind/callgrind.h>)
#    include <valgrind/callgrind.h>
#else /* Builds, and counts nothing; the script needs valgrind anyway, and that brings it. */
#    define CALLGRIND_TOGGLE_COLLECT
#    define CALLGRIND_DUMP_STATS_AT(name) ((void)(name))
#endif

enum {
    FEED_BYTES = 64 << 10, /* At most, to an engine. */
    AREA_BYTES = (1 << 20) + 4096,
    PIPE_MESSAGES = 100,
    SUBSCRIBERS = 100,
};

static uint8_t wire[AREA_BYTES]; /* What one side has sent and the other has not read. */
static size_t wire_bytes;
static uint8_t payload[1 << 20];

static void need(bool is_right, const char *what)
{
    if (!is_right) {
        fprintf(stderr, "instructions: %s, errno %d\n", what, errno);
        exit(1);
    }
}

static void check(weft_status status)
{
    need(status == WEFT_OK, weft_status_text(status));
}

/* Instead of the C library's: a clock that stands still has no timer fire in one run and not in
 * the next. */
int clock_gettime(clockid_t clock, struct timespec *time)
{
    (void)clock;
    *time = (struct timespec){ .tv_sec = 1000 };
    return 0;
}

/* Keys and masks: the same in each run. */
static void count_up(void *out, size_t count, void *user)
{
    static uint8_t next;
    (void)user;
    for (size_t i = 0; i < count; i++)
        ((uint8_t *)out)[i] = next += 37;
}

static enum weft_side counted; /* 0: nothing is. */

/* Around each call of the library that one side makes. */
static void toggle(enum weft_side side)
{
    if (side == counted)
        CALLGRIND_TOGGLE_COLLECT;
}

static void report(const char *name, unsigned count)
{
    CALLGRIND_DUMP_STATS_AT(name);
    printf("%s %u\n", name, count);
}

/* ---- two engines, one of which is counted ---- */

struct cell {
    const char *name;
    unsigned rounds;
    unsigned messages; /* In each round, in flight at a time. */
    enum weft_message_type type;
    size_t bytes;
    enum weft_side side; /* Which is counted: it sends each message back. */
    bool has_deflate;
};

static const struct cell cells[] = {
    { "b20", 1000, 1, WEFT_BINARY, 20, WEFT_SERVER, false },
    { "t20", 1000, 1, WEFT_TEXT, 20, WEFT_SERVER, false },
    { "b1k", 1000, 1, WEFT_BINARY, 1 << 10, WEFT_SERVER, false },
    { "t1k", 1000, 1, WEFT_TEXT, 1 << 10, WEFT_SERVER, false },
    { "b16k", 200, 1, WEFT_BINARY, 16 << 10, WEFT_SERVER, false },
    { "t16k", 200, 1, WEFT_TEXT, 16 << 10, WEFT_SERVER, false },
    { "b1m", 10, 1, WEFT_BINARY, 1 << 20, WEFT_SERVER, false },
    { "t1m", 10, 1, WEFT_TEXT, 1 << 20, WEFT_SERVER, false },
    { "pipe", 20, PIPE_MESSAGES, WEFT_BINARY, 20, WEFT_SERVER, false },
    { "deflate", 100, 1, WEFT_TEXT, 1 << 10, WEFT_SERVER, true },
    { "client_b20", 1000, 1, WEFT_BINARY, 20, WEFT_CLIENT, false },
    { "client_t1k", 1000, 1, WEFT_TEXT, 1 << 10, WEFT_CLIENT, false },
    { "client_b1m", 10, 1, WEFT_BINARY, 1 << 20, WEFT_CLIENT, false },
};

struct end {
    weft_engine *engine;
    enum weft_side side;
};

static struct end new_end(enum weft_side side, bool has_deflate)
{
    static const struct weft_engine_request request = { .target = { "/", 1 }, .host = { "h", 1 } };
    struct weft_engine_options options = { .side = side,
                                           .random = count_up,
                                           .request = side == WEFT_CLIENT ? &request : NULL,
                                           .deflate = { .off = !has_deflate } };
    struct end end = { NULL, side };
    toggle(side);
    weft_status status = weft_engine_create(&options, &end.engine);
    toggle(side);
    check(status);
    return end;
}

/* From the output of an engine to the wire. */
static void write_out(struct end from)
{
    struct weft_bytes spans[16];
    toggle(from.side);
    for (size_t count; (count = weft_engine_output(from.engine, spans, 16)) > 0;) {
        toggle(from.side);
        size_t sum = 0;
        for (size_t i = 0; i < count; sum += spans[i++].count) {
            need(wire_bytes + sum + spans[i].count <= sizeof wire, "the wire is full");
            memcpy(wire + wire_bytes + sum, spans[i].data, spans[i].count);
        }
        wire_bytes += sum;
        toggle(from.side);
        weft_engine_sent(from.engine, sum);
    }
    toggle(from.side);
}

static unsigned take_events(weft_engine *engine, bool sends_back)
{
    static const struct weft_engine_accept yes;
    struct weft_engine_event event;
    unsigned messages = 0;
    while (weft_engine_next(engine, &event) != WEFT_EVENT_NONE) {
        need(event.type != WEFT_EVENT_FAILED && event.type != WEFT_EVENT_CLOSE, "it has failed");
        if (event.type == WEFT_EVENT_REQUEST)
            check(weft_engine_accept(engine, &yes));
        if (event.type != WEFT_EVENT_MESSAGE)
            continue;
        struct weft_bytes back = { event.data.data, event.data.count };
        messages++;
        if (sends_back)
            check(weft_engine_send(engine, event.message_type, back));
    }
    return messages;
}

/* All that is on the wire, in pieces. Returns the number of messages in it. */
static unsigned read_in(struct end to, bool sends_back)
{
    static uint8_t area[AREA_BYTES];
    size_t count = wire_bytes;
    unsigned messages = 0;
    memcpy(area, wire, count);
    wire_bytes = 0;
    for (size_t at = 0; at < count; at += FEED_BYTES) {
        size_t bytes = count - at < FEED_BYTES ? count - at : FEED_BYTES;
        toggle(to.side);
        check(weft_engine_feed(to.engine, (struct weft_buffer){ area + at, bytes }));
        messages += take_events(to.engine, sends_back);
        toggle(to.side);
    }
    return messages;
}

static void destroy_end(struct end end)
{
    toggle(end.side);
    weft_engine_destroy(end.engine);
    toggle(end.side);
}

static void shake_hands(struct end client, struct end server)
{
    write_out(client);
    read_in(server, false);
    write_out(server);
    read_in(client, false);
    need(weft_engine_ready_state(client.engine) == WEFT_OPEN, "the handshake has failed");
}

static void run_rounds(const struct cell *cell, unsigned rounds, struct end asks,
                       struct end answers)
{
    struct weft_bytes message = { payload, cell->bytes };
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < cell->messages; i++)
            check(weft_engine_send(asks.engine, cell->type, message));
        write_out(asks);
        need(read_in(answers, true) == cell->messages, "a message was lost");
        write_out(answers);
        need(read_in(asks, false) == cell->messages, "an answer was lost");
    }
}

static void count_echo(const struct cell *cell)
{
    struct end client = new_end(WEFT_CLIENT, cell->has_deflate);
    struct end server = new_end(WEFT_SERVER, cell->has_deflate);
    shake_hands(client, server);
    struct end asks = cell->side == WEFT_SERVER ? client : server;
    struct end answers = cell->side == WEFT_SERVER ? server : client;
    run_rounds(cell, 2, asks, answers); /* Buffers grow, kernels are chosen. */
    counted = cell->side;
    run_rounds(cell, cell->rounds, asks, answers);
    counted = 0;
    report(cell->name, cell->rounds * cell->messages);
    destroy_end(client);
    destroy_end(server);
}

static void count_handshakes(const char *name, unsigned rounds, enum weft_side side)
{
    for (unsigned round = 0; round <= rounds; round++) {
        counted = round > 0 ? side : 0;
        struct end client = new_end(WEFT_CLIENT, true), server = new_end(WEFT_SERVER, true);
        shake_hands(client, server);
        destroy_end(client);
        destroy_end(server);
    }
    counted = 0;
    report(name, rounds);
}

/* ---- a server, its loop and its sockets: what there is above the engine ---- */

struct peer {
    int fd;
    struct end end;
};

static weft_loop *loop;
static weft_server *server;
static weft_hub *hub;
static struct sockaddr_un address = { .sun_family = AF_UNIX };

/* Until nothing is left to do. */
static void turn(void)
{
    toggle(WEFT_SERVER);
    for (int i = 0; i < 3; i++)
        check(weft_loop_turn(loop, 0));
    toggle(WEFT_SERVER);
}

static void on_open(weft_socket *socket, void *user)
{
    (void)user;
    check(weft_subscribe(hub, socket, "all"));
}

static void on_message(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)user;
    check(message->type == WEFT_TEXT
              ? weft_publish(hub, "all", WEFT_TEXT, message->data, message->bytes, NULL)
              : weft_socket_send_bytes(socket, message->data, message->bytes));
}

static void send_wire(struct peer *peer)
{
    write_out(peer->end);
    need(send(peer->fd, wire, wire_bytes, MSG_NOSIGNAL) == (ssize_t)wire_bytes, "send");
    wire_bytes = 0;
}

static unsigned receive_wire(struct peer *peer)
{
    wire_bytes = (size_t)recv(peer->fd, wire, sizeof wire, MSG_DONTWAIT);
    need(wire_bytes - 1 < sizeof wire, "recv");
    return read_in(peer->end, false);
}

static struct peer open_peer(void)
{
    struct peer peer = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    need(connect(peer.fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
    turn();
    peer.end = new_end(WEFT_CLIENT, false);
    send_wire(&peer);
    turn();
    receive_wire(&peer);
    need(weft_engine_ready_state(peer.end.engine) == WEFT_OPEN, "the handshake has failed");
    return peer;
}

static void close_peer(struct peer *peer)
{
    destroy_end(peer->end);
    close(peer->fd);
    turn();
}

static void start_server(void)
{
    char folder[] = "/tmp/weft-instructions-XXXXXX", listen[sizeof address.sun_path + 8];
    need(mkdtemp(folder) != NULL, folder);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
    snprintf(listen, sizeof listen, "unix:%s", address.sun_path);
    struct weft_route route = {
        .settings = { .deflate = { .off = true } },
        .events = { .on_open = on_open, .on_message = on_message },
    };
    /* Whether the kernel has io_uring changes what is counted. */
    struct weft_loop_options options = { .submission_off = true };
    check(weft_loop_create(&options, &loop));
    check(weft_hub_create(loop, NULL, &hub));
    check(weft_server_create(loop, NULL, &server));
    check(weft_server_route(server, "/*", &route));
    check(weft_server_listen(server, listen, NULL, 0));
}

static void end_server(void)
{
    weft_hub_destroy(hub);
    weft_server_destroy(server);
    weft_loop_destroy(loop);
    unlink(address.sun_path);
    *strrchr(address.sun_path, '/') = '\0';
    need(rmdir(address.sun_path) == 0, address.sun_path);
}

static void count_connections(const char *name, unsigned rounds)
{
    for (unsigned round = 0; round <= rounds; round++) {
        counted = round > 0 ? WEFT_SERVER : 0;
        struct peer peer = open_peer();
        close_peer(&peer);
    }
    counted = 0;
    report(name, rounds);
}

/* Each of `peer_count` peers gets each message; the first has sent it. */
static void count_messages(const char *name, unsigned rounds, unsigned messages,
                           enum weft_message_type type, unsigned peer_count)
{
    static struct peer peers[SUBSCRIBERS];
    struct weft_bytes message = { payload, 20 };
    for (unsigned i = 0; i < peer_count; i++)
        peers[i] = open_peer();
    for (unsigned round = 0; round <= rounds; round++) {
        for (unsigned i = 0; i < messages; i++)
            check(weft_engine_send(peers[0].end.engine, type, message));
        send_wire(&peers[0]);
        counted = round > 0 ? WEFT_SERVER : 0;
        turn();
        counted = 0;
        for (unsigned i = 0; i < peer_count; i++)
            need(receive_wire(&peers[i]) == messages, "a message was lost");
    }
    report(name, rounds * messages * peer_count);
    for (unsigned i = 0; i < peer_count; i++)
        close_peer(&peers[i]);
}

int main(void)
{
    /* Whole characters in each 64 bytes, and in the first 20. */
    static const char text[] =
        "{\"name\":\"Grüße aus Köln\",\"tags\":[\"a\",\"\xF0\x9F\x98\x80\"],\"count\":42.1250}";
    _Static_assert(sizeof text == 64 + 1, "it fills the payload");
    for (size_t i = 0; i < sizeof payload; i++) {
        uint32_t mixed = (uint32_t)i * 2654435761; /* Digits differ, so that deflate has work. */
        char c = text[i % 64];
        payload[i] = (uint8_t)(c >= '0' && c <= '9' ? '0' + (mixed >> 13) % 10 : (unsigned char)c);
    }
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        count_echo(&cells[i]);
    count_handshakes("handshake", 100, WEFT_SERVER);
    count_handshakes("client_handshake", 100, WEFT_CLIENT);
    start_server();
    count_connections("server_connection", 100);
    count_messages("server_b20", 1000, 1, WEFT_BINARY, 1);
    count_messages("server_pipe", 20, PIPE_MESSAGES, WEFT_BINARY, 1);
    count_messages("server_broadcast", 100, 1, WEFT_TEXT, SUBSCRIBERS);
    end_server();
    return 0;
}

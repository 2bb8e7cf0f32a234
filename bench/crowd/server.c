/* The server process of a crowd. */
#include "crowd.h"
#include "weft/weft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    int channel;
    weft_loop *loop;
    weft_server *server;
    weft_hub *hub;
    weft_socket **sockets;
    uint32_t socket_count, socket_max;
    uint32_t pongs_due;
    uint32_t topics, next_topic;
    uint64_t empty_bytes; /* Resident without connections. */
} crowd;

static void check(weft_status status)
{
    crowd_need(status == WEFT_OK, weft_status_text(status));
}

static uint64_t resident_bytes(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    crowd_need(file && fscanf(file, "%*u %llu", &pages) == 1, "/proc/self/statm");
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t ns_of(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_usec * 1000;
}

static void answer(const struct crowd_answer *what)
{
    crowd_need(send(crowd.channel, what, sizeof *what, MSG_NOSIGNAL) == sizeof *what,
               "the channel");
}

/* ---- the events of the sockets ---- */

static void on_open(weft_socket *socket, void *user)
{
    (void)user;
    crowd_need(crowd.socket_count < crowd.socket_max, "a connection too many");
    crowd.sockets[crowd.socket_count++] = socket;
}

static void on_message(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)user;
    check(weft_socket_send_bytes(socket, message->data, message->bytes));
}

static void on_pong(weft_socket *socket, struct weft_bytes payload, void *user)
{
    (void)socket, (void)payload, (void)user;
    if (--crowd.pongs_due == 0)
        answer(&(struct crowd_answer){ 0 });
}

/* ---- the orders ---- */

static void tell_usage(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    struct crowd_answer what = { .usage = { ns_of(usage.ru_utime), ns_of(usage.ru_stime),
                                            resident_bytes() - crowd.empty_bytes } };
    answer(&what);
}

static void ping_all(void)
{
    crowd.pongs_due = crowd.socket_count;
    for (uint32_t i = 0; i < crowd.socket_count; i++)
        check(weft_socket_ping(crowd.sockets[i], NULL, 0));
}

static void name_topic(char *name, size_t name_bytes, uint32_t number)
{
    snprintf(name, name_bytes, "topic/%u", number);
}

static void subscribe(uint32_t topics)
{
    uint32_t count = topics > crowd.socket_count ? topics : crowd.socket_count;
    char name[32];
    crowd.topics = topics;
    for (uint32_t i = 0; i < count; i++) {
        name_topic(name, sizeof name, i % topics);
        check(weft_subscribe(crowd.hub, crowd.sockets[i % crowd.socket_count], name));
    }
    answer(&(struct crowd_answer){ 0 });
}

static uint64_t publish_one(void)
{
    static const uint8_t payload[CROWD_MESSAGE_BYTES];
    char name[32];
    /* A stride: neighbours would lie together. */
    crowd.next_topic = (uint32_t)(((uint64_t)crowd.next_topic + 7919) % crowd.topics);
    name_topic(name, sizeof name, crowd.next_topic);
    check(weft_publish(crowd.hub, name, WEFT_BINARY, payload, sizeof payload, NULL));
    return weft_subscriber_count(crowd.hub, name);
}

static void publish(uint32_t messages)
{
    struct crowd_answer what = { 0 };
    for (uint32_t i = 0; i < messages; i++)
        what.delivered += publish_one();
    answer(&what);
}

static void on_order(weft_watch *watch, int ready, void *user)
{
    (void)watch, (void)ready, (void)user;
    struct crowd_order order;
    if (recv(crowd.channel, &order, sizeof order, MSG_WAITALL) != sizeof order) {
        weft_loop_stop(crowd.loop); /* The crowd has ended. */
        return;
    }
    switch (order.verb) {
    case CROWD_USAGE:
        tell_usage();
        break;
    case CROWD_PING:
        ping_all();
        break;
    case CROWD_SUBSCRIBE:
        subscribe(order.count);
        break;
    case CROWD_PUBLISH:
        publish(order.count);
        break;
    default:
        crowd_die("an order for others");
    }
}

static void listen_at_ports(uint32_t count)
{
    struct crowd_answer what = { 0 };
    for (uint32_t i = 0; i < count; i++) {
        char address[64];
        check(weft_server_listen(crowd.server, "127.0.0.1:0", address, sizeof address));
        what.ports[i] = (uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10);
    }
    answer(&what);
}

void crowd_serve(int channel, uint32_t connections, uint32_t port_count)
{
    struct weft_hub_options hub_options = { 0 };
    struct weft_route route = {
        .settings = { .ping_off = true, .deflate = { .off = true } },
        .events = { .on_open = on_open, .on_message = on_message, .on_pong = on_pong },
    };
    weft_watch *watch;
    crowd.channel = channel;
    crowd.socket_max = connections;
    crowd.sockets = calloc(connections, sizeof(weft_socket *));
    crowd_need(crowd.sockets != NULL, "calloc");
    memset(crowd.sockets, 1, connections * sizeof(weft_socket *)); /* Resident from now on. */
    check(weft_loop_create(NULL, &crowd.loop));
    check(weft_hub_create(crowd.loop, &hub_options, &crowd.hub));
    check(weft_server_create(crowd.loop, NULL, &crowd.server));
    check(weft_server_route(crowd.server, "/*", &route));
    check(weft_watch_create(crowd.loop, channel, WEFT_READABLE, on_order, NULL, &watch));
    listen_at_ports(port_count);
    check(weft_loop_turn(crowd.loop, 0));
    crowd.empty_bytes = resident_bytes();
    check(weft_loop_run(crowd.loop));
}

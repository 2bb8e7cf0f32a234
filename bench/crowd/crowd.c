#include "crowd.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    OTHER_DESCRIPTORS = 128,
    PER_PORT = 10000, /* connect() looks at every second port of its range first, all in a row. */
};

/* A server, and the clients that it serves. */
struct pair {
    pid_t server, clients;
    int to_server, to_clients;
    uint32_t connections;
    struct crowd_answer ports;
};

struct crowd {
    uint32_t pair_count, port_count;
    struct pair pairs[];
};

void crowd_die(const char *what)
{
    fprintf(stderr, "%s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

void crowd_need(bool is_right, const char *what)
{
    if (!is_right)
        crowd_die(what);
}

uint32_t crowd_process_max(void)
{
    struct rlimit limit;
    crowd_need(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    crowd_need(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
    crowd_need(limit.rlim_max > 2 * OTHER_DESCRIPTORS, "too few descriptors (ulimit -n)");
    uint64_t ports_max = (uint64_t)PER_PORT * CROWD_PORTS_MAX;
    uint64_t most = limit.rlim_max - OTHER_DESCRIPTORS;
    return (uint32_t)(most < ports_max ? most : ports_max);
}

/* ---- the processes ---- */

/* Servers on one core and clients on another, where there are two. */
static void stay_on_core(unsigned core)
{
    cpu_set_t all, one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    if (sched_getaffinity(0, sizeof all, &all) == 0 && CPU_ISSET(core, &all) && CPU_COUNT(&all) > 1)
        (void)!sched_setaffinity(0, sizeof one, &one);
}

static pid_t start_process(struct crowd *crowd, struct pair *pair, bool is_server, int *channel_out)
{
    int ends[2];
    crowd_need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
    pid_t parent = getpid(), child = fork();
    crowd_need(child >= 0, "fork");
    if (child > 0) {
        close(ends[1]);
        *channel_out = ends[0];
        return child;
    }
    /* Else the others would not see that their channel has ended. */
    close(ends[0]);
    for (struct pair *other = crowd->pairs; other <= pair; other++) {
        if (other->server)
            close(other->to_server);
        if (other->clients)
            close(other->to_clients);
    }
    /* Nothing is left behind, whatever happens to whom. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    alarm(CROWD_SECONDS_MAX);
    stay_on_core(is_server ? 0 : 1);
    if (is_server)
        crowd_serve(ends[1], pair->connections, crowd->port_count);
    else
        crowd_connect(ends[1], pair->connections, (uint32_t)(pair - crowd->pairs));
    _exit(0);
}

struct crowd *crowd_start(uint32_t connections)
{
    uint32_t most = crowd_process_max();
    uint32_t count = (connections + most - 1) / most;
    crowd_need(connections > 0 && count <= CROWD_PAIRS_MAX, "too many connections");
    struct crowd *crowd = calloc(1, sizeof *crowd + count * sizeof(struct pair));
    crowd_need(crowd != NULL, "calloc");
    alarm(CROWD_SECONDS_MAX);
    crowd->pair_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct pair *pair = &crowd->pairs[i];
        pair->connections = connections / count + (i < connections % count ? 1 : 0);
        crowd->port_count = (pair->connections + PER_PORT - 1) / PER_PORT;
        pair->server = start_process(crowd, pair, true, &pair->to_server);
        pair->clients = start_process(crowd, pair, false, &pair->to_clients);
    }
    return crowd;
}

uint32_t crowd_processes(const struct crowd *crowd)
{
    return crowd->pair_count;
}

void crowd_end(struct crowd *crowd)
{
    /* The clients first: who closes first decides how a connection ends. */
    for (uint32_t i = 0; i < crowd->pair_count; i++) {
        close(crowd->pairs[i].to_clients);
        waitpid(crowd->pairs[i].clients, NULL, 0);
    }
    for (uint32_t i = 0; i < crowd->pair_count; i++) {
        close(crowd->pairs[i].to_server);
        waitpid(crowd->pairs[i].server, NULL, 0);
    }
    free(crowd);
}

/* ---- orders ---- */

static void send_order(int channel, const struct crowd_order *order)
{
    crowd_need(send(channel, order, sizeof *order, MSG_NOSIGNAL) == sizeof *order,
               "a process is gone");
}

static void receive_answer(int channel, struct crowd_answer *answer)
{
    errno = 0;
    crowd_need(recv(channel, answer, sizeof *answer, MSG_WAITALL) == sizeof *answer,
               "a process is gone");
}

static int channel_of(const struct pair *pair, bool is_server)
{
    return is_server ? pair->to_server : pair->to_clients;
}

/* Gives each pair its share of `count`. */
static struct crowd_answer order_all(struct crowd *crowd, bool is_server, enum crowd_verb verb,
                                     uint32_t count)
{
    struct crowd_answer sum = { 0 };
    for (uint32_t i = 0; i < crowd->pair_count; i++) {
        struct pair *pair = &crowd->pairs[i];
        struct crowd_order order = { .verb = verb, .port_count = crowd->port_count };
        memcpy(order.ports, pair->ports.ports, sizeof order.ports);
        order.count = count / crowd->pair_count + (i < count % crowd->pair_count ? 1 : 0);
        send_order(channel_of(pair, is_server), &order);
    }
    for (uint32_t i = 0; i < crowd->pair_count; i++) {
        struct crowd_answer answer;
        receive_answer(channel_of(&crowd->pairs[i], is_server), &answer);
        sum.usage.user_ns += answer.usage.user_ns;
        sum.usage.system_ns += answer.usage.system_ns;
        sum.usage.memory_bytes += answer.usage.memory_bytes;
        sum.delivered += answer.delivered;
    }
    return sum;
}

void crowd_open(struct crowd *crowd)
{
    for (uint32_t i = 0; i < crowd->pair_count; i++)
        receive_answer(crowd->pairs[i].to_server, &crowd->pairs[i].ports);
    order_all(crowd, false, CROWD_OPEN, 0);
}

struct crowd_usage crowd_usage(struct crowd *crowd)
{
    return order_all(crowd, true, CROWD_USAGE, 0).usage;
}

void crowd_ping(struct crowd *crowd)
{
    order_all(crowd, true, CROWD_PING, 0);
}

void crowd_echo(struct crowd *crowd, uint32_t messages)
{
    order_all(crowd, false, CROWD_ECHO, messages);
}

void crowd_subscribe(struct crowd *crowd, uint32_t topics)
{
    for (uint32_t i = 0; i < crowd->pair_count; i++) {
        struct crowd_order order = { .verb = CROWD_SUBSCRIBE, .count = topics };
        struct crowd_answer answer;
        send_order(crowd->pairs[i].to_server, &order);
        receive_answer(crowd->pairs[i].to_server, &answer);
    }
}

uint64_t crowd_publish(struct crowd *crowd, uint32_t turns, uint32_t messages)
{
    uint64_t delivered = 0;
    for (uint32_t i = 0; i < crowd->pair_count; i++) {
        struct pair *pair = &crowd->pairs[i];
        for (uint32_t done = 0; done < turns; done++) {
            struct crowd_order order = { .verb = CROWD_PUBLISH, .count = messages };
            struct crowd_answer answer;
            send_order(pair->to_server, &order);
            receive_answer(pair->to_server, &answer);
            order =
                (struct crowd_order){ .verb = CROWD_RECEIVE, .count = (uint32_t)answer.delivered };
            delivered += answer.delivered;
            send_order(pair->to_clients, &order);
            receive_answer(pair->to_clients, &answer);
        }
    }
    return delivered;
}

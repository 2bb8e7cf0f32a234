/* A crowd of connections: server processes with the library, and as many client processes that
 * speak raw bytes, from several addresses of the loopback. For idle.c and growth.c.
 *
 * One server process has as many connections as the hard limit of descriptors lets it have; for
 * more there are more processes. Everything ends with the calling process, at the latest after
 * CROWD_SECONDS_MAX. What fails ends the program with a line. */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include <stdbool.h>
#include <stdint.h>

enum { CROWD_SECONDS_MAX = 900, CROWD_MESSAGE_BYTES = 20, CROWD_PAIRS_MAX = 256 };

struct crowd;

/* Of all server processes together, from their beginning. */
struct crowd_usage {
    uint64_t user_ns, system_ns; /* Of the CPU. */
    uint64_t memory_bytes;       /* Resident, beyond what the servers had without connections. */
};

/* Connections that one server process can have. */
uint32_t crowd_process_max(void);

struct crowd *crowd_start(uint32_t connections);
uint32_t crowd_processes(const struct crowd *crowd);

/* Opens all connections; each is a WebSocket when this returns. */
void crowd_open(struct crowd *crowd);

struct crowd_usage crowd_usage(struct crowd *crowd);

/* One ping to each connection; all pongs have come when this returns. */
void crowd_ping(struct crowd *crowd);

/* Echoes `messages` in all, round and round over the connections, at most 64 in flight in each
 * process. */
void crowd_echo(struct crowd *crowd, uint32_t messages);

/* `topics` topics, of which each connection has its share: with 1 all have the same. At most 1 000
 * for each connection. */
void crowd_subscribe(struct crowd *crowd, uint32_t topics);

/* Publishes `messages` messages in each of `turns` turns, to the topics in turn, and waits for each
 * turn until all have them. Returns how many messages were delivered. */
uint64_t crowd_publish(struct crowd *crowd, uint32_t turns, uint32_t messages);

/* Ends the processes. Connections end with a reset, so that none waits for its end. */
void crowd_end(struct crowd *crowd);

/* What the processes are told, and what they answer. Private to this folder. */
enum crowd_verb {
    CROWD_OPEN,
    CROWD_USAGE,
    CROWD_PING,
    CROWD_ECHO,
    CROWD_SUBSCRIBE,
    CROWD_PUBLISH,
    CROWD_RECEIVE
};
enum { CROWD_PORTS_MAX = 64 };
struct crowd_order {
    enum crowd_verb verb;
    uint32_t count;
    uint16_t ports[CROWD_PORTS_MAX]; /* OPEN: of 127.0.0.1. */
    uint32_t port_count;
};
struct crowd_answer {
    struct crowd_usage usage;
    uint64_t delivered;
    uint16_t ports[CROWD_PORTS_MAX]; /* The server's first. */
};
void crowd_serve(int channel, uint32_t connections, uint32_t port_count);
void crowd_connect(int channel, uint32_t connections, uint32_t number);
void crowd_die(const char *what);
void crowd_need(bool is_right, const char *what);

#endif

/* What the two halves of a worker of `weft bench` share: its course (bench_worker.c) and its
 * connections (bench_traffic.c). */
#ifndef CLI_BENCH_TRAFFIC_H
#define CLI_BENCH_TRAFFIC_H

#include "bench_worker.h"

#include <pthread.h>

/* OPENING -> READY -> RUNNING -> DRAINING -> CLOSING; an interrupt goes to CLOSING from each. */
enum bench_phase { OPENING, READY, RUNNING, DRAINING, CLOSING };

struct bench_connection {
    struct bench_worker *worker;
    weft_socket *socket; /* NULL: not yet, or not any more. */
    uint64_t *sent_at;   /* Of the messages in flight, `depth` of them; NULL with a rate. */
    uint64_t due, sent, received;
    uint32_t place; /* Among the open ones, with a rate. */
    bool was_open;
    bool is_open; /* And its answers were right so far. */
};

struct bench_worker {
    const struct bench_job *job;
    struct weft_connect_options connect;
    weft_loop *loop;
    weft_timer *timer;
    pthread_t thread;
    bool has_thread;
    bool is_over;
    enum bench_phase phase;
    struct bench_times times;

    struct bench_connection *connections;
    struct bench_connection **open; /* Those that were open when it began. */
    uint64_t *sent_at;
    uint32_t connection_count, begun, opening, live, open_count;

    uint64_t pending; /* Answers that are still to come. */
    double interval;  /* Nanoseconds between two messages of this worker, with a rate. */
    double offset;    /* Of the first: the workers take turns. */
    uint64_t next;    /* The message that is due next. */

    _Atomic uint32_t settled;
    _Atomic uint64_t answers;
    struct bench_result result;
};

static inline bool bench_has_rate(const struct bench_worker *worker)
{
    return worker->job->options->rate > 0;
}

/* ---- bench_worker.c ---- */

/* Counts a connection that failed, and tells why; `text` is for what is no failure. */
void bench_worker_fail(struct bench_connection *connection, bool was_open,
                       const struct weft_failure *failure, const char *text);

/* To be called when an answer has come, or a connection is gone: the next phase may begin. */
void bench_worker_go_on(struct bench_worker *worker);

/* ---- bench_traffic.c ---- */

/* Begins the next connection. Errors as weft_socket_connect(). */
WEFT_MUST_USE weft_status bench_traffic_open_next(struct bench_worker *worker);

/* Begins as many as may be opening at a time. */
void bench_traffic_open_more(struct bench_worker *worker);

/* Sends `count` messages on a connection, now or as soon as the server takes them. */
void bench_traffic_send(struct bench_connection *connection, uint64_t count);

/* When the message `number` of this worker should go, with a rate. */
uint64_t bench_traffic_time_of(const struct bench_worker *worker, uint64_t number);

/* Sends what should have gone by now. */
void bench_traffic_send_scheduled(struct bench_worker *worker);

#endif

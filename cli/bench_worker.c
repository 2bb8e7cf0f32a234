#include "bench_traffic.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

enum {
    DRAIN_MS = 5000,
    CLOSE_MS = 2000,
    NS_PER_MS = 1000000,
};

uint64_t bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- the end ---- */

static void end_when_closed(struct bench_worker *worker)
{
    if (worker->phase == CLOSING && worker->live == 0 && worker->opening == 0)
        worker->is_over = true;
}

static void close_all(struct bench_worker *worker)
{
    worker->phase = CLOSING;
    worker->result.missing += worker->pending;
    worker->pending = 0;
    weft_timer_start(worker->timer, CLOSE_MS, 0);
    for (uint32_t i = 0; i < worker->begun; i++)
        if (worker->connections[i].socket)
            (void)!weft_socket_close(worker->connections[i].socket, 1000, NULL);
    end_when_closed(worker);
}

void bench_worker_go_on(struct bench_worker *worker)
{
    bool has_all = worker->phase == DRAINING && worker->pending == 0;
    bool has_none = worker->phase == RUNNING && worker->live == 0;
    if (has_all || has_none)
        close_all(worker);
    end_when_closed(worker);
}

static void on_timer(weft_timer *timer, void *user)
{
    struct bench_worker *worker = user;
    switch (worker->phase) {
    case RUNNING:
        worker->phase = DRAINING;
        weft_timer_start(timer, DRAIN_MS, 0);
        bench_worker_go_on(worker);
        break;
    case DRAINING:
        close_all(worker);
        break;
    default:
        worker->is_over = true;
    }
}

void bench_worker_fail(struct bench_connection *connection, bool was_open,
                       const struct weft_failure *failure, const char *text)
{
    const struct bench_job *job = connection->worker->job;
    connection->worker->result.failed++;
    job->on_failure(job->options->url, was_open, failure, text, job->user);
}

/* ---- orders from another thread ---- */

static void begin(void *user)
{
    struct bench_worker *worker = user;
    if (worker->phase != READY)
        return;
    worker->phase = RUNNING;
    for (uint32_t i = 0; i < worker->connection_count; i++) {
        struct bench_connection *connection = &worker->connections[i];
        if (connection->is_open) {
            connection->place = worker->open_count;
            worker->open[worker->open_count++] = connection;
        }
    }
    uint64_t now = bench_now();
    uint64_t left = worker->times.end > now ? worker->times.end - now : 0;
    weft_timer_start(worker->timer, (uint32_t)(left / NS_PER_MS + 1), 0);
    bench_worker_go_on(worker);
    for (uint32_t i = 0; !bench_has_rate(worker) && i < worker->open_count; i++)
        bench_traffic_send(worker->open[i], worker->job->options->depth);
}

static void interrupt(void *user)
{
    struct bench_worker *worker = user;
    if (worker->phase == CLOSING) {
        worker->is_over = true;
        return;
    }
    worker->times.end = bench_now();
    worker->pending = 0; /* Nobody waits for these any more; they are no loss. */
    close_all(worker);
}

weft_status bench_worker_begin(struct bench_worker *worker, const struct bench_times *times)
{
    worker->times = *times;
    return weft_loop_post(worker->loop, begin, worker);
}

weft_status bench_worker_interrupt(struct bench_worker *worker)
{
    return weft_loop_post(worker->loop, interrupt, worker);
}

/* ---- the thread ---- */

/* The loop's own timers count milliseconds, and that is too coarse for a schedule. */
static weft_status turn_on_schedule(struct bench_worker *worker)
{
    bench_traffic_send_scheduled(worker);
    int deadline_ms = weft_loop_next_deadline_ms(worker->loop);
    uint64_t now = bench_now(), at = bench_traffic_time_of(worker, worker->next);
    uint64_t wait = at > now ? at - now : 0;
    if (deadline_ms >= 0 && wait > (uint64_t)deadline_ms * NS_PER_MS)
        wait = (uint64_t)deadline_ms * NS_PER_MS;

    struct pollfd ready = { .fd = weft_loop_fd(worker->loop), .events = POLLIN };
    if (ready.fd < 0)
        return weft_loop_turn(worker->loop, wait > NS_PER_MS ? 1 : 0);
    struct timespec time = { (time_t)(wait / 1000000000), (long)(wait % 1000000000) };
    if (wait > 0 && ppoll(&ready, 1, &time, NULL) < 0 && errno != EINTR)
        return WEFT_ERR_SYSTEM;
    return weft_loop_turn(worker->loop, 0);
}

static void *run(void *user)
{
    struct bench_worker *worker = user;
    weft_status status = WEFT_OK;
    bench_traffic_open_more(worker);
    while (!worker->is_over && status == WEFT_OK)
        status = bench_has_rate(worker) && worker->phase == RUNNING && worker->open_count > 0
                     ? turn_on_schedule(worker)
                     : weft_loop_turn(worker->loop, -1);
    if (status)
        bench_worker_fail(&worker->connections[0], true, NULL, weft_status_text(status));
    worker->phase = CLOSING;
    worker->job->on_end(worker->job->user);
    return NULL;
}

weft_status bench_worker_start(struct bench_worker *worker)
{
    errno = pthread_create(&worker->thread, NULL, run, worker);
    worker->has_thread = errno == 0;
    return errno ? WEFT_ERR_SYSTEM : WEFT_OK;
}

/* ---- its beginning and end ---- */

static weft_status allocate(struct bench_worker *worker)
{
    uint32_t depth = worker->job->options->depth;
    uint32_t count = worker->connection_count;
    worker->connections = calloc(count, sizeof *worker->connections);
    worker->open = calloc(count, sizeof(struct bench_connection *));
    worker->sent_at = depth ? calloc((size_t)count * depth, sizeof(uint64_t)) : NULL;
    if (!worker->connections || !worker->open || (depth && !worker->sent_at))
        return WEFT_ERR_MEMORY;
    for (uint32_t i = 0; depth && i < count; i++)
        worker->connections[i].sent_at = worker->sent_at + (size_t)i * depth;
    return WEFT_OK;
}

weft_status bench_worker_create(const struct bench_job *job, uint32_t index,
                                struct bench_worker **worker_out)
{
    const struct bench_options *options = job->options;
    struct bench_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return WEFT_ERR_MEMORY;
    worker->job = job;
    worker->connect = bench_options_of(options);
    worker->connect.tls = job->tls;
    worker->connection_count = options->connections / options->threads +
                               (index < options->connections % options->threads ? 1 : 0);
    if (options->rate) {
        worker->interval = 1e9 / options->rate * options->connections / worker->connection_count;
        worker->offset = worker->interval * index / options->threads;
    }

    weft_status status = allocate(worker);
    if (!status)
        status = weft_loop_create(NULL, &worker->loop);
    if (!status)
        status = weft_timer_create(worker->loop, on_timer, worker, &worker->timer);
    if (!status)
        status = bench_traffic_open_next(worker);
    if (status) {
        bench_worker_destroy(worker);
        return status;
    }
    *worker_out = worker;
    return WEFT_OK;
}

void bench_worker_destroy(struct bench_worker *worker)
{
    if (!worker)
        return;
    if (worker->has_thread)
        pthread_join(worker->thread, NULL);
    worker->phase = CLOSING; /* Connections that are dropped now are no failures. */
    weft_timer_destroy(worker->timer);
    weft_loop_destroy(worker->loop);
    free(worker->connections);
    free(worker->open);
    free(worker->sent_at);
    free(worker);
}

uint32_t bench_worker_settled(const struct bench_worker *worker)
{
    return atomic_load_explicit(&worker->settled, memory_order_relaxed);
}

uint64_t bench_worker_answers(const struct bench_worker *worker)
{
    return atomic_load_explicit(&worker->answers, memory_order_relaxed);
}

const struct bench_result *bench_worker_result(const struct bench_worker *worker)
{
    return &worker->result;
}

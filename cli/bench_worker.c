#include "bench_worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    OPENING_MAX = 64, /* More at a time would overflow the backlog of a usual server. */
    DRAIN_MS = 5000,
    CLOSE_MS = 2000,
    NS_PER_MS = 1000000,
};

/* OPENING -> READY -> RUNNING -> DRAINING -> CLOSING; an interrupt goes to CLOSING from each. */
enum phase { OPENING, READY, RUNNING, DRAINING, CLOSING };

struct connection {
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
    enum phase phase;
    struct bench_times times;

    struct connection *connections;
    struct connection **open; /* Those that were open when it began. */
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

uint64_t bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static bool has_rate(const struct bench_worker *worker)
{
    return worker->job->options->rate > 0;
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

static void go_on_when_answered(struct bench_worker *worker)
{
    bool has_all = worker->phase == DRAINING && worker->pending == 0;
    bool has_none = worker->phase == RUNNING && worker->live == 0;
    if (has_all || has_none)
        close_all(worker);
}

static void on_timer(weft_timer *timer, void *user)
{
    struct bench_worker *worker = user;
    switch (worker->phase) {
    case RUNNING:
        worker->phase = DRAINING;
        weft_timer_start(timer, DRAIN_MS, 0);
        go_on_when_answered(worker);
        break;
    case DRAINING:
        close_all(worker);
        break;
    default:
        worker->is_over = true;
    }
}

static void fail(struct connection *connection, bool was_open, const struct weft_failure *failure,
                 const char *text)
{
    const struct bench_job *job = connection->worker->job;
    connection->worker->result.failed++;
    job->on_failure(job->options->url, was_open, failure, text, job->user);
}

/* ---- sending ---- */

static weft_status send_message(struct connection *connection)
{
    const struct bench_job *job = connection->worker->job;
    size_t bytes = (size_t)job->options->message_bytes;
    return job->options->is_text ? weft_socket_send_text(connection->socket, job->payload, bytes)
                                 : weft_socket_send_bytes(connection->socket, job->payload, bytes);
}

/* Sends what is due, unless the server is slow to take it: then on_drained goes on. */
static void flush(struct connection *connection)
{
    while (connection->sent < connection->due && connection->is_open &&
           !weft_socket_is_over_mark(connection->socket)) {
        if (connection->sent_at)
            connection->sent_at[connection->sent % connection->worker->job->options->depth] =
                bench_now();
        if (send_message(connection) != WEFT_OK)
            break; /* The socket closes, and on_close counts. */
        connection->sent++;
    }
}

static void add_due(struct connection *connection, uint64_t count)
{
    connection->due += count;
    connection->worker->pending += count;
}

static void on_drained(weft_socket *socket, void *user)
{
    (void)socket;
    flush(user);
}

/* When the message `number` of this worker should go. */
static uint64_t time_of(const struct bench_worker *worker, uint64_t number)
{
    return worker->times.start + (uint64_t)(worker->offset + worker->interval * (double)number);
}

/* Messages go round the connections that were open at the begin. */
static void send_scheduled(struct bench_worker *worker)
{
    uint64_t now = bench_now();
    for (uint64_t at; (at = time_of(worker, worker->next)) <= now && at < worker->times.end;) {
        struct connection *connection = worker->open[worker->next++ % worker->open_count];
        if (connection->is_open) {
            add_due(connection, 1);
            flush(connection);
        } else {
            worker->result.missing++;
        }
    }
}

/* ---- the socket's events ---- */

static uint64_t time_of_answer(const struct connection *connection)
{
    const struct bench_worker *worker = connection->worker;
    if (connection->sent_at)
        return connection->sent_at[connection->received % worker->job->options->depth];
    return time_of(worker, connection->place + connection->received * worker->open_count);
}

static bool is_right(const struct connection *connection, const struct weft_message_event *message)
{
    const struct bench_options *options = connection->worker->job->options;
    return connection->received < connection->sent && message->bytes == options->message_bytes &&
           (message->type == WEFT_TEXT) == options->is_text;
}

/* Which question it answers is not known any more: the connection is of no use. */
static void refuse_answer(struct connection *connection)
{
    struct bench_worker *worker = connection->worker;
    const struct bench_job *job = worker->job;
    worker->result.wrong++;
    if (connection->received < connection->due) {
        connection->received++;
        worker->pending--;
    }
    connection->is_open = false;
    job->on_failure(job->options->url, true, NULL, "an answer is not what was sent", job->user);
    (void)!weft_socket_close(connection->socket, 1000, NULL);
}

static void on_message(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)socket;
    struct connection *connection = user;
    struct bench_worker *worker = connection->worker;
    if (!connection->is_open || worker->phase == CLOSING)
        return;
    if (!is_right(connection, message)) {
        refuse_answer(connection);
        return;
    }

    uint64_t now = bench_now();
    uint64_t sent = time_of_answer(connection);
    const struct bench_times *times = &worker->times;
    connection->received++;
    worker->pending--;
    atomic_fetch_add_explicit(&worker->answers, 1, memory_order_relaxed);
    if (now >= times->measured && now < times->end)
        worker->result.messages++;
    if (sent >= times->measured && sent < times->end)
        bench_histogram_record(&worker->result.latency, now - sent);

    if (!has_rate(worker) && now < times->end) {
        add_due(connection, 1);
        flush(connection);
    }
    go_on_when_answered(worker);
}

static void open_more(struct bench_worker *worker);

static void settle(struct bench_worker *worker)
{
    worker->opening--;
    atomic_fetch_add_explicit(&worker->settled, 1, memory_order_relaxed);
    open_more(worker);
    if (worker->phase == OPENING && worker->opening == 0) {
        worker->phase = READY;
        worker->job->on_ready(worker->job->user);
    }
}

static void on_open(weft_socket *socket, void *user)
{
    (void)socket;
    struct connection *connection = user;
    connection->was_open = connection->is_open = true;
    connection->worker->live++;
    connection->worker->result.opened++;
    settle(connection->worker);
}

static void count_lost(struct connection *connection)
{
    struct bench_worker *worker = connection->worker;
    uint64_t lost = connection->due - connection->received;
    worker->pending -= lost;
    worker->result.missing += lost;
}

static void on_close(weft_socket *socket, const struct weft_close_event *close, void *user)
{
    struct connection *connection = user;
    struct bench_worker *worker = connection->worker;
    bool was_open = connection->was_open;
    connection->socket = NULL;
    if (worker->phase != CLOSING) {
        char text[64];
        snprintf(text, sizeof text, "the server has closed it with %d", close->code);
        if (connection->is_open || !was_open)
            fail(connection, was_open, close->failure, close->was_clean ? text : NULL);
        count_lost(connection);
    }
    connection->is_open = false;
    if (was_open)
        worker->live--;
    else
        settle(worker);
    go_on_when_answered(worker);
    end_when_closed(worker);
    weft_socket_release(socket);
}

/* ---- opening ---- */

static weft_status open_next(struct bench_worker *worker)
{
    struct connection *connection = &worker->connections[worker->begun++];
    struct weft_connect_options options = worker->connect;
    connection->worker = worker;
    options.events = (struct weft_socket_events){
        .on_open = on_open,
        .on_message = on_message,
        .on_close = on_close,
        .on_drained = on_drained,
    };
    options.user = connection;
    weft_status status =
        weft_socket_connect(worker->loop, worker->job->options->url, &options, &connection->socket);
    if (status == WEFT_OK)
        worker->opening++;
    return status;
}

static void open_more(struct bench_worker *worker)
{
    while (worker->phase == OPENING && worker->begun < worker->connection_count &&
           worker->opening < OPENING_MAX) {
        weft_status status = open_next(worker);
        if (status == WEFT_OK)
            continue;
        atomic_fetch_add_explicit(&worker->settled, 1, memory_order_relaxed);
        fail(&worker->connections[worker->begun - 1], false, NULL, weft_status_text(status));
    }
}

/* ---- orders from another thread ---- */

static void begin(void *user)
{
    struct bench_worker *worker = user;
    if (worker->phase != READY)
        return;
    worker->phase = RUNNING;
    for (uint32_t i = 0; i < worker->connection_count; i++) {
        struct connection *connection = &worker->connections[i];
        if (connection->is_open) {
            connection->place = worker->open_count;
            worker->open[worker->open_count++] = connection;
        }
    }
    uint64_t now = bench_now();
    uint64_t left = worker->times.end > now ? worker->times.end - now : 0;
    weft_timer_start(worker->timer, (uint32_t)(left / NS_PER_MS + 1), 0);
    go_on_when_answered(worker);
    for (uint32_t i = 0; !has_rate(worker) && i < worker->open_count; i++) {
        add_due(worker->open[i], worker->job->options->depth);
        flush(worker->open[i]);
    }
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
    send_scheduled(worker);
    int deadline_ms = weft_loop_next_deadline_ms(worker->loop);
    uint64_t now = bench_now(), at = time_of(worker, worker->next);
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
    open_more(worker);
    while (!worker->is_over && status == WEFT_OK)
        status = has_rate(worker) && worker->phase == RUNNING && worker->open_count > 0
                     ? turn_on_schedule(worker)
                     : weft_loop_turn(worker->loop, -1);
    if (status)
        fail(&worker->connections[0], true, NULL, weft_status_text(status));
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
    worker->open = calloc(count, sizeof(struct connection *));
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
        status = open_next(worker);
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

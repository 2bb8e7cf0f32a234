#include "bench_traffic.h"

#include <stdio.h>

enum { OPENING_MAX = 64 }; /* More at a time would overflow the backlog of a usual server. */

/* ---- sending ---- */

static weft_status send_message(struct bench_connection *connection)
{
    const struct bench_job *job = connection->worker->job;
    size_t bytes = (size_t)job->options->message_bytes;
    return job->options->is_text ? weft_socket_send_text(connection->socket, job->payload, bytes)
                                 : weft_socket_send_bytes(connection->socket, job->payload, bytes);
}

/* Sends what is due, unless the server is slow to take it: then on_drained goes on. */
static void flush(struct bench_connection *connection)
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

void bench_traffic_send(struct bench_connection *connection, uint64_t count)
{
    connection->due += count;
    connection->worker->pending += count;
    flush(connection);
}

static void on_drained(weft_socket *socket, void *user)
{
    (void)socket;
    flush(user);
}

/* When the message `number` of this worker should go. */
uint64_t bench_traffic_time_of(const struct bench_worker *worker, uint64_t number)
{
    return worker->times.start + (uint64_t)(worker->offset + worker->interval * (double)number);
}

/* Messages go round the connections that were open at the begin. */
void bench_traffic_send_scheduled(struct bench_worker *worker)
{
    uint64_t now = bench_now();
    for (uint64_t at;
         (at = bench_traffic_time_of(worker, worker->next)) <= now && at < worker->times.end;) {
        struct bench_connection *connection = worker->open[worker->next++ % worker->open_count];
        if (connection->is_open) {
            bench_traffic_send(connection, 1);
        } else {
            worker->result.missing++;
        }
    }
}

/* ---- the socket's events ---- */

static uint64_t time_of_answer(const struct bench_connection *connection)
{
    const struct bench_worker *worker = connection->worker;
    if (connection->sent_at)
        return connection->sent_at[connection->received % worker->job->options->depth];
    return bench_traffic_time_of(worker,
                                 connection->place + connection->received * worker->open_count);
}

static bool is_right(const struct bench_connection *connection,
                     const struct weft_message_event *message)
{
    const struct bench_options *options = connection->worker->job->options;
    return connection->received < connection->sent && message->bytes == options->message_bytes &&
           (message->type == WEFT_TEXT) == options->is_text;
}

/* Which question it answers is not known any more: the connection is of no use. */
static void refuse_answer(struct bench_connection *connection)
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
    struct bench_connection *connection = user;
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

    if (!bench_has_rate(worker) && now < times->end) {
        bench_traffic_send(connection, 1);
    }
    bench_worker_go_on(worker);
}

static void settle(struct bench_worker *worker)
{
    worker->opening--;
    atomic_fetch_add_explicit(&worker->settled, 1, memory_order_relaxed);
    bench_traffic_open_more(worker);
    if (worker->phase == OPENING && worker->opening == 0) {
        worker->phase = READY;
        worker->job->on_ready(worker->job->user);
    }
}

static void on_open(weft_socket *socket, void *user)
{
    (void)socket;
    struct bench_connection *connection = user;
    connection->was_open = connection->is_open = true;
    connection->worker->live++;
    connection->worker->result.opened++;
    settle(connection->worker);
}

static void count_lost(struct bench_connection *connection)
{
    struct bench_worker *worker = connection->worker;
    uint64_t lost = connection->due - connection->received;
    worker->pending -= lost;
    worker->result.missing += lost;
}

static void on_close(weft_socket *socket, const struct weft_close_event *close, void *user)
{
    struct bench_connection *connection = user;
    struct bench_worker *worker = connection->worker;
    bool was_open = connection->was_open;
    connection->socket = NULL;
    if (worker->phase != CLOSING) {
        char text[64];
        snprintf(text, sizeof text, "the server has closed it with %d", close->code);
        if (connection->is_open || !was_open)
            bench_worker_fail(connection, was_open, close->failure, close->was_clean ? text : NULL);
        count_lost(connection);
    }
    connection->is_open = false;
    if (was_open)
        worker->live--;
    else
        settle(worker);
    bench_worker_go_on(worker);
    weft_socket_release(socket);
}

/* ---- opening ---- */

weft_status bench_traffic_open_next(struct bench_worker *worker)
{
    struct bench_connection *connection = &worker->connections[worker->begun++];
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

void bench_traffic_open_more(struct bench_worker *worker)
{
    while (worker->phase == OPENING && worker->begun < worker->connection_count &&
           worker->opening < OPENING_MAX) {
        weft_status status = bench_traffic_open_next(worker);
        if (status == WEFT_OK)
            continue;
        atomic_fetch_add_explicit(&worker->settled, 1, memory_order_relaxed);
        bench_worker_fail(&worker->connections[worker->begun - 1], false, NULL,
                          weft_status_text(status));
    }
}

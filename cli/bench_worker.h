/* One thread of `weft bench`: a loop, its share of the connections, and what it has counted. */
#ifndef CLI_BENCH_WORKER_H
#define CLI_BENCH_WORKER_H

#include "bench_histogram.h"
#include "bench_options.h"

#include <stdatomic.h>

/* Nanoseconds of the monotonic clock. What is sent and answered before `measured` warms up. */
struct bench_times {
    uint64_t start, measured, end;
};

struct bench_result {
    uint64_t messages; /* Answers that came while it was measured. */
    uint64_t wrong;    /* Answers that were not what was sent. */
    uint64_t missing;  /* Answers that never came. */
    uint32_t opened;
    uint32_t failed; /* Connections that could not be opened, or broke. */
    struct bench_histogram latency;
};

/* What all workers share. The functions are called on the worker's thread. */
struct bench_job {
    const struct bench_options *options;
    weft_tls *tls; /* NULL: the library's default. */
    const void *payload;
    void (*on_ready)(void *user); /* All connections are open, or have failed. */
    void (*on_end)(void *user);   /* The thread is about to end. */
    void (*on_failure)(const char *url, bool was_open, const struct weft_failure *failure,
                       const char *text, void *user); /* `text` is for what is no failure. */
    void *user;
};

struct bench_worker;

uint64_t bench_now(void);

/* The `index`-th of the job's workers. Begins its first connection, so that a wrong URL shows here.
 */
WEFT_MUST_USE weft_status bench_worker_create(const struct bench_job *job, uint32_t index,
                                              struct bench_worker **worker_out);

/* Starts its thread, which opens the connections; WEFT_ERR_SYSTEM: errno says why. */
WEFT_MUST_USE weft_status bench_worker_start(struct bench_worker *worker);

/* Once it is ready: sends until times->end, waits for the last answers, closes. From any thread. */
WEFT_MUST_USE weft_status bench_worker_begin(struct bench_worker *worker,
                                             const struct bench_times *times);

/* Ends it at once, whatever it does. From any thread. */
WEFT_MUST_USE weft_status bench_worker_interrupt(struct bench_worker *worker);

/* How far it has come: connections opened or failed, answers. From any thread. */
uint32_t bench_worker_settled(const struct bench_worker *worker);
uint64_t bench_worker_answers(const struct bench_worker *worker);

/* Its result, once on_end was called. */
const struct bench_result *bench_worker_result(const struct bench_worker *worker);

/* Waits for the thread's end. NULL is allowed. */
void bench_worker_destroy(struct bench_worker *worker);

#endif

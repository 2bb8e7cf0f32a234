/* weft bench: loads a server that sends back what it gets. */
#include "bench_report.h"
#include "bench_worker.h"
#include "report.h"
#include "signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PROGRESS_MS = 100, OTHER_DESCRIPTORS = 64, PER_WORKER = 8 };

struct bench {
    struct bench_options options;
    struct bench_job job;
    weft_tls *tls;
    weft_loop *loop; /* Of the main thread: signals, the bar, who is ready. */
    weft_timer *progress_timer;
    struct signals *signals;
    uint8_t *payload;
    struct bench_worker **workers;
    uint32_t started, ready, ended;
    bool is_interrupted, has_begun;
    uint64_t created_at;
    struct bench_times times;
    struct bench_summary summary;

    pthread_mutex_t line_lock; /* For what is written to stderr. */
    bool has_progress, failure_is_told;
};

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

/* ---- what workers tell, on their threads ---- */

/* The first failure only: with thousands of connections the others say the same. */
static void on_failure(const char *url, bool was_open, const struct weft_failure *failure,
                       const char *text, void *user)
{
    struct bench *bench = user;
    pthread_mutex_lock(&bench->line_lock);
    if (!bench->failure_is_told) {
        bench->failure_is_told = true;
        if (bench->has_progress)
            bench_report_progress_end();
        if (failure || !text)
            report_failure(url, was_open, failure);
        else if (was_open)
            report_error("the connection to %s: %s", url, text);
        else
            report_error("cannot connect to %s: %s", url, text);
    }
    pthread_mutex_unlock(&bench->line_lock);
}

static void all_are_ready(struct bench *bench)
{
    uint64_t now = bench_now();
    bench->has_begun = true;
    bench->summary.opened_s = seconds(now - bench->created_at);
    bench->times.start = now;
    bench->times.measured = now + (uint64_t)bench->options.warmup.ms * 1000000;
    bench->times.end = bench->times.measured + (uint64_t)bench->options.duration.ms * 1000000;
    for (uint32_t i = 0; i < bench->started; i++)
        if (bench_worker_begin(bench->workers[i], &bench->times))
            (void)!bench_worker_interrupt(bench->workers[i]);
}

static void count_ready(void *user)
{
    struct bench *bench = user;
    if (++bench->ready == bench->options.threads && !bench->is_interrupted)
        all_are_ready(bench);
}

static void count_ended(void *user)
{
    struct bench *bench = user;
    if (++bench->ended == bench->started)
        weft_loop_stop(bench->loop);
}

static void on_ready(void *user)
{
    struct bench *bench = user;
    if (weft_loop_post(bench->loop, count_ready, bench))
        on_failure(bench->options.url, true, NULL, weft_status_text(WEFT_ERR_MEMORY), bench);
}

static void on_end(void *user)
{
    struct bench *bench = user;
    if (weft_loop_post(bench->loop, count_ended, bench))
        weft_loop_stop(bench->loop);
}

/* ---- the main thread's events ---- */

static void interrupt_all(struct bench *bench)
{
    if (!bench->is_interrupted && bench_now() < bench->times.end)
        bench->times.end = bench_now();
    bench->is_interrupted = true;
    for (uint32_t i = 0; i < bench->started; i++)
        (void)!bench_worker_interrupt(bench->workers[i]);
}

static void on_signal(int number, void *user)
{
    (void)number;
    interrupt_all(user);
}

static void describe_progress(const struct bench *bench, double *done_out, char *text,
                              size_t text_bytes)
{
    uint64_t settled = 0, answers = 0, now = bench_now();
    for (uint32_t i = 0; i < bench->started; i++) {
        settled += bench_worker_settled(bench->workers[i]);
        answers += bench_worker_answers(bench->workers[i]);
    }
    if (!bench->has_begun) {
        *done_out = (double)settled / bench->options.connections;
        snprintf(text, text_bytes, "%llu of %u connections", (unsigned long long)settled,
                 bench->options.connections);
        return;
    }
    double passed = seconds(now - bench->times.start);
    *done_out = passed / seconds(bench->times.end - bench->times.start);
    snprintf(text, text_bytes, "%s, %.0f messages/s",
             now < bench->times.measured ? "warming up"
             : now < bench->times.end    ? "measuring"
                                         : "waiting for the last answers",
             passed > 0 ? (double)answers / passed : 0);
}

static void on_progress(weft_timer *timer, void *user)
{
    (void)timer;
    struct bench *bench = user;
    char text[128];
    double done;
    describe_progress(bench, &done, text, sizeof text);
    pthread_mutex_lock(&bench->line_lock);
    bench_report_progress(done, text);
    pthread_mutex_unlock(&bench->line_lock);
}

/* ---- its course ---- */

/* false: a line has said that there are too few. */
static bool raise_descriptors(const struct bench_options *options)
{
    struct rlimit limit;
    uint64_t needed = (uint64_t)options->connections + PER_WORKER * (uint64_t)options->threads +
                      OTHER_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return true;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < needed) {
        report_error("%u connections need %llu descriptors, and the hard limit is %llu (ulimit -n)",
                     options->connections, (unsigned long long)needed,
                     (unsigned long long)limit.rlim_max);
        return false;
    }
    return true;
}

/* Letters and digits, so that it is text too, and neither all alike nor beyond compression. */
static bool fill_payload(struct bench *bench)
{
    static const char letters[] = "the quick brown fox jumps over 13 lazy dogs; ";
    size_t bytes = (size_t)bench->options.message_bytes;
    bench->payload = malloc(bytes);
    for (size_t i = 0; bench->payload && i < bytes; i++)
        bench->payload[i] = (uint8_t)letters[i % (sizeof letters - 1)];
    return bench->payload != NULL;
}

static weft_status create(struct bench *bench)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };
    const struct bench_options *options = &bench->options;
    bench->job =
        (struct bench_job){ options, bench->tls, NULL, on_ready, on_end, on_failure, bench };
    bench->workers = calloc(options->threads, sizeof(struct bench_worker *));
    if (!bench->workers || !fill_payload(bench))
        return WEFT_ERR_MEMORY;
    bench->job.payload = bench->payload;

    weft_status status = weft_loop_create(NULL, &bench->loop);
    if (!status)
        status = signals_create(bench->loop, signals, on_signal, bench, &bench->signals);
    if (!status)
        status = weft_timer_create(bench->loop, on_progress, bench, &bench->progress_timer);
    bench->created_at = bench_now();
    for (uint32_t i = 0; !status && i < options->threads; i++)
        status = bench_worker_create(&bench->job, i, &bench->workers[i]);
    return status;
}

/* A thread that could not be started ends those that were. */
static weft_status start(struct bench *bench)
{
    weft_status status = WEFT_OK;
    while (!status && bench->started < bench->options.threads) {
        status = bench_worker_start(bench->workers[bench->started]);
        if (!status)
            bench->started++;
    }
    if (status)
        interrupt_all(bench);
    return status;
}

static weft_status run(struct bench *bench)
{
    weft_status status = start(bench);
    if (bench->has_progress)
        weft_timer_start(bench->progress_timer, PROGRESS_MS, PROGRESS_MS);
    while (!status && bench->ended < bench->started)
        status = weft_loop_run(bench->loop);
    if (bench->has_progress)
        bench_report_progress_end();
    return status;
}

static void add_results(struct bench *bench)
{
    struct bench_result *total = &bench->summary.total;
    for (uint32_t i = 0; i < bench->started; i++) {
        const struct bench_result *result = bench_worker_result(bench->workers[i]);
        total->messages += result->messages;
        total->wrong += result->wrong;
        total->missing += result->missing;
        total->opened += result->opened;
        total->failed += result->failed;
        bench_histogram_merge(&total->latency, &result->latency);
    }
    if (bench->times.end > bench->times.measured)
        bench->summary.measured_s = seconds(bench->times.end - bench->times.measured);
}

static enum cli_status show_result(struct bench *bench)
{
    bool is_shown = true;
    add_results(bench);
    if (!bench->has_begun || bench->summary.total.opened == 0)
        return CLI_FAILED;
    if (bench->options.is_json)
        is_shown = bench_report_json(stdout, &bench->options, &bench->summary);
    else
        bench_report_text(stdout, &bench->options, &bench->summary, isatty(STDOUT_FILENO));
    return is_shown && bench_report_errors(&bench->summary) == 0 ? CLI_DONE : CLI_FAILED;
}

static enum cli_status complain(const struct bench *bench, weft_status status)
{
    const char *url = bench->options.url;
    if (status == WEFT_ERR_SYNTAX)
        return args_complain("bench",
                             "%s is not a WebSocket URL: expected ws[s]://HOST[:PORT]/PATH", url);
    if (status == WEFT_ERR_UNSUPPORTED)
        return args_complain("bench", "%s: this build speaks no TLS, only ws://", url);
    report_error("cannot load %s: %s", url,
                 status == WEFT_ERR_SYSTEM ? strerror(errno) : weft_status_text(status));
    return CLI_FAILED;
}

static void destroy(struct bench *bench)
{
    for (uint32_t i = 0; bench->workers && i < bench->options.threads; i++)
        bench_worker_destroy(bench->workers[i]);
    free(bench->workers);
    free(bench->payload);
    weft_timer_destroy(bench->progress_timer);
    signals_destroy(bench->signals);
    weft_loop_destroy(bench->loop);
    weft_tls_release(bench->tls);
}

enum cli_status cli_bench(int argc, char **argv)
{
    static struct bench bench = { .line_lock = PTHREAD_MUTEX_INITIALIZER };
    enum args_outcome outcome = bench_options_read(&bench.options, argc, argv);
    if (outcome != ARGS_GO_ON)
        return outcome == ARGS_WRONG ? CLI_USAGE : CLI_DONE;
    signal(SIGPIPE, SIG_IGN);
    if (!raise_descriptors(&bench.options))
        return CLI_FAILED;
    enum cli_status trusting = trust_create("bench", &bench.options.trust, &bench.tls);
    if (trusting)
        return trusting;
    bench.has_progress = isatty(STDERR_FILENO);

    weft_status status = create(&bench);
    if (!status)
        status = run(&bench);
    enum cli_status ended = status ? complain(&bench, status) : show_result(&bench);
    destroy(&bench);
    return ended;
}

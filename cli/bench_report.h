/* What `weft bench` prints: how far it is, the result, a plot of the latencies. */
#ifndef CLI_BENCH_REPORT_H
#define CLI_BENCH_REPORT_H

#include "bench_worker.h"

#include <stdio.h>

struct bench_summary {
    double opened_s;   /* How long it took to open the connections. */
    double measured_s; /* How long it was measured: less than asked for when interrupted. */
    struct bench_result total;
};

/* Connections that failed, answers that were wrong or never came. */
uint64_t bench_report_errors(const struct bench_summary *summary);

/* The result for people; with the plot if `has_plot`. */
void bench_report_text(FILE *out, const struct bench_options *options,
                       const struct bench_summary *summary, bool has_plot);

/* The result for programs, one line. false: no memory. */
bool bench_report_json(FILE *out, const struct bench_options *options,
                       const struct bench_summary *summary);

/* One line that replaces the last: a bar of what is done (0 to 1). */
void bench_report_progress(double done, const char *text);
void bench_report_progress_end(void);

#endif

#include "bench_report.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

enum { PLOT_ROWS = 12, PLOT_COLUMNS = 40, PROGRESS_COLUMNS = 30, EIGHTHS = 8 };

static const struct {
    const char *name;
    double share;
} percentiles[] = {
    { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "p99.9", 0.999 }, { "max", 1 }
};
enum { PERCENTILE_COUNT = sizeof percentiles / sizeof *percentiles };

uint64_t bench_report_errors(const struct bench_summary *summary)
{
    return summary->total.failed + summary->total.wrong + summary->total.missing;
}

static double per_second(const struct bench_summary *summary)
{
    return summary->measured_s > 0 ? (double)summary->total.messages / summary->measured_s : 0;
}

static double mebibytes_per_second(const struct bench_options *options,
                                   const struct bench_summary *summary)
{
    return per_second(summary) * (double)options->message_bytes / (1 << 20);
}

/* ---- for people ---- */

/* `width` characters of a bar, in eighths of a character. */
static void print_bar(FILE *out, double share, unsigned columns, bool is_padded)
{
    static const char *const parts[EIGHTHS] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
    unsigned eighths = (unsigned)(fmin(fmax(share, 0), 1) * columns * EIGHTHS + 0.5);
    for (unsigned i = 0; i < eighths / EIGHTHS; i++)
        fputs("█", out);
    fputs(parts[eighths % EIGHTHS], out);
    unsigned used = (eighths + EIGHTHS - 1) / EIGHTHS;
    if (is_padded)
        fprintf(out, "%*s", (int)(columns - used), "");
}

/* "417 us": three digits and the unit that fits them. */
static const char *time_text(char *out, size_t out_bytes, double ns)
{
    static const struct {
        double ns;
        const char *name;
    } units[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 1, "ns" } };
    size_t i = 0;
    while (i < 3 && ns < units[i].ns * 0.9995)
        i++;
    double value = ns / units[i].ns;
    snprintf(out, out_bytes, "%.*f %s",
             value < 9.995   ? 2
             : value < 99.95 ? 1
                             : 0,
             value, units[i].name);
    return out;
}

static void print_latencies(FILE *out, const struct bench_histogram *latency)
{
    char text[32];
    fprintf(out, "latency    ");
    for (size_t i = 0; i < PERCENTILE_COUNT; i++)
        fprintf(out, "  %s %s", percentiles[i].name,
                time_text(text, sizeof text,
                          (double)bench_histogram_at(latency, percentiles[i].share)));
    fprintf(out, "\n");
}

/* Rows in equal ratios from the smallest latency to that which one in a thousand exceeds; the last
 * takes the rest. */
static void print_plot(FILE *out, const struct bench_histogram *latency)
{
    double low = (double)latency->min + 1;
    double high = fmax((double)bench_histogram_at(latency, 0.999), low * 1.1);
    double ratio = pow(high / low, 1.0 / (PLOT_ROWS - 1));
    uint64_t counts[PLOT_ROWS], most = 1, before = 0;
    double top = low;
    for (unsigned i = 0; i < PLOT_ROWS; i++) {
        top *= ratio;
        uint64_t to =
            i == PLOT_ROWS - 1 ? latency->count : bench_histogram_count_to(latency, (uint64_t)top);
        counts[i] = to - before;
        before = to;
        most = counts[i] > most ? counts[i] : most;
    }
    top = low;
    for (unsigned i = 0; i < PLOT_ROWS; i++) {
        char text[32];
        top = i == PLOT_ROWS - 1 ? fmax((double)latency->max, top) : top * ratio;
        fprintf(out, "  to %8s %6.2f %% ", time_text(text, sizeof text, top),
                100 * (double)counts[i] / (double)latency->count);
        print_bar(out, (double)counts[i] / (double)most, PLOT_COLUMNS, false);
        fprintf(out, "\n");
    }
}

void bench_report_text(FILE *out, const struct bench_options *options,
                       const struct bench_summary *summary, bool has_plot)
{
    const struct bench_result *total = &summary->total;
    char text[32];
    fprintf(out, "connections  %u opened in %s, %u failed\n", total->opened,
            time_text(text, sizeof text, summary->opened_s * 1e9), total->failed);
    fprintf(out, "messages     %.0f/s of %llu bytes%s (%llu in %s)\n", per_second(summary),
            (unsigned long long)options->message_bytes, options->is_text ? " of text" : "",
            (unsigned long long)total->messages,
            time_text(text, sizeof text, summary->measured_s * 1e9));
    fprintf(out, "payload      %.2f MiB/s each way\n", mebibytes_per_second(options, summary));
    fprintf(out, "errors       %llu", (unsigned long long)bench_report_errors(summary));
    if (bench_report_errors(summary))
        fprintf(out, ": %u connections, %llu wrong answers, %llu missing", total->failed,
                (unsigned long long)total->wrong, (unsigned long long)total->missing);
    fprintf(out, "\n");
    if (total->latency.count) {
        print_latencies(out, &total->latency);
        if (has_plot)
            print_plot(out, &total->latency);
    }
}

/* ---- for programs ---- */

static json_t *latencies_of(const struct bench_histogram *latency)
{
    json_t *all = json_object();
    for (size_t i = 0; i < PERCENTILE_COUNT; i++)
        json_object_set_new(
            all, percentiles[i].name,
            json_integer((json_int_t)bench_histogram_at(latency, percentiles[i].share)));
    json_object_set_new(all, "count", json_integer((json_int_t)latency->count));
    return all;
}

bool bench_report_json(FILE *out, const struct bench_options *options,
                       const struct bench_summary *summary)
{
    const struct bench_result *total = &summary->total;
    json_t *all = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:s, s:I, s:f, s:I, s:I, s:f, s:f, s:I, s:f, s:f, s:I, s:I, "
        "s:I, s:o}",
        "url", options->url, "connections", (json_int_t)options->connections, "depth",
        (json_int_t)options->depth, "rate", (json_int_t)options->rate, "size",
        (json_int_t)options->message_bytes, "type", options->is_text ? "text" : "binary", "threads",
        (json_int_t)options->threads, "open_seconds", summary->opened_s, "opened",
        (json_int_t)total->opened, "failed", (json_int_t)total->failed, "warmup_seconds",
        options->warmup.ms / 1000.0, "seconds", summary->measured_s, "messages",
        (json_int_t)total->messages, "messages_per_second", per_second(summary), "mib_per_second",
        mebibytes_per_second(options, summary), "errors", (json_int_t)bench_report_errors(summary),
        "wrong_answers", (json_int_t)total->wrong, "missing_answers", (json_int_t)total->missing,
        "latency_ns", latencies_of(&total->latency));
    bool is_written = all && json_dumpf(all, out, JSON_COMPACT | JSON_REAL_PRECISION(9)) == 0;
    json_decref(all);
    fprintf(out, "\n");
    return is_written;
}

/* ---- how far it is ---- */

void bench_report_progress(double done, const char *text)
{
    fputs("\r\033[K▕", stderr);
    print_bar(stderr, done, PROGRESS_COLUMNS, true);
    fprintf(stderr, "▏ %s", text);
    fflush(stderr);
}

void bench_report_progress_end(void)
{
    fputs("\r\033[K", stderr);
    fflush(stderr);
}

#include "bench_options.h"

#include "request_options.h"

enum {
    CONNECTIONS_MAX = 100000,
    DEPTH_MAX = 65536,
    IN_FLIGHT_MAX = 1 << 24, /* The time of each message in flight is kept. */
    RATE_MAX = 100000000,
    MESSAGE_BYTES_MAX = 1 << 30,
    DURATION_S_MAX = 3600,
    THREADS_MAX = 256,
    MARK_BYTES = 1 << 20,
};

static enum args_outcome parse(struct bench_options *options, int argc, char **argv)
{
    const struct args_option rows[] = {
        { "connections", 0, ARGS_COUNT, &options->connections, "N",
          "connections, all opened before the first message (default 64)" },
        { "depth", 0, ARGS_COUNT, &options->depth, "N",
          "messages in flight per connection (default 1)" },
        { "rate", 0, ARGS_COUNT, &options->rate, "R",
          "messages per second of all connections together; each has a time at\n"
          "which it should go, and its latency is counted from that time" },
        { "size", 0, ARGS_BYTES, &options->message_bytes, "BYTES",
          "length of a message, with suffix k, M or G (default 20)" },
        { "text", 0, ARGS_FLAG, &options->is_text, NULL, "text messages, not binary ones" },
        { "duration", 0, ARGS_SECONDS, &options->duration, "SECONDS",
          "how long to measure (default 5)" },
        { "warmup", 0, ARGS_SECONDS, &options->warmup, "SECONDS",
          "how long to send before that (default 0.5)" },
        { "threads", 0, ARGS_COUNT, &options->threads, "N",
          "threads that share the connections (default 1)" },
        { "protocol", 0, ARGS_TEXTS, &options->protocols, "NAME",
          "offer a subprotocol; may be repeated, best first" },
        { "header", 'H', ARGS_TEXTS, &options->header_lines, "'NAME: VALUE'",
          "add a header to the request; may be repeated" },
        { "origin", 0, ARGS_TEXT, &options->origin, "ORIGIN", "send an Origin header" },
        NETWORK_ROWS(&options->network),
        { "no-deflate", 0, ARGS_FLAG, &options->deflate_off, NULL,
          "do not offer to compress messages (permessage-deflate)" },
        TRUST_ROWS(&options->trust),
        { "json", 0, ARGS_FLAG, &options->is_json, NULL, "print the result as JSON" },
    };
    struct args_table table = {
        .command = "bench",
        .synopsis = "[OPTION]... URL",
        .summary = "Loads a WebSocket server that sends back what it gets, and tells how many "
                   "messages come\n"
                   "back and how long they take. URL is ws[s]://HOST[:PORT]/PATH or "
                   "ws+unix:SOCKET:PATH.",
        .details = "SIGINT ends the measurement early; what was measured is printed.\n"
                   "Status: 0 when every connection and every answer was fine, 1 when not, 2 for "
                   "wrong usage.",
        .options = rows,
        .option_count = sizeof rows / sizeof *rows,
        .operands = &options->url,
        .operand_max = 1,
    };
    return args_parse(&table, argc, argv);
}

static void fill_defaults(struct bench_options *options)
{
    if (!options->connections)
        options->connections = 64;
    if (!options->depth && !options->rate)
        options->depth = 1;
    if (!options->message_bytes)
        options->message_bytes = 20;
    if (!options->duration.given)
        options->duration.ms = 5000;
    if (!options->warmup.given)
        options->warmup.ms = 500;
    if (!options->threads)
        options->threads = 1;
    if (options->threads > options->connections)
        options->threads = options->connections;
}

static bool check_maximum(const char *name, uint64_t value, uint64_t maximum)
{
    if (value <= maximum)
        return true;
    args_complain("bench", "--%s: at most %llu", name, (unsigned long long)maximum);
    return false;
}

static bool check(struct bench_options *options)
{
    const char *wrong = NULL;
    if (!options->url)
        wrong = "a URL is missing";
    else if (options->depth && options->rate)
        wrong = "--rate says when messages go, it cannot be joined with --depth";
    else if (options->duration.given && options->duration.ms == 0)
        wrong = "--duration 0: nothing can be measured in no time";
    else if (options->origin && request_has_control(weft_text_of(options->origin)))
        wrong = "--origin has control characters";
    if (wrong) {
        args_complain("bench", "%s", wrong);
        return false;
    }
    fill_defaults(options);
    return check_maximum("connections", options->connections, CONNECTIONS_MAX) &&
           check_maximum("depth", options->depth, DEPTH_MAX) &&
           check_maximum("connections times --depth",
                         (uint64_t)options->connections * options->depth, IN_FLIGHT_MAX) &&
           check_maximum("rate", options->rate, RATE_MAX) &&
           check_maximum("size", options->message_bytes, MESSAGE_BYTES_MAX) &&
           check_maximum("duration", (options->duration.ms + 999) / 1000, DURATION_S_MAX) &&
           check_maximum("warmup", (options->warmup.ms + 999) / 1000, DURATION_S_MAX) &&
           check_maximum("threads", options->threads, THREADS_MAX) &&
           request_check_protocols("bench", &options->protocols) &&
           request_read_headers("bench", &options->header_lines, options->headers) &&
           network_check("bench", &options->network);
}

enum args_outcome bench_options_read(struct bench_options *options, int argc, char **argv)
{
    enum args_outcome outcome = parse(options, argc, argv);
    return outcome == ARGS_GO_ON && !check(options) ? ARGS_WRONG : outcome;
}

struct weft_connect_options bench_options_of(const struct bench_options *options)
{
    struct weft_connect_options connect = {
        .protocols = options->protocols.items,
        .protocol_count = options->protocols.count,
        .origin = options->origin,
        .headers = options->headers,
        .header_count = options->header_lines.count,
        /* The list protects servers from pages; a person at a command line names the port. */
        .bad_ports_allowed = true,
        .settings = {
            /* One that is too long is an answer that is wrong, and is told as such. */
            .limits.message_bytes_max = options->message_bytes + MARK_BYTES,
            .deflate = { .off = options->deflate_off },
            .ping_off = true,
            .send_mark_bytes = MARK_BYTES,
            /* Nothing is sent above the mark, so that one message more is all that can wait. */
            .send_bytes_max = 2 * (options->message_bytes + MARK_BYTES),
        },
    };
    network_apply(&options->network, &connect);
    return connect;
}

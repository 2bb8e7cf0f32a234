/* The options of `weft bench`. */
#ifndef CLI_BENCH_OPTIONS_H
#define CLI_BENCH_OPTIONS_H

#include "args.h"
#include "network.h"
#include "trust.h"
#include "weft/client.h"

struct bench_options {
    const char *url;
    uint32_t connections;
    uint32_t depth; /* Messages in flight per connection; 0: `rate` says when they go. */
    uint32_t rate;  /* Messages per second of all connections; 0: as fast as answers come. */
    uint64_t message_bytes;
    bool is_text;
    struct args_seconds duration;
    struct args_seconds warmup;
    uint32_t threads;
    struct args_texts protocols;
    struct args_texts header_lines;
    struct weft_header headers[ARGS_TEXTS_MAX]; /* The same, taken apart. */
    const char *origin;
    struct network_options network;
    bool deflate_off;
    struct trust_options trust;
    bool is_json;
};

enum args_outcome bench_options_read(struct bench_options *options, int argc, char **argv);

/* What of them goes to the library. The spans point into `options`. */
struct weft_connect_options bench_options_of(const struct bench_options *options);

#endif

/* What `weft serve` is asked for. */
#ifndef CLI_SERVE_OPTIONS_H
#define CLI_SERVE_OPTIONS_H

#include "args.h"
#include "reach.h"
#include "trust.h"
#include "weft/loop.h"

struct serve_options {
    struct args_texts addresses;
    struct args_texts origins;
    const char *backend_name;
    enum weft_backend backend;
    uint64_t message_bytes_max;
    struct args_seconds ping_interval;
    struct args_seconds idle_timeout;
    bool deflate_off;
    uint32_t deflate_level;
    uint32_t deflate_window_bits;
    uint32_t spin_us;
    uint32_t connections_max;
    const char *site;
    struct identity_options identity;
    struct reach_options reach;
    bool quiet;
};

/* As args_parse(). */
enum args_outcome serve_options_read(struct serve_options *options, int argc, char **argv);

#endif

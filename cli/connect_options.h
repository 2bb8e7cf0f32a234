/* The options of `weft connect`. */
#ifndef CLI_CONNECT_OPTIONS_H
#define CLI_CONNECT_OPTIONS_H

#include "args.h"
#include "network.h"
#include "trust.h"
#include "weft/client.h"

enum { USERNAME_BYTES_MAX = 255 };

struct connect_options {
    const char *url;
    struct args_texts protocols;
    struct args_texts header_lines;
    struct weft_header headers[ARGS_TEXTS_MAX]; /* The same, taken apart. */
    const char *origin;
    const char *credentials; /* NAME:PASSWORD */
    char username[USERNAME_BYTES_MAX + 1];
    const char *password;
    const char *bearer_token;
    uint32_t redirects_max;
    uint32_t attempts_max;
    bool is_binary;
    bool is_echo;
    struct network_options network;
    struct args_seconds wait;
    struct args_seconds timeout;
    struct args_seconds ping_interval;
    uint64_t message_bytes_max;
    bool deflate_off;
    struct trust_options trust;
    bool history_off;
};

enum args_outcome connect_options_read(struct connect_options *options, int argc, char **argv);

/* What of them goes to the library. The spans point into `options`. */
struct weft_connect_options connect_options_of(const struct connect_options *options);

#endif

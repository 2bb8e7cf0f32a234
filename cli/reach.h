/* Who reaches `weft serve`, and by what ways: the options of proxies and of socket files. */
#ifndef CLI_REACH_H
#define CLI_REACH_H

#include "args.h"
#include "weft/server.h"

struct reach_options {
    struct args_texts proxy_protocol_from;
    struct args_texts trusted_proxies;
    const char *trusted_fields;
    const char *unix_mode; /* In octal. */
    const char *unix_user;
    const char *unix_group;
};

/* false: one line on stderr has said what is wrong. */
bool reach_check(const struct reach_options *options);

void reach_fill_server(const struct reach_options *options, struct weft_server_options *server);

/* Mode and owner are for addresses that are paths. */
void reach_fill_listen(const struct reach_options *options, const char *address,
                       struct weft_listen_options *listen);

#endif

/* How `weft connect` and `weft bench` reach a server. */
#ifndef CLI_NETWORK_H
#define CLI_NETWORK_H

#include "args.h"
#include "weft/client.h"

struct network_options {
    const char *proxy;
    bool proxy_off;
    const char *source_address;
    const char *device;
};

/* Rows of an option table. */
#define NETWORK_ROWS(network)                                                                      \
    { "proxy",                                                                                     \
      0,                                                                                           \
      ARGS_TEXT,                                                                                   \
      &(network)->proxy,                                                                           \
      "URL",                                                                                       \
      "connect through http://, socks5h:// or socks5://[USER:PW@]HOST:PORT\n"                      \
      "(default: http_proxy, https_proxy, all_proxy and no_proxy)" },                              \
        { "no-proxy", 0,                                                                           \
          ARGS_FLAG,  &(network)->proxy_off,                                                       \
          NULL,       "connect without a proxy, whatever the environment says" },                  \
        { "source",  0,                                                                            \
          ARGS_TEXT, &(network)->source_address,                                                   \
          "ADDRESS", "connect from this address of the machine" },                                 \
    {                                                                                              \
        "interface", 0, ARGS_TEXT, &(network)->device, "NAME",                                     \
            "connect through this network interface"                                               \
    }

/* False: one line on stderr has said what is wrong with them. */
bool network_check(const char *command, const struct network_options *network);

/* Puts them where they belong. */
void network_apply(const struct network_options *network, struct weft_connect_options *options);

#endif

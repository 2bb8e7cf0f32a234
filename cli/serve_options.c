#include "serve_options.h"

#include <string.h>

static bool read_backend(struct serve_options *options)
{
    if (!options->backend_name)
        return true;
    if (strcmp(options->backend_name, "epoll") == 0)
        options->backend = WEFT_BACKEND_EPOLL;
    else if (strcmp(options->backend_name, "poll") == 0)
        options->backend = WEFT_BACKEND_POLL;
    else
        args_complain("serve", "--backend %s: expected epoll or poll", options->backend_name);
    return options->backend != WEFT_BACKEND_DEFAULT;
}

/* 0: not given. */
static bool check_deflate(const struct serve_options *options)
{
    if (options->deflate_level > 9)
        args_complain("serve", "--deflate-level %u: expected 1 to 9", options->deflate_level);
    else if (options->deflate_window_bits &&
             (options->deflate_window_bits < 9 || options->deflate_window_bits > 15))
        args_complain("serve", "--deflate-window-bits %u: expected 9 to 15",
                      options->deflate_window_bits);
    else
        return true;
    return false;
}

enum args_outcome serve_options_read(struct serve_options *options, int argc, char **argv)
{
    const struct args_option rows[] = {
        { "listen", 0, ARGS_TEXTS, &options->addresses, "ADDRESS",
          "HOST:PORT, :PORT (all interfaces), unix:PATH, fd:N, or\n"
          "systemd[:NAME] for sockets that systemd has opened; port 0 takes a\n"
          "free one; may be repeated (default 127.0.0.1:8080)" },
        { "tls-cert", 0, ARGS_TEXTS, &options->identity.certificate_files, "FILE",
          "speak TLS on all addresses but unix:PATH and http://HOST:PORT, with\n"
          "the certificate in a PEM file (and its chain); with several, the name\n"
          "that the client asks for decides" },
        { "tls-key", 0, ARGS_TEXTS, &options->identity.key_files, "FILE",
          "the private key of --tls-cert (PEM), as many as certificates" },
        { "tls-ca", 0, ARGS_TEXT, &options->identity.ca_file, "FILE",
          "clients must show a certificate signed by one in this PEM file" },
        { "unix-mode", 0, ARGS_TEXT, &options->reach.unix_mode, "MODE",
          "permissions of the files of unix:PATH, as 660 (default: the umask's)" },
        { "unix-user", 0, ARGS_TEXT, &options->reach.unix_user, "USER",
          "owner of these files, a name or a number" },
        { "unix-group", 0, ARGS_TEXT, &options->reach.unix_group, "GROUP", "group of these files" },
        { "proxy-protocol", 0, ARGS_TEXTS, &options->reach.proxy_protocol_from, "PEER",
          "proxies whose connections begin with a PROXY header, version 1 or 2:\n"
          "an address, a net as 10.0.0.0/8, or \"unix\"; may be repeated" },
        { "trusted-proxy", 0, ARGS_TEXTS, &options->reach.trusted_proxies, "PEER",
          "proxies that say in a request whose it is; as above; may be repeated" },
        { "trusted-fields", 0, ARGS_TEXT, &options->reach.trusted_fields, "NAME",
          "what these write: x-forwarded (default) or forwarded (RFC 7239)" },
        { "origin", 0, ARGS_TEXTS, &options->origins, "ORIGIN",
          "pages of this origin may open WebSockets, \"*\" any; may be repeated\n"
          "(default: the server's own pages)" },
        { "site", 0, ARGS_TEXT, &options->site, "FOLDER",
          "serve the files of a folder instead of the site inside the program" },
        { "max-message", 0, ARGS_BYTES, &options->message_bytes_max, "BYTES",
          "longest message taken, with suffix k, M or G (default 16M)" },
        { "max-connections", 0, ARGS_COUNT, &options->connections_max, "N",
          "connections at one time (default 1000000)" },
        { "ping-interval", 0, ARGS_SECONDS, &options->ping_interval, "SECONDS",
          "silence before a ping, 0 for no pings (default 20)" },
        { "idle-timeout", 0, ARGS_SECONDS, &options->idle_timeout, "SECONDS",
          "close what exchanges no message for so long, 0 for never (default)" },
        { "no-deflate", 0, ARGS_FLAG, &options->deflate_off, NULL,
          "do not compress messages (permessage-deflate)" },
        { "deflate-level", 0, ARGS_COUNT, &options->deflate_level, "N",
          "from 1, fast, to 9, small (default 1)" },
        { "deflate-window-bits", 0, ARGS_COUNT, &options->deflate_window_bits, "N",
          "most bits of a compression window, 9 to 15 (default 15)" },
        { "backend", 0, ARGS_TEXT, &options->backend_name, "NAME",
          "epoll or poll (default: the best of this system)" },
        { "spin-us", 0, ARGS_COUNT, &options->spin_us, "N",
          "microseconds to look for work before sleeping (default 0)" },
        { "quiet", 0, ARGS_FLAG, &options->quiet, NULL, "no line on stderr per connection" },
    };
    struct args_table table = {
        .command = "serve",
        .synopsis = "[OPTION]...",
        .summary =
            "Serves a site with a chat and a playground, and the WebSocket endpoints /echo, /chat\n"
            "and /heartbeat. /healthz says \"ok\", /metrics has figures for Prometheus.",
        .details = "SIGTERM or SIGINT closes all connections with code 1001 and ends; a second one "
                   "ends at\n"
                   "once. SIGHUP reads the certificates again, and keeps the old ones if they "
                   "are\n"
                   "not usable.",
        .options = rows,
        .option_count = sizeof rows / sizeof *rows,
    };
    enum args_outcome outcome = args_parse(&table, argc, argv);
    if (outcome == ARGS_GO_ON &&
        (!read_backend(options) || !check_deflate(options) || !reach_check(&options->reach)))
        return ARGS_WRONG;
    return outcome;
}

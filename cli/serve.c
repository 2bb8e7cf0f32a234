/* weft serve: the site, /echo, /chat, /heartbeat, /healthz and /metrics. */
#include "args.h"
#include "chat.h"
#include "echo.h"
#include "heartbeat.h"
#include "metrics.h"
#include "report.h"
#include "signals.h"
#include "site_files.h"
#include "trust.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ECHO, CHAT, HEARTBEAT, ENDPOINT_COUNT };
enum { DRAIN_MS = 5000, ADDRESS_BYTES_MAX = 256 };

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
    uint32_t connections_max;
    const char *site;
    struct identity_options identity;
    bool quiet;
};

struct serve {
    struct serve_options options;
    weft_loop *loop;
    weft_server *server;
    weft_tls *tls; /* NULL: none. */
    struct signals *signals;
    struct chat *chat;
    struct endpoint endpoints[ENDPOINT_COUNT];
    struct metrics metrics;
    bool is_draining;
    enum cli_status status;
};

/* ---- options ---- */

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

static enum args_outcome read_options(struct serve_options *options, int argc, char **argv)
{
    const struct args_option rows[] = {
        { "listen", 0, ARGS_TEXTS, &options->addresses, "ADDRESS",
          "HOST:PORT, :PORT (all interfaces) or unix:PATH; port 0 takes a free\n"
          "one; may be repeated (default 127.0.0.1:8080)" },
        { "tls-cert", 0, ARGS_TEXTS, &options->identity.certificate_files, "FILE",
          "speak TLS on all addresses but unix:PATH and http://HOST:PORT, with\n"
          "the certificate in a PEM file (and its chain); with several, the name\n"
          "that the client asks for decides" },
        { "tls-key", 0, ARGS_TEXTS, &options->identity.key_files, "FILE",
          "the private key of --tls-cert (PEM), as many as certificates" },
        { "tls-ca", 0, ARGS_TEXT, &options->identity.ca_file, "FILE",
          "clients must show a certificate signed by one in this PEM file" },
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
    if (outcome == ARGS_GO_ON && (!read_backend(options) || !check_deflate(options)))
        return ARGS_WRONG;
    return outcome;
}

/* ---- what is served ---- */

/* Both limits hold for one connection; the queue must take the echo of the longest message. */
static void fill_settings(struct weft_socket_settings *settings,
                          const struct serve_options *options)
{
    static const uint64_t queue_bytes_default = 16 << 20;
    settings->limits.message_bytes_max = options->message_bytes_max;
    if (options->message_bytes_max > queue_bytes_default / 2)
        settings->send_bytes_max = options->message_bytes_max > WEFT_NO_LIMIT / 2
                                       ? WEFT_NO_LIMIT
                                       : 2 * options->message_bytes_max;
    settings->ping_interval_ms = options->ping_interval.ms;
    settings->ping_off = options->ping_interval.given && options->ping_interval.ms == 0;
    settings->idle_timeout_ms = options->idle_timeout.ms;
    settings->deflate.off = options->deflate_off;
    settings->deflate.level = (uint8_t)options->deflate_level;
    settings->deflate.client_window_bits = (uint8_t)options->deflate_window_bits;
    settings->deflate.server_window_bits = (uint8_t)options->deflate_window_bits;
}

static weft_status add_routes(struct serve *serve)
{
    static const char *const paths[] = { "/echo", "/chat", "/heartbeat" };
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        struct endpoint *endpoint = &serve->endpoints[i];
        endpoint->path = paths[i];
        endpoint->quiet = serve->options.quiet;
        struct weft_route route = {
            .origins = serve->options.origins.items,
            .origin_count = serve->options.origins.count,
        };
        fill_settings(&route.settings, &serve->options);
        if (i == CHAT)
            chat_fill_route(serve->chat, &route);
        else if (i == ECHO)
            echo_fill_route(endpoint, &route);
        else
            heartbeat_fill_route(endpoint, &route);
        weft_status status = weft_server_route(serve->server, endpoint->path, &route);
        if (status)
            return status;
    }
    return WEFT_OK;
}

/* The site runs no script and no style but its own, and speaks to any WebSocket server: that is
 * what the playground is for. */
static weft_status add_site(struct serve *serve)
{
    const struct weft_header headers[] = {
        { WEFT_TEXT_LITERAL("Content-Security-Policy"),
          WEFT_TEXT_LITERAL("default-src 'self'; img-src 'self' blob: data:; "
                            "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; "
                            "frame-ancestors 'none'") },
        { WEFT_TEXT_LITERAL("X-Content-Type-Options"), WEFT_TEXT_LITERAL("nosniff") },
        { WEFT_TEXT_LITERAL("Referrer-Policy"), WEFT_TEXT_LITERAL("no-referrer") },
    };
    struct weft_files files = {
        .folder = serve->options.site,
        .embedded = serve->options.site ? NULL : weft_site_files,
        .embedded_count = serve->options.site ? 0 : weft_site_file_count,
        .headers = headers,
        .header_count = sizeof headers / sizeof *headers,
    };
    return weft_server_files(serve->server, "/*", &files);
}

/* ---- its end ---- */

static void on_drained(void *user)
{
    struct serve *serve = user;
    weft_loop_stop(serve->loop);
}

/* The second signal is for whoever does not want to wait. */
static void on_signal(int number, void *user)
{
    struct serve *serve = user;
    if (number == SIGHUP) {
        identity_reload(serve->tls, serve->options.quiet);
        return;
    }
    if (serve->is_draining) {
        serve->status = CLI_FAILED;
        weft_loop_stop(serve->loop);
        return;
    }
    serve->is_draining = true;
    if (!serve->options.quiet)
        report_status("%s: closing all connections", strsignal(number));
    if (weft_server_drain(serve->server, 1001, "the server is going away", DRAIN_MS, on_drained,
                          serve) != WEFT_OK)
        weft_loop_stop(serve->loop);
}

/* ---- its start ---- */

/* Each connection is a descriptor; the default soft limit of 1024 is for programs that use
 * select(). */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool is_folder(const char *path)
{
    struct stat folder;
    bool is_there = stat(path, &folder) == 0;
    if (is_there && !S_ISDIR(folder.st_mode))
        errno = ENOTDIR;
    return is_there && S_ISDIR(folder.st_mode) && access(path, R_OK | X_OK) == 0;
}

static enum cli_status complain(const char *what, weft_status status)
{
    report_error("%s: %s", what,
                 status == WEFT_ERR_SYSTEM ? strerror(errno) : weft_status_text(status));
    return CLI_FAILED;
}

/* What a word before the address says; passes it. */
static bool is_plain(const struct serve *serve, const char **address)
{
    if (strncmp(*address, "http://", 7) == 0) {
        *address += 7;
        return true;
    }
    return !serve->tls || strncmp(*address, "unix:", 5) == 0;
}

static enum cli_status listen_at(struct serve *serve, const char *address)
{
    char in_use[ADDRESS_BYTES_MAX];
    struct weft_listen_options options = { .tls = is_plain(serve, &address) ? NULL : serve->tls };
    weft_status status =
        weft_server_listen_with(serve->server, address, &options, in_use, sizeof in_use);
    if (status == WEFT_ERR_SYNTAX)
        return args_complain("serve", "--listen %s: expected HOST:PORT, :PORT or unix:PATH",
                             address);
    if (status) {
        char what[ADDRESS_BYTES_MAX + 32];
        snprintf(what, sizeof what, "cannot listen on %s", address);
        return complain(what, status);
    }
    bool is_unix = strncmp(in_use, "unix:", 5) == 0;
    printf("listening on %s%s\n", is_unix ? "" : options.tls ? "https://" : "http://", in_use);
    return CLI_DONE;
}

static enum cli_status listen_everywhere(struct serve *serve)
{
    struct args_texts *addresses = &serve->options.addresses;
    if (addresses->count == 0)
        addresses->items[addresses->count++] = "127.0.0.1:8080";
    for (size_t i = 0; i < addresses->count; i++) {
        enum cli_status status = listen_at(serve, addresses->items[i]);
        if (status)
            return status;
    }
    /* Who started the server waits for these lines. */
    fflush(stdout);
    return CLI_DONE;
}

static weft_status create(struct serve *serve)
{
    /* Without certificates SIGHUP ends the program, as it always does. */
    const int signals[] = { SIGTERM, SIGINT, serve->tls ? SIGHUP : 0, 0 };
    struct weft_loop_options loop_options = { .backend = serve->options.backend };
    struct weft_server_options server_options = { .connections_max =
                                                      serve->options.connections_max };
    serve->metrics = (struct metrics){ serve->endpoints, ENDPOINT_COUNT };

    weft_status status = weft_loop_create(&loop_options, &serve->loop);
    if (!status)
        status = signals_create(serve->loop, signals, on_signal, serve, &serve->signals);
    if (!status)
        status = chat_create(serve->loop, &serve->endpoints[CHAT], &serve->chat);
    if (!status)
        status = weft_server_create(serve->loop, &server_options, &serve->server);
    if (!status)
        status = add_routes(serve);
    if (!status)
        status = metrics_serve(&serve->metrics, serve->server);
    if (!status)
        status = add_site(serve);
    return status;
}

static void destroy(struct serve *serve)
{
    weft_server_destroy(serve->server);
    /* What still was connected tells its end in one more turn, and the chat listens. */
    if (serve->loop)
        (void)!weft_loop_turn(serve->loop, 0);
    chat_destroy(serve->chat);
    signals_destroy(serve->signals);
    weft_loop_destroy(serve->loop);
    weft_tls_release(serve->tls);
}

static enum cli_status run(struct serve *serve)
{
    weft_status status = create(serve);
    if (status)
        return complain("cannot start the server", status);
    enum cli_status listening = listen_everywhere(serve);
    if (listening)
        return listening;
    status = weft_loop_run(serve->loop);
    return status ? complain("the server stopped", status) : serve->status;
}

enum cli_status cli_serve(int argc, char **argv)
{
    struct serve serve = { 0 };
    enum args_outcome outcome = read_options(&serve.options, argc, argv);
    if (outcome != ARGS_GO_ON)
        return outcome == ARGS_WRONG ? CLI_USAGE : CLI_DONE;
    if (serve.options.site && !is_folder(serve.options.site)) {
        report_error("cannot serve the folder %s: %s", serve.options.site, strerror(errno));
        return CLI_FAILED;
    }
    enum cli_status status = identity_create(&serve.options.identity, &serve.tls);
    if (status)
        return status;
    raise_descriptor_limit();
    signal(SIGPIPE, SIG_IGN);
    status = run(&serve);
    destroy(&serve);
    return status;
}

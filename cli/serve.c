/* weft serve: the site, /echo, /chat, /heartbeat, /healthz and /metrics. */
#include "chat.h"
#include "echo.h"
#include "heartbeat.h"
#include "metrics.h"
#include "notify.h"
#include "report.h"
#include "serve_options.h"
#include "signals.h"
#include "site_files.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ECHO, CHAT, HEARTBEAT, ENDPOINT_COUNT };
enum { DRAIN_MS = 5000, ADDRESS_BYTES_MAX = 256 };

struct serve {
    struct serve_options options;
    weft_loop *loop;
    weft_server *server;
    weft_tls *tls; /* NULL: none. */
    struct signals *signals;
    struct chat *chat;
    struct endpoint endpoints[ENDPOINT_COUNT];
    struct metrics metrics;
    struct notify *notify;
    bool is_draining;
    enum cli_status status;
};

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
        notify_reloading(serve->notify);
        identity_reload(serve->tls, serve->options.quiet);
        notify_ready(serve->notify, "serving");
        return;
    }
    if (serve->is_draining) {
        serve->status = CLI_FAILED;
        weft_loop_stop(serve->loop);
        return;
    }
    serve->is_draining = true;
    notify_stopping(serve->notify, "closing all connections");
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

static enum cli_status complain_of_listening(const char *what, const char *address,
                                             weft_status status)
{
    if (status != WEFT_ERR_NOT_FOUND)
        return complain(what, status);
    report_error("%s: %s", what,
                 strncmp(address, "unix:", 5) == 0 ? "no such user or group"
                                                   : "systemd has opened no such socket for it");
    return CLI_FAILED;
}

static enum cli_status listen_at(struct serve *serve, const char *address)
{
    char in_use[ADDRESS_BYTES_MAX];
    struct weft_listen_options options = { .tls = is_plain(serve, &address) ? NULL : serve->tls };
    reach_fill_listen(&serve->options.reach, address, &options);
    weft_status status =
        weft_server_listen_with(serve->server, address, &options, in_use, sizeof in_use);
    if (status == WEFT_ERR_SYNTAX)
        return args_complain("serve",
                             "--listen %s: expected HOST:PORT, :PORT, unix:PATH, fd:N or "
                             "systemd%s",
                             address,
                             options.proxy_protocol_from_count
                                 ? "; or a --proxy-protocol is no address, no net, not unix"
                                 : "");
    if (status) {
        char what[ADDRESS_BYTES_MAX + 32];
        snprintf(what, sizeof what, "cannot listen on %s", address);
        return complain_of_listening(what, address, status);
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
    static const int ending[] = { SIGTERM, SIGINT, 0 };
    static const int ending_and_reload[] = { SIGTERM, SIGINT, SIGHUP, 0 };
    const int *signals = serve->tls ? ending_and_reload : ending;
    struct weft_loop_options loop_options = { .backend = serve->options.backend,
                                              .spin_us = serve->options.spin_us };
    struct weft_server_options server_options = { .connections_max =
                                                      serve->options.connections_max };
    reach_fill_server(&serve->options.reach, &server_options);
    serve->metrics = (struct metrics){ serve->endpoints, ENDPOINT_COUNT };

    weft_status status = weft_loop_create(&loop_options, &serve->loop);
    if (!status)
        status = signals_create(serve->loop, signals, on_signal, serve, &serve->signals);
    if (!status)
        status = notify_create(serve->loop, &serve->notify);
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
    notify_destroy(serve->notify);
    signals_destroy(serve->signals);
    weft_loop_destroy(serve->loop);
    weft_tls_release(serve->tls);
}

static enum cli_status run(struct serve *serve)
{
    weft_status status = create(serve);
    if (status == WEFT_ERR_SYNTAX)
        return args_complain("serve", "--trusted-proxy: expected an address, a net as 10.0.0.0/8, "
                                      "or unix");
    if (status)
        return complain("cannot start the server", status);
    enum cli_status listening = listen_everywhere(serve);
    if (listening)
        return listening;
    notify_ready(serve->notify, "serving");
    status = weft_loop_run(serve->loop);
    return status ? complain("the server stopped", status) : serve->status;
}

enum cli_status cli_serve(int argc, char **argv)
{
    struct serve serve = { 0 };
    enum args_outcome outcome = serve_options_read(&serve.options, argc, argv);
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

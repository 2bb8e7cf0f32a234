#include "connect_options.h"

#include "input.h"
#include "request_options.h"

#include <string.h>

enum { TIMEOUT_MS = 15000 };

static enum args_outcome parse(struct connect_options *options, int argc, char **argv)
{
    const struct args_option rows[] = {
        { "protocol", 0, ARGS_TEXTS, &options->protocols, "NAME",
          "offer a subprotocol; may be repeated, best first" },
        { "header", 'H', ARGS_TEXTS, &options->header_lines, "'NAME: VALUE'",
          "add a header to the request; may be repeated" },
        { "origin", 0, ARGS_TEXT, &options->origin, "ORIGIN", "send an Origin header" },
        { "user", 0, ARGS_TEXT, &options->credentials, "NAME:PASSWORD",
          "log in by Basic authentication" },
        { "bearer", 0, ARGS_TEXT, &options->bearer_token, "TOKEN", "log in with a bearer token" },
        { "follow", 0, ARGS_COUNT, &options->redirects_max, "N",
          "follow at most N redirects (default none)" },
        { "retry", 0, ARGS_COUNT, &options->attempts_max, "N",
          "try again, at most N times in a row, when the connection fails or is\n"
          "lost (default never)" },
        NETWORK_ROWS(&options->network),
        { "binary", 0, ARGS_FLAG, &options->is_binary, NULL,
          "send blocks of input (at most 64 KiB) as binary messages, write what\n"
          "comes without line ends" },
        { "echo", 0, ARGS_FLAG, &options->is_echo, NULL,
          "send back every message as it came; reads no input" },
        { "wait", 0, ARGS_SECONDS, &options->wait, "SECONDS",
          "after the end of the input, silence to wait for answers (default 1)" },
        { "timeout", 0, ARGS_SECONDS, &options->timeout, "SECONDS",
          "time to connect, and again for the handshake (default 15)" },
        { "ping-interval", 0, ARGS_SECONDS, &options->ping_interval, "SECONDS",
          "silence before a ping, 0 for no pings (default 20)" },
        { "max-message", 0, ARGS_BYTES, &options->message_bytes_max, "BYTES",
          "longest message taken, with suffix k, M or G (default 16M)" },
        { "no-deflate", 0, ARGS_FLAG, &options->deflate_off, NULL,
          "do not offer to compress messages (permessage-deflate)" },
        TRUST_ROWS(&options->trust),
        { "no-history", 0, ARGS_FLAG, &options->history_off, NULL,
          "on a terminal: neither read nor write the history of lines" },
    };
    struct args_table table = {
        .command = "connect",
        .synopsis = "[OPTION]... URL",
        .summary = "Connects to a WebSocket server: each line of input is a message, each message "
                   "is a line\n"
                   "of output. URL is ws[s]://HOST[:PORT]/PATH or ws+unix:SOCKET:PATH.",
        .details =
            "At the end of the input the connection is closed, as soon as as many messages came "
            "as\n"
            "were sent, or nothing came for --wait. On a terminal, /help lists what can be typed.\n"
            "Status: 0 when the connection was closed cleanly, 1 when it failed, 2 for wrong "
            "usage.",
        .options = rows,
        .option_count = sizeof rows / sizeof *rows,
        .operands = &options->url,
        .operand_max = 1,
    };
    return args_parse(&table, argc, argv);
}

/* --user is taken apart; what is wrong with it, or with --bearer. */
static const char *read_credentials(struct connect_options *options)
{
    const char *name = options->credentials;
    struct weft_headers headers = { options->headers, options->header_lines.count };
    bool is_by_hand = weft_headers_find(headers, "Authorization", NULL) != NULL;
    if ((name != NULL) + (options->bearer_token != NULL) + is_by_hand > 1)
        return "there is one way to log in: --user, --bearer or -H Authorization";
    if (options->bearer_token &&
        (!*options->bearer_token || strpbrk(options->bearer_token, " \t") ||
         request_has_control(weft_text_of(options->bearer_token))))
        return "--bearer: a token has no spaces";
    if (!name)
        return NULL;
    size_t bytes = strcspn(name, ":");
    if (bytes > USERNAME_BYTES_MAX || request_has_control(weft_text_of(name)) || strchr(name, '\t'))
        return "--user: expected NAME:PASSWORD, of printable characters";
    memcpy(options->username, name, bytes);
    options->password = name[bytes] ? name + bytes + 1 : "";
    return NULL;
}

static bool check(struct connect_options *options)
{
    const char *wrong = NULL;
    if (!options->url)
        wrong = "a URL is missing";
    else if (options->is_echo && options->is_binary)
        wrong = "--echo sends messages back as they came, it cannot be joined with --binary";
    else if (options->timeout.given && options->timeout.ms == 0)
        wrong = "--timeout 0: nothing can connect in no time";
    else if (options->origin && request_has_control(weft_text_of(options->origin)))
        wrong = "--origin has control characters";
    if (wrong)
        args_complain("connect", "%s", wrong);
    if (wrong || !request_check_protocols("connect", &options->protocols) ||
        !request_read_headers("connect", &options->header_lines, options->headers))
        return false;
    wrong = read_credentials(options);
    if (wrong)
        args_complain("connect", "%s", wrong);
    return !wrong && network_check("connect", &options->network);
}

enum args_outcome connect_options_read(struct connect_options *options, int argc, char **argv)
{
    enum args_outcome outcome = parse(options, argc, argv);
    return outcome == ARGS_GO_ON && !check(options) ? ARGS_WRONG : outcome;
}

struct weft_connect_options connect_options_of(const struct connect_options *options)
{
    uint32_t timeout_ms = options->timeout.given ? options->timeout.ms : TIMEOUT_MS;
    /* A line or an echo of the greatest length must fit on top of what waits when reading stops. */
    uint64_t message_bytes = options->message_bytes_max;
    uint64_t queue_bytes =
        message_bytes > INPUT_LINE_BYTES_MAX ? message_bytes : INPUT_LINE_BYTES_MAX;
    struct weft_connect_options connect = {
        .protocols = options->protocols.items,
        .protocol_count = options->protocols.count,
        .origin = options->origin,
        .headers = options->headers,
        .header_count = options->header_lines.count,
        .username = options->credentials ? options->username : NULL,
        .password = options->password,
        .bearer_token = options->bearer_token,
        .redirects_max = options->redirects_max,
        .reconnect.attempts_max = options->attempts_max,
        .connect_timeout_ms = timeout_ms,
        /* The list protects servers from pages; a person at a command line names the port. */
        .bad_ports_allowed = true,
        .settings = {
            .deflate = { .off = options->deflate_off },
            .limits.message_bytes_max = options->message_bytes_max,
            .handshake_timeout_ms = timeout_ms,
            .ping_interval_ms = options->ping_interval.ms,
            .ping_off = options->ping_interval.given && options->ping_interval.ms == 0,
            .send_bytes_max =
                queue_bytes < WEFT_NO_LIMIT / 2 ? 2 * queue_bytes : WEFT_NO_LIMIT,
        },
    };
    network_apply(&options->network, &connect);
    return connect;
}

/* weft connect: a terminal or a pipe at one end of a WebSocket. */
#include "connect_options.h"
#include "input.h"
#include "output.h"
#include "prompt.h"
#include "report.h"
#include "signals.h"
#include "typed.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 1000, PING_BYTES_MAX = 125 };

struct connection {
    struct connect_options options;
    weft_tls *tls; /* NULL: the library's default. */
    weft_loop *loop;
    weft_socket *socket;
    struct signals *signals;
    struct input *input;
    weft_timer *wait_timer;
    struct output output;
    uint64_t sent, received;
    bool is_interactive;
    bool was_open;
    bool has_started; /* The input is read since the first connection. */
    bool input_has_ended;
    bool is_interrupted;
    bool has_failed; /* A line on stderr has said why. */
    bool ping_is_out;
    size_t ping_bytes;
    char ping[PING_BYTES_MAX];
    enum cli_status status;
};

/* ---- the end ---- */

static void stop_input(struct connection *connection)
{
    if (connection->input)
        input_stop(connection->input);
}

static void close_socket(struct connection *connection)
{
    stop_input(connection);
    weft_timer_stop(connection->wait_timer);
    (void)!weft_socket_close(connection->socket, 1000, NULL);
}

/* Says why and ends; the server sees an orderly end all the same. */
static void fail(struct connection *connection, const char *what, const char *why)
{
    prompt_hide();
    report_error("%s%s", what, why);
    connection->has_failed = true;
    close_socket(connection);
}

/* The input has ended: as many answers as questions are enough, else silence ends the waiting.
 * Where nothing was asked, only who gave --wait wants to listen. */
static void wait_for_answers(struct connection *connection)
{
    const struct args_seconds *wait = &connection->options.wait;
    bool is_answered = connection->sent ? connection->received >= connection->sent : !wait->given;
    uint32_t wait_ms = wait->given ? wait->ms : WAIT_MS;
    if (is_answered || wait_ms == 0)
        close_socket(connection);
    else
        weft_timer_start(connection->wait_timer, wait_ms, 0);
}

static void on_wait_over(weft_timer *timer, void *user)
{
    (void)timer;
    struct connection *connection = user;
    /* A slow network is not a silent server. */
    if (weft_socket_buffered_amount(connection->socket) > 0)
        wait_for_answers(connection);
    else
        close_socket(connection);
}

/* ---- sending ---- */

/* What is sent comes from the input, or with --echo from the server. */
static void pause_source(struct connection *connection)
{
    if (connection->input)
        input_pause(connection->input);
    else if (connection->options.is_echo)
        weft_socket_pause(connection->socket);
}

static void on_drained(weft_socket *socket, void *user)
{
    struct connection *connection = user;
    if (connection->input)
        input_resume(connection->input);
    else if (connection->options.is_echo)
        weft_socket_resume(socket);
}

static weft_status send_message(struct connection *connection, enum weft_message_type type,
                                struct weft_text payload)
{
    weft_status status =
        type == WEFT_TEXT ? weft_socket_send_text(connection->socket, payload.data, payload.count)
                          : weft_socket_send_bytes(connection->socket, payload.data, payload.count);
    if (status == WEFT_OK)
        connection->sent++;
    if (weft_socket_is_over_mark(connection->socket))
        pause_source(connection);
    return status;
}

static void on_piece(struct weft_text piece, uint64_t number, void *user)
{
    struct connection *connection = user;
    bool is_binary = connection->options.is_binary;
    weft_status status = send_message(connection, is_binary ? WEFT_BINARY : WEFT_TEXT, piece);
    if (status == WEFT_OK)
        return;
    char what[96];
    snprintf(what, sizeof what, "%s %llu of the input: ", is_binary ? "block" : "line",
             (unsigned long long)number);
    fail(connection, what,
         status == WEFT_ERR_UTF8 ? "the text is not UTF-8 (--binary sends bytes)"
                                 : weft_status_text(status));
}

static void on_input_end(const char *problem, void *user)
{
    struct connection *connection = user;
    if (problem) {
        fail(connection, "cannot read the input: ", problem);
        return;
    }
    connection->input_has_ended = true;
    wait_for_answers(connection);
}

/* ---- a person at a terminal ---- */

static weft_status send_ping(struct connection *connection, const struct typed *typed)
{
    memcpy(connection->ping, typed->data, typed->bytes);
    connection->ping_bytes = typed->bytes;
    connection->ping_is_out = true;
    return weft_socket_ping(connection->socket, typed->data, typed->bytes);
}

static void show_help(void)
{
    for (size_t i = 0; i < typed_help_count; i++)
        report_status("%s", typed_help[i]);
}

static weft_status do_typed(struct connection *connection, const struct typed *typed)
{
    struct weft_text payload = { typed->data, typed->bytes };
    switch (typed->kind) {
    case TYPED_NOTHING:
        return WEFT_OK;
    case TYPED_TEXT:
        return send_message(connection, WEFT_TEXT, payload);
    case TYPED_BINARY:
        return send_message(connection, WEFT_BINARY, payload);
    case TYPED_PING:
        return send_ping(connection, typed);
    case TYPED_CLOSE:
        return weft_socket_close(connection->socket, typed->code, typed->reason);
    case TYPED_HELP:
        show_help();
        return WEFT_OK;
    case TYPED_WRONG:
        report_error("%s", typed->problem);
        return WEFT_OK;
    }
    return WEFT_OK;
}

static void on_line(char *line, void *user)
{
    struct connection *connection = user;
    if (!line) {
        close_socket(connection);
        return;
    }
    struct typed typed = typed_parse(line);
    weft_status status = do_typed(connection, &typed);
    if (status == WEFT_ERR_SYNTAX)
        report_error("a reason has at most 123 bytes of UTF-8");
    else if (status == WEFT_ERR_ACCESS)
        report_error("%d: only 1000 and 3000 to 4999 may be sent", typed.code);
    else if (status)
        report_error("%s", weft_status_text(status));
}

static void on_pong(weft_socket *socket, struct weft_bytes payload, void *user)
{
    (void)socket;
    struct connection *connection = user;
    if (!connection->ping_is_out || payload.count != connection->ping_bytes ||
        memcmp(payload.data, connection->ping, payload.count) != 0)
        return;
    connection->ping_is_out = false;
    prompt_hide();
    report_status("pong%s%.*s", payload.count ? " " : "", (int)payload.count,
                  (const char *)payload.data);
    prompt_show();
}

/* ---- the socket's events ---- */

static weft_status start_input(struct connection *connection)
{
    static const struct input_events events = { .on_piece = on_piece, .on_end = on_input_end };
    if (connection->options.is_echo)
        return WEFT_OK;
    if (connection->is_interactive)
        return prompt_start(connection->loop, !connection->options.history_off, on_line,
                            connection);
    return input_create(connection->loop, STDIN_FILENO, !connection->options.is_binary, &events,
                        connection, &connection->input);
}

/* Another connection stands: nothing is on its way in it. */
static void go_on(struct connection *connection)
{
    connection->ping_is_out = false;
    connection->sent = connection->received = 0;
    if (connection->input_has_ended)
        wait_for_answers(connection);
    else if (connection->input)
        input_resume(connection->input);
}

static void on_reconnect(weft_socket *socket, const struct weft_reconnect_event *event, void *user)
{
    struct connection *connection = user;
    weft_timer_stop(connection->wait_timer);
    if (connection->input)
        input_pause(connection->input);
    prompt_hide();
    report_retry(weft_socket_url(socket), connection->was_open, event);
    prompt_show();
    connection->was_open = false;
}

static void on_open(weft_socket *socket, void *user)
{
    struct connection *connection = user;
    const char *protocol = weft_socket_protocol(socket);
    connection->was_open = true;
    if (connection->is_interactive)
        report_status("connected to %s%s%s; /help lists what can be typed", weft_socket_url(socket),
                      *protocol ? ", protocol " : "", protocol);
    if (connection->has_started) {
        go_on(connection);
        return;
    }
    connection->has_started = true;
    weft_status status = start_input(connection);
    if (status)
        fail(connection, "cannot read the input: ",
             status == WEFT_ERR_SYSTEM ? strerror(errno) : weft_status_text(status));
}

static void send_back(struct connection *connection, const struct weft_message_event *message)
{
    weft_status status = send_message(connection, message->type,
                                      (struct weft_text){ message->data, message->bytes });
    if (status)
        fail(connection, "cannot send a message back: ", weft_status_text(status));
}

/* EPIPE: whoever read the messages has enough of them, as `head` has; that is no failure. */
static void show(struct connection *connection, const struct weft_message_event *message)
{
    prompt_hide();
    bool is_shown = output_message(&connection->output, message);
    if (is_shown)
        prompt_show();
    else if (errno == EPIPE || errno == EINTR)
        close_socket(connection);
    else
        fail(connection, "cannot write the output: ", strerror(errno));
}

static void on_message(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)socket;
    struct connection *connection = user;
    connection->received++;
    if (connection->options.is_echo)
        send_back(connection, message);
    else
        show(connection, message);
    if (connection->input_has_ended && weft_socket_ready_state(connection->socket) == WEFT_OPEN)
        wait_for_answers(connection);
}

/* In a pipe, only an end that was not asked for is worth a line. */
static void report_close(const struct connection *connection, const struct weft_close_event *close)
{
    bool is_usual = close->code == 1000 || close->code == 1001 || close->code == WEFT_CLOSE_NO_CODE;
    if (connection->is_interactive || !is_usual)
        report_status("closed with %d%s%s", close->code, close->reason_bytes ? " " : "",
                      close->reason);
}

static void on_close(weft_socket *socket, const struct weft_close_event *close, void *user)
{
    struct connection *connection = user;
    bool is_clean = close->was_clean && !close->failure;
    prompt_stop();
    if (is_clean)
        report_close(connection, close);
    else if (!connection->has_failed && !connection->is_interrupted)
        report_failure(weft_socket_url(socket), connection->was_open, close->failure);
    connection->status = is_clean && !connection->has_failed ? CLI_DONE : CLI_FAILED;
    weft_loop_stop(connection->loop);
}

/* ---- signals ---- */

/* The first asks the server for an orderly end, the second does not wait for it. */
static void on_interrupt(struct connection *connection)
{
    if (connection->is_interrupted) {
        connection->status = CLI_FAILED;
        weft_loop_stop(connection->loop);
        return;
    }
    connection->is_interrupted = true;
    close_socket(connection);
}

static void on_signal(int number, void *user)
{
    switch (number) {
    case SIGWINCH:
        prompt_resize();
        break;
    case SIGCONT:
        prompt_continue();
        break;
    default:
        on_interrupt(user);
    }
}

/* ---- its start ---- */

static enum cli_status complain(const struct connection *connection, weft_status status)
{
    const char *url = connection->options.url;
    if (status == WEFT_ERR_SYNTAX)
        return args_complain("connect",
                             "%s is not a WebSocket URL: expected ws[s]://HOST[:PORT]/PATH", url);
    if (status == WEFT_ERR_UNSUPPORTED)
        return args_complain("connect", "%s: this build speaks no TLS, only ws://", url);
    report_error("cannot connect to %s: %s", url,
                 status == WEFT_ERR_SYSTEM ? strerror(errno) : weft_status_text(status));
    return CLI_FAILED;
}

static weft_status create(struct connection *connection)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGWINCH, SIGCONT, 0 };
    struct weft_connect_options options = connect_options_of(&connection->options);
    options.events = (struct weft_socket_events){
        .on_open = on_open,
        .on_message = on_message,
        .on_close = on_close,
        .on_drained = on_drained,
        .on_pong = on_pong,
        .on_reconnect = on_reconnect,
    };
    options.user = connection;
    options.tls = connection->tls;

    weft_status status = weft_loop_create(NULL, &connection->loop);
    if (!status)
        status =
            signals_create(connection->loop, signals, on_signal, connection, &connection->signals);
    if (!status)
        status =
            weft_timer_create(connection->loop, on_wait_over, connection, &connection->wait_timer);
    if (!status)
        status = weft_socket_connect(connection->loop, connection->options.url, &options,
                                     &connection->socket);
    return status;
}

static void destroy(struct connection *connection)
{
    prompt_stop();
    input_destroy(connection->input);
    weft_timer_destroy(connection->wait_timer);
    weft_socket_release(connection->socket);
    signals_destroy(connection->signals);
    weft_loop_destroy(connection->loop);
    weft_tls_release(connection->tls);
}

enum cli_status cli_connect(int argc, char **argv)
{
    struct connection connection = { .status = CLI_FAILED };
    enum args_outcome outcome = connect_options_read(&connection.options, argc, argv);
    if (outcome != ARGS_GO_ON)
        return outcome == ARGS_WRONG ? CLI_USAGE : CLI_DONE;

    const struct connect_options *options = &connection.options;
    bool is_terminal = isatty(STDOUT_FILENO) && !options->is_binary;
    connection.is_interactive = is_terminal && !options->is_echo && isatty(STDIN_FILENO);
    connection.output = (struct output){
        .fd = STDOUT_FILENO,
        .is_raw = options->is_binary,
        .is_terminal = is_terminal,
        .mark = !connection.is_interactive   ? ""
                : report_is_coloured(stdout) ? "\033[36m<\033[0m "
                                             : "< ",
    };
    enum cli_status trusting = trust_create("connect", &options->trust, &connection.tls);
    if (trusting)
        return trusting;
    signal(SIGPIPE, SIG_IGN);

    weft_status status = create(&connection);
    if (!status)
        status = weft_loop_run(connection.loop);
    enum cli_status ended = status ? complain(&connection, status) : connection.status;
    destroy(&connection);
    return ended;
}

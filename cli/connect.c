/* weft connect: a terminal or a pipe at one end of a WebSocket. */
#include "connection.h"
#include "prompt.h"
#include "report.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the socket's events ---- */

/* Another connection stands: nothing is on its way in it. */
static void go_on(struct connection *connection)
{
    connection->ping_is_out = false;
    connection->sent = connection->received = 0;
    if (connection->input_has_ended)
        connection_wait_for_answers(connection);
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
    weft_status status = connection_start_input(connection);
    if (status)
        connection_fail(connection, "cannot read the input: ",
                        status == WEFT_ERR_SYSTEM ? strerror(errno) : weft_status_text(status));
}

static void send_back(struct connection *connection, const struct weft_message_event *message)
{
    weft_status status = connection_send(connection, message->type,
                                         (struct weft_text){ message->data, message->bytes });
    if (status)
        connection_fail(connection, "cannot send a message back: ", weft_status_text(status));
}

/* EPIPE: whoever read the messages has enough of them, as `head` has; that is no failure. */
static void show(struct connection *connection, const struct weft_message_event *message)
{
    prompt_hide();
    bool is_shown = output_message(&connection->output, message);
    if (is_shown)
        prompt_show();
    else if (errno == EPIPE || errno == EINTR)
        connection_close(connection);
    else
        connection_fail(connection, "cannot write the output: ", strerror(errno));
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
        connection_wait_for_answers(connection);
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
    connection_close(connection);
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
        .on_drained = connection_on_drained,
        .on_pong = connection_on_pong,
        .on_reconnect = on_reconnect,
    };
    options.user = connection;
    options.tls = connection->tls;

    weft_status status = weft_loop_create(NULL, &connection->loop);
    if (!status)
        status =
            signals_create(connection->loop, signals, on_signal, connection, &connection->signals);
    if (!status)
        status = weft_timer_create(connection->loop, connection_on_wait_over, connection,
                                   &connection->wait_timer);
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

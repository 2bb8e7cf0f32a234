/* What a connection of weft connect sends: the lines or bytes of its input, what a person types. */
#include "connection.h"
#include "prompt.h"
#include "report.h"
#include "typed.h"

#include <string.h>
#include <unistd.h>

/* ---- sending ---- */

/* What is sent comes from the input, or with --echo from the server. */
static void pause_source(struct connection *connection)
{
    if (connection->input)
        input_pause(connection->input);
    else if (connection->options.is_echo)
        weft_socket_pause(connection->socket);
}

void connection_on_drained(weft_socket *socket, void *user)
{
    struct connection *connection = user;
    if (connection->input)
        input_resume(connection->input);
    else if (connection->options.is_echo)
        weft_socket_resume(socket);
}

weft_status connection_send(struct connection *connection, enum weft_message_type type,
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
    weft_status status = connection_send(connection, is_binary ? WEFT_BINARY : WEFT_TEXT, piece);
    if (status == WEFT_OK)
        return;
    char what[96];
    snprintf(what, sizeof what, "%s %llu of the input: ", is_binary ? "block" : "line",
             (unsigned long long)number);
    connection_fail(connection, what,
                    status == WEFT_ERR_UTF8 ? "the text is not UTF-8 (--binary sends bytes)"
                                            : weft_status_text(status));
}

static void on_input_end(const char *problem, void *user)
{
    struct connection *connection = user;
    if (problem) {
        connection_fail(connection, "cannot read the input: ", problem);
        return;
    }
    connection->input_has_ended = true;
    connection_wait_for_answers(connection);
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
        return connection_send(connection, WEFT_TEXT, payload);
    case TYPED_BINARY:
        return connection_send(connection, WEFT_BINARY, payload);
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
        connection_close(connection);
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

void connection_on_pong(weft_socket *socket, struct weft_bytes payload, void *user)
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

/* ---- its start ---- */

weft_status connection_start_input(struct connection *connection)
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

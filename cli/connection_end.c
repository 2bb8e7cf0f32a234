/* How a connection of weft connect comes to its end. */
#include "connection.h"
#include "prompt.h"
#include "report.h"

enum { WAIT_MS = 1000 };

static void stop_input(struct connection *connection)
{
    if (connection->input)
        input_stop(connection->input);
}

void connection_close(struct connection *connection)
{
    stop_input(connection);
    weft_timer_stop(connection->wait_timer);
    (void)!weft_socket_close(connection->socket, 1000, NULL);
}

void connection_fail(struct connection *connection, const char *what, const char *why)
{
    prompt_hide();
    report_error("%s%s", what, why);
    connection->has_failed = true;
    connection_close(connection);
}

/* Where nothing was asked, only who gave --wait wants to listen. */
void connection_wait_for_answers(struct connection *connection)
{
    const struct args_seconds *wait = &connection->options.wait;
    bool is_answered = connection->sent ? connection->received >= connection->sent : !wait->given;
    uint32_t wait_ms = wait->given ? wait->ms : WAIT_MS;
    if (is_answered || wait_ms == 0)
        connection_close(connection);
    else
        weft_timer_start(connection->wait_timer, wait_ms, 0);
}

void connection_on_wait_over(weft_timer *timer, void *user)
{
    (void)timer;
    struct connection *connection = user;
    /* A slow network is not a silent server. */
    if (weft_socket_buffered_amount(connection->socket) > 0)
        connection_wait_for_answers(connection);
    else
        connection_close(connection);
}

/* weft connect in a pipe. */
#include "support/process.h"
#include "support/secure.h"
#include "support/world.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- against `weft serve` ---- */

static struct process server;
static char url[64], echo_url[80];

static int start_server(void **state)
{
    (void)state;
    process_serve(&server, url, sizeof url, NULL);
    snprintf(echo_url, sizeof echo_url, "%s/echo", url);
    return 0;
}

static int end_server(void **state)
{
    (void)state;
    process_end_server(&server);
    return 0;
}

static void lines_go_in_and_messages_come_out(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *in, *out;
    } cases[] = {
        { "one", "hello\n", "hello\n" },
        { "some", "a\nbc\ndef\n", "a\nbc\ndef\n" },
        { "empty lines", "\n\na\n\n", "\n\na\n\n" },
        { "no line end", "a\nb", "a\nb\n" },
        { "umlauts", "größe 😀\n", "größe 😀\n" },
        { "no commands", "/close\n/ping\n//\n", "/close\n/ping\n//\n" },
        { "nothing", "", "" },
    };
    for_each_case(c, cases)
    {
        struct process process;
        assert_int_equal(
            process_run(&process, c->in, (const char *[]){ "connect", echo_url, NULL }), 0);
        assert_int_equal(process.out.count, strlen(c->out));
        if (process.out.count)
            assert_memory_equal(process.out.data, c->out, process.out.count);
        assert_int_equal(process.err.count, 0);
        process_free(&process);
    }
}

static void round_trip(const char *data, size_t bytes, const char *const *arguments)
{
    struct process process;
    process_start(&process, arguments);
    process_write(&process, data, bytes, true);
    assert_int_equal(process_end(&process), 0);
    assert_int_equal(process.out.count, bytes);
    assert_int_equal(memcmp(process.out.data, data, bytes), 0);
    assert_int_equal(process.err.count, 0);
    process_free(&process);
}

static void ten_mebibytes_come_back_as_they_went(void **state)
{
    (void)state;
    size_t bytes = 10 << 20;
    char *data = malloc(bytes);
    uint32_t random = 1;
    for (size_t i = 0; i < bytes; i++)
        data[i] = (char)((random = random * 1664525 + 1013904223) >> 24);
    round_trip(data, bytes, (const char *[]){ "connect", "--binary", echo_url, NULL });
    free(data);
}

static void many_lines_come_back_as_they_went(void **state)
{
    (void)state;
    size_t bytes = 0;
    char *lines = malloc(4 << 20);
    for (size_t i = 0; i < 100000; i++)
        bytes += (size_t)sprintf(lines + bytes, "%zx line %zu\n", i * i, i);
    /* One line far longer than a block of input. */
    memset(lines + bytes - 1, 'x', 300000);
    bytes += 300000;
    lines[bytes - 1] = '\n';
    round_trip(lines, bytes, (const char *[]){ "connect", echo_url, NULL });
    free(lines);
}

static void a_line_that_is_not_utf8_is_named(void **state)
{
    (void)state;
    struct process process;
    assert_int_equal(
        process_run(&process, "fine\n\xff\nfine\n", (const char *[]){ "connect", echo_url, NULL }),
        1);
    assert_string_equal(
        process.err.data,
        "weft: line 2 of the input: the text is not UTF-8 (--binary sends bytes)\n");
    process_free(&process);
}

static void a_reader_that_has_enough_is_no_failure(void **state)
{
    (void)state;
    struct process process;
    process_start(&process, (const char *[]){ "connect", echo_url, NULL });
    process_write(&process, "one\n", 4, false);
    process_until(&process, process.out.count == 4);
    close(process.out.fd);
    process.out.fd = -1;
    process_write(&process, "two\nthree\n", 10, false);
    assert_int_equal(process_end(&process), 0);
    assert_int_equal(process.err.count, 0);
    process_free(&process);
}

static void a_signal_closes_cleanly(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int number;
    } cases[] = { { "SIGINT", SIGINT }, { "SIGTERM", SIGTERM }, { "SIGHUP", SIGHUP } };
    for_each_case(c, cases)
    {
        struct process process;
        process_start(&process, (const char *[]){ "connect", echo_url, NULL });
        process_write(&process, "one\n", 4, false);
        process_until(&process, process.out.count == 4);
        assert_int_equal(kill(process.pid, c->number), 0);
        assert_int_equal(process_end(&process), 0);
        assert_int_equal(process.err.count, 0);
        process_free(&process);
    }
}

static void failures_are_one_line_and_status_1(void **state)
{
    (void)state;
    char chat[80], nowhere[80];
    snprintf(chat, sizeof chat, "%s/chat", url);
    snprintf(nowhere, sizeof nowhere, "%s/nowhere", url);
    const struct {
        const char *name;
        const char *arguments[6];
        const char *says;
    } cases[] = {
        { "nobody there",
          { "connect", "ws+unix:/nonexistent:/" },
          "cannot connect to ws+unix:/nonexistent:/: " },
        { "no name", { "connect", "ws://weft.invalid/" }, "weft.invalid" },
        { "no route", { "connect", nowhere }, "handshake refused: HTTP 4" },
        { "origin",
          { "connect", "--origin", "http://evil.example", chat },
          "handshake refused: HTTP 403 Forbidden" },
        { "protocol", { "connect", "--protocol", "smtp", echo_url }, "subprotocol" },
        { "too big",
          { "connect", "--max-message", "3", echo_url },
          "failed: the message is too big (--max-message is 3)" },
    };
    for_each_case(c, cases)
    {
        struct process process;
        assert_int_equal(process_run(&process, "four\n", c->arguments), 1);
        if (!strstr(process.err.data, c->says))
            fail_msg("stderr: %s", process.err.data);
        assert_memory_equal(process.err.data, "weft: ", 6);
        assert_int_equal(process_count_lines(&process.err), 1);
        process_free(&process);
    }
}

/* ---- against a server in the test ---- */

struct meeting {
    struct world world;
    struct record server;
    struct process process;
    char url[128];
    int refusal_count;
};

static void start_meeting(struct meeting *meeting, const char *const *arguments)
{
    const char *all[16] = { "connect" };
    size_t count = 1;
    for (; arguments && *arguments; arguments++)
        all[count++] = *arguments;
    world_start(&meeting->world, WEFT_BACKEND_DEFAULT);
    world_route(&meeting->world, "/", &meeting->server, NULL);
    snprintf(meeting->url, sizeof meeting->url, "%s/", meeting->world.url);
    all[count] = meeting->url;
    process_start(&meeting->process, all);
}

static bool turn(struct meeting *meeting, int turns)
{
    process_pump(&meeting->process, 0);
    return world_turn(&meeting->world, turns);
}

#define meeting_until(meeting, condition)                                                          \
    do {                                                                                           \
        for (int turns_ = 0; !(condition); turns_++) {                                             \
            if (!turn((meeting), turns_))                                                          \
                process_fail(&(meeting)->process, #condition);                                     \
        }                                                                                          \
    } while (0)

static int end_meeting(struct meeting *meeting)
{
    meeting_until(meeting, meeting->process.exit_status >= 0 && meeting->server.is_closed);
    int status = process_end(&meeting->process);
    process_free(&meeting->process);
    world_end(&meeting->world);
    return status;
}

static void send_text(struct meeting *meeting, const char *text)
{
    assert_int_equal(weft_socket_send_text(meeting->server.socket, text, WEFT_ZERO_TERMINATED),
                     WEFT_OK);
}

static void the_servers_close_decides(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint16_t code;
        const char *reason;
        const char *says;
    } cases[] = {
        { "normal", 1000, "bye", "" },
        { "going away", 1001, "bye", "" },
        { "none", 0, NULL, "" },
        { "policy", 1008, "too much \033[31m", "closed with 1008 too much \\x1b[31m\n" },
        { "private", 4000, "", "closed with 4000\n" },
    };
    for_each_case(c, cases)
    {
        struct meeting meeting = { 0 };
        start_meeting(&meeting, NULL);
        meeting_until(&meeting, meeting.server.socket);
        assert_int_equal(weft_socket_close(meeting.server.socket, c->code, c->reason), WEFT_OK);
        meeting_until(&meeting, meeting.process.exit_status >= 0);
        process_end(&meeting.process);
        assert_string_equal(meeting.process.err.data, c->says);
        assert_int_equal(end_meeting(&meeting), 0);
    }
}

static void a_connection_that_breaks_is_status_1(void **state)
{
    (void)state;
    struct meeting meeting = { 0 };
    start_meeting(&meeting, NULL);
    meeting_until(&meeting, meeting.server.socket);
    weft_server_destroy(meeting.world.server);
    meeting.world.server = NULL;
    meeting_until(&meeting, meeting.process.exit_status >= 0);
    process_end(&meeting.process);
    assert_non_null(strstr(meeting.process.err.data, secure_is_on()
                                                         ? "/ failed: truncated: the connection "
                                                         : "/ failed: the connection "));
    assert_int_equal(end_meeting(&meeting), 1);
}

static void the_request_says_what_was_asked(void **state)
{
    (void)state;
    struct meeting meeting = { 0 };
    start_meeting(&meeting, (const char *[]){ "--protocol", "first", "--protocol=third", "-H",
                                              "X-One: 1", "-HX-Two:2", NULL });
    meeting_until(&meeting, meeting.server.socket);
    assert_string_equal(weft_socket_protocol(meeting.server.socket), "first");
    process_write(&meeting.process, NULL, 0, true);
    assert_int_equal(end_meeting(&meeting), 0);
}

static void redirect_home(weft_request *request, void *user)
{
    (void)user;
    assert_int_equal(weft_request_redirect(request, 302, "/"), WEFT_OK);
}

/* A refusal, a redirect to the route, and there the login. */
static void come_later(weft_request *request, void *user)
{
    struct meeting *meeting = user;
    struct weft_text login = weft_request_header(request, "Authorization");
    struct weft_response busy = { .status = 503 };
    assert_true(login.count == 10 && memcmp(login.data, "Basic YTpi", 10) == 0);
    if (meeting->refusal_count++ == 0)
        assert_int_equal(weft_request_respond(request, &busy), WEFT_OK);
    else
        redirect_home(request, NULL);
}

static void a_busy_server_is_tried_again(void **state)
{
    (void)state;
    struct meeting meeting = { .server.echoes = true };
    struct weft_route route = { .on_upgrade = come_later, .user = &meeting };
    char later[128];
    world_start(&meeting.world, WEFT_BACKEND_DEFAULT);
    world_route(&meeting.world, "/", &meeting.server, NULL);
    assert_int_equal(weft_server_route(meeting.world.server, "/later", &route), WEFT_OK);
    snprintf(later, sizeof later, "%s/later", meeting.world.url);
    process_start(&meeting.process, (const char *[]){ "connect", "--user", "a:b", "--follow", "1",
                                                      "--retry", "3", later, NULL });
    process_write(&meeting.process, "one\n", 4, true);
    meeting_until(&meeting, meeting.process.exit_status >= 0);
    process_end(&meeting.process);
    assert_string_equal(meeting.process.out.data, "one\n");
    assert_non_null(strstr(meeting.process.err.data, "HTTP 503 Service Unavailable; attempt 1 in"));
    assert_int_equal(process_count_lines(&meeting.process.err), 1);
    assert_int_equal(end_meeting(&meeting), 0);
}

/* The connection is lost between two lines: the input goes on in the next one. */
static void a_lost_connection_is_found_again(void **state)
{
    (void)state;
    struct meeting meeting = { .server.echoes = true };
    start_meeting(&meeting, (const char *[]){ "--retry", "3", NULL });
    process_write(&meeting.process, "one\n", 4, false);
    meeting_until(&meeting, meeting.process.out.count == 4);
    assert_int_equal(weft_socket_close(meeting.server.socket, 1012, "restarting"), WEFT_OK);
    meeting_until(&meeting, meeting.server.is_closed);
    meeting.server = (struct record){ .echoes = true };
    meeting_until(&meeting, meeting.server.socket);
    process_write(&meeting.process, "two\n", 4, true);
    meeting_until(&meeting, meeting.process.exit_status >= 0);
    process_end(&meeting.process);
    assert_string_equal(meeting.process.out.data, "one\ntwo\n");
    assert_non_null(strstr(meeting.process.err.data, "closed with 1012 restarting; attempt 1 in"));
    assert_int_equal(end_meeting(&meeting), 0);
}

static void answers_are_waited_for(void **state)
{
    (void)state;
    struct meeting meeting = { 0 };
    start_meeting(&meeting, (const char *[]){ "--wait", "1000", NULL });
    process_write(&meeting.process, "one\ntwo\n", 8, true);
    meeting_until(&meeting, meeting.server.message_count == 2);
    send_text(&meeting, "first");
    meeting_until(&meeting, meeting.process.out.count == 6);
    assert_false(meeting.server.is_closed);
    send_text(&meeting, "second");
    meeting_until(&meeting, meeting.server.is_closed && meeting.process.exit_status >= 0);
    process_end(&meeting.process);
    assert_string_equal(meeting.process.out.data, "first\nsecond\n");
    assert_non_null(strstr(meeting.server.line, "close:1000//clean"));
    assert_int_equal(end_meeting(&meeting), 0);
}

static void silence_ends_the_waiting(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *input;
        const char *wait;
    } cases[] = {
        { "a question, not answered", "one\n", "0.05" },
        { "a question, no patience", "one\n", "0" },
        { "no question", "", "0.05" },
    };
    for_each_case(c, cases)
    {
        struct meeting meeting = { 0 };
        start_meeting(&meeting, (const char *[]){ "--wait", c->wait, NULL });
        process_write(&meeting.process, c->input, strlen(c->input), true);
        assert_int_equal(end_meeting(&meeting), 0);
        assert_int_equal(meeting.server.message_count, *c->input != '\0');
    }
}

static void echo_sends_back_each_type(void **state)
{
    (void)state;
    struct meeting meeting = { 0 };
    start_meeting(&meeting, (const char *[]){ "--echo", NULL });
    meeting_until(&meeting, meeting.server.socket);
    send_text(&meeting, "text");
    assert_int_equal(weft_socket_send_bytes(meeting.server.socket, "bytes", 5), WEFT_OK);
    send_text(&meeting, "");
    meeting_until(&meeting, meeting.server.message_count == 3);
    assert_string_equal(meeting.server.line, "open text:text binary:bytes text: ");
    assert_int_equal(weft_socket_close(meeting.server.socket, 1000, NULL), WEFT_OK);
    assert_int_equal(end_meeting(&meeting), 0);
}

static void bytes_come_out_as_they_are(void **state)
{
    (void)state;
    struct meeting meeting = { 0 };
    start_meeting(&meeting, NULL);
    meeting_until(&meeting, meeting.server.socket);
    assert_int_equal(weft_socket_send_bytes(meeting.server.socket, "\0\n\xff", 3), WEFT_OK);
    send_text(&meeting, "\033[31m");
    meeting_until(&meeting, meeting.process.out.count == 9);
    assert_memory_equal(meeting.process.out.data, "\0\n\xff\033[31m\n", 9);
    process_write(&meeting.process, NULL, 0, true);
    assert_int_equal(end_meeting(&meeting), 0);
}

static void a_slow_server_stops_the_input(void **state)
{
    (void)state;
    struct meeting meeting = { 0 };
    size_t bytes = 32 << 20;
    char *data = calloc(1, bytes);
    start_meeting(&meeting, (const char *[]){ "--binary", "--wait", "0", "--no-deflate", NULL });
    meeting.server.quiet = true;
    meeting_until(&meeting, meeting.server.socket);
    process_write(&meeting.process, data, bytes, true);
    /* Nobody reads now: the child takes what the kernel and its queue hold, and no more. */
    size_t left = bytes + 1;
    while (meeting.process.unsent_bytes < left) {
        left = meeting.process.unsent_bytes;
        for (int i = 0; i < 20; i++)
            process_pump(&meeting.process, 10);
    }
    assert_in_range(left, 1, bytes);
    meeting_until(&meeting, meeting.server.message_bytes == bytes);
    assert_int_equal(end_meeting(&meeting), 0);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_go_in_and_messages_come_out),
        cmocka_unit_test(ten_mebibytes_come_back_as_they_went),
        cmocka_unit_test(many_lines_come_back_as_they_went),
        cmocka_unit_test(a_line_that_is_not_utf8_is_named),
        cmocka_unit_test(a_reader_that_has_enough_is_no_failure),
        cmocka_unit_test(a_signal_closes_cleanly),
        cmocka_unit_test(failures_are_one_line_and_status_1),
        cmocka_unit_test(the_servers_close_decides),
        cmocka_unit_test(a_connection_that_breaks_is_status_1),
        cmocka_unit_test(the_request_says_what_was_asked),
        cmocka_unit_test(a_busy_server_is_tried_again),
        cmocka_unit_test(a_lost_connection_is_found_again),
        cmocka_unit_test(answers_are_waited_for),
        cmocka_unit_test(silence_ends_the_waiting),
        cmocka_unit_test(echo_sends_back_each_type),
        cmocka_unit_test(bytes_come_out_as_they_are),
        cmocka_unit_test(a_slow_server_stops_the_input),
    };
    return cmocka_run_group_tests(tests, start_server, end_server);
}

/* weft serve. */
#include "support/process.h"
#include "support/secure.h"
#include "support/world.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The server is a child; the clients live on the world's loop. */
struct meeting {
    struct world world;
    struct process server;
};

static void start_meeting(struct meeting *meeting, const char *const *arguments)
{
    world_start(&meeting->world, WEFT_BACKEND_DEFAULT);
    process_serve(&meeting->server, meeting->world.url, sizeof meeting->world.url, arguments);
}

static void end_meeting(struct meeting *meeting)
{
    world_end(&meeting->world);
    process_end_server(&meeting->server);
}

/* One request on a connection of its own; the answer, until the server ends it. */
static char *get(const char *url, const char *path, const char *headers)
{
    static char answer[65536];
    struct sockaddr_in to = { .sin_family = AF_INET };
    to.sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    fd = secure_bridge(fd);
    dprintf(fd, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n", path,
            strstr(url, "//") + 2, headers);

    size_t count = 0;
    ssize_t got;
    while ((got = read(fd, answer + count, sizeof answer - 1 - count)) > 0)
        count += (size_t)got;
    assert_int_equal(got, 0);
    answer[count] = '\0';
    close(fd);
    return answer;
}

static void plain_http_has_its_places(void **state)
{
    (void)state;
    static const struct {
        const char *name; /* The path. */
        const char *status;
        const char *header;
        const char *says;
    } cases[] = {
        { "/", "HTTP/1.1 200 ", "Content-Security-Policy: default-src 'self'; ", "<html" },
        { "/index.html", "HTTP/1.1 200 ", "X-Content-Type-Options: nosniff\r\n", "<html" },
        { "/style.css", "HTTP/1.1 200 ", "Content-Type: text/css", "{" },
        { "/healthz", "HTTP/1.1 200 ", "Content-Type: text/plain", "\r\n\r\nok\n" },
        { "/metrics", "HTTP/1.1 200 ", "Content-Type: text/plain; version=0.0.4", "# TYPE weft_" },
        { "/nothing", "HTTP/1.1 404 ", "Content-Length: ", "" },
        { "/../../etc/passwd", "HTTP/1.1 4", "Content-Length: ", "" },
        { "/echo", "HTTP/1.1 426 ", "Upgrade: websocket", "" },
    };
    struct meeting meeting;
    start_meeting(&meeting, NULL);
    for_each_case(c, cases)
    {
        const char *answer = get(meeting.world.url, c->name, "");
        assert_memory_equal(answer, c->status, strlen(c->status));
        if (!strstr(answer, c->header) || !strstr(answer, c->says))
            fail_msg("answer: %s", answer);
    }
    end_meeting(&meeting);
}

static void a_folder_takes_the_place_of_the_site(void **state)
{
    (void)state;
    char folder[] = "/tmp/weft-site-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/index.html", folder);
    FILE *file = fopen(path, "w");
    fputs("mine", file);
    fclose(file);

    struct meeting meeting;
    start_meeting(&meeting, (const char *[]){ "--site", folder, NULL });
    assert_non_null(strstr(get(meeting.world.url, "/", ""), "\r\n\r\nmine"));
    assert_memory_equal(get(meeting.world.url, "/style.css", ""), "HTTP/1.1 404 ", 13);
    end_meeting(&meeting);
    unlink(path);
    rmdir(folder);
}

static void metrics_count(void **state)
{
    (void)state;
    struct meeting meeting;
    struct record client = { 0 };
    start_meeting(&meeting, NULL);
    weft_socket *socket = world_connect(&meeting.world, "/echo", &client, NULL);
    world_until(&meeting.world, client.socket);
    assert_int_equal(weft_socket_send_text(socket, "hello", 5), WEFT_OK);
    world_until(&meeting.world, client.message_count == 1);

    const char *answer = get(meeting.world.url, "/metrics", "");
    static const char *const rows[] = {
        "\nweft_websockets 1\n",
        "\nweft_upgrades_total 1\n",
        "\nweft_messages_received_total{path=\"/echo\"} 1\n",
        "\nweft_message_bytes_received_total{path=\"/echo\"} 5\n",
        "\nweft_messages_sent_total{path=\"/echo\"} 1\n",
        "\nweft_messages_sent_total{path=\"/chat\"} 0\n",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (!strstr(answer, rows[i]))
            fail_msg("no %s in %s", rows[i], answer);
    weft_socket_release(socket);
    end_meeting(&meeting);
}

static void echo_keeps_the_type_and_knows_two_protocols(void **state)
{
    (void)state;
    static const char *const protocols[] = { "json", "echo" };
    struct meeting meeting;
    struct record client = { 0 };
    start_meeting(&meeting, NULL);
    weft_socket *socket = world_connect(
        &meeting.world, "/echo", &client,
        &(struct weft_connect_options){ .protocols = protocols, .protocol_count = 2 });
    world_until(&meeting.world, client.socket);
    assert_string_equal(weft_socket_protocol(socket), "echo");
    assert_int_equal(weft_socket_send_text(socket, "text", 4), WEFT_OK);
    assert_int_equal(weft_socket_send_bytes(socket, "bytes", 5), WEFT_OK);
    world_until(&meeting.world, client.message_count == 2);
    assert_string_equal(client.line, "open text:text binary:bytes ");
    weft_socket_release(socket);
    end_meeting(&meeting);
}

/* A client that sends and does not read: its messages wait in the kernel, and none is lost. */
static void echo_waits_for_who_does_not_read(void **state)
{
    (void)state;
    enum { MESSAGE_BYTES = 1 << 20, MESSAGES = 48 };
    static char message[MESSAGE_BYTES];
    struct meeting meeting;
    struct record client = { .quiet = true };
    struct weft_connect_options options = { .settings.send_bytes_max = WEFT_NO_LIMIT };
    start_meeting(&meeting, NULL);
    weft_socket *socket = world_connect(&meeting.world, "/echo", &client, &options);
    world_until(&meeting.world, client.socket);
    weft_socket_pause(socket);
    for (size_t i = 0; i < MESSAGES; i++)
        assert_int_equal(weft_socket_send_bytes(socket, message, sizeof message), WEFT_OK);
    /* Until nothing moves any more: more is under way than a queue of 16 MiB takes. */
    for (uint64_t left = 0, turns = 0; turns < 20; turns++) {
        assert_int_equal(weft_loop_turn(meeting.world.loop, 10), WEFT_OK);
        turns = weft_socket_buffered_amount(socket) == left ? turns : 0;
        left = weft_socket_buffered_amount(socket);
    }
    assert_int_equal(client.message_count, 0);
    weft_socket_resume(socket);
    world_until(&meeting.world, client.message_bytes == (size_t)MESSAGES * MESSAGE_BYTES);
    assert_false(client.is_closed);
    weft_socket_release(socket);
    end_meeting(&meeting);
}

static void the_heart_beats_and_tells(void **state)
{
    (void)state;
    struct meeting meeting;
    struct record client = { 0 };
    start_meeting(&meeting, NULL);
    weft_socket *socket = world_connect(&meeting.world, "/heartbeat", &client, NULL);
    world_until(&meeting.world, client.message_count == 2);
    /* The pings come between; what they carry is the server's business. */
    assert_non_null(strstr(client.line, "open ping:"));
    assert_non_null(
        strstr(client.line, "text:{\"type\":\"heartbeat\",\"pings\":1,\"pongs\":1,\"rtt_ms\":"));
    assert_non_null(
        strstr(client.line, "text:{\"type\":\"heartbeat\",\"pings\":2,\"pongs\":2,\"rtt_ms\":"));
    weft_socket_release(socket);
    end_meeting(&meeting);
}

static void origins_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *arguments[4];
        const char *origin; /* NULL: none; "": the server's own. */
        bool is_admitted;
    } cases[] = {
        { "no origin", { NULL }, NULL, true },
        { "its own", { NULL }, "", true },
        { "another", { NULL }, "http://evil.example", false },
        { "in the list", { "--origin", "https://a.example" }, "https://a.example", true },
        { "not in the list", { "--origin", "https://a.example" }, "https://b.example", false },
        { "any", { "--origin", "*" }, "http://evil.example", true },
    };
    static const char *const paths[] = { "/echo", "/chat", "/heartbeat" };
    for_each_case(c, cases)
    {
        struct meeting meeting;
        start_meeting(&meeting, c->arguments);
        char own[256];
        snprintf(own, sizeof own, "http%s", meeting.world.url + 2);
        struct weft_connect_options options = {
            .origin = !c->origin   ? NULL
                      : *c->origin ? c->origin
                                   : own,
        };
        for (size_t i = 0; i < COUNT_OF(paths); i++) {
            struct record client = { 0 };
            weft_socket_release(world_connect(&meeting.world, paths[i], &client, &options));
            world_until(&meeting.world, client.socket || client.is_closed);
            assert_int_equal(client.socket != NULL, c->is_admitted);
            assert_int_equal(client.http_status, c->is_admitted ? 0 : 403);
            /* The record is gone after this round; so must be the connection. */
            if (client.socket)
                assert_int_equal(weft_socket_close(client.socket, 1000, NULL), WEFT_OK);
            world_until(&meeting.world, client.is_closed);
        }
        end_meeting(&meeting);
    }
}

static void limits_are_those_of_the_options(void **state)
{
    (void)state;
    if (secure_is_on())
        skip(); /* One too many is dropped before TLS. */
    struct meeting meeting;
    struct record first = { 0 }, second = { 0 };
    start_meeting(&meeting, (const char *[]){ "--max-message", "1k", "--max-connections", "1",
                                              "--idle-timeout", "30", "--ping-interval", "0",
                                              "--backend", "poll", NULL });
    weft_socket *socket = world_connect(&meeting.world, "/echo", &first, NULL);
    world_until(&meeting.world, first.socket);
    weft_socket_release(world_connect(&meeting.world, "/echo", &second, NULL));
    world_until(&meeting.world, second.is_closed);
    assert_int_equal(second.http_status, 503);

    static const char big[1025];
    assert_int_equal(weft_socket_send_bytes(socket, big, 1024), WEFT_OK);
    world_until(&meeting.world, first.message_count == 1);
    assert_int_equal(weft_socket_send_bytes(socket, big, 1025), WEFT_OK);
    world_until(&meeting.world, first.is_closed);
    assert_non_null(strstr(first.line, "close:1009/"));
    weft_socket_release(socket);
    end_meeting(&meeting);
}

static void sigterm_closes_with_1001(void **state)
{
    (void)state;
    static const int numbers[] = { SIGTERM, SIGINT };
    static const char *const paths[] = { "/echo", "/chat", "/heartbeat" };
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        struct meeting meeting;
        struct record clients[COUNT_OF(paths)] = { 0 };
        start_meeting(&meeting, NULL);
        for (size_t j = 0; j < COUNT_OF(paths); j++)
            weft_socket_release(world_connect(&meeting.world, paths[j], &clients[j], NULL));
        for (size_t j = 0; j < COUNT_OF(paths); j++)
            world_until(&meeting.world, clients[j].socket);
        assert_int_equal(kill(meeting.server.pid, numbers[i]), 0);
        for (size_t j = 0; j < COUNT_OF(paths); j++) {
            world_until(&meeting.world, clients[j].is_closed);
            assert_non_null(strstr(clients[j].line, "close:1001/the server is going away/clean"));
        }
        assert_int_equal(process_end(&meeting.server), 0);
        assert_int_equal(meeting.server.err.count, 0);
        process_free(&meeting.server);
        world_end(&meeting.world);
    }
}

/* A client that never answers the Close frame holds up the first signal, not the second. */
static void a_second_signal_does_not_wait(void **state)
{
    (void)state;
    struct world world;
    struct process server;
    struct record client = { 0 };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    process_start(&server, (const char *[]){ "serve", "--listen", "127.0.0.1:0", NULL });
    process_until(&server, process_count_lines(&server.out) == 1);
    snprintf(world.url, sizeof world.url, "ws%.*s", (int)(server.out.count - 18),
             server.out.data + 17);
    weft_socket_release(world_connect(&world, "/echo", &client, NULL));
    world_until(&world, client.socket);
    /* The client's loop does not turn from here on: it is deaf. */
    assert_int_equal(kill(server.pid, SIGTERM), 0);
    process_until(&server, strstr(server.err.data ? server.err.data : "", "closing all"));
    assert_int_equal(kill(server.pid, SIGINT), 0);
    assert_int_equal(process_end(&server), 1);
    process_free(&server);
    world_end(&world);
}

static void an_address_in_use_is_told(void **state)
{
    (void)state;
    if (secure_is_on())
        skip(); /* The address is the same. */
    struct meeting meeting;
    struct process second;
    start_meeting(&meeting, NULL);
    const char *address = meeting.world.url + 5;
    assert_int_equal(
        process_run(&second, NULL, (const char *[]){ "serve", "--listen", address, NULL }), 1);
    char expected[256];
    snprintf(expected, sizeof expected, "weft: cannot listen on %s: Address already in use\n",
             address);
    assert_string_equal(second.err.data, expected);
    process_free(&second);
    end_meeting(&meeting);
}

static void unix_sockets_and_many_listeners(void **state)
{
    (void)state;
    if (secure_is_on())
        skip(); /* Those are plain beside TLS: see test_cli_tls.c. */
    char folder[] = "/tmp/weft-unix-XXXXXX", address[64], url[80];
    assert_non_null(mkdtemp(folder));
    snprintf(address, sizeof address, "unix:%s/socket", folder);
    snprintf(url, sizeof url, "ws+unix:%s/socket:/echo", folder);

    struct meeting meeting;
    start_meeting(&meeting, (const char *[]){ "--listen", address, "--listen", "[::1]:0", NULL });
    process_until(&meeting.server, process_count_lines(&meeting.server.out) == 3);
    char line[256];
    snprintf(line, sizeof line, "\nlistening on %s\nlistening on http://[::1]:", address);
    assert_non_null(strstr(meeting.server.out.data, line));

    struct process client;
    assert_int_equal(process_run(&client, "hello\n", (const char *[]){ "connect", url, NULL }), 0);
    assert_string_equal(client.out.data, "hello\n");
    process_free(&client);
    end_meeting(&meeting);
    assert_int_equal(rmdir(folder), 0); /* The socket's file is gone. */
}

static void a_line_is_written_per_event_unless_quiet(void **state)
{
    (void)state;
    struct process server, client;
    process_start(&server, (const char *[]){ "serve", "--listen", "127.0.0.1:0", NULL });
    process_until(&server, process_count_lines(&server.out) == 1);
    char url[80];
    snprintf(url, sizeof url, "ws%.*s/echo", (int)(server.out.count - 18), server.out.data + 17);
    assert_int_equal(process_run(&client, "a\n", (const char *[]){ "connect", url, NULL }), 0);
    process_free(&client);
    process_until(&server, process_count_lines(&server.err) == 2);
    assert_non_null(strstr(server.err.data, "/echo opened by 127.0.0.1:"));
    assert_non_null(strstr(server.err.data, "\n/echo closed with 1000\n"));
    process_end_server(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_http_has_its_places),
        cmocka_unit_test(a_folder_takes_the_place_of_the_site),
        cmocka_unit_test(metrics_count),
        cmocka_unit_test(echo_keeps_the_type_and_knows_two_protocols),
        cmocka_unit_test(echo_waits_for_who_does_not_read),
        cmocka_unit_test(the_heart_beats_and_tells),
        cmocka_unit_test(origins_are_checked),
        cmocka_unit_test(limits_are_those_of_the_options),
        cmocka_unit_test(sigterm_closes_with_1001),
        cmocka_unit_test(a_second_signal_does_not_wait),
        cmocka_unit_test(an_address_in_use_is_told),
        cmocka_unit_test(unix_sockets_and_many_listeners),
        cmocka_unit_test(a_line_is_written_per_event_unless_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* RFC 6455 7.1: the program begins the closing handshake, and its peer goes on for a while. */
#include "conformance/client.h"
#include "conformance/server.h"

#include <signal.h>

static const struct piece hello = TEXT_FRAME("hello");

/* What a peer may still say behind the program's Close frame. */
struct late_case {
    const char *name;
    struct pieces sends;
    bool has_failed;
};

// clang-format off
static const struct late_case cases[] = {
    { "the answer",                PIECES(CLOSE(1000, "")), false },
    { "another code",              PIECES(CLOSE(4000, "bye")), false },
    { "no code",                   PIECES(CLOSE_WITHOUT_CODE), false },
    { "messages, then the answer",
        PIECES(TEXT_FRAME("late"), BINARY_OF(70000), CLOSE(1000, "")), false },
    { "fragments around the answer",
        PIECES(FIRST_TEXT("late"), MIDDLE("r"), CLOSE(1000, "")), false },
    { "pongs, then the answer",    PIECES(PONG("late"), PONG(""), CLOSE(1000, "")), false },
    { "a wrong frame",             PIECES(FRAME(FIN | RSV1 | OPCODE_TEXT, "wrong")), true },
    { "a wrong text",              PIECES(TEXT_FRAME("\xFF")), true },
    { "a wrong close code",        PIECES(CLOSE(1005, "")), true },
    { "a wrong mask",              PIECES(WRONGLY_MASKED(FIN | OPCODE_TEXT, "wrong")), true },
};
// clang-format on

static void send_late(struct peer *peer, const struct late_case *c)
{
    print_message("  %s\n", c->name);
    for (size_t i = 0; i < c->sends.count; i++)
        peer_send_piece(peer, &c->sends.items[i]);
}

/* RFC 6455 5.5.1: no message is answered any more, and no second Close frame is sent. The server
 * ends TCP, also after a failure. */
static void a_server_that_goes_away(void **state)
{
    (void)state;
    struct server server;
    struct peer peers[COUNT_OF(cases)];
    server_start(&server, NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        server_open(&server, &peers[i], "/echo");
        peer_send_piece(&peers[i], &hello);
        peer_expect(&peers[i], &hello);
    }
    assert_int_equal(kill(server.process.pid, SIGTERM), 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        peer_expect_close(&peers[i], 1001);
        send_late(&peers[i], &cases[i]);
        peer_expect_end(&peers[i]);
        peer_close(&peers[i]);
    }
    assert_int_equal(process_end(&server.process), 0);
    assert_int_equal(server.process.err.count, 0);
    process_free(&server.process);
}

/* The same of a client that is interrupted; it ends when its server ends TCP. */
static void a_client_that_is_interrupted(void **state)
{
    (void)state;
    struct clients clients;
    clients_start(&clients, NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct peer peer;
        struct client *client = clients_meet(&clients, &peer, cases[i].name);
        peer_send_piece(&peer, &hello);
        peer_expect(&peer, &hello);
        assert_int_equal(kill(client->process.pid, SIGINT), 0);
        peer_expect_close(&peer, 1000);
        send_late(&peer, &cases[i]);
        peer_shutdown(&peer);
        peer_expect_end(&peer);
        peer_close(&peer);
        client->is_silent = true;
        clients_part(client, cases[i].has_failed);
    }
    clients_end(&clients);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_goes_away),
        cmocka_unit_test(a_client_that_is_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Peers that say nothing, or nothing more: each costs one timeout. */
#include "conformance/client.h"
#include "conformance/server.h"

#include <time.h>

/* All begin at once, so that the timeouts pass at the same time. */
static struct {
    struct server server;     /* Closes what exchanges no message. */
    size_t idle_descriptors;  /* Of it, without a connection. */
    struct peer says_nothing; /* Not even a request. */
    struct peer stops_in_the_head;
    struct peer ignores_the_close; /* A WebSocket that is silent, and stays so. */
    struct clients clients;
    struct client *client;
    struct peer never_ends; /* Its server, which answers Close and keeps TCP. */
    uint64_t closed_at_ms;
} silent;

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static const struct piece bye = CLOSE(1000, "");

static int start(void **state)
{
    (void)state;
    static const char *const arguments[] = { "--idle-timeout", "0.1", NULL };
    server_start(&silent.server, arguments);
    silent.idle_descriptors = server_descriptor_count(&silent.server);
    peer_connect(&silent.says_nothing, silent.server.address);
    peer_connect(&silent.stops_in_the_head, silent.server.address);
    peer_send_text(&silent.stops_in_the_head, "GET /echo HTTP/1.1\r\nHost: a\r\nUpgr");
    server_open(&silent.server, &silent.ignores_the_close, "/echo");

    clients_start(&silent.clients, NULL);
    silent.client = clients_meet(&silent.clients, &silent.never_ends, "a server that stays");
    peer_send_piece(&silent.never_ends, &bye);
    peer_expect(&silent.never_ends, &bye);
    silent.closed_at_ms = now_ms();
    return 0;
}

/* RFC 6455 7.1.1: a client waits for the server to end TCP, for a reasonable time. */
static void the_client_waits_for_the_servers_end(void **state)
{
    (void)state;
    enum { REASONABLE_MS = 1000 };
    peer_expect_any_end(&silent.never_ends);
    assert_true(now_ms() - silent.closed_at_ms >= REASONABLE_MS);
    peer_close(&silent.never_ends);
    clients_part(silent.client, false);
    clients_end(&silent.clients);
}

/* RFC 9110 15.5.9. */
static void expect_too_late(struct peer *peer)
{
    static const char text[] = "the handshake took too long\n";
    char head[512];
    peer_take_head(peer, head, sizeof head);
    assert_memory_equal(head, "HTTP/1.1 408 ", 13);
    assert_memory_equal(peer_take(peer, sizeof text - 1).data, text, sizeof text - 1);
}

static void silent_peers_cost_one_timeout(void **state)
{
    (void)state;
    peer_expect_close(&silent.ignores_the_close, 1000);
    peer_expect_any_end(&silent.ignores_the_close);
    peer_expect_any_end(&silent.says_nothing);
    expect_too_late(&silent.stops_in_the_head);
    peer_expect_end(&silent.stops_in_the_head);
    peer_close(&silent.ignores_the_close);
    peer_close(&silent.says_nothing);
    peer_close(&silent.stops_in_the_head);
    server_wait_descriptors(&silent.server, silent.idle_descriptors);
    server_end(&silent.server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_client_waits_for_the_servers_end),
        cmocka_unit_test(silent_peers_cost_one_timeout),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

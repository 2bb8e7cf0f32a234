/* Floods, resets and garbage: they cost nothing that lasts, and leave nothing behind. */
#include "conformance/client.h"
#include "conformance/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- what all tests share ---- */

static const struct piece hello = TEXT_FRAME("hello"), bye = CLOSE(1000, "");

static struct server server;
static size_t idle_descriptors; /* Of the server without a connection. */

/* Sanitizers keep what was freed for a while. */
static bool memory_is_measured(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return false;
#    else
    return true;
#    endif
#else
    return true;
#endif
}

static void close_in_order(struct peer *peer)
{
    peer_send_piece(peer, &bye);
    peer_expect(peer, &bye);
    peer_expect_end(peer);
    peer_close(peer);
}

static void server_still_echoes(void)
{
    struct peer peer;
    server_open(&server, &peer, "/echo");
    peer_send_piece(&peer, &hello);
    peer_expect(&peer, &hello);
    close_in_order(&peer);
}

/* Does something often, and once before: from the second time on it must cost no more memory. */
static void costs_nothing(void (*work)(void), int times)
{
    enum { SLACK_BYTES = 1 << 20 };
    work();
    server_wait_descriptors(&server, idle_descriptors);
    size_t before = server_resident_bytes(&server);
    for (int i = 0; i < times; i++)
        work();
    server_wait_descriptors(&server, idle_descriptors);
    size_t after = server_resident_bytes(&server);
    print_message("  resident: %zu KiB, then %zu KiB\n", before / 1024, after / 1024);
    if (memory_is_measured())
        assert_true(after < before + SLACK_BYTES);
    server_still_echoes();
}

/* ---- connections ---- */

static void open_many(void)
{
    enum { MANY = 500 };
    static struct peer peers[MANY];
    for (size_t i = 0; i < MANY; i++)
        server_open(&server, &peers[i], "/echo");
    for (size_t i = 0; i < MANY; i++)
        peer_send_piece(&peers[i], &hello);
    for (size_t i = 0; i < MANY; i++) {
        peer_expect(&peers[i], &hello);
        if (i % 3 == 0)
            peer_reset(&peers[i]);
        else
            peer_close(&peers[i]); /* Without a Close frame. */
    }
}

static void a_flood_of_connections(void **state)
{
    (void)state;
    costs_nothing(open_many, 4);
}

static void open_and_say_nothing(void)
{
    for (size_t i = 0; i < 500; i++) {
        struct peer peer;
        peer_connect(&peer, server.address);
        peer_close(&peer);
    }
}

static void a_flood_of_visits(void **state)
{
    (void)state;
    costs_nothing(open_and_say_nothing, 4);
}

static void reset_everywhere(void)
{
    static const char request[] = "GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n";
    const struct piece parts[] = {
        OCTETS(0x81),                                   /* In a header, */
        UNFINISHED(FIN | OPCODE_TEXT, 1000, "half a "), /* in a payload, */
        FIRST_TEXT("half a "),                          /* between fragments, */
        UNFINISHED(FIN | OPCODE_PING, 100, "pi"),       /* in a ping, */
        UNFINISHED(FIN | OPCODE_CLOSE, 10, "\x03"),     /* in a Close frame, */
        BINARY_OF(1 << 20),                             /* before an echo is read. */
    };
    for (size_t i = 0; i < sizeof request; i += 8) {
        struct peer peer;
        peer_connect(&peer, server.address);
        peer_push(&peer, request, i, 1000);
        peer_reset(&peer);
    }
    for (size_t i = 0; i < 10 * COUNT_OF(parts); i++) {
        struct peer peer;
        struct octets octets = { 0 };
        server_open(&server, &peer, "/echo");
        wire_add(&octets, &parts[i % COUNT_OF(parts)], WEFT_CLIENT);
        peer_push(&peer, octets.data, octets.count, 100);
        peer_reset(&peer);
        octets_free(&octets);
    }
}

static void resets(void **state)
{
    (void)state;
    costs_nothing(reset_everywhere, 4);
}

/* ---- garbage ---- */

static uint32_t random_next(void)
{
    static uint32_t state = 0x9E3779B9;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* Writes octets of no meaning, and waits for the server to have enough of them. */
static void send_garbage(struct peer *peer)
{
    uint8_t octets[2000];
    size_t count = random_next() % sizeof octets;
    for (size_t i = 0; i < count; i++)
        octets[i] = (uint8_t)(random_next() >> 24);
    peer_send(peer, octets, count);
    peer_shutdown(peer);
    while (!peer->has_ended)
        peer_receive(peer, 20000);
    peer_close(peer);
}

static void send_garbage_everywhere(void)
{
    for (size_t i = 0; i < 100; i++) {
        struct peer peer;
        peer_connect(&peer, server.address);
        send_garbage(&peer);
        server_open(&server, &peer, "/echo");
        send_garbage(&peer);
        server_open(&server, &peer, "/chat");
        send_garbage(&peer);
    }
}

static void garbage(void **state)
{
    (void)state;
    costs_nothing(send_garbage_everywhere, 4);
}

/* ---- floods on one connection ---- */

enum { FLOOD = 100000 };

static struct octets pings_numbered(void)
{
    struct octets octets = { 0 };
    for (int i = 1; i <= FLOOD; i++) {
        char number[8];
        snprintf(number, sizeof number, "%06d", i);
        struct piece ping = { .first = FIN | OPCODE_PING,
                              .payload = { (const uint8_t *)number, 6 } };
        wire_add(&octets, &ping, WEFT_CLIENT);
    }
    return octets;
}

/* RFC 6455 5.5.3: pongs may be left out, but not the one to the latest ping. */
static void take_pongs(struct peer *peer)
{
    size_t count = 0;
    for (int last = 0; last != FLOOD; count++) {
        struct frame frame = peer_take_frame(peer);
        char number[8] = "";
        assert_int_equal(frame.first, FIN | OPCODE_PONG);
        assert_int_equal(frame.payload.count, 6);
        memcpy(number, frame.payload.data, 6);
        int now = atoi(number);
        assert_in_range(now, last + 1, FLOOD);
        last = now;
    }
    print_message("  %zu pongs to %d pings\n", count, FLOOD);
}

static void flood_with_pings_and_read(void)
{
    struct peer peer;
    struct octets pings = pings_numbered();
    server_open(&server, &peer, "/echo");
    peer_send(&peer, pings.data, pings.count);
    take_pongs(&peer);
    close_in_order(&peer);
    octets_free(&pings);
}

static void flood_with_pings_and_read_later(void)
{
    struct peer peer;
    struct octets pings = pings_numbered();
    server_open(&server, &peer, "/echo");
    size_t before = server_resident_bytes(&server);
    assert_int_equal(peer_push(&peer, pings.data, pings.count, 20000), pings.count);
    if (memory_is_measured())
        assert_true(server_resident_bytes(&server) < before + (1 << 20));
    take_pongs(&peer);
    close_in_order(&peer);
    octets_free(&pings);
}

static void a_flood_of_pings_is_answered(void **state)
{
    (void)state;
    costs_nothing(flood_with_pings_and_read, 2);
}

static void a_flood_of_pings_that_nobody_reads(void **state)
{
    (void)state;
    costs_nothing(flood_with_pings_and_read_later, 2);
}

/* The server stops reading who does not read, and goes on when the reader does. */
static void flood_with_messages(void)
{
    enum { MESSAGES = 512, MEMORY_MAX = 32 << 20 };
    static const struct piece message = BINARY_OF(100000);
    struct peer peer;
    struct octets octets = { 0 };
    for (size_t i = 0; i < MESSAGES; i++)
        wire_add(&octets, &message, WEFT_CLIENT);
    server_open(&server, &peer, "/echo");
    size_t before = server_resident_bytes(&server);
    size_t pushed = peer_push(&peer, octets.data, octets.count, 300);
    assert_true(pushed < octets.count);
    if (memory_is_measured())
        assert_true(server_resident_bytes(&server) < before + MEMORY_MAX);
    peer_send(&peer, octets.data + pushed, octets.count - pushed);
    for (size_t i = 0; i < MESSAGES; i++)
        peer_expect(&peer, &message);
    close_in_order(&peer);
    octets_free(&octets);
}

static void a_flood_of_messages_that_nobody_reads(void **state)
{
    (void)state;
    flood_with_messages();
    server_wait_descriptors(&server, idle_descriptors);
    server_still_echoes();
}

/* Fragments without octets cost no memory, but they must not go on for ever. */
static void flood_with_fragments(void)
{
    enum { FRAGMENTS_MAX = 65536 };
    static const struct piece first = FIRST_TEXT(""), middle = MIDDLE("");
    struct peer peer;
    struct octets octets = { 0 };
    wire_add(&octets, &first, WEFT_CLIENT);
    for (size_t i = 1; i <= FRAGMENTS_MAX; i++)
        wire_add(&octets, &middle, WEFT_CLIENT);
    server_open(&server, &peer, "/echo");
    peer_send(&peer, octets.data, octets.count);
    peer_expect_close(&peer, 1008);
    peer_expect_end(&peer);
    peer_close(&peer);
    octets_free(&octets);
}

static void a_message_of_endless_fragments(void **state)
{
    (void)state;
    costs_nothing(flood_with_fragments, 2);
}

/* What a header promises is not reserved before it comes. */
static void promises_cost_nothing(void **state)
{
    (void)state;
    enum { MANY = 200, MEMORY_MAX = 8 << 20 };
    static const struct piece promise = UNFINISHED(OPCODE_BINARY, 15 << 20, "one octet and");
    static struct peer peers[MANY];
    size_t before = server_resident_bytes(&server);
    for (size_t i = 0; i < MANY; i++) {
        server_open(&server, &peers[i], "/echo");
        peer_send_piece(&peers[i], &promise);
    }
    server_still_echoes();
    if (memory_is_measured())
        assert_true(server_resident_bytes(&server) < before + MEMORY_MAX);
    for (size_t i = 0; i < MANY; i++)
        peer_close(&peers[i]);
    server_wait_descriptors(&server, idle_descriptors);
}

/* ---- the client ---- */

static void the_client_survives_a_flood_of_pings(void **state)
{
    (void)state;
    struct clients clients;
    struct peer peer;
    static const struct piece ping = PING("ping"), last = PING("last");
    struct octets octets = { 0 };
    struct frame frame;
    for (size_t i = 0; i < FLOOD; i++)
        wire_add(&octets, &ping, WEFT_SERVER);
    wire_add(&octets, &last, WEFT_SERVER);
    clients_start(&clients, NULL);
    struct client *client = clients_meet(&clients, &peer, "a flood of pings");
    peer_send(&peer, octets.data, octets.count);
    do
        frame = peer_take_frame(&peer);
    while (memcmp(frame.payload.data, "last", 4) != 0);
    peer_send_piece(&peer, &bye);
    peer_expect(&peer, &bye);
    peer_close(&peer);
    clients_part(client, false);
    clients_end(&clients);
    octets_free(&octets);
}

static void a_reset_fails_the_client(void **state)
{
    (void)state;
    const struct piece parts[] = { OCTETS(0x81), UNFINISHED(FIN | OPCODE_TEXT, 1000, "half a "),
                                   FIRST_TEXT("half a "),
                                   UNFINISHED(FIN | OPCODE_CLOSE, 10, "\x03") };
    struct clients clients;
    clients_start(&clients, NULL);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct peer peer;
        struct client *client = clients_meet(&clients, &peer, "a reset");
        peer_send_piece(&peer, &parts[i]);
        peer_reset(&peer);
        clients_part(client, true);
    }
    clients_end(&clients);
}

/* ---- the server of all tests ---- */

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static int start(void **state)
{
    (void)state;
    /* Under a sanitizer a flood lasts longer than a peer may be silent. */
    static const char *const arguments[] = { "--ping-interval", "0", NULL };
    raise_descriptor_limit();
    server_start(&server, arguments);
    idle_descriptors = server_descriptor_count(&server);
    return 0;
}

static int end(void **state)
{
    (void)state;
    server_end(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_of_connections),
        cmocka_unit_test(a_flood_of_visits),
        cmocka_unit_test(resets),
        cmocka_unit_test(garbage),
        cmocka_unit_test(a_flood_of_pings_is_answered),
        cmocka_unit_test(a_flood_of_pings_that_nobody_reads),
        cmocka_unit_test(a_flood_of_messages_that_nobody_reads),
        cmocka_unit_test(a_message_of_endless_fragments),
        cmocka_unit_test(promises_cost_nothing),
        cmocka_unit_test(the_client_survives_a_flood_of_pings),
        cmocka_unit_test(a_reset_fails_the_client),
    };
    return cmocka_run_group_tests(tests, start, end);
}

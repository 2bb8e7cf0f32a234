/* RFC 6455 sections 5 to 8 at `weft connect --echo`; each case is a process of its own. */
#include "conformance/client.h"
#include "conformance/frames.h"

static struct clients clients;
static struct client *client;

static void meet(struct arena *arena, struct peer *peer, const char *name)
{
    (void)arena;
    client = clients_meet(&clients, peer, name);
}

/* RFC 6455 7.1.1: a client waits for the server to end TCP, and one that has failed says so and
 * ends its own direction. */
static void part(struct arena *arena, struct peer *peer, struct parting parting)
{
    (void)arena;
    peer_receive(peer, 0);
    if (!parting.has_failed && !parting.may_be_reset)
        assert_false(peer->has_ended);
    peer_shutdown(peer);
    if (parting.may_be_reset)
        peer_expect_any_end(peer);
    else
        peer_expect_end(peer);
    peer_close(peer);
    clients_part(client, parting.has_failed);
}

static struct arena arena = { .meet = meet, .part = part };

static int start(void **state)
{
    static const char *const arguments[] = { "--max-message", "128k", NULL };
    (void)state;
    clients_start(&clients, arguments);
    return 0;
}

static int end(void **state)
{
    (void)state;
    clients_end(&clients);
    return 0;
}

int main(void)
{
    return frames_run_tests(&arena, start, end);
}

/* RFC 6455 sections 5 to 8 at the endpoint /echo of `weft serve`, on both backends. */
#include "conformance/frames.h"
#include "conformance/server.h"

static struct server server;

static void meet(struct arena *arena, struct peer *peer, const char *name)
{
    (void)arena;
    (void)name;
    server_open(&server, peer, "/echo");
}

/* RFC 6455 7.1.1: the server ends TCP first. */
static void part(struct arena *arena, struct peer *peer, struct parting parting)
{
    (void)arena;
    if (parting.may_be_reset)
        peer_expect_any_end(peer);
    else
        peer_expect_end(peer);
    peer_close(peer);
}

static struct arena arena = { .is_thorough = true, .meet = meet, .part = part };

static void start(const char *backend)
{
    const char *const arguments[] = { "--max-message", "128k", "--backend", backend, NULL };
    server_start(&server, arguments);
}

static int start_epoll(void **state)
{
    (void)state;
    start("epoll");
    return 0;
}

static int start_poll(void **state)
{
    (void)state;
    start("poll");
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
    return frames_run_tests(&arena, start_epoll, end) + frames_run_tests(&arena, start_poll, end);
}

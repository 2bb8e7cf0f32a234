/* What ends a connection when nothing comes. Times are short, and waited for, not measured. */
#include "unit/socket/pair.h"

struct silence {
    const char *name;
    struct weft_socket_settings settings;
    bool is_open;
    bool closes; /* This side has called close(). */
    bool pauses;
    const char *sent; /* What the peer sends before it is silent. */
    size_t sent_bytes;
    const char *line;
    const char *limit_name;
};

static const struct silence silences[] = {
    { .name = "no request", .settings = { .handshake_timeout_ms = 20 }, .line = "" },
    { .name = "half a request",
      .settings = { .handshake_timeout_ms = 20 },
      .sent = "GET /",
      .sent_bytes = 5,
      .line = "" },
    { .name = "no pong",
      .settings = { .ping_interval_ms = 20, .ping_timeout_ms = 20 },
      .is_open = true,
      .line = "error:timeout close:1006/unclean ",
      .limit_name = "ping_timeout_ms" },
    { .name = "no Close frame",
      .settings = { .close_timeout_ms = 20 },
      .is_open = true,
      .closes = true,
      .line = "error:timeout close:1006/unclean ",
      .limit_name = "close_timeout_ms" },
    { .name = "no message",
      .settings = { .idle_timeout_ms = 20, .close_timeout_ms = 20, .ping_off = true },
      .is_open = true,
      .sent = "\x89\x80\0\0\0\0",
      .sent_bytes = 6,
      .line = "ping: error:timeout close:1006/unclean ",
      .limit_name = "close_timeout_ms" },
    { .name = "no message while paused",
      .settings = { .idle_timeout_ms = 20, .close_timeout_ms = 20, .ping_interval_ms = 5 },
      .is_open = true,
      .pauses = true,
      .line = "error:timeout close:1006/unclean ",
      .limit_name = "close_timeout_ms" },
};

static void silence_ends(void **state)
{
    (void)state;
    for_each_case(c, silences)
    {
        struct pair pair = { 0 };
        pair_start(&pair, WEFT_BACKEND_DEFAULT, &c->settings);
        if (c->is_open)
            pair_open(&pair);
        pair_write(&pair, c->sent ? c->sent : "", c->sent_bytes);
        if (c->closes)
            assert_int_equal(weft_socket_close(pair.socket, 1000, NULL), WEFT_OK);
        if (c->pauses)
            weft_socket_pause(pair.socket);
        pair_until(&pair, pair.gone_count);
        assert_string_equal(pair.line, c->line);
        if (c->limit_name)
            assert_string_equal(pair.failure.limit_name, c->limit_name);
        pair_end(&pair);
    }
}

/* Each pong keeps it alive: many more pings are sent than silence would allow. */
static void answered_pings_keep_it_alive(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = { .ping_interval_ms = 1, .ping_timeout_ms = 5000 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    for (size_t pings = 1; pings <= 10; pings++) {
        pair_until(&pair, (pair_read(&pair), pair.seen_bytes >= 2 * pings));
        PAIR_WRITE(&pair, "\x8a\x80\0\0\0\0");
        pair_until(&pair, pair.bytes == 6 * pings);
    }
    assert_memory_equal(pair.seen, "\x89\0\x89\0", 4);
    assert_int_equal(weft_socket_ready_state(pair.socket), WEFT_OPEN);
    pair_end(&pair);
}

/* A ping that finds no memory is tried again an interval later, and the loop rests meanwhile. */
static void a_ping_without_memory_waits(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = { .ping_interval_ms = 600000 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    wf_pool_drop(wf_loop_pool(pair.loop)); /* Nothing is kept that would help. */
    pair.fault.fails_at = pair.fault.call_count + 1;
    pair.socket->heard_ms -= 600000;
    wf_keepalive_check(pair.socket);
    wf_keepalive_arm(pair.socket);
    assert_true(pair.fault.failed);
    assert_false(pair.socket->is_ping_due);
    assert_true(weft_loop_next_deadline_ms(pair.loop) > 0);
    pair.socket->heard_ms -= 600000;
    wf_keepalive_arm(pair.socket);
    pair_until(&pair, (pair_read(&pair), pair.seen_bytes == 2));
    assert_memory_equal(pair.seen, "\x89\0", 2);
    pair_end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_ends),
        cmocka_unit_test(answered_pings_keep_it_alive),
        cmocka_unit_test(a_ping_without_memory_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

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
    pair.socket->since_ms -= 600000;
    wf_keepalive_check(pair.socket);
    wf_keepalive_arm(pair.socket);
    assert_true(pair.fault.failed);
    assert_false(pair.socket->is_ping_due);
    assert_true(weft_loop_next_deadline_ms(pair.loop) > 0);
    pair.socket->since_ms -= 600000;
    wf_keepalive_arm(pair.socket);
    pair_until(&pair, (pair_read(&pair), pair.seen_bytes == 2));
    assert_memory_equal(pair.seen, "\x89\0", 2);
    pair_end(&pair);
}

/* The times that have passed are set back, beyond the zero of a clock of 32 bits: as if it had
 * wrapped meanwhile. */
static void long_times_end_too(void **state)
{
    (void)state;
    enum { NEAR_MS = 30, FAR_MS = 1000000, HOUR_MS = 3600 * 1000 };
    static const struct {
        const char *name;
        uint32_t timeout_ms;
        uint32_t lasts_ms;
    } cases[] = {
        { "below 2^31", 2147483000u, 2147483000u },
        { "2^31 - 1, once \"never\"", 2147483647u, 2147483647u },
        { "2^31", 2147483648u, 2147483648u },
        { "above it", 3000000000u, 3000000000u },
        { "all of it", UINT32_MAX, UINT32_MAX - HOUR_MS },
    };
    for_each_case(c, cases)
    {
        struct pair pair = { 0 };
        struct weft_socket_settings settings = { .idle_timeout_ms = c->timeout_ms,
                                                 .ping_off = true };
        pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
        pair_open(&pair);
        assert_true(wf_timer_is_started(&pair.socket->timer));
        uint32_t now_ms = (uint32_t)weft_loop_now_ms(pair.loop);
        pair.socket->active_ms = now_ms - (c->lasts_ms - FAR_MS);
        wf_keepalive_arm(pair.socket);
        wf_keepalive_check(pair.socket);
        assert_int_equal(weft_socket_ready_state(pair.socket), WEFT_OPEN);
        int deadline_ms = weft_loop_next_deadline_ms(pair.loop);
        assert_true(deadline_ms > 0 && deadline_ms <= FAR_MS + 10);
        pair.socket->active_ms = now_ms - (c->lasts_ms - NEAR_MS);
        wf_keepalive_arm(pair.socket);
        pair_until(&pair, (pair_read(&pair), pair.seen_bytes));
        assert_memory_equal(pair.seen + 2, "\x03\xe8no message", 12);
        pair_end(&pair);
    }
}

/* The same for the pings and their answers. */
static void a_clock_that_wraps_ends_no_connection(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = { .ping_interval_ms = 3000000000u,
                                             .ping_timeout_ms = 3000000000u };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    pair.socket->since_ms -= 2999000000u;
    wf_keepalive_check(pair.socket);
    assert_false(pair.socket->is_ping_due);
    pair.socket->since_ms -= 1000000u;
    wf_keepalive_check(pair.socket);
    assert_true(pair.socket->is_ping_due);
    pair.socket->since_ms -= 2999000000u;
    wf_keepalive_check(pair.socket);
    assert_false(pair.socket->is_broken);
    pair.socket->since_ms -= 1000000u;
    wf_keepalive_check(pair.socket);
    assert_true(pair.socket->is_broken);
    pair_until(&pair, pair.close_count);
    assert_string_equal(pair.line, "error:timeout close:1006/unclean ");
    pair_end(&pair);
}

/* Its pong may lie unread: the wait for it begins with the reading. */
static void a_pause_is_no_silence_of_the_peer(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = { .ping_interval_ms = 600000,
                                             .ping_timeout_ms = 600000 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    pair_open(&pair);
    pair.socket->since_ms -= 600000;
    wf_keepalive_check(pair.socket);
    assert_true(pair.socket->is_ping_due);
    weft_socket_pause(pair.socket);
    pair.socket->since_ms -= 600000;
    wf_keepalive_check(pair.socket);
    assert_false(pair.socket->is_broken);
    weft_socket_resume(pair.socket);
    wf_keepalive_check(pair.socket);
    assert_false(pair.socket->is_broken);
    pair_end(&pair);
}

/* What the peer says meanwhile does not lengthen the time for the end. */
static void bytes_do_not_lengthen_the_closing(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    pair_open(&pair);
    assert_int_equal(weft_socket_close(pair.socket, 1000, NULL), WEFT_OK);
    uint32_t since_ms = pair.socket->since_ms -= 1000;
    wf_inflow_note_heard(pair.socket);
    assert_int_equal(pair.socket->since_ms, since_ms);
    pair_end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_ends),
        cmocka_unit_test(answered_pings_keep_it_alive),
        cmocka_unit_test(a_ping_without_memory_waits),
        cmocka_unit_test(long_times_end_too),
        cmocka_unit_test(a_pause_is_no_silence_of_the_peer),
        cmocka_unit_test(bytes_do_not_lengthen_the_closing),
        cmocka_unit_test(a_clock_that_wraps_ends_no_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

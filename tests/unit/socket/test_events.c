/* Whatever a callback does: the socket ends once, nothing is told behind its end, and nothing that
 * is gone is touched. */
#include "unit/socket/pair.h"

static const enum weft_backend backends[] = { WEFT_BACKEND_EPOLL, WEFT_BACKEND_POLL };

static const struct weft_failure test_failure = { .kind = WEFT_FAILURE_ABORTED,
                                                  .status = WEFT_ERR_CLOSED,
                                                  .text = "by the test" };

/* What a test does inside of the event. */
struct deed {
    const char *name;
    void (*act)(struct pair *pair);
};

struct run {
    const struct deed *deed;
    const char *event; /* At which; each time that it comes. */
    struct pair *other;
    weft_listener *listener;
    int heard_count; /* By listeners. */
    int done_count;
};

static void do_close(struct pair *pair)
{
    assert_int_equal(weft_socket_close(pair->socket, 1000, "enough"), WEFT_OK);
}

static void do_release(struct pair *pair)
{
    weft_socket_release(pair->socket);
    pair->socket = NULL;
}

static void do_abort(struct pair *pair)
{
    wf_socket_abort(pair->socket, &test_failure, false);
}

static void do_reset(struct pair *pair)
{
    wf_socket_abort(pair->socket, &test_failure, true);
}

static void do_close_and_abort(struct pair *pair)
{
    do_close(pair);
    do_abort(pair);
    do_close(pair);
}

static void do_send_big(struct pair *pair)
{
    static uint8_t big[100000];
    enum weft_ready_state state = weft_socket_ready_state(pair->socket);
    weft_status status = weft_socket_send_bytes(pair->socket, big, sizeof big);
    if (state == WEFT_CONNECTING)
        assert_int_equal(status, WEFT_ERR_STATE);
    else
        assert_true(status == WEFT_OK || status == WEFT_ERR_LIMIT);
}

static void do_fill(struct pair *pair)
{
    for (int i = 0; i < 50; i++)
        do_send_big(pair);
}

static void do_pause(struct pair *pair)
{
    weft_socket_pause(pair->socket);
}

static void do_pause_and_resume(struct pair *pair)
{
    weft_socket_pause(pair->socket);
    weft_socket_resume(pair->socket);
    weft_socket_resume(pair->socket);
}

static void do_ping(struct pair *pair)
{
    weft_status status = weft_socket_ping(pair->socket, "p", 1);
    bool is_open = weft_socket_ready_state(pair->socket) == WEFT_OPEN;
    assert_true(status == WEFT_OK || !is_open);
}

static void heard(struct pair *pair)
{
    struct run *run = pair->user;
    run->heard_count++;
}

static void listener_message(weft_socket *socket, const struct weft_message_event *message,
                             void *user)
{
    (void)socket;
    (void)message;
    heard(user);
}

static void listener_event(weft_socket *socket, void *user)
{
    (void)socket;
    heard(user);
}

static void listener_close(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    (void)socket;
    (void)event;
    heard(user);
}

static const struct weft_socket_events listener_events = { .on_open = listener_event,
                                                           .on_message = listener_message,
                                                           .on_drained = listener_event,
                                                           .on_close = listener_close };

static void add_listener(struct pair *pair, bool once)
{
    struct run *run = pair->user;
    weft_status status =
        weft_socket_add_listener(pair->socket, &listener_events, pair, once, &run->listener);
    bool is_closed = weft_socket_ready_state(pair->socket) == WEFT_CLOSED;
    assert_int_equal(status, is_closed ? WEFT_ERR_CLOSED : WEFT_OK);
}

static void do_add_listener(struct pair *pair)
{
    add_listener(pair, false);
}

static void do_add_listener_for_once(struct pair *pair)
{
    add_listener(pair, true);
}

static void do_add_and_remove_listener(struct pair *pair)
{
    struct run *run = pair->user;
    add_listener(pair, false);
    if (weft_socket_ready_state(pair->socket) == WEFT_CLOSED)
        return;
    weft_socket_remove_listener(pair->socket, run->listener);
}

static void do_set_events(struct pair *pair)
{
    assert_int_equal(weft_socket_set_events(pair->socket, &pair_events, pair), WEFT_OK);
}

static void do_silence(struct pair *pair)
{
    /* From here on only the end is told. */
    static const struct weft_socket_events none = { .on_close = pair_on_close };
    assert_int_equal(weft_socket_set_events(pair->socket, &none, pair), WEFT_OK);
}

static void do_abort_other(struct pair *pair)
{
    struct run *run = pair->user;
    wf_socket_abort(run->other->socket, &test_failure, true);
    weft_socket_release(run->other->socket);
    run->other->socket = NULL;
    run->deed = NULL;
}

static const struct deed deeds[] = {
    { "close", do_close },
    { "release", do_release },
    { "abort", do_abort },
    { "reset", do_reset },
    { "close, abort, close", do_close_and_abort },
    { "send something big", do_send_big },
    { "send more than is allowed", do_fill },
    { "pause", do_pause },
    { "pause and resume", do_pause_and_resume },
    { "ping", do_ping },
    { "add a listener", do_add_listener },
    { "add a listener for once", do_add_listener_for_once },
    { "add and remove a listener", do_add_and_remove_listener },
    { "set events", do_set_events },
    { "set other events", do_silence },
    { "abort another", do_abort_other },
};

static const char *const moments[] = { "request", "open",    "message", "ping",
                                       "pong",    "drained", "error",   "close" };

static void act(struct pair *pair, const char *event)
{
    struct run *run = pair->user;
    assert_true(pair->close_count <= 1);
    if (pair->close_count)
        assert_true(strcmp(event, "close") == 0);
    if (!run->deed || !pair->socket || strcmp(event, run->event) != 0 || run->done_count >= 3)
        return;
    run->done_count++;
    run->deed->act(pair);
}

static const char frames[] = "\x81\x82\0\0\0\0hi"
                             "\x89\x81\0\0\0\0p\x8a\x81\0\0\0\0q"
                             "\x01\x82\0\0\0\0fr\x80\x82\0\0\0\0ag"
                             "\x81\x85\0\0\0\0later";
static const char close_frame[] = "\x88\x82\0\0\0\0\x03\xe8";

/* Enough to be over the mark, so that there is a drained event. */
static void go_over_mark(struct pair *pair)
{
    static uint8_t much[300000];
    if (pair->socket && weft_socket_ready_state(pair->socket) == WEFT_OPEN)
        (void)!weft_socket_send_bytes(pair->socket, much, sizeof much);
}

static bool is_full(const struct pair *pair)
{
    return pair->socket && weft_socket_ready_state(pair->socket) == WEFT_OPEN &&
           weft_socket_is_over_mark(pair->socket);
}

static void speak(struct pair *pair, bool at_once, bool well)
{
    if (at_once) {
        PAIR_WRITE(pair, PAIR_REQUEST);
        pair_write(pair, frames, sizeof frames - 1);
    } else {
        static const char text[] = PAIR_REQUEST;
        pair_write(pair, text, 20);
        pair_turn(pair);
        pair_write(pair, text + 20, sizeof text - 21);
        pair_turn(pair);
        for (size_t i = 0; i < sizeof frames - 1; i += 5) {
            size_t left = sizeof frames - 1 - i;
            pair_write(pair, frames + i, left < 5 ? left : 5);
            pair_turn(pair);
        }
    }
    pair_turn(pair);
    go_over_mark(pair);
    for (int i = 0; i < 5 || (i < 500 && is_full(pair)); i++) {
        pair_turn(pair);
        pair_read(pair);
    }
    weft_socket_resume(pair->socket);
    if (well)
        pair_write(pair, close_frame, sizeof close_frame - 1);
    else
        pair_close_peer(pair);
}

/* The peer takes what comes; a socket that was paused is not so for ever. */
static void go_on(struct pair *pair)
{
    pair_read(pair);
    weft_socket_resume(pair->socket);
}

static void run_one(enum weft_backend backend, const struct deed *deed, const char *moment,
                    bool at_once, bool well)
{
    static const struct weft_socket_settings settings = { .send_mark_bytes = 20000,
                                                          .send_bytes_max = 1000000,
                                                          .close_timeout_ms = 50,
                                                          .ping_off = true };
    struct pair *pair = calloc(1, sizeof *pair), *other = calloc(1, sizeof *other);
    struct run run = { .deed = deed, .event = moment, .other = other };
    assert_true(pair && other);
    pair_start(pair, backend, &settings);
    pair->on_event = act;
    pair->user = &run;

    /* The other socket lives on the same loop, and has something to tell in the same turn. */
    pair_start_beside(other, pair, NULL);
    PAIR_WRITE(other, PAIR_REQUEST);

    speak(pair, at_once, well);
    pair_until(pair, (go_on(pair), pair->gone_count == 1));
    if (!well || (pair->fd >= 0 && pair->peer_has_end))
        pair_close_peer(pair);
    pair_turn(pair);
    assert_int_equal(pair->close_count, strstr(pair->line, "open ") ? 1 : pair->close_count);
    assert_true(pair->close_count <= 1);
    if (well && strcmp(moment, "error") != 0)
        assert_true(run.done_count > 0);

    pair_end(other);
    pair_end(pair);
    free(pair);
    free(other);
}

static void run_all(bool at_once, bool well)
{
    for_each_case(deed, deeds) for (size_t moment = 0; moment < COUNT_OF(moments);
                                    moment++) for (size_t i = 0; i < COUNT_OF(backends); i++)
        run_one(backends[i], deed, moments[moment], at_once, well);
}

static void any_deed_at_any_moment(void **state)
{
    (void)state;
    run_all(false, true);
}

static void any_deed_at_any_moment_of_one_read(void **state)
{
    (void)state;
    run_all(true, true);
}

static void any_deed_before_the_peer_is_gone(void **state)
{
    (void)state;
    run_all(true, false);
}

static void every_moment_comes(void **state)
{
    (void)state;
    struct pair pair = { 0 };
    struct weft_socket_settings settings = { .send_mark_bytes = 20000 };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
    speak(&pair, true, true);
    pair_until(&pair, (pair_read(&pair), pair.close_count));
    assert_string_equal(
        pair.line, "open text:hi ping:p pong:q text:frag text:later drained close:1000/clean ");
    pair_end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_moment_comes),
        cmocka_unit_test(any_deed_at_any_moment),
        cmocka_unit_test(any_deed_at_any_moment_of_one_read),
        cmocka_unit_test(any_deed_before_the_peer_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

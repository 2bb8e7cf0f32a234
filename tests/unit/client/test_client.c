/* connect() where no server is needed: what it answers at once, and its end with the loop. */
#include "weft/client.h"

#include "support/cases.h"
#include "support/fault_alloc.h"

#include <stdbool.h>

struct attempts {
    weft_loop *loop;
    int begun_count;
    int close_count;
    weft_status last;
};

static void again(weft_socket *socket, const struct weft_close_event *event, void *user);

static void begin(struct attempts *attempts)
{
    struct weft_connect_options options = { .events = { .on_close = again }, .user = attempts };
    attempts->last = weft_socket_connect(attempts->loop, "ws+unix:/nowhere/there-is-no-such.sock:/",
                                         &options, NULL);
    if (!attempts->last)
        attempts->begun_count++;
}

static void again(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    (void)socket;
    struct attempts *attempts = user;
    assert_int_equal(event->code, 1006);
    attempts->close_count++;
    begin(attempts);
}

/* One that connects anew in each on_close does not keep a loop from ending. */
static void nothing_begins_on_a_loop_that_ends(void **state)
{
    (void)state;
    struct fault_alloc fault;
    fault_alloc_init(&fault, 0);
    struct weft_loop_options options = { .allocator = &fault.allocator };
    struct attempts attempts = { 0 };
    assert_int_equal(weft_loop_create(&options, &attempts.loop), WEFT_OK);
    begin(&attempts);
    assert_int_equal(attempts.last, WEFT_OK);
    for (int turns = 0; turns < 100 && attempts.close_count < 3; turns++)
        assert_int_equal(weft_loop_turn(attempts.loop, 10), WEFT_OK);
    assert_int_equal(attempts.close_count, 3);
    weft_loop_destroy(attempts.loop);
    assert_int_equal(attempts.last, WEFT_ERR_CLOSED);
    assert_int_equal(attempts.close_count, attempts.begun_count);
    assert_int_equal(fault.live_count, 0);
}

static void what_is_wrong_is_answered_at_once(void **state)
{
    (void)state;
    static const char *const twice[] = { "a", "b", "a" }, *const broken[] = { "a b" };
    static const struct {
        const char *name;
        const char *url;
        const char *base_url;
        const char *const *protocols;
        size_t protocol_count;
        weft_status status;
    } cases[] = {
        { "no URL", NULL, NULL, NULL, 0, WEFT_ERR_ARGUMENT },
        { "a relative one", "/chat", NULL, NULL, 0, WEFT_ERR_SYNTAX },
        { "another scheme", "ftp://h/", NULL, NULL, 0, WEFT_ERR_SYNTAX },
        { "an empty fragment", "ws://h/#", NULL, NULL, 0, WEFT_ERR_SYNTAX },
        { "a fragment in the base's place", "#a", "ws://h/", NULL, 0, WEFT_ERR_SYNTAX },
        { "a protocol that stands twice", "ws://h/", NULL, twice, 3, WEFT_ERR_SYNTAX },
        { "a protocol that is no token", "ws://h/", NULL, broken, 1, WEFT_ERR_SYNTAX },
        { "protocols that are not there", "ws://h/", NULL, NULL, 1, WEFT_ERR_ARGUMENT },
        { "a relative one with a base", "/chat", "http://127.0.0.1:1/", NULL, 0, WEFT_OK },
    };
    for_each_case(c, cases)
    {
        struct fault_alloc fault;
        fault_alloc_init(&fault, 0);
        struct weft_loop_options loop_options = { .allocator = &fault.allocator };
        struct weft_connect_options options = { .base_url = c->base_url,
                                                .protocols = c->protocols,
                                                .protocol_count = c->protocol_count };
        weft_loop *loop = NULL;
        weft_socket *socket = NULL;
        assert_int_equal(weft_loop_create(&loop_options, &loop), WEFT_OK);
        assert_int_equal(weft_socket_connect(loop, c->url, &options, &socket), c->status);
        assert_int_equal(socket != NULL, c->status == WEFT_OK);
        if (socket)
            assert_int_equal(weft_socket_ready_state(socket), WEFT_CONNECTING);
        weft_loop_destroy(loop);
        /* Its end was told; the reference outlives the loop. */
        assert_int_equal(weft_socket_ready_state(socket), WEFT_CLOSED);
        weft_socket_release(socket);
        assert_int_equal(fault.live_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_begins_on_a_loop_that_ends),
        cmocka_unit_test(what_is_wrong_is_answered_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

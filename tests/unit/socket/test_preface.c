/* What is said before the protocol begins. */
#include "unit/socket/pair.h"

/* Wants "HELLO\n", and answers so many bytes. */
struct greeting {
    struct wf_preface preface;
    size_t answer_bytes;
    bool aborts;
    bool was_told_end;
    int done_count;
};

static const struct weft_failure refused = { .kind = WEFT_FAILURE_HANDSHAKE,
                                             .status = WEFT_ERR_REFUSED,
                                             .text = "not greeted" };

static enum wf_preface_result on_greeting(struct wf_preface *preface, weft_socket *socket,
                                          struct weft_bytes bytes, size_t *used_out)
{
    static const char answer[WF_PREFACE_BYTES_MAX] = "WELCOME";
    struct greeting *greeting = WF_CONTAINER_OF(preface, struct greeting, preface);
    const uint8_t *end = memchr(bytes.data, '\n', bytes.count);
    assert_int_equal(greeting->done_count, 0);
    assert_int_equal(*used_out, 0);
    if (!end)
        return WF_PREFACE_MORE;
    if (greeting->aborts) {
        wf_socket_abort(socket, &refused, false);
        return WF_PREFACE_FAILED;
    }
    assert_memory_equal(bytes.data, "HELLO\n", 6);
    struct weft_bytes said = { (const uint8_t *)answer, greeting->answer_bytes };
    if (wf_socket_preface_send(socket, said)) {
        wf_socket_abort(socket, &refused, false);
        return WF_PREFACE_FAILED;
    }
    *used_out = 6;
    greeting->done_count++;
    return WF_PREFACE_DONE;
}

static void on_greeting_end(struct wf_preface *preface, weft_socket *socket)
{
    struct greeting *greeting = WF_CONTAINER_OF(preface, struct greeting, preface);
    greeting->was_told_end = true;
    wf_socket_abort(socket, &refused, false);
}

static const char script[] = "HELLO\n" PAIR_REQUEST "\x81\x82\0\0\0\0hi\x88\x82\0\0\0\0\x03\xe8";

static void the_cut_makes_no_difference(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof script; cut++) {
        struct greeting greeting = { .preface.on_received = on_greeting, .answer_bytes = 7 };
        struct wf_socket_beginning beginning = { .preface = &greeting.preface };
        struct pair pair = { .beginning = &beginning };
        pair_start(&pair, cut % 2 ? WEFT_BACKEND_EPOLL : WEFT_BACKEND_POLL, NULL);
        pair_write(&pair, script, cut);
        pair_turn(&pair);
        pair_write(&pair, script + cut, sizeof script - 1 - cut);
        pair_until(&pair, pair.close_count);
        pair_read(&pair);
        assert_string_equal(pair.line, "open text:hi close:1000/clean ");
        assert_memory_equal(pair.seen, "WELCOMEHTTP/1.1 101 ", 20);
        assert_int_equal(greeting.done_count, 1);
        pair_end(&pair);
    }
}

/* The answer is longer than what the kernel takes: nothing overtakes it. */
static void the_answer_leaves_first(void **state)
{
    (void)state;
    struct greeting greeting = { .preface.on_received = on_greeting,
                                 .answer_bytes = WF_PREFACE_BYTES_MAX };
    struct wf_socket_beginning beginning = { .preface = &greeting.preface };
    struct pair pair = { .beginning = &beginning };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    pair_write(&pair, script, sizeof script - 1);
    pair_until(&pair, greeting.done_count);
    pair_turn(&pair);
    pair_turn(&pair);
    assert_int_equal(pair.bytes, 0);
    pair_until(&pair, (pair_read(&pair), pair.close_count));
    pair_read(&pair);
    assert_string_equal(pair.line, "open text:hi close:1000/clean ");
    assert_true(pair.seen_bytes > WF_PREFACE_BYTES_MAX);
    pair_end(&pair);
}

static void the_ends_of_it(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t bytes; /* Of no greeting. */
        bool ends;
        bool is_told_end;
        bool aborts;
        uint32_t timeout_ms;
    } cases[] = {
        { "too long", WF_PREFACE_BYTES_MAX + 1, false, false, false, 0 },
        { "ended", 3, true, false, false, 0 },
        { "ended at once", 0, true, false, false, 0 },
        { "ended, and told so", 3, true, true, false, 0 },
        { "refused", 0, false, false, true, 0 },
        { "silence", 3, false, false, false, 20 },
    };
    static const char nothing[WF_PREFACE_BYTES_MAX + 1];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct greeting greeting = { .preface = { .on_received = on_greeting,
                                                  .on_end = cases[i].is_told_end ? on_greeting_end
                                                                                 : NULL },
                                     .aborts = cases[i].aborts };
        struct wf_socket_beginning beginning = { .preface = &greeting.preface };
        struct pair pair = { .beginning = &beginning };
        struct weft_socket_settings settings = { .handshake_timeout_ms = cases[i].timeout_ms };
        pair_start(&pair, WEFT_BACKEND_DEFAULT, &settings);
        pair_write(&pair, nothing, cases[i].bytes);
        if (cases[i].aborts)
            PAIR_WRITE(&pair, "HELLO\n");
        if (cases[i].ends)
            assert_int_equal(shutdown(pair.fd, SHUT_WR), 0);
        pair_until(&pair, pair.gone_count);
        assert_int_equal(greeting.done_count, 0);
        assert_true(greeting.was_told_end == cases[i].is_told_end);
        assert_string_equal(pair.line, "");
        pair_end(&pair);
    }
}

static void count_each(weft_socket *socket, void *user)
{
    int *count = user;
    (void)socket;
    (*count)++;
}

static void what_can_be_asked_meanwhile(void **state)
{
    (void)state;
    char peer[32];
    int count = 0;
    struct greeting greeting = { .preface.on_received = on_greeting };
    struct wf_socket_beginning beginning = { .preface = &greeting.preface };
    struct pair pair = { .beginning = &beginning };
    pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
    wf_socket_each(pair.loop, &pair, count_each, &count);
    assert_int_equal(count, 1);
    assert_int_equal(wf_socket_set_peer(pair.socket, "192.0.2.1:99"), WEFT_OK);
    assert_int_equal(wf_socket_set_peer(pair.socket, "192.0.2.1:100"), WEFT_OK);
    assert_int_equal(weft_socket_peer(pair.socket, peer, sizeof peer), WEFT_OK);
    assert_string_equal(peer, "192.0.2.1:100");
    assert_int_equal(weft_socket_peer(pair.socket, peer, 4), WEFT_OK);
    assert_string_equal(peer, "192");
    PAIR_WRITE(&pair, "HELLO\n");
    pair_until(&pair, greeting.done_count);
    struct weft_bytes more = { (const uint8_t *)"x", 1 };
    assert_int_equal(wf_socket_preface_send(pair.socket, more), WEFT_ERR_STATE);
    wf_socket_each(pair.loop, &pair, count_each, &count);
    assert_int_equal(count, 2);
    pair_end(&pair);
    assert_int_equal(greeting.done_count, 1);
}

/* The client's side: it speaks first, on a stream that was connected elsewhere. */
static void a_client_asks_its_way(void **state)
{
    (void)state;
    int ends[2];
    weft_socket *socket;
    struct greeting greeting = { .preface.on_received = on_greeting };
    struct wf_socket_beginning beginning = { .preface = &greeting.preface };
    struct pair pair = { 0 };
    fault_alloc_init(&pair.fault, 0);
    struct weft_loop_options options = { .allocator = &pair.fault.allocator };
    assert_int_equal(weft_loop_create(&options, &pair.loop), WEFT_OK);
    pair.owns_loop = true;
    pair.shape = (struct wf_socket_shape){ .references = 1,
                                           .owner = &pair_owner,
                                           .opening = &pair,
                                           .on_free = pair_on_free,
                                           .events = pair_events };
    wf_socket_shape_resolve(&pair.shape, pair.loop, WEFT_CLIENT);
    static const struct weft_engine_request request = { .target = { "/", 1 }, .host = { "h", 1 } };
    assert_int_equal(
        wf_socket_create(&pair.shape, &pair, WEFT_TEXT_LITERAL("ws://h/"), &request, &socket),
        WEFT_OK);
    pair.socket = weft_socket_retain(socket);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    pair.fd = ends[1];
    assert_int_equal(wf_socket_adopt_stream(socket, ends[0]), WEFT_OK);
    wf_socket_start_handshake(socket, &beginning);
    struct weft_bytes ask = { (const uint8_t *)"CONNECT h\n", 10 };
    assert_int_equal(wf_socket_preface_send(socket, ask), WEFT_OK);
    pair_turn(&pair);
    pair_read(&pair);
    assert_int_equal(pair.seen_bytes, 10);
    PAIR_WRITE(&pair, "HELLO\n");
    pair_until(&pair, (pair_read(&pair), pair.seen_bytes > 10));
    assert_memory_equal(pair.seen, "CONNECT h\nGET / HTTP/1.1\r\n", 26);
    pair_close_peer(&pair);
    pair_until(&pair, pair.close_count);
    assert_string_equal(pair.line, "error:transport close:1006/unclean ");
    pair_end(&pair);
}

/* Memory runs out at each place in turn: the connection ends, nothing is left. */
static void without_memory(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct greeting greeting = { .preface.on_received = on_greeting,
                                     .answer_bytes = WF_PREFACE_BYTES_MAX };
        struct wf_socket_beginning beginning = { .preface = &greeting.preface };
        struct pair pair = { 0 };
        int ends[2];
        pair_start(&pair, WEFT_BACKEND_DEFAULT, NULL);
        wf_socket_end(pair.socket);
        pair_until(&pair, (pair_close_peer(&pair), pair.gone_count));
        weft_socket_release(pair.socket);
        pair.socket = NULL;
        pair.gone_count = 0;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
                         0);
        pair.fault.fails_at = pair.fault.call_count + n;
        weft_status status =
            wf_socket_open_accepted(&pair.shape, ends[0], &beginning, &pair.socket);
        if (status) {
            assert_int_equal(status, WEFT_ERR_MEMORY);
            close(ends[0]); /* Still ours. */
            close(ends[1]);
            pair.fd = -1;
            pair.gone_count = 1;
        } else {
            weft_socket_retain(pair.socket);
            pair.fd = ends[1];
            for (size_t i = 0; i < sizeof script - 1 && !pair.gone_count; i++) {
                pair_write(&pair, script + i, 1);
                pair_turn(&pair);
                pair_read(&pair);
            }
            pair_until(&pair, (pair_read(&pair), pair.gone_count));
        }
        failed = pair.fault.failed;
        pair.fault.fails_at = 0;
        assert_true(failed || strcmp(pair.line, "open text:hi close:1000/clean ") == 0);
        pair_end(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cut_makes_no_difference),
        cmocka_unit_test(the_answer_leaves_first),
        cmocka_unit_test(the_ends_of_it),
        cmocka_unit_test(what_can_be_asked_meanwhile),
        cmocka_unit_test(a_client_asks_its_way),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

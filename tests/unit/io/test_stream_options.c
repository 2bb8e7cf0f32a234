/* What a stream asks of the kernel beside a connection. */
#include "support/cases.h"
#include "support/odd_listeners.h"
#include "unit/io/streams.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t bytes = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &bytes), 0);
    return value;
}

static void tcp_options_are_set(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct weft_tcp_options options;
        int nodelay, keepalive, idle, interval, count;
    } cases[] = {
        { "the defaults", { 0 }, 1, 0, -1, -1, -1 },
        { "no hurry", { .nodelay_off = true }, 0, 0, -1, -1, -1 },
        { "probes", { .keepalive_idle_s = 7 }, 1, 1, 7, -1, -1 },
        { "probes, all said", { false, 32767, 32767, 127 }, 1, 1, 32767, 32767, 127 },
        { "an interval without probes", { .keepalive_interval_s = 9 }, 1, 0, -1, 9, -1 },
    };
    for_each_case(c, cases)
    {
        int fd = socket(AF_INET, SOCK_STREAM, 0), untouched = socket(AF_INET, SOCK_STREAM, 0);
        assert_true(wf_stream_tcp_is_usable(&c->options));
        assert_int_equal(wf_stream_set_tcp(fd, &c->options), WEFT_OK);
        const struct {
            int level, name, wanted;
        } rows[] = {
            { IPPROTO_TCP, TCP_NODELAY, c->nodelay }, { SOL_SOCKET, SO_KEEPALIVE, c->keepalive },
            { IPPROTO_TCP, TCP_KEEPIDLE, c->idle },   { IPPROTO_TCP, TCP_KEEPINTVL, c->interval },
            { IPPROTO_TCP, TCP_KEEPCNT, c->count },
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            int wanted = rows[i].wanted;
            if (wanted < 0)
                wanted = option_of(untouched, rows[i].level, rows[i].name);
            assert_int_equal(option_of(fd, rows[i].level, rows[i].name), wanted);
        }
        close(fd);
        close(untouched);
    }
}

static void what_the_kernel_would_not_take_is_known(void **state)
{
    (void)state;
    static const struct weft_tcp_options wrong[] = { { .keepalive_idle_s = 32768 },
                                                     { .keepalive_interval_s = 32768 },
                                                     { .keepalive_count = 128 } };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(wf_stream_tcp_is_usable(&wrong[i]));
}

static void where_there_is_no_tcp_nothing_is_asked(void **state)
{
    (void)state;
    struct weft_tcp_options options = { .keepalive_idle_s = 7 };
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(wf_stream_set_tcp(fds[0], &options), WEFT_OK);
    close(fds[0]);
    close(fds[1]);
}

/* From 127.0.0.2, and through the loopback interface where that is allowed. */
static void a_connection_begins_where_it_is_told(void **state)
{
    (void)state;
    for (int has_device = 0; has_device < 2; has_device++) {
        struct wf_stream_origin origin = { .device = "" };
        struct wf_address address;
        uint16_t port;
        const char *wrong = "?";
        struct end end = { .log = "" };
        weft_loop *loop = make_loop(WEFT_BACKEND_DEFAULT);
        int listener = listener_open(8, &port);
        assert_int_equal(wf_address_of_ip(&address, weft_text_of("127.0.0.1"), port), WEFT_OK);
        assert_int_equal(wf_address_of_ip(&origin.source, weft_text_of("127.0.0.2"), 0), WEFT_OK);
        if (has_device)
            strcpy(origin.device, "lo");
        weft_status status =
            wf_stream_connect_from(&end.stream, loop, &origin, &address, &end_events, &wrong);
        if (has_device && status) {
            assert_int_equal(errno, EPERM);
            assert_string_equal(wrong, "bind_device");
        } else {
            struct sockaddr_in peer;
            socklen_t bytes = sizeof peer;
            assert_int_equal(status, WEFT_OK);
            assert_null(wrong);
            int fd = accept(listener, (struct sockaddr *)&peer, &bytes);
            assert_true(fd >= 0);
            assert_int_equal(ntohl(peer.sin_addr.s_addr), 0x7F000002);
            close(fd);
        }
        end_close(&end);
        close(listener);
        weft_loop_destroy(loop);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_options_are_set),
        cmocka_unit_test(what_the_kernel_would_not_take_is_known),
        cmocka_unit_test(where_there_is_no_tcp_nothing_is_asked),
        cmocka_unit_test(a_connection_begins_where_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* weft bench against weft serve. */
#include "support/process.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct process server;
static char url[64], echo_url[80], chat_url[80], nowhere_url[80];

static int start_server(void **state)
{
    (void)state;
    process_serve(&server, url, sizeof url, NULL);
    snprintf(echo_url, sizeof echo_url, "%s/echo", url);
    snprintf(chat_url, sizeof chat_url, "%s/chat", url);
    snprintf(nowhere_url, sizeof nowhere_url, "%s/nowhere", url);
    return 0;
}

static int end_server(void **state)
{
    (void)state;
    process_end_server(&server);
    return 0;
}

static double number(const json_t *result, const char *name)
{
    const json_t *value = json_object_get(result, name);
    if (!json_is_number(value))
        fail_msg("the result has no number %s", name);
    return json_number_value(value);
}

static json_t *result_of(const struct process *process)
{
    json_error_t error;
    json_t *result = json_loads(process->out.data, 0, &error);
    if (!result)
        fail_msg("%s in %s", error.text, process->out.data);
    return result;
}

/* What must hold whatever the machine does. */
static void assert_sound(const json_t *result)
{
    static const char *const percentiles[] = { "p50", "p90", "p99", "p99.9", "max" };
    const json_t *latency = json_object_get(result, "latency_ns");
    double last = 1;
    for (size_t i = 0; i < sizeof percentiles / sizeof *percentiles; i++) {
        assert_true(number(latency, percentiles[i]) >= last);
        last = number(latency, percentiles[i]);
    }
    assert_true(number(latency, "count") > 0);
    assert_true(number(result, "messages") > 0);
    assert_true(number(result, "messages_per_second") > 0);
    double mib = number(result, "messages_per_second") * number(result, "size") / 1048576;
    assert_true(number(result, "mib_per_second") > mib * 0.999 &&
                number(result, "mib_per_second") < mib * 1.001);
    assert_int_equal(number(result, "errors"), 0);
    assert_int_equal(number(result, "failed"), 0);
    assert_int_equal(number(result, "opened"), number(result, "connections"));
}

static void answers_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *arguments[8];
        int connections, depth, rate, size, threads;
        const char *type;
    } cases[] = {
        { "defaults", { NULL }, 64, 1, 0, 20, 1, "binary" },
        { "text", { "--text", "--size", "1000" }, 64, 1, 0, 1000, 1, "text" },
        { "deep", { "--depth=50", "--connections=3" }, 3, 50, 0, 20, 1, "binary" },
        /* One at a time: even a sanitizer and TLS together bring one back within the duration. */
        { "large", { "--size=1M", "--connections=1" }, 1, 1, 0, 1 << 20, 1, "binary" },
        { "threads", { "--threads", "3", "--connections", "10" }, 10, 1, 0, 20, 3, "binary" },
        { "fewer than threads", { "--threads=9", "--connections=2" }, 2, 1, 0, 20, 2, "binary" },
        { "rate", { "--rate", "2000" }, 64, 0, 2000, 20, 1, "binary" },
        { "rate of threads", { "--rate=2000", "--threads=2" }, 64, 0, 2000, 20, 2, "binary" },
        { "no deflate", { "--no-deflate", "--size=4k", "--text" }, 64, 1, 0, 4096, 1, "text" },
        { "header", { "-H", "X-A: b", "--connections", "1" }, 1, 1, 0, 20, 1, "binary" },
    };
    for_each_case(c, cases)
    {
        const char *arguments[16] = { "bench", "--json", "--duration=0.2", "--warmup=0.05",
                                      echo_url };
        for (size_t i = 0; i < 8 && c->arguments[i]; i++)
            arguments[5 + i] = c->arguments[i];
        struct process process;
        if (process_run(&process, NULL, arguments) != 0)
            process_fail(&process, "status 0");
        assert_int_equal(process.err.count, 0);
        assert_int_equal(process_count_lines(&process.out), 1);
        json_t *result = result_of(&process);
        assert_sound(result);
        assert_int_equal(number(result, "connections"), c->connections);
        assert_int_equal(number(result, "depth"), c->depth);
        assert_int_equal(number(result, "rate"), c->rate);
        assert_int_equal(number(result, "size"), c->size);
        assert_int_equal(number(result, "threads"), c->threads);
        assert_string_equal(json_string_value(json_object_get(result, "type")), c->type);
        assert_string_equal(json_string_value(json_object_get(result, "url")), echo_url);
        /* Of the 400 that were due in 0.2 s, those that were answered; never more, however late
         * they were. */
        if (c->rate)
            assert_in_range(number(json_object_get(result, "latency_ns"), "count"), 1, 402);
        json_decref(result);
        process_free(&process);
    }
}

static void the_text_is_for_people(void **state)
{
    (void)state;
    struct process process;
    assert_int_equal(process_run(&process, NULL,
                                 (const char *[]){ "bench", "--duration=0.1", "--warmup=0",
                                                   "--connections=5", echo_url, NULL }),
                     0);
    static const char *const parts[] = {
        "connections  5 opened in ", ", 0 failed\n", "/s of 20 bytes", "MiB/s",
        "errors       0\n",          "p50 ",         "p99.9 ",         "max "
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(process.out.data, parts[i]))
            fail_msg("no \"%s\" in %s", parts[i], process.out.data);
    assert_null(strstr(process.out.data, "█"));
    assert_int_equal(process.err.count, 0);
    process_free(&process);
}

static void a_terminal_gets_a_bar_and_a_plot(void **state)
{
    (void)state;
    struct process process;
    process_start_on_terminal(&process,
                              (const char *[]){ "bench", "--duration=0.5", "--warmup=0",
                                                "--connections=5", echo_url, NULL },
                              "/nonexistent");
    assert_int_equal(process_end(&process), 0);
    assert_non_null(strstr(process.out.data, "measuring, "));
    char *result = strstr(process.out.data, "connections  5 opened");
    assert_non_null(result);
    assert_non_null(strstr(result, "█"));
    assert_null(strstr(result, "measuring"));
    process_free(&process);
}

static void an_interrupt_shows_what_was_measured(void **state)
{
    (void)state;
    struct process process;
    process_start_on_terminal(&process,
                              (const char *[]){ "bench", "--duration=600", "--warmup=0",
                                                "--connections=5", echo_url, NULL },
                              "/nonexistent");
    process_until(&process, process.out.count && strstr(process.out.data, "measuring, "));
    assert_int_equal(kill(process.pid, SIGINT), 0);
    assert_int_equal(process_end(&process), 0);
    assert_non_null(strstr(process.out.data, "errors       0"));
    process_free(&process);
}

static void failures_are_one_line_and_status_1(void **state)
{
    (void)state;
    /* Bound and not listening: nobody else gets this port, and nobody answers. */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t bytes = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    char silent_url[64];
    snprintf(silent_url, sizeof silent_url, "ws://127.0.0.1:%d/", ntohs(address.sin_port));

    const struct {
        const char *name;
        const char *url;
        const char *says;
        bool has_result;
    } cases[] = {
        { "refused connection", silent_url, "Connection refused", false },
        { "refused handshake", nowhere_url, "HTTP 404", false },
        { "no echo", chat_url, "an answer is not what was sent", true },
    };
    for_each_case(c, cases)
    {
        struct process process;
        const char *const arguments[] = { "bench",  "--duration=0.1", "--warmup=0",
                                          "--json", c->url,           NULL };
        assert_int_equal(process_run(&process, NULL, arguments), 1);
        if (!strstr(process.err.data, c->says))
            fail_msg("stderr: %s", process.err.data);
        assert_int_equal(process_count_lines(&process.err), 1);
        assert_int_equal(process_count_lines(&process.out), c->has_result);
        if (c->has_result) {
            json_t *result = result_of(&process);
            assert_int_equal(number(result, "wrong_answers"), 64);
            assert_int_equal(number(result, "failed"), 0);
            json_decref(result);
        }
        process_free(&process);
    }
    close(fd);
}

static void a_server_that_goes_is_a_failure(void **state)
{
    (void)state;
    struct process mortal, process;
    char mortal_url[64], mortal_echo[80];
    process_serve(&mortal, mortal_url, sizeof mortal_url, NULL);
    snprintf(mortal_echo, sizeof mortal_echo, "%s/echo", mortal_url);
    process_start_on_terminal(&process,
                              (const char *[]){ "bench", "--duration=600", "--warmup=0",
                                                "--connections=5", mortal_echo, NULL },
                              "/nonexistent");
    process_until(&process, process.out.count && strstr(process.out.data, "measuring, "));
    process_end_server(&mortal);
    assert_int_equal(process_end(&process), 1);
    assert_non_null(strstr(process.out.data, "the server has closed it with 1001"));
    assert_non_null(strstr(process.out.data, ", 5 failed"));
    process_free(&process);
}

static void wrong_usage_is_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *arguments[8];
        const char *says;
    } cases[] = {
        { "no URL", { "bench" }, "a URL is missing" },
        { "two URLs", { "bench", "ws://a", "ws://b" }, "unexpected argument ws://b" },
        { "not a URL", { "bench", "hello" }, "hello is not a WebSocket URL" },
        { "connections", { "bench", "--connections=100001", "ws://a" }, "at most 100000" },
        { "no connection", { "bench", "--connections=0", "ws://a" }, "--connections 0" },
        { "depth", { "bench", "--depth", "65537", "ws://a" }, "--depth: at most 65536" },
        { "both",
          { "bench", "--depth=60000", "--connections=1000", "ws://a" },
          "--connections times --depth: at most" },
        { "depth and rate", { "bench", "--depth=2", "--rate=9", "ws://a" }, "--rate" },
        { "rate", { "bench", "--rate=100000001", "ws://a" }, "--rate: at most" },
        { "size", { "bench", "--size=2G", "ws://a" }, "--size: at most" },
        { "duration", { "bench", "--duration=3600.1", "ws://a" }, "--duration: at most 3600" },
        { "no time", { "bench", "--duration", "0", "ws://a" }, "--duration 0" },
        { "warmup", { "bench", "--warmup", "3601", "ws://a" }, "--warmup: at most 3600" },
        { "threads", { "bench", "--threads=257", "--connections=300", "ws://a" }, "at most 256" },
        { "no header", { "bench", "-H", "Cookie", "ws://a" }, "-H Cookie: expected" },
        { "bad header",
          { "bench", "-H", "A B: c", "ws://a" },
          "-H A B: c: expected 'NAME: VALUE'" },
        { "header of the handshake",
          { "bench", "-H", "Upgrade: c", "ws://a" },
          "-H Upgrade: c: this header belongs to the handshake" },
        { "Origin",
          { "bench", "-H", "Origin: http://a", "ws://a" },
          "this header belongs to --origin" },
        { "bad origin", { "bench", "--origin", "a\nb", "ws://a" }, "--origin has control" },
        { "bad protocol",
          { "bench", "--protocol", "a b", "ws://a" },
          "--protocol a b: a name has no spaces" },
        { "protocol twice",
          { "bench", "--protocol", "a", "--protocol", "a", "ws://a" },
          "--protocol a is given twice" },
    };
    for_each_case(c, cases)
    {
        struct process process;
        int status = process_run(&process, NULL, c->arguments);
        if (!strstr(process.err.data, c->says))
            fail_msg("stderr: %s", process.err.data);
        assert_int_equal(status, 2);
        assert_int_equal(process_count_lines(&process.err), 1);
        assert_int_equal(process.out.count, 0);
        process_free(&process);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_counted),
        cmocka_unit_test(the_text_is_for_people),
        cmocka_unit_test(a_terminal_gets_a_bar_and_a_plot),
        cmocka_unit_test(an_interrupt_shows_what_was_measured),
        cmocka_unit_test(failures_are_one_line_and_status_1),
        cmocka_unit_test(a_server_that_goes_is_a_failure),
        cmocka_unit_test(wrong_usage_is_one_line),
    };
    return cmocka_run_group_tests(tests, start_server, end_server);
}

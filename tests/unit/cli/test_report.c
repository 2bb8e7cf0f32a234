#include "cli/report.h"
#include "support/cases.h"

#include <errno.h>
#include <string.h>

static void foreign_text_steers_no_terminal(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        const char *line;
        const char *lines;
    } cases[] = {
        { "plain", "hello", "hello", "hello" },
        { "umlauts", "größe 😀", "größe 😀", "größe 😀" },
        { "colour", "\033[31mred", "\\x1b[31mred", "\\x1b[31mred" },
        { "two lines", "a\nb", "a\\x0ab", "a\nb" },
        { "tab", "a\tb", "a\\x09b", "a\tb" },
        { "carriage return", "a\rb", "a\\x0db", "a\\x0db" },
        { "delete", "a\177b", "a\\x7fb", "a\\x7fb" },
        { "C1",
          "a\xC2\x9B"
          "b",
          "a\\x9bb", "a\\x9bb" },
        { "no C1", "a\u00A0b", "a\u00A0b", "a\u00A0b" },
    };
    for_each_case(c, cases)
    {
        char out[64];
        size_t bytes = strlen(c->text);
        assert_int_equal(report_escape(out, sizeof out, weft_text_of(c->text), false), bytes);
        assert_string_equal(out, c->line);
        assert_int_equal(report_escape(out, sizeof out, weft_text_of(c->text), true), bytes);
        assert_string_equal(out, c->lines);
    }
}

static void a_short_buffer_takes_what_fits(void **state)
{
    (void)state;
    char out[16], all[64] = "";
    struct weft_text rest = weft_text_of("0123\033\033456789abcdef\r\n");
    for (int rounds = 0; rest.count && rounds < 10; rounds++) {
        size_t used = report_escape(out, sizeof out, rest, false);
        strcat(all, out);
        rest.data += used;
        rest.count -= used;
    }
    assert_string_equal(all, "0123\\x1b\\x1b456789abcdef\\x0d\\x0a");
}

static void each_failure_says_what_it_knows(void **state)
{
    (void)state;
    static const struct weft_header location = { { "Location", 8 }, { "ws://b/", 7 } };
    static const struct weft_header plain = { { "Content-Type", 12 }, { "text/plain", 10 } };
    static const struct weft_http_answer moved = {
        302, { "Found", 5 }, { &location, 1 }, { NULL, 0 }, false
    };
    static const struct weft_http_answer busy = {
        503, { "", 0 }, { &plain, 1 }, { (const uint8_t *)"later\nmore", 10 }, false
    };
    const struct {
        const char *name;
        struct weft_failure failure;
        const char *line;
    } cases[] = {
        { "protocol",
          { .kind = WEFT_FAILURE_PROTOCOL, .text = "a mask", .rule = "RFC 6455 5.1" },
          "a mask (RFC 6455 5.1)" },
        { "limit",
          { .kind = WEFT_FAILURE_LIMIT,
            .text = "too big",
            .limit_name = "message_bytes_max",
            .limit = 3 },
          "too big (--max-message is 3)" },
        { "another limit",
          { .kind = WEFT_FAILURE_LIMIT,
            .text = "too big",
            .limit_name = "send_bytes_max",
            .limit = 3 },
          "too big (send_bytes_max is 3)" },
        { "resolve", { .kind = WEFT_FAILURE_RESOLVE, .text = "no such name" }, "no such name" },
        { "connect",
          { .kind = WEFT_FAILURE_CONNECT, .text = "no connection", .system_error = ECONNREFUSED },
          "no connection: Connection refused" },
        { "timeout",
          { .kind = WEFT_FAILURE_TIMEOUT, .text = "silence", .limit_name = "x", .limit = 1500 },
          "silence (after 1.5 s)" },
        { "transport",
          { .kind = WEFT_FAILURE_TRANSPORT, .text = "broken", .system_error = ECONNRESET },
          "broken: Connection reset by peer" },
        { "memory", { .kind = WEFT_FAILURE_MEMORY, .text = "no memory" }, "no memory" },
        { "aborted", { .kind = WEFT_FAILURE_ABORTED, .text = "closed" }, "closed" },
        { "blocked",
          { .kind = WEFT_FAILURE_BLOCKED, .text = "the port is blocked", .rule = "Fetch" },
          "the port is blocked (Fetch)" },
        { "storage",
          { .kind = WEFT_FAILURE_STORAGE, .text = "no file", .system_error = ENOSPC },
          "no file: No space left on device" },
        { "tls", { .kind = WEFT_FAILURE_TLS, .text = "no TLS" }, "no TLS" },
        { "a wrong 101",
          { .kind = WEFT_FAILURE_HANDSHAKE,
            .text = "no Upgrade",
            .rule = "RFC 6455 4.1",
            .http.status = 101 },
          "no Upgrade (RFC 6455 4.1)" },
        { "refused",
          { .kind = WEFT_FAILURE_HANDSHAKE, .text = "refused", .rule = "R", .http = busy },
          "handshake refused: HTTP 503: later" },
        { "redirected",
          { .kind = WEFT_FAILURE_HANDSHAKE, .text = "refused", .rule = "R", .http = moved },
          "handshake refused: HTTP 302 Found to ws://b/ (--follow goes there)" },
        { "too far",
          { .kind = WEFT_FAILURE_HANDSHAKE,
            .text = "too many redirects",
            .limit_name = "redirects_max",
            .limit = 2,
            .http = moved },
          "too many redirects (--follow is 2)" },
        { "nowhere to go",
          { .kind = WEFT_FAILURE_HANDSHAKE, .text = "not followed", .http = moved },
          "not followed (HTTP 302 to ws://b/)" },
    };
    for_each_case(c, cases)
    {
        char line[256];
        report_describe(line, sizeof line, &c->failure);
        assert_string_equal(line, c->line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_text_steers_no_terminal),
        cmocka_unit_test(a_short_buffer_takes_what_fits),
        cmocka_unit_test(each_failure_says_what_it_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

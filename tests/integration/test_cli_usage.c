/* What the program answers when it is asked for something that does not exist, and for help. */
#include "support/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weft/weft.h"

static void wrong_usage_is_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *arguments[6];
        int status;
        const char *says; /* Stands in the line. */
    } cases[] = {
        { "nothing", { NULL }, 2, "a command is missing" },
        { "unknown command", { "sevre" }, 2, "unknown command sevre" },
        { "unknown option of weft", { "--verbose" }, 2, "unknown option --verbose" },
        { "help of nothing", { "help", "sevre" }, 2, "unknown command sevre" },
        { "unknown option", { "serve", "--threads" }, 2, "unknown option --threads" },
        { "later option", { "serve", "--workers=2" }, 2, "unknown option --workers (" },
        { "unknown letter", { "connect", "-x", "ws://a" }, 2, "unknown option -x" },
        { "operand", { "serve", "8080" }, 2, "unexpected argument 8080" },
        { "value missing", { "serve", "--listen" }, 2, "--listen needs a value: ADDRESS" },
        { "flag with a value", { "serve", "--quiet=1" }, 2, "--quiet takes no value" },
        { "line break", { "serve", "a\nb\033" }, 2, "unexpected argument a\\x0ab\\x1b" },
        { "no port", { "serve", "--listen", "localhost" }, 2, "--listen localhost: expected" },
        { "bad port", { "serve", "--listen", "127.0.0.1:65536" }, 2, "127.0.0.1:65536" },
        { "no path", { "serve", "--listen", "unix:" }, 2, "--listen unix:" },
        { "not my address",
          { "serve", "--listen", "192.0.2.1:0" },
          1,
          "cannot listen on 192.0.2.1:0: Cannot assign requested address" },
        { "no folder",
          { "serve", "--listen", "unix:/nonexistent/a" },
          1,
          "cannot listen on unix:/nonexistent/a: No such file" },
        { "site", { "serve", "--site", "/nonexistent" }, 1, "/nonexistent: No such file" },
        { "site that is a file", { "serve", "--site", "/dev/null" }, 1, "Not a directory" },
        { "bytes", { "serve", "--max-message", "16 MB" }, 2, "--max-message 16 MB: expected" },
        { "no bytes", { "serve", "--max-message", "0" }, 2, "--max-message 0: expected" },
        { "level", { "serve", "--deflate-level", "10" }, 2, "--deflate-level 10: expected 1 to 9" },
        { "window of 8 bits",
          { "serve", "--deflate-window-bits", "8" },
          2,
          "--deflate-window-bits 8: expected 9 to 15" },
        { "seconds", { "serve", "--ping-interval", "-1" }, 2, "--ping-interval -1: expected" },
        { "count", { "serve", "--max-connections", "0" }, 2, "--max-connections 0: expected" },
        { "backend", { "serve", "--backend", "kqueue" }, 2, "kqueue: expected epoll or poll" },
        { "no URL", { "connect" }, 2, "a URL is missing" },
        { "two URLs", { "connect", "ws://a", "ws://b" }, 2, "unexpected argument ws://b" },
        { "not a URL", { "connect", "hello" }, 2, "hello is not a WebSocket URL" },
        { "not a scheme", { "connect", "ftp://a" }, 2, "ftp://a is not a WebSocket URL" },
        { "not a port", { "connect", "ws://a:99999" }, 2, "is not a WebSocket URL" },
        { "a fragment", { "connect", "ws://a/#" }, 2, "is not a WebSocket URL" },
        { "protocol", { "connect", "--protocol", "a b", "ws://a" }, 2, "--protocol a b" },
        { "protocol twice",
          { "connect", "--protocol=a", "--protocol=a", "ws://a" },
          2,
          "--protocol a is given twice" },
        { "no such proxy",
          { "connect", "--proxy", "ftp://p", "ws://a" },
          2,
          "--proxy ftp://p: expected http://" },
        { "a proxy behind TLS", { "bench", "--proxy=https://p", "ws://a" }, 2, "https://p: expec" },
        { "two minds", { "connect", "--proxy=p", "--no-proxy", "ws://a" }, 2, "be joined with --" },
        { "no address", { "connect", "--source", "a", "ws://a" }, 2, "--source a: expected a num" },
        { "no interface",
          { "bench", "--interface", "sixteen-letters-", "ws://a" },
          2,
          "--interface sixteen-letters-: no" },
        { "no header", { "connect", "-H", "Cookie", "ws://a" }, 2, "-H Cookie: expected" },
        { "bad name", { "connect", "-H", "A B: c", "ws://a" }, 2, "-H A B: c: expected" },
        { "bad value", { "connect", "-H", "A: b\r\nC: d", "ws://a" }, 2, "expected 'NAME" },
        { "header of ours", { "connect", "-H", "host: a", "ws://a" }, 2, "belongs to the URL" },
        { "no time", { "connect", "--timeout", "0", "ws://a" }, 2, "--timeout 0" },
        { "echo of bytes", { "connect", "--echo", "--binary", "ws://a" }, 2, "--binary" },
    };
    for_each_case(c, cases)
    {
        struct process process;
        int status = process_run(&process, NULL, c->arguments);
        if (!strstr(process.err.data, c->says))
            fail_msg("stderr: %s", process.err.data);
        assert_int_equal(status, c->status);
        assert_memory_equal(process.err.data, "weft: ", 6);
        assert_int_equal(process_count_lines(&process.err), 1);
        assert_int_equal(process.out.count, 0);
        process_free(&process);
    }
}

static void help_is_for_stdout(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *arguments[4];
        const char *says;
    } cases[] = {
        { "weft", { "--help" }, "weft connect" },
        { "help", { "help" }, "weft serve" },
        { "help names bench", { "help" }, "weft bench" },
        { "serve", { "serve", "--help" }, "--max-connections N" },
        { "help serve", { "help", "serve" }, "--max-connections N" },
        { "connect", { "connect", "--help" }, "-H, --header 'NAME: VALUE'" },
        { "behind others", { "connect", "--echo", "--help" }, "--no-history" },
        { "bench", { "bench", "--help" }, "--connections N" },
        { "version", { "--version" }, "weft " WEFT_VERSION "\n" },
    };
    for_each_case(c, cases)
    {
        struct process process;
        assert_int_equal(process_run(&process, NULL, c->arguments), 0);
        assert_non_null(strstr(process.out.data, c->says));
        assert_int_equal(process.err.count, 0);
        for (char *line = strtok(process.out.data, "\n"); line; line = strtok(NULL, "\n"))
            assert_in_range(strlen(line), 0, 100);
        process_free(&process);
    }
}

static void every_option_has_its_place_in_the_manual(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *page;
    } cases[] = { { "serve", "weft-serve.1" },
                  { "connect", "weft-connect.1" },
                  { "bench", "weft-bench.1" } };
    for_each_case(c, cases)
    {
        struct process process;
        assert_int_equal(process_run(&process, NULL, (const char *[]){ c->name, "--help", NULL }),
                         0);
        char path[512], row[64];
        static char page[65536];
        const char *source = getenv("WEFT_SOURCE");
        snprintf(path, sizeof path, "%s/docs/man/%s", source ? source : ".", c->page);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        page[fread(page, 1, sizeof page - 1, file)] = '\0';
        fclose(file);

        size_t options = 0;
        for (char *at = process.out.data; (at = strstr(at, " --")) != NULL; options++) {
            at += 3;
            snprintf(row, sizeof row, "Fl -%.*s", (int)strcspn(at, " ,.\n)"), at);
            if (!strstr(page, row))
                fail_msg("%s has no \"%s\"", c->page, row);
        }
        assert_in_range(options, 9, 40);
        process_free(&process);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_usage_is_one_line),
        cmocka_unit_test(help_is_for_stdout),
        cmocka_unit_test(every_option_has_its_place_in_the_manual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

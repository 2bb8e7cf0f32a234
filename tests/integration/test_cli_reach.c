/* weft serve as a service: started by systemd, or behind proxies. systemd's part is played here. */
#include "support/manager.h"
#include "support/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const arguments[] = { "serve", "--quiet", "--listen", "127.0.0.1:0", NULL };

static void it_tells_that_it_is_ready_and_that_it_stops(void **state)
{
    (void)state;
    for (int is_abstract = 0; is_abstract < 2; is_abstract++) {
        struct manager manager;
        struct process server;
        manager_open(&manager, is_abstract);
        process_start(&server, arguments);
        assert_string_equal(manager_hear(&manager), "READY=1\nSTATUS=serving");
        /* It listens by then. */
        process_until(&server, strchr(server.out.data ? server.out.data : "", '\n'));
        kill(server.pid, SIGTERM);
        assert_string_equal(manager_hear(&manager), "STOPPING=1\nSTATUS=closing all connections");
        assert_int_equal(process_end(&server), 0);
        process_free(&server);
        manager_close(&manager);
    }
}

static void it_shows_that_it_lives(void **state)
{
    (void)state;
    struct manager manager;
    struct process server;
    manager_open(&manager, false);
    setenv("WATCHDOG_USEC", "20000", 1);
    process_start(&server, arguments);
    assert_string_equal(manager_hear(&manager), "READY=1\nSTATUS=serving");
    for (int i = 0; i < 3; i++)
        assert_string_equal(manager_hear(&manager), "WATCHDOG=1");
    process_end_server(&server);
    unsetenv("WATCHDOG_USEC");
    manager_close(&manager);
}

/* Nobody, somebody who is not there, and another kind of address: it serves all the same. */
static void it_needs_nobody_to_tell(void **state)
{
    (void)state;
    static const char *const names[] = { NULL, "/nowhere/at/all", "vsock:2:1234", "", "@" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct process server;
        if (names[i])
            setenv("NOTIFY_SOCKET", names[i], 1);
        process_start(&server, arguments);
        process_until(&server, server.out.count > 0);
        process_end_server(&server);
        unsetenv("NOTIFY_SOCKET");
    }
}

/* ---- sockets that are there ---- */

static int listening_socket(uint16_t *port_out)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t bytes = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &bytes), 0);
    *port_out = ntohs(at.sin_port);
    return fd;
}

/* What a request at the port is answered. */
static const char *ask(uint16_t port, const char *request)
{
    static char answer[4096];
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    size_t count = 0;
    ssize_t got;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    dprintf(fd, "%s", request);
    while ((got = read(fd, answer + count, sizeof answer - 1 - count)) > 0)
        count += (size_t)got;
    answer[count] = '\0';
    close(fd);
    return answer;
}

#define GET_HEALTH "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

/* The shell has the process id that LISTEN_PID must name, and gives it on by exec. The descriptors
 * are high ones meanwhile, which no shell closes or uses. */
static void start_activated(struct process *server, const int *fds, size_t count, const char *names,
                            const char *options)
{
    char script[1024], *at = script;
    at += sprintf(at, "exec");
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(fcntl(fds[i], F_SETFD, 0), 0);
        at += sprintf(at, " %zu<&%d", i + 3, fds[i]);
    }
    sprintf(at,
            "; export LISTEN_PID=$$ LISTEN_FDS=%zu LISTEN_FDNAMES=%s; "
            "exec \"$WEFT_PROGRAM\" serve --quiet %s",
            count, names, options);
    const char *const shell[] = { "-c", script, NULL };
    process_start_program(server, "/bin/sh", shell);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(fcntl(fds[i], F_SETFD, FD_CLOEXEC), 0);
}

static int moved_up(int fd, int above)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, above);
    assert_true(high >= above);
    close(fd);
    return high;
}

static void it_takes_the_sockets_of_systemd(void **state)
{
    (void)state;
    uint16_t ports[2];
    int fds[2];
    struct process server;
    for (int i = 0; i < 2; i++)
        fds[i] = moved_up(listening_socket(&ports[i]), 6);
    start_activated(&server, fds, 2, "web:other", "--listen systemd");
    process_until(&server, process_count_lines(&server.out) > 0);
    for (int i = 0; i < 2; i++)
        assert_non_null(strstr(ask(ports[i], GET_HEALTH), "\r\n\r\nok\n"));
    process_end_server(&server);
    /* They are still systemd's, who keeps them for the next one. */
    for (int i = 0; i < 2; i++) {
        int value = 0;
        socklen_t bytes = sizeof value;
        assert_int_equal(getsockopt(fds[i], SOL_SOCKET, SO_ACCEPTCONN, &value, &bytes), 0);
        assert_int_equal(value, 1);
        close(fds[i]);
    }
}

static void it_takes_them_by_their_names(void **state)
{
    (void)state;
    uint16_t ports[2];
    int fds[2];
    struct process server;
    char expected[64];
    for (int i = 0; i < 2; i++)
        fds[i] = moved_up(listening_socket(&ports[i]), 6);
    start_activated(&server, fds, 2, "web:other", "--listen systemd:other");
    process_until(&server, process_count_lines(&server.out) > 0);
    snprintf(expected, sizeof expected, "listening on http://127.0.0.1:%u\n", (unsigned)ports[1]);
    assert_string_equal(server.out.data, expected);
    assert_non_null(strstr(ask(ports[1], GET_HEALTH), "\r\n\r\nok\n"));
    process_end_server(&server);

    start_activated(&server, fds, 2, "web:other", "--listen systemd:third");
    assert_int_equal(process_end(&server), 1);
    assert_non_null(strstr(server.err.data, "systemd has opened no such socket"));
    process_free(&server);

    start_activated(&server, fds, 1, "web", "--listen fd:3");
    process_until(&server, process_count_lines(&server.out) > 0);
    assert_non_null(strstr(ask(ports[0], GET_HEALTH), "\r\n\r\nok\n"));
    process_end_server(&server);
    for (int i = 0; i < 2; i++)
        close(fds[i]);
}

/* ---- a file, and proxies ---- */

static void a_file_with_a_mode_and_an_owner(void **state)
{
    (void)state;
    char listen_at[128], user[32];
    const char *folder = getenv("TMPDIR");
    struct process server;
    struct stat file;
    snprintf(listen_at, sizeof listen_at, "unix:%.60s/weft-mode-%ld", folder ? folder : "/tmp",
             (long)getpid());
    snprintf(user, sizeof user, "%u", (unsigned)geteuid());
    const char *const options[] = { "serve", "--quiet",     "--listen", listen_at, "--unix-mode",
                                    "0606",  "--unix-user", user,       NULL };
    process_start(&server, options);
    process_until(&server, process_count_lines(&server.out) > 0);
    assert_int_equal(stat(listen_at + 5, &file), 0);
    assert_int_equal(file.st_mode & 07777, 0606);
    process_end_server(&server);
    assert_int_equal(stat(listen_at + 5, &file), -1);
}

static uint16_t port_of(const char *url)
{
    return (uint16_t)atoi(strrchr(url, ':') + 1);
}

static void proxies_are_believed_as_told(void **state)
{
    (void)state;
    static const char *const options[] = { "--proxy-protocol", "127.0.0.0/8", NULL };
    struct process server;
    char url[64];
    process_serve(&server, url, sizeof url, options);
    assert_non_null(strstr(ask(port_of(url), "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" GET_HEALTH),
                           "\r\n\r\nok\n"));
    assert_string_equal(ask(port_of(url), GET_HEALTH), "");
    assert_non_null(strstr(ask(port_of(url), "PROXY UNKNOWN\r\nGET /metrics HTTP/1.1\r\nHost: a\r\n"
                                             "Connection: close\r\n\r\n"),
                           "weft_proxy_headers_refused_total 1\n"));
    process_end_server(&server);
}

static const struct {
    const char *name;
    const char *arguments[5];
    int status;
    const char *says;
} mistakes[] = {
    { "a mode", { "serve", "--unix-mode", "888" }, 2, "--unix-mode 888" },
    { "a mode too large", { "serve", "--unix-mode", "1777" }, 2, "--unix-mode 1777" },
    { "fields", { "serve", "--trusted-proxy", "::1", "--trusted-fields", "via" }, 2, "via" },
    { "fields of nobody", { "serve", "--trusted-fields", "forwarded" }, 2, "--trusted-proxy" },
    { "a proxy", { "serve", "--trusted-proxy", "localhost" }, 2, "--trusted-proxy" },
    { "another proxy", { "serve", "--proxy-protocol", "10.0.0.1/8" }, 2, "--proxy-protocol" },
    { "a user", { "serve", "--listen", "unix:none", "--unix-user", "no such" }, 1, "no such user" },
    { "nothing of systemd's", { "serve", "--listen", "systemd" }, 1, "systemd has opened" },
    { "a descriptor of standard error", { "serve", "--listen", "fd:2" }, 2, "fd:2" },
    { "a descriptor that is not there", { "serve", "--listen", "fd:999" }, 1, "Bad file" },
};

static void mistakes_are_told(void **state)
{
    (void)state;
    for_each_case(c, mistakes)
    {
        struct process process;
        const char *given[6] = { 0 };
        memcpy(given, c->arguments, sizeof c->arguments);
        assert_int_equal(process_run(&process, NULL, given), c->status);
        assert_non_null(strstr(process.err.data, c->says));
        assert_int_equal(process_count_lines(&process.err), 1);
        process_free(&process);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_tells_that_it_is_ready_and_that_it_stops),
        cmocka_unit_test(it_shows_that_it_lives),
        cmocka_unit_test(it_needs_nobody_to_tell),
        cmocka_unit_test(it_takes_the_sockets_of_systemd),
        cmocka_unit_test(it_takes_them_by_their_names),
        cmocka_unit_test(a_file_with_a_mode_and_an_owner),
        cmocka_unit_test(proxies_are_believed_as_told),
        cmocka_unit_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

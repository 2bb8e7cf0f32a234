/* The program over TLS. */
#include "support/certs.h"
#include "support/manager.h"
#include "support/process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "wss://127.0.0.1:N" of the first line that says so, or what else its scheme is. */
static void url_of(const struct process *server, const char *said, const char *scheme, char *url,
                   size_t url_bytes)
{
    const char *address = strstr(server->out.data, said);
    assert_non_null(address);
    address += strlen(said);
    snprintf(url, url_bytes, "%s://%.*s/echo", scheme, (int)strcspn(address, "\n"), address);
}

/* `weft serve` with a certificate of the tests and further arguments. */
static void serve(struct process *server, char *url, size_t url_bytes, const char *more,
                  const char *value)
{
    process_start(server, (const char *[]){ "serve", "--listen", "127.0.0.1:0", "--tls-cert",
                                            certs_path("server.pem"), "--tls-key",
                                            certs_path("server.key"), more, value, NULL });
    size_t lines = more && strcmp(more, "--listen") == 0 ? 2 : 1;
    process_until(server, process_count_lines(&server->out) == lines || server->exit_status >= 0);
    url_of(server, "listening on https://", "wss", url, url_bytes);
}

/* `weft connect` with up to five arguments before the URL; what it must say (NULL: an echo). */
static void connect_with(const char *url, const char *const *arguments, const char *says)
{
    struct process client;
    const char *all[10] = { "connect" };
    size_t count = 1;
    while (arguments && *arguments)
        all[count++] = *arguments++;
    all[count] = url;
    int status = process_run(&client, "hello\n", all);
    if (status != (says ? 1 : 0) || (says && !strstr(client.err.data, says)))
        fail_msg("status %d: %s", status, client.err.data);
    assert_string_equal(client.out.data, says ? "" : "hello\n");
    process_free(&client);
}

static void who_is_trusted(void **state)
{
    (void)state;
    struct process server;
    char url[128], pin[128];
    serve(&server, url, sizeof url, NULL, NULL);
    const char *ca = certs_path("ca.pem");
    connect_with(url, (const char *[]){ "--ca", ca, NULL }, NULL);
    connect_with(url, (const char *[]){ "--insecure", NULL }, NULL);
    connect_with(url, NULL, "unknown issuer");
    connect_with(url, (const char *[]){ "--ca", certs_path("other-ca.pem"), NULL },
                 "unknown issuer");
    snprintf(pin, sizeof pin, "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    connect_with(url, (const char *[]){ "--ca", ca, "--pin", pin, NULL }, "pin");
    connect_with(url, (const char *[]){ "--ca", "/nonexistent", NULL }, "/nonexistent");
    process_end_server(&server);
}

static void clients_show_who_they_are(void **state)
{
    (void)state;
    struct process server;
    char url[128];
    const char *ca = certs_path("ca.pem");
    serve(&server, url, sizeof url, "--tls-ca", ca);
    connect_with(url,
                 (const char *[]){ "--ca", ca, "--cert", certs_path("client.pem"), "--key",
                                   certs_path("client.key"), NULL },
                 NULL);
    connect_with(url, (const char *[]){ "--ca", ca, NULL }, "certificate required");
    process_end_server(&server);
}

static void an_address_may_stay_plain(void **state)
{
    (void)state;
    struct process server, bench;
    char url[128], plain[128];
    serve(&server, url, sizeof url, "--listen", "http://127.0.0.1:0");
    url_of(&server, "listening on http://", "ws", plain, sizeof plain);
    connect_with(plain, NULL, NULL);
    connect_with(url, (const char *[]){ "--insecure", NULL }, NULL);
    assert_int_equal(
        process_run(&bench, NULL,
                    (const char *[]){ "bench", "--insecure", "--duration", "0.05", "--warmup", "0",
                                      "--connections", "3", url, NULL }),
        0);
    process_free(&bench);
    process_end_server(&server);
}

static void copy_file(const char *from, const char *to)
{
    char data[16384];
    FILE *in = fopen(from, "r"), *out = fopen(to, "w");
    assert_true(in && out);
    size_t count = fread(data, 1, sizeof data, in);
    assert_int_equal(fwrite(data, 1, count, out), count);
    fclose(in);
    fclose(out);
}

/* A good pair, then what is no certificate, then a good pair again. */
static void certificates_are_read_again(void **state)
{
    (void)state;
    char folder[] = "/tmp/weft-tls-XXXXXX", leaf[64], key[64], url[128];
    struct process server;
    assert_non_null(mkdtemp(folder));
    snprintf(leaf, sizeof leaf, "%s/leaf.pem", folder);
    snprintf(key, sizeof key, "%s/leaf.key", folder);
    copy_file(certs_path("stranger.pem"), leaf);
    copy_file(certs_path("stranger.key"), key);
    process_start(&server, (const char *[]){ "serve", "--listen", "127.0.0.1:0", "--tls-cert", leaf,
                                             "--tls-key", key, NULL });
    process_until(&server, process_count_lines(&server.out) == 1);
    url_of(&server, "listening on https://", "wss", url, sizeof url);
    const char *const trust[] = { "--ca", certs_path("ca.pem"), NULL };
    connect_with(url, trust, "unknown issuer");

    copy_file(certs_path("server.pem"), leaf); /* The key is that of the other one. */
    kill(server.pid, SIGHUP);
    process_until(&server, server.err.data &&
                               strstr(server.err.data, "the certificates stay as they are: "));
    assert_non_null(strstr(server.err.data, folder));
    connect_with(url, trust, "unknown issuer");

    copy_file(certs_path("server.key"), key);
    kill(server.pid, SIGHUP);
    process_until(&server,
                  server.err.data && strstr(server.err.data, "the certificates were read again"));
    connect_with(url, trust, NULL);
    process_end_server(&server);
    unlink(leaf);
    unlink(key);
    rmdir(folder);
}

/* sd_notify(3): RELOADING=1 with the time, and READY=1 when it has ended. */
static void a_service_manager_hears_of_it(void **state)
{
    (void)state;
    struct manager manager;
    struct process server;
    char url[128];
    unsigned long long told_us;
    manager_open(&manager, false);
    serve(&server, url, sizeof url, "--quiet", NULL);
    assert_string_equal(manager_hear(&manager), "READY=1\nSTATUS=serving");
    kill(server.pid, SIGHUP);
    assert_int_equal(sscanf(manager_hear(&manager), "RELOADING=1\nMONOTONIC_USEC=%llu", &told_us),
                     1);
    assert_true(told_us > 0);
    assert_string_equal(manager_hear(&manager), "READY=1\nSTATUS=serving");
    connect_with(url, (const char *[]){ "--ca", certs_path("ca.pem"), NULL }, NULL);
    process_end_server(&server);
    manager_close(&manager);
}

static void wrong_usage_is_told(void **state)
{
    (void)state;
    const struct {
        const char *arguments[8];
        int status;
        const char *says;
    } cases[] = {
        { { "serve", "--tls-cert", "a" }, 2, "each --tls-cert needs its --tls-key" },
        { { "serve", "--tls-key", "a" }, 2, "each --tls-cert needs its --tls-key" },
        { { "serve", "--tls-ca", "a" }, 2, "--tls-ca needs --tls-cert and --tls-key" },
        { { "serve", "--tls-cert", "/nonexistent", "--tls-key", "/nonexistent" },
          1,
          "/nonexistent" },
        { { "connect", "--cert", "a", "wss://h" }, 2, "--cert and --key belong together" },
        { { "bench", "--key", "a", "wss://h" }, 2, "--cert and --key belong together" },
        { { "connect", "--pin", "abc", "wss://h" }, 1, "sha256//" },
        { { "bench", "--ca", "/nonexistent", "wss://h" }, 1, "/nonexistent" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct process process;
        assert_int_equal(process_run(&process, NULL, cases[i].arguments), cases[i].status);
        if (!strstr(process.err.data, cases[i].says))
            fail_msg("case %zu: %s", i, process.err.data);
        assert_int_equal(process_count_lines(&process.err), 1);
        process_free(&process);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_trusted),
        cmocka_unit_test(clients_show_who_they_are),
        cmocka_unit_test(an_address_may_stay_plain),
        cmocka_unit_test(certificates_are_read_again),
        cmocka_unit_test(a_service_manager_hears_of_it),
        cmocka_unit_test(wrong_usage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

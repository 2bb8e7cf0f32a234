/* Files that are not usable, and files that change. */
#include "pair.h"

#include <pthread.h>
#include <unistd.h>

struct file_case {
    const char *name;
    const char *certificate, *key, *ca;
    const char *expected;
};

static const struct file_case file_cases[] = {
    { "no such certificate", "missing.pem", "server.key", NULL,
      "/missing.pem: No such file or directory" },
    { "no such key", "server.pem", "missing.key", NULL, "/missing.key: No such file or directory" },
    { "another's key", "server.pem", "other.key", NULL,
      "/other.key: the key does not fit the certificate in " },
    { "a key of another kind", "server.pem", "rsa.key", NULL,
      "/rsa.key: the key does not fit the certificate in " },
    { "a key for a certificate", "server.key", "server.key", NULL,
      "/server.key: nothing in PEM form that is needed here" },
    { "a certificate for a key", "server.pem", "server.pem", NULL, "/server.pem: " },
    { "no PEM at all", "server.pin", "server.key", NULL,
      "/server.pin: nothing in PEM form that is needed here" },
    { "a folder", ".", "server.key", NULL, "/.: " },
    { "no such authorities", "server.pem", "server.key", "missing.pem", "/missing.pem: " },
    { "authorities without PEM", "server.pem", "server.key", "server.pin", "/server.pin: " },
};

static void test_files_that_are_not_usable(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof file_cases / sizeof file_cases[0]; i++) {
        const struct file_case *c = &file_cases[i];
        struct weft_tls_certificate certificate = { cert_path(c->certificate), cert_path(c->key) };
        struct weft_tls_server_options options = {
            .certificates = &certificate,
            .certificate_count = 1,
            .ca_file = c->ca ? cert_path(c->ca) : NULL,
        };
        weft_tls *tls;
        char error[1024] = "";
        weft_status status = weft_tls_server_create(&options, &tls, error, sizeof error);
        if (status != WEFT_ERR_ARGUMENT || tls || !strstr(error, c->expected))
            fail_msg("%s: %s: %s", c->name, weft_status_name(status), error);
        /* Whoever wants no line, or has little room, gets the same answer. */
        char little[4];
        assert_int_equal(weft_tls_server_create(&options, &tls, NULL, 0), WEFT_ERR_ARGUMENT);
        assert_int_equal(weft_tls_server_create(&options, &tls, little, sizeof little),
                         WEFT_ERR_ARGUMENT);
        assert_int_equal(strlen(little), sizeof little - 1);
    }
}

static void test_options_that_make_no_sense(void **state)
{
    (void)state;
    struct weft_tls_certificate good = cert_pair("server");
    struct weft_tls_certificate half = { good.certificate_file, NULL };
    const struct weft_tls_server_options bad[] = {
        { 0 },
        { .certificates = &good },
        { .certificate_count = 1 },
        { .certificates = &half, .certificate_count = 1 },
        { .certificates = &good, .certificate_count = 1, .version_min = (enum weft_tls_version)11 },
        { .certificates = &good, .certificate_count = 1, .client_certificate = WEFT_TLS_REQUIRED },
        { .certificates = &good, .certificate_count = 1, .ticket_lifetime_s = 604801 },
        { .certificates = &good,
          .certificate_count = 1,
          .client_certificate = (enum weft_tls_client_certificate)3 },
    };
    weft_tls *tls;
    char error[256];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(weft_tls_server_create(&bad[i], &tls, error, sizeof error),
                         WEFT_ERR_ARGUMENT);
        assert_true(error[0] != '\0');
    }
    assert_int_equal(weft_tls_server_create(NULL, &tls, NULL, 0), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_tls_server_create(&bad[1], NULL, NULL, 0), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_tls_client_create(NULL, NULL, NULL, 0), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_tls_reload(NULL, NULL, 0), WEFT_ERR_ARGUMENT);
    struct weft_tls_client_options client = { .sessions_max = 4097 };
    assert_int_equal(weft_tls_client_create(&client, &tls, NULL, 0), WEFT_ERR_ARGUMENT);
    client = (struct weft_tls_client_options){ .certificate = half };
    assert_int_equal(weft_tls_client_create(&client, &tls, NULL, 0), WEFT_ERR_ARGUMENT);
    assert_null(weft_tls_retain(NULL));
    weft_tls_release(NULL);
}

static void test_defaults_of_a_client(void **state)
{
    (void)state;
    weft_tls *tls;
    char error[256] = "full";
    assert_int_equal(weft_tls_client_create(NULL, &tls, error, sizeof error), WEFT_OK);
    assert_string_equal(error, "");
    assert_ptr_equal(weft_tls_retain(tls), tls);
    weft_tls_release(tls);
    weft_tls_release(tls);
}

/* Two names that the test lets point to one certificate or another. */
struct live {
    char folder[64];
    char certificate[96], key[96];
};

static void point(struct live *live, const char *certificate, const char *key)
{
    (void)unlink(live->certificate);
    (void)unlink(live->key);
    char file[64];
    (void)snprintf(file, sizeof file, "%s.pem", certificate);
    assert_int_equal(symlink(cert_path(file), live->certificate), 0);
    (void)snprintf(file, sizeof file, "%s.key", key);
    assert_int_equal(symlink(cert_path(file), live->key), 0);
}

static weft_tls *live_server(struct live *live)
{
    (void)snprintf(live->folder, sizeof live->folder, "/tmp/weft-tls-XXXXXX");
    assert_non_null(mkdtemp(live->folder));
    (void)snprintf(live->certificate, sizeof live->certificate, "%s/live.pem", live->folder);
    (void)snprintf(live->key, sizeof live->key, "%s/live.key", live->folder);
    point(live, "server", "server");
    struct weft_tls_certificate certificate = { live->certificate, live->key };
    struct weft_tls_server_options options = { .certificates = &certificate,
                                               .certificate_count = 1 };
    weft_tls *tls;
    assert_int_equal(weft_tls_server_create(&options, &tls, NULL, 0), WEFT_OK);
    return tls;
}

static void live_drop(struct live *live)
{
    (void)unlink(live->certificate);
    (void)unlink(live->key);
    (void)rmdir(live->folder);
}

static void assert_shows(weft_tls *server, weft_tls *client, const char *subject)
{
    struct pair pair;
    pair_open(&pair, client, server, "localhost");
    pair_run(&pair);
    assert_string_equal(wf_tls_info(pair.client.tls)->peer_subject, subject);
    pair_close(&pair);
}

struct reload_case {
    const char *certificate, *key;
    const char *expected; /* NULL: it is taken. */
};

static const struct reload_case reload_cases[] = {
    { "wrong-host", "server", "live.key: the key does not fit the certificate in " },
    { "expired", "expired", "live.pem: the certificate has expired" },
    { "future", "future", "live.pem: the certificate is not valid yet" },
    { "missing", "missing", "live.pem: No such file or directory" },
    { "wrong-host", "wrong-host", NULL },
};

static void test_reload(void **state)
{
    (void)state;
    struct live live;
    struct weft_tls_client_options options = { .insecure = true, .resumption_off = true };
    weft_tls *client;
    assert_int_equal(weft_tls_client_create(&options, &client, NULL, 0), WEFT_OK);
    weft_tls *server = live_server(&live);
    struct pair old;
    pair_open(&old, client, server, "localhost");
    for (size_t i = 0; i < sizeof reload_cases / sizeof reload_cases[0]; i++) {
        const struct reload_case *c = &reload_cases[i];
        point(&live, c->certificate, c->key);
        char error[512];
        weft_status status = weft_tls_reload(server, error, sizeof error);
        assert_int_equal(status, c->expected ? WEFT_ERR_ARGUMENT : WEFT_OK);
        if (c->expected ? !strstr(error, c->expected) : error[0] != '\0')
            fail_msg("%s: %s", c->certificate, error);
        assert_shows(server, client, c->expected ? "CN=localhost" : "CN=wrong.test");
    }

    /* One that had begun goes on with what there was. */
    pair_run(&old);
    assert_string_equal(wf_tls_info(old.client.tls)->peer_subject, "CN=localhost");
    end_say(&old.client, "still here");
    pair_run(&old);
    assert_heard(&old.server, "still here");
    pair_close(&old);
    weft_tls_release(client);
    weft_tls_release(server);
    live_drop(&live);
}

static void test_a_warning_at_the_start(void **state)
{
    (void)state;
    struct weft_tls_certificate certificate = cert_pair("expired");
    struct weft_tls_server_options options = { .certificates = &certificate,
                                               .certificate_count = 1 };
    weft_tls *tls;
    char error[512];
    assert_int_equal(weft_tls_server_create(&options, &tls, error, sizeof error), WEFT_OK);
    assert_non_null(strstr(error, "expired.pem: the certificate has expired"));
    weft_tls_release(tls);
}

struct work {
    weft_tls *client, *server;
};

static void *connect_again_and_again(void *argument)
{
    struct work *work = argument;
    bool is_good = true;
    for (int i = 0; i < 40 && is_good; i++) {
        struct pair *pair = malloc(sizeof *pair);
        pair_open(pair, work->client, work->server, "localhost");
        pair_run(pair);
        is_good = wf_tls_is_done(pair->client.tls) && wf_tls_is_done(pair->server.tls);
        pair_close(pair);
        free(pair);
    }
    wf_pool_drop(test_pool());
    return is_good ? NULL : "a handshake failed";
}

/* One thread loads again while others make sessions, resume and end them. */
static void test_reload_beside_other_threads(void **state)
{
    (void)state;
    struct weft_tls_certificate certificates[2] = { cert_pair("other"), cert_pair("server") };
    struct weft_tls_server_options server = { .certificates = certificates,
                                              .certificate_count = 2,
                                              .ca_file = cert_path("ca.pem"),
                                              .client_certificate = WEFT_TLS_REQUIRED };
    struct weft_tls_client_options client = { .ca_file = cert_path("ca.pem"),
                                              .certificate = cert_pair("client") };
    struct work work = { 0 };
    assert_int_equal(weft_tls_client_create(&client, &work.client, NULL, 0), WEFT_OK);
    assert_int_equal(weft_tls_server_create(&server, &work.server, NULL, 0), WEFT_OK);
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, connect_again_and_again, &work), 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(weft_tls_reload(work.server, NULL, 0), WEFT_OK);
        assert_int_equal(weft_tls_reload(work.client, NULL, 0), WEFT_OK);
    }
    for (size_t i = 0; i < 3; i++) {
        void *problem;
        assert_int_equal(pthread_join(threads[i], &problem), 0);
        assert_null(problem);
    }
    weft_tls_release(work.client);
    weft_tls_release(work.server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_that_are_not_usable),
        cmocka_unit_test(test_options_that_make_no_sense),
        cmocka_unit_test(test_defaults_of_a_client),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_a_warning_at_the_start),
        cmocka_unit_test(test_reload_beside_other_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

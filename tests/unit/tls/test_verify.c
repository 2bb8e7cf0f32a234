/* Whom a client believes, and the words for whom it does not. */
#include "pair.h"

struct verify_case {
    const char *name;
    const char *server;   /* Certificate of the server. */
    const char *host;     /* Whom the client wants. */
    const char *ca;       /* NULL: the system's. */
    const char *expected; /* In the client's failure; NULL: they get through. */
    const char *pin;      /* NULL: none. "right": the server's. */
    bool insecure;
};

static const char wrong_pin[] = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

static const struct verify_case cases[] = {
    { .name = "a name", .server = "server", .host = "localhost", .ca = "ca.pem" },
    { .name = "an RSA key", .server = "rsa", .host = "localhost", .ca = "ca.pem" },
    { .name = "upper case", .server = "server", .host = "LOCALHOST", .ca = "ca.pem" },
    { .name = "IPv4", .server = "server", .host = "127.0.0.1", .ca = "ca.pem" },
    { .name = "IPv6", .server = "server", .host = "::1", .ca = "ca.pem" },
    { .name = "IPv6 in brackets", .server = "server", .host = "[::1]", .ca = "ca.pem" },
    { .name = "wildcard", .server = "other", .host = "a.wild.test", .ca = "ca.pem" },
    { .name = "a leaf that is trusted itself",
      .server = "self",
      .host = "localhost",
      .ca = "self.pem" },
    { .name = "wildcard is one label",
      .server = "other",
      .host = "a.b.wild.test",
      .ca = "ca.pem",
      .expected = "the certificate is not for a.b.wild.test (it is for other.test,*.wild.test)" },
    { .name = "wrong host",
      .server = "wrong-host",
      .host = "localhost",
      .ca = "ca.pem",
      .expected = "the certificate is not for localhost (it is for wrong.test)" },
    { .name = "wrong address",
      .server = "server",
      .host = "127.0.0.2",
      .ca = "ca.pem",
      .expected = "is not for 127.0.0.2 (it is for localhost,127.0.0.1,0:0:0:0:0:0:0:1)" },
    { .name = "the common name is no name",
      .server = "client",
      .host = "client",
      .ca = "ca.pem",
      .expected = "the certificate is" },
    { .name = "expired",
      .server = "expired",
      .host = "localhost",
      .ca = "ca.pem",
      .expected = "the certificate has expired (CN=expired)" },
    { .name = "not yet",
      .server = "future",
      .host = "localhost",
      .ca = "ca.pem",
      .expected = "the certificate is not valid yet (CN=future)" },
    { .name = "self-signed",
      .server = "self",
      .host = "localhost",
      .ca = "ca.pem",
      .expected = "the certificate is self-signed (CN=self)" },
    { .name = "unknown issuer",
      .server = "stranger",
      .host = "localhost",
      .ca = "ca.pem",
      .expected = "unknown issuer of the certificate (CN=weft other CA)" },
    { .name = "the system does not know the test CA",
      .server = "server",
      .host = "localhost",
      .expected = "unknown issuer of the certificate (CN=weft test CA)" },
    { .name = "a client's certificate is no server's",
      .server = "client",
      .host = "client.test",
      .ca = "ca.pem",
      .expected = "the certificate is refused: unsuitable certificate purpose" },
    { .name = "insecure, all wrong", .server = "expired", .host = "elsewhere", .insecure = true },
    { .name = "pinned", .server = "server", .host = "localhost", .ca = "ca.pem", .pin = "right" },
    { .name = "wrong pin",
      .server = "server",
      .host = "localhost",
      .ca = "ca.pem",
      .pin = wrong_pin,
      .expected = "the server's key is none of the pinned keys" },
    { .name = "insecure, pinned", .server = "self", .host = "x", .insecure = true, .pin = "right" },
    { .name = "insecure, wrong pin",
      .server = "self",
      .host = "x",
      .insecure = true,
      .pin = wrong_pin,
      .expected = "the server's key is none of the pinned keys" },
    { .name = "a pin does not replace the chain",
      .server = "stranger",
      .host = "localhost",
      .ca = "ca.pem",
      .pin = "right",
      .expected = "unknown issuer" },
};

static weft_tls *client_for(const struct verify_case *c)
{
    char right[80];
    const char *pins[2] = { wrong_pin, c->pin };
    if (c->pin && strcmp(c->pin, "right") == 0) {
        pin_of(c->server, right, sizeof right);
        pins[1] = right;
    }
    struct weft_tls_client_options options = {
        .ca_file = c->ca ? cert_path(c->ca) : NULL,
        .insecure = c->insecure,
        .pinned_keys = pins,
        .pinned_key_count = c->pin ? 2 : 0,
    };
    weft_tls *tls;
    char error[256];
    if (weft_tls_client_create(&options, &tls, error, sizeof error))
        fail_msg("%s: %s", c->name, error);
    return tls;
}

static void check_good(const struct verify_case *c, struct pair *pair)
{
    const struct weft_failure *failure = wf_tls_failure(pair->client.tls);
    if (failure)
        fail_msg("%s: %s", c->name, failure->text);
    const struct weft_tls_info *info = wf_tls_info(pair->client.tls);
    assert_int_equal(info->peer_is_verified, !c->insecure);
    end_say(&pair->client, "ping");
    pair_run(pair);
    assert_heard(&pair->server, "ping");
}

static void check_bad(const struct verify_case *c, struct pair *pair)
{
    const struct weft_failure *failure = wf_tls_failure(pair->client.tls);
    if (!failure || !strstr(failure->text, c->expected))
        fail_msg("%s: %s, and not: %s", c->name, failure ? failure->text : "good", c->expected);
    assert_int_equal(failure->kind, WEFT_FAILURE_TLS);
    assert_int_equal(failure->status, WEFT_ERR_PROTOCOL);
    assert_int_equal(pair->client.result, WF_TLS_FAILED);
    assert_false(wf_tls_is_done(pair->client.tls));
    assert_null(wf_tls_info(pair->client.tls));

    /* The server has heard of it. */
    failure = wf_tls_failure(pair->server.tls);
    assert_non_null(failure);
    assert_non_null(strstr(failure->text, "the client sent the alert"));
    assert_int_equal(failure->status, WEFT_ERR_REFUSED);
}

static void test_verification(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        weft_tls *client = client_for(&cases[i]);
        weft_tls *server = server_identity(cases[i].server);
        struct pair pair;
        pair_open(&pair, client, server, cases[i].host);
        weft_tls_release(client); /* Sessions hold what they need. */
        weft_tls_release(server);
        pair_run(&pair);
        if (cases[i].expected)
            check_bad(&cases[i], &pair);
        else
            check_good(&cases[i], &pair);
        pair_close(&pair);
    }
}

static void test_pins_are_parsed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "sha256//",
        "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
        "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",
        "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;",
        NULL,
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct weft_tls_client_options options = { .pinned_keys = &bad[i], .pinned_key_count = 1 };
        weft_tls *tls;
        char error[256] = "";
        assert_int_equal(weft_tls_client_create(&options, &tls, error, sizeof error),
                         WEFT_ERR_ARGUMENT);
        assert_null(tls);
        assert_non_null(strstr(error, "pinned key"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verification),
        cmocka_unit_test(test_pins_are_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

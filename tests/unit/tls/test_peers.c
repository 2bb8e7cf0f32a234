/* What two sides agree on: names, protocols, versions, certificates of clients. */
#include "pair.h"

#include <openssl/ssl.h>

struct server_case {
    const char *name;
    struct weft_tls_server_options options;
    const char *client;   /* The client's certificate; NULL: none. */
    const char *expected; /* In the server's failure; NULL: they get through. */
    const char *subject;
};

static weft_tls *server_with(struct weft_tls_server_options options, const char *first,
                             const char *second)
{
    struct weft_tls_certificate certificates[2] = { cert_pair(first) };
    options.certificates = certificates;
    options.certificate_count = 1;
    if (second)
        certificates[options.certificate_count++] = cert_pair(second);
    weft_tls *tls;
    char error[256];
    if (weft_tls_server_create(&options, &tls, error, sizeof error))
        fail_msg("%s", error);
    return tls;
}

static weft_tls *client_with(const char *certificate, enum weft_tls_version version_min)
{
    struct weft_tls_client_options options = { .ca_file = cert_path("ca.pem"),
                                               .version_min = version_min };
    if (certificate)
        options.certificate = cert_pair(certificate);
    weft_tls *tls;
    char error[256];
    if (weft_tls_client_create(&options, &tls, error, sizeof error))
        fail_msg("%s", error);
    return tls;
}

static const struct server_case client_certificates[] = {
    { "not asked", { .client_certificate = WEFT_TLS_NOT_ASKED }, "client", NULL, "" },
    { "optional, none", { .client_certificate = WEFT_TLS_OPTIONAL }, NULL, NULL, "" },
    { "optional, good", { .client_certificate = WEFT_TLS_OPTIONAL }, "client", NULL, "CN=client" },
    { "optional, bad",
      { .client_certificate = WEFT_TLS_OPTIONAL },
      "stranger",
      "unknown issuer",
      NULL },
    { "required, none",
      { .client_certificate = WEFT_TLS_REQUIRED },
      NULL,
      "the client showed no certificate",
      NULL },
    { "required, good", { .client_certificate = WEFT_TLS_REQUIRED }, "client", NULL, "CN=client" },
    { "required, of a server",
      { .client_certificate = WEFT_TLS_REQUIRED },
      "server",
      "unsuitable certificate purpose",
      NULL },
    { "required, expired",
      { .client_certificate = WEFT_TLS_REQUIRED },
      "expired",
      "the certificate",
      NULL },
};

static void check_client_certificate(const struct server_case *c)
{
    struct weft_tls_server_options options = c->options;
    options.ca_file = cert_path("ca.pem");
    weft_tls *server = server_with(options, "server", NULL);
    weft_tls *client = client_with(c->client, WEFT_TLS_DEFAULT);
    struct pair pair;
    pair_open(&pair, client, server, "localhost");
    pair_run(&pair);
    const struct weft_failure *failure = wf_tls_failure(pair.server.tls);
    if (c->expected) {
        if (!failure || !strstr(failure->text, c->expected))
            fail_msg("%s: %s", c->name, failure ? failure->text : "good");
        assert_int_equal(pair.client.result, WF_TLS_FAILED);
        assert_non_null(
            strstr(wf_tls_failure(pair.client.tls)->text, "the server sent the alert \""));
    } else {
        if (failure)
            fail_msg("%s: %s", c->name, failure->text);
        const struct weft_tls_info *info = wf_tls_info(pair.server.tls);
        assert_string_equal(info->peer_subject, c->subject);
        assert_int_equal(info->peer_is_verified, c->subject[0] != '\0');
        assert_string_equal(info->peer_names, c->subject[0] ? "client.test" : "");
        assert_int_equal(strlen(info->peer_fingerprint), c->subject[0] ? 64 : 0);
    }
    pair_close(&pair);
    weft_tls_release(client);
    weft_tls_release(server);
}

static void test_certificates_of_clients(void **state)
{
    (void)state;
    size_t count = sizeof client_certificates / sizeof client_certificates[0];
    for (size_t i = 0; i < count; i++)
        check_client_certificate(&client_certificates[i]);
}

static void test_what_was_agreed(void **state)
{
    (void)state;
    weft_tls *server = server_identity("server");
    weft_tls *client = client_identity();
    struct pair pair;
    pair_open(&pair, client, server, "localhost");
    assert_null(wf_tls_info(pair.client.tls));
    pair_run(&pair);
    const struct weft_tls_info *info = wf_tls_info(pair.client.tls);
    assert_string_equal(info->version, "TLSv1.3");
    assert_string_equal(info->cipher, "TLS_AES_256_GCM_SHA384");
    assert_string_equal(info->alpn, "http/1.1");
    assert_string_equal(info->server_name, "localhost");
    assert_string_equal(info->peer_subject, "CN=localhost");
    assert_string_equal(info->peer_names, "localhost,127.0.0.1,0:0:0:0:0:0:0:1");
    assert_int_equal(strlen(info->peer_fingerprint), 64);
    assert_false(info->is_resumed);
    assert_ptr_equal(info, wf_tls_info(pair.client.tls));

    info = wf_tls_info(pair.server.tls);
    assert_string_equal(info->server_name, "localhost");
    assert_string_equal(info->alpn, "http/1.1");
    assert_string_equal(info->peer_fingerprint, "");
    pair_close(&pair);
    weft_tls_release(client);
    weft_tls_release(server);
}

/* The name in the certificate that the server shows decides whether the client believes it. */
static void test_the_name_chooses_the_certificate(void **state)
{
    (void)state;
    static const struct {
        const char *host, *subject;
    } names[] = {
        { "localhost", "CN=localhost" },    { "other.test", "CN=other.test" },
        { "a.wild.test", "CN=other.test" }, { "OTHER.test", "CN=other.test" },
        { "127.0.0.1", "CN=localhost" },
    };
    weft_tls *server = server_with((struct weft_tls_server_options){ 0 }, "server", "other");
    weft_tls *client = client_identity();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct pair pair;
        pair_open(&pair, client, server, names[i].host);
        pair_run(&pair);
        if (wf_tls_failure(pair.client.tls))
            fail_msg("%s: %s", names[i].host, wf_tls_failure(pair.client.tls)->text);
        assert_string_equal(wf_tls_info(pair.client.tls)->peer_subject, names[i].subject);
        pair_close(&pair);
    }

    /* A name that nobody has gets the first, which is not for it. */
    struct pair pair;
    pair_open(&pair, client, server, "nobody.test");
    pair_run(&pair);
    assert_non_null(strstr(wf_tls_failure(pair.client.tls)->text, "it is for localhost"));
    pair_close(&pair);
    weft_tls_release(client);
    weft_tls_release(server);
}

/* A peer of OpenSSL's own, set up by the test; it is freed. */
static void run_foreign_ssl(SSL *ssl, struct end *ours)
{
    assert_non_null(ssl);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    for (int round = 0; round < 4; round++) {
        (void)SSL_do_handshake(ssl);
        char *bytes;
        long count = BIO_get_mem_data(out, &bytes);
        struct weft_bytes sent = { (const uint8_t *)bytes, (size_t)count };
        end_read(ours, sent);
        (void)BIO_reset(out);
        end_flush(ours);
        if (ours->wire_count)
            assert_int_equal(BIO_write(in, ours->wire, (int)ours->wire_count), ours->wire_count);
        ours->wire_count = 0;
    }
    SSL_free(ssl);
}

static void run_foreign_as(SSL_CTX *context, struct end *server, const char *name)
{
    SSL *ssl = SSL_new(context);
    SSL_set_connect_state(ssl);
    if (name)
        (void)SSL_set_tlsext_host_name(ssl, name);
    run_foreign_ssl(ssl, server);
}

static void run_foreign(SSL_CTX *context, struct end *server)
{
    run_foreign_as(context, server, NULL);
}

struct foreign_case {
    const char *name;
    const char *alpn; /* NULL: none is offered. */
    const char *expected;
    int version;         /* The only one; 0: any. */
    const char *ciphers; /* NULL: OpenSSL's. */
};

static const struct foreign_case foreign_cases[] = {
    { .name = "no ALPN" },
    { .name = "h2 and http/1.1", .alpn = "\x02h2\x08http/1.1" },
    { .name = "only h2", .alpn = "\x02h2", .expected = "does not offer http/1.1" },
    { .name = "TLS 1.2", .version = TLS1_2_VERSION },
    { .name = "TLS 1.1", .version = TLS1_1_VERSION, .expected = "no version of TLS" },
    { .name = "TLS 1.2 without forward secrecy",
      .version = TLS1_2_VERSION,
      .ciphers = "AES128-GCM-SHA256",
      .expected = "no cipher" },
    { .name = "TLS 1.2 with CBC",
      .version = TLS1_2_VERSION,
      .ciphers = "ECDHE-ECDSA-AES128-SHA",
      .expected = "no cipher" },
};

static void test_what_is_accepted(void **state)
{
    (void)state;
    weft_tls *server = server_identity("server");
    for (size_t i = 0; i < sizeof foreign_cases / sizeof foreign_cases[0]; i++) {
        const struct foreign_case *c = &foreign_cases[i];
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_security_level(context, 0);
        (void)SSL_CTX_set_min_proto_version(context, c->version);
        (void)SSL_CTX_set_max_proto_version(context, c->version);
        assert_int_equal(SSL_CTX_set_cipher_list(context, c->ciphers ? c->ciphers : "ALL"), 1);
        if (c->alpn)
            (void)SSL_CTX_set_alpn_protos(context, (const unsigned char *)c->alpn,
                                          (unsigned int)strlen(c->alpn));
        struct end end = { .wire = malloc(WIRE_BYTES) };
        assert_int_equal(wf_tls_open(test_pool(), server, (struct weft_text){ 0 }, 0, &end.tls),
                         WEFT_OK);
        run_foreign(context, &end);
        const struct weft_failure *failure = wf_tls_failure(end.tls);
        if (c->expected ? !failure || !strstr(failure->text, c->expected) : failure != NULL)
            fail_msg("%s: %s", c->name, failure ? failure->text : "good");
        assert_int_equal(wf_tls_is_done(end.tls), !c->expected);
        wf_tls_close(end.tls);
        free(end.wire);
        SSL_CTX_free(context);
    }
    weft_tls_release(server);
}

static int choose_h2(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_bytes,
                     const unsigned char *offered, unsigned int offered_bytes, void *user)
{
    (void)ssl, (void)offered, (void)offered_bytes, (void)user;
    *chosen = (const unsigned char *)"h2";
    *chosen_bytes = 2;
    return SSL_TLSEXT_ERR_OK;
}

/* RFC 7301 3.1: a server chooses from what was offered. */
static void test_a_protocol_that_was_not_offered(void **state)
{
    (void)state;
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
    for (size_t i = 0; i < 2; i++) {
        weft_tls *client = client_identity();
        struct weft_tls_certificate certificate = cert_pair("server");
        SSL_CTX *context = SSL_CTX_new(TLS_server_method());
        (void)SSL_CTX_set_max_proto_version(context, versions[i]);
        assert_int_equal(SSL_CTX_use_certificate_chain_file(context, certificate.certificate_file),
                         1);
        assert_int_equal(
            SSL_CTX_use_PrivateKey_file(context, certificate.key_file, SSL_FILETYPE_PEM), 1);
        SSL_CTX_set_alpn_select_cb(context, choose_h2, NULL);
        struct end end = { .wire = malloc(WIRE_BYTES) };
        assert_int_equal(wf_tls_open(test_pool(), client, weft_text_of("localhost"), 443, &end.tls),
                         WEFT_OK);
        SSL *ssl = SSL_new(context);
        SSL_set_accept_state(ssl);
        run_foreign_ssl(ssl, &end);
        assert_int_equal(end.result, WF_TLS_FAILED);
        assert_false(wf_tls_is_done(end.tls));
        assert_string_equal(wf_tls_failure(end.tls)->text, "TLS: bad extension");
        wf_tls_close(end.tls);
        free(end.wire);
        SSL_CTX_free(context);
        weft_tls_release(client);
    }
}

/* What a peer calls us ends up in logs. */
static void test_a_name_with_control_characters(void **state)
{
    (void)state;
    weft_tls *server = server_identity("server");
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    struct end end = { .wire = malloc(WIRE_BYTES) };
    assert_int_equal(wf_tls_open(test_pool(), server, (struct weft_text){ 0 }, 0, &end.tls),
                     WEFT_OK);
    run_foreign_as(context, &end, "a\x1b[2J,\nb");
    assert_true(wf_tls_is_done(end.tls));
    assert_string_equal(wf_tls_info(end.tls)->server_name, "a?[2J??b");
    SSL_CTX_free(context);
    wf_tls_close(end.tls);
    free(end.wire);
    weft_tls_release(server);
}

static void test_only_the_newest_version(void **state)
{
    (void)state;
    weft_tls *server = server_with((struct weft_tls_server_options){ .version_min = WEFT_TLS_1_3 },
                                   "server", NULL);
    struct end end = { .wire = malloc(WIRE_BYTES) };
    assert_int_equal(wf_tls_open(test_pool(), server, (struct weft_text){ 0 }, 0, &end.tls),
                     WEFT_OK);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    (void)SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    run_foreign(context, &end);
    assert_non_null(strstr(wf_tls_failure(end.tls)->text, "no version of TLS that is accepted"));
    SSL_CTX_free(context);
    wf_tls_close(end.tls);
    free(end.wire);
    weft_tls_release(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificates_of_clients),
        cmocka_unit_test(test_what_was_agreed),
        cmocka_unit_test(test_the_name_chooses_the_certificate),
        cmocka_unit_test(test_what_is_accepted),
        cmocka_unit_test(test_a_protocol_that_was_not_offered),
        cmocka_unit_test(test_a_name_with_control_characters),
        cmocka_unit_test(test_only_the_newest_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Sessions that go on: tickets, their keys, and what a client remembers. */
#include "pair.h"
#include "tls/remembered.h"
#include "tls/tickets.h"

#include <openssl/ssl.h>

struct resumption_case {
    const char *name;
    bool tickets_off;
    bool resumption_off;
    bool asks_for_certificates;
    bool reloads_server;
    bool reloads_client;
    uint16_t second_port;
    bool is_resumed;
};

static const struct resumption_case cases[] = {
    { .name = "the same place", .second_port = 443, .is_resumed = true },
    { .name = "another port", .second_port = 444 },
    { .name = "no tickets", .tickets_off = true, .second_port = 443 },
    { .name = "no memory of sessions", .resumption_off = true, .second_port = 443 },
    { .name = "the server loads again",
      .second_port = 443,
      .reloads_server = true,
      .is_resumed = true },
    { .name = "with certificates of clients",
      .second_port = 443,
      .asks_for_certificates = true,
      .is_resumed = true },
    { .name = "the server loads again, rules may have changed",
      .second_port = 443,
      .asks_for_certificates = true,
      .reloads_server = true },
    { .name = "the client loads again", .second_port = 443, .reloads_client = true },
};

static void make(const struct resumption_case *c, weft_tls **client_out, weft_tls **server_out)
{
    struct weft_tls_certificate certificate = cert_pair("server");
    struct weft_tls_server_options server = {
        .certificates = &certificate,
        .certificate_count = 1,
        .tickets_off = c->tickets_off,
        .ca_file = cert_path("ca.pem"),
        .client_certificate = c->asks_for_certificates ? WEFT_TLS_REQUIRED : WEFT_TLS_NOT_ASKED,
    };
    struct weft_tls_client_options client = { .ca_file = cert_path("ca.pem"),
                                              .resumption_off = c->resumption_off,
                                              .certificate = cert_pair("client") };
    assert_int_equal(weft_tls_server_create(&server, server_out, NULL, 0), WEFT_OK);
    assert_int_equal(weft_tls_client_create(&client, client_out, NULL, 0), WEFT_OK);
}

static bool connect_once(weft_tls *client, weft_tls *server, uint16_t port)
{
    struct pair pair;
    pair_open_at(&pair, client, server, "localhost", port);
    pair_run(&pair);
    end_say(&pair.server, "news"); /* The ticket goes before it. */
    pair_run(&pair);
    assert_heard(&pair.client, "news");
    bool is_resumed = wf_tls_info(pair.client.tls)->is_resumed;
    assert_int_equal(wf_tls_info(pair.server.tls)->is_resumed, is_resumed);
    const struct weft_tls_info *info = wf_tls_info(pair.client.tls);
    assert_true(info->peer_is_verified);
    assert_string_equal(info->peer_subject, "CN=localhost");
    pair_close(&pair);
    return is_resumed;
}

static void test_resumption(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct resumption_case *c = &cases[i];
        weft_tls *client, *server;
        make(c, &client, &server);
        assert_false(connect_once(client, server, 443));
        if (c->reloads_server)
            assert_int_equal(weft_tls_reload(server, NULL, 0), WEFT_OK);
        if (c->reloads_client)
            assert_int_equal(weft_tls_reload(client, NULL, 0), WEFT_OK);
        if (connect_once(client, server, c->second_port) != c->is_resumed)
            fail_msg("%s", c->name);
        weft_tls_release(client);
        weft_tls_release(server);
    }
}

/* A ticket serves once (RFC 8446 C.4): each connection gets one for the next. */
static void test_each_connection_is_resumed(void **state)
{
    (void)state;
    struct resumption_case c = { 0 };
    weft_tls *client, *server;
    make(&c, &client, &server);
    for (int i = 0; i < 5; i++)
        assert_int_equal(connect_once(client, server, 443), i > 0);
    weft_tls_release(client);
    weft_tls_release(server);
}

/* A resumed session still says who the client is. */
static void test_the_client_is_known_again(void **state)
{
    (void)state;
    struct resumption_case c = { .asks_for_certificates = true };
    weft_tls *client, *server;
    make(&c, &client, &server);
    for (int i = 0; i < 2; i++) {
        struct pair pair;
        pair_open(&pair, client, server, "localhost");
        pair_run(&pair);
        const struct weft_tls_info *info = wf_tls_info(pair.server.tls);
        assert_int_equal(info->is_resumed, i == 1);
        assert_true(info->peer_is_verified);
        assert_string_equal(info->peer_subject, "CN=client");
        pair_close(&pair);
    }
    weft_tls_release(client);
    weft_tls_release(server);
}

enum { LIFETIME_S = 100 };

static bool finds(struct wf_tickets *tickets, int64_t now_s, const struct wf_ticket_key *key,
                  bool *is_newest_out)
{
    struct wf_ticket_key found;
    if (!wf_tickets_find(tickets, now_s, LIFETIME_S, key->name, &found, is_newest_out))
        return false;
    assert_memory_equal(found.cipher_key, key->cipher_key, sizeof key->cipher_key);
    assert_memory_equal(found.mac_key, key->mac_key, sizeof key->mac_key);
    return true;
}

static void test_keys_rotate(void **state)
{
    (void)state;
    struct wf_tickets tickets = { 0 };
    struct wf_ticket_key first, again, second, third;
    bool is_newest;
    assert_true(wf_tickets_newest(&tickets, 1000, LIFETIME_S, &first));
    assert_true(wf_tickets_newest(&tickets, 1049, LIFETIME_S, &again));
    assert_memory_equal(first.name, again.name, sizeof first.name);
    assert_true(finds(&tickets, 1049, &first, &is_newest) && is_newest);
    assert_true(finds(&tickets, 1050, &first, &is_newest) && !is_newest);

    assert_true(wf_tickets_newest(&tickets, 1050, LIFETIME_S, &second));
    assert_memory_not_equal(first.name, second.name, sizeof first.name);
    assert_memory_not_equal(first.cipher_key, second.cipher_key, sizeof first.cipher_key);
    assert_true(finds(&tickets, 1099, &first, &is_newest) && !is_newest);
    assert_true(finds(&tickets, 1099, &second, &is_newest) && is_newest);

    /* The first has had its time; it is not even in memory. */
    assert_false(finds(&tickets, 1100, &first, &is_newest));
    assert_int_equal(tickets.keys[1].made_s, 0);
    assert_true(wf_tickets_newest(&tickets, 1100, LIFETIME_S, &third));
    assert_true(finds(&tickets, 1149, &second, &is_newest) && !is_newest);

    /* After a long silence nothing old is left. */
    assert_false(finds(&tickets, 9999, &second, &is_newest));
    assert_false(finds(&tickets, 9999, &third, &is_newest));
    assert_int_equal(tickets.key_count, 0);
}

static void test_a_clock_that_runs_backwards(void **state)
{
    (void)state;
    struct wf_tickets tickets = { 0 };
    struct wf_ticket_key first, again;
    bool is_newest;
    assert_true(wf_tickets_newest(&tickets, 1000, LIFETIME_S, &first));
    assert_true(wf_tickets_newest(&tickets, 10, LIFETIME_S, &again));
    assert_memory_equal(first.name, again.name, sizeof first.name);
    assert_true(finds(&tickets, 10, &first, &is_newest) && is_newest);
}

static void remember(struct wf_remembered *remembered, const char *host, uint16_t port)
{
    SSL_SESSION *session = SSL_SESSION_new();
    assert_non_null(session);
    (void)SSL_SESSION_set_time(session, port);
    assert_true(wf_remembered_add(remembered, 3, host, port, session));
}

static bool takes(struct wf_remembered *remembered, const char *host, uint16_t port)
{
    SSL_SESSION *session = wf_remembered_take(remembered, host, port);
    bool is_there = session != NULL;
    if (is_there)
        assert_int_equal(SSL_SESSION_get_time(session), port);
    SSL_SESSION_free(session);
    return is_there;
}

static void test_what_is_remembered_is_bounded(void **state)
{
    (void)state;
    struct wf_remembered remembered = { 0 };
    assert_false(takes(&remembered, "a", 1));
    remember(&remembered, "a", 1);
    remember(&remembered, "a", 1);
    remember(&remembered, "b", 1);
    assert_false(takes(&remembered, "a", 2));
    assert_false(takes(&remembered, "aa", 1));
    remember(&remembered, "b", 2); /* One "a" is over the limit of 3. */
    assert_int_equal(remembered.count, 3);
    assert_true(takes(&remembered, "A", 1));
    assert_false(takes(&remembered, "a", 1));
    assert_true(takes(&remembered, "b", 2));
    for (uint16_t i = 0; i < 100; i++)
        remember(&remembered, "c", i);
    assert_int_equal(remembered.count, 3);
    assert_false(takes(&remembered, "c", 96));
    assert_true(takes(&remembered, "c", 97));
    wf_remembered_drop(&remembered);
    assert_false(takes(&remembered, "c", 98));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resumption),
        cmocka_unit_test(test_each_connection_is_resumed),
        cmocka_unit_test(test_the_client_is_known_again),
        cmocka_unit_test(test_keys_rotate),
        cmocka_unit_test(test_a_clock_that_runs_backwards),
        cmocka_unit_test(test_what_is_remembered_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

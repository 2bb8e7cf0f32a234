/* TLS from one weft to the other, over TCP. */
#include "support/cases.h"
#include "support/certs.h"
#include "support/raw_client.h"
#include "support/sanitized.h"
#include "support/world.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void hear_and_echo(weft_socket *socket, const struct weft_message_event *message,
                          struct record *record)
{
    (void)record;
    assert_int_equal(weft_socket_send_text(socket, message->data, message->bytes), WEFT_OK);
}

static void say_hello(weft_socket *socket, struct record *record)
{
    const struct weft_tls_info *info = weft_socket_tls(socket);
    (void)record;
    assert_non_null(info);
    assert_string_equal(info->alpn, "http/1.1");
    assert_true(info->peer_is_verified);
    assert_int_equal(weft_socket_send_text(socket, "hello", 5), WEFT_OK);
}

static void close_it(weft_socket *socket, const struct weft_message_event *message,
                     struct record *record)
{
    (void)message, (void)record;
    assert_int_equal(weft_socket_close(socket, 1000, "bye"), WEFT_OK);
}

/* A server over TLS beside the plain one of the world, and a client that trusts it. */
struct secure_world {
    struct world world;
    weft_tls *identity, *trust;
    char address[64]; /* Of TLS. */
    char url[96];     /* "wss://localhost:N" */
};

static void start(struct secure_world *it, weft_tls *identity, weft_tls *trust)
{
    it->identity = identity;
    it->trust = trust;
    world_start(&it->world, WEFT_BACKEND_DEFAULT);
    struct weft_listen_options listen = { .tls = identity };
    assert_int_equal(weft_server_listen_with(it->world.server, "127.0.0.1:0", &listen, it->address,
                                             sizeof it->address),
                     WEFT_OK);
    snprintf(it->url, sizeof it->url, "wss://localhost:%s", strrchr(it->address, ':') + 1);
}

static void end(struct secure_world *it)
{
    world_end(&it->world);
    weft_tls_release(it->identity);
    weft_tls_release(it->trust);
}

static weft_socket *connect_to(struct secure_world *it, const char *path, struct record *client,
                               struct weft_connect_options options)
{
    char url[256];
    weft_socket *socket;
    options.events = record_events;
    options.user = client;
    options.tls = it->trust;
    snprintf(url, sizeof url, "%s%s", it->url, path);
    assert_int_equal(weft_socket_connect(it->world.loop, url, &options, &socket), WEFT_OK);
    return socket;
}

static void an_echo(void **state)
{
    (void)state;
    struct secure_world it;
    start(&it, certs_server("server"), certs_client());
    struct record server = { .on_message = hear_and_echo };
    struct record client = { .on_open = say_hello, .on_message = close_it };
    world_route(&it.world, "/", &server, NULL);
    weft_socket *socket = connect_to(&it, "/", &client, (struct weft_connect_options){ 0 });
    world_until(&it.world, client.is_closed && server.is_closed);
    assert_string_equal(client.line, "open text:hello close:1000/bye/clean ");
    assert_string_equal(server.line, "open text:hello close:1000/bye/clean ");
    assert_null(weft_socket_tls(socket)); /* It belonged to the connection. */
    weft_socket_release(socket);
    end(&it);
}

/* ---- who the client is ---- */

static void look_at_identity(weft_request *request, void *user)
{
    char *seen = user;
    const struct weft_tls_info *info = weft_request_tls(request);
    snprintf(seen, 128, "%s", !info ? "plain" : info->peer_is_verified ? info->peer_subject : "");
}

static void the_identity_is_there_before_the_upgrade(void **state)
{
    (void)state;
    struct weft_tls_certificate own = { certs_path("server.pem"), certs_path("server.key") };
    struct weft_tls_server_options server = { .certificates = &own,
                                              .certificate_count = 1,
                                              .ca_file = certs_path("ca.pem"),
                                              .client_certificate = WEFT_TLS_OPTIONAL };
    struct weft_tls_client_options client = { .ca_file = certs_path("ca.pem"),
                                              .certificate = { certs_path("client.pem"),
                                                               certs_path("client.key") } };
    static const char *const seen_by[] = { "CN=client", "", "plain" };
    for (int i = 0; i < 3; i++) {
        struct secure_world it;
        weft_tls *identity, *trust;
        struct record record = { 0 };
        char seen[128] = "nothing";
        if (i == 1)
            client.certificate = (struct weft_tls_certificate){ 0 };
        assert_int_equal(weft_tls_server_create(&server, &identity, NULL, 0), WEFT_OK);
        assert_int_equal(weft_tls_client_create(&client, &trust, NULL, 0), WEFT_OK);
        start(&it, identity, trust);
        if (i == 2)
            snprintf(it.url, sizeof it.url, "ws://%s", it.world.address);
        struct weft_route route = { .on_upgrade = look_at_identity, .user = seen };
        assert_int_equal(weft_server_route(it.world.server, "/", &route), WEFT_OK);
        weft_socket *socket = connect_to(&it, "/", &record, (struct weft_connect_options){ 0 });
        world_until(&it.world, record.socket);
        assert_string_equal(seen, seen_by[i]);
        weft_socket_release(socket);
        end(&it);
    }
}

/* ---- origins and redirects ---- */

static void pages_must_be_secure_too(void **state)
{
    (void)state;
    struct secure_world it;
    start(&it, certs_server("server"), certs_client());
    struct record served = { 0 };
    world_route(&it.world, "/", &served, NULL);
    char same[128], plain[128];
    snprintf(same, sizeof same, "https%s", it.url + 3);
    snprintf(plain, sizeof plain, "http%s", it.url + 3);
    const struct {
        const char *origin;
        bool is_admitted;
    } cases[] = {
        { same, true }, { plain, false }, { "https://localhost", false }, { "null", false }
    };
    struct record clients[COUNT_OF(cases)] = { 0 };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct record *client = &clients[i];
        struct weft_connect_options options = { .origin = cases[i].origin };
        weft_socket *socket = connect_to(&it, "/", client, options);
        world_until(&it.world, client->socket || client->is_closed);
        assert_int_equal(client->socket != NULL, cases[i].is_admitted);
        assert_int_equal(client->http_status, cases[i].is_admitted ? 0 : 403);
        weft_socket_release(socket);
    }
    end(&it);
}

static void redirect_to(weft_request *request, void *user)
{
    assert_int_equal(weft_request_redirect(request, 307, user), WEFT_OK);
}

static void redirects_lead_into_tls_and_not_out(void **state)
{
    (void)state;
    struct secure_world it;
    start(&it, certs_server("server"), certs_client());
    char in[128], out[128];
    struct record served = { 0 }, client = { 0 };
    snprintf(in, sizeof in, "%s/", it.url);
    snprintf(out, sizeof out, "http://%s/", it.world.address);
    struct weft_route routes[] = { { .on_upgrade = redirect_to, .user = in },
                                   { .on_upgrade = redirect_to, .user = out } };
    assert_int_equal(weft_server_route(it.world.server, "/in", &routes[0]), WEFT_OK);
    assert_int_equal(weft_server_route(it.world.server, "/out", &routes[1]), WEFT_OK);
    world_route(&it.world, "/", &served, NULL);
    struct weft_connect_options options = { .redirects_max = 2 };
    weft_socket *socket = connect_to(&it, "/out", &client, options);
    world_until(&it.world, client.is_closed);
    assert_string_equal(client.failure_text, "a redirect from wss: to ws: is not followed");
    weft_socket_release(socket);

    struct record other = { 0 };
    snprintf(it.url, sizeof it.url, "ws://%s", it.world.address);
    socket = connect_to(&it, "/in", &other, options);
    world_until(&it.world, other.socket);
    assert_non_null(weft_socket_tls(socket));
    weft_socket_release(socket);
    end(&it);
}

/* ---- what does not begin ---- */

static void failures_say_why(void **state)
{
    (void)state;
    static const struct {
        const char *certificate, *text;
    } cases[] = {
        { "expired", "expired" },
        { "stranger", "unknown issuer" },
        { "wrong-host", "not for localhost" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct secure_world it;
        struct record client = { 0 };
        start(&it, certs_server(cases[i].certificate), certs_client());
        weft_socket *socket = connect_to(&it, "/", &client, (struct weft_connect_options){ 0 });
        world_until(&it.world, client.is_closed);
        assert_string_equal(client.line, "error:tls close:1006//unclean ");
        if (!strstr(client.failure_text, cases[i].text))
            fail_msg("%s: %s", cases[i].certificate, client.failure_text);
        weft_socket_release(socket);
        end(&it);
    }
}

static void a_server_without_tls_is_told_apart(void **state)
{
    (void)state;
    struct secure_world it;
    struct record client = { 0 };
    start(&it, certs_server("server"), certs_client());
    snprintf(it.url, sizeof it.url, "wss://%s", it.world.address);
    weft_socket *socket = connect_to(&it, "/", &client, (struct weft_connect_options){ 0 });
    world_until(&it.world, client.is_closed);
    assert_string_equal(client.failure_text, "the server speaks no TLS");
    weft_socket_release(socket);
    end(&it);
}

static void plain_http_is_answered(void **state)
{
    (void)state;
    struct secure_world it;
    struct raw_client client;
    struct raw_answer answer = { 0 };
    start(&it, certs_server("server"), certs_client());
    raw_open(&client, it.world.loop, it.address);
    raw_send(&client, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    raw_take(&client, &answer, false);
    assert_int_equal(answer.status, 400);
    assert_string_equal(answer.body, "this port speaks TLS: use https: or wss:\n");
    raw_expect_end(&client);
    assert_false(client.was_reset);
    raw_close(&client);
    raw_drop(&answer);
    end(&it);
}

/* close() after each turn of the loop: before, in and behind the handshakes. */
static void close_comes_at_any_time(void **state)
{
    (void)state;
    struct secure_world it;
    struct record served = { 0 };
    start(&it, certs_server("server"), certs_client());
    world_route(&it.world, "/", &served, NULL);
    bool was_open = false;
    for (int turns = 0; !was_open; turns++) {
        struct record client = { 0 };
        memset(&served, 0, sizeof served);
        weft_socket *socket = connect_to(&it, "/", &client, (struct weft_connect_options){ 0 });
        for (int i = 0; i < turns; i++)
            assert_int_equal(weft_loop_turn(it.world.loop, 1), WEFT_OK);
        was_open = client.socket;
        assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
        struct weft_server_counts counts;
        world_until(&it.world,
                    client.is_closed && (weft_server_get_counts(it.world.server, &counts),
                                         counts.connections == 0));
        assert_string_equal(client.line, was_open ? "open close:1000//clean "
                                                  : "error:aborted close:1006//unclean ");
        weft_socket_release(socket);
    }
    end(&it);
}

/* ---- flow control ---- */

static size_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long all, resident;
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &all, &resident), 2);
    fclose(file);
    return (size_t)resident * (size_t)sysconf(_SC_PAGESIZE);
}

enum { PIECE = 1 << 20, PIECES = 100 };

static void pause_there(weft_socket *socket, struct record *record)
{
    (void)record;
    weft_socket_pause(socket);
}

/* Sends for as long as it may. */
static void send_more(weft_socket *socket, size_t *sent)
{
    static char piece[PIECE];
    while (*sent < PIECES && !weft_socket_is_over_mark(socket)) {
        assert_int_equal(weft_socket_send_bytes(socket, piece, sizeof piece), WEFT_OK);
        (*sent)++;
    }
}

static void a_paused_receiver_holds_the_sender(void **state)
{
    (void)state;
    struct secure_world it;
    struct record served = { .quiet = true, .on_open = pause_there }, client = { .quiet = true };
    struct weft_socket_settings settings = { .deflate.off = true };
    start(&it, certs_server("server"), certs_client());
    world_route(&it.world, "/", &served, &settings);
    weft_socket *socket = connect_to(&it, "/", &client, (struct weft_connect_options){ 0 });
    world_until(&it.world, client.socket && served.socket);
    size_t before = resident_bytes(), most = 0, sent = 0, last = SIZE_MAX;
    /* Until nothing moves any more. */
    for (int still = 0; still < 20;
         still = weft_socket_buffered_amount(socket) == last ? still + 1 : 0) {
        last = weft_socket_buffered_amount(socket);
        send_more(socket, &sent);
        assert_int_equal(weft_loop_turn(it.world.loop, 5), WEFT_OK);
    }
    assert_true(sent < PIECES);
    assert_int_equal(served.message_count, 0);
    weft_socket_resume(served.socket);
    for (int turns = 0; served.message_count < PIECES; turns++) {
        send_more(socket, &sent);
        assert_true(world_turn(&it.world, turns));
        size_t now = resident_bytes();
        most = now > most ? now : most;
    }
    assert_int_equal(served.message_bytes, (size_t)PIECE * PIECES);
    assert_true(IS_SANITIZED || most < before + (24 << 20)); /* Of 100 MiB. */
    weft_socket_release(socket);
    end(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_echo),
        cmocka_unit_test(the_identity_is_there_before_the_upgrade),
        cmocka_unit_test(pages_must_be_secure_too),
        cmocka_unit_test(redirects_lead_into_tls_and_not_out),
        cmocka_unit_test(failures_say_why),
        cmocka_unit_test(a_server_without_tls_is_told_apart),
        cmocka_unit_test(plain_http_is_answered),
        cmocka_unit_test(close_comes_at_any_time),
        cmocka_unit_test(a_paused_receiver_holds_the_sender),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* TLS from one weft to the other, over TCP. */
#include "support/cases.h"
#include "support/certs.h"
#include "support/world.h"

#include <stdio.h>
#include <string.h>

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

static void an_echo(void **state)
{
    (void)state;
    weft_tls *identity = certs_server("server");
    weft_tls *trust = certs_client();
    struct world world;
    world_start(&world, WEFT_BACKEND_DEFAULT);
    struct record server = { .on_message = hear_and_echo },
                  client = { .on_open = say_hello, .on_message = close_it };
    world_route(&world, "/", &server, NULL);
    struct weft_listen_options listen = { .tls = identity };
    char address[64], url[96];
    assert_int_equal(
        weft_server_listen_with(world.server, "127.0.0.1:0", &listen, address, sizeof address),
        WEFT_OK);
    snprintf(url, sizeof url, "wss://localhost:%s/", strrchr(address, ':') + 1);
    struct weft_connect_options options = { .tls = trust,
                                            .events = record_events,
                                            .user = &client };
    assert_int_equal(weft_socket_connect(world.loop, url, &options, NULL), WEFT_OK);
    world_until(&world, client.is_closed && server.is_closed);
    assert_string_equal(client.line, "open text:hello close:1000/bye/clean ");
    assert_string_equal(server.line, "open text:hello close:1000/bye/clean ");
    world_end(&world);
    weft_tls_release(identity);
    weft_tls_release(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_echo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

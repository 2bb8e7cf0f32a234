/* The server that is measured: echoes on every path but two; what is sent to /pub goes to all that
 * connected to /sub.
 *
 * usage: server PORT MODE     MODE: plain, deflate (without context takeover), deflatectx, or tls,
 *                             which uses $TLS_CERT and $TLS_KEY */
#include "weft/weft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static weft_hub *hub;

static void check(weft_status status)
{
    if (status) {
        fprintf(stderr, "server: %s\n", weft_status_text(status));
        exit(1);
    }
}

static void echo(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)user;
    check(message->type == WEFT_TEXT
              ? weft_socket_send_text(socket, message->data, message->bytes)
              : weft_socket_send_bytes(socket, message->data, message->bytes));
}

static void subscribe(weft_socket *socket, void *user)
{
    (void)user;
    check(weft_subscribe(hub, socket, "all"));
}

static void publish(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)user;
    check(weft_publish(hub, "all", message->type, message->data, message->bytes, socket));
}

static bool read_mode(const char *mode, struct weft_deflate_settings *deflate)
{
    deflate->off = strcmp(mode, "plain") == 0 || strcmp(mode, "tls") == 0;
    deflate->threshold_bytes = 1; /* Every message, as with the others. */
    if (strcmp(mode, "deflatectx") == 0) {
        deflate->client_takeover = WEFT_TAKEOVER_ON;
        deflate->server_takeover = WEFT_TAKEOVER_ON;
        deflate->context_bytes_max = WEFT_NO_LIMIT;
        return true;
    }
    return deflate->off || strcmp(mode, "deflate") == 0;
}

static weft_tls *identity_of(const char *mode)
{
    struct weft_tls_certificate certificate = { getenv("TLS_CERT"), getenv("TLS_KEY") };
    struct weft_tls_server_options options = { .certificates = &certificate,
                                               .certificate_count = 1 };
    weft_tls *tls = NULL;
    char error[256];
    if (strcmp(mode, "tls") != 0)
        return NULL;
    if (weft_tls_server_create(&options, &tls, error, sizeof error)) {
        fprintf(stderr, "server: %s\n", error);
        exit(1);
    }
    return tls;
}

int main(int argc, char **argv)
{
    struct weft_deflate_settings deflate = { 0 };
    if (argc != 3 || !read_mode(argv[2], &deflate)) {
        fprintf(stderr, "usage: server PORT plain|deflate|deflatectx|tls\n");
        return 2;
    }
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%s", argv[1]);
    weft_loop *loop;
    weft_server *server;
    struct weft_socket_settings settings = { .limits.message_bytes_max = 64 << 20,
                                             .send_bytes_max = 256 << 20,
                                             .deflate = deflate };
    struct weft_route routes[] = {
        { .settings = settings, .events = { .on_message = echo } },
        { .settings = settings, .events = { .on_open = subscribe } },
        { .settings = settings, .events = { .on_message = publish } },
    };
    check(weft_loop_create(NULL, &loop));
    check(weft_hub_create(loop, NULL, &hub));
    check(weft_server_create(loop, NULL, &server));
    check(weft_server_route(server, "/*", &routes[0]));
    check(weft_server_route(server, "/sub", &routes[1]));
    check(weft_server_route(server, "/pub", &routes[2]));
    struct weft_listen_options listen = { .tls = identity_of(argv[2]) };
    check(weft_server_listen_with(server, address, &listen, NULL, 0));
    check(weft_loop_run(loop));
    return 0;
}

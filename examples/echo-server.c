/* Sends back what it gets: ./echo-server [HOST:PORT] */
#include <stdio.h>
#include <weft/weft.h>

static void on_message(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    weft_status status = message->type == WEFT_TEXT
                             ? weft_socket_send_text(socket, message->data, message->bytes)
                             : weft_socket_send_bytes(socket, message->data, message->bytes);
    if (status)
        fprintf(stderr, "%s: %s\n", (const char *)user, weft_status_text(status));
}

int main(int argc, char **argv)
{
    weft_loop *loop = NULL;
    weft_server *server = NULL;
    struct weft_route echo = { .events = { .on_message = on_message }, .user = argv[0] };
    weft_status status;
    if ((status = weft_loop_create(NULL, &loop)) ||
        (status = weft_server_create(loop, NULL, &server)) ||
        (status = weft_server_route(server, "/echo", &echo)) ||
        (status = weft_server_listen(server, argc > 1 ? argv[1] : "127.0.0.1:9000", NULL, 0)) ||
        (status = weft_loop_run(loop)))
        fprintf(stderr, "%s: %s\n", argv[0], weft_status_text(status));
    weft_server_destroy(server);
    weft_loop_destroy(loop);
    return status != WEFT_OK;
}

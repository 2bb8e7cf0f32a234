/* What one says, all hear: ./chat-server [HOST:PORT] */
#include <stdio.h>
#include <weft/weft.h>

static void on_open(weft_socket *socket, void *user)
{
    weft_hub *hub = user;
    if (weft_subscribe(hub, socket, "chat") != WEFT_OK &&
        weft_socket_close(socket, 1011, "no memory") != WEFT_OK)
        fprintf(stderr, "a client hears nothing\n");
}

/* The message is framed once; all subscribers share its bytes. */
static void on_message(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)socket;
    weft_hub *hub = user;
    weft_status status =
        weft_publish(hub, "chat", message->type, message->data, message->bytes, NULL);
    if (status)
        fprintf(stderr, "publish: %s\n", weft_status_text(status));
}

int main(int argc, char **argv)
{
    weft_loop *loop = NULL;
    weft_hub *hub = NULL;
    weft_server *server = NULL;
    struct weft_route chat = { .events = { .on_open = on_open, .on_message = on_message } };
    weft_status status;
    if (!(status = weft_loop_create(NULL, &loop)) && !(status = weft_hub_create(loop, NULL, &hub)))
        status = weft_server_create(loop, NULL, &server);

    chat.user = hub;
    if (status || (status = weft_server_route(server, "/chat", &chat)) ||
        (status = weft_server_listen(server, argc > 1 ? argv[1] : "127.0.0.1:9000", NULL, 0)) ||
        (status = weft_loop_run(loop)))
        fprintf(stderr, "%s: %s\n", argv[0], weft_status_text(status));
    weft_server_destroy(server);
    weft_hub_destroy(hub);
    weft_loop_destroy(loop);
    return status != WEFT_OK;
}

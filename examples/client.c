/* Says hello and prints the answer: ./client ws://127.0.0.1:9000/echo */
#include <stdio.h>
#include <weft/weft.h>
static void greet(weft_socket *socket, void *user)
{
    *(weft_status *)user = weft_socket_send_text(socket, "hello", WEFT_ZERO_TERMINATED);
}
static void show(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    printf("%.*s\n", (int)message->bytes, (const char *)message->data);
    *(weft_status *)user = weft_socket_close(socket, 1000, "bye");
}
static void fail(weft_socket *socket, const struct weft_failure *failure, void *user)
{
    fprintf(stderr, "%s: %s\n", weft_socket_url(socket), failure->text);
    *(weft_status *)user = failure->status;
}
int main(int argc, char **argv)
{
    weft_loop *loop = NULL;
    weft_status err = argc == 2 ? WEFT_OK : WEFT_ERR_ARGUMENT, result = WEFT_OK;
    struct weft_socket_events events = { .on_open = greet, .on_message = show, .on_error = fail };
    struct weft_connect_options options = { .events = events, .user = &result };
    if (err || (err = weft_loop_create(NULL, &loop)) ||
        (err = weft_socket_connect(loop, argv[1], &options, NULL)) || (err = weft_loop_run(loop)))
        fprintf(stderr, "%s: %s\n", argv[0], weft_status_text(err));
    weft_loop_destroy(loop);
    return err || result;
}

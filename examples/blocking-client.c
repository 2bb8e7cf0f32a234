/* A client without callbacks: sends a line, waits for the answer. usage: blocking-client URL TEXT
 */
#include <weft/weft.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    weft_loop *loop = NULL;
    weft_socket *socket = NULL;
    struct weft_message_event answer = { 0 };
    weft_status status = argc == 3 ? weft_loop_create(NULL, &loop) : WEFT_ERR_ARGUMENT;

    if (!status && !(status = weft_socket_connect(loop, argv[1], NULL, &socket)) &&
        !(status = weft_socket_wait_open(socket, 5000)) &&
        !(status = weft_socket_send_text(socket, argv[2], WEFT_ZERO_TERMINATED)) &&
        !(status = weft_socket_receive(socket, 5000, &answer))) {
        printf("%.*s\n", (int)answer.bytes, (const char *)answer.data);
        status = weft_socket_finish(socket);
    }
    if (status)
        fprintf(stderr, "blocking-client: %s\n", weft_status_text(status));
    weft_socket_release(socket);
    weft_loop_destroy(loop);
    return status ? 1 : 0;
}

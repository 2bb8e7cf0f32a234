/* Sends a file as one binary message, whatever its size, in little memory. usage: send-file URL
 * FILE
 */
#include <weft/weft.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    weft_loop *loop = NULL;
    weft_socket *socket = NULL;
    weft_blob *blob = NULL;
    weft_status status = argc == 3 ? weft_loop_create(NULL, &loop) : WEFT_ERR_ARGUMENT;

    /* The file is opened here, and read as the peer takes it. */
    if (!status && !(status = weft_blob_from_file(argv[2], 0, WEFT_BLOB_TO_END, &blob)) &&
        !(status = weft_socket_connect(loop, argv[1], NULL, &socket)) &&
        !(status = weft_socket_wait_open(socket, 5000)) &&
        !(status = weft_socket_send_blob(socket, blob))) {
        printf("%llu bytes\n", (unsigned long long)weft_blob_bytes(blob));
        status = weft_socket_finish(socket); /* Closes behind all that was sent. */
    }
    if (status)
        fprintf(stderr, "send-file: %s\n", weft_status_text(status));
    weft_blob_release(blob);
    weft_socket_release(socket);
    weft_loop_destroy(loop);
    return status ? 1 : 0;
}

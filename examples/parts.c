/* Sends what it reads as one message, in parts, and writes the answer as it comes, so that neither
 * has to fit into memory: ./parts ws://127.0.0.1:9000/echo < FILE > COPY */
#include <stdio.h>
#include <weft/weft.h>

/* As much as the peer takes. on_drained goes on. */
static void send_more(weft_socket *socket, void *user)
{
    weft_status *status = user;
    char part[16 * 1024];
    size_t bytes = 1;
    while (!*status && bytes > 0 && !feof(stdin) && !weft_socket_is_over_mark(socket)) {
        bytes = fread(part, 1, sizeof part, stdin);
        *status = weft_socket_send_part(socket, part, bytes);
        if (!*status && feof(stdin))
            *status = weft_socket_end_message(socket);
    }
    if (*status && weft_socket_close(socket, 3000, "the input failed"))
        fprintf(stderr, "parts: %s\n", weft_status_text(*status));
}

static void on_open(weft_socket *socket, void *user)
{
    *(weft_status *)user = weft_socket_begin_message(socket, WEFT_BINARY);
    send_more(socket, user);
}

static void on_part(weft_socket *socket, const struct weft_message_part *part, void *user)
{
    fwrite(part->data, 1, part->bytes, stdout);
    if (part->is_final)
        *(weft_status *)user = weft_socket_close(socket, 1000, NULL);
}

static void on_close(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    if (event->failure)
        *(weft_status *)user = event->failure->status;
    weft_loop_stop(weft_socket_loop(socket));
}

int main(int argc, char **argv)
{
    weft_loop *loop = NULL;
    weft_status status = argc == 2 ? weft_loop_create(NULL, &loop) : WEFT_ERR_ARGUMENT;
    struct weft_connect_options options = { .user = &status };
    options.events = (struct weft_socket_events){ .on_open = on_open,
                                                  .on_drained = send_more,
                                                  .on_message_part = on_part,
                                                  .on_close = on_close };
    if (!status && !(status = weft_socket_connect(loop, argv[1], &options, NULL)) &&
        weft_loop_run(loop))
        status = WEFT_ERR_SYSTEM;
    weft_loop_destroy(loop);
    return status != WEFT_OK;
}

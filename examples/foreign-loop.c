/* A client inside somebody else's loop, here plain poll(): ./foreign-loop ws://127.0.0.1:9000/echo
 * Toolkits do the same: watch weft_loop_fd(), sleep no longer than weft_loop_next_deadline_ms(). */
#include <poll.h>
#include <stdio.h>
#include <weft/weft.h>

static void greet(weft_socket *socket, void *user)
{
    (void)user;
    if (weft_socket_send_text(socket, "hello from poll", WEFT_ZERO_TERMINATED))
        fprintf(stderr, "not sent\n");
}

static void show(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)user;
    printf("%.*s\n", (int)message->bytes, (const char *)message->data);
    if (weft_socket_close(socket, 1000, "bye"))
        fprintf(stderr, "not closed\n");
}

static void finish(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    (void)socket;
    if (!event->was_clean)
        fprintf(stderr, "closed with code %u\n", (unsigned)event->code);
    *(int *)user = event->was_clean ? 0 : 1;
}

/* The foreign loop: other descriptors may stand beside weft's. */
static weft_status run_foreign(weft_loop *loop, const int *result)
{
    struct pollfd waits[] = { { .fd = weft_loop_fd(loop), .events = POLLIN } };
    weft_status status = WEFT_OK;
    while (!status && *result < 0) {
        if (poll(waits, 1, weft_loop_next_deadline_ms(loop)) >= 0)
            status = weft_loop_turn(loop, 0);
    }
    return status;
}

int main(int argc, char **argv)
{
    weft_loop *loop = NULL;
    int result = -1; /* Until on_close. */
    struct weft_connect_options options = {
        .events = { .on_open = greet, .on_message = show, .on_close = finish }, .user = &result
    };
    weft_status status = argc == 2 ? weft_loop_create(NULL, &loop) : WEFT_ERR_ARGUMENT;
    if (!status)
        status = weft_socket_connect(loop, argv[1], &options, NULL);
    if (!status)
        status = run_foreign(loop, &result);
    if (status)
        fprintf(stderr, "%s: %s\n", argv[0], weft_status_text(status));
    weft_loop_destroy(loop);
    return status || result;
}

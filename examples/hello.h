/* What the clients in other people's loops do: say hello, show the answer, end the loop. */
#include <stdio.h>
#include <weft/weft.h>

struct hello {
    const char *text;
    void (*stop)(void);
    weft_status status;
};

static void greet(weft_socket *socket, void *user)
{
    struct hello *hello = user;
    hello->status = weft_socket_send_text(socket, hello->text, WEFT_ZERO_TERMINATED);
}

static void show(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    struct hello *hello = user;
    printf("%.*s\n", (int)message->bytes, (const char *)message->data);
    hello->status = weft_socket_close(socket, 1000, "bye");
}

static void finish(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    (void)socket;
    struct hello *hello = user;
    if (event->failure)
        hello->status = event->failure->status;
    hello->stop();
}

static const struct weft_socket_events hello_events = { .on_open = greet,
                                                        .on_message = show,
                                                        .on_close = finish };

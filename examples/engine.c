/* Two engines at the ends of a socket pair: the protocol where the I/O is your own. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <weft/engine.h>

static void unpredictable(void *out, size_t count, void *user)
{
    (void)user;
    if (getrandom(out, count, 0) != (ssize_t)count)
        abort();
}

/* The client says hello; the server sends back what it hears. */
static weft_status react(weft_engine *engine, const struct weft_engine_event *event, bool is_client)
{
    struct weft_bytes data = { event->data.data, event->data.count };
    if (event->type == WEFT_EVENT_REQUEST)
        return weft_engine_accept(engine, &(struct weft_engine_accept){ .protocol = { NULL, 0 } });
    if (event->type == WEFT_EVENT_OPEN && is_client)
        return weft_engine_send(engine, WEFT_TEXT, weft_bytes_of(weft_text_of("hello")));
    if (event->type == WEFT_EVENT_MESSAGE && !is_client)
        return weft_engine_send(engine, event->message_type, data);
    if (event->type == WEFT_EVENT_MESSAGE &&
        printf("%.*s\n", (int)data.count, (const char *)data.data))
        return weft_engine_close(engine, 1000, weft_text_of("bye"));
    return event->type == WEFT_EVENT_FAILED ? event->failure->status : WEFT_OK;
}

static weft_status turn(weft_engine *engine, struct pollfd *wait, bool is_client)
{
    uint8_t bytes[4096];
    struct weft_engine_event event;
    struct weft_bytes span;
    weft_status status = WEFT_OK;
    ssize_t count = wait->revents & POLLIN ? recv(wait->fd, bytes, sizeof bytes, 0) : -1;
    if (count > 0 &&
        !(status = weft_engine_feed(engine, (struct weft_buffer){ bytes, (size_t)count })))
        while (!status && weft_engine_next(engine, &event) != WEFT_EVENT_NONE)
            status = react(engine, &event, is_client);
    if (weft_engine_output(engine, &span, 1) &&
        (count = send(wait->fd, span.data, span.count, 0)) > 0)
        weft_engine_sent(engine, (size_t)count);
    wait->events = weft_engine_output_bytes(engine) ? POLLIN | POLLOUT : POLLIN;
    return status;
}

int main(void)
{
    struct weft_engine_request request = { .target = { "/", 1 }, .host = { "localhost", 9 } };
    struct weft_engine_options server = { .side = WEFT_SERVER };
    struct weft_engine_options client = { WEFT_CLIENT, .random = unpredictable,
                                          .request = &request };
    weft_engine *engines[2] = { NULL, NULL };
    int pair[2];
    weft_status status = weft_engine_create(&server, &engines[0]);
    if (status || (status = weft_engine_create(&client, &engines[1])) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
        return 1;

    struct pollfd waits[2] = { { pair[0], POLLIN, 0 }, { pair[1], POLLOUT, 0 } };
    while (!status && !(weft_engine_was_clean(engines[0]) && weft_engine_was_clean(engines[1])))
        for (int i = 0; i < 2 && !status && poll(waits, 2, -1) > 0; i++)
            status = turn(engines[i], &waits[i], i == 1);
    weft_engine_destroy(engines[0]);
    weft_engine_destroy(engines[1]);
    return status != WEFT_OK;
}

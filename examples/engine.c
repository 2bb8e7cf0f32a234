/* Two engines, memory to memory: the protocol alone, where the I/O is your own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <weft/engine.h>

static void unpredictable(void *out, size_t count, void *user)
{
    if (user || getrandom(out, count, 0) != (ssize_t)count)
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
    if (event->type == WEFT_EVENT_MESSAGE && puts("the server answers"))
        return weft_engine_close(engine, 1000, weft_text_of("bye"));
    return event->type == WEFT_EVENT_FAILED ? event->failure->status : WEFT_OK;
}

/* What one wants to send, at most 4 KiB of it, as if a socket had taken and brought it. */
static weft_status carry(weft_engine *from, weft_engine *to, bool to_client)
{
    uint8_t bytes[4096];
    struct weft_bytes span;
    struct weft_engine_event event;
    if (weft_engine_output(from, &span, 1) == 0)
        return WEFT_OK;
    size_t count = span.count < sizeof bytes ? span.count : sizeof bytes;
    memcpy(bytes, span.data, count);
    weft_engine_sent(from, count);
    weft_status status = weft_engine_feed(to, (struct weft_buffer){ bytes, count });
    while (!status && weft_engine_next(to, &event) != WEFT_EVENT_NONE)
        status = react(to, &event, to_client);
    return status;
}

int main(void)
{
    struct weft_engine_request request = { .target = { "/", 1 }, .host = { "localhost", 9 } };
    struct weft_engine_options mine = { WEFT_CLIENT, .random = unpredictable, .request = &request };
    weft_engine *server = NULL, *client = NULL;
    weft_status status = weft_engine_create(&mine, &client);
    mine.side = WEFT_SERVER;
    status = status ? status : weft_engine_create(&mine, &server);
    while (!status && !(weft_engine_was_clean(client) && weft_engine_was_clean(server)))
        status = carry(client, server, false) ? WEFT_ERR_STATE : carry(server, client, true);
    weft_engine_destroy(server);
    weft_engine_destroy(client);
    return status != WEFT_OK;
}

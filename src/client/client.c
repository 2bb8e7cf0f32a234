#include "client/client.h"

#include "io/loop.h"

static void forget_order(struct wf_client *client)
{
    weft_loop *loop = client->shape.loop;
    wf_again_end(client->order, loop);
    wf_order_drop(wf_loop_allocator(loop), client->order);
    client->order = NULL;
}

static void on_answer(weft_socket *socket, const struct weft_http_answer *answer)
{
    struct wf_client *client = wf_client_of(socket);
    if (client->order)
        wf_order_take_cookies(client->order, answer->headers);
}

static void on_open(weft_socket *socket)
{
    struct wf_client *client = wf_client_of(socket);
    wf_dial_end(socket);
    if (!client->order)
        return;
    client->order->was_open = true;
    client->order->opened_ms = weft_loop_now_ms(client->shape.loop);
    if (client->order->reconnect.attempts_max == 0)
        forget_order(client); /* An idle connection is small. */
}

static void on_gone(weft_socket *socket)
{
    wf_dial_end(socket);
    forget_order(wf_client_of(socket));
}

static const struct wf_socket_owner owner = {
    .on_open = on_open, .on_gone = on_gone, .on_ending = wf_again_begin, .on_answer = on_answer
};

static void client_free(struct wf_socket_shape *shape)
{
    struct wf_client *client = WF_CONTAINER_OF(shape, struct wf_client, shape);
    wf_order_drop(wf_loop_allocator(shape->loop), client->order);
    wf_free(wf_loop_allocator(shape->loop), client);
}

/* The order is the client's from now on, also when this fails. */
static struct wf_client *client_create(weft_loop *loop, const struct weft_connect_options *options,
                                       struct wf_order *order)
{
    struct wf_client *client = wf_alloc_zero(wf_loop_allocator(loop), sizeof *client);
    if (!client) {
        wf_order_drop(wf_loop_allocator(loop), order);
        return NULL;
    }
    client->order = order;
    client->shape.references = 1;
    client->shape.owner = &owner;
    client->shape.opening = client;
    client->shape.on_free = client_free;
    client->shape.settings = options->settings;
    client->shape.events = options->events;
    wf_socket_shape_resolve(&client->shape, loop, WEFT_CLIENT);
    return client;
}

/* "Establish a WebSocket connection", the request's parts. The protocols' syntax and duplicates are
 * the engine's to judge. */
static weft_status create_socket(struct wf_client *client, void *user, weft_socket **socket_out)
{
    const struct weft_allocator *allocator = wf_loop_allocator(client->shape.loop);
    struct wf_order_request request;
    weft_status status = wf_order_write(allocator, client->order, &request);
    if (!status)
        status = wf_socket_create(&client->shape, user, client->order->url.href, &request.request,
                                  socket_out);
    wf_order_request_drop(allocator, &request);
    return status;
}

static weft_status connect_order(weft_loop *loop, const struct weft_connect_options *options,
                                 struct wf_order *order, weft_socket **socket_out)
{
    struct wf_client *client = client_create(loop, options, order);
    if (!client)
        return WEFT_ERR_MEMORY;
    weft_socket *socket = NULL;
    weft_status status = create_socket(client, options->user, &socket);
    if (!status) {
        status = wf_dial_start(socket, order);
        if (status)
            weft_socket_release(socket);
    }
    wf_socket_shape_release(&client->shape); /* The socket has its own. */
    if (!status && socket_out)
        *socket_out = weft_socket_retain(socket);
    return status;
}

/* One descriptor is one connection, and leads where it leads. */
static bool are_usable_with_descriptor(const struct weft_connect_options *options)
{
    return !options->has_descriptor || (options->descriptor >= 0 && !options->redirects_max &&
                                        !options->reconnect.attempts_max && !options->proxy &&
                                        !options->source_address && !options->bind_device);
}

/* Of options with pointers and counts. */
static bool are_usable(const struct weft_connect_options *options)
{
    return (!options->protocol_count || options->protocols) &&
           (!options->header_count || options->headers) &&
           (!options->reconnect.close_code_count || options->reconnect.close_codes) &&
           (!options->password || options->username) && wf_stream_tcp_is_usable(&options->tcp) &&
           are_usable_with_descriptor(options);
}

weft_status weft_socket_connect(weft_loop *loop, const char *url_text,
                                const struct weft_connect_options *options,
                                weft_socket **socket_out)
{
    static const struct weft_connect_options defaults = { 0 };
    if (!loop || !url_text)
        return WEFT_ERR_ARGUMENT;
    if (!options)
        options = &defaults;
    if (!are_usable(options))
        return WEFT_ERR_ARGUMENT;
    /* An on_close that connects anew would keep the loop from its end, or be left behind. */
    if (wf_loop_is_ending(loop))
        return WEFT_ERR_CLOSED;

    const struct weft_allocator *allocator = wf_loop_allocator(loop);
    struct wf_url url;
    struct wf_order *order;
    weft_status status = wf_url_parse_websocket(allocator, weft_text_of(url_text),
                                                weft_text_of(options->base_url), &url, NULL);
    if (status)
        return status;
    status = wf_order_create(allocator, options, &url, &order);
    if (status) {
        wf_url_drop(allocator, &url);
        return status;
    }
    status = wf_order_need_tls(order);
    if (status) {
        wf_order_drop(allocator, order);
        return status;
    }
    return connect_order(loop, options, order, socket_out);
}

/* From a name to a connection: one address after the other, within one time. */
#include "client/client.h"
#include "io/loop.h"

#include <errno.h>
#include <stdio.h>

static void fail(struct wf_dial *dial, struct weft_failure failure)
{
    wf_socket_abort(dial->socket, &failure, false);
}

static void try_next(struct wf_dial *dial);

static void on_connected(weft_socket *socket, int system_error)
{
    struct wf_dial *dial = wf_client_of(socket)->dial;
    if (system_error) {
        dial->last_error = system_error;
        try_next(dial);
        return;
    }
    struct wf_socket_beginning beginning = wf_order_beginning(wf_client_of(socket)->order);
    wf_dial_end(socket);
    wf_socket_start_handshake(socket, &beginning);
}

static void try_next(struct wf_dial *dial)
{
    if (weft_socket_ready_state(dial->socket) != WEFT_CONNECTING)
        return; /* close() was called: the end is on its way. */
    while (dial->address_next < dial->address_count) {
        const struct wf_address *address = &dial->addresses[dial->address_next++];
        if (wf_socket_start_stream(dial->socket, address, on_connected) == WEFT_OK)
            return;
        dial->last_error = errno;
    }
    char text[128], last[WF_ADDRESS_TEXT_MAX] = "";
    wf_address_text(&dial->addresses[dial->address_count - 1], last, sizeof last);
    snprintf(text, sizeof text, "no connection to %.80s", last);
    fail(dial, (struct weft_failure){ .kind = WEFT_FAILURE_CONNECT,
                                      .status = WEFT_ERR_SYSTEM,
                                      .text = text,
                                      .system_error = dial->last_error });
}

static void on_resolved(void *user, const struct wf_address *addresses, size_t count,
                        const char *failure_text)
{
    struct wf_dial *dial = user;
    dial->resolve = NULL;
    if (count == 0) {
        fail(dial, (struct weft_failure){ .kind = WEFT_FAILURE_RESOLVE,
                                          .status = WEFT_ERR_RESOLVE,
                                          .text = failure_text ? failure_text : "no address" });
        return;
    }
    dial->address_count = count < WF_DIAL_ADDRESSES_MAX ? count : WF_DIAL_ADDRESSES_MAX;
    memcpy(dial->addresses, addresses, dial->address_count * sizeof *addresses);
    try_next(dial);
}

static void on_timer(struct wf_timer *timer)
{
    struct wf_dial *dial = WF_CONTAINER_OF(timer, struct wf_dial, timer);
    if (dial->port_is_blocked)
        fail(dial, (struct weft_failure){ .kind = WEFT_FAILURE_BLOCKED,
                                          .status = WEFT_ERR_REFUSED,
                                          .text = "the port is blocked",
                                          .rule = "Fetch, port blocking" });
    else
        fail(dial, (struct weft_failure){ .kind = WEFT_FAILURE_TIMEOUT,
                                          .status = WEFT_ERR_TIMEOUT,
                                          .text = "connecting took too long",
                                          .limit_name = "connect_timeout_ms",
                                          .limit = dial->timeout_ms });
}

static weft_status begin(struct wf_dial *dial, const struct wf_dial_target *target)
{
    weft_loop *loop = weft_socket_loop(dial->socket);
    dial->timer.on_timer = on_timer;
    wf_timer_start(loop, &dial->timer, dial->timeout_ms);
    if (target->port_is_blocked) {
        wf_timer_soon(loop, &dial->timer);
        return WEFT_OK;
    }
    if (target->path.count == 0)
        return wf_resolve_start(loop, target->host, target->port, on_resolved, dial,
                                &dial->resolve);
    dial->address_count = 1;
    return wf_address_of_path(&dial->addresses[0], target->path);
}

weft_status wf_dial_start(weft_socket *socket, const struct wf_dial_target *target)
{
    weft_loop *loop = weft_socket_loop(socket);
    struct wf_dial *dial = wf_alloc_zero(wf_loop_allocator(loop), sizeof *dial);
    if (!dial)
        return WEFT_ERR_MEMORY;
    dial->socket = socket;
    dial->port_is_blocked = target->port_is_blocked;
    dial->timeout_ms = target->timeout_ms ? target->timeout_ms : 15000;
    wf_client_of(socket)->dial = dial;

    weft_status status = begin(dial, target);
    if (!status && dial->address_count)
        try_next(dial);
    if (status)
        wf_dial_end(socket);
    return status;
}

weft_status wf_dial_order(weft_socket *socket, const struct wf_order *order)
{
    const struct wf_url *url = wf_order_url(order);
    struct wf_dial_target target = {
        .host = wf_url_dial_host(url),
        .port = wf_url_port(url),
        .path = url->unix_path,
        .port_is_blocked = !order->bad_ports_allowed && !url->unix_path.count &&
                           wf_url_port_is_blocked(wf_url_port(url)),
        .timeout_ms = order->connect_timeout_ms,
    };
    return wf_dial_start(socket, &target);
}

void wf_dial_end(weft_socket *socket)
{
    struct wf_client *client = wf_client_of(socket);
    struct wf_dial *dial = client->dial;
    if (!dial)
        return;
    client->dial = NULL;
    wf_resolve_cancel(dial->resolve);
    wf_timer_stop(weft_socket_loop(socket), &dial->timer);
    wf_free(wf_loop_allocator(weft_socket_loop(socket)), dial);
}

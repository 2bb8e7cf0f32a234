/* From a name to a connection: looking it up, racing to its addresses, and what comes before the
 * handshake. */
#include "client/client.h"
#include "io/loop.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static void fail(struct wf_dial *dial, struct weft_failure failure)
{
    wf_socket_abort(dial->socket, &failure, false);
}

static bool has_proxy(const struct wf_dial *dial)
{
    return dial->tunnel.proxy != NULL;
}

/* ---- the stream stands ---- */

static void start_handshake(struct wf_dial *dial)
{
    weft_socket *socket = dial->socket;
    struct wf_socket_beginning beginning = wf_order_beginning(dial->order);
    wf_timer_stop(weft_socket_loop(socket), &dial->timer);
    if (!has_proxy(dial)) {
        wf_dial_end(socket);
        wf_socket_start_handshake(socket, &beginning);
        return;
    }
    wf_tunnel_init(&dial->tunnel);
    beginning.preface = &dial->tunnel.preface;
    wf_socket_start_handshake(socket, &beginning);
    wf_tunnel_begin(&dial->tunnel, socket);
}

static void fail_to_connect(struct wf_dial *dial)
{
    const struct wf_race *race = &dial->race;
    char text[128], last[WF_ADDRESS_TEXT_MAX] = "";
    bool loop_ends = race->last_error == ECANCELED;
    wf_address_text(&race->addresses[race->last_index], last, sizeof last);
    if (loop_ends)
        snprintf(text, sizeof text, "the loop has ended");
    else if (race->last_wrong)
        snprintf(text, sizeof text, "%s is of no use for a connection to %.60s", race->last_wrong,
                 last);
    else
        snprintf(text, sizeof text, "no connection to %s%.80s", has_proxy(dial) ? "the proxy " : "",
                 last);
    fail(dial,
         (struct weft_failure){ .kind = loop_ends ? WEFT_FAILURE_ABORTED : WEFT_FAILURE_CONNECT,
                                .status = loop_ends ? WEFT_ERR_CLOSED : WEFT_ERR_SYSTEM,
                                .text = text,
                                .system_error = race->last_error });
}

static weft_status adopt(struct wf_dial *dial, int fd)
{
    weft_status status = wf_socket_adopt_stream(dial->socket, fd);
    /* What a connection cannot have is no reason to be without one: the kernel knows no such. */
    if (!status && wf_stream_tcp_is_asked(&dial->order->tcp))
        (void)!wf_stream_set_tcp(fd, &dial->order->tcp);
    return status;
}

static void on_race_end(struct wf_race *race, int fd)
{
    struct wf_dial *dial = WF_CONTAINER_OF(race, struct wf_dial, race);
    bool is_wanted = weft_socket_ready_state(dial->socket) == WEFT_CONNECTING;
    if (fd < 0 && is_wanted) {
        fail_to_connect(dial);
    } else if (fd >= 0 && !is_wanted) {
        close(fd); /* close() was called: the end is on its way. */
    } else if (fd >= 0 && adopt(dial, fd)) {
        fail(dial, (struct weft_failure){ .kind = WEFT_FAILURE_CONNECT,
                                          .status = WEFT_ERR_SYSTEM,
                                          .text = "the connection could not be taken",
                                          .system_error = errno });
        close(fd);
    } else if (fd >= 0) {
        start_handshake(dial);
    }
}

/* ---- the name ---- */

static bool has_addresses(struct wf_dial *dial, size_t count, const char *failure_text)
{
    dial->resolve = NULL;
    if (count > 0 && weft_socket_ready_state(dial->socket) == WEFT_CONNECTING)
        return true;
    if (count == 0)
        fail(dial, (struct weft_failure){ .kind = WEFT_FAILURE_RESOLVE,
                                          .status = WEFT_ERR_RESOLVE,
                                          .text = failure_text ? failure_text : "no address" });
    return false;
}

static void on_resolved(void *user, const struct wf_address *addresses, size_t count,
                        const char *failure_text)
{
    struct wf_dial *dial = user;
    if (!has_addresses(dial, count, failure_text))
        return;
    struct wf_race *race = &dial->race;
    race->address_count = count < WF_RACE_ADDRESSES_MAX ? count : WF_RACE_ADDRESSES_MAX;
    memcpy(race->addresses, addresses, race->address_count * sizeof *addresses);
    wf_race_start(race);
}

static weft_status resolve(struct wf_dial *dial, struct weft_text host, uint16_t port,
                           void (*on_found)(void *user, const struct wf_address *addresses,
                                            size_t count, const char *failure_text))
{
    return wf_resolve_start(weft_socket_loop(dial->socket), host, port, on_found, dial,
                            &dial->resolve);
}

static weft_status resolve_proxy(struct wf_dial *dial)
{
    const struct wf_proxy *proxy = dial->tunnel.proxy;
    return resolve(dial, proxy->host, proxy->port, on_resolved);
}

/* SOCKS5 with a name that is looked up here: the proxy gets the best address, and has no other. */
static void on_target_resolved(void *user, const struct wf_address *addresses, size_t count,
                               const char *failure_text)
{
    struct wf_dial *dial = user;
    if (!has_addresses(dial, count, failure_text))
        return;
    dial->tunnel.address = addresses[0];
    if (resolve_proxy(dial))
        fail(dial, (struct weft_failure){ .kind = WEFT_FAILURE_RESOLVE,
                                          .status = WEFT_ERR_RESOLVE,
                                          .text = "the proxy's name could not be looked up" });
}

/* ---- the beginning and the end ---- */

static void on_timer(struct wf_timer *timer)
{
    struct wf_dial *dial = WF_CONTAINER_OF(timer, struct wf_dial, timer);
    const struct wf_order *order = dial->order;
    char text[128];
    if (weft_socket_ready_state(dial->socket) != WEFT_CONNECTING)
        return;
    if (dial->port_is_blocked) {
        fail(dial, (struct weft_failure){ .kind = WEFT_FAILURE_BLOCKED,
                                          .status = WEFT_ERR_REFUSED,
                                          .text = "the port is blocked",
                                          .rule = "Fetch Standard 2.9" });
    } else if (order->proxy_status) {
        snprintf(text, sizeof text, "%s: %.100s", order->proxy_name, order->proxy_reason);
        fail(dial, (struct weft_failure){
                       .kind = WEFT_FAILURE_PROXY, .status = order->proxy_status, .text = text });
    } else {
        fail(dial, (struct weft_failure){ .kind = WEFT_FAILURE_TIMEOUT,
                                          .status = WEFT_ERR_TIMEOUT,
                                          .text = "connecting took too long",
                                          .limit_name = "connect_timeout_ms",
                                          .limit = dial->timeout_ms });
    }
}

static weft_status begin_path(struct wf_dial *dial, struct weft_text path)
{
    weft_status status = wf_address_of_path(&dial->race.addresses[0], path);
    if (status)
        return status;
    dial->race.address_count = 1;
    wf_race_start(&dial->race);
    return WEFT_OK;
}

static weft_status begin_descriptor(struct wf_dial *dial)
{
    weft_status status = adopt(dial, dial->order->descriptor);
    if (!status)
        start_handshake(dial);
    return status;
}

static weft_status begin(struct wf_dial *dial)
{
    const struct wf_order *order = dial->order;
    const struct wf_url *url = wf_order_url(order);
    weft_loop *loop = weft_socket_loop(dial->socket);
    wf_timer_start(loop, &dial->timer, dial->timeout_ms);
    if (dial->port_is_blocked || order->proxy_status) {
        wf_timer_soon(loop, &dial->timer);
        return WEFT_OK;
    }
    if (order->descriptor >= 0)
        return begin_descriptor(dial);
    if (url->unix_path.count)
        return begin_path(dial, url->unix_path);
    if (has_proxy(dial) && order->proxy.kind != WF_PROXY_SOCKS5)
        return resolve_proxy(dial);
    return resolve(dial, wf_url_dial_host(url), wf_url_port(url),
                   has_proxy(dial) ? on_target_resolved : on_resolved);
}

static const struct weft_header *proxy_authorization(const struct wf_order *order)
{
    struct weft_headers headers = { order->headers, order->header_count };
    return weft_headers_find(headers, "Proxy-Authorization", NULL);
}

static void aim(struct wf_dial *dial, const struct wf_order *order)
{
    const struct wf_url *url = wf_order_url(order);
    const struct weft_header *header = proxy_authorization(order);
    dial->order = order;
    dial->timeout_ms = order->connect_timeout_ms ? order->connect_timeout_ms : 15000;
    dial->timer.on_timer = on_timer;
    /* A path and a descriptor lead to no port. */
    dial->port_is_blocked = !order->bad_ports_allowed && !url->unix_path.count &&
                            order->descriptor < 0 && wf_url_port_is_blocked(wf_url_port(url));
    dial->tunnel.proxy = order->proxy.kind ? &order->proxy : NULL;
    dial->tunnel.host = wf_url_dial_host(url);
    dial->tunnel.port = wf_url_port(url);
    if (header)
        dial->tunnel.authorization = header->value;
    dial->race.loop = weft_socket_loop(dial->socket);
    dial->race.delay_ms = order->attempt_delay_ms;
    dial->race.origin = order->from;
    dial->race.on_end = on_race_end;
}

weft_status wf_dial_start(weft_socket *socket, const struct wf_order *order)
{
    weft_loop *loop = weft_socket_loop(socket);
    struct wf_dial *dial = wf_alloc_zero(wf_loop_allocator(loop), sizeof *dial);
    if (!dial)
        return WEFT_ERR_MEMORY;
    dial->socket = socket;
    wf_client_of(socket)->dial = dial;
    aim(dial, order);
    weft_status status = begin(dial);
    if (status)
        wf_dial_end(socket);
    return status;
}

void wf_dial_end(weft_socket *socket)
{
    struct wf_client *client = wf_client_of(socket);
    struct wf_dial *dial = client->dial;
    if (!dial)
        return;
    client->dial = NULL;
    wf_resolve_cancel(dial->resolve);
    wf_race_stop(&dial->race);
    wf_timer_stop(weft_socket_loop(socket), &dial->timer);
    wf_free(wf_loop_allocator(weft_socket_loop(socket)), dial);
}

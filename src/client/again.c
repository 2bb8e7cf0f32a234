/* What follows when a connection has ended: nothing, the target of a redirect, or another attempt.
 */
#include "client/client.h"
#include "client/redirect.h"
#include "io/random.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

void wf_again_end(struct wf_order *order, weft_loop *loop)
{
    if (!order)
        return;
    wf_timer_stop(loop, &order->timer);
    wf_loop_forget_end(&order->end);
}

/* ---- the next request ---- */

static void fail(weft_socket *socket, weft_status status)
{
    struct weft_failure failure = { .kind = WEFT_FAILURE_HANDSHAKE,
                                    .status = status,
                                    .text = "the request cannot be written again" };
    if (status == WEFT_ERR_MEMORY) {
        failure.kind = WEFT_FAILURE_MEMORY;
        failure.text = "no memory for another connection";
    } else if (status == WEFT_ERR_LIMIT) {
        failure.kind = WEFT_FAILURE_LIMIT;
        failure.text = "the cookies are too long for a request";
        failure.limit_name = "get_cookies";
        failure.limit = WF_ORDER_COOKIE_BYTES_MAX;
    } else if (status == WEFT_ERR_UNSUPPORTED) {
        failure.kind = WEFT_FAILURE_TLS;
        failure.text = "the redirect leads to wss:, and this build has no TLS";
    } else if (status == WEFT_ERR_SYSTEM) {
        failure.kind = WEFT_FAILURE_CONNECT;
        failure.text = "no connection could be begun";
        failure.system_error = errno;
    }
    wf_socket_abort(socket, &failure, false);
}

static weft_status begin(weft_socket *socket, struct wf_order *order)
{
    const struct weft_allocator *allocator = wf_loop_allocator(weft_socket_loop(socket));
    struct wf_order_request request;
    weft_status status = wf_order_aim(allocator, order);
    if (status)
        return status;
    status = wf_order_write(allocator, order, &request);
    if (!status)
        status = wf_socket_put_request(socket, &request.request);
    wf_order_request_drop(allocator, &request);
    if (!status)
        status = wf_order_need_tls(order);
    return status ? status : wf_dial_start(socket, order);
}

static void on_timer(struct wf_timer *timer)
{
    struct wf_order *order = WF_CONTAINER_OF(timer, struct wf_order, timer);
    weft_socket *socket = order->socket;
    wf_loop_forget_end(&order->end);
    if (weft_socket_ready_state(socket) != WEFT_CONNECTING)
        return; /* close() was called: the end is on its way. */
    weft_status status = begin(socket, order);
    if (status)
        fail(socket, status);
}

static void on_loop_end(struct wf_loop_end *end)
{
    struct wf_order *order = WF_CONTAINER_OF(end, struct wf_order, end);
    struct weft_failure failure = { .kind = WEFT_FAILURE_ABORTED,
                                    .status = WEFT_ERR_CLOSED,
                                    .text = "the loop has ended" };
    wf_timer_stop(weft_socket_loop(order->socket), &order->timer);
    wf_socket_abort(order->socket, &failure, false);
}

/* Before the event that may call close(): that stops what is started here. */
static void wait(struct wf_order *order, weft_socket *socket, uint32_t delay_ms)
{
    weft_loop *loop = weft_socket_loop(socket);
    order->socket = socket;
    order->timer.on_timer = on_timer;
    order->end.on_end = on_loop_end;
    wf_loop_watch_end(loop, &order->end);
    if (delay_ms)
        wf_timer_start(loop, &order->timer, delay_ms);
    else
        wf_timer_soon(loop, &order->timer);
}

/* ---- redirects ---- */

/* The connection ends: what the server said stays in the failure. */
static bool refuse(weft_socket *socket, const struct weft_failure *failure, weft_status status,
                   const char *text)
{
    struct weft_failure amended = *failure;
    amended.status = status;
    amended.text = text;
    amended.rule = NULL; /* It is not the answer that is wrong. */
    wf_socket_amend_failure(socket, &amended);
    return false;
}

static bool refuse_too_many(weft_socket *socket, const struct weft_failure *failure, uint32_t max)
{
    struct weft_failure amended = *failure;
    amended.status = WEFT_ERR_LIMIT;
    amended.text = "too many redirects";
    amended.rule = NULL;
    amended.limit_name = "redirects_max";
    amended.limit = max;
    wf_socket_amend_failure(socket, &amended);
    return false;
}

static bool follow_redirect(struct wf_order *order, weft_socket *socket,
                            const struct weft_failure *failure)
{
    const struct weft_allocator *allocator = wf_loop_allocator(weft_socket_loop(socket));
    const struct weft_header *location = weft_headers_find(failure->http.headers, "Location", NULL);
    struct wf_url url;
    const char *reason;
    if (order->redirect_count == order->redirects_max)
        return refuse_too_many(socket, failure, order->redirects_max);
    if (!location)
        return refuse(socket, failure, WEFT_ERR_REFUSED, "a redirect without a Location");
    weft_status status =
        wf_redirect_resolve(allocator, wf_order_url(order), location->value, &url, &reason);
    if (status)
        return refuse(socket, failure, status,
                      status == WEFT_ERR_MEMORY   ? "no memory for a redirect"
                      : status == WEFT_ERR_SYNTAX ? "a redirect to what is no WebSocket URL"
                                                  : reason);
    order->redirect_count++;
    order->has_left_origin |= !wf_redirect_same_origin(&order->url, &url);
    wf_socket_restart(socket, NULL);
    wf_url_drop(allocator, &order->redirect);
    order->redirect = url;
    wait(order, socket, 0);
    return true;
}

/* ---- another attempt ---- */

static bool try_again(struct wf_order *order, weft_socket *socket,
                      const struct weft_close_event *close)
{
    weft_loop *loop = weft_socket_loop(socket);
    if (order->was_open &&
        weft_loop_now_ms(loop) - order->opened_ms >= order->reconnect.first_delay_ms)
        order->attempt = 0;
    order->was_open = false;
    if (order->attempt >= order->reconnect.attempts_max ||
        !wf_reconnect_is_wanted(&order->reconnect, close))
        return false;
    if (order->attempt < UINT32_MAX - 1)
        order->attempt++;

    uint32_t random;
    wf_random(&random, sizeof random, NULL);
    struct weft_reconnect_event event = { .attempt = order->attempt, .close = *close };
    event.delay_ms = wf_reconnect_delay_ms(&order->reconnect, order->attempt, close, random,
                                           (int64_t)time(NULL));
    /* It begins where the user has said, with what belongs there. */
    wf_url_drop(wf_loop_allocator(loop), &order->redirect);
    order->redirect = (struct wf_url){ 0 };
    order->redirect_count = 0;
    order->has_left_origin = false;
    wait(order, socket, event.delay_ms);
    wf_socket_restart(socket, &event);
    return true;
}

bool wf_again_begin(weft_socket *socket, const struct weft_close_event *close)
{
    struct wf_order *order = wf_client_of(socket)->order;
    const struct weft_failure *failure = close->failure;
    if (!order)
        return false;
    wf_dial_end(socket);
    /* An answer of the server's that refuses; a wrong 101 is none. */
    bool is_refusal = failure && failure->kind == WEFT_FAILURE_HANDSHAKE &&
                      failure->status == WEFT_ERR_REFUSED && failure->http.status >= 200;
    if (is_refusal)
        wf_order_take_cookies(order, failure->http.headers);
    if (is_refusal && order->redirects_max && wf_redirect_is_status(failure->http.status))
        return follow_redirect(order, socket, failure);
    return try_again(order, socket, close);
}

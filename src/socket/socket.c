#include "io/loop.h"
#include "socket/transport.h"

#include <stdio.h>

/* uWebSockets needs 272 bytes for an idle connection; a block of 240 has 8 of malloc's own. */
static_assert(sizeof(struct weft_socket) <= 232, "an idle connection is small");

/* Every client has it, and what speaks TLS; the pool's next larger block is of 4096. */
static_assert(sizeof(struct wf_socket_rare) <= 512, "what is rare fits a block of the pool");

static const bool may_move[4][4] = {
    [WEFT_CONNECTING] = { [WEFT_OPEN] = true, [WEFT_CLOSING] = true, [WEFT_CLOSED] = true },
    [WEFT_OPEN] = { [WEFT_CLOSING] = true, [WEFT_CLOSED] = true },
    [WEFT_CLOSING] = { [WEFT_CLOSED] = true },
};

void wf_socket_move_to(weft_socket *socket, enum weft_ready_state state)
{
    enum weft_ready_state old = wf_socket_state(socket);
    if (old == state)
        return;
    assert(may_move[old][state]);
    wf_inflow_end_quick(socket);
    atomic_store_explicit(&socket->state, (uint8_t)state, memory_order_release);
    socket->since_ms = wf_socket_now(socket);
    if (state == WEFT_CLOSING)
        weft_socket_resume(socket); /* The peer's Close has to be read. */
}

struct wf_socket_rare *wf_socket_need_rare(weft_socket *socket)
{
    if (!socket->rare) {
        wf_inflow_end_quick(socket);
        socket->rare =
            wf_pool_take(wf_loop_pool(wf_socket_loop(socket)), sizeof *socket->rare, NULL);
        if (socket->rare)
            *socket->rare = (struct wf_socket_rare){ 0 };
    }
    return socket->rare;
}

void wf_socket_note_failure(weft_socket *socket, const struct weft_failure *failure)
{
    struct wf_socket_rare *rare = wf_socket_need_rare(socket);
    if (rare && !rare->has_failure) {
        rare->has_failure = true;
        rare->failure = *failure;
        snprintf(rare->failure_text, sizeof rare->failure_text, "%s", failure->text);
        rare->failure.text = rare->failure_text;
    }
}

void wf_socket_amend_failure(weft_socket *socket, const struct weft_failure *failure)
{
    if (socket->rare)
        socket->rare->has_failure = false;
    wf_socket_note_failure(socket, failure);
}

void wf_socket_fail(weft_socket *socket, const struct weft_failure *failure, uint16_t close_code)
{
    wf_engine_fail(&socket->engine, failure, close_code);
    if (wf_socket_state(socket) == WEFT_OPEN)
        wf_socket_move_to(socket, WEFT_CLOSING);
    wf_socket_serve_soon(socket);
}

/* The work at the end of a turn, and at a deadline. */
static void service(struct wf_timer *timer)
{
    weft_socket *socket = WF_CONTAINER_OF(timer, weft_socket, timer);
    weft_socket_retain(socket);
    socket->is_served_soon = false;
    wf_inflow_pump(socket);
    wf_keepalive_check(socket);
    wf_outflow_flush(socket);
    if (wf_socket_state(socket) != WEFT_CLOSED && !wf_timer_is_started(&socket->timer))
        wf_keepalive_arm(socket);
    weft_socket_release(socket);
}

void wf_socket_serve_soon(weft_socket *socket)
{
    if (socket->in_inflow || socket->is_served_soon || wf_socket_state(socket) == WEFT_CLOSED)
        return;
    socket->is_served_soon = true;
    wf_timer_soon(wf_socket_loop(socket), &socket->timer);
}

static weft_socket *create(struct wf_socket_shape *shape, void *user)
{
    weft_socket *socket = wf_alloc_zero(wf_loop_allocator(shape->loop), sizeof *socket);
    if (!socket)
        return NULL;
    socket->shape = wf_socket_shape_retain(shape);
    socket->user = user;
    socket->references = 1;
    socket->state = WEFT_CONNECTING;
    socket->timer.on_timer = service;
    socket->since_ms = socket->active_ms = wf_socket_now(socket);
    return socket;
}

static void destroy(weft_socket *socket)
{
    struct wf_socket_shape *shape = socket->shape;
    weft_loop *loop = wf_socket_loop(socket);
    wf_transport_close(socket, false);
    wf_transport_forget(socket);
    if (socket->engine.config)
        wf_engine_drop(&socket->engine);
    if (socket->rare) {
        wf_waiting_drop(socket);
        wf_free(wf_loop_allocator(loop), socket->rare->url);
        wf_free(wf_loop_allocator(loop), socket->rare->peer);
        wf_free(wf_loop_allocator(loop), socket->rare->events);
        wf_pool_give(wf_loop_pool(loop), socket->rare, sizeof *socket->rare);
    }
    wf_free(wf_loop_allocator(loop), socket);
    wf_socket_shape_release(shape);
}

static void bury(struct wf_post *post, bool is_dropped)
{
    (void)is_dropped; /* It is done all the same. */
    destroy(WF_CONTAINER_OF(post, weft_socket, burial));
}

weft_socket *weft_socket_retain(weft_socket *socket)
{
    atomic_fetch_add_explicit(&socket->references, 1, memory_order_relaxed);
    return socket;
}

void weft_socket_release(weft_socket *socket)
{
    if (!socket || atomic_fetch_sub_explicit(&socket->references, 1, memory_order_acq_rel) > 1)
        return;
    /* The loop's pool and allocator are for its own thread. A loop that is gone has none. */
    if (!wf_loop_is_current(wf_socket_loop(socket))) {
        socket->burial.work = bury;
        if (wf_loop_post(wf_socket_loop(socket), &socket->burial))
            return;
    } else {
        wf_timer_stop(wf_socket_loop(socket), &socket->timer);
    }
    destroy(socket);
}

/* The stream of an accepted socket stands. */
static weft_status begin(weft_socket *socket, const struct wf_socket_beginning *beginning)
{
    socket->has_stream = true;
    weft_status status = beginning ? wf_transport_begin(socket, beginning) : WEFT_OK;
    if (!status)
        wf_keepalive_arm(socket);
    return status;
}

weft_status wf_socket_open_accepted(struct wf_socket_shape *shape, int fd,
                                    const struct wf_socket_beginning *beginning,
                                    weft_socket **socket_out)
{
    weft_socket *socket = create(shape, NULL);
    if (!socket)
        return WEFT_ERR_MEMORY;
    wf_engine_init_server(&socket->engine, &shape->engine);
    weft_status status =
        wf_stream_open_accepted(&socket->stream, shape->loop, fd, &wf_transport_plain.events);
    if (!status)
        status = begin(socket, beginning);
    if (status) {
        (void)!wf_stream_take_fd(&socket->stream); /* It is still the caller's. */
        destroy(socket);
        return status;
    }
    *socket_out = socket;
    return WEFT_OK;
}

/* Dropped messages are counted there, also by other threads; and who has it is not told messages on
 * the short way. */
static bool needs_rare(const struct wf_socket_shape *shape)
{
    return shape->settings.send_policy != WEFT_SEND_CLOSE || shape->events.on_message_part;
}

static void take_settings(weft_socket *socket)
{
    const struct wf_socket_shape *shape = socket->shape;
    socket->has_policy = shape->settings.send_policy != WEFT_SEND_CLOSE;
    socket->wants_parts = !socket->has_own_events && shape->events.on_message_part;
    weft_socket_set_binary_type(socket, shape->settings.binary_type);
}

weft_status wf_socket_create(struct wf_socket_shape *shape, void *user, struct weft_text url,
                             const struct weft_engine_request *request, weft_socket **socket_out)
{
    weft_socket *socket = create(shape, user);
    if (!socket)
        return WEFT_ERR_MEMORY;
    socket->is_websocket = true;
    struct wf_socket_rare *rare = wf_socket_need_rare(socket);
    if (rare)
        rare->url = wf_copy_text(wf_loop_allocator(shape->loop), url);
    weft_status status = rare && rare->url ? WEFT_OK : WEFT_ERR_MEMORY;
    if (!status)
        status = wf_engine_init_client(&socket->engine, &shape->engine, request);
    if (status) {
        destroy(socket);
        return status;
    }
    take_settings(socket);
    *socket_out = socket;
    return WEFT_OK;
}

weft_status wf_socket_adopt_stream(weft_socket *socket, int fd)
{
    wf_transport_close(socket, false);
    return wf_stream_open(&socket->stream, wf_socket_loop(socket), fd, &wf_transport_plain.events);
}

void wf_socket_start_handshake(weft_socket *socket, const struct wf_socket_beginning *beginning)
{
    struct weft_failure failure = { .kind = WEFT_FAILURE_TLS,
                                    .text = "TLS cannot begin: is the host a name?" };
    socket->has_stream = true;
    socket->since_ms = wf_socket_now(socket);
    weft_status status = beginning ? wf_transport_begin(socket, beginning) : WEFT_OK;
    failure.status = status;
    if (status == WEFT_ERR_MEMORY) {
        failure.kind = WEFT_FAILURE_MEMORY;
        failure.text = "no memory to begin the connection";
    }
    if (status)
        wf_socket_abort(socket, &failure, false);
    wf_socket_serve_soon(socket);
}

weft_status wf_socket_accept(weft_socket *socket, struct wf_socket_shape *route_shape,
                             const struct weft_engine_accept *accept, void *user)
{
    if (needs_rare(route_shape) && !wf_socket_need_rare(socket))
        return WEFT_ERR_MEMORY;
    /* The route's settings decide about extensions, too. */
    wf_engine_set_config(&socket->engine, &route_shape->engine);
    weft_status status = weft_engine_accept(&socket->engine, accept);
    if (status) {
        wf_engine_set_config(&socket->engine, &socket->shape->engine);
        return status;
    }
    wf_socket_shape_retain(route_shape);
    wf_socket_shape_release(socket->shape);
    socket->shape = route_shape;
    take_settings(socket);
    socket->user = user;
    socket->is_websocket = true;
    wf_socket_serve_soon(socket);
    return WEFT_OK;
}

weft_status wf_socket_respond(weft_socket *socket, const struct weft_engine_respond *answer)
{
    weft_status status = weft_engine_respond(&socket->engine, answer);
    if (status)
        return status;
    socket->is_body_wanted = answer->body_follows && !answer->head_only && answer->body_bytes > 0;
    /* The reader's time begins now, however long the answer was waited for. */
    socket->since_ms = wf_socket_now(socket);
    wf_socket_serve_soon(socket);
    return WEFT_OK;
}

weft_status wf_socket_respond_body(weft_socket *socket, struct weft_bytes bytes)
{
    weft_status status = weft_engine_respond_body(&socket->engine, bytes);
    if (status)
        return status;
    if (!wf_engine_request_waits(&socket->engine))
        socket->is_body_wanted = false;
    wf_socket_serve_soon(socket);
    return WEFT_OK;
}

void wf_socket_end(weft_socket *socket)
{
    static const struct weft_failure ended = { .kind = WEFT_FAILURE_ABORTED,
                                               .status = WEFT_ERR_CLOSED,
                                               .text = "the server has ended the connection" };
    if (wf_socket_state(socket) == WEFT_CLOSED)
        return;
    wf_inflow_end_quick(socket);
    wf_engine_fail(&socket->engine, &ended, 0);
    wf_socket_serve_soon(socket);
}

void wf_socket_abort(weft_socket *socket, const struct weft_failure *failure, bool reset)
{
    if (wf_socket_state(socket) == WEFT_CLOSED)
        return;
    wf_socket_note_failure(socket, failure);
    wf_transport_close(socket, reset);
    socket->is_broken = true; /* Which the move below makes known. */
    wf_socket_move_to(socket, WEFT_CLOSING);
    wf_socket_serve_soon(socket);
}

void *wf_socket_owner_data(const weft_socket *socket)
{
    return socket->is_websocket ? NULL : socket->user;
}

void wf_socket_set_owner_data(weft_socket *socket, void *data)
{
    if (!socket->is_websocket)
        socket->user = data;
}

bool wf_socket_was_open(const weft_socket *socket)
{
    return socket->was_open;
}

struct wf_socket_shape *wf_socket_shape(const weft_socket *socket)
{
    return socket->shape;
}

struct each {
    const void *opening;
    void (*visit)(weft_socket *socket, void *user);
    void *user;
};

static void visit_stream(struct wf_stream *stream, void *user)
{
    const struct each *each = user;
    weft_socket *socket = WF_CONTAINER_OF(stream, weft_socket, stream);
    if (socket->shape->opening == each->opening)
        each->visit(socket, each->user);
}

void wf_socket_each(weft_loop *loop, const void *opening,
                    void (*visit)(weft_socket *socket, void *user), void *user)
{
    static const struct wf_transport *const transports[] = { &wf_transport_plain,
                                                             &wf_transport_preface,
                                                             &wf_transport_secure };
    struct each each = { opening, visit, user };
    for (size_t i = 0; i < sizeof transports / sizeof *transports; i++)
        wf_stream_each(loop, &transports[i]->events, visit_stream, &each);
}

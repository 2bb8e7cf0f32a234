/* TLS between the stream and the engine: sealed bytes in, plain bytes out, and back. */
#include "socket/secure.h"

weft_status wf_secure_create(weft_socket *socket, const struct wf_socket_beginning *beginning)
{
    struct wf_socket_rare *rare = wf_socket_need_rare(socket);
    if (!rare)
        return WEFT_ERR_MEMORY;
    /* As long as the connection: not in the pool's blocks, which are larger. */
    rare->secure = wf_alloc(wf_loop_allocator(wf_socket_loop(socket)), sizeof *rare->secure);
    if (!rare->secure)
        return WEFT_ERR_MEMORY;
    *rare->secure = (struct wf_secure){ .result = WF_TLS_WANTS_INPUT, .is_settled = true };
    return wf_tls_open(wf_loop_pool(wf_socket_loop(socket)), beginning->tls, beginning->host,
                       beginning->port, &rare->secure->tls);
}

void wf_secure_forget(weft_socket *socket)
{
    struct wf_pool *pool = wf_loop_pool(wf_socket_loop(socket));
    struct wf_secure *secure = wf_secure_of(socket);
    if (!secure)
        return;
    wf_tls_close(secure->tls);
    wf_block_drop(&secure->unsent, pool);
    wf_block_drop(&secure->kept, pool);
    wf_free(wf_loop_allocator(wf_socket_loop(socket)), secure);
    socket->rare->secure = NULL;
}

bool wf_socket_is_secure(const weft_socket *socket)
{
    return socket->rare && wf_secure_of(socket);
}

const struct weft_tls_info *weft_socket_tls(const weft_socket *socket)
{
    struct wf_secure *secure = socket && socket->rare ? wf_secure_of(socket) : NULL;
    return secure && wf_tls_is_done(secure->tls) ? wf_tls_info(secure->tls) : NULL;
}

static bool is_opening(const weft_socket *socket)
{
    return !wf_tls_is_done(wf_secure_of(socket)->tls);
}

static const struct weft_failure *failure_of(const weft_socket *socket)
{
    return wf_tls_failure(wf_secure_of(socket)->tls);
}

/* ---- in ---- */

static bool may_read(const weft_socket *socket)
{
    return !socket->is_held && !socket->engine_is_done && !socket->is_lingering &&
           !socket->is_broken && wf_socket_state(socket) != WEFT_CLOSED;
}

/* Unseals what was fed, as much as the engine may have. */
static void read_fed(weft_socket *socket)
{
    struct wf_secure *secure = wf_secure_of(socket);
    secure->is_reading = true;
    do {
        struct weft_buffer plain = wf_loop_scratch(wf_socket_loop(socket), WF_SCRATCH_PLAIN);
        if (plain.count == 0) {
            (void)wf_sealing_abort_without_memory(socket);
            break;
        }
        size_t count = 0;
        secure->result = wf_tls_read(secure->tls, plain, &count);
        secure->is_settled = secure->result == WF_TLS_WANTS_INPUT;
        plain.count = count;
        if (count && weft_engine_feed(&socket->engine, plain) == WEFT_OK)
            wf_inflow_pump(socket);
    } while (secure->result == WF_TLS_IS_FULL && may_read(socket));
    secure->is_reading = false;
}

/* Keeps what was lent and not used; `lent` may be what was kept. */
static void keep_unused(weft_socket *socket, struct weft_bytes lent)
{
    struct wf_secure *secure = wf_secure_of(socket);
    struct wf_pool *pool = wf_loop_pool(wf_socket_loop(socket));
    size_t unused = socket->is_held ? wf_tls_unused(secure->tls) : 0;
    struct weft_bytes rest = { 0 };
    if (unused)
        rest = (struct weft_bytes){ lent.data + (lent.count - unused), unused };
    if (unused == 0) {
        wf_block_drop(&secure->kept, pool);
    } else if (secure->kept.count) {
        memmove(secure->kept.data, rest.data, unused);
        secure->kept.count = unused;
    } else if (!wf_block_append(&secure->kept, pool, rest, unused)) {
        (void)wf_sealing_abort_without_memory(socket);
    }
    wf_tls_feed(secure->tls, (struct weft_bytes){ 0 });
}

/* What the peer understands, if it speaks no TLS. */
static void answer_without_tls(weft_socket *socket)
{
    struct wf_secure *secure = wf_secure_of(socket);
    const struct wf_socket_owner *owner = socket->shape->owner;
    if (!wf_tls_is_plain_http(secure->tls) || !owner->on_plain_http)
        return;
    struct weft_bytes answer = owner->on_plain_http(socket);
    if (!wf_block_append(&secure->unsent, wf_loop_pool(wf_socket_loop(socket)), answer, SIZE_MAX))
        (void)wf_sealing_abort_without_memory(socket);
}

/* TLS has failed. The engine's failure is replaced by its own, see failure_of(). A server's client
 * is given the time to read the alert. */
static void fail(weft_socket *socket)
{
    weft_engine_feed_end(&socket->engine);
    wf_inflow_pump(socket);
    answer_without_tls(socket);
    bool has_word = is_opening(socket) && weft_socket_side(socket) == WEFT_SERVER;
    if (wf_sealing_flush(socket) && !has_word)
        socket->is_broken = true;
}

/* The stream has ended without a word of TLS's: the peer, or somebody on the way. RFC 6455 7.1.4
 * calls a closing clean by the two Close frames alone; whatever else was open is cut off. */
static void end_truncated(weft_socket *socket)
{
    struct wf_secure *secure = wf_secure_of(socket);
    secure->end_waits = false;
    socket->peer_has_ended = true;
    secure->result = wf_tls_read_end(secure->tls);
    secure->is_settled = true;
    weft_engine_feed_end(&socket->engine);
    wf_inflow_pump(socket);
}

/* Acts on how the reading went. */
static void settle(weft_socket *socket)
{
    struct wf_secure *secure = wf_secure_of(socket);
    if (!may_read(socket))
        return;
    if (!secure->is_settled && secure->result == WF_TLS_ENDED) {
        secure->is_settled = true;
        wf_inflow_end(socket);
    } else if (!secure->is_settled && secure->result == WF_TLS_FAILED) {
        secure->is_settled = true;
        fail(socket);
    } else if (secure->end_waits) {
        end_truncated(socket);
    }
}

static void receive(weft_socket *socket, struct weft_bytes sealed)
{
    wf_tls_feed(wf_secure_of(socket)->tls, sealed);
    read_fed(socket);
    keep_unused(socket, sealed);
    if (!socket->is_held)
        wf_stream_resume(&socket->stream); /* It was held for a while only. */
    settle(socket);
}

/* The answers and TLS's own words leave together. */
static void write_all(weft_socket *socket)
{
    bool is_gone = wf_socket_state(socket) == WEFT_CLOSED;
    if (!is_gone && wf_stream_is_open(&socket->stream)) {
        wf_outflow_write(socket);
        if (wf_stream_is_open(&socket->stream) &&
            wf_tls_has_urgent_output(wf_secure_of(socket)->tls))
            (void)wf_sealing_flush(socket);
    }
    wf_outflow_flush(socket);
}

static void on_received(struct wf_stream *stream, struct weft_buffer bytes)
{
    weft_socket *socket = WF_CONTAINER_OF(stream, weft_socket, stream);
    wf_inflow_note_heard(socket);
    if (socket->engine_is_done || socket->is_lingering)
        return;
    bool was_opening = is_opening(socket);
    weft_socket_retain(socket);
    receive(socket, (struct weft_bytes){ bytes.data, bytes.count });
    write_all(socket);
    if (was_opening && wf_socket_state(socket) != WEFT_CLOSED && !wf_transport_is_opening(socket))
        wf_keepalive_arm(socket); /* Another time runs now. */
    weft_socket_release(socket);
}

static void on_end(struct wf_stream *stream)
{
    weft_socket *socket = WF_CONTAINER_OF(stream, weft_socket, stream);
    struct wf_secure *secure = wf_secure_of(socket);
    weft_socket_retain(socket);
    bool is_looked_at = !socket->is_lingering && !socket->engine_is_done;
    if (is_looked_at && (secure->kept.count || !secure->is_settled))
        secure->end_waits = true;
    else if (!socket->peer_has_ended)
        end_truncated(socket);
    write_all(socket);
    weft_socket_release(socket);
}

static void on_sendable(struct wf_stream *stream)
{
    weft_socket *socket = WF_CONTAINER_OF(stream, weft_socket, stream);
    weft_socket_retain(socket);
    if (wf_sealing_flush(socket))
        wf_outflow_flush(socket);
    weft_socket_release(socket);
}

/* From the pump, which a flush follows. */
static void resume(weft_socket *socket)
{
    struct wf_secure *secure = wf_secure_of(socket);
    if (secure->is_reading)
        return; /* The reading goes on by itself. */
    if (may_read(socket) && (secure->kept.count || !secure->is_settled || secure->end_waits)) {
        if (secure->kept.count || secure->result == WF_TLS_IS_FULL)
            receive(socket, (struct weft_bytes){ secure->kept.data, secure->kept.count });
        else
            settle(socket);
    }
    if (!socket->is_held)
        wf_stream_resume(&socket->stream);
}

void wf_secure_start(weft_socket *socket)
{
    wf_transport_change(socket, &wf_transport_secure);
    (void)wf_sealing_flush(socket);
}

void wf_secure_rest(weft_socket *socket)
{
    if (socket->rare && wf_secure_of(socket))
        wf_tls_rest(wf_secure_of(socket)->tls);
}

const struct wf_transport wf_transport_secure = {
    .events = { .on_connected = wf_transport_on_connected,
                .on_received = on_received,
                .on_end = on_end,
                .on_sendable = on_sendable,
                .on_failed = wf_transport_on_failed },
    .send = wf_sealing_send,
    .resume = resume,
    .shutdown = wf_sealing_shutdown,
    .end = wf_sealing_end,
    .has_unsent = wf_sealing_has_unsent,
    .is_opening = is_opening,
    .late_client = "the TLS handshake took too long",
    .late_server = "the TLS handshake took too long",
    .failure = failure_of,
};

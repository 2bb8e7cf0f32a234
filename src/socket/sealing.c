/* Plain bytes to sealed ones, and to the kernel. */
#include "io/loop.h"
#include "socket/secure.h"

weft_status wf_sealing_abort_without_memory(weft_socket *socket)
{
    static const struct weft_failure no_memory = { .kind = WEFT_FAILURE_MEMORY,
                                                   .status = WEFT_ERR_MEMORY,
                                                   .text = "no memory for TLS" };
    wf_socket_abort(socket, &no_memory, false);
    return WEFT_ERR_MEMORY;
}

static size_t unsent_bytes(const struct wf_secure *secure)
{
    return secure->unsent.count - secure->unsent_at;
}

/* The reader moves on, as in wf_outflow_write(). */
static void note_taken(weft_socket *socket)
{
    if (!socket->is_websocket && wf_tls_is_done(wf_secure_of(socket)->tls))
        socket->since_ms = wf_socket_now(socket);
    if (socket->is_ping_due)
        socket->since_ms = wf_socket_now(socket);
}

static weft_status write_unsent(weft_socket *socket)
{
    struct wf_secure *secure = wf_secure_of(socket);
    size_t taken = 0;
    if (unsent_bytes(secure) == 0)
        return WEFT_OK;
    struct weft_bytes waiting = { secure->unsent.data + secure->unsent_at, unsent_bytes(secure) };
    if (wf_stream_send(&socket->stream, &waiting, 1, &taken))
        return wf_transport_abort(socket);
    secure->unsent_at += taken;
    if (taken)
        note_taken(socket);
    if (unsent_bytes(secure) == 0) {
        wf_block_drop(&secure->unsent, wf_loop_pool(wf_socket_loop(socket)));
        secure->unsent_at = 0;
    }
    return WEFT_OK;
}

/* Writes sealed bytes behind which nothing waits; what the kernel does not take is kept. */
static weft_status put_sealed(weft_socket *socket, struct weft_bytes sealed)
{
    struct wf_secure *secure = wf_secure_of(socket);
    size_t taken = 0;
    if (wf_stream_send(&socket->stream, &sealed, 1, &taken))
        return wf_transport_abort(socket);
    struct weft_bytes rest = { sealed.data + taken, sealed.count - taken };
    if (rest.count &&
        !wf_block_append(&secure->unsent, wf_loop_pool(wf_socket_loop(socket)), rest, rest.count))
        return wf_sealing_abort_without_memory(socket);
    return WEFT_OK;
}

/* One run: sealed in the loop's memory and written with one call. */
static weft_status seal_run(weft_socket *socket, const struct weft_bytes *spans, size_t span_count,
                            size_t *taken_out)
{
    struct wf_secure *secure = wf_secure_of(socket);
    struct weft_buffer room = wf_loop_scratch(wf_socket_loop(socket), WF_SCRATCH_SEALED);
    size_t sealed = 0;
    if (room.count == 0)
        return wf_sealing_abort_without_memory(socket);
    weft_status status = wf_tls_seal(secure->tls, spans, span_count, room, taken_out, &sealed);
    if (status && wf_tls_failure(secure->tls)) {
        wf_socket_abort(socket, wf_tls_failure(secure->tls), false);
        return status;
    }
    return sealed ? put_sealed(socket, (struct weft_bytes){ room.data, sealed }) : WEFT_OK;
}

enum { SPANS_MAX = 64 };

static size_t drop_taken(struct weft_bytes *spans, size_t span_count, size_t taken)
{
    size_t gone = 0;
    while (gone < span_count && taken >= spans[gone].count)
        taken -= spans[gone++].count;
    memmove(spans, spans + gone, (span_count - gone) * sizeof *spans);
    if (taken) {
        spans->data += taken;
        spans->count -= taken;
    }
    return span_count - gone;
}

/* The direction ends once nothing waits. */
static void end_where_due(weft_socket *socket)
{
    struct wf_secure *secure = wf_secure_of(socket);
    if (secure->is_ending && unsent_bytes(secure) == 0 && !wf_tls_has_output(secure->tls)) {
        secure->is_ending = false;
        wf_stream_shutdown(&socket->stream);
    }
}

weft_status wf_sealing_send(weft_socket *socket, const struct weft_bytes *spans, size_t span_count,
                            size_t *taken_out)
{
    struct wf_secure *secure = wf_secure_of(socket);
    struct weft_bytes left[SPANS_MAX];
    bool is_usable = wf_tls_is_done(secure->tls) && !wf_tls_failure(secure->tls);
    size_t count = is_usable ? span_count : 0;
    assert(span_count <= SPANS_MAX);
    if (count)
        memcpy(left, spans, count * sizeof *spans);
    *taken_out = 0;
    weft_status status = write_unsent(socket);
    while (!status && unsent_bytes(secure) == 0 && (count || wf_tls_has_output(secure->tls))) {
        size_t taken = 0;
        status = seal_run(socket, left, count, &taken);
        *taken_out += taken;
        count = drop_taken(left, count, taken);
    }
    if (!status)
        end_where_due(socket);
    return status;
}

bool wf_sealing_flush(weft_socket *socket)
{
    size_t taken;
    return wf_sealing_send(socket, NULL, 0, &taken) == WEFT_OK;
}

void wf_sealing_shutdown(weft_socket *socket)
{
    struct wf_secure *secure = wf_secure_of(socket);
    wf_tls_end(secure->tls);
    secure->is_ending = true;
    (void)wf_sealing_flush(socket);
}

/* RFC 8446 6.1: close_notify before the end. When the peer is so slow that it does not fit, it sees
 * a connection that was cut off, which it is. */
void wf_sealing_end(weft_socket *socket)
{
    struct wf_secure *secure = wf_secure_of(socket);
    struct weft_buffer room = wf_loop_scratch(wf_socket_loop(socket), WF_SCRATCH_SEALED);
    size_t taken, count = 0;
    wf_tls_end(secure->tls);
    if (unsent_bytes(secure) || !room.count || !wf_tls_has_output(secure->tls))
        return;
    (void)!wf_tls_seal(secure->tls, NULL, 0, room, &taken, &count);
    struct weft_bytes sealed = { room.data, count };
    if (count)
        (void)!wf_stream_send(&socket->stream, &sealed, 1, &taken);
}

bool wf_sealing_has_unsent(const weft_socket *socket)
{
    const struct wf_secure *secure = wf_secure_of(socket);
    return unsent_bytes(secure) || wf_tls_has_output(secure->tls);
}

/* The plain transport: a stream as it is. */
#include "socket/transport.h"
#include "io/farewell.h"

#include <errno.h>

void wf_transport_change(weft_socket *socket, const struct wf_transport *transport)
{
    wf_stream_set_events(&socket->stream, &transport->events);
}

void wf_transport_close(weft_socket *socket, bool reset)
{
    wf_stream_close(&socket->stream, reset);
}

/* A server ends TCP first (RFC 6455 7.1.1), and its peer may not have read the Close frame yet.
 * Behind its own Close a peer sends nothing (5.5.1), so that closing at once resets nothing, unless
 * it is seen to send all the same, or has a close_notify to send. */
static bool has_said_farewell(const weft_socket *socket)
{
    return weft_socket_side(socket) == WEFT_SERVER && !socket->is_broken &&
           !socket->peer_has_ended && weft_engine_was_clean(&socket->engine) &&
           (wf_engine_has_surplus(&socket->engine) || wf_transport_of(socket)->end);
}

void wf_transport_end(weft_socket *socket)
{
    if (wf_stream_is_open(&socket->stream) && wf_transport_of(socket)->end)
        wf_transport_of(socket)->end(socket);
    if (has_said_farewell(socket))
        wf_farewell_begin(&socket->stream);
    else
        wf_stream_close(&socket->stream, false);
}

void wf_transport_forget(weft_socket *socket)
{
    if (!socket->rare)
        return;
    wf_preface_forget(socket);
    wf_secure_forget(socket);
}

weft_status wf_transport_begin(weft_socket *socket, const struct wf_socket_beginning *beginning)
{
    weft_status status = beginning->tls ? wf_secure_create(socket, beginning) : WEFT_OK;
    if (!status && beginning->preface)
        return wf_preface_create(socket, beginning->preface);
    if (!status && beginning->tls)
        wf_secure_start(socket);
    return status;
}

weft_status wf_transport_abort(weft_socket *socket)
{
    struct weft_failure failure = { .kind = WEFT_FAILURE_TRANSPORT,
                                    .status = WEFT_ERR_SYSTEM,
                                    .text = "the connection is broken",
                                    .system_error = errno };
    wf_socket_abort(socket, &failure, false);
    return WEFT_ERR_SYSTEM;
}

/* ---- what the stream tells ---- */

void wf_transport_on_connected(struct wf_stream *stream, int system_error)
{
    (void)stream, (void)system_error;
    assert(false); /* It is adopted when it is connected. */
}

void wf_transport_on_failed(struct wf_stream *stream, int system_error)
{
    weft_socket *socket = WF_CONTAINER_OF(stream, weft_socket, stream);
    bool loop_ends = system_error == ECANCELED;
    struct weft_failure failure = {
        .kind = loop_ends ? WEFT_FAILURE_ABORTED : WEFT_FAILURE_TRANSPORT,
        .status = loop_ends ? WEFT_ERR_CLOSED : WEFT_ERR_SYSTEM,
        .text = loop_ends ? "the loop has ended" : "the connection is broken",
        .system_error = system_error,
    };
    wf_socket_abort(socket, &failure, false);
}

static void on_received(struct wf_stream *stream, struct weft_buffer bytes)
{
    weft_socket *socket = WF_CONTAINER_OF(stream, weft_socket, stream);
    wf_inflow_note_heard(socket);
    wf_inflow_receive(socket, bytes);
}

static struct weft_buffer on_place(struct wf_stream *stream, size_t there)
{
    weft_socket *socket = WF_CONTAINER_OF(stream, weft_socket, stream);
    if (wf_engine_wants_place(&socket->engine))
        return wf_engine_place(&socket->engine, there);
    wf_stream_want_place(stream, false);
    return (struct weft_buffer){ 0 };
}

static void on_end(struct wf_stream *stream)
{
    wf_inflow_end(WF_CONTAINER_OF(stream, weft_socket, stream));
}

static void on_sendable(struct wf_stream *stream)
{
    weft_socket *socket = WF_CONTAINER_OF(stream, weft_socket, stream);
    weft_socket_retain(socket);
    wf_outflow_flush(socket);
    weft_socket_release(socket);
}

/* ---- what the hallway asks ---- */

static weft_status send_plain(weft_socket *socket, const struct weft_bytes *spans,
                              size_t span_count, size_t *taken_out)
{
    weft_status status = wf_stream_send(&socket->stream, spans, span_count, taken_out);
    return status ? wf_transport_abort(socket) : WEFT_OK;
}

static void resume(weft_socket *socket)
{
    wf_stream_resume(&socket->stream);
}

static void shut_down(weft_socket *socket)
{
    wf_stream_shutdown(&socket->stream);
}

const struct wf_transport wf_transport_plain = {
    .events = { .on_connected = wf_transport_on_connected,
                .on_received = on_received,
                .on_place = on_place,
                .on_end = on_end,
                .on_sendable = on_sendable,
                .on_failed = wf_transport_on_failed },
    .send = send_plain,
    .resume = resume,
    .shutdown = shut_down,
};

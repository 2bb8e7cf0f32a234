/* What the hallway writes to and reads from. A stream's event table is the first part of a
 * transport's, so the table in use decides: a plain connection asks nothing, and what another kind
 * remembers hangs on the socket's rare part. */
#ifndef WF_SOCKET_TRANSPORT_H
#define WF_SOCKET_TRANSPORT_H

#include "socket/object.h"

struct wf_transport {
    struct wf_stream_events events;
    /* Writes what there is room for now, `*taken_out` bytes; less than all: on_sendable, or the end
     * of an opening, brings the flush back. An error: the socket was aborted, with its failure. */
    weft_status (*send)(weft_socket *socket, const struct weft_bytes *spans, size_t span_count,
                        size_t *taken_out);
    /* Receives again, what was kept first. */
    void (*resume)(weft_socket *socket);
    /* Ends the own direction behind what was sent. */
    void (*shutdown)(weft_socket *socket);
    /* The connection ends in order: what belongs before the end of the stream. NULL: nothing. */
    void (*end)(weft_socket *socket);
    /* Whether more than the engine's output waits for the kernel. NULL: never. */
    bool (*has_unsent)(const weft_socket *socket);
    /* Whether the protocol's bytes do not flow yet. NULL: never. */
    bool (*is_opening)(const weft_socket *socket);
    /* With is_opening: the failure of the side's own when that takes too long. */
    const char *late_client, *late_server;
    /* Why the transport is of no use; NULL: it has not failed. */
    const struct weft_failure *(*failure)(const weft_socket *socket);
};

extern const struct wf_transport wf_transport_plain;   /* transport.c */
extern const struct wf_transport wf_transport_preface; /* preface.c */
extern const struct wf_transport wf_transport_secure;  /* secure.c */

static inline const struct wf_transport *wf_transport_of(const weft_socket *socket)
{
    return (const struct wf_transport *)socket->stream.events;
}

static inline weft_status wf_transport_send(weft_socket *socket, const struct weft_bytes *spans,
                                            size_t span_count, size_t *taken_out)
{
    return wf_transport_of(socket)->send(socket, spans, span_count, taken_out);
}

static inline void wf_transport_pause(weft_socket *socket)
{
    wf_stream_pause(&socket->stream);
}

static inline void wf_transport_resume(weft_socket *socket)
{
    if (wf_stream_is_open(&socket->stream))
        wf_transport_of(socket)->resume(socket);
}

static inline void wf_transport_shutdown(weft_socket *socket)
{
    if (wf_stream_is_open(&socket->stream))
        wf_transport_of(socket)->shutdown(socket);
}

static inline bool wf_transport_has_unsent(const weft_socket *socket)
{
    return wf_stream_is_open(&socket->stream) && wf_transport_of(socket)->has_unsent &&
           wf_transport_of(socket)->has_unsent(socket);
}

static inline bool wf_transport_is_opening(const weft_socket *socket)
{
    return wf_stream_is_open(&socket->stream) && wf_transport_of(socket)->is_opening &&
           wf_transport_of(socket)->is_opening(socket);
}

/* While wf_transport_is_opening(). */
static inline const char *wf_transport_late_text(const weft_socket *socket)
{
    const struct wf_transport *transport = wf_transport_of(socket);
    return weft_socket_side(socket) == WEFT_CLIENT ? transport->late_client
                                                   : transport->late_server;
}

static inline const struct weft_failure *wf_transport_failure(const weft_socket *socket)
{
    bool is_able = wf_stream_is_open(&socket->stream) && wf_transport_of(socket)->failure;
    return is_able ? wf_transport_of(socket)->failure(socket) : NULL;
}

/* For the tables of all kinds. */
void wf_transport_on_connected(struct wf_stream *stream, int system_error);
void wf_transport_on_failed(struct wf_stream *stream, int system_error);

/* Begins to use the stream in a way; the stream stands or is about to be made. */
void wf_transport_change(weft_socket *socket, const struct wf_transport *transport);
/* Closes the stream at once. */
void wf_transport_close(weft_socket *socket, bool reset);
/* The connection has ended: closes the stream in order. */
void wf_transport_end(weft_socket *socket);
/* Gives back what the connection's transport has remembered; the stream is closed. */
void wf_transport_forget(weft_socket *socket);

/* A failure of the system's, errno. Returns WEFT_ERR_SYSTEM. */
weft_status wf_transport_abort(weft_socket *socket);

/* How the connection begins, now that the stream stands: the first of its parts takes it over.
 * Errors: WEFT_ERR_MEMORY, and as wf_tls_open(). */
WEFT_MUST_USE weft_status wf_transport_begin(weft_socket *socket,
                                             const struct wf_socket_beginning *beginning);

/* ---- preface.c ---- */
WEFT_MUST_USE weft_status wf_preface_create(weft_socket *socket, struct wf_preface *preface);
void wf_preface_forget(weft_socket *socket);

/* ---- secure.c ---- */
WEFT_MUST_USE weft_status wf_secure_create(weft_socket *socket,
                                           const struct wf_socket_beginning *beginning);
/* TLS has the stream from now on. */
void wf_secure_start(weft_socket *socket);
/* Nothing comes or goes for a while: gives buffers back. */
void wf_secure_rest(weft_socket *socket);
void wf_secure_forget(weft_socket *socket);

#endif

/* What a socket answers when it is asked: the attributes of the standard, and a few beside them. */
#include "base/alloc.h"
#include "socket/backlog.h"

#include <stdio.h>

enum weft_ready_state weft_socket_ready_state(const weft_socket *socket)
{
    return socket ? wf_socket_state(socket) : WEFT_CLOSED;
}

const char *weft_socket_url(const weft_socket *socket)
{
    return socket->rare && socket->rare->url ? socket->rare->url : "";
}

/* The handshake has filled in what it agreed on. */
static bool is_established(const weft_socket *socket)
{
    return socket->is_websocket && wf_socket_state(socket) != WEFT_CONNECTING;
}

const char *weft_socket_protocol(const weft_socket *socket)
{
    return is_established(socket) ? weft_engine_protocol(&socket->engine) : "";
}

const char *weft_socket_extensions(const weft_socket *socket)
{
    return is_established(socket) ? weft_engine_extensions(&socket->engine) : "";
}

uint64_t weft_socket_buffered_amount(const weft_socket *socket)
{
    uint64_t queued =
        weft_engine_buffered_amount(&socket->engine) + wf_backlog_payload_bytes(socket);
    return queued + atomic_load_explicit(&socket->dropped_bytes, memory_order_relaxed) +
           atomic_load_explicit(&socket->posted_bytes, memory_order_relaxed);
}

void weft_socket_set_compression(weft_socket *socket, bool is_on)
{
    weft_engine_set_compression(&socket->engine, is_on);
}

bool weft_socket_is_over_mark(const weft_socket *socket)
{
    return socket->is_over_mark;
}

enum weft_side weft_socket_side(const weft_socket *socket)
{
    return socket->shape->engine.side;
}

weft_loop *weft_socket_loop(const weft_socket *socket)
{
    return wf_socket_loop(socket);
}

void *weft_socket_user(const weft_socket *socket)
{
    return socket->user;
}

void weft_socket_set_user(weft_socket *socket, void *user)
{
    socket->user = user;
}

weft_status weft_socket_peer(const weft_socket *socket, char *out, size_t out_bytes)
{
    struct wf_address address;
    if (!out || out_bytes == 0)
        return WEFT_ERR_ARGUMENT;
    out[0] = '\0';
    if (!wf_stream_is_open(&socket->stream))
        return WEFT_ERR_CLOSED;
    if (socket->rare && socket->rare->peer) {
        snprintf(out, out_bytes, "%s", socket->rare->peer);
        return WEFT_OK;
    }
    weft_status status = wf_stream_peer(&socket->stream, &address);
    if (!status)
        wf_address_text(&address, out, out_bytes);
    return status;
}

weft_status wf_socket_set_peer(weft_socket *socket, const char *text)
{
    const struct weft_allocator *allocator = wf_loop_allocator(wf_socket_loop(socket));
    struct wf_socket_rare *rare = wf_socket_need_rare(socket);
    char *peer = rare ? wf_copy_text(allocator, weft_text_of(text)) : NULL;
    if (!peer)
        return WEFT_ERR_MEMORY;
    wf_free(allocator, rare->peer);
    rare->peer = peer;
    return WEFT_OK;
}

void wf_socket_attach(weft_socket *socket, struct wf_attachment *attachment)
{
    attachment->next = socket->attachments;
    socket->attachments = attachment;
}

void wf_socket_detach(weft_socket *socket, struct wf_attachment *attachment)
{
    struct wf_attachment **place = &socket->attachments;
    while (*place && *place != attachment)
        place = &(*place)->next;
    if (*place)
        *place = attachment->next;
}

struct wf_attachment *wf_socket_attachment(const weft_socket *socket, const void *kind)
{
    struct wf_attachment *attachment = socket->attachments;
    while (attachment && attachment->kind != kind)
        attachment = attachment->next;
    return attachment;
}

/* The PROXY header before everything else: whose connection a proxy passes on. */
#include "server/server.h"

#include "codec/proxy_protocol.h"

/* One that stands in the header of a Unix-domain connection, as weft_socket_peer() writes them. */
static void show_path(struct weft_text path, char *out, size_t out_bytes)
{
    struct wf_address address;
    char text[WF_ADDRESS_TEXT_MAX];
    if (path.count && path.count <= sizeof text) {
        memcpy(text, path.data, path.count);
        if (text[0] == '\0')
            text[0] = '@';
        path.data = text;
    }
    if (path.count > sizeof text || wf_address_of_path(&address, path))
        address = (struct wf_address){ .storage.ss_family = AF_UNIX };
    wf_address_text(&address, out, out_bytes);
}

static void drop(weft_socket *socket, const char *text)
{
    weft_server *server = wf_socket_shape(socket)->opening;
    struct weft_failure failure = { .kind = WEFT_FAILURE_HANDSHAKE,
                                    .status = WEFT_ERR_PROTOCOL,
                                    .text = text };
    if (server)
        server->counts.proxy_headers_refused_total++;
    wf_socket_abort(socket, &failure, false);
}

static weft_status set_peer(weft_socket *socket, const struct wf_proxy_protocol_head *head)
{
    char text[WF_ADDRESS_TEXT_MAX];
    if (head->source == WF_PROXY_OWN)
        return WEFT_OK; /* What the proxy asks for itself: is the server well? */
    if (head->source == WF_PROXY_IP)
        wf_ip_text(&head->ip, head->port, text);
    else
        show_path(head->path, text, sizeof text);
    return wf_socket_set_peer(socket, text);
}

static enum wf_preface_result on_received(struct wf_preface *preface, weft_socket *socket,
                                          struct weft_bytes bytes, size_t *used_out)
{
    struct wf_proxy_protocol_head head;
    const char *wrong;
    (void)preface;
    switch (wf_proxy_protocol_parse(bytes, &head, &wrong)) {
    case WF_PROXY_NEEDS_MORE:
        return WF_PREFACE_MORE;
    case WF_PROXY_BROKEN:
        drop(socket, wrong);
        return WF_PREFACE_FAILED;
    case WF_PROXY_DONE:
        break;
    }
    if (set_peer(socket, &head)) {
        wf_answer_give_up(socket);
        return WF_PREFACE_FAILED;
    }
    *used_out = head.bytes;
    return WF_PREFACE_DONE;
}

static void on_end(struct wf_preface *preface, weft_socket *socket)
{
    (void)preface;
    drop(socket, "the connection has ended before its PROXY header");
}

/* It remembers nothing: all that came is shown again. */
static struct wf_preface preface = { .on_received = on_received, .on_end = on_end };

struct wf_preface *wf_announced_preface(const struct wf_peers *announcers, int fd)
{
    struct wf_address address;
    char peer[WF_ADDRESS_TEXT_MAX];
    if (!announcers || wf_address_of_peer(&address, fd))
        return NULL;
    wf_address_text(&address, peer, sizeof peer);
    return wf_peers_have(announcers, peer) ? &preface : NULL;
}

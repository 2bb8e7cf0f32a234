#include "endpoint.h"

#include "report.h"

enum { PEER_BYTES_MAX = 128 };

void endpoint_opened(const struct endpoint *endpoint, const weft_socket *socket)
{
    char peer[PEER_BYTES_MAX];
    if (endpoint->quiet || weft_socket_peer(socket, peer, sizeof peer) != WEFT_OK)
        return;
    const char *protocol = weft_socket_protocol(socket);
    report_status("%s opened by %s%s%s", endpoint->path, peer, *protocol ? ", protocol " : "",
                  protocol);
}

void endpoint_closed(const struct endpoint *endpoint, const struct weft_close_event *close)
{
    if (endpoint->quiet)
        return;
    const char *why = close->failure ? close->failure->text : close->reason;
    report_status("%s closed with %d%s%s", endpoint->path, close->code, *why ? ": " : "", why);
}

void endpoint_answer(weft_request *request, int status, const char *text)
{
    struct weft_response response = { .status = status, .body = text, .body_bytes = strlen(text) };
    /* The client may have gone: then there is nobody to tell. */
    (void)!weft_request_respond(request, &response);
}

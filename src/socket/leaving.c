/* close(). */
#include "socket/backlog.h"

/* close(), step 1, and the codes that only a server has use for (RFC 6455 7.4.1). */
static bool may_close_with(const weft_socket *socket, uint16_t code)
{
    if (code == 1000 || (code >= 3000 && code <= 4999))
        return true;
    return weft_socket_side(socket) == WEFT_SERVER &&
           ((code >= 1001 && code <= 1003) || (code >= 1007 && code <= 1014));
}

static void close_connecting(weft_socket *socket)
{
    static const struct weft_failure aborted = { .kind = WEFT_FAILURE_ABORTED,
                                                 .status = WEFT_ERR_CLOSED,
                                                 .text = "closed before the connection was open" };
    wf_socket_abort(socket, &aborted, false);
}

weft_status wf_leaving_close(weft_socket *socket, uint16_t code, struct weft_text reason)
{
    socket->is_given_up = true;
    if (wf_socket_state(socket) == WEFT_CONNECTING) {
        close_connecting(socket);
        return WEFT_OK;
    }
    if (wf_socket_state(socket) != WEFT_OPEN)
        return WEFT_OK;
    weft_status status = socket->has_backlog ? wf_backlog_add_close(socket, code, reason)
                                             : weft_engine_close(&socket->engine, code, reason);
    if (status == WEFT_ERR_MEMORY) {
        /* There is no other way to end a connection: it ends without a Close frame. */
        static const struct weft_failure no_memory = { .kind = WEFT_FAILURE_MEMORY,
                                                       .status = WEFT_ERR_MEMORY,
                                                       .text = "no memory for a Close frame" };
        wf_socket_abort(socket, &no_memory, false);
        return WEFT_OK;
    }
    if (status)
        return status;
    wf_socket_move_to(socket, WEFT_CLOSING);
    wf_keepalive_arm(socket);
    wf_socket_serve_soon(socket);
    return WEFT_OK;
}

weft_status weft_socket_close(weft_socket *socket, uint16_t code, const char *reason)
{
    if (!socket)
        return WEFT_ERR_ARGUMENT;
    struct weft_text text = weft_text_of(reason);
    if (code != 0 && !may_close_with(socket, code))
        return WEFT_ERR_ACCESS;
    if (text.count > 123)
        return WEFT_ERR_SYNTAX;
    if (!wf_engine_is_utf8(weft_bytes_of(text)))
        return WEFT_ERR_UTF8;
    if (code == 0)
        code = text.count ? 1000 : WEFT_CLOSE_NO_CODE;
    return wf_loop_is_current(wf_socket_loop(socket)) ? wf_leaving_close(socket, code, text)
                                                      : wf_remote_close(socket, code, text);
}

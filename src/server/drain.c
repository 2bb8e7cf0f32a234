/* The orderly end of a server: nobody new, Close to all, and a time after which the rest is
 * dropped. */
#include "server/server.h"

#include "codec/utf8.h"

void wf_drain_close_socket(weft_server *server, weft_socket *socket)
{
    /* Code and reason were checked, so only memory can be missing. */
    if (weft_socket_close(socket, server->drain.code, server->drain.reason))
        wf_answer_give_up(socket);
}

/* What waits for an answer keeps its time; what idles ends. */
static void drain_socket(weft_socket *socket, void *user)
{
    weft_server *server = user;
    if (weft_socket_ready_state(socket) == WEFT_OPEN)
        wf_drain_close_socket(server, socket);
    else if (wf_socket_shape(socket) == server->shape && !wf_socket_owner_data(socket))
        wf_socket_end(socket);
}

static void drop_socket(weft_socket *socket, void *user)
{
    static const struct weft_failure late = { .kind = WEFT_FAILURE_TIMEOUT,
                                              .status = WEFT_ERR_TIMEOUT,
                                              .text = "not closed when the server ended" };
    (void)user;
    wf_socket_abort(socket, &late, false);
}

/* The user may destroy the server in it. */
static void tell_done(weft_server *server)
{
    void (*on_done)(void *user) = server->drain.on_done;
    server->drain.on_done = NULL;
    if (on_done)
        on_done(server->drain.user);
}

static void on_timer(struct wf_timer *timer)
{
    weft_server *server = WF_CONTAINER_OF(timer, struct weft_server, drain.timer);
    if (server->drain.is_over)
        tell_done(server);
    else
        wf_socket_each(server->loop, server, drop_socket, NULL);
}

void wf_drain_check(weft_server *server)
{
    struct wf_drain *drain = &server->drain;
    if (!drain->is_draining || drain->is_over || server->counts.connections > 0)
        return;
    drain->is_over = true;
    /* Not from inside of weft_server_drain(), and behind the last socket's own on_close. */
    wf_timer_soon(server->loop, &drain->timer);
}

void wf_drain_stop(weft_server *server)
{
    wf_timer_stop(server->loop, &server->drain.timer);
}

/* As weft_socket_close() checks them. */
static weft_status check_close(uint16_t code, struct weft_text reason)
{
    bool is_usual = code == 0 || (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
    if (!is_usual && !(code >= 3000 && code <= 4999))
        return WEFT_ERR_ACCESS;
    if (reason.count > sizeof((struct wf_drain *)0)->reason - 1)
        return WEFT_ERR_SYNTAX;
    return wf_utf8_is_valid(reason.data, reason.count) ? WEFT_OK : WEFT_ERR_SYNTAX;
}

weft_status weft_server_drain(weft_server *server, uint16_t code, const char *reason,
                              uint32_t timeout_ms, void (*on_done)(void *user), void *user)
{
    if (!server)
        return WEFT_ERR_ARGUMENT;
    struct weft_text text = weft_text_of(reason);
    weft_status status = check_close(code, text);
    if (status)
        return status;
    struct wf_drain *drain = &server->drain;
    if (drain->is_draining)
        return WEFT_ERR_STATE;

    *drain = (struct wf_drain){ .is_draining = true,
                                .code = code,
                                .timer = { .on_timer = on_timer },
                                .on_done = on_done,
                                .user = user };
    if (text.count)
        memcpy(drain->reason, text.data, text.count);
    wf_server_close_listeners(server);
    wf_rejection_close_all(server);
    wf_timer_start(server->loop, &drain->timer, timeout_ms ? timeout_ms : 5000);
    wf_socket_each(server->loop, server, drain_socket, server);
    wf_drain_check(server);
    return WEFT_OK;
}

/* How a user answers a request. */
#include "server/request.h"

/* What keeps an answer from being given; a request whose client has gone is answered by this. */
static weft_status check_waits(weft_request *request)
{
    if (!request)
        return WEFT_ERR_ARGUMENT;
    if (request->state == WF_REQUEST_IS_ANSWERED)
        return WEFT_ERR_STATE;
    if (request->socket)
        return WEFT_OK;
    wf_request_finish(request);
    return WEFT_ERR_CLOSED;
}

static struct weft_text protocol_of(const weft_request *request,
                                    const struct weft_acceptance *acceptance)
{
    if (acceptance->protocol)
        return weft_text_of(acceptance->protocol);
    return wf_upgrade_choose_protocol(request->upgrade, request->protocols,
                                      request->protocol_count);
}

weft_status weft_request_accept(weft_request *request, const struct weft_acceptance *acceptance)
{
    static const struct weft_acceptance defaults = { 0 };
    if (!acceptance)
        acceptance = &defaults;
    if (!request || (acceptance->header_count && !acceptance->headers))
        return WEFT_ERR_ARGUMENT;
    if (!request->upgrade)
        return WEFT_ERR_STATE;
    weft_status status = check_waits(request);
    if (status)
        return status;

    weft_socket *socket = request->socket;
    struct wf_upgrade *upgrade = request->upgrade;
    struct weft_engine_accept accept = {
        .protocol = protocol_of(request, acceptance),
        .headers = { acceptance->headers, acceptance->header_count },
    };
    void *user = acceptance->user ? acceptance->user : upgrade->user;
    status = wf_upgrade_accept(request->server, socket, upgrade, &accept, user,
                               request->is_by_proxy ? request->client : NULL);
    request->has_failed = status != WEFT_OK;
    if (status)
        return status;
    wf_request_finish(request);
    if (acceptance->socket_out)
        *acceptance->socket_out = weft_socket_retain(socket);
    return WEFT_OK;
}

static weft_status answer(weft_request *request, const struct wf_answer *content)
{
    struct wf_answer full = *content;
    full.head_only |= request->is_head;
    weft_status status = wf_answer_send(request->server, request->socket, &full);
    request->has_failed = status != WEFT_OK;
    if (status)
        return status;
    if (request->upgrade)
        request->server->counts.upgrades_refused_total++;
    wf_request_finish(request);
    return WEFT_OK;
}

weft_status weft_request_respond(weft_request *request, const struct weft_response *response)
{
    static const struct weft_response defaults = { 0 };
    if (!response)
        response = &defaults;
    if ((response->header_count && !response->headers) || (response->body_bytes && !response->body))
        return WEFT_ERR_ARGUMENT;
    weft_status status = check_waits(request);
    if (status)
        return status;

    const char *type = response->content_type;
    if (!type && response->body_bytes)
        type = "text/plain; charset=utf-8";
    return answer(request, &(struct wf_answer){
                               .status = response->status ? response->status : 200,
                               .content_type = type,
                               .headers = response->headers,
                               .header_count = response->header_count,
                               .body = { response->body, response->body_bytes },
                           });
}

weft_status weft_request_redirect(weft_request *request, int status, const char *location)
{
    bool is_redirect = (status >= 301 && status <= 303) || status == 307 || status == 308;
    if (!is_redirect || !location)
        return WEFT_ERR_ARGUMENT;
    weft_status waits = check_waits(request);
    if (waits)
        return waits;
    struct weft_header header = { WEFT_TEXT_LITERAL("Location"), weft_text_of(location) };
    return answer(request,
                  &(struct wf_answer){ .status = status, .headers = &header, .header_count = 1 });
}

#include "ws/answer.h"

#include "ws/agreed.h"
#include "ws/head.h"
#include "ws/reason.h"

static void write_status_line(struct wf_head *head, int status)
{
    wf_head_put_string(head, "HTTP/1.1 ");
    wf_head_put_number(head, (uint64_t)status);
    wf_head_put_string(head, " ");
    wf_head_put_string(head, wf_reason_of(status));
    wf_head_put_string(head, "\r\n");
}

/* ---- 101 ---- */

struct acceptance {
    const struct weft_engine_accept *accept;
    struct weft_text accept_value;
    struct weft_text extensions; /* Empty: none. */
};

static void write_acceptance(struct wf_head *head, const void *what)
{
    const struct acceptance *acceptance = what;
    wf_head_put(head, WEFT_TEXT_LITERAL("HTTP/1.1 101 Switching Protocols\r\n"
                                        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                        "Sec-WebSocket-Accept: "));
    wf_head_put(head, acceptance->accept_value);
    wf_head_put(head, WEFT_TEXT_LITERAL("\r\n"));
    if (acceptance->accept->protocol.count)
        wf_head_put_field(head, "Sec-WebSocket-Protocol", acceptance->accept->protocol);
    if (acceptance->extensions.count)
        wf_head_put_field(head, "Sec-WebSocket-Extensions", acceptance->extensions);
    wf_head_put_fields(head, acceptance->accept->headers);
    wf_head_put(head, WEFT_TEXT_LITERAL("\r\n"));
}

/* RFC 6455 4.2.2: a subprotocol that the client has offered, or none. */
static bool was_offered(const struct weft_engine_request_view *view, struct weft_text protocol)
{
    if (protocol.count == 0)
        return true;
    for (size_t i = 0; i < view->protocol_count; i++)
        if (view->protocols[i].count == protocol.count &&
            memcmp(view->protocols[i].data, protocol.data, protocol.count) == 0)
            return true;
    return false;
}

static weft_status check_accept(const struct weft_engine *engine,
                                const struct weft_engine_accept *accept)
{
    static const char *const owned[] = { "Upgrade",           "Connection",     "Content-Length",
                                         "Transfer-Encoding", "Sec-WebSocket-", NULL };
    if (engine->phase != WF_PHASE_ANSWER_DUE)
        return WEFT_ERR_STATE;
    const struct weft_engine_request_view *view = &engine->opening->view;
    if (!view->wants_upgrade || view->refusal_status)
        return WEFT_ERR_STATE;
    if (!was_offered(view, accept->protocol) || !wf_head_fields_are_valid(accept->headers, owned))
        return WEFT_ERR_SYNTAX;
    return WEFT_OK;
}

static weft_status put_acceptance(struct weft_engine *engine,
                                  const struct weft_engine_accept *accept)
{
    char accept_value[WF_OPENING_ACCEPT_BYTES];
    wf_head_accept_of(engine->opening->key, accept_value);
    struct acceptance acceptance = { accept,
                                     { accept_value, sizeof accept_value },
                                     weft_text_of(weft_engine_extensions(engine)) };
    return wf_head_emit(engine, write_acceptance, &acceptance);
}

/* False: no memory. */
static bool agree(struct weft_engine *engine, struct weft_text protocol)
{
    const struct weft_deflate_settings *settings = &engine->config->deflate;
    bool is_scarce = wf_deflate_bytes(engine->config->pool) >= settings->context_bytes_max;
    struct wf_deflate_terms terms;
    bool is_chosen = engine->opening->offers_extensions &&
                     wf_deflate_choose(engine->opening->view.headers, settings, is_scarce, &terms);
    return wf_agreed_set(engine, protocol, is_chosen ? &terms : NULL);
}

weft_status weft_engine_accept(weft_engine *engine, const struct weft_engine_accept *accept)
{
    static const struct weft_engine_accept nothing;
    if (!engine)
        return WEFT_ERR_ARGUMENT;
    if (!accept)
        accept = &nothing;
    weft_status status = check_accept(engine, accept);
    if (status)
        return status;
    if (!agree(engine, accept->protocol))
        return WEFT_ERR_MEMORY;
    status = put_acceptance(engine, accept);
    if (status) {
        wf_agreed_drop(engine);
        return status;
    }
    /* Frames begin in a chunk of their own: see payload_sent() in sending.c. */
    wf_chain_seal(&engine->output);
    wf_opening_end_head(engine);
    wf_engine_move_to(engine, WF_PHASE_OPENING);
    wf_opening_end(engine);
    return WEFT_OK;
}

/* ---- any other answer ---- */

struct response {
    const struct weft_engine_respond *answer;
    const struct weft_engine_request_view *view;
    bool closes;
    bool has_length;
    uint64_t length;
    struct weft_bytes body; /* What follows the head at once. */
};

static bool has_field(const struct response *response, const char *name)
{
    return weft_headers_find(response->answer->headers, name, NULL) != NULL;
}

/* What an answer to a WebSocket request must have, where the caller has not set it. */
static void write_due_fields(struct wf_head *head, const struct response *response)
{
    if (!response->view->wants_upgrade)
        return;
    /* RFC 9110 15.5.22 and RFC 6455 4.4. */
    if (response->answer->status == 426) {
        if (!has_field(response, "Upgrade"))
            wf_head_put_string(head, "Upgrade: websocket\r\n");
        if (!has_field(response, "Sec-WebSocket-Version"))
            wf_head_put_string(head, "Sec-WebSocket-Version: 13\r\n");
    }
    /* RFC 9110 15.5.6. */
    if (response->answer->status == 405 && !has_field(response, "Allow"))
        wf_head_put_string(head, "Allow: GET\r\n");
}

/* RFC 9112 9.3 and RFC 9110 7.8: who sends Upgrade names it here, too. */
static void write_connection(struct wf_head *head, const struct response *response)
{
    bool upgrades = has_field(response, "Upgrade") ||
                    (response->answer->status == 426 && response->view->wants_upgrade);
    if (!upgrades && !response->closes)
        return;
    wf_head_put_string(head, "Connection: ");
    if (upgrades)
        wf_head_put_string(head, response->closes ? "upgrade, " : "upgrade");
    if (response->closes)
        wf_head_put_string(head, "close");
    wf_head_put_string(head, "\r\n");
}

static void write_response(struct wf_head *head, const void *what)
{
    const struct response *response = what;
    write_status_line(head, response->answer->status);
    wf_head_put_fields(head, response->answer->headers);
    write_due_fields(head, response);
    if (response->has_length) {
        wf_head_put_string(head, "Content-Length: ");
        wf_head_put_number(head, response->length);
        wf_head_put_string(head, "\r\n");
    }
    write_connection(head, response);
    wf_head_put_string(head, "\r\n");
    wf_head_put(head,
                (struct weft_text){ (const char *)response->body.data, response->body.count });
}

static weft_status check_respond(const struct weft_engine *engine,
                                 const struct weft_engine_respond *answer)
{
    static const char *const owned[] = { "Content-Length", "Connection", "Transfer-Encoding",
                                         NULL };
    if (engine->phase != WF_PHASE_ANSWER_DUE)
        return WEFT_ERR_STATE;
    if (answer->status < 200 || answer->status > 599 || (!answer->body.data && answer->body.count))
        return WEFT_ERR_ARGUMENT;
    return wf_head_fields_are_valid(answer->headers, owned) ? WEFT_OK : WEFT_ERR_SYNTAX;
}

static void end_answer(struct weft_engine *engine)
{
    bool ends = engine->opening->ends_connection;
    wf_opening_end_head(engine);
    engine->wants_end = ends;
    wf_engine_move_to(engine, ends ? WF_PHASE_ENDED : WF_PHASE_HEAD);
    wf_opening_end(engine);
}

static struct response prepare(const struct weft_engine *engine,
                               const struct weft_engine_respond *answer)
{
    /* RFC 9112 6.3: these have no body whatever their fields say. */
    bool is_bodiless = answer->status == 204 || answer->status == 304;
    struct response response = {
        .answer = answer,
        .view = &engine->opening->view,
        .closes = answer->close || !engine->opening->view.keep_alive,
        .length = answer->body_follows ? answer->body_bytes : answer->body.count,
    };
    /* RFC 9110 8.6: never in a 204; in a 304 only what a 200 would have. */
    response.has_length = answer->status != 204 && (answer->status != 304 || response.length > 0);
    if (!is_bodiless && !answer->head_only && !answer->body_follows)
        response.body = answer->body;
    return response;
}

weft_status weft_engine_respond(weft_engine *engine, const struct weft_engine_respond *answer)
{
    if (!engine || !answer)
        return WEFT_ERR_ARGUMENT;
    weft_status status = check_respond(engine, answer);
    if (status)
        return status;
    struct response response = prepare(engine, answer);
    status = wf_head_emit(engine, write_response, &response);
    if (status)
        return status;

    struct wf_opening *opening = engine->opening;
    opening->ends_connection = response.closes;
    opening->body_left = 0;
    if (answer->body_follows && !answer->head_only && answer->status != 204 &&
        answer->status != 304)
        opening->body_left = answer->body_bytes;
    if (opening->body_left)
        wf_engine_move_to(engine, WF_PHASE_BODY_DUE);
    else
        end_answer(engine);
    return WEFT_OK;
}

weft_status weft_engine_respond_body(weft_engine *engine, struct weft_bytes bytes)
{
    if (!engine || (!bytes.data && bytes.count))
        return WEFT_ERR_ARGUMENT;
    if (engine->phase != WF_PHASE_BODY_DUE)
        return WEFT_ERR_STATE;
    struct wf_opening *opening = engine->opening;
    if (bytes.count > opening->body_left)
        return WEFT_ERR_LIMIT;
    weft_status status = wf_chain_append(&engine->output, engine->config->pool, bytes, 0);
    if (status)
        return status;
    opening->body_left -= bytes.count;
    if (opening->body_left == 0)
        end_answer(engine);
    return WEFT_OK;
}

/* ---- what is no request ---- */

struct complaint {
    int status;
    struct weft_text text;
};

static void write_complaint(struct wf_head *head, const void *what)
{
    const struct complaint *complaint = what;
    write_status_line(head, complaint->status);
    wf_head_put_string(head, "Content-Type: text/plain; charset=utf-8\r\nContent-Length: ");
    wf_head_put_number(head, complaint->text.count + 1);
    wf_head_put_string(head, "\r\nConnection: close\r\n\r\n");
    wf_head_put(head, complaint->text);
    wf_head_put_string(head, "\n");
}

bool wf_engine_answer_late(struct weft_engine *engine, const struct weft_failure *failure)
{
    struct complaint complaint = { 408, weft_text_of(failure->text) };
    if (engine->config->side != WEFT_SERVER || engine->phase != WF_PHASE_HEAD ||
        !wf_engine_is_in_midst(engine))
        return false;
    /* Without memory it ends without an answer. */
    (void)!wf_head_emit(engine, write_complaint, &complaint);
    wf_failing_begin(engine, failure, 0);
    return true;
}

void wf_answer_broken(struct weft_engine *engine, int status, const char *text, const char *rule)
{
    struct complaint complaint = { status, weft_text_of(text) };
    struct weft_failure failure = *wf_fault_failure(WF_FAULT_REQUEST_BROKEN);
    failure.text = text;
    failure.rule = rule;
    /* Without memory the peer gets no answer; the connection fails for the same reason all the
     * same. */
    weft_status emitted = wf_head_emit(engine, write_complaint, &complaint);
    if (emitted)
        failure.status = emitted;
    wf_failing_begin(engine, &failure, 0);
}

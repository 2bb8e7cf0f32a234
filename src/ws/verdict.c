#include "ws/verdict.h"

/* The value of a field that comes exactly once; data NULL: it does not. */
static struct weft_text single(struct weft_headers headers, const char *name)
{
    if (wf_http1_count(headers, name) != 1)
        return (struct weft_text){ 0 };
    return weft_headers_find(headers, name, NULL)->value;
}

static bool equals(struct weft_text text, const char *data, size_t count)
{
    return text.count == count && memcmp(text.data, data, count) == 0;
}

/* Whether a text is one of "a, b, c". Subprotocols are compared with regard to case. */
static bool is_in_list(struct weft_text text, struct weft_text list)
{
    for (size_t at = 0; at < list.count;) {
        const char *comma = memchr(list.data + at, ',', list.count - at);
        size_t end = comma ? (size_t)(comma - list.data) : list.count;
        if (equals(text, list.data + at, end - at))
            return true;
        at = end + 2;
    }
    return false;
}

/* RFC 6455 4.1: no subprotocol that was not offered. WHATWG WebSockets 3.1: one of those that were.
 */
static enum wf_fault check_protocol(const struct wf_opening *opening, struct weft_headers headers,
                                    struct weft_text *protocol_out)
{
    size_t count = wf_http1_count(headers, "Sec-WebSocket-Protocol");
    *protocol_out = (struct weft_text){ 0 };
    if (count == 0)
        return opening->offered ? WF_FAULT_ANSWER_NO_PROTOCOL : WF_FAULT_NONE;
    struct weft_text protocol = single(headers, "Sec-WebSocket-Protocol");
    if (protocol.count == 0 ||
        !is_in_list(protocol, (struct weft_text){ opening->offered, opening->offered_bytes }))
        return WF_FAULT_ANSWER_PROTOCOL;
    *protocol_out = protocol;
    return WF_FAULT_NONE;
}

enum wf_fault wf_verdict_of(const struct weft_engine *engine,
                            const struct wf_http1_response *response, struct wf_verdict *verdict)
{
    const struct wf_opening *opening = engine->opening;
    struct weft_headers headers = wf_http1_response_headers(response);
    if (response->version_minor < 1)
        return WF_FAULT_ANSWER_VERSION;
    if (!wf_http1_text_equals(single(headers, "Upgrade"), "websocket"))
        return WF_FAULT_ANSWER_UPGRADE;
    if (!wf_http1_list_has_token(headers, "Connection", "upgrade"))
        return WF_FAULT_ANSWER_CONNECTION;
    if (!equals(single(headers, "Sec-WebSocket-Accept"), opening->accept, sizeof opening->accept))
        return WF_FAULT_ANSWER_ACCEPT;
    enum wf_fault fault =
        wf_deflate_judge(headers, &engine->config->deflate, &verdict->terms, &verdict->has_deflate);
    return fault ? fault : check_protocol(opening, headers, &verdict->protocol);
}

#include "ws/admission.h"

#include "codec/base64.h"
#include "ws/answer.h"
#include "ws/extension.h"
#include "ws/head.h"
#include "ws/known.h"

enum {
    NONCE_BYTES = 16,
    KEY_BYTES = WF_BASE64_TEXT_BYTES(NONCE_BYTES),
    PROTOCOL_COUNT_MAX = 100, /* Each is compared with each. */
};

/* One line of text, and the status to answer with; NULL and 0: nothing is wrong. */
struct refusal {
    int status;
    const char *text;
};

/* RFC 9112 3.2: one Host, and a valid one; only HTTP/1.0 may do without. */
static const char *check_host(const struct wf_http1_request *request, const struct wf_known *known)
{
    size_t count = known->count[WF_KNOWN_HOST];
    if (count == 0)
        return request->version_minor == 0 ? NULL : "the header Host is missing";
    if (count > 1)
        return "the header Host comes twice";
    return wf_head_is_host(wf_known_value(known, WF_KNOWN_HOST))
               ? NULL
               : "the header Host is not well-formed";
}

/* RFC 9112 6.3. What says two things about its length may be read as two requests. */
static const char *check_length(const struct wf_http1_request *request,
                                const struct wf_known *known, bool *has_body_out)
{
    bool is_chunked = known->count[WF_KNOWN_TRANSFER_ENCODING] > 0;
    bool has_length = known->count[WF_KNOWN_CONTENT_LENGTH] > 0;
    uint64_t bytes = 0;
    if (has_length && !wf_http1_content_length(known->headers, &has_length, &bytes))
        return "the header Content-Length is not well-formed";
    if (is_chunked && (has_length || request->version_minor == 0))
        return "the header Transfer-Encoding does not belong here";
    *has_body_out = is_chunked || (has_length && bytes > 0);
    return NULL;
}

/* RFC 6455 4.2.1, 5: base 64 of 16 bytes. */
static bool is_key(struct weft_text key)
{
    uint8_t nonce[WF_BASE64_DATA_MAX(KEY_BYTES)];
    size_t count;
    return key.count == KEY_BYTES && wf_base64_decode(key, nonce, &count) && count == NONCE_BYTES;
}

/* RFC 6455 4.2.1, 6 and 4.4: another version is told which one is spoken here. */
static struct refusal check_version(const struct wf_known *known)
{
    size_t count = known->count[WF_KNOWN_VERSION];
    if (count > 1)
        return (struct refusal){ 400, "the header Sec-WebSocket-Version comes twice" };
    if (count == 0 || !wf_http1_text_equals(wf_known_value(known, WF_KNOWN_VERSION), "13"))
        return (struct refusal){ 426, "only version 13 of the WebSocket protocol is spoken here" };
    return (struct refusal){ 0 };
}

static struct refusal check_key(const struct wf_known *known)
{
    size_t count = known->count[WF_KNOWN_KEY];
    if (count == 0)
        return (struct refusal){ 400, "the header Sec-WebSocket-Key is missing" };
    if (count > 1)
        return (struct refusal){ 400, "the header Sec-WebSocket-Key comes twice" };
    if (!is_key(wf_known_value(known, WF_KNOWN_KEY)))
        return (struct refusal){ 400, "Sec-WebSocket-Key is not 16 bytes in base 64" };
    return (struct refusal){ 0 };
}

static bool protocols_are_valid(const struct wf_opening *opening)
{
    if (opening->protocol_count > PROTOCOL_COUNT_MAX)
        return false;
    for (size_t i = 0; i < opening->protocol_count; i++) {
        const struct weft_text *protocol = &opening->protocols[i];
        /* RFC 6455 4.1, 10: tokens, and each of them once. */
        if (!wf_http1_is_token(*protocol))
            return false;
        for (size_t k = 0; k < i; k++)
            if (opening->protocols[k].count == protocol->count &&
                memcmp(opening->protocols[k].data, protocol->data, protocol->count) == 0)
                return false;
    }
    return true;
}

static struct refusal check_upgrade(const struct wf_opening *opening,
                                    const struct wf_http1_request *request,
                                    const struct wf_known *known, bool has_body)
{
    /* RFC 9110 9.1: methods are compared with regard to case. */
    if (request->method.count != 3 || memcmp(request->method.data, "GET", 3) != 0)
        return (struct refusal){ 405, "a WebSocket is asked for with GET" };
    if (request->version_minor < 1)
        return (struct refusal){ 400, "a WebSocket is asked for with HTTP/1.1" };
    if (!wf_known_has_token(known, WF_KNOWN_CONNECTION, "upgrade"))
        return (struct refusal){ 400, "the header Connection has no token upgrade" };
    struct refusal refusal = check_version(known);
    if (!refusal.status)
        refusal = check_key(known);
    if (refusal.status)
        return refusal;
    if (known->count[WF_KNOWN_ORIGIN] > 1)
        return (struct refusal){ 400, "the header Origin comes twice" };
    if (has_body)
        return (struct refusal){ 400, "a WebSocket request has no body" };
    if (!protocols_are_valid(opening))
        return (struct refusal){ 400, "the header Sec-WebSocket-Protocol is not well-formed" };
    if (known->count[WF_KNOWN_EXTENSIONS] && !wf_extension_offer_is_valid(known->headers))
        return (struct refusal){ 400, "the header Sec-WebSocket-Extensions is not well-formed" };
    return (struct refusal){ 0 };
}

static size_t list_protocols(struct weft_headers headers, struct weft_text *out)
{
    struct wf_http1_list list = { .headers = headers, .name = "Sec-WebSocket-Protocol" };
    struct weft_text element;
    size_t count = 0;
    while (wf_http1_list_next(&list, &element)) {
        if (out)
            out[count] = element;
        count++;
    }
    return count;
}

static bool gather_protocols(struct weft_engine *engine, struct weft_headers headers)
{
    struct wf_opening *opening = engine->opening;
    size_t count = list_protocols(headers, NULL);
    if (count == 0)
        return true;
    opening->protocols =
        wf_pool_take(engine->config->pool, count * sizeof *opening->protocols, NULL);
    if (!opening->protocols)
        return false;
    opening->protocol_count = list_protocols(headers, opening->protocols);
    return true;
}

bool wf_admission_view(struct weft_engine *engine, const struct wf_http1_request *request)
{
    struct wf_opening *opening = engine->opening;
    struct weft_headers headers = wf_http1_request_headers(request);
    struct wf_known known;
    bool has_body = false;
    wf_known_find(headers, &known);
    const char *wrong = check_host(request, &known);
    if (!wrong)
        wrong = check_length(request, &known, &has_body);
    if (wrong) {
        wf_answer_broken(engine, 400, wrong, "RFC 9112");
        return false;
    }
    bool wants_upgrade = wf_known_has_token(&known, WF_KNOWN_UPGRADE, "websocket");
    struct refusal refusal = { 0 };
    if (wants_upgrade) {
        if (known.count[WF_KNOWN_PROTOCOL] && !gather_protocols(engine, headers)) {
            wf_failing_fault(engine, WF_FAULT_NO_MEMORY);
            return false;
        }
        refusal = check_upgrade(opening, request, &known, has_body);
    }
    opening->key = wf_known_value(&known, WF_KNOWN_KEY);
    opening->offers_extensions = known.count[WF_KNOWN_EXTENSIONS] > 0;
    opening->view = (struct weft_engine_request_view){
        .method = request->method,
        .target = request->target,
        .version_minor = request->version_minor,
        .headers = headers,
        .wants_upgrade = wants_upgrade,
        .keep_alive = request->version_minor >= 1 && !has_body &&
                      !wf_known_has_token(&known, WF_KNOWN_CONNECTION, "close"),
        .refusal_status = refusal.status,
        .refusal_text = refusal.text,
        .protocols = opening->protocols,
        .protocol_count = opening->protocol_count,
    };
    return true;
}

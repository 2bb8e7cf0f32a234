#include "ws/request.h"

#include "codec/base64.h"
#include "codec/http1.h"
#include "ws/deflate.h"
#include "ws/head.h"

enum { NONCE_BYTES = 16, KEY_BYTES = WF_BASE64_TEXT_BYTES(NONCE_BYTES) };

struct written {
    const struct weft_engine_request *request;
    struct weft_text key;
    struct weft_text offered;
    struct weft_text extensions; /* Empty: none. */
};

static bool protocols_are_valid(const struct weft_engine_request *request)
{
    for (size_t i = 0; i < request->protocol_count; i++) {
        struct weft_text protocol = request->protocols[i];
        /* RFC 6455 4.1: tokens, and each of them once. */
        if (!wf_http1_is_token(protocol))
            return false;
        for (size_t k = 0; k < i; k++)
            if (request->protocols[k].count == protocol.count &&
                memcmp(request->protocols[k].data, protocol.data, protocol.count) == 0)
                return false;
    }
    return true;
}

static bool fields_are_valid(const struct weft_engine_request *request)
{
    static const char *const owned[] = {
        "Host",           "Upgrade", "Connection", "Content-Length", "Transfer-Encoding",
        "Sec-WebSocket-", NULL
    };
    static const char *const origin[] = { "Origin", NULL };
    return wf_head_fields_are_valid(request->headers, owned) &&
           (request->origin.count == 0 || wf_head_fields_are_valid(request->headers, origin));
}

static bool is_valid(const struct weft_engine_request *request)
{
    return wf_http1_is_target(request->target) && request->target.data[0] == '/' &&
           !memchr(request->target.data, '#', request->target.count) &&
           wf_head_is_host(request->host) && wf_http1_is_field_value(request->origin) &&
           fields_are_valid(request) && protocols_are_valid(request);
}

static void write_request(struct wf_head *head, const void *what)
{
    const struct written *written = what;
    const struct weft_engine_request *request = written->request;
    wf_head_put_string(head, "GET ");
    wf_head_put(head, request->target);
    wf_head_put_string(head, " HTTP/1.1\r\n");
    wf_head_put_field(head, "Host", request->host);
    wf_head_put_string(head, "Upgrade: websocket\r\nConnection: Upgrade\r\n");
    wf_head_put_field(head, "Sec-WebSocket-Key", written->key);
    wf_head_put_string(head, "Sec-WebSocket-Version: 13\r\n");
    if (request->origin.count)
        wf_head_put_field(head, "Origin", request->origin);
    if (written->offered.count)
        wf_head_put_field(head, "Sec-WebSocket-Protocol", written->offered);
    if (written->extensions.count)
        wf_head_put_field(head, "Sec-WebSocket-Extensions", written->extensions);
    wf_head_put_fields(head, request->headers);
    wf_head_put_string(head, "\r\n");
}

static void write_offered(struct wf_head *head, const void *what)
{
    const struct weft_engine_request *request = what;
    for (size_t i = 0; i < request->protocol_count; i++) {
        if (i)
            wf_head_put_string(head, ", ");
        wf_head_put(head, request->protocols[i]);
    }
}

static bool keep_offered(struct weft_engine *engine, const struct weft_engine_request *request)
{
    struct wf_opening *opening = engine->opening;
    struct wf_head counted = { 0 };
    write_offered(&counted, request);
    if (counted.count == 0)
        return true;
    opening->offered = wf_pool_take(engine->config->pool, counted.count, NULL);
    if (!opening->offered)
        return false;
    opening->offered_bytes = counted.count;
    counted = (struct wf_head){ .at = opening->offered };
    write_offered(&counted, request);
    return true;
}

weft_status wf_request_put(struct weft_engine *engine, const struct weft_engine_request *request)
{
    if (!is_valid(request))
        return WEFT_ERR_SYNTAX;
    if (!wf_opening_need(engine) || !keep_offered(engine, request))
        return WEFT_ERR_MEMORY;

    /* RFC 6455 4.1: 16 bytes chosen at random, new for each connection. */
    uint8_t nonce[NONCE_BYTES];
    char key[KEY_BYTES];
    engine->config->random(nonce, sizeof nonce, engine->config->random_user);
    wf_base64_encode((struct weft_bytes){ nonce, sizeof nonce }, key);

    struct wf_opening *opening = engine->opening;
    char extensions[WF_DEFLATE_TEXT_MAX];
    size_t extensions_bytes = 0;
    if (!engine->config->deflate.off)
        extensions_bytes = wf_deflate_offer(&engine->config->deflate, extensions);
    struct written written = { request,
                               { key, sizeof key },
                               { opening->offered, opening->offered_bytes },
                               { extensions, extensions_bytes } };
    wf_head_accept_of(written.key, opening->accept);
    return wf_head_emit(engine, write_request, &written);
}

#include "ws/known.h"

#include "codec/http1.h"

static const char *const names[WF_KNOWN_COUNT] = {
    [WF_KNOWN_HOST] = "Host",
    [WF_KNOWN_ORIGIN] = "Origin",
    [WF_KNOWN_UPGRADE] = "Upgrade",
    [WF_KNOWN_CONNECTION] = "Connection",
    [WF_KNOWN_CONTENT_LENGTH] = "Content-Length",
    [WF_KNOWN_TRANSFER_ENCODING] = "Transfer-Encoding",
    [WF_KNOWN_KEY] = "Sec-WebSocket-Key",
    [WF_KNOWN_VERSION] = "Sec-WebSocket-Version",
    [WF_KNOWN_PROTOCOL] = "Sec-WebSocket-Protocol",
    [WF_KNOWN_EXTENSIONS] = "Sec-WebSocket-Extensions",
};

static bool is_name(struct weft_text text, enum wf_known_name name)
{
    return memcmp(text.data, names[name], text.count) == 0 ||
           wf_http1_text_equals(text, names[name]);
}

/* Few names are as long as another. WF_KNOWN_COUNT: it is none of them. */
static enum wf_known_name name_of(struct weft_text text)
{
    enum wf_known_name name;
    switch (text.count) {
    case sizeof "Host" - 1:
        name = WF_KNOWN_HOST;
        break;
    case sizeof "Origin" - 1:
        name = WF_KNOWN_ORIGIN;
        break;
    case sizeof "Upgrade" - 1:
        name = WF_KNOWN_UPGRADE;
        break;
    case sizeof "Connection" - 1:
        name = WF_KNOWN_CONNECTION;
        break;
    case sizeof "Content-Length" - 1:
        name = WF_KNOWN_CONTENT_LENGTH;
        break;
    case sizeof "Sec-WebSocket-Key" - 1: /* As long as Transfer-Encoding. */
        name =
            text.data[0] == 'S' || text.data[0] == 's' ? WF_KNOWN_KEY : WF_KNOWN_TRANSFER_ENCODING;
        break;
    case sizeof "Sec-WebSocket-Version" - 1:
        name = WF_KNOWN_VERSION;
        break;
    case sizeof "Sec-WebSocket-Protocol" - 1:
        name = WF_KNOWN_PROTOCOL;
        break;
    case sizeof "Sec-WebSocket-Extensions" - 1:
        name = WF_KNOWN_EXTENSIONS;
        break;
    default:
        return WF_KNOWN_COUNT;
    }
    return is_name(text, name) ? name : WF_KNOWN_COUNT;
}

void wf_known_find(struct weft_headers headers, struct wf_known *known_out)
{
    *known_out = (struct wf_known){ .headers = headers };
    for (size_t i = 0; i < headers.count; i++) {
        enum wf_known_name name = name_of(headers.items[i].name);
        if (name != WF_KNOWN_COUNT && known_out->count[name]++ == 0)
            known_out->first[name] = &headers.items[i];
    }
}

bool wf_known_has_token(const struct wf_known *known, enum wf_known_name name, const char *token)
{
    const struct weft_header *header = known->first[name];
    for (size_t left = known->count[name]; left > 0; left--) {
        if (wf_http1_value_has_token(header->value, token))
            return true;
        if (left > 1)
            header = weft_headers_find(known->headers, names[name], header);
    }
    return false;
}

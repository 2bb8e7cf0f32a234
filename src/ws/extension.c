#include "ws/extension.h"

#include "codec/http1.h"

bool wf_extension_offer_is_valid(struct weft_headers headers)
{
    struct wf_http1_extensions extensions = { .headers = headers,
                                              .name = "Sec-WebSocket-Extensions" };
    struct weft_text name, value;
    enum wf_http1_extension_item item;
    do
        item = wf_http1_extensions_next(&extensions, &name, &value);
    while (item == WF_HTTP1_EXTENSION || item == WF_HTTP1_EXTENSION_PARAM);
    return item == WF_HTTP1_EXTENSIONS_END;
}

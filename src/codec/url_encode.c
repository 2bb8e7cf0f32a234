#include "codec/url_parts.h"

#include <assert.h>

void wf_url_put(struct wf_url_out *out, struct weft_text text)
{
    assert(text.count <= out->capacity - out->count);
    if (text.count)
        memmove(out->data + out->count, text.data, text.count);
    out->count += text.count;
}

void wf_url_put_char(struct wf_url_out *out, char c)
{
    assert(out->count < out->capacity);
    out->data[out->count++] = c;
}

static bool is_encoded(uint8_t byte, enum wf_url_set set)
{
    static const char *const added[] = {
        [WF_URL_SET_QUERY] = " \"#<>'",
        [WF_URL_SET_PATH] = " \"#<>?^`{}",
        [WF_URL_SET_USERINFO] = " \"#<>?^`{}/:;=@[\\]|",
    };
    return byte < 0x20 || byte > 0x7E || strchr(added[set], byte) != NULL;
}

void wf_url_put_encoded(struct wf_url_out *out, struct weft_text text, enum wf_url_set set)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.count; i++) {
        uint8_t byte = (uint8_t)text.data[i];
        if (!is_encoded(byte, set)) {
            wf_url_put_char(out, text.data[i]);
            continue;
        }
        wf_url_put_char(out, '%');
        wf_url_put_char(out, digits[byte >> 4]);
        wf_url_put_char(out, digits[byte & 15]);
    }
}

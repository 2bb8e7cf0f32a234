#include "codec/percent.h"

bool wf_percent_decode(struct weft_text text, char *out, size_t *count_out)
{
    size_t count = 0;
    for (size_t at = 0; at < text.count; at++) {
        char c = text.data[at];
        if (c == '%') {
            if (text.count - at < 3)
                return false;
            unsigned high = wf_percent_hex(text.data[at + 1]);
            unsigned low = wf_percent_hex(text.data[at + 2]);
            if (high > 15 || low > 15)
                return false;
            c = (char)(high << 4 | low);
            at += 2;
        }
        out[count++] = c;
    }
    *count_out = count;
    return true;
}

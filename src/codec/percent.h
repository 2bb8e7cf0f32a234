/* Percent-encoding (RFC 3986 2.1), the way back. */
#ifndef WF_CODEC_PERCENT_H
#define WF_CODEC_PERCENT_H

#include "weft/bytes.h"

#include <stdbool.h>

/* The value of a hexadecimal digit, or 16. */
static inline unsigned wf_percent_hex(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (unsigned)((c | 0x20) - 'a') + 10;
    return 16;
}

/* Puts bytes for their escapes.
 *
 * out  room for text.count bytes; may be text.data itself.
 *
 * False: a '%' without two hexadecimal digits. */
bool wf_percent_decode(struct weft_text text, char *out, size_t *count_out);

#endif

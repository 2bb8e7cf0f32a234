/* Base 64 with the usual alphabet and padding (RFC 4648 4). */
#ifndef WF_CODEC_BASE64_H
#define WF_CODEC_BASE64_H

#include "weft/bytes.h"

#include <stdbool.h>

/* Characters for `count` bytes, without a zero at the end. For constants. */
#define WF_BASE64_TEXT_BYTES(count) (((size_t)(count) + 2) / 3 * 4)

/* The most bytes that `count` characters can hold. */
#define WF_BASE64_DATA_MAX(count) ((size_t)(count) / 4 * 3)

/* Writes WF_BASE64_TEXT_BYTES(bytes.count) characters, and no zero at the end. */
void wf_base64_encode(struct weft_bytes bytes, char *out);

/* Decodes strictly: padding is required, white space and bits that are not used and not zero are
 * refused.
 *
 * out  room for WF_BASE64_DATA_MAX(text.count) bytes; undefined when false is returned. */
bool wf_base64_decode(struct weft_text text, uint8_t *out, size_t *count_out);

#endif

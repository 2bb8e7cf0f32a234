/* Validation of UTF-8 (RFC 3629), whole or in pieces, failing at the first byte that cannot
 * continue. */
#ifndef WF_CODEC_UTF8_H
#define WF_CODEC_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Between two pieces. Zero-filled it is the start of a text. */
struct wf_utf8 {
    uint8_t missing;  /* Bytes that the unfinished character still needs. */
    uint8_t next_min; /* The range of the next of them. */
    uint8_t next_max;
    bool is_broken;
};

/* False as soon as the text so far has a byte that cannot be in its place (RFC 6455 8.1), also when
 * that is inside an unfinished character. From then on always false. */
bool wf_utf8_feed(struct wf_utf8 *utf8, const uint8_t *bytes, size_t count);

/* Whether the text may end here. */
static inline bool wf_utf8_is_complete(const struct wf_utf8 *utf8)
{
    return utf8->missing == 0 && !utf8->is_broken;
}

/* Whether a whole text is UTF-8. */
bool wf_utf8_is_valid(const void *text, size_t count);

#endif

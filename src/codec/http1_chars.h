/* The sets of characters of HTTP, for the files of http1. */
#ifndef WF_CODEC_HTTP1_CHARS_H
#define WF_CODEC_HTTP1_CHARS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    WF_HTTP1_TOKEN_CHAR = 1,  /* RFC 9110 5.6.2 */
    WF_HTTP1_TARGET_CHAR = 2, /* Visible ASCII. */
    WF_HTTP1_VALUE_CHAR = 4,  /* RFC 9110 5.5: HTAB, SP, VCHAR, obs-text. */
};

extern const uint8_t wf_http1_char_sets[256];

static inline bool wf_http1_is_token_char(char c)
{
    return (wf_http1_char_sets[(uint8_t)c] & WF_HTTP1_TOKEN_CHAR) != 0;
}

static inline bool wf_http1_is_target_char(char c)
{
    return (wf_http1_char_sets[(uint8_t)c] & WF_HTTP1_TARGET_CHAR) != 0;
}

static inline bool wf_http1_is_value_char(char c)
{
    return (wf_http1_char_sets[(uint8_t)c] & WF_HTTP1_VALUE_CHAR) != 0;
}

static inline bool wf_http1_is_white(char c)
{
    return c == ' ' || c == '\t';
}

#endif

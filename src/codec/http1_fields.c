#include "codec/http1.h"

#include "codec/http1_chars.h"

#include <string.h>

/* T: token, V: visible but not token, W: space and tab, O: above ASCII. */
#define T (WF_HTTP1_TOKEN_CHAR | WF_HTTP1_TARGET_CHAR | WF_HTTP1_VALUE_CHAR)
#define V (WF_HTTP1_TARGET_CHAR | WF_HTTP1_VALUE_CHAR)
#define W WF_HTTP1_VALUE_CHAR
#define O WF_HTTP1_VALUE_CHAR

// clang-format off
const uint8_t wf_http1_char_sets[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, W, 0, 0, 0, 0, 0, 0, /* 00 */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 10 */
    W, T, V, T, T, T, T, T, V, V, T, T, V, T, T, V, /* 20 */
    T, T, T, T, T, T, T, T, T, T, V, V, V, V, V, V, /* 30 */
    V, T, T, T, T, T, T, T, T, T, T, T, T, T, T, T, /* 40 */
    T, T, T, T, T, T, T, T, T, T, T, V, V, V, T, T, /* 50 */
    T, T, T, T, T, T, T, T, T, T, T, T, T, T, T, T, /* 60 */
    T, T, T, T, T, T, T, T, T, T, T, V, T, V, T, 0, /* 70 */
    O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, /* 80 */
    O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, /* 90 */
    O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, /* A0 */
    O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, /* B0 */
    O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, /* C0 */
    O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, /* D0 */
    O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, /* E0 */
    O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, /* F0 */
};
// clang-format on

#undef T
#undef V
#undef W
#undef O

static bool is_letter(char c)
{
    return (uint8_t)((c | 0x20) - 'a') <= 'z' - 'a';
}

bool wf_http1_text_equals(struct weft_text text, const char *other)
{
    for (size_t i = 0; i < text.count; i++) {
        int differs = text.data[i] ^ other[i];
        if (other[i] == '\0' || (differs && (differs != 0x20 || !is_letter(other[i]))))
            return false;
    }
    return other[text.count] == '\0';
}

struct weft_text wf_http1_trim(struct weft_text text)
{
    while (text.count > 0 && wf_http1_is_white(text.data[0])) {
        text.data++;
        text.count--;
    }
    while (text.count > 0 && wf_http1_is_white(text.data[text.count - 1]))
        text.count--;
    return text;
}

static bool is_all_of(struct weft_text text, uint8_t set)
{
    for (size_t i = 0; i < text.count; i++)
        if (!(wf_http1_char_sets[(uint8_t)text.data[i]] & set))
            return false;
    return true;
}

bool wf_http1_is_token(struct weft_text text)
{
    return text.count > 0 && is_all_of(text, WF_HTTP1_TOKEN_CHAR);
}

bool wf_http1_is_target(struct weft_text text)
{
    return text.count > 0 && is_all_of(text, WF_HTTP1_TARGET_CHAR);
}

bool wf_http1_is_field_value(struct weft_text text)
{
    return is_all_of(text, WF_HTTP1_VALUE_CHAR) && wf_http1_trim(text).count == text.count;
}

const struct weft_header *weft_headers_find(struct weft_headers headers, const char *name,
                                            const struct weft_header *after)
{
    if (headers.count == 0 || !name)
        return NULL;
    size_t name_bytes = strlen(name); /* Few names are as long as another. */
    const struct weft_header *end = headers.items + headers.count;
    for (const struct weft_header *header = after ? after + 1 : headers.items; header < end;
         header++)
        if (header->name.count == name_bytes && (memcmp(header->name.data, name, name_bytes) == 0 ||
                                                 wf_http1_text_equals(header->name, name)))
            return header;
    return NULL;
}

size_t wf_http1_count(struct weft_headers headers, const char *name)
{
    size_t count = 0;
    const struct weft_header *header = NULL;
    while ((header = weft_headers_find(headers, name, header)))
        count++;
    return count;
}

/* The place of the comma that ends the element that begins at `at`, or the end. */
static size_t element_end(struct weft_text value, size_t at)
{
    bool is_quoted = false;
    for (; at < value.count; at++) {
        char c = value.data[at];
        if (c == '"')
            is_quoted = !is_quoted;
        else if (c == '\\' && is_quoted && at + 1 < value.count)
            at++;
        else if (c == ',' && !is_quoted)
            break;
    }
    return at;
}

bool wf_http1_list_next(struct wf_http1_list *list, struct weft_text *element_out)
{
    for (;;) {
        if (!list->header || list->at >= list->header->value.count) {
            const struct weft_header *next =
                weft_headers_find(list->headers, list->name, list->header);
            if (!next)
                return false;
            list->header = next;
            list->at = 0;
        }
        struct weft_text value = list->header->value;
        size_t end = element_end(value, list->at);
        struct weft_text element = { value.data + list->at, end - list->at };
        list->at = end + 1;
        *element_out = wf_http1_trim(element);
        if (element_out->count > 0)
            return true;
    }
}

bool wf_http1_value_has_token(struct weft_text value, const char *token)
{
    if (value.count > 0 && !memchr(value.data, ',', value.count))
        return wf_http1_text_equals(value, token); /* Most often there is one. */
    for (size_t at = 0; at < value.count;) {
        size_t end = element_end(value, at);
        struct weft_text element = { value.data + at, end - at };
        element = wf_http1_trim(element);
        if (element.count > 0 && wf_http1_text_equals(element, token))
            return true;
        at = end + 1;
    }
    return false;
}

bool wf_http1_list_has_token(struct weft_headers headers, const char *name, const char *token)
{
    const struct weft_header *header = NULL;
    while ((header = weft_headers_find(headers, name, header)))
        if (wf_http1_value_has_token(header->value, token))
            return true;
    return false;
}

bool wf_http1_content_length(struct weft_headers headers, bool *is_present_out, uint64_t *bytes_out)
{
    const struct weft_header *header = weft_headers_find(headers, "Content-Length", NULL);
    *is_present_out = header != NULL;
    *bytes_out = 0;
    if (!header)
        return true;
    /* RFC 9112 6.3: several lengths are how requests are smuggled, even when they are the same. */
    if (header->value.count == 0 || weft_headers_find(headers, "Content-Length", header))
        return false;
    uint64_t bytes = 0;
    for (size_t i = 0; i < header->value.count; i++) {
        char c = header->value.data[i];
        if (c < '0' || c > '9' || bytes > ((uint64_t)INT64_MAX - (uint64_t)(c - '0')) / 10)
            return false;
        bytes = bytes * 10 + (uint64_t)(c - '0');
    }
    *bytes_out = bytes;
    return true;
}

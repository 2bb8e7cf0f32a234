#include "codec/http1.h"

#include "codec/http1_chars.h"

static enum wf_http1_extension_item broken(struct wf_http1_extensions *extensions)
{
    extensions->is_broken = true;
    return WF_HTTP1_EXTENSIONS_BROKEN;
}

/* The byte at the present place, 0 at the end. */
static char peek(const struct wf_http1_extensions *extensions)
{
    struct weft_text value = extensions->header->value;
    return extensions->at < value.count ? value.data[extensions->at] : '\0';
}

static void skip_white(struct wf_http1_extensions *extensions)
{
    while (wf_http1_is_white(peek(extensions)))
        extensions->at++;
}

static bool read_token(struct wf_http1_extensions *extensions, struct weft_text *token_out)
{
    size_t first = extensions->at;
    while (wf_http1_is_token_char(peek(extensions)))
        extensions->at++;
    *token_out =
        (struct weft_text){ extensions->header->value.data + first, extensions->at - first };
    return token_out->count > 0;
}

/* Behind the opening quote. RFC 6455 9.1: the value without its quotes and backslashes must be a
 * token. */
static bool read_quoted(struct wf_http1_extensions *extensions, struct weft_text *value_out)
{
    size_t count = 0;
    for (;; extensions->at++) {
        char c = peek(extensions);
        if (c == '"')
            break;
        if (c == '\\') {
            extensions->at++;
            c = peek(extensions);
        }
        if (!wf_http1_is_token_char(c) || count == sizeof extensions->value)
            return false;
        extensions->value[count++] = c;
    }
    extensions->at++;
    *value_out = (struct weft_text){ extensions->value, count };
    return count > 0;
}

static enum wf_http1_extension_item read_param(struct wf_http1_extensions *extensions,
                                               struct weft_text *name_out,
                                               struct weft_text *value_out)
{
    skip_white(extensions);
    if (!read_token(extensions, name_out))
        return broken(extensions);
    skip_white(extensions);
    if (peek(extensions) != '=')
        return WF_HTTP1_EXTENSION_PARAM;
    extensions->at++;
    skip_white(extensions);
    bool is_quoted = peek(extensions) == '"';
    if (is_quoted)
        extensions->at++;
    if (!(is_quoted ? read_quoted(extensions, value_out) : read_token(extensions, value_out)))
        return broken(extensions);
    return WF_HTTP1_EXTENSION_PARAM;
}

/* To the next field with this name. */
static bool next_field(struct wf_http1_extensions *extensions)
{
    const struct weft_header *next =
        weft_headers_find(extensions->headers, extensions->name, extensions->header);
    if (!next)
        return false;
    extensions->header = next;
    extensions->at = 0;
    extensions->is_inside = false;
    return true;
}

enum wf_http1_extension_item wf_http1_extensions_next(struct wf_http1_extensions *extensions,
                                                      struct weft_text *name_out,
                                                      struct weft_text *value_out)
{
    *name_out = *value_out = (struct weft_text){ 0 };
    if (extensions->is_broken)
        return WF_HTTP1_EXTENSIONS_BROKEN;
    if (!extensions->header && !next_field(extensions))
        return WF_HTTP1_EXTENSIONS_END;
    for (;;) {
        skip_white(extensions);
        if (extensions->at == extensions->header->value.count) {
            if (!next_field(extensions))
                return WF_HTTP1_EXTENSIONS_END;
        } else if (peek(extensions) == ',') {
            extensions->is_inside = false;
            extensions->at++;
        } else if (!extensions->is_inside) {
            extensions->is_inside = true;
            return read_token(extensions, name_out) ? WF_HTTP1_EXTENSION : broken(extensions);
        } else if (peek(extensions) == ';') {
            extensions->at++;
            return read_param(extensions, name_out, value_out);
        } else {
            return broken(extensions);
        }
    }
}

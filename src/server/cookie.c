#include "server/cookie.h"

#include "codec/http1.h"

/* cookie-value = *cookie-octet / ( DQUOTE *cookie-octet DQUOTE ), RFC 6265 4.1.1. */
static struct weft_text without_quotes(struct weft_text value)
{
    if (value.count >= 2 && value.data[0] == '"' && value.data[value.count - 1] == '"')
        return (struct weft_text){ value.data + 1, value.count - 2 };
    return value;
}

/* The next pair of a Cookie field, up to a semicolon; RFC 6265 4.2.1. */
static struct weft_text take_pair(struct weft_text *rest)
{
    const char *semicolon = memchr(rest->data, ';', rest->count);
    struct weft_text pair = { rest->data,
                              semicolon ? (size_t)(semicolon - rest->data) : rest->count };
    size_t used = pair.count + (semicolon != NULL);
    rest->data += used;
    rest->count -= used;
    return wf_http1_trim(pair);
}

static struct weft_text find_in_field(struct weft_text field, struct weft_text name)
{
    while (field.count) {
        struct weft_text pair = take_pair(&field);
        if (pair.count > name.count && pair.data[name.count] == '=' &&
            memcmp(pair.data, name.data, name.count) == 0) {
            size_t begin = name.count + 1;
            return without_quotes((struct weft_text){ pair.data + begin, pair.count - begin });
        }
    }
    return (struct weft_text){ 0 };
}

struct weft_text wf_cookie_find(struct weft_headers headers, struct weft_text name)
{
    const struct weft_header *header = NULL;
    struct weft_text value = { 0 };
    if (name.count == 0)
        return value;
    /* RFC 6265 5.4 has one field; HTTP/2 in front may have parted it (RFC 9113 8.2.3). */
    while (!value.data && (header = weft_headers_find(headers, "Cookie", header)))
        value = find_in_field(header->value, name);
    return value;
}

#include "codec/forwarded.h"

#include "codec/http1.h"
#include "codec/http1_chars.h"

/* ---- the list ---- */

struct wf_forwarded_list wf_forwarded_list_of(struct weft_headers headers, const char *name,
                                              bool has_quotes)
{
    return (struct wf_forwarded_list){
        .headers = headers, .name = name, .left = headers.count, .is_quoted = has_quotes
    };
}

static bool is_escaped(struct weft_text text, size_t at)
{
    size_t slashes = 0;
    while (slashes < at && text.data[at - 1 - slashes] == '\\')
        slashes++;
    return slashes % 2 == 1;
}

/* The quote that opens the string whose last one stands at `at`. Without it the string begins
 * somewhere else, and all of the rest is one broken element. */
static size_t opening_quote(struct weft_text text, size_t at)
{
    while (at > 0) {
        at--;
        if (text.data[at] == '"' && !is_escaped(text, at))
            return at;
    }
    return 0;
}

/* Where the last element begins. */
static size_t last_begin(struct weft_text text, bool has_quotes)
{
    size_t at = text.count;
    while (at > 0 && text.data[at - 1] != ',') {
        at--;
        if (has_quotes && text.data[at] == '"')
            at = opening_quote(text, at);
    }
    return at;
}

static bool next_field(struct wf_forwarded_list *list)
{
    while (list->left > 0) {
        const struct weft_header *header = &list->headers.items[--list->left];
        if (wf_http1_text_equals(header->name, list->name)) {
            list->rest = header->value;
            return true;
        }
    }
    return false;
}

bool wf_forwarded_list_next(struct wf_forwarded_list *list, struct weft_text *element_out)
{
    while (list->rest.count || next_field(list)) {
        struct weft_text rest = list->rest;
        size_t begin = last_begin(rest, list->is_quoted);
        list->rest.count = begin ? begin - 1 : 0; /* Without the comma. */
        *element_out = wf_http1_trim((struct weft_text){ rest.data + begin, rest.count - begin });
        if (element_out->count)
            return true;
    }
    return false;
}

/* ---- an element ---- */

static void skip(struct weft_text *text, size_t count)
{
    if (!count)
        return; /* An empty text may point nowhere. */
    text->data += count;
    text->count -= count;
}

static struct weft_text take_token(struct weft_text *text)
{
    struct weft_text token = { text->data, 0 };
    while (token.count < text->count &&
           wf_http1_is_token((struct weft_text){ text->data + token.count, 1 }))
        token.count++;
    skip(text, token.count);
    return token;
}

/* A token or a quoted string (RFC 9110 5.6.4). */
static bool take_value(struct weft_text *text, struct weft_text *value_out)
{
    if (text->count == 0 || text->data[0] != '"') {
        *value_out = take_token(text);
        return value_out->count > 0;
    }
    const char *end = memchr(text->data + 1, '"', text->count - 1);
    if (!end)
        return false;
    *value_out = (struct weft_text){ text->data + 1, (size_t)(end - text->data - 1) };
    skip(text, value_out->count + 2);
    return value_out->count == 0 || !memchr(value_out->data, '\\', value_out->count);
}

static bool note(struct weft_text *place, struct weft_text value)
{
    if (place->data)
        return false;
    *place = value;
    return true;
}

static bool take_pair(struct weft_text *text, struct wf_forwarded_element *element)
{
    struct weft_text value, name = take_token(text);
    if (name.count == 0 || text->count == 0 || text->data[0] != '=')
        return false;
    skip(text, 1);
    if (!take_value(text, &value))
        return false;
    if (wf_http1_text_equals(name, "for"))
        return note(&element->node, value);
    if (wf_http1_text_equals(name, "proto"))
        return note(&element->proto, value);
    if (wf_http1_text_equals(name, "host"))
        return note(&element->host, value);
    return true; /* by=, and what others add. */
}

bool wf_forwarded_parse(struct weft_text element, struct wf_forwarded_element *element_out)
{
    *element_out = (struct wf_forwarded_element){ 0 };
    for (;;) {
        /* A pair may be missing, and some write a space behind the semicolon. */
        while (element.count && (wf_http1_is_white(element.data[0]) || element.data[0] == ';'))
            skip(&element, 1);
        if (element.count == 0)
            return true;
        if (!take_pair(&element, element_out))
            return false;
        element = wf_http1_trim(element);
        if (element.count && element.data[0] != ';')
            return false;
    }
}

/* ---- a node ---- */

/* "_" and letters, digits, '.', '_', '-'. */
static bool is_obfuscated(struct weft_text text)
{
    for (size_t i = 1; i < text.count; i++) {
        char c = text.data[i];
        bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!is_letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
            return false;
    }
    return text.count > 1 && text.data[0] == '_';
}

/* Behind the name; empty: there is none. */
static bool parse_port(struct weft_text text, int32_t *port_out)
{
    uint16_t port;
    *port_out = -1;
    if (text.count == 0)
        return true;
    if (text.data[0] != ':')
        return false;
    skip(&text, 1);
    if (is_obfuscated(text))
        return true;
    if (!wf_ip_port_parse(text, &port))
        return false;
    *port_out = port;
    return true;
}

static struct weft_text take_name(struct weft_text *text)
{
    bool is_v6 = text->count && text->data[0] == '[';
    const char *end = text->count ? memchr(text->data, is_v6 ? ']' : ':', text->count) : NULL;
    struct weft_text name = { text->data, end ? (size_t)(end - text->data) + is_v6 : text->count };
    skip(text, name.count);
    return name;
}

static enum wf_forwarded_kind parse_name(struct weft_text name, struct wf_ip *ip_out)
{
    if (wf_http1_text_equals(name, "unknown") || is_obfuscated(name))
        return WF_FORWARDED_HIDDEN;
    bool is_v6 = name.count > 2 && name.data[0] == '[' && name.data[name.count - 1] == ']';
    if (is_v6) {
        skip(&name, 1);
        name.count--;
    }
    bool has_colon = name.count && memchr(name.data, ':', name.count);
    return is_v6 == has_colon && wf_ip_parse(name, ip_out) ? WF_FORWARDED_IP : WF_FORWARDED_BROKEN;
}

struct wf_forwarded_node wf_forwarded_node_parse(struct weft_text text)
{
    struct wf_forwarded_node node = { .port = -1 };
    if (text.count == 0)
        return node; /* Of an element without "for" it lies nowhere. */
    if (wf_ip_parse(text, &node.ip)) {
        node.kind = WF_FORWARDED_IP;
        return node;
    }
    struct weft_text name = take_name(&text);
    node.kind = parse_port(text, &node.port) ? parse_name(name, &node.ip) : WF_FORWARDED_BROKEN;
    return node;
}

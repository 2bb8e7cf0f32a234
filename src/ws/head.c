#include "ws/head.h"

#include "codec/base64.h"
#include "codec/http1.h"
#include "codec/sha1.h"

#include <assert.h>

enum { KEY_BYTES = 24 };
static const char accept_guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 1.3 */

void wf_head_put(struct wf_head *head, struct weft_text text)
{
    if (head->at && text.count)
        memcpy(head->at + head->count, text.data, text.count);
    head->count += text.count;
}

void wf_head_put_string(struct wf_head *head, const char *string)
{
    wf_head_put(head, weft_text_of(string));
}

void wf_head_put_number(struct wf_head *head, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    wf_head_put(head, (struct weft_text){ digits + at, sizeof digits - at });
}

static void put_pair(struct wf_head *head, struct weft_text name, struct weft_text value)
{
    wf_head_put(head, name);
    wf_head_put(head, WEFT_TEXT_LITERAL(": "));
    wf_head_put(head, value);
    wf_head_put(head, WEFT_TEXT_LITERAL("\r\n"));
}

void wf_head_put_field(struct wf_head *head, const char *name, struct weft_text value)
{
    put_pair(head, weft_text_of(name), value);
}

void wf_head_put_fields(struct wf_head *head, struct weft_headers headers)
{
    for (size_t i = 0; i < headers.count; i++)
        put_pair(head, headers.items[i].name, headers.items[i].value);
}

weft_status wf_head_emit(struct weft_engine *engine,
                         void (*write)(struct wf_head *head, const void *what), const void *what)
{
    struct wf_head head = { 0 };
    write(&head, what);
    size_t bytes = head.count;
    uint8_t *place = wf_chain_extend(&engine->output, engine->config->pool, bytes, 0);
    if (!place)
        return WEFT_ERR_MEMORY;
    head = (struct wf_head){ .at = (char *)place };
    write(&head, what);
    assert(head.count == bytes);
    return WEFT_OK;
}

static bool is_owned(struct weft_text name, const char *const *owned)
{
    for (; *owned; owned++) {
        size_t count = strlen(*owned);
        struct weft_text compared = name;
        if ((*owned)[count - 1] == '-' && name.count > count)
            compared.count = count;
        if (wf_http1_text_equals(compared, *owned))
            return true;
    }
    return false;
}

bool wf_head_fields_are_valid(struct weft_headers headers, const char *const *owned)
{
    for (size_t i = 0; i < headers.count; i++) {
        const struct weft_header *header = &headers.items[i];
        if (!wf_http1_is_token(header->name) || !wf_http1_is_field_value(header->value) ||
            is_owned(header->name, owned))
            return false;
    }
    return true;
}

/* RFC 3986 3.2.2: of a name or address, percent-encoding included. */
static bool is_host_char(char c, bool is_in_brackets)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    if (c == ':')
        return is_in_brackets;
    return c != '\0' && strchr("-._~%!$&'()*+,;=", c) != NULL;
}

static bool is_port(const char *data, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (data[i] < '0' || data[i] > '9')
            return false;
    return true;
}

bool wf_head_is_host(struct weft_text text)
{
    bool has_brackets = text.count > 0 && text.data[0] == '[';
    size_t first = has_brackets ? 1 : 0;
    size_t at = first;
    while (at < text.count && is_host_char(text.data[at], has_brackets))
        at++;
    if (at == first)
        return false;
    if (has_brackets && (at == text.count || text.data[at++] != ']'))
        return false;
    if (at == text.count)
        return true;
    return text.data[at] == ':' && is_port(text.data + at + 1, text.count - at - 1);
}

void wf_head_accept_of(struct weft_text key, char out[WF_OPENING_ACCEPT_BYTES])
{
    char joined[KEY_BYTES + sizeof accept_guid - 1];
    uint8_t digest[WF_SHA1_BYTES];
    assert(key.count == KEY_BYTES);
    memcpy(joined, key.data, KEY_BYTES);
    memcpy(joined + KEY_BYTES, accept_guid, sizeof accept_guid - 1);
    wf_sha1(joined, sizeof joined, digest);
    static_assert(WF_BASE64_TEXT_BYTES(WF_SHA1_BYTES) == WF_OPENING_ACCEPT_BYTES, "");
    wf_base64_encode((struct weft_bytes){ digest, sizeof digest }, out);
}

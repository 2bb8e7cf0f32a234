#include "codec/percent.h"
#include "codec/url_parts.h"
#include "codec/utf8.h"

#include <idn2.h>

/* A name in DNS has 253 characters; this bounds the work of the mapping. */
enum { UNMAPPED_BYTES_MAX = 2048, MAPPED_BYTES_MAX = 255 };

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static void lower(struct weft_buffer name)
{
    for (size_t i = 0; i < name.count; i++)
        if (is_upper((char)name.data[i]))
            name.data[i] |= 0x20;
}

/* Whether a label begins with "xn--"; the name is in lower case. */
static bool has_a_label(struct weft_text name)
{
    for (size_t i = 0; i + 4 <= name.count; i++)
        if ((i == 0 || name.data[i - 1] == '.') && memcmp(name.data + i, "xn--", 4) == 0)
            return true;
    return false;
}

static bool is_ascii(struct weft_text name)
{
    for (size_t i = 0; i < name.count; i++)
        if ((uint8_t)name.data[i] >= 0x80)
            return false;
    return true;
}

/* UTS 46, nontransitional. libidn2 knows IDNA 2008 and refuses what only UTS 46 allows: symbols
 * (emoji), which we encode ourselves, and hyphens at the ends of a label. Such a name can be given
 * with its "xn--" labels. */
static int map_name(struct weft_text name, char **mapped_out)
{
    int flags = IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT;
    char encoded[UNMAPPED_BYTES_MAX];
    struct wf_url_out out = { .data = encoded, .capacity = sizeof encoded };
    int result = idn2_to_ascii_8z(name.data, mapped_out, flags);
    if (result != IDN2_DISALLOWED)
        return result;
    if (wf_url_encode_symbols(name, &out))
        return idn2_to_ascii_8z(encoded, mapped_out, flags | IDN2_NO_ALABEL_ROUNDTRIP);
    if (is_ascii(name))
        return idn2_to_ascii_8z(name.data, mapped_out, flags | IDN2_NO_ALABEL_ROUNDTRIP);
    return result;
}

/* Domain to ASCII (URL Standard 3.3) in place of the last `count` characters of `out`. */
static weft_status map_to_ascii(struct wf_url_out *out, size_t count, const char **reason)
{
    char *name = out->data + out->count - count;
    if (count > UNMAPPED_BYTES_MAX || memchr(name, '\0', count))
        return wf_url_fail(reason, "the host is not a domain name");
    wf_url_put_char(out, '\0');
    char *mapped = NULL;
    int result = map_name((struct weft_text){ name, count }, &mapped);
    out->count -= count + 1;
    if (result == IDN2_MALLOC)
        return WEFT_ERR_MEMORY;
    if (result != IDN2_OK)
        return wf_url_fail(reason, "the host is not a domain name (IDNA)");
    weft_status status = WEFT_OK;
    if (strlen(mapped) > MAPPED_BYTES_MAX)
        status = wf_url_fail(reason, "the host is too long");
    else
        wf_url_put(out, weft_text_of(mapped));
    idn2_free(mapped);
    return status;
}

/* URL Standard 3.2: the forbidden domain code points. */
static bool is_forbidden(char c)
{
    return (uint8_t)c <= 0x20 || (uint8_t)c >= 0x7F || strchr("#/:<>?@[\\]^|%", c) != NULL;
}

static weft_status put_domain(struct wf_url_out *out, struct weft_text host, const char **reason)
{
    size_t first = out->count, count;
    if (!wf_percent_decode(host, out->data + first, &count))
        return wf_url_fail(reason, "a '%' in the host is not an escape");
    out->count += count;
    struct weft_text name = { out->data + first, count };
    if (!wf_utf8_is_valid(name.data, count))
        return wf_url_fail(reason, "the host is not UTF-8");
    lower((struct weft_buffer){ (uint8_t *)out->data + first, count });
    if (is_ascii(name) && !has_a_label(name))
        return WEFT_OK;
    return map_to_ascii(out, count, reason);
}

weft_status wf_url_put_host(struct wf_url_out *out, struct weft_text host, const char **reason)
{
    if (host.count > 0 && host.data[0] == '[') {
        if (host.data[host.count - 1] != ']')
            return wf_url_fail(reason, "the IPv6 address has no ']'");
        return wf_url_put_ipv6(out, (struct weft_text){ host.data + 1, host.count - 2 }, reason);
    }
    size_t first = out->count;
    weft_status status = put_domain(out, host, reason);
    if (status)
        return status;
    struct weft_text name = { out->data + first, out->count - first };
    if (name.count == 0)
        return wf_url_fail(reason, "the host is empty");
    for (size_t i = 0; i < name.count; i++)
        if (is_forbidden(name.data[i]))
            return wf_url_fail(reason, "a character that a host must not have");
    if (!wf_url_ends_in_number(name))
        return WEFT_OK;
    out->count = first;
    return wf_url_put_ipv4(out, name, reason);
}

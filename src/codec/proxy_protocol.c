#include "codec/proxy_protocol.h"

static const uint8_t signature[12] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                       0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };
static const char word[] = "PROXY ";

static enum wf_proxy_protocol_result broken(const char *text, const char **text_out)
{
    *text_out = text;
    return WF_PROXY_BROKEN;
}

/* ---- version 1: 2.1 ---- */

/* Up to the next space, which goes too; the last field takes all. */
static struct weft_text next_field(struct weft_text *rest)
{
    const char *space = rest->count ? memchr(rest->data, ' ', rest->count) : NULL;
    struct weft_text field = { rest->data, space ? (size_t)(space - rest->data) : rest->count };
    size_t used = field.count + (space != NULL);
    rest->data += used;
    rest->count -= used;
    return field;
}

static bool is_text(struct weft_text field, const char *text)
{
    return field.count == strlen(text) && memcmp(field.data, text, field.count) == 0;
}

/* Family by what was written: an IPv4 address in IPv6 clothes is TCP6. */
static bool parse_ip(struct weft_text field, bool is_v6, struct wf_ip *ip_out)
{
    bool has_colon = field.count && memchr(field.data, ':', field.count);
    return has_colon == is_v6 && wf_ip_parse(field, ip_out);
}

/* Behind "PROXY ", without the line's end. */
static bool parse_line(struct weft_text line, struct wf_proxy_protocol_head *head)
{
    struct weft_text family = next_field(&line);
    struct wf_ip target;
    uint16_t target_port;
    /* "UNKNOWN": the receiver must ignore anything presented before the CRLF. */
    if (is_text(family, "UNKNOWN"))
        return true;
    bool is_v6 = is_text(family, "TCP6");
    if (!is_v6 && !is_text(family, "TCP4"))
        return false;
    head->source = WF_PROXY_IP;
    return parse_ip(next_field(&line), is_v6, &head->ip) &&
           parse_ip(next_field(&line), is_v6, &target) &&
           wf_ip_port_parse(next_field(&line), &head->port) && wf_ip_port_parse(line, &target_port);
}

static enum wf_proxy_protocol_result parse_v1(struct weft_bytes input,
                                              struct wf_proxy_protocol_head *head,
                                              const char **text_out)
{
    size_t seen = input.count < WF_PROXY_LINE_MAX ? input.count : WF_PROXY_LINE_MAX;
    const uint8_t *end = memchr(input.data, '\n', seen);
    if (!end)
        return seen < WF_PROXY_LINE_MAX
                   ? WF_PROXY_NEEDS_MORE
                   : broken("the line of the PROXY header is too long", text_out);
    size_t prefix = sizeof word - 1;
    size_t bytes = (size_t)(end - input.data);
    struct weft_text line = { (const char *)input.data + prefix, bytes - prefix };
    if (line.count == 0 || end[-1] != '\r')
        return broken("the line of the PROXY header ends without CR", text_out);
    line.count--;
    head->bytes = bytes + 1;
    return parse_line(line, head) ? WF_PROXY_DONE
                                  : broken("the line of the PROXY header is wrong", text_out);
}

/* ---- version 2: 2.2 ---- */

enum { FIXED_BYTES = 16, CRC_TYPE = 0x03, PATH_BYTES = 108 };
enum { FAMILY_NONE = 0, FAMILY_V4 = 1, FAMILY_V6 = 2, FAMILY_UNIX = 3 };

static size_t read_16(const uint8_t *at)
{
    return (size_t)at[0] << 8 | at[1];
}

/* RFC 3309 B: Castagnoli's polynomial, reflected, half a byte at a time. */
static uint32_t add_to_crc(uint32_t crc, uint8_t byte)
{
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    crc ^= byte;
    crc = crc >> 4 ^ table[crc & 15];
    return crc >> 4 ^ table[crc & 15];
}

/* 2.2.3: over the whole head, with zeros where the sum stands. */
static bool is_crc_right(struct weft_bytes head, size_t crc_at)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < head.count; i++)
        crc = add_to_crc(crc, i - crc_at < 4 ? 0 : head.data[i]);
    const uint8_t *stored = head.data + crc_at;
    return ~crc == ((uint32_t)read_16(stored) << 16 | (uint32_t)read_16(stored + 2));
}

/* Type, length, value (2.2): all must lie inside; but for the sum none is of interest here. */
static const char *check_tlvs(struct weft_bytes head, size_t at)
{
    while (at < head.count) {
        if (head.count - at < 3)
            return "a field of the PROXY header is cut";
        size_t bytes = read_16(head.data + at + 1);
        uint8_t type = head.data[at];
        at += 3;
        if (bytes > head.count - at)
            return "a field of the PROXY header is longer than it";
        if (type == CRC_TYPE && (bytes != 4 || !is_crc_right(head, at)))
            return "the checksum of the PROXY header is wrong";
        at += bytes;
    }
    return NULL;
}

/* Filled up with zeros; a name in the abstract namespace begins with one. */
static struct weft_text path_in(const uint8_t *at)
{
    size_t count = PATH_BYTES;
    while (count > 0 && at[count - 1] == 0)
        count--;
    return (struct weft_text){ (const char *)at, count };
}

static void read_source(struct wf_proxy_protocol_head *head, unsigned family, const uint8_t *at)
{
    size_t ip_bytes = family == FAMILY_V4 ? 4 : 16;
    if (family == FAMILY_UNIX) {
        head->source = WF_PROXY_PATH;
        head->path = path_in(at);
    } else {
        head->source = WF_PROXY_IP;
        head->ip = wf_ip_of(at, ip_bytes);
        head->port = (uint16_t)read_16(at + 2 * ip_bytes);
    }
}

static enum wf_proxy_protocol_result parse_whole(struct weft_bytes whole,
                                                 struct wf_proxy_protocol_head *head,
                                                 const char **text_out)
{
    static const size_t address_bytes[] = {
        [FAMILY_V4] = 12, [FAMILY_V6] = 36, [FAMILY_UNIX] = 2 * PATH_BYTES
    };
    unsigned family = whole.data[13] >> 4;
    head->bytes = whole.count;
    /* LOCAL: the block is discarded, including the family. */
    if ((whole.data[12] & 15) == 0)
        return WF_PROXY_DONE;
    if (family > FAMILY_UNIX || (whole.data[13] & 15) > 2)
        return broken("the PROXY header has an unknown family", text_out);
    /* Behind an unspecified address there may be anything. */
    if (family == FAMILY_NONE)
        return WF_PROXY_DONE;
    if (whole.count - FIXED_BYTES < address_bytes[family])
        return broken("the addresses of the PROXY header are cut", text_out);
    const char *wrong = check_tlvs(whole, FIXED_BYTES + address_bytes[family]);
    if (wrong)
        return broken(wrong, text_out);
    read_source(head, family, whole.data + FIXED_BYTES);
    return WF_PROXY_DONE;
}

static enum wf_proxy_protocol_result parse_v2(struct weft_bytes input,
                                              struct wf_proxy_protocol_head *head,
                                              const char **text_out)
{
    if (input.count > 12 && (input.data[12] & 0xf0) != 0x20)
        return broken("the PROXY header is of an unknown version", text_out);
    if (input.count > 12 && (input.data[12] & 0x0f) > 1)
        return broken("the PROXY header has an unknown command", text_out);
    if (input.count < FIXED_BYTES)
        return WF_PROXY_NEEDS_MORE;
    size_t bytes = FIXED_BYTES + read_16(input.data + 14);
    if (bytes > WF_PROXY_BYTES_MAX)
        return broken("the PROXY header is too long", text_out);
    if (input.count < bytes)
        return WF_PROXY_NEEDS_MORE;
    return parse_whole((struct weft_bytes){ input.data, bytes }, head, text_out);
}

static bool begins_with(struct weft_bytes input, const void *prefix, size_t bytes)
{
    size_t count = input.count < bytes ? input.count : bytes;
    return count == 0 || memcmp(input.data, prefix, count) == 0;
}

enum wf_proxy_protocol_result wf_proxy_protocol_parse(struct weft_bytes input,
                                                      struct wf_proxy_protocol_head *head_out,
                                                      const char **text_out)
{
    *head_out = (struct wf_proxy_protocol_head){ 0 };
    bool is_v1 = begins_with(input, word, sizeof word - 1);
    bool is_v2 = begins_with(input, signature, sizeof signature);
    if (!is_v1 && !is_v2)
        return broken("there is no PROXY header", text_out);
    if (input.count < (is_v1 ? sizeof word - 1 : sizeof signature))
        return WF_PROXY_NEEDS_MORE;
    return is_v1 ? parse_v1(input, head_out, text_out) : parse_v2(input, head_out, text_out);
}

#include "codec/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void wf_base64_encode(struct weft_bytes bytes, char *out)
{
    size_t at = 0;
    for (; bytes.count - at >= 3; at += 3) {
        uint32_t group =
            (uint32_t)bytes.data[at] << 16 | (uint32_t)bytes.data[at + 1] << 8 | bytes.data[at + 2];
        *out++ = alphabet[group >> 18];
        *out++ = alphabet[group >> 12 & 63];
        *out++ = alphabet[group >> 6 & 63];
        *out++ = alphabet[group & 63];
    }
    size_t rest = bytes.count - at;
    if (rest == 0)
        return;
    uint32_t group = (uint32_t)bytes.data[at] << 16;
    if (rest == 2)
        group |= (uint32_t)bytes.data[at + 1] << 8;
    *out++ = alphabet[group >> 18];
    *out++ = alphabet[group >> 12 & 63];
    *out++ = rest == 2 ? alphabet[group >> 6 & 63] : '=';
    *out = '=';
}

/* 64: not of the alphabet. */
static uint32_t value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0') + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Four characters of which the last `padding` are '='. */
static bool decode_group(const char *text, size_t padding, uint8_t *out)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i < 4 - padding ? value_of(text[i]) : 0;
        if (value == 64)
            return false;
        group = group << 6 | value;
    }
    /* RFC 4648 3.5: the bits that padding leaves over must be zero. */
    if (group & ((1u << (8 * padding)) - 1))
        return false;
    for (size_t i = 0; i < 3 - padding; i++)
        out[i] = (uint8_t)(group >> (16 - 8 * i));
    return true;
}

bool wf_base64_decode(struct weft_text text, uint8_t *out, size_t *count_out)
{
    if (text.count % 4 != 0)
        return false;
    size_t padding = 0;
    while (padding < 2 && padding < text.count && text.data[text.count - 1 - padding] == '=')
        padding++;
    for (size_t at = 0; at < text.count; at += 4, out += 3)
        if (!decode_group(text.data + at, at + 4 == text.count ? padding : 0, out))
            return false;
    *count_out = WF_BASE64_DATA_MAX(text.count) - padding;
    return true;
}

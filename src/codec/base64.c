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

// clang-format off
/* Of ASCII; 64: not of the alphabet. */
static const uint8_t values[128] = {
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, /* 00 */
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, /* 10 */
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 62, 64, 64, 64, 63, /* 20 */
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64, 64, 64, /* 30 */
    64,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, /* 40 */
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 64, 64, 64, 64, 64, /* 50 */
    64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, /* 60 */
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 64, 64, 64, 64, 64, /* 70 */
};
// clang-format on

static uint32_t value_of(char c)
{
    return (uint8_t)c < sizeof values ? values[(uint8_t)c] : 64;
}

/* Four characters of which the last `padding` are '='. */
static bool decode_last(const char *text, size_t padding, uint8_t *out)
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

static bool decode_group(const char *text, uint8_t *out)
{
    uint32_t a = value_of(text[0]), b = value_of(text[1]);
    uint32_t c = value_of(text[2]), d = value_of(text[3]);
    out[0] = (uint8_t)(a << 2 | b >> 4);
    out[1] = (uint8_t)(b << 4 | c >> 2);
    out[2] = (uint8_t)(c << 6 | d);
    return ((a | b | c | d) & 64) == 0;
}

bool wf_base64_decode(struct weft_text text, uint8_t *out, size_t *count_out)
{
    if (text.count % 4 != 0)
        return false;
    size_t padding = 0;
    while (padding < 2 && padding < text.count && text.data[text.count - 1 - padding] == '=')
        padding++;
    for (size_t at = 0; at < text.count; at += 4, out += 3) {
        bool is_last = at + 4 == text.count;
        if (!(is_last ? decode_last(text.data + at, padding, out)
                      : decode_group(text.data + at, out)))
            return false;
    }
    *count_out = WF_BASE64_DATA_MAX(text.count) - padding;
    return true;
}

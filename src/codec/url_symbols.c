/* Labels with symbols: emoji, arrows, stars. UTS 46 allows them, IDNA 2008 and libidn2 do not. */
#include "codec/punycode.h"
#include "codec/url_parts.h"

enum { LABEL_POINTS_MAX = 63, VARIATION_SELECTOR_16 = 0xFE0F };

/* Ranges that are all "valid" (NV8) in the IdnaMappingTable of UTS 46, version 15.0, and are their
 * own NFC. What is not among them libidn2 decides. */
static const struct {
    uint32_t first, last;
} symbols[] = {
    { 0x2190, 0x21FF },   { 0x2500, 0x27BF },   { 0x2B00, 0x2B73 },   { 0x1F300, 0x1F6D7 },
    { 0x1F6DC, 0x1F6EC }, { 0x1F6F0, 0x1F6FC }, { 0x1F900, 0x1F9FF }, { 0x1FA70, 0x1FA7C },
};

static bool is_symbol(uint32_t point)
{
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (point >= symbols[i].first && point <= symbols[i].last)
            return true;
    return false;
}

/* The code point at `*text`, which is valid UTF-8, and behind it. */
static uint32_t take_point(const char **text)
{
    const uint8_t *bytes = (const uint8_t *)*text;
    int more = bytes[0] < 0x80 ? 0 : bytes[0] < 0xE0 ? 1 : bytes[0] < 0xF0 ? 2 : 3;
    uint32_t point = more ? bytes[0] & (0x3Fu >> more) : bytes[0];
    for (int i = 1; i <= more; i++)
        point = point << 6 | (bytes[i] & 0x3F);
    *text += more + 1;
    return point;
}

/* Whether a label has symbols, and ASCII otherwise. */
static bool take_label(struct weft_text label, uint32_t *points, size_t *count_out)
{
    const char *at = label.data, *end = label.data + label.count;
    bool has_symbol = false;
    size_t count = 0;
    while (at < end) {
        uint32_t point = take_point(&at);
        if (point == VARIATION_SELECTOR_16)
            continue; /* UTS 46: ignored. */
        has_symbol |= is_symbol(point);
        if ((point >= 0x80 && !is_symbol(point)) || count == LABEL_POINTS_MAX)
            return false;
        points[count++] = point;
    }
    *count_out = count;
    return has_symbol;
}

static bool put_label(struct wf_url_out *out, const uint32_t *points, size_t count)
{
    enum { LABEL_BYTES_MAX = 63, PREFIX_BYTES = 4 };
    char label[LABEL_BYTES_MAX - PREFIX_BYTES];
    size_t bytes;
    if (!wf_punycode_encode(points, count, label, sizeof label, &bytes) ||
        out->capacity - out->count < PREFIX_BYTES + bytes)
        return false;
    wf_url_put(out, (struct weft_text){ "xn--", PREFIX_BYTES });
    wf_url_put(out, (struct weft_text){ label, bytes });
    return true;
}

bool wf_url_encode_symbols(struct weft_text name, struct wf_url_out *out)
{
    bool has_symbols = false;
    for (size_t first = 0; first <= name.count;) {
        uint32_t points[LABEL_POINTS_MAX];
        size_t end = first, count;
        while (end < name.count && name.data[end] != '.')
            end++;
        struct weft_text label = { name.data + first, end - first };
        if (take_label(label, points, &count)) {
            has_symbols = true;
            if (!put_label(out, points, count))
                return false;
        } else if (out->capacity - out->count < label.count) {
            return false;
        } else {
            wf_url_put(out, label);
        }
        if (out->count == out->capacity)
            return false;
        wf_url_put_char(out, end < name.count ? '.' : '\0');
        first = end + 1;
    }
    return has_symbols;
}

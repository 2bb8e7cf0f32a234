#include "server/range.h"

#include "codec/http1.h"

/* Digits alone. One that is too big for 64 bits is over every file's end: it counts as the
 * greatest. */
static bool parse_number(struct weft_text digits, uint64_t *number_out)
{
    uint64_t number = 0;
    for (size_t i = 0; i < digits.count; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(digits.data[i] - '0');
        number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
    }
    *number_out = number;
    return digits.count > 0;
}

/* "-500": the last 500 bytes, or all. */
static enum wf_range_result last_bytes(uint64_t suffix, uint64_t total, uint64_t *first_out,
                                       uint64_t *bytes_out)
{
    if (suffix == 0 || total == 0)
        return WF_RANGE_UNSATISFIABLE;
    *bytes_out = suffix < total ? suffix : total;
    *first_out = total - *bytes_out;
    return WF_RANGE_PART;
}

static enum wf_range_result parse_one(struct weft_text range, uint64_t total, uint64_t *first_out,
                                      uint64_t *bytes_out)
{
    const char *dash = range.count ? memchr(range.data, '-', range.count) : NULL;
    if (!dash)
        return WF_RANGE_WHOLE;
    struct weft_text before = { range.data, (size_t)(dash - range.data) };
    struct weft_text behind = { dash + 1, range.count - before.count - 1 };
    uint64_t first = 0, last = UINT64_MAX;
    if (behind.count && !parse_number(behind, &last))
        return WF_RANGE_WHOLE;
    if (before.count == 0)
        return behind.count ? last_bytes(last, total, first_out, bytes_out) : WF_RANGE_WHOLE;
    if (!parse_number(before, &first) || last < first)
        return WF_RANGE_WHOLE;
    if (first >= total)
        return WF_RANGE_UNSATISFIABLE;
    *first_out = first;
    *bytes_out = (last < total - 1 ? last : total - 1) - first + 1;
    return WF_RANGE_PART;
}

enum wf_range_result wf_range_parse(struct weft_text field, uint64_t bytes_total,
                                    uint64_t *first_out, uint64_t *bytes_out)
{
    const size_t unit_bytes = sizeof "bytes=" - 1;
    if (field.count < unit_bytes ||
        !wf_http1_text_equals((struct weft_text){ field.data, unit_bytes }, "bytes="))
        return WF_RANGE_WHOLE;
    struct weft_text range = { field.data + unit_bytes, field.count - unit_bytes };
    /* RFC 9110 14.2: a server may ignore Range; several parts are more work than they are worth. */
    if (range.count && memchr(range.data, ',', range.count))
        return WF_RANGE_WHOLE;
    return parse_one(wf_http1_trim(range), bytes_total, first_out, bytes_out);
}

#include "codec/punycode.h"

/* RFC 3492 5: the parameters. */
enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, INITIAL_BIAS = 72 };

struct writer {
    char *out;
    size_t room;
    size_t count;
};

static bool put(struct writer *writer, char c)
{
    if (writer->count == writer->room)
        return false;
    writer->out[writer->count++] = c;
    return true;
}

/* RFC 3492 6.1 */
static uint32_t adapt(uint32_t delta, uint32_t point_count, bool is_first)
{
    uint32_t k = 0;
    delta = is_first ? delta / DAMP : delta / 2;
    delta += delta / point_count;
    for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
        delta /= BASE - TMIN;
    return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static char digit(uint32_t value)
{
    return (char)(value < 26 ? 'a' + value : '0' + (value - 26));
}

/* RFC 3492 6.3: a generalized integer of variable length. */
static bool put_delta(struct writer *writer, uint32_t delta, uint32_t bias)
{
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t threshold = k <= bias ? TMIN : k - bias > TMAX ? TMAX : k - bias;
        if (delta < threshold)
            return put(writer, digit(delta));
        if (!put(writer, digit(threshold + (delta - threshold) % (BASE - threshold))))
            return false;
        delta = (delta - threshold) / (BASE - threshold);
    }
}

/* The least code point that is not yet handled. */
static uint32_t next_point(const uint32_t *points, size_t count, uint32_t from)
{
    uint32_t next = UINT32_MAX;
    for (size_t i = 0; i < count; i++)
        if (points[i] >= from && points[i] < next)
            next = points[i];
    return next;
}

/* Numbers stay far below 2^32: 255 times 0x110000. */
bool wf_punycode_encode(const uint32_t *points, size_t count, char *out, size_t out_bytes,
                        size_t *count_out)
{
    struct writer writer = { out, out_bytes, 0 };
    uint32_t handled = 0, delta = 0, bias = INITIAL_BIAS, point = 0x80;
    for (size_t i = 0; i < count; i++)
        if (points[i] < 0x80 && !put(&writer, (char)points[i]))
            return false;
    uint32_t basic_count = handled = (uint32_t)writer.count;
    if (basic_count && !put(&writer, '-'))
        return false;
    while (handled < count) {
        uint32_t next = next_point(points, count, point);
        delta += (next - point) * (handled + 1);
        for (size_t i = 0; i < count; i++) {
            delta += points[i] < next;
            if (points[i] != next)
                continue;
            if (!put_delta(&writer, delta, bias))
                return false;
            bias = adapt(delta, handled + 1, handled == basic_count);
            delta = 0;
            handled++;
        }
        delta++;
        point = next + 1;
    }
    *count_out = writer.count;
    return true;
}

#include "support/hex.h"

#include <stdlib.h>

/* 16: no digit. */
static unsigned hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - (unsigned)'0';
    return byte >= 'a' && byte <= 'f' ? byte - (unsigned)'a' + 10 : 16;
}

uint8_t *hex_decode(const uint8_t *text, size_t count, size_t *bytes_out)
{
    uint8_t *out = malloc(count / 2 + 1);
    unsigned value = 0;
    size_t digits = 0;
    if (!out)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (hex_digit(text[i]) == 16)
            continue;
        value = value << 4 | hex_digit(text[i]);
        if (digits++ % 2)
            out[digits / 2 - 1] = (uint8_t)value;
    }
    *bytes_out = digits / 2;
    return out;
}

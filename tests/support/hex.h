/* Bytes written as hexadecimal digits, so that seeds can be read. */
#ifndef SUPPORT_HEX_H
#define SUPPORT_HEX_H

#include <stddef.h>
#include <stdint.h>

/* What the digits (small letters) say; other characters are passed over. The caller frees it.
 * Aborts without memory. */
uint8_t *hex_decode(const uint8_t *text, size_t count, size_t *bytes_out);

#endif

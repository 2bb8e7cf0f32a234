/* Punycode, RFC 3492: the label of a domain name in ASCII. */
#ifndef WF_CODEC_PUNYCODE_H
#define WF_CODEC_PUNYCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Encodes code points, without "xn--". False: it does not fit into `out_bytes`. At most 255 code
 * points. */
bool wf_punycode_encode(const uint32_t *points, size_t count, char *out, size_t out_bytes,
                        size_t *count_out);

#endif

/* Canonical Huffman codes as DEFLATE wants them (RFC 1951 3.2.2): lengths by how often a symbol
 * comes, and bits that are written lowest first. */
#ifndef WF_CODEC_HUFFMAN_H
#define WF_CODEC_HUFFMAN_H

#include <stddef.h>
#include <stdint.h>

enum { WF_HUFFMAN_SYMBOLS_MAX = 288, WF_HUFFMAN_BITS_MAX = 15 };

struct wf_huffman {
    uint16_t codes[WF_HUFFMAN_SYMBOLS_MAX];
    uint8_t lengths[WF_HUFFMAN_SYMBOLS_MAX]; /* In bits; 0: the symbol does not come. */
};

/* The best code of at most `bits_max` bits per symbol, but for what the limit costs. At least two
 * symbols get a code, as old readers want it. The sum of all `counts` is below 2^22. */
void wf_huffman_build(struct wf_huffman *huffman, const uint32_t *counts, size_t symbol_count,
                      unsigned bits_max);

/* The codes that follow from the lengths. */
void wf_huffman_number(struct wf_huffman *huffman, size_t symbol_count);

#endif

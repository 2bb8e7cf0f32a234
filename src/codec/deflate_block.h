/* Writes the blocks of a DEFLATE stream (RFC 1951 3.2.3): literal bytes and matches that somebody
 * found become bits, in the kind of block that is the shortest. */
#ifndef WF_CODEC_DEFLATE_BLOCK_H
#define WF_CODEC_DEFLATE_BLOCK_H

#include "base/block.h"

enum {
    WF_DEFLATE_BLOCK_MAX = 16 << 10, /* Bytes of data in one. */
    WF_DEFLATE_MATCH_MIN = 4,        /* DEFLATE has also 3, which seldom pay. */
    WF_DEFLATE_MATCH_MAX = 258,
    WF_DEFLATE_SEQUENCES_MAX = WF_DEFLATE_BLOCK_MAX / WF_DEFLATE_MATCH_MIN,
};

/* Literal bytes and the match behind them. */
struct wf_deflate_sequence {
    uint16_t literal_count;
    uint16_t length;
    uint16_t distance; /* 0 is 65536, which does not come. */
};

/* What writing needs besides; one will do for all who write in turn. Zero-filled at first. */
struct wf_deflate_scratch;
size_t wf_deflate_scratch_bytes(void);
/* Room for what is found in one block. */
struct wf_deflate_sequence *wf_deflate_scratch_sequences(struct wf_deflate_scratch *scratch);

/* Where the bits go. */
struct wf_deflate_writer {
    struct wf_block *out;
    struct wf_pool *pool;
    size_t count_max; /* Of `out`. */
    uint64_t bits;    /* Those that do not fill a byte yet. */
    unsigned bit_count;
};

/* Appends the block that is `data`; behind the sequences, which lie in the scratch, come literal
 * bytes. False: no memory, or above count_max. */
bool wf_deflate_block_write(struct wf_deflate_writer *writer, struct wf_deflate_scratch *scratch,
                            struct weft_bytes data, size_t sequence_count);

/* Ends with an empty block up to the boundary of a byte, without its four bytes (RFC 7692 7.2.1).
 * False as above. */
bool wf_deflate_block_end(struct wf_deflate_writer *writer);

#endif

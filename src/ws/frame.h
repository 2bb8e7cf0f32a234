/* The header of a frame. RFC 6455 5.2. */
#ifndef WF_WS_FRAME_H
#define WF_WS_FRAME_H

#include "weft/engine.h"
#include "ws/fault.h"

enum wf_opcode {
    WF_OPCODE_CONTINUATION = 0x0,
    WF_OPCODE_TEXT = 0x1,
    WF_OPCODE_BINARY = 0x2,
    WF_OPCODE_CLOSE = 0x8,
    WF_OPCODE_PING = 0x9,
    WF_OPCODE_PONG = 0xA,
};

enum {
    WF_FRAME_HEADER_MAX = 14,
    WF_FRAME_CONTROL_MAX = 125, /* RFC 6455 5.5 */
    WF_FRAME_FINAL = 0x80,
    WF_FRAME_RESERVED_BITS = 0x70,
    WF_FRAME_COMPRESSED = 0x40, /* RSV1: RFC 7692 6. */
};

struct wf_frame {
    uint64_t payload_bytes;
    uint32_t key; /* As wf_mask() wants it; 0 when not masked. */
    uint8_t header_bytes;
    uint8_t opcode;
    uint8_t reserved_bits; /* Of these only such as an extension owns. */
    bool is_final;
};

enum wf_frame_result { WF_FRAME_DONE, WF_FRAME_NEEDS_MORE, WF_FRAME_BROKEN };

static inline bool wf_frame_is_control(const struct wf_frame *frame)
{
    return (frame->opcode & 0x8) != 0;
}

/* Reads a header that begins at input.data; what comes behind it is not looked at. A rule that is
 * broken is seen with the first byte that breaks it.
 *
 * receiver    the side that reads.
 * owned_bits  the reserved bits that extensions own in data frames.
 * fault_out   set when BROKEN. */
enum wf_frame_result wf_frame_parse(struct weft_bytes input, enum weft_side receiver,
                                    uint8_t owned_bits, struct wf_frame *frame,
                                    enum wf_fault *fault_out);

/* The size of the header that wf_frame_write() writes. */
static inline size_t wf_frame_header_bytes(size_t payload_bytes, bool is_masked)
{
    size_t length = payload_bytes < 126 ? 2 : payload_bytes <= UINT16_MAX ? 4 : 10;
    return length + (is_masked ? 4 : 0);
}

/* Writes the header of a frame that is not fragmented.
 *
 * key  NULL: not masked. Else the four bytes of it, in wf_mask()'s form.
 *
 * Returns where the payload begins. */
uint8_t *wf_frame_write(uint8_t *out, enum wf_opcode opcode, size_t payload_bytes,
                        const uint32_t *key);

/* How many payload bytes of messages lie in the first `count` bytes of a row of whole frames, which
 * were written by wf_frame_write(). */
uint64_t wf_frame_payload_within(const uint8_t *frames, size_t count);

#endif

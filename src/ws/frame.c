#include "ws/frame.h"

enum { MASK_BIT = 0x80, LENGTH_BITS = 0x7F, LENGTH_16 = 126, LENGTH_64 = 127 };

static uint64_t read_number(const uint8_t *data, size_t count)
{
    uint64_t number = 0;
    for (size_t i = 0; i < count; i++)
        number = number << 8 | data[i];
    return number;
}

static bool is_known_opcode(uint8_t opcode)
{
    return opcode <= WF_OPCODE_BINARY || (opcode >= WF_OPCODE_CLOSE && opcode <= WF_OPCODE_PONG);
}

static enum wf_fault check_first(uint8_t first, uint8_t owned_bits)
{
    uint8_t opcode = first & 0x0F;
    bool is_control = (opcode & 0x8) != 0;
    /* RFC 6455 5.2: a reserved bit without an extension that defines it fails the connection. */
    if (first & WF_FRAME_RESERVED_BITS & ~(is_control ? 0 : owned_bits))
        return WF_FAULT_RESERVED_BITS;
    /* RFC 6455 5.2: so does an unknown opcode. */
    if (!is_known_opcode(opcode))
        return WF_FAULT_RESERVED_OPCODE;
    /* RFC 6455 5.5: control frames must not be fragmented. */
    if (is_control && !(first & WF_FRAME_FINAL))
        return WF_FAULT_CONTROL_FRAGMENTED;
    return WF_FAULT_NONE;
}

static enum wf_fault check_second(uint8_t first, uint8_t second, enum weft_side receiver)
{
    /* RFC 6455 5.1: what a client sends is masked, what a server sends is not. */
    bool is_masked = (second & MASK_BIT) != 0;
    if (is_masked != (receiver == WEFT_SERVER))
        return is_masked ? WF_FAULT_MASKED : WF_FAULT_NOT_MASKED;
    /* RFC 6455 5.5: control frames have at most 125 bytes. */
    if ((first & 0x8) && (second & LENGTH_BITS) > WF_FRAME_CONTROL_MAX)
        return WF_FAULT_CONTROL_TOO_LONG;
    return WF_FAULT_NONE;
}

/* RFC 6455 5.2: the minimal number of bytes must be used, and the highest of 64 bits must be 0. The
 * number may be cut: what has come of it is enough where it breaks the rule already. */
static enum wf_fault check_length(const uint8_t *number, size_t count, size_t wanted)
{
    if (wanted == 2)
        return count == 2 && read_number(number, 2) < LENGTH_16 ? WF_FAULT_LENGTH_NOT_MINIMAL
                                                                : WF_FAULT_NONE;
    if (count > 0 && number[0] & 0x80)
        return WF_FAULT_LENGTH_TOP_BIT;
    return count >= 6 && read_number(number, 6) == 0 ? WF_FAULT_LENGTH_NOT_MINIMAL : WF_FAULT_NONE;
}

enum wf_frame_result wf_frame_parse(struct weft_bytes input, enum weft_side receiver,
                                    uint8_t owned_bits, struct wf_frame *frame,
                                    enum wf_fault *fault_out)
{
    const uint8_t *data = input.data;
    if (input.count == 0)
        return WF_FRAME_NEEDS_MORE;
    if ((*fault_out = check_first(data[0], owned_bits)))
        return WF_FRAME_BROKEN;
    if (input.count == 1)
        return WF_FRAME_NEEDS_MORE;
    if ((*fault_out = check_second(data[0], data[1], receiver)))
        return WF_FRAME_BROKEN;

    size_t at = 2;
    uint64_t payload_bytes = data[1] & LENGTH_BITS;
    if (payload_bytes >= LENGTH_16) {
        size_t wanted = payload_bytes == LENGTH_16 ? 2 : 8;
        size_t there = input.count - at < wanted ? input.count - at : wanted;
        if ((*fault_out = check_length(data + at, there, wanted)))
            return WF_FRAME_BROKEN;
        if (there < wanted)
            return WF_FRAME_NEEDS_MORE;
        payload_bytes = read_number(data + at, wanted);
        at += wanted;
    }
    uint32_t key = 0;
    if (data[1] & MASK_BIT) {
        if (input.count - at < sizeof key)
            return WF_FRAME_NEEDS_MORE;
        memcpy(&key, data + at, sizeof key);
        at += sizeof key;
    }
    *frame = (struct wf_frame){ .payload_bytes = payload_bytes,
                                .key = key,
                                .header_bytes = (uint8_t)at,
                                .opcode = data[0] & 0x0F,
                                .reserved_bits = data[0] & WF_FRAME_RESERVED_BITS,
                                .is_final = (data[0] & WF_FRAME_FINAL) != 0 };
    return WF_FRAME_DONE;
}

static uint8_t *write_number(uint8_t *out, uint64_t number, size_t count)
{
    for (size_t i = count; i-- > 0; number >>= 8)
        out[i] = (uint8_t)number;
    return out + count;
}

uint8_t *wf_frame_write(uint8_t *out, enum wf_opcode opcode, size_t payload_bytes,
                        const uint32_t *key)
{
    uint8_t mask_bit = key ? MASK_BIT : 0;
    *out++ = (uint8_t)(WF_FRAME_FINAL | opcode);
    if (payload_bytes < LENGTH_16) {
        *out++ = (uint8_t)(mask_bit | payload_bytes);
    } else if (payload_bytes <= UINT16_MAX) {
        *out++ = mask_bit | LENGTH_16;
        out = write_number(out, payload_bytes, 2);
    } else {
        *out++ = mask_bit | LENGTH_64;
        out = write_number(out, payload_bytes, 8);
    }
    if (key) {
        memcpy(out, key, sizeof *key);
        out += sizeof *key;
    }
    return out;
}

uint64_t wf_frame_payload_within(const uint8_t *frames, size_t count)
{
    uint64_t within = 0;
    for (size_t at = 0; count - at > 1;) {
        uint64_t length = frames[at + 1] & LENGTH_BITS;
        size_t header = 2;
        if (length >= LENGTH_16) {
            size_t bytes = length == LENGTH_16 ? 2 : 8;
            if (count - at < header + bytes)
                break;
            length = read_number(frames + at + header, bytes);
            header += bytes;
        }
        header += frames[at + 1] & MASK_BIT ? 4 : 0;
        if (count - at <= header)
            break;
        at += header;
        uint64_t here = length < count - at ? length : count - at;
        /* bufferedAmount counts messages, not control frames. */
        if (!(frames[at - header] & 0x8))
            within += here;
        at += (size_t)here;
    }
    return within;
}

/* What most messages and answers are, a short plain frame of a server's, in one step each, to be
 * compiled into the loop that hands them out. Whatever is not so plain is left untouched for the
 * functions of ws/engine.h. */
#ifndef WF_WS_QUICK_H
#define WF_WS_QUICK_H

#include "base/copy.h"
#include "codec/mask.h"
#include "ws/engine.h"
#include "ws/frame.h"

enum {
    WF_QUICK_BYTES_MAX = 64,
    WF_QUICK_LONG_BYTES = 16 * 1024, /* From here on a message is rather lent than copied. */
};

/* Whether wf_quick_next() may be asked: as long as nothing but sending is asked of the engine
 * meanwhile, once is enough. */
static inline bool wf_quick_may_begin(const struct weft_engine *engine)
{
    return engine->phase == WF_PHASE_FRAMES && !engine->partial && !engine->opening &&
           engine->config->side == WEFT_SERVER &&
           engine->config->limits.message_bytes_max >= WF_QUICK_BYTES_MAX;
}

/* 16 to 64 bytes: unmasks them if that makes ASCII of them; false: nothing was changed. */
static inline bool wf_quick_unmask_ascii(uint8_t *data, size_t count, uint32_t key)
{
    typedef uint32_t wide __attribute__((vector_size(16)));
    typedef uint64_t pair __attribute__((vector_size(16)));
    wide blocks[4], any;
    uint8_t *places[4] = { data, data + count - 16, data, data };
    if (count > 32) {
        places[2] = data + 16;
        places[3] = data + count - 32;
    }
    uint32_t key_last = wf_mask_turn(key, count);
    const uint32_t keys[4] = { key, key_last, key, count > 32 ? key_last : key };
    for (int i = 0; i < 4; i++) {
        memcpy(&blocks[i], places[i], 16);
        blocks[i] ^= keys[i];
    }
    any = blocks[0] | blocks[1] | blocks[2] | blocks[3];
    pair both = (pair)any;
    if ((both[0] | both[1]) & 0x8080808080808080)
        return false;
    for (int i = 3; i >= 0; i--)
        memcpy(places[i], &blocks[i], 16);
    return true;
}

/* The same as wf_quick_next(), of what is no short one. */
bool wf_quick_next_longer(struct weft_engine *engine, enum weft_message_type *type,
                          struct weft_buffer *message);

/* The next message, if it lies whole in the input as one plain frame of less than
 * WF_QUICK_LONG_BYTES. RFC 6455 5.2. Short ones, a binary or a text of ASCII, need no call: final,
 * no reserved bit, masked, 7 bits of length. */
static inline bool wf_quick_next(struct weft_engine *engine, enum weft_message_type *type,
                                 struct weft_buffer *message)
{
    enum { HEADER_BYTES = 6, MASK_BIT = 0x80 };
    uint8_t *input = engine->input.data;
    size_t there = engine->input.count;
    if (there < HEADER_BYTES)
        return false;
    uint8_t count = (uint8_t)(input[1] - MASK_BIT); /* Without the bit it is too large. */
    if (count > WF_QUICK_BYTES_MAX || there - HEADER_BYTES < count)
        return wf_quick_next_longer(engine, type, message);
    uint8_t *data = input + HEADER_BYTES;
    uint32_t key;
    memcpy(&key, input + 2, sizeof key);
    if (input[0] == (WF_FRAME_FINAL | WF_OPCODE_BINARY))
        wf_mask_short(data, data, count, key);
    else if (input[0] != (WF_FRAME_FINAL | WF_OPCODE_TEXT) || count < 16 ||
             !wf_quick_unmask_ascii(data, count, key))
        return wf_quick_next_longer(engine, type, message);
    *type = (enum weft_message_type)(input[0] & 0x0F);
    *message = (struct weft_buffer){ data, count };
    engine->input.data = data + count;
    engine->input.count = there - HEADER_BYTES - count;
    return true;
}

/* weft_engine_next() would answer NONE. */
static inline bool wf_quick_is_at_end(const struct weft_engine *engine)
{
    return engine->input.count == 0 && engine->phase == WF_PHASE_FRAMES && !engine->partial &&
           !engine->opening && !engine->input_has_ended;
}

/* Whether what is sent may have to be compressed. */
bool wf_quick_may_compress(const struct weft_engine *engine);

/* Whether wf_quick_send() may be asked, until a Close frame is sent or the engine fails. */
static inline bool wf_quick_may_send(const struct weft_engine *engine)
{
    return engine->phase == WF_PHASE_FRAMES && !engine->close_is_sent &&
           engine->config->side == WEFT_SERVER &&
           (!engine->agreed || !wf_quick_may_compress(engine));
}

/* The same as wf_quick_send(), of what is no short one. */
bool wf_quick_send_longer(struct weft_engine *engine, enum weft_message_type type,
                          const uint8_t *data, size_t count);

/* Puts a message of less than WF_QUICK_LONG_BYTES (a text that is valid) into the output. What else
 * has come will most often be answered, too: in an empty output they get one chunk. False: no
 * memory. */
static inline bool wf_quick_send(struct weft_engine *engine, enum weft_message_type type,
                                 const uint8_t *data, size_t count)
{
    enum { HEADER_BYTES = 2 };
    if (count > WF_QUICK_BYTES_MAX)
        return wf_quick_send_longer(engine, type, data, count);
    uint8_t *place = wf_chain_extend_last(&engine->output, HEADER_BYTES + count, count);
    if (!place)
        place = wf_chain_extend_ahead(&engine->output, engine->config->pool, HEADER_BYTES + count,
                                      count, engine->input.count);
    if (!place)
        return false;
    place[0] = (uint8_t)(WF_FRAME_FINAL | type);
    place[1] = (uint8_t)count;
    wf_copy_short(place + HEADER_BYTES, data, count);
    return true;
}

#endif

/* What most messages are, one plain frame that lies whole in the input, and a short answer: in one
 * step each. Whatever is not so plain is left untouched for the steps that know every rule.
 *
 * What is seldom needed stands in functions of its own, called last: so the common way needs no
 * stack. */
#include "ws/quick.h"
#include "codec/mask.h"
#include "codec/utf8_unmask.h"
#include "ws/state.h"

enum { MASK_BIT = 0x80, LENGTH_16 = 126, SHORT_HEADER_BYTES = 2 };

/* The bytes of the header of one whole data frame with a length of up to 16 bits; 0: it is none.
 * RFC 6455 5.2. */
static inline size_t find_whole(const struct weft_engine *engine, bool is_masked, size_t *count_out)
{
    const uint8_t *input = engine->input.data;
    size_t there = engine->input.count;
    size_t header = is_masked ? 6 : 2;
    if (there < header)
        return 0;
    /* Final, without a reserved bit, a text or a binary. */
    if ((uint8_t)(input[0] - (WF_FRAME_FINAL | WF_OPCODE_TEXT)) > WF_OPCODE_BINARY - WF_OPCODE_TEXT)
        return 0;
    size_t count = input[1] ^ (is_masked ? MASK_BIT : 0);
    if (count >= LENGTH_16) {
        /* Longer, cut, or with the wrong mask bit. */
        if (count > LENGTH_16 || there < header + 2)
            return 0;
        count = (size_t)input[2] << 8 | input[3];
        header += 2;
        if (count < LENGTH_16)
            return 0; /* Not the minimal length. */
    }
    *count_out = count;
    return there - header < count || count > engine->config->limits.message_bytes_max ? 0 : header;
}

static inline bool hand_over(struct weft_engine *engine, size_t header, size_t count,
                             enum weft_message_type *type, struct weft_buffer *message)
{
    *type = (enum weft_message_type)(engine->input.data[0] & 0x0F);
    *message = (struct weft_buffer){ engine->input.data + header, count };
    wf_engine_skip(engine, header + count);
    return true;
}

static inline uint32_t key_before(const uint8_t *data)
{
    uint32_t key;
    memcpy(&key, data - sizeof key, sizeof key);
    return key;
}

/* A text, or a long one. A text that is broken goes back to what it was, as if it had not been
 * looked at. */
static __attribute__((noinline)) bool take_other(struct weft_engine *engine, size_t header,
                                                 size_t count, enum weft_message_type *type,
                                                 struct weft_buffer *message)
{
    uint8_t *data = engine->input.data + header;
    uint32_t key = engine->config->side == WEFT_SERVER ? key_before(data) : 0;
    bool is_text = engine->input.data[0] == (WF_FRAME_FINAL | WF_OPCODE_TEXT);
    if (key && !is_text)
        wf_mask(data, count, key, 0);
    if (!is_text || (key ? wf_utf8_unmask(data, count, key) : wf_utf8_is_valid(data, count)))
        return hand_over(engine, header, count, type, message);
    if (key)
        wf_mask(data, count, key, 0);
    return false;
}

static inline bool take(struct weft_engine *engine, bool is_masked, enum weft_message_type *type,
                        struct weft_buffer *message)
{
    size_t count = 0;
    size_t header = find_whole(engine, is_masked, &count);
    if (header == 0)
        return false;
    uint8_t *data = engine->input.data + header;
    if (count > WF_MASK_SHORT_MAX || engine->input.data[0] == (WF_FRAME_FINAL | WF_OPCODE_TEXT))
        return take_other(engine, header, count, type, message);
    if (is_masked)
        wf_mask_short(data, data, count, key_before(data));
    return hand_over(engine, header, count, type, message);
}

bool wf_quick_next_longer(struct weft_engine *engine, enum weft_message_type *type,
                          struct weft_buffer *message)
{
    /* Of a longer one the length says so in its first of two bytes. */
    const uint8_t *input = engine->input.data;
    bool is_too_long = engine->input.count > 2 && (input[1] & 0x7F) >= LENGTH_16 &&
                       input[2] >= WF_QUICK_LONG_BYTES >> 8;
    return !is_too_long && take(engine, true, type, message);
}

bool wf_engine_next_whole(struct weft_engine *engine, enum weft_message_type *type,
                          struct weft_buffer *message)
{
    if (engine->phase != WF_PHASE_FRAMES || engine->partial || engine->opening)
        return false;
    return engine->config->side == WEFT_SERVER ? take(engine, true, type, message)
                                               : take(engine, false, type, message);
}

bool wf_quick_may_compress(const struct weft_engine *engine)
{
    return engine->agreed && engine->agreed->compression.out_bits > 0;
}

static inline bool may_go_plain(const struct weft_engine *engine)
{
    return wf_engine_may_send(engine) && engine->config->side == WEFT_SERVER &&
           (engine->sends_plain || !wf_quick_may_compress(engine));
}

/* Of less than 64 KiB. */
static inline bool put_plain(struct weft_engine *engine, enum weft_message_type type,
                             struct weft_bytes payload)
{
    size_t header_bytes = payload.count < LENGTH_16 ? SHORT_HEADER_BYTES : SHORT_HEADER_BYTES + 2;
    uint8_t *place =
        wf_chain_extend_ahead(&engine->output, engine->config->pool, header_bytes + payload.count,
                              payload.count, engine->input.count);
    if (!place)
        return false;
    place[0] = (uint8_t)(WF_FRAME_FINAL | type);
    place[1] = (uint8_t)payload.count;
    if (payload.count >= LENGTH_16) {
        place[1] = LENGTH_16;
        place[2] = (uint8_t)(payload.count >> 8);
        place[3] = (uint8_t)payload.count;
    }
    if (payload.count)
        memcpy(place + header_bytes, payload.data, payload.count);
    return true;
}

bool wf_quick_send_longer(struct weft_engine *engine, enum weft_message_type type,
                          const uint8_t *data, size_t count)
{
    return put_plain(engine, type, (struct weft_bytes){ data, count });
}

static __attribute__((noinline)) bool send_unknown_text(struct weft_engine *engine,
                                                        struct weft_bytes payload)
{
    return wf_utf8_is_valid(payload.data, payload.count) && put_plain(engine, WEFT_TEXT, payload);
}

bool wf_engine_send_short(struct weft_engine *engine, enum weft_message_type type,
                          struct weft_bytes payload, bool is_utf8)
{
    if (payload.count >= LENGTH_16 || !may_go_plain(engine))
        return false;
    if (type == WEFT_TEXT && !is_utf8)
        return send_unknown_text(engine, payload);
    return put_plain(engine, type, payload);
}

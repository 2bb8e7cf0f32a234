/* A message that is handed out part by part as it comes, instead of being collected. */
#include "ws/message.h"
#include "ws/state.h"

enum { PART_BYTES = 64 * 1024 }; /* So much is enough for a part, where more is there. */

void wf_engine_set_parts(struct weft_engine *engine, enum wf_parts parts)
{
    engine->parts = parts & 3u;
}

/* In LARGE, what an extension has changed is collected: its length is not yet known. */
static enum wf_parts parts_of(const struct weft_engine *engine, const struct wf_frame *frame)
{
    bool may_be_large = frame->opcode == WF_OPCODE_BINARY && !frame->reserved_bits;
    return engine->parts == WF_PARTS_LARGE && !may_be_large ? WF_PARTS_NONE
                                                            : (enum wf_parts)engine->parts;
}

bool wf_message_begin_parts(struct weft_engine *engine)
{
    struct wf_partial *partial = engine->partial;
    const struct wf_frame *frame = &partial->frame;
    if (wf_frame_is_control(frame))
        return true;
    if (frame->opcode != WF_OPCODE_CONTINUATION) {
        partial->given_bytes = 0;
        partial->parts = parts_of(engine, frame);
        return true;
    }
    /* What was handed out counts, too. Of what is compressed the inflater sees to it. */
    uint64_t bytes_max = engine->config->limits.message_bytes_max;
    uint64_t before = partial->given_bytes + partial->message.count;
    if (!partial->parts || partial->is_compressed || frame->payload_bytes <= bytes_max - before)
        return true;
    wf_failing_limit(engine, WF_FAULT_MESSAGE_TOO_BIG, "message_bytes_max", bytes_max);
    return false;
}

/* What may be handed out: the parts of a text end where a character ends. */
static size_t count_whole(const struct wf_partial *partial)
{
    size_t count = partial->message.count;
    if (partial->message_type != WEFT_TEXT || wf_utf8_is_complete(&partial->utf8))
        return count;
    /* The text is valid so far: its last character begins in the last three bytes. */
    while ((partial->message.data[--count] & 0xC0) == 0x80) {
    }
    return count;
}

bool wf_message_part_is_due(const struct weft_engine *engine)
{
    const struct wf_partial *partial = engine->partial;
    const struct wf_frame *frame = &partial->frame;
    if (!partial->parts || wf_frame_is_control(frame))
        return false;
    bool is_whole_frame = partial->taken_bytes == frame->payload_bytes;
    if (partial->given_bytes && frame->is_final && is_whole_frame)
        return true;
    size_t count = count_whole(partial);
    if (!is_whole_frame && engine->input.count && count < PART_BYTES)
        return false; /* There is more to make a part of. */
    if (partial->given_bytes == 0 && partial->parts == WF_PARTS_LARGE)
        return count > engine->config->parts_bytes_min;
    return count > 0;
}

enum weft_engine_event_type wf_message_hand_part(struct weft_engine *engine,
                                                 struct weft_engine_event *event)
{
    struct wf_partial *partial = engine->partial;
    partial->is_in_frame = partial->taken_bytes < partial->frame.payload_bytes;
    partial->lent_bytes = count_whole(partial);
    event->is_first = partial->given_bytes == 0;
    event->is_final = partial->frame.is_final && !partial->is_in_frame;
    event->message_type = (enum weft_message_type)partial->message_type;
    event->data = (struct weft_buffer){ partial->message.data, partial->lent_bytes };
    partial->given_bytes += partial->lent_bytes;
    if (event->is_final)
        partial->message_type = 0;
    return WEFT_EVENT_MESSAGE_PART;
}

void wf_message_take_part_back(struct wf_partial *partial)
{
    size_t kept = partial->message.count - partial->lent_bytes;
    if (partial->lent_bytes && kept)
        memmove(partial->message.data, partial->message.data + partial->lent_bytes, kept);
    partial->message.count = kept;
    partial->lent_bytes = 0;
}

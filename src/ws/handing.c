/* A binary message that is handed out part by part as it comes, instead of being collected. */
#include "ws/message.h"
#include "ws/state.h"

void wf_engine_set_parts(struct weft_engine *engine, bool gives_parts)
{
    engine->gives_parts = gives_parts;
}

bool wf_message_begin_parts(struct weft_engine *engine)
{
    struct wf_partial *partial = engine->partial;
    const struct wf_frame *frame = &partial->frame;
    if (wf_frame_is_control(frame))
        return true;
    if (frame->opcode != WF_OPCODE_CONTINUATION) {
        partial->given_bytes = 0;
        /* What an extension has changed is collected: its bytes are not yet those of the message.
         */
        partial->gives_parts =
            engine->gives_parts && frame->opcode == WF_OPCODE_BINARY && !frame->reserved_bits;
        return true;
    }
    /* What was handed out counts, too. */
    uint64_t bytes_max = engine->config->limits.message_bytes_max;
    uint64_t before = partial->given_bytes + partial->message.count;
    if (!partial->gives_parts || frame->payload_bytes <= bytes_max - before)
        return true;
    wf_failing_limit(engine, WF_FAULT_MESSAGE_TOO_BIG, "message_bytes_max", bytes_max);
    return false;
}

bool wf_message_part_is_due(const struct weft_engine *engine)
{
    const struct wf_partial *partial = engine->partial;
    const struct wf_frame *frame = &partial->frame;
    if (!partial->gives_parts || wf_frame_is_control(frame))
        return false;
    if (partial->given_bytes == 0)
        return partial->message.count > engine->config->parts_bytes_min;
    return partial->message.count > 0 ||
           (frame->is_final && partial->taken_bytes == frame->payload_bytes);
}

enum weft_engine_event_type wf_message_hand_part(struct weft_engine *engine,
                                                 struct weft_engine_event *event)
{
    struct wf_partial *partial = engine->partial;
    partial->is_in_frame = partial->taken_bytes < partial->frame.payload_bytes;
    event->is_final = partial->frame.is_final && !partial->is_in_frame;
    event->message_type = WEFT_BINARY;
    event->data = (struct weft_buffer){ partial->message.data, partial->message.count };
    partial->given_bytes += partial->message.count;
    partial->part_is_lent = true;
    if (event->is_final)
        partial->message_type = 0;
    return WEFT_EVENT_MESSAGE_PART;
}

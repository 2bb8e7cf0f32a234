/* A long message is received where it is collected, which saves a copy of each of its bytes. */
#include "ws/message.h"
#include "ws/state.h"

enum {
    PLACE_BYTES_MIN = 16 * 1024,  /* Below this a copy costs less than to ask. */
    PLACE_BYTES_MAX = 256 * 1024, /* What was received is unmasked while the cache has it. */
};

static uint64_t left_of_frame(const struct wf_partial *partial)
{
    return partial->frame.payload_bytes - partial->taken_bytes;
}

/* What is kept for later comes before what is received, and what is handed out in parts or inflated
 * is not collected. */
bool wf_engine_wants_place(const struct weft_engine *engine)
{
    const struct wf_partial *partial = engine->partial;
    return partial && partial->is_in_frame && engine->phase == WF_PHASE_FRAMES &&
           !engine->opening && engine->input.count == 0 && !engine->input_has_ended &&
           !partial->parts && !partial->is_compressed && !wf_frame_is_control(&partial->frame) &&
           left_of_frame(partial) >= PLACE_BYTES_MIN;
}

struct weft_buffer wf_engine_place(struct weft_engine *engine, size_t there)
{
    if (there < PLACE_BYTES_MIN || !wf_engine_wants_place(engine))
        return (struct weft_buffer){ 0 };
    struct wf_partial *partial = engine->partial;
    uint64_t left = left_of_frame(partial);
    size_t count = there < left ? there : (size_t)left;
    if (!wf_message_reserve(engine, count))
        return (struct weft_buffer){ 0 }; /* The next feed says so. */
    struct wf_block *message = &partial->message;
    return (struct weft_buffer){ message->data + message->count,
                                 count < PLACE_BYTES_MAX ? count : PLACE_BYTES_MAX };
}

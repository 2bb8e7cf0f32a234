#include "ws/message.h"

#include "codec/utf8_unmask.h"
#include "ws/closing.h"
#include "ws/compression.h"
#include "ws/extension.h"
#include "ws/state.h"

struct wf_partial *wf_message_need_partial(struct weft_engine *engine)
{
    if (engine->partial)
        return engine->partial;
    struct wf_partial *partial = wf_pool_take(engine->config->pool, sizeof *partial, NULL);
    if (partial)
        *partial = (struct wf_partial){ 0 };
    else
        wf_failing_fault(engine, WF_FAULT_NO_MEMORY);
    engine->partial = partial;
    return partial;
}

void wf_message_drop(struct weft_engine *engine)
{
    if (!engine->partial)
        return;
    wf_block_drop(&engine->partial->message, engine->config->pool);
    wf_pool_give(engine->config->pool, engine->partial->late_pong,
                 sizeof *engine->partial->late_pong);
    wf_pool_give(engine->config->pool, engine->partial, sizeof *engine->partial);
    engine->partial = NULL;
}

void wf_message_take_back(struct weft_engine *engine)
{
    struct wf_partial *partial = engine->partial;
    wf_message_take_part_back(partial);
    bool is_in_use = wf_partial_is_unfinished(partial) || partial->late_pong;
    if (!is_in_use || engine->phase > WF_PHASE_FRAMES)
        wf_message_drop(engine);
}

/* What has come of a header that goes on in the next feed. */
static void keep_header(struct weft_engine *engine)
{
    if (engine->input.count == 0)
        return;
    struct wf_partial *partial = wf_message_need_partial(engine);
    if (!partial)
        return;
    memcpy(partial->header + partial->header_count, engine->input.data, engine->input.count);
    partial->header_count += (uint8_t)engine->input.count;
    wf_engine_skip(engine, engine->input.count);
}

/* A header whose first bytes came earlier: these, and as many more as a header can have. */
static enum wf_frame_result read_cut_header(struct weft_engine *engine, struct wf_frame *frame,
                                            enum wf_fault *fault_out)
{
    struct wf_partial *partial = engine->partial;
    size_t room = WF_FRAME_HEADER_MAX - partial->header_count;
    size_t more = engine->input.count < room ? engine->input.count : room;
    if (more)
        memcpy(partial->header + partial->header_count, engine->input.data, more);
    struct weft_bytes header = { partial->header, partial->header_count + more };
    enum wf_frame_result result = wf_frame_parse(header, engine->config->side,
                                                 wf_extension_owned_bits(engine), frame, fault_out);
    if (result == WF_FRAME_DONE) {
        wf_engine_skip(engine, frame->header_bytes - (size_t)partial->header_count);
        partial->header_count = 0;
    }
    return result;
}

/* True: a header is read. False: more is needed, or the connection has failed. */
static bool read_header(struct weft_engine *engine, struct wf_frame *frame)
{
    enum wf_fault fault;
    enum wf_frame_result result;
    if (engine->partial && engine->partial->header_count) {
        result = read_cut_header(engine, frame, &fault);
    } else {
        struct weft_bytes input = { engine->input.data, engine->input.count };
        result = wf_frame_parse(input, engine->config->side, wf_extension_owned_bits(engine), frame,
                                &fault);
        if (result == WF_FRAME_DONE)
            wf_engine_skip(engine, frame->header_bytes);
    }
    if (result == WF_FRAME_NEEDS_MORE)
        keep_header(engine);
    else if (result == WF_FRAME_BROKEN)
        wf_failing_fault(engine, fault);
    return result == WF_FRAME_DONE;
}

static bool is_in_message(const struct weft_engine *engine)
{
    return engine->partial && engine->partial->message_type;
}

/* What a message of so many bytes needs at most, when it does not shrink. What it inflates to is
 * checked as it comes. */
static uint64_t compressed_bytes_max(uint64_t message_bytes_max)
{
    enum { FRAMING_BYTES = 1024, SHARE = 256 };
    uint64_t more = message_bytes_max / SHARE + FRAMING_BYTES;
    return message_bytes_max > UINT64_MAX - more ? UINT64_MAX : message_bytes_max + more;
}

/* Decided from the header, before a byte of the payload is stored. */
static bool check_data_frame(struct weft_engine *engine, const struct wf_frame *frame)
{
    const struct weft_engine_limits *limits = &engine->config->limits;
    bool is_in = is_in_message(engine);
    bool continues = frame->opcode == WF_OPCODE_CONTINUATION;
    /* RFC 6455 5.4: a message's first frame has the type, the others continue it. */
    if (continues != is_in) {
        wf_failing_fault(engine,
                         is_in ? WF_FAULT_MESSAGE_UNFINISHED : WF_FAULT_NOTHING_TO_CONTINUE);
        return false;
    }
    /* RFC 7692 6: the bit stands in a message's first frame. */
    if (continues && frame->reserved_bits) {
        wf_failing_fault(engine, WF_FAULT_COMPRESSED_LATE);
        return false;
    }
    bool is_compressed = frame->reserved_bits || (is_in && engine->partial->is_compressed);
    uint64_t before = !is_in          ? 0
                      : is_compressed ? engine->partial->compressed_bytes
                                      : engine->partial->message.count;
    uint64_t bytes_max = limits->message_bytes_max;
    if (is_compressed)
        bytes_max = compressed_bytes_max(bytes_max);
    if (frame->payload_bytes > bytes_max || before > bytes_max - frame->payload_bytes) {
        wf_failing_limit(engine, WF_FAULT_MESSAGE_TOO_BIG, "message_bytes_max",
                         limits->message_bytes_max);
        return false;
    }
    if (is_in && engine->partial->frame_count >= limits->message_frames_max) {
        wf_failing_limit(engine, WF_FAULT_TOO_MANY_FRAMES, "message_frames_max",
                         limits->message_frames_max);
        return false;
    }
    return true;
}

static enum weft_engine_event_type hand_out(enum weft_message_type type, struct weft_buffer data,
                                            struct weft_engine_event *event)
{
    event->message_type = type;
    event->data = data;
    return WEFT_EVENT_MESSAGE;
}

/* The common case: the frame is a message and lies in the input as a whole. */
static enum weft_engine_event_type take_whole(struct weft_engine *engine,
                                              const struct wf_frame *frame,
                                              struct weft_engine_event *event)
{
    struct weft_buffer data = { engine->input.data, (size_t)frame->payload_bytes };
    if (engine->config->side == WEFT_SERVER)
        wf_mask(data.data, data.count, frame->key, 0);
    wf_engine_skip(engine, data.count);
    if (wf_frame_is_control(frame))
        return wf_closing_control(engine, frame->opcode, data, event);
    if (frame->opcode == WF_OPCODE_TEXT && !wf_utf8_is_valid(data.data, data.count)) {
        wf_failing_fault(engine, WF_FAULT_TEXT_NOT_UTF8);
        return WEFT_EVENT_NONE;
    }
    return hand_out((enum weft_message_type)frame->opcode, data, event);
}

static bool begin_frame(struct weft_engine *engine, const struct wf_frame *frame)
{
    struct wf_partial *partial = wf_message_need_partial(engine);
    if (!partial)
        return false;
    partial->frame = *frame;
    partial->taken_bytes = 0;
    partial->is_in_frame = true;
    if (wf_frame_is_control(frame))
        return true;
    if (frame->opcode != WF_OPCODE_CONTINUATION) {
        partial->message_type = frame->opcode;
        partial->frame_count = 0;
        partial->is_compressed = frame->reserved_bits & WF_FRAME_COMPRESSED;
        partial->compressed_bytes = 0;
        partial->utf8 = (struct wf_utf8){ 0 };
    }
    partial->frame_count++;
    return true;
}

/* The most that the message can still become: its end is known once its last frame has begun. */
static size_t message_bytes_max(const struct weft_engine *engine)
{
    const struct wf_partial *partial = engine->partial;
    uint64_t bytes_max = engine->config->limits.message_bytes_max;
    if (partial->frame.is_final)
        bytes_max = partial->message.count + partial->frame.payload_bytes - partial->taken_bytes;
    return bytes_max > SIZE_MAX ? SIZE_MAX : (size_t)bytes_max;
}

bool wf_message_reserve(struct weft_engine *engine, size_t count)
{
    return wf_block_reserve(&engine->partial->message, engine->config->pool, count,
                            message_bytes_max(engine));
}

/* Unmasks from the input to the message, so that each byte is read once and written once; or where
 * the message lies, if it was received there. */
static bool store_data(struct weft_engine *engine, size_t count)
{
    struct wf_partial *partial = engine->partial;
    struct wf_block *message = &partial->message;
    if (!wf_message_reserve(engine, count)) {
        wf_failing_fault(engine, WF_FAULT_NO_MEMORY);
        return false;
    }
    uint8_t *place = message->data + message->count;
    uint32_t key = partial->frame.key;
    size_t offset = (size_t)partial->taken_bytes;
    bool is_text = partial->message_type == WEFT_TEXT;
    bool is_placed = engine->input.data == place;
    message->count += count;
    if (!is_placed)
        wf_mask_copy(place, engine->input.data, count, key, offset);
    else if (key && !is_text)
        wf_mask(place, count, key, offset);
    /* RFC 6455 8.1, and as soon as it shows: also before the frame or the message has ended. */
    if (is_text &&
        !(is_placed && key ? wf_utf8_unmask_feed(&partial->utf8, place, count, key, offset)
                           : wf_utf8_feed(&partial->utf8, place, count))) {
        wf_failing_fault(engine, WF_FAULT_TEXT_NOT_UTF8);
        return false;
    }
    return true;
}

/* Unmasks where the bytes lie, and inflates from there into the message. */
static bool inflate_data(struct weft_engine *engine, size_t count)
{
    struct wf_partial *partial = engine->partial;
    wf_mask(engine->input.data, count, partial->frame.key, (size_t)partial->taken_bytes);
    return wf_compression_unpack(engine, (struct weft_bytes){ engine->input.data, count });
}

enum { INFLATED_BYTES = 1024 };

static bool store(struct weft_engine *engine)
{
    struct wf_partial *partial = engine->partial;
    uint64_t left = partial->frame.payload_bytes - partial->taken_bytes;
    size_t count = engine->input.count < left ? engine->input.count : (size_t)left;
    if (count == 0)
        return true;
    /* A few bytes may inflate to very many, of which only a part is to lie in memory. */
    if (partial->parts && partial->is_compressed && count > INFLATED_BYTES)
        count = INFLATED_BYTES;
    if (wf_frame_is_control(&partial->frame))
        wf_mask_copy(partial->control + partial->taken_bytes, engine->input.data, count,
                     partial->frame.key, (size_t)partial->taken_bytes);
    else if (!(partial->is_compressed ? inflate_data(engine, count) : store_data(engine, count)))
        return false;
    partial->taken_bytes += count;
    wf_engine_skip(engine, count);
    return true;
}

/* All of the message has come. False: it may not end here, the connection has failed. */
static bool check_end(struct weft_engine *engine)
{
    struct wf_partial *partial = engine->partial;
    if (partial->is_compressed && !wf_compression_end(engine))
        return false;
    if (partial->message_type != WEFT_TEXT || wf_utf8_is_complete(&partial->utf8))
        return true;
    wf_failing_fault(engine, WF_FAULT_TEXT_NOT_UTF8);
    return false;
}

static enum weft_engine_event_type end_message(struct weft_engine *engine,
                                               struct weft_engine_event *event)
{
    struct wf_partial *partial = engine->partial;
    enum weft_message_type type = (enum weft_message_type)partial->message_type;
    partial->message_type = 0;
    return hand_out(type, (struct weft_buffer){ partial->message.data, partial->message.count },
                    event);
}

/* The frame that is being read: the next of its bytes, and its end. */
static enum weft_engine_event_type go_on_with_frame(struct weft_engine *engine,
                                                    struct weft_engine_event *event)
{
    struct wf_partial *partial = engine->partial;
    const struct wf_frame *frame = &partial->frame;
    if (!store(engine))
        return WEFT_EVENT_NONE;
    bool is_whole = partial->taken_bytes == frame->payload_bytes;
    bool is_control = wf_frame_is_control(frame);
    if (is_whole && frame->is_final && !is_control && !check_end(engine))
        return WEFT_EVENT_NONE;
    if (wf_message_part_is_due(engine))
        return wf_message_hand_part(engine, event);
    if (!is_whole)
        return WEFT_EVENT_NONE;
    partial->is_in_frame = false;
    if (is_control) {
        struct weft_buffer payload = { partial->control, (size_t)frame->payload_bytes };
        return wf_closing_control(engine, frame->opcode, payload, event);
    }
    return frame->is_final ? end_message(engine, event) : WEFT_EVENT_NONE;
}

static enum weft_engine_event_type start_frame(struct weft_engine *engine,
                                               const struct wf_frame *frame,
                                               struct weft_engine_event *event)
{
    bool is_control = wf_frame_is_control(frame);
    if (!is_control && !check_data_frame(engine, frame))
        return WEFT_EVENT_NONE;
    bool is_whole = frame->payload_bytes <= engine->input.count;
    bool is_alone =
        frame->is_final && frame->opcode != WF_OPCODE_CONTINUATION && !frame->reserved_bits;
    if (is_whole && is_alone)
        return take_whole(engine, frame, event);
    return begin_frame(engine, frame) && wf_message_begin_parts(engine)
               ? go_on_with_frame(engine, event)
               : WEFT_EVENT_NONE;
}

enum weft_engine_event_type wf_message_next(struct weft_engine *engine,
                                            struct weft_engine_event *event)
{
    while (engine->phase == WF_PHASE_FRAMES) {
        enum weft_engine_event_type type;
        struct wf_frame frame;
        if (engine->partial && engine->partial->is_in_frame) {
            type = go_on_with_frame(engine, event);
        } else {
            if (!read_header(engine, &frame))
                return WEFT_EVENT_NONE;
            type = start_frame(engine, &frame, event);
        }
        if (type != WEFT_EVENT_NONE)
            return type;
        if (engine->partial && engine->partial->is_in_frame && engine->input.count == 0)
            return WEFT_EVENT_NONE; /* Its rest has not come. */
    }
    return WEFT_EVENT_NONE;
}

/* The engine: calls the steps in their order, and knows no rule itself. */
#include "ws/agreed.h"
#include "ws/compression.h"
#include "ws/handshake.h"
#include "ws/message.h"
#include "ws/quick.h"
#include "ws/refusal.h"
#include "ws/request.h"
#include "ws/state.h"

#include <assert.h>

static_assert(sizeof(struct weft_engine) <= 96, "an idle connection is small");

enum {
    MESSAGE_BYTES_MAX = 16 << 20,
    MESSAGE_FRAMES_MAX = 65536,
    HEAD_BYTES_MAX = 16384,
    HEAD_COUNT_MAX = 100,
    ANSWER_BODY_MAX = 65536,
};

void wf_engine_resolve_limits(struct weft_engine_limits *limits)
{
    if (limits->message_bytes_max == 0)
        limits->message_bytes_max = MESSAGE_BYTES_MAX;
    if (limits->message_frames_max == 0)
        limits->message_frames_max = MESSAGE_FRAMES_MAX;
    if (limits->head_bytes_max == 0)
        limits->head_bytes_max = HEAD_BYTES_MAX;
    if (limits->head_count_max == 0)
        limits->head_count_max = HEAD_COUNT_MAX;
    if (limits->answer_body_max == 0)
        limits->answer_body_max = ANSWER_BODY_MAX;
}

/* The legal moves. Every phase may fail; what has ended stays so. */
static const bool may_move[WF_PHASE_ENDED + 1][WF_PHASE_ENDED + 1] = {
    [WF_PHASE_HEAD] = { [WF_PHASE_ANSWER_DUE] = true,
                        [WF_PHASE_REFUSAL] = true,
                        [WF_PHASE_OPENING] = true,
                        [WF_PHASE_FAILING] = true },
    [WF_PHASE_ANSWER_DUE] = { [WF_PHASE_HEAD] = true,
                              [WF_PHASE_BODY_DUE] = true,
                              [WF_PHASE_OPENING] = true,
                              [WF_PHASE_FAILING] = true,
                              [WF_PHASE_ENDED] = true },
    [WF_PHASE_BODY_DUE] = { [WF_PHASE_HEAD] = true,
                            [WF_PHASE_FAILING] = true,
                            [WF_PHASE_ENDED] = true },
    [WF_PHASE_REFUSAL] = { [WF_PHASE_FAILING] = true },
    [WF_PHASE_OPENING] = { [WF_PHASE_FRAMES] = true, [WF_PHASE_FAILING] = true },
    [WF_PHASE_FRAMES] = { [WF_PHASE_FAILING] = true, [WF_PHASE_ENDED] = true },
    [WF_PHASE_FAILING] = { [WF_PHASE_ENDED] = true },
};

void wf_engine_move_to(struct weft_engine *engine, enum wf_engine_phase phase)
{
    assert(may_move[engine->phase][phase]);
    engine->phase = (uint8_t)phase;
    if (phase == WF_PHASE_ENDED && engine->input.count)
        engine->has_surplus = true;
    if (phase >= WF_PHASE_FAILING)
        engine->input = (struct weft_buffer){ 0 }; /* Nothing of it is read any more. */
}

void wf_engine_init_server(struct weft_engine *engine, const struct wf_engine_config *config)
{
    *engine = (struct weft_engine){ .config = config, .phase = WF_PHASE_HEAD };
}

weft_status wf_engine_init_client(struct weft_engine *engine, const struct wf_engine_config *config,
                                  const struct weft_engine_request *request)
{
    *engine = (struct weft_engine){ .config = config, .phase = WF_PHASE_HEAD };
    weft_status status = wf_request_put(engine, request);
    if (status)
        wf_engine_drop(engine);
    return status;
}

void wf_engine_forget(struct weft_engine *engine)
{
    wf_message_drop(engine);
    if (engine->agreed)
        wf_compression_drop(engine);
    wf_chain_clear(&engine->output, engine->config->pool);
}

void wf_engine_drop(struct weft_engine *engine)
{
    wf_engine_forget(engine);
    wf_opening_drop(engine);
    wf_agreed_drop(engine);
    engine->input = (struct weft_buffer){ 0 };
    engine->input_has_ended = true;
    engine->phase = WF_PHASE_ENDED;
}

void wf_engine_set_config(struct weft_engine *engine, const struct wf_engine_config *config)
{
    assert(config->pool == engine->config->pool && config->side == engine->config->side);
    engine->config = config;
}

weft_status weft_engine_feed(weft_engine *engine, struct weft_buffer bytes)
{
    if (!engine || (!bytes.data && bytes.count))
        return WEFT_ERR_ARGUMENT;
    if (engine->input_has_ended || engine->input.count)
        return WEFT_ERR_STATE;
    if (engine->phase < WF_PHASE_FAILING)
        engine->input = bytes;
    return WEFT_OK;
}

void weft_engine_feed_end(weft_engine *engine)
{
    engine->input_has_ended = true;
}

/* All that came was read, and there will be no more. */
static void end_input(struct weft_engine *engine)
{
    if (engine->phase == WF_PHASE_REFUSAL)
        wf_refusal_end(engine);
    else if (engine->phase < WF_PHASE_OPENING)
        wf_failing_fault(engine, WF_FAULT_ENDED_IN_HEAD);
    else
        wf_failing_fault(engine, WF_FAULT_INPUT_ENDED);
}

static enum weft_engine_event_type step(struct weft_engine *engine, struct weft_engine_event *event)
{
    if (engine->phase < WF_PHASE_FRAMES) {
        enum weft_engine_event_type type = wf_handshake_next(engine, event);
        if (type != WEFT_EVENT_NONE)
            return type;
    }
    if (engine->phase == WF_PHASE_FRAMES) {
        enum weft_engine_event_type type = wf_message_next(engine, event);
        if (type != WEFT_EVENT_NONE)
            return type;
    }
    return engine->phase == WF_PHASE_FAILING ? wf_failing_next(engine, event) : WEFT_EVENT_NONE;
}

/* A client's user has seen the answer that opened the connection. */
static void forget_answer(struct weft_engine *engine)
{
    if (engine->phase != WF_PHASE_FRAMES || engine->opening->head.count == 0)
        return;
    wf_opening_end_head(engine);
    wf_opening_end(engine);
}

enum weft_engine_event_type weft_engine_next(weft_engine *engine, struct weft_engine_event *event)
{
    if (wf_quick_is_at_end(engine)) /* The most frequent answer. */
        return event->type = WEFT_EVENT_NONE;
    *event = (struct weft_engine_event){ .type = WEFT_EVENT_NONE };
    if (engine->partial)
        wf_message_take_back(engine);
    if (engine->opening)
        forget_answer(engine);
    if (engine->opening)
        wf_opening_turn(engine);
    for (;;) {
        event->type = step(engine, event);
        if (event->type != WEFT_EVENT_NONE)
            break;
        if (engine->opening && wf_opening_turn(engine))
            continue;
        if (!engine->input_has_ended || engine->phase >= WF_PHASE_FAILING)
            break;
        end_input(engine);
    }
    return event->type;
}

enum weft_ready_state weft_engine_ready_state(const weft_engine *engine)
{
    if (engine->phase < WF_PHASE_OPENING)
        return WEFT_CONNECTING;
    if (engine->phase < WF_PHASE_FAILING)
        return engine->close_is_sent ? WEFT_CLOSING : WEFT_OPEN;
    /* Both Close frames were exchanged: CLOSED once the transport is gone. RFC 6455 7.1.4. */
    if (engine->phase == WF_PHASE_FAILING ||
        (weft_engine_was_clean(engine) && !engine->input_has_ended))
        return WEFT_CLOSING;
    return WEFT_CLOSED;
}

bool weft_engine_wants_end(const weft_engine *engine)
{
    return engine->wants_end;
}

bool weft_engine_was_clean(const weft_engine *engine)
{
    return engine->close_is_sent && engine->close_is_received;
}

bool wf_engine_request_waits(const struct weft_engine *engine)
{
    return engine->phase == WF_PHASE_ANSWER_DUE || engine->phase == WF_PHASE_BODY_DUE;
}

bool wf_engine_is_in_midst(const struct weft_engine *engine)
{
    if (engine->phase == WF_PHASE_HEAD)
        return engine->opening && engine->opening->head.count > 0;
    return engine->phase == WF_PHASE_REFUSAL ||
           (engine->partial && wf_partial_is_unfinished(engine->partial));
}

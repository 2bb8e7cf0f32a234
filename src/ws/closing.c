#include "ws/closing.h"

#include "ws/message.h"
#include "ws/sending.h"
#include "ws/state.h"

enum {
    REASON_BYTES_MAX = WF_FRAME_CONTROL_MAX - 2,
    /* Over both a pong waits, and the next one takes its place: a peer that asks and does not read
     * must not make the output grow. RFC 6455 5.5.3 wants the answer to the latest alone. */
    PONG_BYTES_MAX = 65536,
};

bool wf_closing_is_code(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

weft_status wf_closing_put(struct weft_engine *engine, uint16_t code, struct weft_text reason)
{
    uint8_t payload[WF_FRAME_CONTROL_MAX];
    size_t count = 0;
    if (code != WEFT_CLOSE_NO_CODE) {
        payload[0] = (uint8_t)(code >> 8);
        payload[1] = (uint8_t)code;
        count = 2 + reason.count;
    }
    if (count > 2)
        memcpy(payload + 2, reason.data, reason.count);
    weft_status status =
        wf_sending_put(engine, WF_OPCODE_CLOSE, (struct weft_bytes){ payload, count });
    if (status == WEFT_OK)
        engine->close_is_sent = true;
    return status;
}

static weft_status check_close(uint16_t code, struct weft_text reason)
{
    if (code != WEFT_CLOSE_NO_CODE && !wf_closing_is_code(code))
        return WEFT_ERR_ACCESS;
    /* RFC 6455 5.5.1: a reason stands behind a code only. */
    if (reason.count > (code == WEFT_CLOSE_NO_CODE ? 0 : REASON_BYTES_MAX))
        return WEFT_ERR_SYNTAX;
    return wf_utf8_is_valid(reason.data, reason.count) ? WEFT_OK : WEFT_ERR_UTF8;
}

weft_status weft_engine_close(weft_engine *engine, uint16_t code, struct weft_text reason)
{
    if (!engine || (!reason.data && reason.count))
        return WEFT_ERR_ARGUMENT;
    weft_status status = check_close(code, reason);
    if (status)
        return status;
    if (weft_engine_ready_state(engine) == WEFT_CONNECTING)
        return WEFT_ERR_STATE;
    return wf_engine_may_send(engine) ? wf_closing_put(engine, code, reason) : WEFT_OK;
}

static enum wf_fault check_payload(struct weft_buffer payload, uint16_t code)
{
    /* RFC 6455 5.5.1: if there is a body, its first two bytes are a code. */
    if (payload.count == 1)
        return WF_FAULT_CLOSE_ONE_BYTE;
    if (payload.count == 0)
        return WF_FAULT_NONE;
    /* RFC 6455 7.4.2: 1004 to 1006 and 1015 are never sent, the others not assigned. */
    if (!wf_closing_is_code(code))
        return WF_FAULT_CLOSE_CODE;
    if (!wf_utf8_is_valid(payload.data + 2, payload.count - 2))
        return WF_FAULT_CLOSE_REASON_NOT_UTF8;
    return WF_FAULT_NONE;
}

/* RFC 6455 5.5.1: the answer has the code that was received; and its reason, so that the CloseEvent
 * of the side that began shows both. */
static bool answer_close(struct weft_engine *engine, uint16_t code, struct weft_buffer payload)
{
    struct weft_text reason = { 0 };
    if (payload.count > 2)
        reason = (struct weft_text){ (const char *)payload.data + 2, payload.count - 2 };
    if (engine->close_is_sent || wf_closing_put(engine, code, reason) == WEFT_OK)
        return true;
    wf_failing_fault(engine, WF_FAULT_NO_MEMORY);
    return false;
}

static enum weft_engine_event_type receive_close(struct weft_engine *engine,
                                                 struct weft_buffer payload,
                                                 struct weft_engine_event *event)
{
    uint16_t code = WEFT_CLOSE_NO_CODE;
    if (payload.count >= 2)
        code = (uint16_t)(payload.data[0] << 8 | payload.data[1]);
    enum wf_fault fault = check_payload(payload, code);
    if (fault)
        wf_failing_fault(engine, fault);
    if (fault || !answer_close(engine, code, payload))
        return WEFT_EVENT_NONE;

    engine->close_is_received = true;
    /* RFC 6455 7.1.1: the server ends the transport first. */
    engine->wants_end = engine->config->side == WEFT_SERVER;
    /* RFC 6455 5.5.1: nothing that comes behind a Close frame is read. */
    wf_engine_move_to(engine, WF_PHASE_ENDED);
    event->close_code = code;
    if (payload.count > 2)
        event->data = (struct weft_buffer){ payload.data + 2, payload.count - 2 };
    return WEFT_EVENT_CLOSE;
}

static bool has_room_for_pong(const struct weft_engine *engine)
{
    return engine->pong_bytes <= PONG_BYTES_MAX || engine->output.bytes <= PONG_BYTES_MAX;
}

static weft_status put_pong(struct weft_engine *engine, struct weft_bytes payload)
{
    uint64_t before = engine->output.bytes;
    weft_status status = wf_sending_put(engine, WF_OPCODE_PONG, payload);
    if (!status)
        engine->pong_bytes += (uint32_t)(engine->output.bytes - before);
    return status;
}

static weft_status keep_late_pong(struct weft_engine *engine, struct weft_bytes payload)
{
    struct wf_partial *partial = wf_message_need_partial(engine);
    if (partial && !partial->late_pong)
        partial->late_pong = wf_pool_take(engine->config->pool, sizeof *partial->late_pong, NULL);
    if (!partial || !partial->late_pong)
        return WEFT_ERR_MEMORY;
    partial->late_pong->bytes = (uint8_t)payload.count;
    if (payload.count)
        memcpy(partial->late_pong->payload, payload.data, payload.count);
    return WEFT_OK;
}

void wf_closing_put_late_pong(struct weft_engine *engine)
{
    struct wf_late_pong *late = engine->partial ? engine->partial->late_pong : NULL;
    if (!late || !has_room_for_pong(engine))
        return;
    /* Without memory it waits on. */
    if (wf_engine_may_send(engine) &&
        put_pong(engine, (struct weft_bytes){ late->payload, late->bytes }))
        return;
    engine->partial->late_pong = NULL;
    wf_pool_give(engine->config->pool, late, sizeof *late);
}

/* RFC 6455 5.5.2: a ping is answered, unless a Close frame is on its way. */
static bool answer_ping(struct weft_engine *engine, struct weft_buffer payload)
{
    struct weft_bytes span = { payload.data, payload.count };
    if (engine->close_is_sent)
        return true;
    if (has_room_for_pong(engine) ? put_pong(engine, span) : keep_late_pong(engine, span)) {
        wf_failing_fault(engine, WF_FAULT_NO_MEMORY);
        return false;
    }
    return true;
}

enum weft_engine_event_type wf_closing_control(struct weft_engine *engine, uint8_t opcode,
                                               struct weft_buffer payload,
                                               struct weft_engine_event *event)
{
    if (opcode == WF_OPCODE_CLOSE)
        return receive_close(engine, payload, event);
    if (opcode == WF_OPCODE_PING && !answer_ping(engine, payload))
        return WEFT_EVENT_NONE;
    event->data = payload;
    return opcode == WF_OPCODE_PING ? WEFT_EVENT_PING : WEFT_EVENT_PONG;
}

/* The end that is no agreement. RFC 6455 7.1.7. */
#include "ws/closing.h"
#include "ws/state.h"

/* The Close frame tells why: its reason is the failure's sentence. */
static uint16_t send_close(struct weft_engine *engine, uint16_t code, const char *text)
{
    if (code == 0 || !wf_engine_may_send(engine))
        return 0;
    return wf_closing_put(engine, code, weft_text_of(text)) == WEFT_OK ? code : 0;
}

void wf_failing_begin(struct weft_engine *engine, const struct weft_failure *failure,
                      uint16_t close_code)
{
    engine->wants_end = true;
    if (engine->phase == WF_PHASE_FAILING || engine->phase == WF_PHASE_ENDED)
        return;
    uint16_t sent_code = send_close(engine, close_code, failure->text);
    struct wf_opening *opening = wf_opening_need(engine);
    if (opening) {
        struct weft_http_answer http = opening->failure.http;
        http.body = (struct weft_bytes){ opening->body.data, opening->body.count };
        opening->failure = *failure;
        opening->failure.close_code = sent_code;
        opening->failure.http = http;
        opening->fed = (struct weft_buffer){ 0 };
    }
    wf_engine_move_to(engine, WF_PHASE_FAILING);
}

void wf_failing_fault(struct weft_engine *engine, enum wf_fault fault)
{
    const struct weft_failure *failure = wf_fault_failure(fault);
    wf_failing_begin(engine, failure, failure->close_code);
}

void wf_failing_limit(struct weft_engine *engine, enum wf_fault fault, const char *limit_name,
                      uint64_t limit)
{
    struct weft_failure failure = *wf_fault_failure(fault);
    failure.limit_name = limit_name;
    failure.limit = limit;
    wf_failing_begin(engine, &failure, failure.close_code);
}

enum weft_engine_event_type wf_failing_next(struct weft_engine *engine,
                                            struct weft_engine_event *event)
{
    /* Without memory for the opening there is nothing to tell but that. */
    static const struct weft_failure no_memory = { .kind = WEFT_FAILURE_MEMORY,
                                                   .status = WEFT_ERR_MEMORY,
                                                   .text = "no memory" };
    event->failure = engine->opening ? &engine->opening->failure : &no_memory;
    engine->has_failed = true;
    wf_engine_move_to(engine, WF_PHASE_ENDED);
    return WEFT_EVENT_FAILED;
}

void wf_engine_fail(struct weft_engine *engine, const struct weft_failure *failure,
                    uint16_t close_code)
{
    wf_failing_begin(engine, failure, close_code);
}

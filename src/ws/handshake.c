#include "ws/handshake.h"

#include "codec/http1.h"
#include "ws/admission.h"
#include "ws/agreed.h"
#include "ws/answer.h"
#include "ws/refusal.h"
#include "ws/verdict.h"

enum {
    INTERIM_COUNT_MAX = 16,
    FIELD_BYTES_MIN = 4, /* "a:" and CR LF: so many fields can a head have at most. */
};

/* Takes the input to what has come of the head. *before_out: how much that was. */
static bool collect(struct weft_engine *engine, size_t *before_out)
{
    struct wf_opening *opening = wf_opening_need(engine);
    size_t bytes_max = engine->config->limits.head_bytes_max;
    if (opening) {
        size_t room = bytes_max + 1 - opening->head.count;
        struct weft_bytes bytes = { engine->input.data,
                                    engine->input.count < room ? engine->input.count : room };
        *before_out = opening->head.count;
        if (wf_block_append(&opening->head, engine->config->pool, bytes, bytes_max + 1))
            return true;
    }
    wf_failing_fault(engine, WF_FAULT_NO_MEMORY);
    return false;
}

/* An array for as many fields as the head can have. */
static bool make_field_room(struct weft_engine *engine, struct wf_http1_limits *limits)
{
    struct wf_opening *opening = engine->opening;
    size_t wanted = opening->head.count / FIELD_BYTES_MIN + 1;
    if (wanted > engine->config->limits.head_count_max)
        wanted = engine->config->limits.head_count_max;
    if (wanted > opening->field_room) {
        size_t bytes = wanted * sizeof *opening->fields;
        struct weft_header *fields = wf_pool_take(engine->config->pool, bytes, NULL);
        if (!fields) {
            wf_failing_fault(engine, WF_FAULT_NO_MEMORY);
            return false;
        }
        wf_pool_give(engine->config->pool, opening->fields,
                     opening->field_room * sizeof *opening->fields);
        opening->fields = fields;
        opening->field_room = wanted;
    }
    *limits = (struct wf_http1_limits){ .bytes_max = engine->config->limits.head_bytes_max,
                                        .count_max = opening->field_room };
    return true;
}

static void note_parsed(struct weft_engine *engine)
{
    wf_engine_skip(engine, engine->input.count);
    engine->opening->parsed_count = engine->opening->head.count;
}

/* What came behind the head is input again. */
static void end_head(struct weft_engine *engine, size_t head_bytes, size_t before)
{
    engine->opening->head.count = head_bytes;
    wf_engine_skip(engine, head_bytes - before);
}

static enum weft_engine_event_type read_request(struct weft_engine *engine,
                                                const struct wf_http1_limits *limits, size_t before,
                                                struct weft_engine_event *event)
{
    struct wf_opening *opening = engine->opening;
    struct weft_bytes head = { opening->head.data, opening->head.count };
    struct wf_http1_request request = { .headers = opening->fields };
    struct wf_http1_failure failure;
    switch (wf_http1_parse_request(head, opening->parsed_count, limits, &request, &failure)) {
    case WF_HTTP1_NEEDS_MORE:
        note_parsed(engine);
        return WEFT_EVENT_NONE;
    case WF_HTTP1_BROKEN:
        wf_answer_broken(engine, failure.status, failure.text, failure.rule);
        return WEFT_EVENT_NONE;
    default:
        break;
    }
    end_head(engine, request.head_bytes, before);
    if (!wf_admission_view(engine, &request))
        return WEFT_EVENT_NONE;
    event->request = &opening->view;
    wf_engine_move_to(engine, WF_PHASE_ANSWER_DUE);
    return WEFT_EVENT_REQUEST;
}

/* RFC 9110 15.2: interim answers are skipped, 101 is none. */
static void skip_interim(struct weft_engine *engine)
{
    struct wf_opening *opening = engine->opening;
    if (++opening->interim_count > INTERIM_COUNT_MAX) {
        wf_failing_limit(engine, WF_FAULT_TOO_MANY_INTERIM, NULL, INTERIM_COUNT_MAX);
        return;
    }
    opening->head.count = 0;
    opening->parsed_count = 0;
    opening->failure.http = (struct weft_http_answer){ 0 };
}

static void open_client(struct weft_engine *engine, const struct wf_verdict *verdict)
{
    if (!wf_agreed_set(engine, verdict->protocol, verdict->has_deflate ? &verdict->terms : NULL)) {
        wf_failing_fault(engine, WF_FAULT_NO_MEMORY);
        return;
    }
    wf_chain_seal(&engine->output);
    engine->opening->answer = engine->opening->failure.http;
    engine->opening->failure = (struct weft_failure){ 0 };
    wf_engine_move_to(engine, WF_PHASE_OPENING);
}

static void judge(struct weft_engine *engine, const struct wf_http1_response *response)
{
    struct wf_opening *opening = engine->opening;
    opening->failure.http =
        (struct weft_http_answer){ .status = response->status,
                                   .reason = response->reason,
                                   .headers = wf_http1_response_headers(response) };
    if (response->status == 101) {
        struct wf_verdict verdict;
        enum wf_fault fault = wf_verdict_of(engine, response, &verdict);
        if (fault)
            wf_failing_fault(engine, fault);
        else
            open_client(engine, &verdict);
    } else if (response->status < 200) {
        skip_interim(engine);
    } else {
        wf_refusal_begin(engine, response);
    }
}

static void read_response(struct weft_engine *engine, const struct wf_http1_limits *limits,
                          size_t before)
{
    struct wf_opening *opening = engine->opening;
    struct weft_bytes head = { opening->head.data, opening->head.count };
    struct wf_http1_response response = { .headers = opening->fields };
    struct wf_http1_failure failure;
    switch (wf_http1_parse_response(head, opening->parsed_count, limits, &response, &failure)) {
    case WF_HTTP1_NEEDS_MORE:
        note_parsed(engine);
        return;
    case WF_HTTP1_BROKEN: {
        struct weft_failure broken = *wf_fault_failure(WF_FAULT_ANSWER_BROKEN);
        broken.text = failure.text;
        broken.rule = failure.rule;
        wf_failing_begin(engine, &broken, 0);
        return;
    }
    default:
        end_head(engine, response.head_bytes, before);
        judge(engine, &response);
    }
}

static enum weft_engine_event_type read_head(struct weft_engine *engine,
                                             struct weft_engine_event *event)
{
    struct wf_http1_limits limits;
    size_t before;
    if (!collect(engine, &before) || !make_field_room(engine, &limits))
        return WEFT_EVENT_NONE;
    if (engine->config->side == WEFT_SERVER)
        return read_request(engine, &limits, before, event);
    read_response(engine, &limits, before);
    return WEFT_EVENT_NONE;
}

/* While a request waits, what follows it is kept, unless nothing that follows will be read. */
static void wait_for_answer(struct weft_engine *engine)
{
    const struct weft_engine_request_view *view = &engine->opening->view;
    bool is_followed = view->keep_alive || (view->wants_upgrade && !view->refusal_status);
    if (!is_followed)
        wf_engine_skip(engine, engine->input.count);
    else if (engine->input.count)
        wf_opening_keep(engine);
}

enum weft_engine_event_type wf_handshake_next(struct weft_engine *engine,
                                              struct weft_engine_event *event)
{
    while (engine->input.count || engine->phase == WF_PHASE_OPENING) {
        enum weft_engine_event_type type = WEFT_EVENT_NONE;
        switch (engine->phase) {
        case WF_PHASE_HEAD:
            type = read_head(engine, event);
            break;
        case WF_PHASE_ANSWER_DUE:
        case WF_PHASE_BODY_DUE:
            wait_for_answer(engine);
            break;
        case WF_PHASE_REFUSAL:
            wf_refusal_read(engine);
            break;
        case WF_PHASE_OPENING:
            wf_engine_move_to(engine, WF_PHASE_FRAMES);
            if (engine->config->side == WEFT_CLIENT)
                event->answer = &engine->opening->answer;
            return WEFT_EVENT_OPEN;
        default:
            return WEFT_EVENT_NONE;
        }
        if (type != WEFT_EVENT_NONE)
            return type;
    }
    return WEFT_EVENT_NONE;
}

/* The memory of a handshake or HTTP request, and what comes before it is answered. */
#include "ws/state.h"

#include <assert.h>

static_assert(sizeof(struct wf_opening) <= 512,
              "an opening should be one block of the pool's second class");

struct wf_opening *wf_opening_need(struct weft_engine *engine)
{
    if (!engine->opening) {
        engine->opening = wf_pool_take(engine->config->pool, sizeof *engine->opening, NULL);
        if (engine->opening)
            *engine->opening = (struct wf_opening){ 0 };
    }
    return engine->opening;
}

/* The unread rest of what was kept, at the front of it again, and nothing else. */
static void take_up_kept(struct weft_engine *engine)
{
    struct wf_opening *opening = engine->opening;
    memmove(opening->kept.data, engine->input.data, engine->input.count);
    opening->kept.count = engine->input.count;
    opening->kept_is_input = false;
    engine->input = opening->fed;
    opening->fed = (struct weft_buffer){ 0 };
}

/* While a request waits the peer may send on. Later it is the reader that holds back, and that
 * stops its transport: no more comes than was under way. */
static uint64_t kept_bytes_max(const struct weft_engine *engine)
{
    return engine->phase == WF_PHASE_FRAMES ? SIZE_MAX : engine->config->limits.head_bytes_max;
}

bool wf_opening_keep(struct weft_engine *engine)
{
    struct wf_opening *opening = engine->opening;
    uint64_t bytes_max = kept_bytes_max(engine);
    if (opening->kept_is_input)
        take_up_kept(engine);
    if (engine->input.count > bytes_max - opening->kept.count) {
        wf_failing_limit(engine, WF_FAULT_KEPT_TOO_MUCH, "head_bytes_max", bytes_max);
        return false;
    }
    struct weft_bytes bytes = { engine->input.data, engine->input.count };
    if (bytes.count &&
        !wf_block_append(&opening->kept, engine->config->pool, bytes, (size_t)bytes_max)) {
        wf_failing_fault(engine, WF_FAULT_NO_MEMORY);
        return false;
    }
    engine->input = (struct weft_buffer){ 0 };
    return true;
}

weft_status wf_engine_keep_input(struct weft_engine *engine)
{
    if (engine->input.count == 0)
        return WEFT_OK;
    return wf_opening_need(engine) && wf_opening_keep(engine) ? WEFT_OK : WEFT_ERR_MEMORY;
}

bool wf_opening_turn(struct weft_engine *engine)
{
    struct wf_opening *opening = engine->opening;
    if (engine->phase >= WF_PHASE_FAILING)
        return false;
    if (opening->kept.count && !opening->kept_is_input) {
        if (wf_engine_request_waits(engine))
            return false; /* It would only be kept again. */
        opening->fed = engine->input;
        opening->kept_is_input = true;
        engine->input = (struct weft_buffer){ opening->kept.data, opening->kept.count };
        return true;
    }
    if (!opening->kept_is_input || engine->input.count)
        return false;
    opening->kept_is_input = false;
    engine->input = opening->fed;
    opening->fed = (struct weft_buffer){ 0 };
    wf_block_drop(&opening->kept, engine->config->pool);
    wf_opening_end(engine);
    return engine->input.count > 0;
}

void wf_opening_end_head(struct weft_engine *engine)
{
    struct wf_opening *opening = engine->opening;
    struct wf_pool *pool = engine->config->pool;
    wf_block_drop(&opening->head, pool);
    wf_pool_give(pool, opening->fields, opening->field_room * sizeof *opening->fields);
    wf_pool_give(pool, opening->protocols, opening->protocol_count * sizeof *opening->protocols);
    opening->parsed_count = 0;
    opening->fields = NULL;
    opening->field_room = 0;
    opening->protocols = NULL;
    opening->protocol_count = 0;
    opening->view = (struct weft_engine_request_view){ 0 };
    opening->failure = (struct weft_failure){ 0 };
}

void wf_opening_end(struct weft_engine *engine)
{
    struct wf_opening *opening = engine->opening;
    bool is_needed = engine->phase != WF_PHASE_FRAMES && engine->phase != WF_PHASE_OPENING &&
                     engine->phase != WF_PHASE_HEAD;
    if (!is_needed && !opening->kept.count && !opening->head.count)
        wf_opening_drop(engine);
}

void wf_opening_drop(struct weft_engine *engine)
{
    struct wf_opening *opening = engine->opening;
    struct wf_pool *pool = engine->config->pool;
    if (!opening)
        return;
    wf_opening_end_head(engine);
    wf_block_drop(&opening->kept, pool);
    wf_block_drop(&opening->body, pool);
    wf_pool_give(pool, opening->offered, opening->offered_bytes);
    wf_pool_give(pool, opening, sizeof *opening);
    engine->opening = NULL;
}

#include "ws/refusal.h"

/* What is read next of a chunked body. RFC 9112 7.1. */
enum chunk_part { CHUNK_SIZE, CHUNK_SIZE_LINE_END, CHUNK_DATA, CHUNK_DATA_END };

static void finish(struct weft_engine *engine, bool is_whole)
{
    engine->opening->failure.http.body_truncated = !is_whole;
    wf_failing_fault(engine, WF_FAULT_REFUSED);
}

void wf_refusal_begin(struct weft_engine *engine, const struct wf_http1_response *response)
{
    struct wf_opening *opening = engine->opening;
    struct weft_headers headers = wf_http1_response_headers(response);
    bool has_length;
    uint64_t bytes = 0;
    wf_engine_move_to(engine, WF_PHASE_REFUSAL);
    opening->failure.http.body_truncated = true; /* Until its end has come. */
    opening->body_end = WF_BODY_UNTIL_END;
    opening->chunk_part = CHUNK_SIZE;
    opening->body_left = 0;
    /* RFC 9112 6.3, in its order. A length that cannot be read is the connection's end. */
    if (response->status == 204 || response->status == 304)
        opening->body_end = WF_BODY_NONE;
    else if (weft_headers_find(headers, "Transfer-Encoding", NULL))
        opening->body_end = wf_http1_list_has_token(headers, "Transfer-Encoding", "chunked")
                                ? WF_BODY_CHUNKED
                                : WF_BODY_UNTIL_END;
    else if (wf_http1_content_length(headers, &has_length, &bytes) && has_length)
        opening->body_end = bytes ? WF_BODY_LENGTH : WF_BODY_NONE;
    if (opening->body_end == WF_BODY_LENGTH)
        opening->body_left = bytes;
    if (opening->body_end == WF_BODY_NONE)
        finish(engine, true);
}

/* Takes bytes of the body, as many as the limit lets in. False: the refusal is told. */
static bool take(struct weft_engine *engine, size_t count)
{
    struct wf_opening *opening = engine->opening;
    size_t bytes_max = engine->config->limits.answer_body_max;
    size_t room = bytes_max - opening->body.count;
    size_t taken = count < room ? count : room;
    struct weft_bytes bytes = { engine->input.data, taken };
    if (taken && !wf_block_append(&opening->body, engine->config->pool, bytes, bytes_max)) {
        /* What the server said matters more than the rest of what it said. */
        finish(engine, false);
        return false;
    }
    wf_engine_skip(engine, count);
    if (taken < count)
        finish(engine, false);
    return taken == count;
}

/* Bytes of the body or chunk that the input has. */
static size_t there(const struct weft_engine *engine)
{
    uint64_t left = engine->opening->body_left;
    return engine->input.count < left ? engine->input.count : (size_t)left;
}

static unsigned hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? (unsigned)(byte - 'a') + 10 : 16;
}

/* False: the refusal is told, for the body is at its end or broken. */
static bool read_size(struct weft_engine *engine, uint8_t byte)
{
    struct wf_opening *opening = engine->opening;
    unsigned digit = hex_digit(byte);
    if (digit < 16 && opening->chunk_part == CHUNK_SIZE) {
        if (opening->body_left > UINT64_MAX >> 4) {
            finish(engine, false);
            return false;
        }
        opening->body_left = opening->body_left << 4 | digit;
        return true;
    }
    opening->chunk_part = CHUNK_SIZE_LINE_END; /* Extensions of the chunk are of no use here. */
    if (byte != '\n')
        return true;
    if (opening->body_left == 0) {
        finish(engine, true);
        return false;
    }
    opening->chunk_part = CHUNK_DATA;
    return true;
}

static bool read_chunk_bytes(struct weft_engine *engine)
{
    struct wf_opening *opening = engine->opening;
    if (opening->chunk_part == CHUNK_DATA) {
        size_t count = there(engine);
        if (!take(engine, count))
            return false;
        opening->body_left -= count;
        if (opening->body_left == 0)
            opening->chunk_part = CHUNK_DATA_END;
        return true;
    }
    uint8_t byte = *engine->input.data;
    wf_engine_skip(engine, 1);
    if (opening->chunk_part != CHUNK_DATA_END)
        return read_size(engine, byte);
    if (byte == '\n')
        opening->chunk_part = CHUNK_SIZE;
    return true;
}

static void read_counted(struct weft_engine *engine)
{
    size_t count = there(engine);
    if (!take(engine, count))
        return;
    engine->opening->body_left -= count;
    if (engine->opening->body_left == 0)
        finish(engine, true);
}

void wf_refusal_read(struct weft_engine *engine)
{
    while (engine->phase == WF_PHASE_REFUSAL && engine->input.count) {
        switch (engine->opening->body_end) {
        case WF_BODY_LENGTH:
            read_counted(engine);
            break;
        case WF_BODY_CHUNKED:
            read_chunk_bytes(engine);
            break;
        default:
            take(engine, engine->input.count);
            break;
        }
    }
}

void wf_refusal_end(struct weft_engine *engine)
{
    finish(engine, engine->opening->body_end == WF_BODY_UNTIL_END);
}

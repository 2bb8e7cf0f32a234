#include "ws/compression.h"

#include "ws/frame.h"

enum { RATIO_FREE_BYTES = 1 << 20, RATIO_MAX = 1000 };

bool wf_compression_agree(struct weft_engine *engine, const struct wf_deflate_terms *terms)
{
    char text[WF_DEFLATE_TEXT_MAX];
    const struct weft_deflate_settings *settings = &engine->config->deflate;
    struct wf_agreed *agreed = engine->agreed;
    bool is_client = engine->config->side == WEFT_CLIENT;
    agreed->extensions = wf_pool_intern(engine->config->pool,
                                        (struct weft_text){ text, wf_deflate_answer(terms, text) });
    if (!agreed->extensions)
        return false;
    agreed->owned_bits = WF_FRAME_COMPRESSED;
    uint8_t out_bits = is_client ? terms->client_bits : terms->server_bits;
    agreed->compression = (struct wf_compression){
        /* A window of 256 bytes cannot be written: nothing is compressed then, which is always
           allowed. */
        .out_bits = out_bits < WF_DEFLATE_BITS_MIN ? 0 : out_bits,
        .in_bits = is_client ? terms->server_bits : terms->client_bits,
        /* To remember less than was agreed on is the sender's own affair. */
        .out_takeover =
            is_client ? terms->client_takeover && settings->client_takeover == WEFT_TAKEOVER_ON
                      : terms->server_takeover,
        .in_takeover = is_client ? terms->server_takeover : terms->client_takeover,
    };
    return true;
}

static void drop_deflater(struct weft_engine *engine)
{
    struct wf_compression *compression = &engine->agreed->compression;
    wf_deflater_give(engine->config->pool, compression->deflater);
    compression->deflater = NULL;
}

void wf_compression_drop(struct weft_engine *engine)
{
    struct wf_compression *compression = &engine->agreed->compression;
    drop_deflater(engine);
    wf_inflater_give(engine->config->pool, compression->inflater);
    compression->inflater = NULL;
}

void wf_engine_rest(struct weft_engine *engine)
{
    if (engine->agreed)
        drop_deflater(engine);
}

void weft_engine_set_compression(weft_engine *engine, bool is_on)
{
    engine->sends_plain = !is_on;
}

/* ---- sending ---- */

static bool is_wanted(const struct weft_engine *engine, size_t payload_bytes)
{
    enum { THRESHOLD_WITH_TAKEOVER = 64, THRESHOLD_WITHOUT = 512 };
    if (!engine->agreed || engine->agreed->compression.out_bits == 0 || engine->sends_plain)
        return false;
    size_t threshold = engine->config->deflate.threshold_bytes;
    if (threshold == 0)
        threshold =
            engine->agreed->compression.out_takeover ? THRESHOLD_WITH_TAKEOVER : THRESHOLD_WITHOUT;
    return payload_bytes >= threshold;
}

/* What shrinks so much would be refused by another engine's inflate_ratio_max. */
static bool looks_like_bomb(size_t payload_bytes, size_t packed_bytes)
{
    enum { RATIO_SENT_MAX = RATIO_MAX / 2 };
    return payload_bytes > RATIO_FREE_BYTES && payload_bytes / RATIO_SENT_MAX > packed_bytes;
}

bool wf_compression_pack(struct weft_engine *engine, struct weft_bytes payload,
                         struct wf_block *out)
{
    struct wf_pool *pool = engine->config->pool;
    *out = (struct wf_block){ 0 };
    if (!is_wanted(engine, payload.count))
        return false;
    struct wf_compression *compression = &engine->agreed->compression;
    if (!compression->deflater)
        compression->deflater =
            wf_deflater_take(pool, compression->out_bits, engine->config->deflate.level);
    if (!compression->deflater)
        return false;
    /* What does not shrink goes as it is, unless the context is to remember it. */
    size_t bytes_max = compression->out_takeover ? SIZE_MAX : payload.count - 1;
    bool is_packed = wf_deflater_put(compression->deflater, payload, out, bytes_max);
    if (is_packed && looks_like_bomb(payload.count, out->count))
        is_packed = false;
    if (!is_packed)
        wf_block_drop(out, pool);
    if (!is_packed || !compression->out_takeover)
        drop_deflater(engine);
    return is_packed;
}

uint16_t wf_compression_form(const struct weft_engine *engine, size_t payload_bytes)
{
    if (!is_wanted(engine, payload_bytes) || engine->agreed->compression.out_takeover)
        return 0;
    return (uint16_t)(engine->agreed->compression.out_bits << 8 | engine->config->deflate.level);
}

/* ---- receiving ---- */

static uint64_t ratio_bytes_max(const struct weft_engine *engine)
{
    uint64_t compressed = engine->partial->compressed_bytes;
    uint64_t ratio = engine->config->deflate.inflate_ratio_max;
    uint64_t bytes_max = compressed > UINT64_MAX / ratio ? UINT64_MAX : compressed * ratio;
    return bytes_max > RATIO_FREE_BYTES ? bytes_max : RATIO_FREE_BYTES;
}

static void fail_too_big(struct weft_engine *engine, bool is_ratio)
{
    if (is_ratio)
        wf_failing_limit(engine, WF_FAULT_INFLATES_TOO_MUCH, "inflate_ratio_max",
                         engine->config->deflate.inflate_ratio_max);
    else
        wf_failing_limit(engine, WF_FAULT_MESSAGE_TOO_BIG, "message_bytes_max",
                         engine->config->limits.message_bytes_max);
}

static bool note_result(struct weft_engine *engine, enum wf_inflate_result result, bool is_ratio)
{
    switch (result) {
    case WF_INFLATE_DONE:
        return true;
    case WF_INFLATE_TOO_BIG:
        fail_too_big(engine, is_ratio);
        return false;
    case WF_INFLATE_CORRUPT:
        wf_failing_fault(engine, WF_FAULT_CORRUPT);
        return false;
    default:
        wf_failing_fault(engine, WF_FAULT_NO_MEMORY);
        return false;
    }
}

static bool need_inflater(struct weft_engine *engine)
{
    struct wf_compression *compression = &engine->agreed->compression;
    if (!compression->inflater)
        compression->inflater = wf_inflater_take(engine->config->pool, compression->in_bits);
    if (!compression->inflater)
        wf_failing_fault(engine, WF_FAULT_NO_MEMORY);
    return compression->inflater != NULL;
}

/* RFC 6455 8.1 for what has come now. */
static bool check_text(struct weft_engine *engine, size_t before)
{
    struct wf_partial *partial = engine->partial;
    if (partial->message_type != WEFT_TEXT || partial->message.count == before ||
        wf_utf8_feed(&partial->utf8, partial->message.data + before,
                     partial->message.count - before))
        return true;
    wf_failing_fault(engine, WF_FAULT_TEXT_NOT_UTF8);
    return false;
}

static bool unpack(struct weft_engine *engine, struct weft_bytes piece, bool is_end)
{
    struct wf_partial *partial = engine->partial;
    if (!need_inflater(engine))
        return false;
    struct wf_inflater *inflater = engine->agreed->compression.inflater;
    uint64_t bytes_max = engine->config->limits.message_bytes_max;
    uint64_t ratio_max = ratio_bytes_max(engine);
    bool is_ratio = ratio_max < bytes_max;
    if (is_ratio)
        bytes_max = ratio_max;
    bytes_max -= partial->given_bytes;
    if (bytes_max > SIZE_MAX)
        bytes_max = SIZE_MAX;
    size_t before = partial->message.count;
    enum wf_inflate_result result =
        is_end ? wf_inflater_end(inflater, &partial->message, (size_t)bytes_max)
               : wf_inflater_put(inflater, piece, &partial->message, (size_t)bytes_max);
    /* The text first: its bytes stand before what the inflater stumbled over. */
    return check_text(engine, before) && note_result(engine, result, is_ratio);
}

bool wf_compression_unpack(struct weft_engine *engine, struct weft_bytes piece)
{
    engine->partial->compressed_bytes += piece.count;
    return unpack(engine, piece, false);
}

bool wf_compression_end(struct weft_engine *engine)
{
    if (!unpack(engine, (struct weft_bytes){ 0 }, true))
        return false;
    struct wf_compression *compression = &engine->agreed->compression;
    if (!compression->in_takeover) {
        wf_inflater_give(engine->config->pool, compression->inflater);
        compression->inflater = NULL;
    }
    return true;
}

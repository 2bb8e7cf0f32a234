/* Messages to the output chain. */
#include "ws/sending.h"

#include "codec/mask.h"
#include "codec/utf8.h"
#include "ws/closing.h"
#include "ws/compression.h"
#include "ws/state.h"

/* Payload bytes that bufferedAmount counts: those of messages. */
static size_t counted(enum wf_opcode opcode, size_t payload_bytes)
{
    return opcode < WF_OPCODE_CLOSE ? payload_bytes : 0;
}

static weft_status put_masked(struct weft_engine *engine, enum wf_opcode opcode,
                              struct weft_bytes payload)
{
    const struct wf_engine_config *config = engine->config;
    size_t bytes = wf_frame_header_bytes(payload.count, true) + payload.count;
    uint8_t *place =
        wf_chain_extend(&engine->output, config->pool, bytes, counted(opcode, payload.count));
    if (!place)
        return WEFT_ERR_MEMORY;
    /* RFC 6455 5.3: a fresh key for every frame, from a strong source. */
    uint32_t key;
    config->random(&key, sizeof key, config->random_user);
    place = wf_frame_write(place, opcode, payload.count, &key);
    if (payload.count)
        wf_mask_copy(place, payload.data, payload.count, key, 0);
    return WEFT_OK;
}

weft_status wf_sending_put(struct weft_engine *engine, enum wf_opcode opcode,
                           struct weft_bytes payload)
{
    if (payload.count > SIZE_MAX - WF_FRAME_HEADER_MAX)
        return WEFT_ERR_MEMORY;
    if (engine->config->side == WEFT_CLIENT)
        return put_masked(engine, opcode, payload);

    size_t bytes = wf_frame_header_bytes(payload.count, false) + payload.count;
    uint8_t *place = wf_chain_extend(&engine->output, engine->config->pool, bytes,
                                     counted(opcode, payload.count));
    if (!place)
        return WEFT_ERR_MEMORY;
    place = wf_frame_write(place, opcode, payload.count, NULL);
    if (payload.count)
        memcpy(place, payload.data, payload.count);
    return WEFT_OK;
}

/* A compressed message, from a block that is given back. RFC 7692 6: RSV1 marks it. */
static weft_status put_packed(struct weft_engine *engine, enum weft_message_type type,
                              struct wf_block *packed, size_t payload_bytes)
{
    const struct wf_engine_config *config = engine->config;
    bool is_masked = config->side == WEFT_CLIENT;
    size_t header_bytes = wf_frame_header_bytes(packed->count, is_masked);
    uint8_t *place = wf_chain_extend_packed(&engine->output, config->pool,
                                            header_bytes + packed->count, payload_bytes);
    if (place) {
        uint32_t key = 0;
        if (is_masked)
            config->random(&key, sizeof key, config->random_user);
        uint8_t *data =
            wf_frame_write(place, (enum wf_opcode)type, packed->count, is_masked ? &key : NULL);
        *place |= WF_FRAME_COMPRESSED;
        wf_mask_copy(data, packed->data, packed->count, key, 0);
    } else {
        /* The context remembers what the peer will not get. */
        wf_engine_rest(engine);
    }
    wf_block_drop(packed, config->pool);
    return place ? WEFT_OK : WEFT_ERR_MEMORY;
}

static weft_status put_message(struct weft_engine *engine, enum weft_message_type type,
                               struct weft_bytes payload)
{
    struct wf_block packed;
    if (wf_compression_pack(engine, payload, &packed))
        return put_packed(engine, type, &packed, payload.count);
    return wf_sending_put(engine, (enum wf_opcode)type, payload);
}

static weft_status check_message(enum weft_message_type type, struct weft_bytes payload,
                                 bool is_utf8)
{
    if ((type != WEFT_TEXT && type != WEFT_BINARY) || (!payload.data && payload.count))
        return WEFT_ERR_ARGUMENT;
    /* RFC 6455 5.6: the payload of a text is UTF-8. */
    if (type == WEFT_TEXT && !is_utf8 && !wf_utf8_is_valid(payload.data, payload.count))
        return WEFT_ERR_UTF8;
    return WEFT_OK;
}

weft_status wf_engine_send(struct weft_engine *engine, enum weft_message_type type,
                           struct weft_bytes payload, bool is_utf8)
{
    if (!wf_engine_may_send(engine))
        return WEFT_ERR_STATE;
    weft_status status = check_message(type, payload, is_utf8);
    return status ? status : put_message(engine, type, payload);
}

weft_status weft_engine_send(weft_engine *engine, enum weft_message_type type,
                             struct weft_bytes payload)
{
    return engine ? wf_engine_send(engine, type, payload, false) : WEFT_ERR_ARGUMENT;
}

/* room: where the header may be written, so that it is one piece with the payload behind it. NULL:
 * nowhere. */
static weft_status put_lent(struct weft_engine *engine, enum weft_message_type type,
                            struct weft_bytes payload, uint8_t *room)
{
    struct wf_pool *pool = engine->config->pool;
    size_t header_bytes = wf_frame_header_bytes(payload.count, false);
    uint8_t *place = room ? room : wf_chain_extend(&engine->output, pool, header_bytes, 0);
    if (!place)
        return WEFT_ERR_MEMORY;
    wf_frame_write(place, (enum wf_opcode)type, payload.count, NULL);
    struct weft_bytes lent = { room ? room : payload.data,
                               payload.count + (room ? header_bytes : 0) };
    weft_status status = wf_chain_append_lent(&engine->output, pool, lent, payload.count);
    if (status && !room)
        wf_chain_retract(&engine->output, header_bytes, 0);
    return status;
}

static weft_status send_lent(struct weft_engine *engine, enum weft_message_type type,
                             struct weft_bytes payload, bool is_utf8, uint8_t *room)
{
    if (engine->config->side == WEFT_CLIENT || payload.count == 0)
        return wf_engine_send(engine, type, payload, is_utf8);
    if (!wf_engine_may_send(engine))
        return WEFT_ERR_STATE;
    weft_status status = check_message(type, payload, is_utf8);
    if (status)
        return status;

    struct wf_block packed;
    if (wf_compression_pack(engine, payload, &packed))
        return put_packed(engine, type, &packed, payload.count);
    return put_lent(engine, type, payload, room);
}

weft_status wf_engine_send_lent(struct weft_engine *engine, enum weft_message_type type,
                                struct weft_bytes payload, bool is_utf8)
{
    return send_lent(engine, type, payload, is_utf8, NULL);
}

weft_status wf_engine_send_back(struct weft_engine *engine, enum weft_message_type type,
                                struct weft_buffer message, bool is_utf8)
{
    /* The header that it came with was as long, or longer by the key: RFC 6455 5.2, the minimal
     * number of bytes encodes the length. */
    uint8_t *room = message.data - wf_frame_header_bytes(message.count, false);
    return send_lent(engine, type, (struct weft_bytes){ message.data, message.count }, is_utf8,
                     room);
}

weft_status wf_engine_settle(struct weft_engine *engine)
{
    return wf_chain_settle(&engine->output, engine->config->pool);
}

bool wf_engine_is_utf8(struct weft_bytes text)
{
    return wf_utf8_is_valid(text.data, text.count);
}

weft_status wf_engine_prepare(struct wf_pool *pool, struct wf_arena *arena,
                              enum weft_message_type type, struct weft_bytes payload,
                              struct wf_shared **shared_out)
{
    weft_status status = check_message(type, payload, false);
    if (status)
        return status;
    if (payload.count > SIZE_MAX - WF_FRAME_HEADER_MAX)
        return WEFT_ERR_MEMORY;
    size_t bytes = wf_frame_header_bytes(payload.count, false) + payload.count;
    struct wf_shared *shared = wf_shared_carve(pool, arena, bytes, payload.count);
    if (!shared)
        return WEFT_ERR_MEMORY;
    uint8_t *place = wf_frame_write(shared->data, (enum wf_opcode)type, payload.count, NULL);
    if (payload.count)
        memcpy(place, payload.data, payload.count);
    *shared_out = shared;
    return WEFT_OK;
}

/* A shared piece costs a chunk and a span of its own; a small frame is cheaper to copy. */
enum { SHARED_BYTES_MIN = 1024 };

static weft_status copy_shared(struct weft_engine *engine, const struct wf_shared *shared)
{
    struct wf_pool *pool = engine->config->pool;
    if (!shared->is_packed)
        return wf_chain_append(&engine->output, pool,
                               (struct weft_bytes){ shared->data, shared->bytes },
                               shared->payload_bytes);
    uint8_t *place =
        wf_chain_extend_packed(&engine->output, pool, shared->bytes, shared->payload_bytes);
    if (!place)
        return WEFT_ERR_MEMORY;
    memcpy(place, shared->data, shared->bytes);
    return WEFT_OK;
}

/* The compressed frame; without a byte when the message does not shrink. NULL: no memory. */
static struct wf_shared *create_variant(struct weft_engine *engine, const struct wf_shared *plain,
                                        uint16_t form)
{
    struct wf_block packed;
    bool is_packed = wf_compression_pack(engine, wf_shared_payload(plain), &packed);
    size_t bytes = is_packed ? wf_frame_header_bytes(packed.count, false) + packed.count : 0;
    struct wf_shared *variant = wf_shared_create(engine->config->pool, bytes, plain->payload_bytes);
    if (variant) {
        variant->form = form;
        variant->is_packed = true;
    }
    if (variant && is_packed) {
        uint8_t *data = wf_frame_write(variant->data, (enum wf_opcode)(plain->data[0] & 0x0F),
                                       packed.count, NULL);
        variant->data[0] |= WF_FRAME_COMPRESSED;
        memcpy(data, packed.data, packed.count);
    }
    wf_block_drop(&packed, engine->config->pool);
    return variant;
}

static struct wf_shared *need_variant(struct weft_engine *engine, struct wf_shared *plain,
                                      uint16_t form)
{
    struct wf_shared *variant = plain->variant;
    while (variant && variant->form != form)
        variant = variant->variant;
    if (variant)
        return variant;
    variant = create_variant(engine, plain, form);
    if (variant) {
        variant->variant = plain->variant;
        plain->variant = variant;
    }
    return variant;
}

weft_status wf_engine_send_shared(struct weft_engine *engine, struct wf_shared *shared)
{
    if (!wf_engine_may_send(engine))
        return WEFT_ERR_STATE;
    struct wf_pool *pool = engine->config->pool;
    if (engine->config->side == WEFT_CLIENT)
        return put_message(engine, (enum weft_message_type)(shared->data[0] & 0x0F),
                           wf_shared_payload(shared));
    uint16_t form = wf_compression_form(engine, shared->payload_bytes);
    if (form) {
        struct wf_shared *variant = need_variant(engine, shared, form);
        if (variant && variant->bytes)
            shared = variant;
    }
    /* An arena's piece that comes alone, or right behind the last one, stays there; behind others
     * it is copied, so that a chain has one at most. */
    if (wf_chain_lengthen(&engine->output, shared))
        return WEFT_OK;
    if (shared->bytes < SHARED_BYTES_MIN && (!shared->home || engine->output.first))
        return copy_shared(engine, shared);
    return wf_chain_append_shared(&engine->output, pool, shared);
}

static weft_status send_control(weft_engine *engine, enum wf_opcode opcode,
                                struct weft_bytes payload)
{
    if (!engine || (!payload.data && payload.count))
        return WEFT_ERR_ARGUMENT;
    if (!wf_engine_may_send(engine))
        return WEFT_ERR_STATE;
    /* RFC 6455 5.5: a control frame has at most 125 bytes. */
    if (payload.count > WF_FRAME_CONTROL_MAX)
        return WEFT_ERR_LIMIT;
    return wf_sending_put(engine, opcode, payload);
}

weft_status weft_engine_ping(weft_engine *engine, struct weft_bytes payload)
{
    return send_control(engine, WF_OPCODE_PING, payload);
}

weft_status weft_engine_pong(weft_engine *engine, struct weft_bytes payload)
{
    return send_control(engine, WF_OPCODE_PONG, payload);
}

size_t weft_engine_output(weft_engine *engine, struct weft_bytes *spans, size_t spans_max)
{
    return wf_chain_spans(&engine->output, spans, spans_max);
}

uint64_t weft_engine_output_bytes(const weft_engine *engine)
{
    return engine->output.bytes;
}

void weft_engine_sent(weft_engine *engine, size_t count)
{
    wf_chain_consume(&engine->output, engine->config->pool, count);
    if (engine->output.first)
        wf_chain_leave_arena(&engine->output, engine->config->pool);
    if (engine->pong_bytes > engine->output.bytes)
        engine->pong_bytes = (uint32_t)engine->output.bytes;
    wf_closing_put_late_pong(engine);
}

void wf_engine_note_room(struct weft_engine *engine)
{
    wf_closing_put_late_pong(engine);
}

/* What has left of the payload in a chunk that is partly sent. Chunks with frames in them begin
 * where a frame begins; the others are payload, behind its header or the rest of that, or nothing
 * of them is. */
static uint64_t payload_sent(const struct wf_chunk *chunk)
{
    if (!chunk || chunk->sent == 0 || chunk->payload_bytes == 0 || chunk->is_packed)
        return 0;
    if (chunk->kind == WF_CHUNK_LENT || chunk->kind == WF_CHUNK_SEALED) {
        uint64_t header_bytes = chunk->bytes - chunk->payload_bytes;
        return chunk->sent > header_bytes ? chunk->sent - header_bytes : 0;
    }
    return wf_frame_payload_within(chunk->data, chunk->sent);
}

uint64_t weft_engine_buffered_amount(const weft_engine *engine)
{
    return engine->output.payload_bytes - payload_sent(engine->output.first);
}

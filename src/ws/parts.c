/* A message that is sent in fragments, so that it need not lie in memory as a whole. RFC 6455 5.4.
 */
#include "codec/mask.h"
#include "ws/state.h"

#include <assert.h>

/* No frame of another message may come between, but control frames may: the caller sees to the
 * first, the engine does the second by itself. */
weft_status wf_engine_send_part(struct weft_engine *engine, enum weft_message_type type,
                                struct weft_bytes part, bool is_first, bool is_final)
{
    const struct wf_engine_config *config = engine->config;
    if (!wf_engine_may_send(engine))
        return WEFT_ERR_STATE;
    bool is_masked = config->side == WEFT_CLIENT;
    size_t header_bytes = wf_frame_header_bytes(part.count, is_masked);
    uint8_t *frame =
        part.count <= SIZE_MAX - header_bytes
            ? wf_chain_extend(&engine->output, config->pool, header_bytes + part.count, part.count)
            : NULL;
    if (!frame)
        return WEFT_ERR_MEMORY;
    /* RFC 6455 5.3: a fresh key for every frame. */
    uint32_t key = 0;
    if (is_masked)
        config->random(&key, sizeof key, config->random_user);
    enum wf_opcode opcode = is_first ? (enum wf_opcode)type : WF_OPCODE_CONTINUATION;
    uint8_t *place = wf_frame_write(frame, opcode, part.count, is_masked ? &key : NULL);
    if (!is_final)
        *frame &= (uint8_t)~WF_FRAME_FINAL;
    if (part.count && is_masked)
        wf_mask_copy(place, part.data, part.count, key, 0);
    else if (part.count)
        memcpy(place, part.data, part.count);
    return WEFT_OK;
}

static_assert(sizeof(struct wf_utf8) <= sizeof(struct wf_text_check), "it fits");

bool wf_engine_check_text(struct wf_text_check *check, struct weft_bytes part, bool is_end)
{
    struct wf_utf8 utf8;
    memcpy(&utf8, check, sizeof utf8);
    if (part.count && !wf_utf8_feed(&utf8, part.data, part.count))
        return false;
    memcpy(check, &utf8, sizeof utf8);
    return !is_end || wf_utf8_is_complete(&utf8);
}

#include "ws/agreed.h"

#include "ws/compression.h"

bool wf_agreed_set(struct weft_engine *engine, struct weft_text protocol,
                   const struct wf_deflate_terms *terms)
{
    if (protocol.count == 0 && !terms)
        return true;
    size_t bytes = sizeof(struct wf_agreed) + protocol.count + 1;
    struct wf_agreed *agreed = wf_pool_take(engine->config->pool, bytes, NULL);
    if (!agreed)
        return false;
    *agreed = (struct wf_agreed){ .block_bytes = (uint32_t)bytes, .extensions = "" };
    if (protocol.count)
        memcpy(agreed->protocol, protocol.data, protocol.count);
    agreed->protocol[protocol.count] = '\0';
    engine->agreed = agreed;
    if (!terms || wf_compression_agree(engine, terms))
        return true;
    wf_agreed_drop(engine);
    return false;
}

void wf_agreed_drop(struct weft_engine *engine)
{
    if (!engine->agreed)
        return;
    wf_compression_drop(engine);
    wf_pool_give(engine->config->pool, engine->agreed, engine->agreed->block_bytes);
    engine->agreed = NULL;
}

const char *weft_engine_protocol(const weft_engine *engine)
{
    return engine->agreed ? engine->agreed->protocol : "";
}

const char *weft_engine_extensions(const weft_engine *engine)
{
    return engine->agreed ? engine->agreed->extensions : "";
}

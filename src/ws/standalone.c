/* An engine that stands alone: with a pool, a configuration and random bytes of its own. */
#include "ws/engine.h"

#include <assert.h>
#include <stddef.h>

enum { RANDOM_BATCH_BYTES = 256 };

struct standalone {
    struct weft_engine engine; /* First: weft_engine_destroy() gets this one's address. */
    struct wf_engine_config config;
    struct wf_pool pool;
    const struct weft_allocator *allocator;
    void (*random)(void *out, size_t count, void *user);
    void *random_user;
    size_t random_left; /* At the end of the batch. */
    uint8_t random_batch[RANDOM_BATCH_BYTES];
};
static_assert(offsetof(struct standalone, engine) == 0, "see weft_engine_destroy()");

/* A key is four bytes, and a source of randomness often a system call: they are fetched in batches.
 */
static void take_random(void *out, size_t count, void *user)
{
    struct standalone *standalone = user;
    assert(count <= RANDOM_BATCH_BYTES);
    if (standalone->random_left < count) {
        standalone->random(standalone->random_batch, RANDOM_BATCH_BYTES, standalone->random_user);
        standalone->random_left = RANDOM_BATCH_BYTES;
    }
    uint8_t *from = standalone->random_batch + RANDOM_BATCH_BYTES - standalone->random_left;
    memcpy(out, from, count);
    memset(from, 0, count); /* RFC 6455 5.3: a key that was used is not to be found again. */
    standalone->random_left -= count;
}

static bool options_are_complete(const struct weft_engine_options *options)
{
    if (options->side == WEFT_SERVER)
        return true;
    return options->side == WEFT_CLIENT && options->random && options->request;
}

weft_status weft_engine_create(const struct weft_engine_options *options, weft_engine **engine_out)
{
    if (!options || !engine_out || !options_are_complete(options))
        return WEFT_ERR_ARGUMENT;
    struct standalone *standalone = wf_alloc_zero(options->allocator, sizeof *standalone);
    if (!standalone)
        return WEFT_ERR_MEMORY;
    standalone->allocator = options->allocator;
    standalone->random = options->random;
    standalone->random_user = options->user;
    standalone->config = (struct wf_engine_config){ .side = options->side,
                                                    .limits = options->limits,
                                                    .deflate = options->deflate,
                                                    .pool = &standalone->pool,
                                                    .random = take_random,
                                                    .random_user = standalone };
    wf_engine_resolve_limits(&standalone->config.limits);
    wf_engine_resolve_deflate(&standalone->config.deflate, options->side);
    wf_pool_init(&standalone->pool, options->allocator);

    weft_status status = WEFT_OK;
    if (options->side == WEFT_SERVER)
        wf_engine_init_server(&standalone->engine, &standalone->config);
    else
        status = wf_engine_init_client(&standalone->engine, &standalone->config, options->request);
    if (status) {
        weft_engine_destroy(&standalone->engine);
        return status;
    }
    *engine_out = &standalone->engine;
    return WEFT_OK;
}

void weft_engine_destroy(weft_engine *engine)
{
    if (!engine)
        return;
    struct standalone *standalone = (struct standalone *)(void *)engine;
    wf_engine_drop(engine);
    wf_pool_drop(&standalone->pool);
    wf_free(standalone->allocator, standalone);
}

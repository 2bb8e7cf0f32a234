/* The first byte says the window and the level, the second where the rest is cut into messages:
 * what was deflated inflates to itself, with takeover; and the bytes as they are never break the
 * inflater. */
#include "codec/deflate.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void pass(struct wf_pool *pool, struct wf_deflater *deflater, struct wf_inflater *inflater,
                 struct weft_bytes message)
{
    struct wf_block packed = { 0 }, out = { 0 };
    if (!wf_deflater_put(deflater, message, &packed, SIZE_MAX))
        abort();
    struct weft_bytes piece = { packed.data, packed.count };
    if (wf_inflater_put(inflater, piece, &out, message.count) ||
        wf_inflater_end(inflater, &out, message.count))
        abort();
    if (out.count != message.count || (out.count && memcmp(out.data, message.data, out.count) != 0))
        abort();
    wf_block_drop(&packed, pool);
    wf_block_drop(&out, pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes < 2)
        return 0;
    int window_bits = 9 + data[0] % 7, level = 1 + data[0] / 7 % 2;
    size_t step = (size_t)data[1] * data[1] + 1;
    struct weft_bytes rest = { data + 2, bytes - 2 };
    struct wf_pool pool;
    wf_pool_init(&pool, NULL);
    struct wf_deflater *deflater = wf_deflater_take(&pool, window_bits, level);
    struct wf_inflater *inflater = wf_inflater_take(&pool, window_bits);
    if (!deflater || !inflater)
        abort();
    for (size_t at = 0; at < rest.count; at += step) {
        size_t count = rest.count - at < step ? rest.count - at : step;
        pass(&pool, deflater, inflater, (struct weft_bytes){ rest.data + at, count });
    }
    wf_inflater_give(&pool, inflater);
    wf_deflater_give(&pool, deflater);

    struct wf_block out = { 0 };
    inflater = wf_inflater_take(&pool, window_bits);
    if (!inflater)
        abort();
    if (wf_inflater_put(inflater, rest, &out, 1 << 20) == WF_INFLATE_DONE)
        wf_inflater_end(inflater, &out, 1 << 20);
    wf_block_drop(&out, &pool);
    wf_inflater_give(&pool, inflater);
    wf_pool_drop(&pool);
    return 0;
}

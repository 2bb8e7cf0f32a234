/* The first byte says where the text is cut. All kernels and the feed must agree. */
#include "codec/utf8.h"
#include "codec/utf8_kernels.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes == 0)
        return 0;
    size_t step = (size_t)data[0] + 1;
    const uint8_t *text = data + 1;
    size_t count = bytes - 1;

    bool is_valid = wf_utf8_portable(text, count);
    for (size_t i = 0; i < wf_utf8_kernel_count; i++)
        if (wf_utf8_kernels[i].is_supported() && wf_utf8_kernels[i].run(text, count) != is_valid)
            abort();

    struct wf_utf8 pieces = { 0 }, bytewise = { 0 };
    for (size_t at = 0; at < count; at += step) {
        size_t piece = count - at < step ? count - at : step;
        bool is_good = true;
        for (size_t i = 0; i < piece; i++)
            is_good = wf_utf8_feed(&bytewise, text + at + i, 1);
        if (wf_utf8_feed(&pieces, text + at, piece) != is_good)
            abort();
    }
    if (wf_utf8_is_complete(&pieces) != is_valid)
        abort();
    return 0;
}

/* The first byte says where it is cut; a PROXY header must mean the same in pieces. An input that
 * begins with 'x' is hexadecimal digits. */
#include "codec/proxy_protocol.h"
#include "support/hex.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check(struct weft_bytes input, enum wf_proxy_protocol_result result,
                  const struct wf_proxy_protocol_head *head, const char *text)
{
    if (result == WF_PROXY_BROKEN && !text)
        abort();
    if (result == WF_PROXY_NEEDS_MORE && input.count >= WF_PROXY_BYTES_MAX)
        abort();
    if (result == WF_PROXY_DONE &&
        (head->bytes > input.count || head->bytes > WF_PROXY_BYTES_MAX || head->path.count > 108))
        abort();
}

static void compare(struct weft_bytes input, size_t step)
{
    struct wf_proxy_protocol_head whole, piece;
    const char *text = NULL;
    enum wf_proxy_protocol_result result = wf_proxy_protocol_parse(input, &whole, &text);
    check(input, result, &whole, text);

    enum wf_proxy_protocol_result cut = WF_PROXY_NEEDS_MORE;
    for (size_t count = 0; count < input.count && cut == WF_PROXY_NEEDS_MORE;) {
        count = input.count - count < step ? input.count : count + step;
        struct weft_bytes prefix = { input.data, count };
        cut = wf_proxy_protocol_parse(prefix, &piece, &text);
        check(prefix, cut, &piece, text);
    }
    if (input.count && cut != result)
        abort();
    if (result == WF_PROXY_DONE &&
        (whole.bytes != piece.bytes || whole.source != piece.source || whole.port != piece.port))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes < 1)
        return 0;
    if (data[0] != 'x') {
        compare((struct weft_bytes){ data + 1, bytes - 1 }, (size_t)data[0] + 1);
        return 0;
    }
    size_t decoded_bytes;
    uint8_t *decoded = hex_decode(data + 1, bytes - 1, &decoded_bytes);
    if (decoded_bytes > 0)
        compare((struct weft_bytes){ decoded + 1, decoded_bytes - 1 }, (size_t)decoded[0] + 1);
    free(decoded);
    return 0;
}

/* The first two bytes say whether it is a request and where it is cut; a head must mean the same in
 * pieces. */
#include "codec/http1.h"

#include <stdlib.h>

enum { HEADERS_MAX = 16 };

static const struct wf_http1_limits limits = { .bytes_max = 2048, .count_max = HEADERS_MAX };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

struct outcome {
    enum wf_http1_result result;
    size_t head_bytes;
    struct weft_headers headers;
    struct wf_http1_failure failure;
};

static struct outcome parse(bool is_request, struct weft_bytes input, size_t previous_count,
                            struct weft_header *items)
{
    struct outcome out = { 0 };
    if (is_request) {
        struct wf_http1_request request = { .headers = items };
        out.result = wf_http1_parse_request(input, previous_count, &limits, &request, &out.failure);
        out.head_bytes = request.head_bytes;
        out.headers = wf_http1_request_headers(&request);
    } else {
        struct wf_http1_response response = { .headers = items };
        out.result =
            wf_http1_parse_response(input, previous_count, &limits, &response, &out.failure);
        out.head_bytes = response.head_bytes;
        out.headers = wf_http1_response_headers(&response);
    }
    return out;
}

static void walk_fields(struct weft_headers headers)
{
    for (size_t i = 0; i < headers.count; i++) {
        char name[64];
        struct weft_text text = headers.items[i].name, value;
        if (!wf_http1_is_token(text) || !wf_http1_is_field_value(headers.items[i].value))
            abort();
        if (text.count >= sizeof name)
            continue;
        memcpy(name, text.data, text.count);
        name[text.count] = '\0';

        struct wf_http1_list list = { .headers = headers, .name = name };
        while (wf_http1_list_next(&list, &value))
            if (value.count == 0)
                abort();
        struct wf_http1_extensions extensions = { .headers = headers, .name = name };
        enum wf_http1_extension_item item;
        do {
            item = wf_http1_extensions_next(&extensions, &text, &value);
            bool is_named = item == WF_HTTP1_EXTENSION || item == WF_HTTP1_EXTENSION_PARAM;
            if (is_named && !wf_http1_is_token(text))
                abort();
        } while (item != WF_HTTP1_EXTENSIONS_END && item != WF_HTTP1_EXTENSIONS_BROKEN);
    }
    bool is_present;
    uint64_t length;
    if (wf_http1_content_length(headers, &is_present, &length) && length > INT64_MAX)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes < 2)
        return 0;
    bool is_request = data[0] & 1;
    size_t step = (size_t)data[1] + 1;
    struct weft_bytes input = { data + 2, bytes - 2 };
    struct weft_header items[HEADERS_MAX];
    struct outcome whole = parse(is_request, input, 0, items);
    if (whole.result == WF_HTTP1_DONE)
        walk_fields(whole.headers);

    struct outcome pieces = { .result = WF_HTTP1_NEEDS_MORE };
    size_t previous = 0;
    while (pieces.result == WF_HTTP1_NEEDS_MORE && previous < input.count) {
        size_t count = input.count - previous < step ? input.count : previous + step;
        pieces = parse(is_request, (struct weft_bytes){ input.data, count }, previous, items);
        previous = count;
    }
    /* What is wrong inside a line may be seen only with its end. */
    if (input.count && pieces.result != whole.result && whole.result != WF_HTTP1_BROKEN)
        abort();
    if (pieces.result == WF_HTTP1_DONE && whole.result == WF_HTTP1_BROKEN)
        abort();
    if (whole.result == WF_HTTP1_DONE && pieces.head_bytes != whole.head_bytes)
        abort();
    if (whole.result == WF_HTTP1_BROKEN && (!whole.failure.text || whole.failure.status < 400))
        abort();
    return 0;
}

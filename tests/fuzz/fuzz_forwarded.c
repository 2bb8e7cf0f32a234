/* A zero byte parts two fields. Elements lie in them, one behind the other, from the right. */
#include "codec/forwarded.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void walk(const struct weft_header *items, bool has_quotes)
{
    struct wf_forwarded_list list =
        wf_forwarded_list_of((struct weft_headers){ items, 2 }, "forwarded", has_quotes);
    struct weft_text text;
    const char *before = NULL;
    size_t fields = 2;
    while (wf_forwarded_list_next(&list, &text)) {
        struct wf_forwarded_element element;
        if (text.count == 0 || list.left > fields)
            abort();
        if (list.left == fields && before && text.data + text.count > before)
            abort();
        fields = list.left;
        before = text.data;
        if (wf_forwarded_parse(text, &element)) {
            if (element.node.count > text.count)
                abort();
            (void)wf_forwarded_node_parse(element.node); /* Which may lie nowhere. */
        }
        struct wf_forwarded_node node = wf_forwarded_node_parse(text);
        if (node.kind == WF_FORWARDED_IP && node.ip.count != 4 && node.ip.count != 16)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const char *text = (const char *)data;
    const char *zero = bytes ? memchr(text, 0, bytes) : NULL;
    size_t first = zero ? (size_t)(zero - text) : bytes;
    const struct weft_header items[] = {
        { WEFT_TEXT_LITERAL("Forwarded"), { text, first } },
        { WEFT_TEXT_LITERAL("Forwarded"),
          { text + first + (zero != NULL), bytes - first - (zero != NULL) } },
    };
    walk(items, true);
    walk(items, false);
    return 0;
}

/* What a client asks of an answer. RFC 6455 4.1, WHATWG WebSockets 3.1. */
#ifndef WF_WS_VERDICT_H
#define WF_WS_VERDICT_H

#include "codec/http1.h"
#include "ws/deflate.h"
#include "ws/state.h"

/* What an answer has agreed on. */
struct wf_verdict {
    struct weft_text protocol;
    bool has_deflate;
    struct wf_deflate_terms terms;
};

/* What is wrong with an answer whose status is 101. */
enum wf_fault wf_verdict_of(const struct weft_engine *engine,
                            const struct wf_http1_response *response, struct wf_verdict *verdict);

#endif

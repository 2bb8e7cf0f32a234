/* Conditional requests (RFC 9110 13). Pure. */
#ifndef WF_SERVER_CONDITION_H
#define WF_SERVER_CONDITION_H

#include "weft/http.h"

/* What is known of a representation. */
struct wf_validators {
    struct weft_text etag; /* With its quotes; strong. */
    bool has_time;
    int64_t modified; /* Seconds since 1970. */
};

/* The status that the preconditions of a GET or HEAD lead to: 200 (go on), 304 or 412. */
int wf_condition_evaluate(struct weft_headers headers, const struct wf_validators *validators,
                          int64_t now);

/* Whether a Range field counts: no If-Range, or one that fits (RFC 9110 13.1.5). */
bool wf_condition_range_counts(struct weft_headers headers, const struct wf_validators *validators,
                               int64_t now);

#endif

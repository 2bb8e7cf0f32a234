/* Heads of HTTP/1.1 messages (RFC 9112): strict, without memory of its own. Results point into the
 * input. */
#ifndef WF_CODEC_HTTP1_H
#define WF_CODEC_HTTP1_H

#include "weft/http.h"

enum wf_http1_result {
    WF_HTTP1_DONE,
    WF_HTTP1_NEEDS_MORE,
    WF_HTTP1_BROKEN,
};

/* Why a head is BROKEN. The texts are static. */
struct wf_http1_failure {
    int status;       /* What a server answers: 400, 414, 431, 501, 505. */
    const char *text; /* One line. */
    const char *rule; /* "RFC 9112 5.1". */
};

struct wf_http1_limits {
    size_t bytes_max; /* Of the whole head, with the empty line. */
    size_t count_max; /* Header fields; at most what the caller's array can hold. */
};

/* `headers` is set by the caller to an array of limits->count_max; the rest by the parser when
 * DONE. */
struct wf_http1_request {
    struct weft_header *headers;
    size_t header_count;
    size_t head_bytes; /* With the empty line: what follows begins here. */
    struct weft_text method;
    struct weft_text target;
    int version_minor; /* HTTP/1.x */
};

struct wf_http1_response {
    struct weft_header *headers;
    size_t header_count;
    size_t head_bytes;
    int version_minor;
    int status;              /* 100 to 999. */
    struct weft_text reason; /* May be empty. */
};

/* Parse a head that begins at input.data. The input may end anywhere, also behind the head.
 *
 * previous_count  0, or the count of an earlier input that was answered with NEEDS_MORE and of
 *                 which this is the continuation (at this or another place): makes a byte-wise
 *                 peer cost linear time. A wrong byte that is no control is then told with the
 *                 end of its line at the latest.
 * failure_out     set when BROKEN.
 *
 * One empty line before a request is skipped (RFC 9112 2.2). */
enum wf_http1_result wf_http1_parse_request(struct weft_bytes input, size_t previous_count,
                                            const struct wf_http1_limits *limits,
                                            struct wf_http1_request *request,
                                            struct wf_http1_failure *failure_out);
enum wf_http1_result wf_http1_parse_response(struct weft_bytes input, size_t previous_count,
                                             const struct wf_http1_limits *limits,
                                             struct wf_http1_response *response,
                                             struct wf_http1_failure *failure_out);

static inline struct weft_headers wf_http1_request_headers(const struct wf_http1_request *request)
{
    return (struct weft_headers){ request->headers, request->header_count };
}

static inline struct weft_headers wf_http1_response_headers(
    const struct wf_http1_response *response)
{
    return (struct weft_headers){ response->headers, response->header_count };
}

/* ---- parts of heads ---- */

/* RFC 9110 5.6.2; not empty. Also what a subprotocol must be (RFC 6455 4.1). */
bool wf_http1_is_token(struct weft_text text);

/* RFC 9110 5.5: may be empty; no control bytes but HTAB, no white space around it. */
bool wf_http1_is_field_value(struct weft_text text);

/* The visible characters of a request target: not empty, no space, control or byte above 0x7E. */
bool wf_http1_is_target(struct weft_text text);

/* Equal without regard to the case of ASCII letters. */
bool wf_http1_text_equals(struct weft_text text, const char *other);

/* Without the spaces and tabs around it. */
struct weft_text wf_http1_trim(struct weft_text text);

/* How many fields have this name. (The first one: weft_headers_find() of weft/http.h.) */
size_t wf_http1_count(struct weft_headers headers, const char *name);

/* Walks the elements of a comma-separated list (RFC 9110 5.6.1) through all fields of a name:
 *     struct wf_http1_list list = { .headers = headers, .name = "Connection" };
 *     while (wf_http1_list_next(&list, &element)) ...
 * Elements are trimmed, empty ones skipped, commas in quoted strings do not part. */
struct wf_http1_list {
    struct weft_headers headers;
    const char *name;
    const struct weft_header *header; /* NULL: before the first. */
    size_t at;
};
bool wf_http1_list_next(struct wf_http1_list *list, struct weft_text *element_out);

/* Whether that list has an element that equals `token` without regard to case.
 */
bool wf_http1_value_has_token(struct weft_text value,
                              const char *token); /* In one of the fields. */
bool wf_http1_list_has_token(struct weft_headers headers, const char *name, const char *token);

/* Content-Length (RFC 9110 8.6): digits only, once. False: broken, or over 2^63 - 1. */
bool wf_http1_content_length(struct weft_headers headers, bool *is_present_out,
                             uint64_t *bytes_out);

/* Walks Sec-WebSocket-Extensions (RFC 6455 9.1), or any list of that grammar, through all fields of
 * a name: each extension, then its parameters, then the next extension. Zero-filled but for headers
 * and name it is at the start. */
enum wf_http1_extension_item {
    WF_HTTP1_EXTENSION,       /* name */
    WF_HTTP1_EXTENSION_PARAM, /* name; value when value.data is not NULL */
    WF_HTTP1_EXTENSIONS_END,
    WF_HTTP1_EXTENSIONS_BROKEN /* And so again and again. */
};
enum { WF_HTTP1_EXTENSION_VALUE_MAX = 64 };
struct wf_http1_extensions {
    struct weft_headers headers;
    const char *name;
    const struct weft_header *header;
    size_t at;
    bool is_inside; /* Behind the name or a parameter of an extension. */
    bool is_broken;
    char value[WF_HTTP1_EXTENSION_VALUE_MAX]; /* Of a quoted value; a longer one is broken. */
};
/* The value stays valid until the next call. */
enum wf_http1_extension_item wf_http1_extensions_next(struct wf_http1_extensions *extensions,
                                                      struct weft_text *name_out,
                                                      struct weft_text *value_out);

#endif

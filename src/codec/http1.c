#include "codec/http1.h"

#include "codec/http1_chars.h"

/* RFC 9110 9.1 names no longest method; those in use have at most 17 characters. */
enum { METHOD_BYTES_MAX = 32 };

/* Which part of the head is being read: where it is when the bytes end, tells the status of a
 * limit. */
enum part { PART_METHOD, PART_TARGET, PART_STATUS_LINE, PART_FIELDS };

struct parser {
    const char *at;
    const char *end;
    enum part part;
    struct wf_http1_failure *failure;
};

#define TRY(step)                                                                                  \
    do {                                                                                           \
        enum wf_http1_result tried = (step);                                                       \
        if (tried != WF_HTTP1_DONE)                                                                \
            return tried;                                                                          \
    } while (0)

static enum wf_http1_result broken(struct parser *p, int status, const char *text, const char *rule)
{
    *p->failure = (struct wf_http1_failure){ status, text, rule };
    return WF_HTTP1_BROKEN;
}

static struct weft_text text_between(const char *first, const char *end)
{
    return (struct weft_text){ first, (size_t)(end - first) };
}

/* Exactly this text; a wrong byte is seen before the rest has come. */
static enum wf_http1_result expect(struct parser *p, const char *expected, const char *text,
                                   const char *rule)
{
    for (; *expected; expected++, p->at++) {
        if (p->at == p->end)
            return WF_HTTP1_NEEDS_MORE;
        if (*p->at != *expected)
            return broken(p, 400, text, rule);
    }
    return WF_HTTP1_DONE;
}

static enum wf_http1_result parse_line_end(struct parser *p)
{
    if (p->end - p->at >= 2 && p->at[0] == '\r' && p->at[1] == '\n') {
        p->at += 2;
        return WF_HTTP1_DONE;
    }
    return expect(p, "\r\n", "a line must end with CR LF", "RFC 9112 2.2");
}

/* Where the characters of a token end. */
static const char *token_end(const char *at, const char *end)
{
    while (at < end && wf_http1_is_token_char(*at))
        at++;
    return at;
}

/* Where the characters of a field's value end; eight at a time, as long as none is a control. */
static const char *value_end(const char *at, const char *end)
{
    const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        uint64_t is_delete = (word ^ ones * 0x7F) - ones;
        uint64_t is_control = word - ones * 0x20;
        if ((is_control | (is_delete & ~(word ^ ones * 0x7F))) & ~word & tops)
            break;
    }
    while (at < end && wf_http1_is_value_char(*at))
        at++;
    return at;
}

static enum wf_http1_result parse_version(struct parser *p, int *version_minor_out)
{
    TRY(expect(p, "HTTP/", "the HTTP version is not well-formed", "RFC 9112 2.3"));
    if (p->end - p->at < 3)
        return WF_HTTP1_NEEDS_MORE;
    char major = p->at[0], minor = p->at[2];
    if (major < '0' || major > '9' || p->at[1] != '.' || minor < '0' || minor > '9')
        return broken(p, 400, "the HTTP version is not well-formed", "RFC 9112 2.3");
    if (major != '1')
        return broken(p, 505, "only HTTP/1.x is spoken here", "RFC 9110 15.6.6");
    *version_minor_out = minor - '0';
    p->at += 3;
    return WF_HTTP1_DONE;
}

static enum wf_http1_result parse_method(struct parser *p, struct weft_text *method_out)
{
    const char *first = p->at;
    p->at = token_end(first, p->end);
    if (p->at - first > METHOD_BYTES_MAX)
        return broken(p, 501, "the method is too long", "RFC 9112 3");
    if (p->at == p->end)
        return WF_HTTP1_NEEDS_MORE;
    if (p->at == first || *p->at != ' ')
        return broken(p, 400, "the method is not a token followed by a space", "RFC 9112 3.1");
    *method_out = text_between(first, p->at++);
    return WF_HTTP1_DONE;
}

static enum wf_http1_result parse_target(struct parser *p, struct weft_text *target_out)
{
    const char *first = p->at;
    while (p->at < p->end && wf_http1_is_target_char(*p->at))
        p->at++;
    if (p->at == p->end)
        return WF_HTTP1_NEEDS_MORE;
    if (p->at == first || *p->at != ' ')
        return broken(p, 400, "the request target is not well-formed", "RFC 9112 3.2");
    *target_out = text_between(first, p->at++);
    return WF_HTTP1_DONE;
}

static enum wf_http1_result parse_request_line(struct parser *p, struct wf_http1_request *request)
{
    p->part = PART_METHOD;
    if (p->at < p->end && *p->at == '\r')
        TRY(parse_line_end(p));
    TRY(parse_method(p, &request->method));
    p->part = PART_TARGET;
    TRY(parse_target(p, &request->target));
    TRY(parse_version(p, &request->version_minor));
    return parse_line_end(p);
}

static enum wf_http1_result parse_status(struct parser *p, int *status_out)
{
    int status = 0;
    for (int digits = 0; digits < 3; digits++, p->at++) {
        if (p->at == p->end)
            return WF_HTTP1_NEEDS_MORE;
        if (*p->at < '0' || *p->at > '9')
            return broken(p, 400, "the status code is not three digits", "RFC 9112 4");
        status = status * 10 + (*p->at - '0');
    }
    if (status < 100)
        return broken(p, 400, "the status code is below 100", "RFC 9110 15");
    *status_out = status;
    return WF_HTTP1_DONE;
}

/* RFC 9112 4 wants a space behind the code even without a reason; servers that leave it out are
 * many. */
static enum wf_http1_result parse_status_line(struct parser *p, struct wf_http1_response *response)
{
    p->part = PART_STATUS_LINE;
    TRY(parse_version(p, &response->version_minor));
    TRY(expect(p, " ", "no space behind the HTTP version", "RFC 9112 4"));
    TRY(parse_status(p, &response->status));
    if (p->at == p->end)
        return WF_HTTP1_NEEDS_MORE;
    response->reason = text_between(p->at, p->at);
    if (*p->at == ' ') {
        const char *first = ++p->at;
        p->at = value_end(first, p->end);
        response->reason = wf_http1_trim(text_between(first, p->at));
    }
    return parse_line_end(p);
}

static enum wf_http1_result parse_name(struct parser *p, struct weft_text *name_out)
{
    const char *first = p->at;
    p->at = token_end(first, p->end);
    if (p->at == p->end)
        return WF_HTTP1_NEEDS_MORE;
    if (*p->at != ':') {
        if (*p->at == ' ' || *p->at == '\t')
            return broken(p, 400, "white space before the colon of a header field", "RFC 9112 5.1");
        return broken(p, 400, "the name of a header field is not a token", "RFC 9112 5.1");
    }
    if (p->at == first)
        return broken(p, 400, "a header field has no name", "RFC 9112 5.1");
    *name_out = text_between(first, p->at++);
    return WF_HTTP1_DONE;
}

static enum wf_http1_result parse_value(struct parser *p, struct weft_text *value_out)
{
    const char *first = p->at;
    p->at = value_end(first, p->end);
    if (p->at == p->end)
        return WF_HTTP1_NEEDS_MORE;
    if (*p->at != '\r' && *p->at != '\n')
        return broken(p, 400, "a control byte in a header field", "RFC 9110 5.5");
    *value_out = wf_http1_trim(text_between(first, p->at));
    return parse_line_end(p);
}

/* The fields and the empty line behind them. */
static enum wf_http1_result parse_fields(struct parser *p, struct weft_header *headers,
                                         size_t count_max, size_t *count_out)
{
    p->part = PART_FIELDS;
    for (size_t count = 0;; count++) {
        if (p->at == p->end)
            return WF_HTTP1_NEEDS_MORE;
        if (*p->at == '\r') {
            *count_out = count;
            return parse_line_end(p);
        }
        if (*p->at == ' ' || *p->at == '\t')
            return broken(p, 400, "a line begins with white space",
                          count ? "RFC 9112 5.2" : "RFC 9112 2.2");
        if (*p->at == '\n')
            return parse_line_end(p);
        if (count == count_max)
            return broken(p, 431, "too many header fields", "RFC 6585 5");
        TRY(parse_name(p, &headers[count].name));
        TRY(parse_value(p, &headers[count].value));
    }
}

/* The head is longer than bytes_max. */
static enum wf_http1_result too_long(struct parser *p)
{
    switch (p->part) {
    case PART_METHOD:
        return broken(p, 501, "the method is too long", "RFC 9112 3");
    case PART_TARGET:
        return broken(p, 414, "the request target is too long", "RFC 9112 3");
    case PART_STATUS_LINE:
    case PART_FIELDS:
    default:
        return broken(p, 431, "the head is too long", "RFC 6585 5");
    }
}

/* Whether what came since the last look can change the answer: only the end of a line, or a byte
 * that is nowhere legal. The number of whole looks is so bounded by the number of lines. */
static bool has_news(struct weft_bytes input, size_t previous_count)
{
    if (previous_count == 0)
        return true;
    for (size_t at = previous_count; at < input.count; at++)
        if (input.data[at] < 0x20 && input.data[at] != '\t' && input.data[at] != '\r')
            return true;
    return false;
}

static struct parser parser_of(struct weft_bytes input, struct wf_http1_failure *failure)
{
    const char *first = (const char *)input.data;
    return (struct parser){ .at = first,
                            .end = input.count ? first + input.count : first,
                            .failure = failure };
}

/* What a parse of the first bytes_max bytes says of the whole input. */
static enum wf_http1_result with_limit(struct parser *p, enum wf_http1_result result,
                                       struct weft_bytes input, size_t bytes_max,
                                       size_t *head_bytes_out)
{
    if (result == WF_HTTP1_DONE)
        *head_bytes_out = (size_t)(p->at - (const char *)input.data);
    if (result == WF_HTTP1_NEEDS_MORE && input.count >= bytes_max)
        return too_long(p);
    return result;
}

static struct weft_bytes first_bytes(struct weft_bytes input, size_t bytes_max)
{
    return (struct weft_bytes){ input.data, input.count < bytes_max ? input.count : bytes_max };
}

enum wf_http1_result wf_http1_parse_request(struct weft_bytes input, size_t previous_count,
                                            const struct wf_http1_limits *limits,
                                            struct wf_http1_request *request,
                                            struct wf_http1_failure *failure_out)
{
    if (input.count < limits->bytes_max && !has_news(input, previous_count))
        return WF_HTTP1_NEEDS_MORE;
    input = first_bytes(input, limits->bytes_max);
    struct parser p = parser_of(input, failure_out);
    enum wf_http1_result result = parse_request_line(&p, request);
    if (result == WF_HTTP1_DONE)
        result = parse_fields(&p, request->headers, limits->count_max, &request->header_count);
    return with_limit(&p, result, input, limits->bytes_max, &request->head_bytes);
}

enum wf_http1_result wf_http1_parse_response(struct weft_bytes input, size_t previous_count,
                                             const struct wf_http1_limits *limits,
                                             struct wf_http1_response *response,
                                             struct wf_http1_failure *failure_out)
{
    if (input.count < limits->bytes_max && !has_news(input, previous_count))
        return WF_HTTP1_NEEDS_MORE;
    input = first_bytes(input, limits->bytes_max);
    struct parser p = parser_of(input, failure_out);
    enum wf_http1_result result = parse_status_line(&p, response);
    if (result == WF_HTTP1_DONE)
        result = parse_fields(&p, response->headers, limits->count_max, &response->header_count);
    return with_limit(&p, result, input, limits->bytes_max, &response->head_bytes);
}

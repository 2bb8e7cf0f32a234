#include "client/proxy_http.h"

#include "codec/http1.h"

#include <stdio.h>

enum { PORT_BYTES_MAX = 6 };

static char *put(char *at, struct weft_text text)
{
    if (text.count)
        memcpy(at, text.data, text.count);
    return at + text.count;
}

char *wf_proxy_http_write(const struct weft_allocator *allocator, struct weft_text host,
                          uint16_t port, struct weft_text authorization, size_t *bytes_out)
{
    enum { FIXED_BYTES_MAX = 80 };
    bool is_v6 = host.count && memchr(host.data, ':', host.count) != NULL;
    size_t authority_max = host.count + 2 + PORT_BYTES_MAX + 1;
    char *text = wf_alloc(allocator, FIXED_BYTES_MAX + 2 * authority_max + authorization.count);
    if (!text)
        return NULL;
    /* Host is the target's, as in any request (RFC 9112 3.2). */
    char *at = put(text, WEFT_TEXT_LITERAL("CONNECT "));
    char *authority = at;
    at = put(at, weft_text_of(is_v6 ? "[" : ""));
    at = put(at, host);
    at += snprintf(at, PORT_BYTES_MAX + 2, "%s:%u", is_v6 ? "]" : "", (unsigned)port);
    size_t authority_bytes = (size_t)(at - authority);
    at = put(at, WEFT_TEXT_LITERAL(" HTTP/1.1\r\nHost: "));
    at = put(at, (struct weft_text){ authority, authority_bytes });
    if (authorization.count) {
        at = put(at, WEFT_TEXT_LITERAL("\r\nProxy-Authorization: "));
        at = put(at, authorization);
    }
    at = put(at, WEFT_TEXT_LITERAL("\r\n\r\n"));
    *bytes_out = (size_t)(at - text);
    return text;
}

/* The phrase is the proxy's: what is not ASCII is shown as '?'. */
static void tell_status(const struct wf_http1_response *response, struct wf_proxy_refusal *refusal)
{
    int count = snprintf(refusal->text, sizeof refusal->text, "%d %.*s", response->status,
                         (int)(response->reason.count < 64 ? response->reason.count : 64),
                         response->reason.count ? response->reason.data : "");
    for (int i = 0; i < count; i++)
        if ((unsigned char)refusal->text[i] < ' ' || (unsigned char)refusal->text[i] > '~')
            refusal->text[i] = '?';
    if (response->reason.count == 0 && count > 0)
        refusal->text[count - 1] = '\0';
    refusal->http_status = response->status;
}

static enum wf_proxy_step fail(struct wf_proxy_refusal *refusal, weft_status status,
                               const char *text)
{
    refusal->status = status;
    snprintf(refusal->text, sizeof refusal->text, "%s", text);
    return WF_PROXY_STEP_FAILED;
}

/* RFC 9110 9.3.6: any 2xx is a tunnel, behind the head at once, whatever lengths it speaks of. */
static enum wf_proxy_step judge(const struct wf_http1_response *response,
                                struct wf_proxy_refusal *refusal)
{
    if (response->status >= 200 && response->status < 300)
        return WF_PROXY_STEP_DONE;
    tell_status(response, refusal);
    /* RFC 9110 15.6.3, 15.6.5: it has tried. */
    refusal->status =
        response->status == 502 || response->status == 504 ? WEFT_ERR_SYSTEM : WEFT_ERR_REFUSED;
    return WF_PROXY_STEP_FAILED;
}

static enum wf_proxy_step too_long(struct wf_proxy_refusal *refusal)
{
    return fail(refusal, WEFT_ERR_LIMIT, "an answer that is too long");
}

enum wf_proxy_step wf_proxy_http_read(struct wf_proxy_http *reading, struct weft_bytes bytes,
                                      size_t *used_out, struct wf_proxy_refusal *refusal_out)
{
    struct weft_header headers[WF_PROXY_HTTP_HEADERS_MAX];
    struct wf_http1_response response = { .headers = headers };
    struct wf_http1_failure failure;
    *used_out = 0;
    *refusal_out = (struct wf_proxy_refusal){ 0 };
    for (;;) {
        struct wf_http1_limits limits = {
            .bytes_max = WF_PROXY_HTTP_ANSWER_BYTES_MAX - reading->skipped_bytes,
            .count_max = WF_PROXY_HTTP_HEADERS_MAX,
        };
        struct weft_bytes rest = { bytes.data + *used_out, bytes.count - *used_out };
        enum wf_http1_result result =
            rest.count
                ? wf_http1_parse_response(rest, reading->seen_bytes, &limits, &response, &failure)
                : WF_HTTP1_NEEDS_MORE;
        if (result == WF_HTTP1_NEEDS_MORE) {
            reading->seen_bytes = rest.count;
            return WF_PROXY_STEP_MORE;
        }
        if (result == WF_HTTP1_BROKEN && failure.status == 431)
            return too_long(refusal_out);
        if (result == WF_HTTP1_BROKEN)
            return fail(refusal_out, WEFT_ERR_PROTOCOL, "no HTTP answer");
        *used_out += response.head_bytes;
        reading->seen_bytes = 0;
        if (response.status >= 200)
            return judge(&response, refusal_out);
        /* RFC 9110 15.2: interim answers are skipped, but not without end. */
        reading->skipped_bytes += response.head_bytes;
        if (reading->skipped_bytes >= WF_PROXY_HTTP_ANSWER_BYTES_MAX)
            return too_long(refusal_out);
    }
}

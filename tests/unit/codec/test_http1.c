#include "codec/http1.h"

#include "support/cases.h"
#include "support/guard_page.h"

enum { HEADERS_MAX = 8, BYTES_MAX = 512 };

static const struct wf_http1_limits limits = { .bytes_max = BYTES_MAX, .count_max = HEADERS_MAX };

/* What a parse says, of requests and responses alike. */
struct outcome {
    enum wf_http1_result result;
    size_t head_bytes;
    struct wf_http1_failure failure;
    struct weft_headers headers;
    struct weft_header items[HEADERS_MAX];
    struct wf_http1_request request;
    struct wf_http1_response response;
};

static enum wf_http1_result parse(bool is_request, struct weft_bytes input, size_t previous_count,
                                  struct outcome *out)
{
    *out = (struct outcome){ 0 };
    out->request.headers = out->response.headers = out->items;
    if (is_request) {
        out->result =
            wf_http1_parse_request(input, previous_count, &limits, &out->request, &out->failure);
        out->headers = wf_http1_request_headers(&out->request);
        out->head_bytes = out->request.head_bytes;
    } else {
        out->result =
            wf_http1_parse_response(input, previous_count, &limits, &out->response, &out->failure);
        out->headers = wf_http1_response_headers(&out->response);
        out->head_bytes = out->response.head_bytes;
    }
    return out->result;
}

/* As parse(), at the edge of a page. The texts of the outcome must not be looked at. */
static enum wf_http1_result parse_at_edge(bool is_request, struct weft_bytes input, size_t count,
                                          size_t previous_count, struct outcome *out)
{
    uint8_t *placed = guard_page_place(input.data, count);
    enum wf_http1_result result =
        parse(is_request, (struct weft_bytes){ placed, count }, previous_count, out);
    guard_page_free(placed, count);
    return result;
}

static void assert_text(struct weft_text text, const char *expected)
{
    assert_int_equal(text.count, strlen(expected));
    assert_memory_equal(text.data, expected, text.count);
}

/* ---- heads that are right ---- */

static const struct {
    const char *name;
    struct weft_bytes input;
    const char *method, *target;
    int version_minor;
    const char *headers; /* "name=value|name=value|" */
} requests[] = {
    { "shortest", BYTES_OF("G / HTTP/1.1\r\n\r\n"), "G", "/", 1, "" },
    { "no fields, 1.0", BYTES_OF("GET / HTTP/1.0\r\n\r\n"), "GET", "/", 0, "" },
    { "one empty line before", BYTES_OF("\r\nGET / HTTP/1.1\r\n\r\n"), "GET", "/", 1, "" },
    { "a handshake",
      BYTES_OF("GET /chat?room=1 HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n"
               "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n"),
      "GET", "/chat?room=1", 1,
      "Host=server.example.com|Upgrade=websocket|Connection=keep-alive, "
      "Upgrade|Sec-WebSocket-Version=13|" },
    { "white space around values",
      BYTES_OF("GET / HTTP/1.1\r\na:b\r\nc: \t d e\t \r\nf:\r\ng: \r\n\r\n"), "GET", "/", 1,
      "a=b|c=d e|f=|g=|" },
    { "a tab inside a value", BYTES_OF("GET / HTTP/1.1\r\na: b\tc\r\n\r\n"), "GET", "/", 1,
      "a=b\tc|" },
    { "obs-text", BYTES_OF("GET / HTTP/1.1\r\na: \x80\xFF\r\n\r\n"), "GET", "/", 1, "a=\x80\xFF|" },
    { "colons in a value", BYTES_OF("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), "GET", "/", 1,
      "Host=[::1]:80|" },
    { "every kind of token character",
      BYTES_OF("M!#$%&'*+-.^_`|~9z / HTTP/1.1\r\n!#$%&'*+-.^_`|~9Z: x\r\n\r\n"),
      "M!#$%&'*+-.^_`|~9z", "/", 1, "!#$%&'*+-.^_`|~9Z=x|" },
    { "absolute form", BYTES_OF("GET http://h/x HTTP/1.1\r\n\r\n"), "GET", "http://h/x", 1, "" },
    { "asterisk", BYTES_OF("OPTIONS * HTTP/1.1\r\n\r\n"), "OPTIONS", "*", 1, "" },
    { "1.9", BYTES_OF("GET / HTTP/1.9\r\n\r\n"), "GET", "/", 9, "" },
    { "as many fields as there may be",
      BYTES_OF("GET / HTTP/1.1\r\na:1\r\na:2\r\na:3\r\na:4\r\na:5\r\na:6\r\na:7\r\na:8\r\n\r\n"),
      "GET", "/", 1, "a=1|a=2|a=3|a=4|a=5|a=6|a=7|a=8|" },
    { "a method of 32", BYTES_OF("ABCDEFGHABCDEFGHABCDEFGHABCDEFGH / HTTP/1.1\r\n\r\n"),
      "ABCDEFGHABCDEFGHABCDEFGHABCDEFGH", "/", 1, "" },
};

static void assert_headers(struct weft_headers headers, const char *expected)
{
    char line[512] = "";
    for (size_t i = 0; i < headers.count; i++) {
        strncat(line, headers.items[i].name.data, headers.items[i].name.count);
        strcat(line, "=");
        strncat(line, headers.items[i].value.data, headers.items[i].value.count);
        strcat(line, "|");
    }
    assert_string_equal(line, expected);
}

/* Every shorter prefix asks for more, at the edge of a page, from nothing and from the prefix
 * before. */
static void check_prefixes(bool is_request, struct weft_bytes input)
{
    struct outcome out;
    for (size_t count = 0; count < input.count; count++) {
        assert_int_equal(parse_at_edge(is_request, input, count, 0, &out), WF_HTTP1_NEEDS_MORE);
        for (size_t previous = count > 5 ? count - 5 : 0; previous < count; previous++)
            assert_int_equal(parse_at_edge(is_request, input, count, previous, &out),
                             WF_HTTP1_NEEDS_MORE);
    }
    for (size_t previous = 0; previous < input.count; previous++)
        assert_int_equal(parse_at_edge(is_request, input, input.count, previous, &out),
                         WF_HTTP1_DONE);
}

/* What follows a head is not looked at. */
static void check_rest(bool is_request, struct weft_bytes input)
{
    uint8_t bytes[BYTES_MAX + 2];
    struct outcome out;
    memcpy(bytes, input.data, input.count);
    memcpy(bytes + input.count, "\n\0", 2);
    assert_int_equal(parse(is_request, (struct weft_bytes){ bytes, input.count + 2 }, 0, &out),
                     WF_HTTP1_DONE);
    assert_int_equal(out.head_bytes, input.count);
}

static void good_requests(void **state)
{
    (void)state;
    for_each_case(c, requests)
    {
        struct outcome out;
        assert_int_equal(parse(true, c->input, 0, &out), WF_HTTP1_DONE);
        assert_int_equal(out.head_bytes, c->input.count);
        assert_text(out.request.method, c->method);
        assert_text(out.request.target, c->target);
        assert_int_equal(out.request.version_minor, c->version_minor);
        assert_headers(out.headers, c->headers);
        check_prefixes(true, c->input);
        check_rest(true, c->input);
    }
}

static const struct {
    const char *name;
    struct weft_bytes input;
    int version_minor, status;
    const char *reason;
    const char *headers;
} responses[] = {
    { "101", BYTES_OF("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"), 1, 101,
      "Switching Protocols", "Upgrade=websocket|" },
    { "no reason", BYTES_OF("HTTP/1.1 404 \r\n\r\n"), 1, 404, "", "" },
    { "no reason and no space", BYTES_OF("HTTP/1.0 200\r\n\r\n"), 0, 200, "", "" },
    { "reason that is not ASCII", BYTES_OF("HTTP/1.1 200 \xC3\xA9\t!\r\na: b\r\n\r\n"), 1, 200,
      "\xC3\xA9\t!", "a=b|" },
    { "highest status", BYTES_OF("HTTP/1.1 999 x\r\n\r\n"), 1, 999, "x", "" },
};

static void good_responses(void **state)
{
    (void)state;
    for_each_case(c, responses)
    {
        struct outcome out;
        assert_int_equal(parse(false, c->input, 0, &out), WF_HTTP1_DONE);
        assert_int_equal(out.head_bytes, c->input.count);
        assert_int_equal(out.response.version_minor, c->version_minor);
        assert_int_equal(out.response.status, c->status);
        assert_text(out.response.reason, c->reason);
        assert_headers(out.headers, c->headers);
        check_prefixes(false, c->input);
        check_rest(false, c->input);
    }
}

/* ---- heads that are wrong ---- */

#define LINE "GET / HTTP/1.1\r\n"

/* The last byte of each is the one that cannot be there: all before it asks for more. */
static const struct {
    const char *name;
    struct weft_bytes input;
    int status;
    const char *rule;
} broken_requests[] = {
    { "no method", BYTES_OF(" "), 400, "RFC 9112 3.1" },
    { "control in the method", BYTES_OF("GE\x01"), 400, "RFC 9112 3.1" },
    { "TLS instead of HTTP", BYTES_OF("\x16"), 400, "RFC 9112 3.1" },
    { "colon in the method", BYTES_OF("GET:"), 400, "RFC 9112 3.1" },
    { "tab behind the method", BYTES_OF("GET\t"), 400, "RFC 9112 3.1" },
    { "not ASCII in the method", BYTES_OF("GET\xC3"), 400, "RFC 9112 3.1" },
    { "line end behind the method", BYTES_OF("GET\r"), 400, "RFC 9112 3.1" },
    { "two empty lines before", BYTES_OF("\r\n\r"), 400, "RFC 9112 3.1" },
    { "LF before", BYTES_OF("\n"), 400, "RFC 9112 3.1" },
    { "CR before", BYTES_OF("\rG"), 400, "RFC 9112 2.2" },
    { "method of 33", BYTES_OF("ABCDEFGHABCDEFGHABCDEFGHABCDEFGHA"), 501, "RFC 9112 3" },
    { "no target", BYTES_OF("GET  "), 400, "RFC 9112 3.2" },
    { "tab in the target", BYTES_OF("GET /\t"), 400, "RFC 9112 3.2" },
    { "zero in the target", BYTES_OF("GET /\0"), 400, "RFC 9112 3.2" },
    { "DEL in the target", BYTES_OF("GET /\x7F"), 400, "RFC 9112 3.2" },
    { "not ASCII in the target", BYTES_OF("GET /\xC3"), 400, "RFC 9112 3.2" },
    { "HTTP/0.9", BYTES_OF("GET /\r"), 400, "RFC 9112 3.2" },
    { "HTTP/0.9 with LF", BYTES_OF("GET /\n"), 400, "RFC 9112 3.2" },
    { "two spaces before the version", BYTES_OF("GET /  "), 400, "RFC 9112 2.3" },
    { "space in the target", BYTES_OF("GET /a b"), 400, "RFC 9112 2.3" },
    { "lower case version", BYTES_OF("GET / h"), 400, "RFC 9112 2.3" },
    { "other protocol", BYTES_OF("GET / HTTPS"), 400, "RFC 9112 2.3" },
    { "HTTP/2.0", BYTES_OF("GET / HTTP/2.0"), 505, "RFC 9110 15.6.6" },
    { "HTTP/2's preface", BYTES_OF("PRI * HTTP/2.0"), 505, "RFC 9110 15.6.6" },
    { "HTTP/0.9, said", BYTES_OF("GET / HTTP/0.9"), 505, "RFC 9110 15.6.6" },
    { "HTTP/1.x", BYTES_OF("GET / HTTP/1.x"), 400, "RFC 9112 2.3" },
    { "HTTP/1,1", BYTES_OF("GET / HTTP/1,1"), 400, "RFC 9112 2.3" },
    { "HTTP/11.1", BYTES_OF("GET / HTTP/11."), 400, "RFC 9112 2.3" },
    { "HTTP/1.10", BYTES_OF("GET / HTTP/1.10"), 400, "RFC 9112 2.2" },
    { "space behind the version", BYTES_OF("GET / HTTP/1.1 "), 400, "RFC 9112 2.2" },
    { "bare LF", BYTES_OF("GET / HTTP/1.1\n"), 400, "RFC 9112 2.2" },
    { "bare CR", BYTES_OF("GET / HTTP/1.1\rH"), 400, "RFC 9112 2.2" },
    { "white space before the first field", BYTES_OF(LINE " "), 400, "RFC 9112 2.2" },
    { "obs-fold", BYTES_OF(LINE "a: b\r\n "), 400, "RFC 9112 5.2" },
    { "obs-fold with a tab", BYTES_OF(LINE "a: b\r\n\t"), 400, "RFC 9112 5.2" },
    { "no name", BYTES_OF(LINE ":"), 400, "RFC 9112 5.1" },
    { "space before the colon", BYTES_OF(LINE "a "), 400, "RFC 9112 5.1" },
    { "tab before the colon", BYTES_OF(LINE "a\t"), 400, "RFC 9112 5.1" },
    { "line without a colon", BYTES_OF(LINE "a\r"), 400, "RFC 9112 5.1" },
    { "line without a colon, LF", BYTES_OF(LINE "a\n"), 400, "RFC 9112 5.1" },
    { "control in a name", BYTES_OF(LINE "a\x1F"), 400, "RFC 9112 5.1" },
    { "not ASCII in a name", BYTES_OF(LINE "a\x80"), 400, "RFC 9112 5.1" },
    { "bracket in a name", BYTES_OF(LINE "a("), 400, "RFC 9112 5.1" },
    { "zero in a value", BYTES_OF(LINE "a: b\0"), 400, "RFC 9110 5.5" },
    { "control in a value", BYTES_OF(LINE "a: b\x0B"), 400, "RFC 9110 5.5" },
    { "DEL in a value", BYTES_OF(LINE "a:\x7F"), 400, "RFC 9110 5.5" },
    { "bare LF behind a value", BYTES_OF(LINE "a: b\n"), 400, "RFC 9112 2.2" },
    { "bare CR in a value", BYTES_OF(LINE "a: b\rc"), 400, "RFC 9112 2.2" },
    { "two CR behind a value", BYTES_OF(LINE "a: b\r\r"), 400, "RFC 9112 2.2" },
    { "bare LF as empty line", BYTES_OF(LINE "a: b\r\n\n"), 400, "RFC 9112 2.2" },
    { "bare CR as empty line", BYTES_OF(LINE "a: b\r\n\ra"), 400, "RFC 9112 2.2" },
    { "too many fields", BYTES_OF(LINE "a:1\r\na:2\r\na:3\r\na:4\r\na:5\r\na:6\r\na:7\r\na:8\r\na"),
      431, "RFC 6585 5" },
};

static void broken_requests_fail_at_the_first_wrong_byte(void **state)
{
    (void)state;
    for_each_case(c, broken_requests)
    {
        struct outcome out;
        assert_int_equal(parse_at_edge(true, c->input, c->input.count, 0, &out), WF_HTTP1_BROKEN);
        assert_int_equal(out.failure.status, c->status);
        assert_string_equal(out.failure.rule, c->rule);
        assert_true(strlen(out.failure.text) > 0);
        assert_null(strchr(out.failure.text, '\n'));
        /* A version is looked at as a whole. */
        bool is_version = strcmp(c->rule, "RFC 9112 2.3") == 0 || c->status == 505;
        for (size_t count = 0; count < c->input.count - (is_version ? 3 : 0); count++)
            assert_int_equal(parse_at_edge(true, c->input, count, 0, &out), WF_HTTP1_NEEDS_MORE);
    }
}

static const struct {
    const char *name;
    struct weft_bytes input;
} broken_responses[] = {
    { "other protocol", BYTES_OF("SSH-2.0") },
    { "HTTP/2", BYTES_OF("HTTP/2.0 200 OK\r\n\r\n") },
    { "HTTP/2 without minor", BYTES_OF("HTTP/2 200 OK\r\n\r\n") },
    { "empty line before", BYTES_OF("\r\nHTTP/1.1 200 OK\r\n\r\n") },
    { "two spaces", BYTES_OF("HTTP/1.1  200 OK\r\n\r\n") },
    { "tab", BYTES_OF("HTTP/1.1\t200 OK\r\n\r\n") },
    { "two digits", BYTES_OF("HTTP/1.1 20 OK\r\n\r\n") },
    { "four digits", BYTES_OF("HTTP/1.1 2000 OK\r\n\r\n") },
    { "below 100", BYTES_OF("HTTP/1.1 099 OK\r\n\r\n") },
    { "letters", BYTES_OF("HTTP/1.1 abc OK\r\n\r\n") },
    { "control in the reason", BYTES_OF("HTTP/1.1 200 O\x01K\r\n\r\n") },
    { "bare LF behind the reason", BYTES_OF("HTTP/1.1 200 OK\n\n") },
    { "bare CR in the reason", BYTES_OF("HTTP/1.1 200 O\rK\r\n\r\n") },
    { "space before a colon", BYTES_OF("HTTP/1.1 200 OK\r\na : b\r\n\r\n") },
};

static void broken_responses_are_refused(void **state)
{
    (void)state;
    for_each_case(c, broken_responses)
    {
        struct outcome out;
        assert_int_equal(parse_at_edge(false, c->input, c->input.count, 0, &out), WF_HTTP1_BROKEN);
        assert_non_null(out.failure.text);
        assert_non_null(out.failure.rule);
    }
}

/* ---- limits ---- */

static const struct {
    const char *name;
    const char *start;
    char filler;
    int status;
} long_heads[] = {
    { "target", "GET /", 'a', 414 },
    { "name", LINE, 'a', 431 },
    { "value", LINE "a: ", 'a', 431 },
    { "white space of a value", LINE "a:", ' ', 431 },
};

static void a_head_over_the_limit_is_refused_as_what_is_too_long(void **state)
{
    (void)state;
    for_each_case(c, long_heads)
    {
        uint8_t bytes[BYTES_MAX + 100];
        size_t count = strlen(c->start);
        memset(bytes, c->filler, sizeof bytes);
        memcpy(bytes, c->start, count);
        struct outcome out;
        for (count++; count < BYTES_MAX; count++)
            assert_int_equal(
                parse_at_edge(true, (struct weft_bytes){ bytes, count }, count, count - 1, &out),
                WF_HTTP1_NEEDS_MORE);
        for (; count < sizeof bytes; count += 33) {
            struct weft_bytes input = { bytes, count };
            assert_int_equal(parse_at_edge(true, input, count, 0, &out), WF_HTTP1_BROKEN);
            assert_int_equal(out.failure.status, c->status);
            assert_int_equal(parse_at_edge(true, input, count, count - 1, &out), WF_HTTP1_BROKEN);
            assert_int_equal(out.failure.status, c->status);
        }
    }
}

static void a_head_of_just_the_limit_is_taken(void **state)
{
    (void)state;
    for (int over = 0; over <= 1; over++) {
        uint8_t bytes[BYTES_MAX + 1];
        memset(bytes, 'a', sizeof bytes);
        memcpy(bytes, LINE "a:", strlen(LINE "a:"));
        memcpy(bytes + BYTES_MAX + over - 4, "\r\n\r\n", 4);
        struct outcome out;
        enum wf_http1_result result =
            parse(true, (struct weft_bytes){ bytes, (size_t)(BYTES_MAX + over) }, 0, &out);
        assert_int_equal(result, over ? WF_HTTP1_BROKEN : WF_HTTP1_DONE);
        if (over)
            assert_int_equal(out.failure.status, 431);
    }
}

static void wrong_bytes_are_seen_when_they_come_one_by_one(void **state)
{
    (void)state;
    for_each_case(c, broken_requests)
    {
        struct outcome out;
        enum wf_http1_result result = WF_HTTP1_NEEDS_MORE;
        uint8_t bytes[BYTES_MAX];
        memcpy(bytes, c->input.data, c->input.count);
        memcpy(bytes + c->input.count, "xxx\r\n\r\n", 7);
        size_t count = 0;
        for (; count < c->input.count + 7 && result == WF_HTTP1_NEEDS_MORE; count++)
            result = parse(true, (struct weft_bytes){ bytes, count + 1 }, count, &out);
        assert_int_equal(result, WF_HTTP1_BROKEN);
        assert_int_equal(out.failure.status, c->status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_requests),
        cmocka_unit_test(good_responses),
        cmocka_unit_test(broken_requests_fail_at_the_first_wrong_byte),
        cmocka_unit_test(broken_responses_are_refused),
        cmocka_unit_test(a_head_over_the_limit_is_refused_as_what_is_too_long),
        cmocka_unit_test(a_head_of_just_the_limit_is_taken),
        cmocka_unit_test(wrong_bytes_are_seen_when_they_come_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

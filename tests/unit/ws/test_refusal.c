#include "ws/refusal.h"

#include "support/engine_probe.h"
#include "support/fault_alloc.h"
#include "ws/state.h"

#include <stdlib.h>

struct refusal_case {
    const char *name;
    const char *answer;
    bool needs_end; /* Only the end of the connection is the end of the body. */
    int status;
    const char *body;
    bool is_truncated;
};

#define HEAD(status) "HTTP/1.1 " status "\r\n"
#define CHUNKED      "Transfer-Encoding: chunked\r\n\r\n"

static const struct refusal_case cases[] = {
    { "a length", HEAD("403 Forbidden") "Content-Length: 5\r\n\r\nhello", false, 403, "hello",
      false },
    { "more than the length", HEAD("403 Forbidden") "Content-Length: 5\r\n\r\nhello!", false, 403,
      "hello", false },
    { "a length of 0", HEAD("401 No") "Content-Length: 0\r\n\r\n", false, 401, "", false },
    { "no length", HEAD("200 OK") "\r\nhello", true, 200, "hello", false },
    { "no body at all", HEAD("404 Not Found") "\r\n", true, 404, "", false },
    { "a redirect", HEAD("302 Found") "Location: /\r\nContent-Length: 0\r\n\r\n", false, 302, "",
      false },
    { "204", HEAD("204 No Content") "\r\n", false, 204, "", false },
    { "304 with a length", HEAD("304 Not Modified") "Content-Length: 5\r\n\r\n", false, 304, "",
      false },
    { "behind an interim answer",
      HEAD("100 Continue") "\r\n" HEAD("500 No") "Content-Length: 1\r\n\r\nx", false, 500, "x",
      false },
    { "chunks", HEAD("400 No") CHUNKED "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", false, 400, "hello!",
      false },
    { "chunks with extensions", HEAD("400 No") CHUNKED "5;a=b\r\nhello\r\n0;c\r\n\r\n", false, 400,
      "hello", false },
    { "chunks in hexadecimal",
      HEAD("400 No") CHUNKED "0A\r\n0123456789\r\nb\r\n01234567890\r\n0\r\n\r\n", false, 400,
      "012345678901234567890", false },
    { "no chunks", HEAD("400 No") CHUNKED "0\r\n\r\n", false, 400, "", false },
    { "another coding", HEAD("400 No") "Transfer-Encoding: gzip\r\n\r\nxyz", true, 400, "xyz",
      false },
    { "a length that is none", HEAD("400 No") "Content-Length: x\r\n\r\nxyz", true, 400, "xyz",
      false },

    { "cut before the length", HEAD("403 No") "Content-Length: 9\r\n\r\nhello", true, 403, "hello",
      true },
    { "cut in a chunk", HEAD("403 No") CHUNKED "9\r\nhello", true, 403, "hello", true },
    { "over the limit",
      HEAD("403 No") "Content-Length: 40\r\n\r\n0123456789012345678901234567890123456789", false,
      403, "012345678901234567890123456789", true },
    { "over the limit in chunks",
      HEAD("403 No") CHUNKED "14\r\n01234567890123456789\r\n14\r\n01234567890123456789", false, 403,
      "012345678901234567890123456789", true },
    { "over the limit without a length",
      HEAD("403 No") "\r\n0123456789012345678901234567890123456789", false, 403,
      "012345678901234567890123456789", true },
    { "as long as the limit",
      HEAD("403 No") "Content-Length: 30\r\n\r\n012345678901234567890123456789", false, 403,
      "012345678901234567890123456789", false },
    { "a chunk of 2^64", HEAD("403 No") CHUNKED "10000000000000000\r\n", false, 403, "", true },
};

static const struct weft_engine_options small = { .limits = { .answer_body_max = 30 } };

static void check(struct probe *probe, const struct refusal_case *c)
{
    if (c->needs_end) {
        assert_string_equal(probe->events, "");
        probe_feed_end(probe);
    }
    assert_string_equal(probe->events, "failed:handshake/0 ");
    assert_int_equal(probe->failure.status, WEFT_ERR_REFUSED);
    const struct weft_http_answer *http = &probe->failure.http;
    assert_int_equal(http->status, c->status);
    assert_int_equal(http->body.count, strlen(c->body));
    if (http->body.count)
        assert_memory_equal(http->body.data, c->body, http->body.count);
    assert_int_equal(http->body_truncated, c->is_truncated);
    assert_true(weft_engine_wants_end(probe->engine));
    probe_destroy(probe);
}

static void bodies_end_where_they_should_however_they_are_cut(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        struct weft_bytes answer = weft_bytes_of(weft_text_of(c->answer));
        for (size_t cut = 0; cut <= answer.count; cut++) {
            struct probe *probe = probe_create(WEFT_CLIENT, &small);
            probe_feed_cut(probe, answer, cut);
            check(probe, c);
        }
        struct probe *probe = probe_create(WEFT_CLIENT, &small);
        probe_feed_by(probe, answer, 1);
        check(probe, c);
    }
}

static void the_refusal_is_shown(void **state)
{
    (void)state;
    struct probe *probe = probe_create(WEFT_CLIENT, NULL);
    probe_feed(probe, (struct weft_bytes)BYTES_OF(
                          "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n"
                          "Content-Length: 0\r\n\r\n"));
    const struct weft_http_answer *http = &probe->failure.http;
    assert_int_equal(http->headers.count, 2);
    const struct weft_header *header = weft_headers_find(http->headers, "www-authenticate", NULL);
    assert_non_null(header);
    assert_memory_equal(header->value.data, "Basic", 5);
    assert_memory_equal(http->reason.data, "Unauthorized", http->reason.count);
    probe_destroy(probe);
}

/* What has come of the body when the hallway gives up. */
static void a_timeout_shows_what_has_come(void **state)
{
    (void)state;
    static const struct weft_failure timeout = { .kind = WEFT_FAILURE_TIMEOUT,
                                                 .status = WEFT_ERR_TIMEOUT,
                                                 .text = "too slow" };
    struct probe *probe = probe_create(WEFT_CLIENT, NULL);
    probe_feed(probe,
               (struct weft_bytes)BYTES_OF("HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\nsorr"));
    assert_true(wf_engine_is_in_midst(probe->engine));
    wf_engine_fail(probe->engine, &timeout, 0);
    probe_pull(probe);
    assert_string_equal(probe->events, "failed:timeout/0 ");
    assert_int_equal(probe->failure.http.status, 503);
    assert_int_equal(probe->failure.http.body.count, 4);
    assert_memory_equal(probe->failure.http.body.data, "sorr", 4);
    assert_true(probe->failure.http.body_truncated);
    probe_destroy(probe);
}

static void a_body_is_kept_to_the_default_limit(void **state)
{
    (void)state;
    static const char head[] = "HTTP/1.1 500 No\r\n\r\n";
    uint8_t *body = calloc(1, 200000);
    struct probe *probe = probe_create(WEFT_CLIENT, NULL);
    probe_feed(probe, (struct weft_bytes){ (const uint8_t *)head, sizeof head - 1 });
    for (size_t at = 0; at < 200000 && !*probe->events; at += 1000)
        probe_feed(probe, (struct weft_bytes){ body + at, 1000 });
    assert_int_equal(probe->failure.http.body.count, 65536);
    assert_true(probe->failure.http.body_truncated);
    free(body);
    probe_destroy(probe);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, 0);
        const struct weft_engine_options options = { .allocator = &fault.allocator };
        struct probe *probe = probe_create(WEFT_CLIENT, &options);
        fault.fails_at = fault.call_count + n;
        probe_feed_by(
            probe, (struct weft_bytes)BYTES_OF("HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\nhello"),
            7);
        failed = fault.failed;
        if (probe->failure.http
                .body_truncated) /* The head is told, although there is no place for the body. */
            assert_string_equal(probe->events, "failed:handshake/0 ");
        else
            assert_string_equal(probe->events, failed ? "failed:memory/0 " : "failed:handshake/0 ");
        probe_destroy(probe);
        assert_int_equal(fault.live_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_end_where_they_should_however_they_are_cut),
        cmocka_unit_test(the_refusal_is_shown),
        cmocka_unit_test(a_timeout_shows_what_has_come),
        cmocka_unit_test(a_body_is_kept_to_the_default_limit),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

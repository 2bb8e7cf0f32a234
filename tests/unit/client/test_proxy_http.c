/* CONNECT: the request, and answers that are cut at every byte. */
#include "client/proxy_http.h"

#include "support/cases.h"
#include "support/fault_alloc.h"
#include "support/guard_page.h"

#include <stdlib.h>

static void requests_are_written(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *host;
        uint16_t port;
        const char *authorization;
        const char *text;
    } cases[] = {
        { "a name", "h.example", 443, "",
          "CONNECT h.example:443 HTTP/1.1\r\nHost: h.example:443\r\n\r\n" },
        { "an IPv6 address", "2001:db8::1", 65535, "",
          "CONNECT [2001:db8::1]:65535 HTTP/1.1\r\nHost: [2001:db8::1]:65535\r\n\r\n" },
        { "a login", "h", 80, "Basic YTpi",
          "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\nProxy-Authorization: Basic YTpi\r\n\r\n" },
    };
    for_each_case(c, cases)
    {
        struct fault_alloc fault;
        size_t bytes = 0;
        fault_alloc_init(&fault, 0);
        char *text = wf_proxy_http_write(&fault.allocator, weft_text_of(c->host), c->port,
                                         weft_text_of(c->authorization), &bytes);
        assert_non_null(text);
        assert_int_equal(bytes, strlen(c->text));
        assert_memory_equal(text, c->text, bytes);
        assert_true(fault.live_bytes >= bytes);
        wf_free(&fault.allocator, text);
        fault_alloc_init(&fault, 1);
        assert_null(wf_proxy_http_write(&fault.allocator, weft_text_of(c->host), c->port,
                                        weft_text_of(c->authorization), &bytes));
    }
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nVia: x\r\nContent-Length: 5\r\n\r\n"

static const struct {
    const char *name;
    const char *answer;
    size_t used; /* Of a DONE. */
    enum wf_proxy_step result;
    weft_status status;
    int http_status;
    const char *text;
} cases[] = {
    { "a tunnel", OK_HEAD, sizeof OK_HEAD - 1, WF_PROXY_STEP_DONE, 0, 0, "" },
    { "the server's bytes follow", OK_HEAD "HTTP/1.1 101", sizeof OK_HEAD - 1, WF_PROXY_STEP_DONE,
      0, 0, "" },
    { "HTTP/1.0 and another 2xx", "HTTP/1.0 299 \r\n\r\n", 17, WF_PROXY_STEP_DONE, 0, 0, "" },
    { "behind an interim answer", "HTTP/1.1 100 Continue\r\n\r\n" OK_HEAD, 25 + sizeof OK_HEAD - 1,
      WF_PROXY_STEP_DONE, 0, 0, "" },
    { "a login is wanted",
      "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\nbody", 0,
      WF_PROXY_STEP_FAILED, WEFT_ERR_REFUSED, 407, "407 Proxy Authentication Required" },
    { "a redirect is none here", "HTTP/1.1 302 Found\r\nLocation: http://evil/\r\n\r\n", 0,
      WF_PROXY_STEP_FAILED, WEFT_ERR_REFUSED, 302, "302 Found" },
    { "it could not", "HTTP/1.1 502 Bad\r\n\r\n", 0, WF_PROXY_STEP_FAILED, WEFT_ERR_SYSTEM, 502,
      "502 Bad" },
    { "no phrase", "HTTP/1.1 403 \r\n\r\n", 0, WF_PROXY_STEP_FAILED, WEFT_ERR_REFUSED, 403, "403" },
    { "a phrase of other bytes", "HTTP/1.1 403 n\xF6\r\n\r\n", 0, WF_PROXY_STEP_FAILED,
      WEFT_ERR_REFUSED, 403, "403 n?" },
    { "101 is no tunnel", "HTTP/1.1 101 Switching\r\n\r\nHTTP/1.1 403 no\r\n\r\n", 0,
      WF_PROXY_STEP_FAILED, WEFT_ERR_REFUSED, 403, "403 no" },
    { "SOCKS", "\x05\xFF\r\n", 0, WF_PROXY_STEP_FAILED, WEFT_ERR_PROTOCOL, 0, "no HTTP answer" },
    { "HTTP/2", "HTTP/2 200 OK\r\n\r\n", 0, WF_PROXY_STEP_FAILED, WEFT_ERR_PROTOCOL, 0,
      "no HTTP answer" },
    { "a status that is none", "HTTP/1.1 2xx OK\r\n\r\n", 0, WF_PROXY_STEP_FAILED,
      WEFT_ERR_PROTOCOL, 0, "no HTTP answer" },
    { "a space before the colon", "HTTP/1.1 200 OK\r\na : b\r\n\r\n", 0, WF_PROXY_STEP_FAILED,
      WEFT_ERR_PROTOCOL, 0, "no HTTP answer" },
};

/* As the socket does it: what is not used stays, and is shown again with what has come. */
struct feed {
    struct wf_proxy_http reading;
    size_t used;
    enum wf_proxy_step result;
    struct wf_proxy_refusal refusal;
};

static void feed(struct feed *feed, const char *answer, size_t count)
{
    size_t used;
    uint8_t *placed = guard_page_place(answer + feed->used, count - feed->used);
    feed->result = wf_proxy_http_read(
        &feed->reading, (struct weft_bytes){ placed, count - feed->used }, &used, &feed->refusal);
    guard_page_free(placed, count - feed->used);
    assert_true(used <= count - feed->used);
    feed->used += used;
}

static void check(const struct feed *feed, size_t case_index)
{
    assert_int_equal(feed->result, cases[case_index].result);
    if (feed->result == WF_PROXY_STEP_DONE)
        assert_int_equal(feed->used, cases[case_index].used);
    assert_int_equal(feed->refusal.status, cases[case_index].status);
    assert_int_equal(feed->refusal.http_status, cases[case_index].http_status);
    assert_string_equal(feed->refusal.text, cases[case_index].text);
}

static void answers_are_read_however_they_are_cut(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        size_t index = (size_t)(c - cases), count = strlen(c->answer);
        for (size_t cut = 0; cut <= count; cut++) {
            struct feed two = { 0 };
            feed(&two, c->answer, cut);
            if (two.result == WF_PROXY_STEP_MORE)
                feed(&two, c->answer, count);
            check(&two, index);
        }
        struct feed bytewise = { 0 };
        for (size_t i = 0; i <= count && bytewise.result == WF_PROXY_STEP_MORE; i++)
            feed(&bytewise, c->answer, i);
        check(&bytewise, index);
    }
}

static void check_endless(const char *begin, const char *piece)
{
    size_t piece_bytes = strlen(piece), count = strlen(begin);
    char *answer = malloc(count + 2 * WF_PROXY_HTTP_ANSWER_BYTES_MAX);
    assert_non_null(answer);
    strcpy(answer, begin);
    struct feed endless = { 0 };
    while (count < WF_PROXY_HTTP_ANSWER_BYTES_MAX + 200 && endless.result == WF_PROXY_STEP_MORE) {
        memcpy(answer + count, piece, piece_bytes);
        count += piece_bytes;
        feed(&endless, answer, count);
    }
    assert_int_equal(endless.result, WF_PROXY_STEP_FAILED);
    assert_int_equal(endless.refusal.status, WEFT_ERR_LIMIT);
    free(answer);
}

static void an_endless_answer_is_ended(void **state)
{
    (void)state;
    check_endless("HTTP/1.1 200 OK\r\nA: ", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    check_endless("HTTP/1.1 200 OK\r\n", "A: b\r\n");
    check_endless("", "HTTP/1.1 100 Continue\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_written),
        cmocka_unit_test(answers_are_read_however_they_are_cut),
        cmocka_unit_test(an_endless_answer_is_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

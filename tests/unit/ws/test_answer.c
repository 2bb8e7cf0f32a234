#include "ws/answer.h"

#include "support/engine_probe.h"
#include "support/fault_alloc.h"
#include "ws/reason.h"

#include <stdio.h>
#include <stdlib.h>

#define UPGRADE_HEAD(more)                                                                         \
    "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"     \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" more "\r\n"
#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

static struct probe *with_request(const char *request)
{
    struct probe *probe = probe_create(WEFT_SERVER, NULL);
    probe->accepts = false;
    probe_feed(probe, weft_bytes_of(weft_text_of(request)));
    assert_string_equal(probe->events, "request ");
    return probe;
}

static const char *written(struct probe *probe)
{
    probe->output_bytes = 0;
    probe_write(probe);
    probe->output[probe->output_bytes] = '\0';
    return (const char *)probe->output;
}

/* The example of RFC 6455 1.2 and 1.3. */
static void accept_writes_the_answer_of_the_rfc(void **state)
{
    (void)state;
    struct probe *probe = with_request(UPGRADE_HEAD("Sec-WebSocket-Protocol: chat, superchat\r\n"));
    const struct weft_header cookie = { TEXT("Set-Cookie"), TEXT("a=b") };
    const struct weft_engine_accept accept = { .protocol = TEXT("chat"),
                                               .headers = { &cookie, 1 } };
    assert_int_equal(weft_engine_accept(probe->engine, &accept), WEFT_OK);
    assert_string_equal(written(probe), "HTTP/1.1 101 Switching Protocols\r\n"
                                        "Upgrade: websocket\r\n"
                                        "Connection: Upgrade\r\n"
                                        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                        "Sec-WebSocket-Protocol: chat\r\n"
                                        "Set-Cookie: a=b\r\n\r\n");
    assert_int_equal(weft_engine_ready_state(probe->engine), WEFT_OPEN);
    assert_string_equal(weft_engine_protocol(probe->engine), "chat");
    assert_string_equal(weft_engine_extensions(probe->engine), "");
    assert_int_equal(weft_engine_accept(probe->engine, &accept), WEFT_ERR_STATE);
    probe_pull(probe);
    assert_string_equal(probe->events, "request open ");
    probe_destroy(probe);
}

static void accept_refuses_what_is_not_well_formed(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct weft_text protocol;
        struct weft_header header;
    } calls[] = {
        { "a protocol not offered", TEXT("b"), { TEXT("A"), TEXT("b") } },
        { "another case", TEXT("CHAT"), { TEXT("A"), TEXT("b") } },
        { "a name with a space", TEXT(""), { TEXT("A b"), TEXT("b") } },
        { "an empty name", TEXT(""), { TEXT(""), TEXT("b") } },
        { "a value with a line end", TEXT(""), { TEXT("A"), TEXT("b\r\nC: d") } },
        { "Upgrade", TEXT(""), { TEXT("upgrade"), TEXT("h2c") } },
        { "Connection", TEXT(""), { TEXT("Connection"), TEXT("close") } },
        { "an extension", TEXT(""), { TEXT("Sec-WebSocket-Extensions"), TEXT("x") } },
        { "a second accept", TEXT(""), { TEXT("sec-websocket-accept"), TEXT("x") } },
        { "a length", TEXT(""), { TEXT("Content-Length"), TEXT("0") } },
    };
    struct probe *probe = with_request(UPGRADE_HEAD("Sec-WebSocket-Protocol: chat\r\n"));
    for_each_case(c, calls)
    {
        struct weft_engine_accept accept = { .protocol = c->protocol,
                                             .headers = { &c->header, 1 } };
        assert_int_equal(weft_engine_accept(probe->engine, &accept), WEFT_ERR_SYNTAX);
        assert_int_equal(weft_engine_output_bytes(probe->engine), 0);
    }
    /* And still waits for its answer. */
    assert_true(wf_engine_request_waits(probe->engine));
    assert_int_equal(weft_engine_accept(probe->engine, NULL), WEFT_OK);
    assert_string_equal(weft_engine_protocol(probe->engine), "");
    probe_destroy(probe);
}

static void only_an_upgrade_without_fault_is_accepted(void **state)
{
    (void)state;
    struct probe *probe = probe_create(WEFT_SERVER, NULL);
    assert_int_equal(weft_engine_accept(probe->engine, NULL), WEFT_ERR_STATE);
    probe_destroy(probe);
    probe = with_request(GET);
    assert_int_equal(weft_engine_accept(probe->engine, NULL), WEFT_ERR_STATE);
    probe_destroy(probe);
    probe = with_request("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n");
    assert_int_equal(weft_engine_accept(probe->engine, NULL), WEFT_ERR_STATE);
    probe_destroy(probe);
}

struct answer_case {
    const char *name;
    const char *request;
    struct weft_engine_respond answer;
    const char *written;
    bool ends;
};

static const struct weft_header plain_text[] = { { TEXT("Content-Type"), TEXT("text/plain") } };
static const struct weft_header upgrade_field[] = { { TEXT("Upgrade"), TEXT("websocket") } };

static const struct answer_case answer_cases[] = {
    { "a page",
      GET,
      { .status = 200, .headers = { plain_text, 1 }, .body = BYTES_OF("hi") },
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
      false },
    { "an empty body",
      GET,
      { .status = 404 },
      "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
      false },
    { "the end of the connection",
      GET,
      { .status = 200, .close = true },
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
      true },
    { "HTTP/1.0",
      "GET / HTTP/1.0\r\n\r\n",
      { .status = 200 },
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
      true },
    { "a request that ends it",
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      { .status = 200 },
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
      true },
    { "HEAD",
      GET,
      { .status = 200, .body = BYTES_OF("hello"), .head_only = true },
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
      false },
    { "HEAD of what follows",
      GET,
      { .status = 200, .head_only = true, .body_follows = true, .body_bytes = 77 },
      "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n",
      false },
    { "204",
      GET,
      { .status = 204, .body = BYTES_OF("no") },
      "HTTP/1.1 204 No Content\r\n\r\n",
      false },
    { "304", GET, { .status = 304 }, "HTTP/1.1 304 Not Modified\r\n\r\n", false },
    { "304 with a length",
      GET,
      { .status = 304, .body = BYTES_OF("hello"), .head_only = true },
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
      false },
    { "a status without a phrase",
      GET,
      { .status = 299 },
      "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n",
      false },
    { "426",
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
      { .status = 426 },
      "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Content-Length: 0\r\nConnection: upgrade\r\n\r\n",
      false },
    { "426 with the caller's fields, and the end",
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
      { .status = 426, .headers = { upgrade_field, 1 }, .close = true },
      "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Content-Length: 0\r\nConnection: upgrade, close\r\n\r\n",
      true },
    { "426 to a plain request",
      GET,
      { .status = 426, .headers = { upgrade_field, 1 } },
      "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 0\r\n"
      "Connection: upgrade\r\n\r\n",
      false },
    { "405",
      "POST / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
      { .status = 405 },
      "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\nContent-Length: 0\r\n\r\n",
      false },
    { "403 to an upgrade",
      UPGRADE_HEAD(""),
      { .status = 403, .body = BYTES_OF("no") },
      "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
      false },
};

static void answers_are_written(void **state)
{
    (void)state;
    for_each_case(c, answer_cases)
    {
        struct probe *probe = with_request(c->request);
        assert_int_equal(weft_engine_respond(probe->engine, &c->answer), WEFT_OK);
        assert_int_equal(weft_engine_buffered_amount(probe->engine), 0);
        assert_string_equal(written(probe), c->written);
        assert_false(wf_engine_request_waits(probe->engine));
        assert_int_equal(weft_engine_wants_end(probe->engine), c->ends);
        assert_int_equal(weft_engine_respond(probe->engine, &c->answer), WEFT_ERR_STATE);

        /* The next request is read, or nothing is. */
        probe_feed(probe, (struct weft_bytes)BYTES_OF(GET));
        assert_string_equal(probe->events, c->ends ? "request " : "request request ");
        probe_destroy(probe);
    }
}

static void wrong_answers_are_refused(void **state)
{
    (void)state;
    const struct weft_header length = { TEXT("content-length"), TEXT("0") };
    const struct weft_header connection = { TEXT("Connection"), TEXT("close") };
    const struct weft_header chunked = { TEXT("Transfer-Encoding"), TEXT("chunked") };
    const struct weft_header split = { TEXT("A"), TEXT("b\nc") };
    struct probe *probe = with_request(GET);
    weft_engine *engine = probe->engine;
    const struct weft_engine_respond bad_status[] = { { .status = 199 },
                                                      { .status = 600 },
                                                      { .status = 101 } };
    const struct weft_engine_respond bad_header[] = { { .status = 200, .headers = { &length, 1 } },
                                                      { .status = 200,
                                                        .headers = { &connection, 1 } },
                                                      { .status = 200, .headers = { &chunked, 1 } },
                                                      { .status = 200, .headers = { &split, 1 } } };
    for (size_t i = 0; i < COUNT_OF(bad_status); i++)
        assert_int_equal(weft_engine_respond(engine, &bad_status[i]), WEFT_ERR_ARGUMENT);
    for (size_t i = 0; i < COUNT_OF(bad_header); i++)
        assert_int_equal(weft_engine_respond(engine, &bad_header[i]), WEFT_ERR_SYNTAX);
    assert_int_equal(weft_engine_respond_body(engine, (struct weft_bytes){ 0 }), WEFT_ERR_STATE);
    assert_int_equal(weft_engine_output_bytes(engine), 0);
    assert_true(wf_engine_request_waits(engine));
    probe_destroy(probe);
}

static void a_body_follows_in_parts(void **state)
{
    (void)state;
    const struct weft_engine_respond answer = { .status = 200,
                                                .body_follows = true,
                                                .body_bytes = 7 };
    struct probe *probe = with_request(GET);
    assert_int_equal(weft_engine_respond(probe->engine, &answer), WEFT_OK);
    assert_int_equal(weft_engine_respond(probe->engine, &answer), WEFT_ERR_STATE);
    assert_int_equal(weft_engine_respond_body(probe->engine, (struct weft_bytes)BYTES_OF("abc")),
                     WEFT_OK);
    assert_true(wf_engine_request_waits(probe->engine));
    assert_int_equal(weft_engine_respond_body(probe->engine, (struct weft_bytes)BYTES_OF("defgh")),
                     WEFT_ERR_LIMIT);
    assert_int_equal(weft_engine_respond_body(probe->engine, (struct weft_bytes){ 0 }), WEFT_OK);
    /* A request behind it waits until the body is whole. */
    probe_feed(probe, (struct weft_bytes)BYTES_OF(GET));
    assert_string_equal(probe->events, "request ");
    assert_int_equal(weft_engine_respond_body(probe->engine, (struct weft_bytes)BYTES_OF("defg")),
                     WEFT_OK);
    assert_false(wf_engine_request_waits(probe->engine));
    assert_string_equal(written(probe), "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nabcdefg");
    probe_pull(probe);
    assert_string_equal(probe->events, "request request ");
    probe_destroy(probe);
}

/* Whatever allocation fails: the call says so and the request still waits. */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    static uint8_t body[100000];
    const struct weft_engine_respond answer = { .status = 200, .body = { body, sizeof body } };
    const struct weft_engine_accept accept = { .protocol = TEXT("chat") };
    static const char request[] = UPGRADE_HEAD("Sec-WebSocket-Protocol: chat\r\n");
    for (int accepts = 0; accepts < 2; accepts++) {
        bool failed = true;
        for (size_t n = 1; failed; n++) {
            struct fault_alloc fault;
            fault_alloc_init(&fault, 0);
            struct weft_engine_options options = { .allocator = &fault.allocator };
            struct probe *probe = probe_create(WEFT_SERVER, &options);
            probe->accepts = false;
            fault.fails_at = fault.call_count + n;
            probe_feed_by(probe, weft_bytes_of(weft_text_of(request)), 50);
            if (fault.failed) {
                assert_string_equal(probe->events, "failed:memory/0 ");
            } else {
                weft_status status = accepts ? weft_engine_accept(probe->engine, &accept)
                                             : weft_engine_respond(probe->engine, &answer);
                assert_int_equal(status, fault.failed ? WEFT_ERR_MEMORY : WEFT_OK);
                if (status) {
                    assert_true(wf_engine_request_waits(probe->engine));
                    assert_int_equal(weft_engine_output_bytes(probe->engine), 0);
                    assert_string_equal(weft_engine_protocol(probe->engine), "");
                    assert_int_equal(weft_engine_respond(probe->engine, &answer), WEFT_OK);
                }
            }
            failed = fault.failed;
            probe_destroy(probe);
            assert_int_equal(fault.live_count, 0);
        }
    }
}

static void phrases_are_known(void **state)
{
    (void)state;
    assert_string_equal(wf_reason_of(101), "Switching Protocols");
    assert_string_equal(wf_reason_of(426), "Upgrade Required");
    assert_string_equal(wf_reason_of(511), "Network Authentication Required");
    assert_string_equal(wf_reason_of(599), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accept_writes_the_answer_of_the_rfc),
        cmocka_unit_test(accept_refuses_what_is_not_well_formed),
        cmocka_unit_test(only_an_upgrade_without_fault_is_accepted),
        cmocka_unit_test(answers_are_written),
        cmocka_unit_test(wrong_answers_are_refused),
        cmocka_unit_test(a_body_follows_in_parts),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(phrases_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "ws/request.h"

#include "codec/base64.h"
#include "support/engine_probe.h"
#include "support/fault_alloc.h"
#include "ws/head.h"

#include <stdio.h>

static void fixed_random(void *out, size_t count, void *user)
{
    /* The key of the example in RFC 6455 1.3. */
    memcpy(out, user, count < 16 ? count : 16);
    if (count > 16)
        memset((uint8_t *)out + 16, 0, count - 16);
}

static const struct weft_text protocols[] = { TEXT("chat"), TEXT("superchat") };

static void the_request_is_written(void **state)
{
    (void)state;
    static const struct weft_header cookie = { TEXT("Cookie"), TEXT("a=b") };
    const struct weft_engine_request request = { .target = TEXT("/chat?x=1"),
                                                 .host = TEXT("server.example.com:81"),
                                                 .origin = TEXT("http://example.com"),
                                                 .protocols = protocols,
                                                 .protocol_count = 2,
                                                 .headers = { &cookie, 1 } };
    const struct weft_engine_options options = { .random = fixed_random,
                                                 .user = (void *)(uintptr_t) "the sample nonce",
                                                 .request = &request };
    struct probe *probe = probe_create(WEFT_CLIENT, &options);
    assert_int_equal(weft_engine_ready_state(probe->engine), WEFT_CONNECTING);
    probe_write(probe);
    probe->output[probe->output_bytes] = '\0';
    assert_string_equal((const char *)probe->output,
                        "GET /chat?x=1 HTTP/1.1\r\n"
                        "Host: server.example.com:81\r\n"
                        "Upgrade: websocket\r\n"
                        "Connection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "Sec-WebSocket-Version: 13\r\n"
                        "Origin: http://example.com\r\n"
                        "Sec-WebSocket-Protocol: chat, superchat\r\n"
                        "Cookie: a=b\r\n\r\n");
    probe_destroy(probe);
}

struct request_case {
    const char *name;
    struct weft_engine_request request;
    weft_status status;
};

#define GOOD .target = TEXT("/"), .host = TEXT("a")
static const struct weft_header headers[] = {
    { TEXT("Host"), TEXT("b") },
    { TEXT("upgrade"), TEXT("h2c") },
    { TEXT("Connection"), TEXT("a") },
    { TEXT("Sec-WebSocket-Key"), TEXT("a") },
    { TEXT("A b"), TEXT("c") },
    { TEXT("A"), TEXT("b\r\nC: d") },
    { TEXT("Origin"), TEXT("http://a") },
    { TEXT("Content-Length"), TEXT("0") },
    { TEXT("A"), TEXT("") },
};
static const struct weft_text bad_protocols[] = { TEXT("a"), TEXT("b"), TEXT("a"), TEXT("a b"),
                                                  TEXT("") };

static const struct request_case cases[] = {
    { "as it should be", { GOOD }, WEFT_OK },
    { "an address and port", { .target = TEXT("/"), .host = TEXT("[2001:db8::1]:443") }, WEFT_OK },
    { "no target", { .host = TEXT("a") }, WEFT_ERR_SYNTAX },
    { "a relative target", { .target = TEXT("a"), .host = TEXT("a") }, WEFT_ERR_SYNTAX },
    { "an absolute target", { .target = TEXT("http://a/"), .host = TEXT("a") }, WEFT_ERR_SYNTAX },
    { "a fragment", { .target = TEXT("/#a"), .host = TEXT("a") }, WEFT_ERR_SYNTAX },
    { "a space", { .target = TEXT("/ HTTP/1.1"), .host = TEXT("a") }, WEFT_ERR_SYNTAX },
    { "a line end", { .target = TEXT("/\r\n"), .host = TEXT("a") }, WEFT_ERR_SYNTAX },
    { "not ASCII", { .target = TEXT("/\xC3\xBC"), .host = TEXT("a") }, WEFT_ERR_SYNTAX },
    { "no host", { .target = TEXT("/") }, WEFT_ERR_SYNTAX },
    { "a host with a line end", { .target = TEXT("/"), .host = TEXT("a\r\n") }, WEFT_ERR_SYNTAX },
    { "a host with a user", { .target = TEXT("/"), .host = TEXT("u@a") }, WEFT_ERR_SYNTAX },
    { "a port that is none", { .target = TEXT("/"), .host = TEXT("a:b") }, WEFT_ERR_SYNTAX },
    { "a bracket too few", { .target = TEXT("/"), .host = TEXT("[::1") }, WEFT_ERR_SYNTAX },
    { "an origin with a line end", { GOOD, .origin = TEXT("a\n") }, WEFT_ERR_SYNTAX },
    { "one protocol", { GOOD, .protocols = bad_protocols, .protocol_count = 1 }, WEFT_OK },
    { "two protocols", { GOOD, .protocols = bad_protocols, .protocol_count = 2 }, WEFT_OK },
    { "a protocol twice",
      { GOOD, .protocols = bad_protocols, .protocol_count = 3 },
      WEFT_ERR_SYNTAX },
    { "a protocol with a space",
      { GOOD, .protocols = bad_protocols + 3, .protocol_count = 1 },
      WEFT_ERR_SYNTAX },
    { "an empty protocol",
      { GOOD, .protocols = bad_protocols + 4, .protocol_count = 1 },
      WEFT_ERR_SYNTAX },
    { "Host", { GOOD, .headers = { headers, 1 } }, WEFT_ERR_SYNTAX },
    { "Upgrade", { GOOD, .headers = { headers + 1, 1 } }, WEFT_ERR_SYNTAX },
    { "Connection", { GOOD, .headers = { headers + 2, 1 } }, WEFT_ERR_SYNTAX },
    { "a key", { GOOD, .headers = { headers + 3, 1 } }, WEFT_ERR_SYNTAX },
    { "a name with a space", { GOOD, .headers = { headers + 4, 1 } }, WEFT_ERR_SYNTAX },
    { "a value with a line end", { GOOD, .headers = { headers + 5, 1 } }, WEFT_ERR_SYNTAX },
    { "an origin as field", { GOOD, .headers = { headers + 6, 1 } }, WEFT_OK },
    { "two origins",
      { GOOD, .origin = TEXT("http://b"), .headers = { headers + 6, 1 } },
      WEFT_ERR_SYNTAX },
    { "a length", { GOOD, .headers = { headers + 7, 1 } }, WEFT_ERR_SYNTAX },
    { "an empty value", { GOOD, .headers = { headers + 8, 1 } }, WEFT_OK },
};

static void requests_are_checked(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        const struct weft_engine_options options = { .side = WEFT_CLIENT,
                                                     .random = probe_random,
                                                     .request = &c->request };
        weft_engine *engine = NULL;
        assert_int_equal(weft_engine_create(&options, &engine), c->status);
        assert_int_equal(engine != NULL, c->status == WEFT_OK);
        weft_engine_destroy(engine);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const struct weft_engine_request request = { GOOD, .protocols = protocols,
                                                 .protocol_count = 2 };
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, n);
        const struct weft_engine_options options = { .side = WEFT_CLIENT,
                                                     .random = probe_random,
                                                     .request = &request,
                                                     .allocator = &fault.allocator };
        weft_engine *engine = NULL;
        weft_status status = weft_engine_create(&options, &engine);
        failed = fault.failed;
        assert_int_equal(status, failed ? WEFT_ERR_MEMORY : WEFT_OK);
        weft_engine_destroy(engine);
        assert_int_equal(fault.live_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_is_written),
        cmocka_unit_test(requests_are_checked),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "ws/verdict.h"

#include "support/engine_probe.h"
#include "support/fault_alloc.h"
#include "ws/state.h"

#include <stdio.h>

#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECT "Connection: Upgrade\r\n"
#define ACCEPT  "Sec-WebSocket-Accept: $\r\n" /* $: what fits the key. */
#define ALL     UPGRADE CONNECT ACCEPT

struct answer_case {
    const char *name;
    bool offers; /* The subprotocols "chat" and "v2.chat". */
    const char *answer;
    const char *events;
    const char *text; /* Of the failure; else the subprotocol. */
};

#define OPENS(protocol) "open ", protocol
#define FAILS(text)     "failed:handshake/0 ", text

static const struct answer_case cases[] = {
    { "as it should be", false, "HTTP/1.1 101 Switching Protocols\r\n" ALL "\r\n", OPENS("") },
    { "without a reason", false, "HTTP/1.1 101\r\n" ALL "\r\n", OPENS("") },
    { "any case", false,
      "HTTP/1.1 101 \r\nUPGRADE: WebSocket\r\nconnection: keep-alive, uPGRADE\r\n"
      "sec-websocket-accept: $\r\n\r\n",
      OPENS("") },
    { "further fields", false,
      "HTTP/1.1 101 \r\n" ALL "Server: x\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n", OPENS("") },
    { "no extension in use", false, "HTTP/1.1 101 \r\n" ALL "Sec-WebSocket-Extensions:\r\n\r\n",
      OPENS("") },
    { "the first protocol", true, "HTTP/1.1 101 \r\n" ALL "Sec-WebSocket-Protocol: chat\r\n\r\n",
      OPENS("chat") },
    { "the second protocol", true,
      "HTTP/1.1 101 \r\n" ALL "Sec-WebSocket-Protocol: v2.chat\r\n\r\n", OPENS("v2.chat") },

    { "HTTP/1.0", false, "HTTP/1.0 101 \r\n" ALL "\r\n", FAILS("the answer is not HTTP/1.1") },
    { "no upgrade", false, "HTTP/1.1 101 \r\n" CONNECT ACCEPT "\r\n",
      FAILS("the answer has no header Upgrade: websocket") },
    { "another upgrade", false, "HTTP/1.1 101 \r\nUpgrade: h2c\r\n" CONNECT ACCEPT "\r\n",
      FAILS("the answer has no header Upgrade: websocket") },
    { "two upgrades", false, "HTTP/1.1 101 \r\n" UPGRADE ALL "\r\n",
      FAILS("the answer has no header Upgrade: websocket") },
    { "no connection", false, "HTTP/1.1 101 \r\n" UPGRADE ACCEPT "\r\n",
      FAILS("the answer has no header Connection: Upgrade") },
    { "connection: close", false, "HTTP/1.1 101 \r\n" UPGRADE "Connection: close\r\n" ACCEPT "\r\n",
      FAILS("the answer has no header Connection: Upgrade") },
    { "no accept", false, "HTTP/1.1 101 \r\n" UPGRADE CONNECT "\r\n",
      FAILS("Sec-WebSocket-Accept does not fit the key") },
    { "a wrong accept", false,
      "HTTP/1.1 101 \r\n" UPGRADE CONNECT
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
      FAILS("Sec-WebSocket-Accept does not fit the key") },
    { "two accepts", false, "HTTP/1.1 101 \r\n" ALL ACCEPT "\r\n",
      FAILS("Sec-WebSocket-Accept does not fit the key") },
    { "an accept and more", false,
      "HTTP/1.1 101 \r\n" UPGRADE CONNECT "Sec-WebSocket-Accept: $=\r\n\r\n",
      FAILS("Sec-WebSocket-Accept does not fit the key") },
    { "an extension", false,
      "HTTP/1.1 101 \r\n" ALL "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
      FAILS("the answer has an extension that was not offered") },
    { "extensions not well-formed", false,
      "HTTP/1.1 101 \r\n" ALL "Sec-WebSocket-Extensions: ;\r\n\r\n",
      FAILS("the answer has an extension that was not offered") },
    { "a protocol where none was offered", false,
      "HTTP/1.1 101 \r\n" ALL "Sec-WebSocket-Protocol: chat\r\n\r\n",
      FAILS("the answer has a subprotocol that was not offered") },
    { "another protocol", true, "HTTP/1.1 101 \r\n" ALL "Sec-WebSocket-Protocol: cha\r\n\r\n",
      FAILS("the answer has a subprotocol that was not offered") },
    { "a protocol in another case", true,
      "HTTP/1.1 101 \r\n" ALL "Sec-WebSocket-Protocol: Chat\r\n\r\n",
      FAILS("the answer has a subprotocol that was not offered") },
    { "both protocols", true,
      "HTTP/1.1 101 \r\n" ALL "Sec-WebSocket-Protocol: chat, v2.chat\r\n\r\n",
      FAILS("the answer has a subprotocol that was not offered") },
    { "both protocols in two fields", true,
      "HTTP/1.1 101 \r\n" ALL
      "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: v2.chat\r\n\r\n",
      FAILS("the answer has a subprotocol that was not offered") },
    { "an empty protocol", true, "HTTP/1.1 101 \r\n" ALL "Sec-WebSocket-Protocol:\r\n\r\n",
      FAILS("the answer has a subprotocol that was not offered") },
    { "no protocol", true, "HTTP/1.1 101 \r\n" ALL "\r\n",
      FAILS("the answer has none of the subprotocols that were offered") },

    /* RFC 9110 15.2 */
    { "interim answers before", false,
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 101 "
      "\r\n" ALL "\r\n",
      OPENS("") },
    { "interim answers before a wrong one", false,
      "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 101 \r\n" UPGRADE ACCEPT "\r\n",
      FAILS("the answer has no header Connection: Upgrade") },

    { "no HTTP", false, "SSH-2.0-OpenSSH\r\n", FAILS("the HTTP version is not well-formed") },
    { "HTTP/2", false, "HTTP/2.0 101 \r\n", FAILS("only HTTP/1.x is spoken here") },
};

static struct probe *create(bool offers, const struct weft_allocator *allocator)
{
    static const struct weft_text protocols[] = { TEXT("chat"), TEXT("v2.chat") };
    const struct weft_engine_request request = { .target = TEXT("/"),
                                                 .host = TEXT("a"),
                                                 .protocols = protocols,
                                                 .protocol_count = offers ? 2 : 0 };
    const struct weft_engine_options options = { .request = &request, .allocator = allocator };
    return probe_create(WEFT_CLIENT, &options);
}

/* The answer with what fits the key where it says $. */
static struct weft_bytes fit(const struct probe *probe, const char *answer)
{
    static char fitted[4096];
    size_t bytes = 0;
    for (; *answer; answer++) {
        if (*answer == '$') {
            memcpy(fitted + bytes, probe->engine->opening->accept, WF_OPENING_ACCEPT_BYTES);
            bytes += WF_OPENING_ACCEPT_BYTES;
        } else {
            fitted[bytes++] = *answer;
        }
    }
    return (struct weft_bytes){ (const uint8_t *)fitted, bytes };
}

static void run(const struct answer_case *c, size_t cut, size_t piece)
{
    struct probe *probe = create(c->offers, NULL);
    struct weft_bytes answer = fit(probe, c->answer);
    if (piece)
        probe_feed_by(probe, answer, piece);
    else
        probe_feed_cut(probe, answer, cut < answer.count ? cut : answer.count);
    assert_string_equal(probe->events, c->events);
    bool is_open = strcmp(c->events, "open ") == 0;
    assert_int_equal(weft_engine_ready_state(probe->engine), is_open ? WEFT_OPEN : WEFT_CLOSED);
    assert_int_equal(weft_engine_wants_end(probe->engine), !is_open);
    if (is_open) {
        assert_string_equal(weft_engine_protocol(probe->engine), c->text);
        assert_null(probe->engine->opening);
    } else {
        assert_string_equal(probe->failure.text, c->text);
        assert_int_equal(probe->failure.status, WEFT_ERR_PROTOCOL);
    }
    probe_destroy(probe);
}

static void answers_are_judged_however_they_are_cut(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        for (size_t cut = 0; cut <= strlen(c->answer) + WF_OPENING_ACCEPT_BYTES; cut++)
            run(c, cut, 0);
        run(c, 0, 1);
    }
}

static void a_wrong_answer_is_shown(void **state)
{
    (void)state;
    struct probe *probe = create(false, NULL);
    probe_feed(probe, fit(probe, "HTTP/1.1 101 Switching\r\n" UPGRADE CONNECT "X-Y: z\r\n\r\n"));
    const struct weft_http_answer *http = &probe->failure.http;
    assert_int_equal(http->status, 101);
    assert_int_equal(http->reason.count, 9);
    assert_memory_equal(http->reason.data, "Switching", 9);
    assert_int_equal(http->headers.count, 3);
    assert_memory_equal(http->headers.items[2].value.data, "z", 1);
    assert_string_equal(probe->failure.rule, "RFC 6455 4.1");
    probe_destroy(probe);
}

static void frames_may_follow_at_once(void **state)
{
    (void)state;
    static const char answer[] = "HTTP/1.1 101 \r\n" ALL "\r\n\x81\x02hi\x89\x01p\x88\x02\x03\xE8";
    for (size_t cut = 0; cut < sizeof answer + WF_OPENING_ACCEPT_BYTES - 2; cut++) {
        struct probe *probe = create(false, NULL);
        probe_feed_cut(probe, fit(probe, answer), cut);
        assert_string_equal(probe->events, "open text:hi ping:p close:1000/ ");
        probe_destroy(probe);
    }
}

static void interim_answers_have_a_bound(void **state)
{
    (void)state;
    struct probe *probe = create(false, NULL);
    for (int i = 0; i < 16; i++)
        probe_feed(probe, (struct weft_bytes)BYTES_OF("HTTP/1.1 100 Continue\r\n\r\n"));
    assert_string_equal(probe->events, "");
    probe_feed(probe, (struct weft_bytes)BYTES_OF("HTTP/1.1 100 Continue\r\n\r\n"));
    assert_string_equal(probe->events, "failed:limit/0 ");
    probe_destroy(probe);
}

static void a_head_has_its_limits(void **state)
{
    (void)state;
    const struct weft_engine_options small = { .limits = { .head_bytes_max = 100,
                                                           .head_count_max = 3 } };
    struct probe *probe = probe_create(WEFT_CLIENT, &small);
    probe_feed(probe, (struct weft_bytes)BYTES_OF("HTTP/1.1 101 \r\na:\r\nb:\r\nc:\r\nd:\r\n\r\n"));
    assert_string_equal(probe->events, "failed:handshake/0 ");
    assert_string_equal(probe->failure.text, "too many header fields");
    probe_destroy(probe);
    probe = probe_create(WEFT_CLIENT, &small);
    for (int i = 0; i < 101 && !*probe->events; i++)
        probe_feed(probe, (struct weft_bytes)BYTES_OF(
                              "HTTP/1.1 101 \r\na: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"));
    assert_string_equal(probe->events, "failed:handshake/0 ");
    probe_destroy(probe);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, 0);
        struct probe *probe = create(true, &fault.allocator);
        struct weft_bytes answer =
            fit(probe, "HTTP/1.1 101 \r\n" ALL "Sec-WebSocket-Protocol: v2.chat\r\n\r\n");
        fault.fails_at = fault.call_count + n;
        probe_feed_by(probe, answer, 40);
        failed = fault.failed;
        assert_string_equal(probe->events, failed ? "failed:memory/0 " : "open ");
        probe_destroy(probe);
        assert_int_equal(fault.live_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_judged_however_they_are_cut),
        cmocka_unit_test(a_wrong_answer_is_shown),
        cmocka_unit_test(frames_may_follow_at_once),
        cmocka_unit_test(interim_answers_have_a_bound),
        cmocka_unit_test(a_head_has_its_limits),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

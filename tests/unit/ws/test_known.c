#include "support/cases.h"
#include "ws/known.h"

#define FIELD(name, value)                                                                         \
    {                                                                                              \
        { name, sizeof name - 1 },                                                                 \
        {                                                                                          \
            value, sizeof value - 1                                                                \
        }                                                                                          \
    }

static const struct weft_header fields[] = {
    FIELD("host", "one"),
    FIELD("Upgrade", "websocket"),
    FIELD("X-Forwarded-For", "none of them"), /* As long as no other. */
    FIELD("CONNECTION", "keep-alive, \"a, Upgrade\""),
    FIELD("Hosts", "two"),
    FIELD("Transfer-Encoding", "chunked"),
    FIELD("sec-websocket-key", "key"),
    FIELD("Sec-WebSocket-Kex", "no key"),
    FIELD("TransferXEncoding", "no encoding"),
    FIELD("Connection", " , upgrade ,"),
    FIELD("Sec-WebSocket-Version", "13"),
    FIELD("Sec-WebSocket-Version", "14"),
    FIELD("Sec-WebSocket-Protocol", "chat"),
    FIELD("Sec-WebSocket-Extensions", "x"),
    FIELD("Content-Length", "0"),
    FIELD("oRIGIN", "null"),
};
static const struct weft_headers headers = { fields, sizeof fields / sizeof *fields };

static void each_name_is_found_in_any_case(void **state)
{
    (void)state;
    const struct {
        const char *name;
        enum wf_known_name known;
        size_t count;
        const char *first;
    } cases[] = {
        { "Host", WF_KNOWN_HOST, 1, "one" },
        { "Origin", WF_KNOWN_ORIGIN, 1, "null" },
        { "Upgrade", WF_KNOWN_UPGRADE, 1, "websocket" },
        { "Connection", WF_KNOWN_CONNECTION, 2, "keep-alive, \"a, Upgrade\"" },
        { "Content-Length", WF_KNOWN_CONTENT_LENGTH, 1, "0" },
        { "Transfer-Encoding", WF_KNOWN_TRANSFER_ENCODING, 1, "chunked" },
        { "Sec-WebSocket-Key", WF_KNOWN_KEY, 1, "key" },
        { "Sec-WebSocket-Version", WF_KNOWN_VERSION, 2, "13" },
        { "Sec-WebSocket-Protocol", WF_KNOWN_PROTOCOL, 1, "chat" },
        { "Sec-WebSocket-Extensions", WF_KNOWN_EXTENSIONS, 1, "x" },
    };
    struct wf_known known, nothing;
    wf_known_find(headers, &known);
    wf_known_find((struct weft_headers){ 0 }, &nothing);
    for_each_case(c, cases)
    {
        struct weft_text value = wf_known_value(&known, c->known);
        assert_int_equal(known.count[c->known], c->count);
        assert_int_equal(value.count, strlen(c->first));
        assert_memory_equal(value.data, c->first, value.count);
        assert_ptr_equal(known.first[c->known], weft_headers_find(headers, c->name, NULL));
        assert_int_equal(nothing.count[c->known], 0);
        assert_null(wf_known_value(&nothing, c->known).data);
        assert_false(wf_known_has_token(&nothing, c->known, "upgrade"));
    }
}

static void a_token_is_found_in_all_fields(void **state)
{
    (void)state;
    struct wf_known known;
    wf_known_find(headers, &known);
    assert_true(wf_known_has_token(&known, WF_KNOWN_CONNECTION, "Keep-Alive"));
    assert_true(wf_known_has_token(&known, WF_KNOWN_CONNECTION, "upgrade"));
    assert_true(wf_known_has_token(&known, WF_KNOWN_UPGRADE, "WebSocket"));
    assert_false(wf_known_has_token(&known, WF_KNOWN_CONNECTION, "close"));
    assert_false(wf_known_has_token(&known, WF_KNOWN_CONNECTION, "a"));
    /* In quotes alone it is no element. */
    wf_known_find((struct weft_headers){ fields, 4 }, &known);
    assert_false(wf_known_has_token(&known, WF_KNOWN_CONNECTION, "upgrade"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_name_is_found_in_any_case),
        cmocka_unit_test(a_token_is_found_in_all_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "codec/proxy_protocol.h"

#include "support/cases.h"
#include "support/guard_page.h"

/* The twelve bytes of version 2, and a length. */
#define V2        0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a
#define V4_PAIR   192, 0, 2, 1, 192, 0, 2, 2, 0x30, 0x39, 0x01, 0xbb
#define V6_ONE    0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define V6_MAPPED 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1

static const struct {
    const char *name;
    struct weft_bytes input;
    size_t bytes;      /* Of the head. */
    const char *shown; /* The source; NULL: the connection's own. */
} good[] = {
    { "TCP4", BYTES_OF("PROXY TCP4 192.0.2.1 192.0.2.2 12345 443\r\n"), 42, "192.0.2.1:12345" },
    { "TCP4, and a request", BYTES_OF("PROXY TCP4 192.0.2.1 192.0.2.2 12345 443\r\nGET / \r\n\n"),
      42, "192.0.2.1:12345" },
    { "ports at their ends", BYTES_OF("PROXY TCP4 1.2.3.4 5.6.7.8 0 65535\r\n"), 36, "1.2.3.4:0" },
    { "TCP6", BYTES_OF("PROXY TCP6 2001:db8::1 ::1 1 2\r\n"), 32, "[2001:db8::1]:1" },
    { "TCP6 in clothes", BYTES_OF("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"), 37, "192.0.2.1:1" },
    { "the longest TCP6",
      BYTES_OF("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
               "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
      104, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
    { "UNKNOWN", BYTES_OF("PROXY UNKNOWN\r\n"), 15, NULL },
    { "the longest UNKNOWN",
      BYTES_OF("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
               "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
      107, NULL },
    { "v2, IPv4", BYTES(V2, 0x21, 0x11, 0, 12, V4_PAIR, 'G'), 28, "192.0.2.1:12345" },
    { "v2, IPv4 datagrams", BYTES(V2, 0x21, 0x12, 0, 12, V4_PAIR), 28, "192.0.2.1:12345" },
    { "v2, IPv6", BYTES(V2, 0x21, 0x21, 0, 36, V6_ONE, V6_ONE, 0, 80, 0, 81), 52,
      "[2001:db8::1]:80" },
    { "v2, IPv6 in clothes", BYTES(V2, 0x21, 0x21, 0, 36, V6_MAPPED, V6_ONE, 0, 80, 0, 81), 52,
      "192.0.2.1:80" },
    { "v2, LOCAL", BYTES(V2, 0x20, 0x00, 0, 0), 16, NULL },
    { "v2, LOCAL with a block", BYTES(V2, 0x20, 0xff, 0, 3, 1, 2, 3), 19, NULL },
    { "v2, unspecified", BYTES(V2, 0x21, 0x00, 0, 2, 9, 9), 18, NULL },
    { "v2, fields", BYTES(V2, 0x21, 0x11, 0, 19, V4_PAIR, 0x04, 0, 0, 0x01, 0, 1, 'h'), 35,
      "192.0.2.1:12345" },
    { "v2, the right sum",
      BYTES(V2, 0x21, 0x11, 0, 19, V4_PAIR, 0x03, 0, 4, 0x3e, 0xe8, 0x86, 0xa1), 35,
      "192.0.2.1:12345" },
};

static void show(const struct wf_proxy_protocol_head *head, char *out)
{
    if (head->source == WF_PROXY_IP)
        wf_ip_text(&head->ip, head->port, out);
    else
        out[0] = '\0';
}

static void good_heads_cut_at_every_byte(void **state)
{
    (void)state;
    for_each_case(c, good)
    {
        struct wf_proxy_protocol_head head;
        const char *wrong;
        char shown[WF_IP_TEXT_MAX];
        for (size_t count = 0; count <= c->input.count; count++) {
            uint8_t *placed = guard_page_place(c->input.data, count);
            enum wf_proxy_protocol_result result =
                wf_proxy_protocol_parse((struct weft_bytes){ placed, count }, &head, &wrong);
            assert_int_equal(result, count < c->bytes ? WF_PROXY_NEEDS_MORE : WF_PROXY_DONE);
            if (result == WF_PROXY_DONE) {
                show(&head, shown);
                assert_int_equal(head.bytes, c->bytes);
                assert_int_equal(head.source, c->shown ? WF_PROXY_IP : WF_PROXY_OWN);
                assert_string_equal(shown, c->shown ? c->shown : "");
            }
            guard_page_free(placed, count);
        }
    }
}

static const struct {
    const char *name;
    struct weft_bytes input;
} bad[] = {
    { "a request", BYTES_OF("GET / HTTP/1.1\r\n\r\n") },
    { "TLS", BYTES(0x16, 3, 1) },
    { "small letters", BYTES_OF("proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n") },
    { "no CR", BYTES_OF("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n") },
    { "CR in the middle", BYTES_OF("PROXY TCP4 1.2.3.4 5.6.7.8 1 \r2\r\n") },
    { "nothing", BYTES_OF("PROXY \r\n") },
    { "nothing at all", BYTES_OF("PROXY \n") },
    { "another family", BYTES_OF("PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n") },
    { "UNKNOWN and more", BYTES_OF("PROXY UNKNOWNS\r\n") },
    { "two spaces", BYTES_OF("PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n") },
    { "a space at the end", BYTES_OF("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n") },
    { "IPv6 as TCP4", BYTES_OF("PROXY TCP4 ::1 ::1 1 2\r\n") },
    { "IPv4 as TCP6", BYTES_OF("PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n") },
    { "a leading zero in an address", BYTES_OF("PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n") },
    { "a leading zero in a port", BYTES_OF("PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n") },
    { "a port too large", BYTES_OF("PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n") },
    { "a port with a sign", BYTES_OF("PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n") },
    { "no ports", BYTES_OF("PROXY TCP4 1.2.3.4 5.6.7.8\r\n") },
    { "one port", BYTES_OF("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n") },
    { "a line without an end",
      BYTES_OF("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
               "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655350\r\n") },
    { "v2, another version", BYTES(V2, 0x31) },
    { "v2, another command", BYTES(V2, 0x22) },
    { "v2, another family", BYTES(V2, 0x21, 0x41, 0, 0) },
    { "v2, another kind of socket", BYTES(V2, 0x21, 0x13, 0, 12, V4_PAIR) },
    { "v2, addresses cut",
      BYTES(V2, 0x21, 0x11, 0, 11, 192, 0, 2, 1, 192, 0, 2, 2, 0x30, 0x39, 1) },
    { "v2, IPv4 as IPv6", BYTES(V2, 0x21, 0x21, 0, 12, V4_PAIR) },
    { "v2, too long", BYTES(V2, 0x21, 0x11, 0x10, 0x00) },
    { "v2, a field's head cut", BYTES(V2, 0x21, 0x11, 0, 14, V4_PAIR, 4, 0) },
    { "v2, a field too long", BYTES(V2, 0x21, 0x11, 0, 16, V4_PAIR, 4, 0, 2, 0) },
    { "v2, a wrong sum",
      BYTES(V2, 0x21, 0x11, 0, 19, V4_PAIR, 0x03, 0, 4, 0x3e, 0xe8, 0x86, 0xa0) },
    { "v2, half a sum", BYTES(V2, 0x21, 0x11, 0, 17, V4_PAIR, 0x03, 0, 2, 0, 0) },
    { "v2, a wrong signature", BYTES(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0b) },
};

static void bad_heads_are_broken(void **state)
{
    (void)state;
    for_each_case(c, bad)
    {
        struct wf_proxy_protocol_head head;
        const char *wrong = NULL;
        enum wf_proxy_protocol_result last = WF_PROXY_NEEDS_MORE;
        for (size_t count = 0; count <= c->input.count; count++) {
            uint8_t *placed = guard_page_place(c->input.data, count);
            enum wf_proxy_protocol_result result =
                wf_proxy_protocol_parse((struct weft_bytes){ placed, count }, &head, &wrong);
            assert_int_not_equal(result, WF_PROXY_DONE);
            /* Once broken it stays so. */
            assert_true(last == WF_PROXY_NEEDS_MORE || result == WF_PROXY_BROKEN);
            last = result;
            guard_page_free(placed, count);
        }
        assert_int_equal(last, WF_PROXY_BROKEN);
        assert_non_null(wrong);
    }
}

static void a_path_is_lent(void **state)
{
    (void)state;
    uint8_t input[16 + 216] = { V2, 0x21, 0x31, 0, 216, '/', 'a' };
    struct wf_proxy_protocol_head head;
    const char *wrong;
    assert_int_equal(
        wf_proxy_protocol_parse((struct weft_bytes){ input, sizeof input }, &head, &wrong),
        WF_PROXY_DONE);
    assert_int_equal(head.source, WF_PROXY_PATH);
    assert_int_equal(head.path.count, 2);
    assert_memory_equal(head.path.data, "/a", 2);
}

/* The longest head is kept, one more is not. */
static void the_longest_head(void **state)
{
    (void)state;
    static const size_t fixed = 16;
    static uint8_t input[WF_PROXY_BYTES_MAX] = { V2, 0x20, 0x00 };
    struct wf_proxy_protocol_head head;
    const char *wrong;
    input[14] = (uint8_t)((WF_PROXY_BYTES_MAX - fixed) >> 8);
    input[15] = (WF_PROXY_BYTES_MAX - fixed) & 255;
    struct weft_bytes all = { input, sizeof input };
    assert_int_equal(wf_proxy_protocol_parse(all, &head, &wrong), WF_PROXY_DONE);
    assert_int_equal(head.bytes, WF_PROXY_BYTES_MAX);
    all.count--;
    assert_int_equal(wf_proxy_protocol_parse(all, &head, &wrong), WF_PROXY_NEEDS_MORE);
    input[15]++;
    assert_int_equal(wf_proxy_protocol_parse(all, &head, &wrong), WF_PROXY_BROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_heads_cut_at_every_byte),
        cmocka_unit_test(bad_heads_are_broken),
        cmocka_unit_test(a_path_is_lent),
        cmocka_unit_test(the_longest_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

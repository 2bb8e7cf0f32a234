#include "codec/ip.h"

#include "support/cases.h"
#include "support/guard_page.h"

static const struct {
    const char *name;
    struct weft_text text;
    const char *shown; /* NULL: none. */
} addresses[] = {
    { "IPv4", TEXT("192.0.2.1"), "192.0.2.1" },
    { "IPv6", TEXT("2001:DB8:0:0::1"), "2001:db8::1" },
    { "in clothes", TEXT("::ffff:192.0.2.1"), "192.0.2.1" },
    { "in clothes, in digits", TEXT("::ffff:c000:201"), "192.0.2.1" },
    { "nothing", TEXT(""), NULL },
    { "a leading zero", TEXT("192.0.2.01"), NULL },
    { "three parts", TEXT("192.0.2"), NULL },
    { "brackets", TEXT("[::1]"), NULL },
    { "a zone", TEXT("fe80::1%lo"), NULL },
    { "a port", TEXT("192.0.2.1:80"), NULL },
    { "a zero byte", TEXT("192.0.2.1\0"), NULL },
    { "very long", TEXT("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"), NULL },
};

static void addresses_and_their_text(void **state)
{
    (void)state;
    for_each_case(c, addresses)
    {
        struct wf_ip ip;
        char shown[WF_IP_TEXT_MAX];
        uint8_t *placed = guard_page_place(c->text.data, c->text.count);
        struct weft_text text = { (char *)placed, c->text.count };
        assert_int_equal(wf_ip_parse(text, &ip), c->shown != NULL);
        if (c->shown) {
            wf_ip_text(&ip, -1, shown);
            assert_string_equal(shown, c->shown);
        }
        guard_page_free(placed, c->text.count);
    }
}

static const struct {
    const char *name;
    struct weft_text net;
    bool is_good;
    const char *inside, *outside; /* NULL: there is none. */
} nets[] = {
    { "one address", TEXT("192.0.2.1"), true, "192.0.2.1", "192.0.2.0" },
    { "eight bits", TEXT("10.0.0.0/8"), true, "10.255.0.1", "11.0.0.0" },
    { "nine bits", TEXT("10.128.0.0/9"), true, "10.128.0.1", "10.127.255.255" },
    { "all of IPv4", TEXT("0.0.0.0/0"), true, "255.1.2.3", "::1" },
    { "all of IPv6", TEXT("::/0"), true, "::1", "127.0.0.1" },
    { "in clothes, inside", TEXT("10.0.0.0/8"), true, "::ffff:10.1.2.3", "::ffff:11.1.2.3" },
    { "IPv6", TEXT("2001:db8::/33"), true, "2001:db8:7fff::1", "2001:db8:8000::1" },
    { "in clothes, the net", TEXT("::ffff:10.0.0.0/104"), true, "10.1.2.3", "11.1.2.3" },
    { "bits behind", TEXT("10.1.0.0/8"), false, NULL, NULL },
    { "the last bit behind", TEXT("10.0.0.1/31"), false, NULL, NULL },
    { "too many bits", TEXT("10.0.0.0/33"), false, NULL, NULL },
    { "no bits", TEXT("10.0.0.0/"), false, NULL, NULL },
    { "a leading zero", TEXT("10.0.0.0/08"), false, NULL, NULL },
    { "two slashes", TEXT("10.0.0.0/8/8"), false, NULL, NULL },
    { "a name", TEXT("localhost"), false, NULL, NULL },
    { "in clothes, half of them", TEXT("::ffff:0.0.0.0/95"), false, NULL, NULL },
    { "nothing", TEXT(""), false, NULL, NULL },
};

static bool has(const struct wf_ip_net *net, const char *text)
{
    struct wf_ip ip;
    assert_true(wf_ip_parse(weft_text_of(text), &ip));
    return wf_ip_net_has(net, &ip);
}

static void nets_and_what_is_in_them(void **state)
{
    (void)state;
    for_each_case(c, nets)
    {
        struct wf_ip_net net;
        uint8_t *placed = guard_page_place(c->net.data, c->net.count);
        struct weft_text text = { (char *)placed, c->net.count };
        assert_int_equal(wf_ip_net_parse(text, &net), c->is_good);
        if (c->is_good) {
            assert_true(has(&net, c->inside));
            assert_false(has(&net, c->outside));
        }
        guard_page_free(placed, c->net.count);
    }
}

static void text_with_a_port(void **state)
{
    (void)state;
    struct wf_ip ip;
    char shown[WF_IP_TEXT_MAX];
    assert_true(wf_ip_parse(weft_text_of("::1"), &ip));
    wf_ip_text(&ip, 0, shown);
    assert_string_equal(shown, "[::1]:0");
    assert_true(wf_ip_parse(weft_text_of("127.0.0.1"), &ip));
    wf_ip_text(&ip, 65535, shown);
    assert_string_equal(shown, "127.0.0.1:65535");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_and_their_text),
        cmocka_unit_test(nets_and_what_is_in_them),
        cmocka_unit_test(text_with_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The host parser: names, IPv4 (url_ip.c) and IPv6. */
#include "codec/url_parts.h"

#include "support/cases.h"
#include "support/guard_page.h"

static const struct {
    const char *name; /* The input. */
    const char *host; /* NULL: WEFT_ERR_SYNTAX. */
} cases[] = {
    /* names */
    { "example.com", "example.com" },
    { "EXAMPLE.Com.", "example.com." },
    { "a_b-.-c", "a_b-.-c" },
    { "a..b", "a..b" },
    { ".", "." },
    { "..", ".." },
    { "a!$&'()*+,;=~", "a!$&'()*+,;=~" },
    { "%65x%61MPLE.com", "example.com" },
    { "%2E", "." },
    { "%00", NULL },
    { "%20", NULL },
    { "%", NULL },
    { "%4", NULL },
    { "%zz", NULL },
    { "%25", NULL },
    { "%40", NULL },
    { "%3a", NULL },
    { "%7F", NULL },
    { "%C3", NULL },
    { "%C3%BC", "xn--tda" },
    { "a b", NULL },
    { "a<b", NULL },
    { "a>b", NULL },
    { "a^b", NULL },
    { "a|b", NULL },
    { "a]b", NULL },
    { "a[b", NULL },
    /* IDNA */
    { "b\xC3\xBC"
      "cher.DE",
      "xn--bcher-kva.de" },
    { "B\xC3\x9C"
      "CHER.de",
      "xn--bcher-kva.de" },
    { "fa\xC3\x9F.de", "xn--fa-hia.de" }, /* Nontransitional. */
    { "bu\xCC\x88"
      "cher.de",
      "xn--bcher-kva.de" }, /* NFC. */
    { "a\xE3\x80\x82"
      "b",
      "a.b" }, /* Ideographic full stop. */
    { "a\xC2\xAD"
      "b",
      "ab" },                                                      /* Soft hyphen. */
    { "\xC2\xAD", NULL },                                          /* Nothing is left. */
    { "\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1", "127.0.0.1" }, /* Full-width digits. */
    { "a\xEF\xBC\x8F"
      "b",
      NULL }, /* Full-width slash. */
    { "xn--bcher-kva.de", "xn--bcher-kva.de" },
    { "XN--bcher-KVA.de", "xn--bcher-kva.de" },
    { "xn--", NULL },
    { "xn--a", NULL },
    { "xn--tda_", NULL },
    { "xn--tda.xn--tda", "xn--tda.xn--tda" },
    { "a.xn--zzzzzzzzzzzzzzzzzz", NULL },
    { "axn--.b", "axn--.b" },
    { "\xE2\x80\x8D.de", NULL }, /* A joiner that joins nothing. */
    /* Symbols, which UTS 46 allows. */
    { "\xF0\x9F\x92\xA9.la", "xn--ls8h.la" },
    { "I\xE2\x9D\xA4.ws", "xn--i-7iq.ws" },
    { "i\xE2\x9D\xA4\xEF\xB8\x8F.ws", "xn--i-7iq.ws" }, /* The variation selector is ignored. */
    { "\xE2\x98\x83.net", "xn--n3h.net" },
    { "%F0%9F%91%8D.b\xC3\xBC"
      "cher.de",
      "xn--yp8h.xn--bcher-kva.de" },
    { "\xF0\x9F\x91\x8D\xC3\xBC.de", NULL },     /* Not with other letters. */
    { "\xF0\x9F\x91\x8D\xE2\x80\x8D.de", NULL }, /* ZERO WIDTH JOINER. */
    { "\xE2\x98\x83 .net", NULL },
    { "xn--ls8h.la", "xn--ls8h.la" },
    /* IPv4 */
    { "127.0.0.1", "127.0.0.1" },
    { "127.0.0.1.", "127.0.0.1" },
    { "127.1", "127.0.0.1" },
    { "127.0.1", "127.0.0.1" },
    { "1.2.65535", "1.2.255.255" },
    { "1.16777215", "1.255.255.255" },
    { "0", "0.0.0.0" },
    { "4294967295", "255.255.255.255" },
    { "0x7F.1", "127.0.0.1" },
    { "0X7f000001", "127.0.0.1" },
    { "0x", "0.0.0.0" },
    { "0x.0x", "0.0.0.0" },
    { "0177.0.0.01", "127.0.0.1" },
    { "0300.168.0.0xF0", "192.168.0.240" },
    { "%30x7f.1", "127.0.0.1" },
    { "1.2.3.4.", "1.2.3.4" },
    { "1.2.3.4..", "1.2.3.4.." },
    { "1.2.3.4.5", NULL },
    { "256.0.0.1", NULL },
    { "1.2.3.256", NULL },
    { "1.2.65536", NULL },
    { "1.16777216", NULL },
    { "4294967296", NULL },
    { "99999999999999999999999", NULL },
    { "0x100000000", NULL },
    { "09", NULL },
    { "1.2.3.08", NULL },
    { "a.1", NULL },
    { "1.a.2", NULL },
    { "1..2", NULL },
    { ".1", NULL },
    { "a.0x1", NULL },
    { "a.0xg", "a.0xg" },
    { "1.2.3.a", "1.2.3.a" },
    { "1a", "1a" },
    /* IPv6 */
    { "[::]", "[::]" },
    { "[::1]", "[::1]" },
    { "[1::]", "[1::]" },
    { "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]" },
    { "[0:0:0:0:0:0:0:0]", "[::]" },
    { "[2001:0DB8:0:0:0:0:0:00AB]", "[2001:db8::ab]" },
    { "[1:0:0:2:0:0:0:3]", "[1:0:0:2::3]" },
    { "[1:0:0:2:0:0:3:4]", "[1::2:0:0:3:4]" },    /* The first of two. */
    { "[1:0:2:3:4:5:6:7]", "[1:0:2:3:4:5:6:7]" }, /* One zero is not compressed. */
    { "[1::2:3:4:5:6:7]", "[1:0:2:3:4:5:6:7]" },
    { "[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6:7:0]" },
    { "[::2:3:4:5:6:7:8]", "[0:2:3:4:5:6:7:8]" },
    { "[0:0:1::]", "[0:0:1::]" },
    { "[::1.2.3.4]", "[::102:304]" },
    { "[::ffff:192.168.0.1]", "[::ffff:c0a8:1]" },
    { "[1:2:3:4:5:6:1.2.3.4]", "[1:2:3:4:5:6:102:304]" },
    { "[::2:3:4:5:6:1.2.3.4]", "[0:2:3:4:5:6:102:304]" },
    { "[", NULL },
    { "[]", NULL },
    { "[::1", NULL },
    { "[::1]x", NULL },
    { "[:]", NULL },
    { "[:1]", NULL },
    { "[1:]", NULL },
    { "[:::]", NULL },
    { "[1:::2]", NULL },
    { "[1::2::3]", NULL },
    { "[1]", NULL },
    { "[1:2:3:4:5:6:7]", NULL },
    { "[1:2:3:4:5:6:7:8:9]", NULL },
    { "[1:2:3:4:5:6:7:8::]", NULL },
    { "[::1:2:3:4:5:6:7:8]", NULL },
    { "[1:2:3:4::5:6:7:8]", NULL },
    { "[12345::]", NULL },
    { "[g::]", NULL },
    { "[fe80::1%eth0]", NULL },
    { "[fe80::1%25eth0]", NULL },
    { "[%3A%3A1]", NULL },
    { "[::1.2.3]", NULL },
    { "[::1.2.3.4.5]", NULL },
    { "[::1.2.3.256]", NULL },
    { "[::01.2.3.4]", NULL },
    { "[::1.2.3.04]", NULL },
    { "[::1..3.4]", NULL },
    { "[::.1.2.3]", NULL },
    { "[::1.2.3.]", NULL },
    { "[::1.2.3.4:5]", NULL },
    { "[::a.2.3.4]", NULL },
    { "[1:2:3:4:5:6:7:1.2.3.4]", NULL },
    { "[1:2:3:4:5:6::1.2.3.4]", NULL },
    { "[1.2.3.4]", NULL },
    { "[\xC3\xA9]", NULL },
};

static void hosts(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        size_t count = strlen(c->name);
        char *placed = (char *)guard_page_place(c->name, count);
        struct wf_url_out out = { .capacity = count + WF_URL_HOST_GROWTH };
        out.data = (char *)guard_page_place(NULL, out.capacity);
        const char *reason = NULL;
        weft_status status = wf_url_put_host(&out, (struct weft_text){ placed, count }, &reason);
        assert_int_equal(status, c->host ? WEFT_OK : WEFT_ERR_SYNTAX);
        assert_int_equal(reason == NULL, c->host != NULL);
        if (c->host) {
            assert_int_equal(out.count, strlen(c->host));
            assert_memory_equal(out.data, c->host, out.count);
        }
        guard_page_free((uint8_t *)out.data, out.capacity);
        guard_page_free((uint8_t *)placed, count);
    }
}

/* Bounded work and no overrun, however long it is. */
static void long_names(void **state)
{
    (void)state;
    static const size_t counts[] = { 63, 64, 253, 254, 255, 256, 2048, 2049, 60000 };
    for (size_t i = 0; i < COUNT_OF(counts); i++)
        for (int is_mapped = 0; is_mapped <= 1; is_mapped++) {
            size_t count = counts[i];
            struct wf_url_out out = { .capacity = count + WF_URL_HOST_GROWTH };
            out.data = (char *)guard_page_place(NULL, out.capacity);
            char *name = (char *)guard_page_place(NULL, count);
            memset(name, 'a', count);
            if (is_mapped)
                memcpy(name, "\xC3\xA9", 2);
            const char *reason = NULL;
            weft_status status = wf_url_put_host(&out, (struct weft_text){ name, count }, &reason);
            assert_int_equal(status, is_mapped && count > 57 ? WEFT_ERR_SYNTAX : WEFT_OK);
            guard_page_free((uint8_t *)name, count);
            guard_page_free((uint8_t *)out.data, out.capacity);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts),
        cmocka_unit_test(long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

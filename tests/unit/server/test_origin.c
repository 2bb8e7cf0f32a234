#include "server/origin.h"

#include "support/cases.h"
#include "support/guard_page.h"

static const struct host_case {
    const char *name;
    struct weft_text origin;
    struct weft_text host;
    bool is_same;
} host_cases[] = {
    { "same name", TEXT("http://example.com"), TEXT("example.com"), true },
    { "same name and port", TEXT("http://example.com:8080"), TEXT("example.com:8080"), true },
    { "default port of http", TEXT("http://example.com"), TEXT("example.com:80"), true },
    { "default port written out", TEXT("http://example.com:80"), TEXT("example.com"), true },
    { "https behind a proxy", TEXT("https://example.com"), TEXT("example.com"), true },
    { "default port of https", TEXT("https://example.com"), TEXT("example.com:443"), true },
    { "https port", TEXT("https://example.com:8443"), TEXT("example.com:8443"), true },
    { "empty port", TEXT("http://example.com"), TEXT("example.com:"), true },
    { "case", TEXT("HTTP://Example.COM"), TEXT("eXample.com"), true },
    { "IPv4", TEXT("http://127.0.0.1:8080"), TEXT("127.0.0.1:8080"), true },
    { "IPv6", TEXT("http://[::1]:8080"), TEXT("[::1]:8080"), true },
    { "IPv6, case", TEXT("http://[FE80::1]"), TEXT("[fe80::1]"), true },
    { "other port", TEXT("http://example.com:8081"), TEXT("example.com:8080"), false },
    { "port missing", TEXT("http://example.com"), TEXT("example.com:8080"), false },
    { "https port for http", TEXT("http://example.com"), TEXT("example.com:443"), false },
    { "http port for https", TEXT("https://example.com"), TEXT("example.com:80"), false },
    { "other name", TEXT("http://evil.com"), TEXT("example.com"), false },
    { "name as a prefix", TEXT("http://example.com.evil.com"), TEXT("example.com"), false },
    { "name as a suffix", TEXT("http://evilexample.com"), TEXT("example.com"), false },
    { "subdomain", TEXT("http://a.example.com"), TEXT("example.com"), false },
    { "name as a user", TEXT("http://example.com@evil.com"), TEXT("example.com"), false },
    { "name behind a user", TEXT("http://evil@example.com"), TEXT("example.com"), false },
    { "path", TEXT("http://example.com/"), TEXT("example.com"), false },
    { "query", TEXT("http://example.com?a"), TEXT("example.com"), false },
    { "fragment", TEXT("http://example.com#a"), TEXT("example.com"), false },
    { "backslash", TEXT("http://example.com\\evil"), TEXT("example.com"), false },
    { "list", TEXT("http://example.com http://evil.com"), TEXT("example.com"), false },
    { "null", TEXT("null"), TEXT("null"), false },
    { "empty", TEXT(""), TEXT(""), false },
    { "empty host", TEXT("http://"), TEXT(""), false },
    { "file", TEXT("file://"), TEXT("example.com"), false },
    { "extension", TEXT("chrome-extension://abc"), TEXT("abc"), false },
    { "no scheme", TEXT("example.com"), TEXT("example.com"), false },
    { "scheme alone", TEXT("http:"), TEXT("example.com"), false },
    { "broken scheme", TEXT("1http://example.com"), TEXT("example.com"), false },
    { "port too big", TEXT("http://example.com:65616"), TEXT("example.com:80"), false },
    { "port with letters", TEXT("http://example.com:8o"), TEXT("example.com:8o"), false },
    { "two ports", TEXT("http://example.com:80:80"), TEXT("example.com"), false },
    { "IPv6 without end", TEXT("http://[::1"), TEXT("[::1"), false },
    { "IPv6 and more", TEXT("http://[::1]x"), TEXT("[::1]x"), false },
    { "no address in brackets", TEXT("http://[example]"), TEXT("[example]"), false },
    { "empty brackets", TEXT("http://[]"), TEXT("[]"), false },
    { "broken Host", TEXT("http://example.com"), TEXT("example.com/"), false },
    { "no Host", TEXT("http://example.com"), TEXT(""), false },
};

static void an_origin_is_compared_with_the_host(void **state)
{
    (void)state;
    for_each_case(c, host_cases)
    {
        uint8_t *origin = guard_page_place(c->origin.data, c->origin.count);
        uint8_t *host = guard_page_place(c->host.data, c->host.count);
        struct weft_text one = { (const char *)origin, c->origin.count };
        struct weft_text other = { (const char *)host, c->host.count };
        assert_int_equal(wf_origin_is_of_host(one, other, NULL), c->is_same);
        /* On a secure connection, http: pages are of no host. */
        bool is_secure = c->origin.count > 5 && memcmp(c->origin.data, "https", 5) == 0;
        assert_int_equal(wf_origin_is_of_host(one, other, "https"), c->is_same && is_secure);
        assert_int_equal(wf_origin_is_of_host(one, other, "http"), c->is_same && !is_secure);
        guard_page_free(origin, c->origin.count);
        guard_page_free(host, c->host.count);
    }
}

static const struct rule_case {
    const char *name;
    struct weft_text origin;
    struct weft_text rule;
    bool fits;
} rule_cases[] = {
    { "same", TEXT("https://example.com"), TEXT("https://example.com"), true },
    { "case", TEXT("https://example.com"), TEXT("HTTPS://Example.com"), true },
    { "default port", TEXT("https://example.com"), TEXT("https://example.com:443"), true },
    { "other scheme", TEXT("http://example.com"), TEXT("https://example.com"), false },
    { "other port", TEXT("https://example.com:1"), TEXT("https://example.com"), false },
    { "other name", TEXT("https://example.org"), TEXT("https://example.com"), false },
    { "any", TEXT("https://example.org"), TEXT("*"), true },
    { "any, null", TEXT("null"), TEXT("*"), true },
    { "null is allowed", TEXT("null"), TEXT("null"), true },
    { "null is not allowed", TEXT("null"), TEXT("https://example.com"), false },
    { "only null is allowed", TEXT("https://example.com"), TEXT("null"), false },
    { "extension", TEXT("chrome-extension://abc"), TEXT("chrome-extension://abc"), true },
    { "other extension", TEXT("chrome-extension://abd"), TEXT("chrome-extension://abc"), false },
    { "broken origin", TEXT("https://example.com/"), TEXT("https://example.com"), false },
};

static void an_origin_is_compared_with_a_rule(void **state)
{
    (void)state;
    for_each_case(c, rule_cases) assert_int_equal(wf_origin_fits(c->origin, c->rule), c->fits);
}

static void rules_are_checked(void **state)
{
    (void)state;
    static const char *const right[] = { "*", "null", "https://a", "http://[::1]:1", "app://x" };
    static const char *const wrong[] = { "",         "example.com", "https://a/",
                                         "https://", "**",          "https://*.example.com/",
                                         "a b://c" };
    for (size_t i = 0; i < COUNT_OF(right); i++)
        assert_true(wf_origin_is_rule(weft_text_of(right[i])));
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(wf_origin_is_rule(weft_text_of(wrong[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_origin_is_compared_with_the_host),
        cmocka_unit_test(an_origin_is_compared_with_a_rule),
        cmocka_unit_test(rules_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Which proxy leads where. */
#include "client/proxy_rules.h"

#include "support/cases.h"

#include <stdlib.h>

static const struct wf_proxy_rules named = { .proxy = TEXT("named"),
                                             .uses_environment = true,
                                             .http_proxy = TEXT("http"),
                                             .no_proxy = TEXT("*") };
static const struct wf_proxy_rules all_of_them = { .uses_environment = true,
                                                   .http_proxy = TEXT("http"),
                                                   .https_proxy = TEXT("https"),
                                                   .all_proxy = TEXT("all"),
                                                   .no_proxy = TEXT("b.example,::1,c.example:8") };
static const struct wf_proxy_rules only_all = { .uses_environment = true,
                                                .all_proxy = TEXT("all") };
static const struct wf_proxy_rules only_https = { .uses_environment = true,
                                                  .https_proxy = TEXT("https") };
static const struct wf_proxy_rules unused = { .http_proxy = TEXT("http") };

static const struct {
    const char *name;
    const struct wf_proxy_rules *rules;
    const char *url;
    const char *proxy;
    const char *proxy_name;
} cases[] = {
    { "a named one leads everywhere", &named, "ws://a.example/", "named", "proxy" },
    { "but not to a path", &named, "ws+unix:/a:/", "", NULL },
    { "ws", &all_of_them, "ws://a.example/", "http", "http_proxy" },
    { "wss", &all_of_them, "wss://a.example/", "https", "https_proxy" },
    { "a path", &all_of_them, "ws+unix:/a:/", "", NULL },
    { "a host without", &all_of_them, "wss://x.b.example/", "", NULL },
    { "an address without", &all_of_them, "ws://[::1]:8/", "", NULL },
    { "a port without", &all_of_them, "ws://c.example:8/", "", NULL },
    { "another port", &all_of_them, "ws://c.example/", "http", "http_proxy" },
    { "all for ws", &only_all, "ws://a.example/", "all", "all_proxy" },
    { "all for wss", &only_all, "wss://a.example/", "all", "all_proxy" },
    { "that of wss is not for ws", &only_https, "ws://a.example/", "", NULL },
    { "an environment that nobody asked for", &unused, "ws://a.example/", "", NULL },
};

static void proxies_are_chosen(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        struct wf_url url;
        const char *name = NULL;
        assert_int_equal(
            wf_url_parse_websocket(NULL, weft_text_of(c->url), (struct weft_text){ 0 }, &url, NULL),
            WEFT_OK);
        struct weft_text proxy = wf_proxy_rules_choose(c->rules, &url, &name);
        assert_int_equal(proxy.count, strlen(c->proxy));
        if (proxy.count) {
            assert_memory_equal(proxy.data, c->proxy, proxy.count);
            assert_string_equal(name, c->proxy_name);
        }
        wf_url_drop(NULL, &url);
    }
}

/* Small letters go first, and an empty value is none. */
static void the_environment_is_read(void **state)
{
    (void)state;
    static const char *const small[] = { "http_proxy", "https_proxy", "all_proxy", "no_proxy" };
    static const char *const large[] = { "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY" };
    for (size_t i = 0; i < COUNT_OF(small); i++) {
        struct wf_proxy_rules rules = { 0 };
        const struct weft_text *const found[] = { &rules.http_proxy, &rules.https_proxy,
                                                  &rules.all_proxy, &rules.no_proxy };
        for (size_t j = 0; j < COUNT_OF(small); j++) {
            unsetenv(small[j]);
            unsetenv(large[j]);
        }
        wf_proxy_rules_read(&rules);
        assert_true(rules.uses_environment);
        for (size_t j = 0; j < COUNT_OF(small); j++)
            assert_int_equal(found[j]->count, 0);
        setenv(large[i], "large", 1);
        setenv(small[i], "", 1);
        wf_proxy_rules_read(&rules);
        assert_int_equal(found[i]->count, i == 0 ? 0 : 5); /* HTTP_PROXY never counts. */
        setenv(small[i], "s", 1);
        wf_proxy_rules_read(&rules);
        assert_int_equal(found[i]->count, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxies_are_chosen),
        cmocka_unit_test(the_environment_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The URLs of proxies. */
#include "client/proxy.h"

#include "support/cases.h"
#include "support/fault_alloc.h"

static const struct {
    const char *name;
    const char *text;
    weft_status status;
    enum wf_proxy_kind kind;
    const char *host;
    uint16_t port;
    const char *username, *password, *authorization;
} cases[] = {
    { "nothing", "", WEFT_OK, WF_PROXY_NONE, "", 0, "", "", "" },
    { "http", "http://p.example:3128", WEFT_OK, WF_PROXY_HTTP, "p.example", 3128, "", "", "" },
    { "a slash behind", "http://p:3128/", WEFT_OK, WF_PROXY_HTTP, "p", 3128, "", "", "" },
    { "no scheme", "p:3128", WEFT_OK, WF_PROXY_HTTP, "p", 3128, "", "", "" },
    { "no port", "http://p", WEFT_OK, WF_PROXY_HTTP, "p", 1080, "", "", "" },
    { "an empty port", "http://p:", WEFT_OK, WF_PROXY_HTTP, "p", 1080, "", "", "" },
    { "a name that ends in digits", "http://p80", WEFT_OK, WF_PROXY_HTTP, "p80", 1080, "", "", "" },
    { "the port 80", "http://p:80/", WEFT_OK, WF_PROXY_HTTP, "p", 80, "", "", "" },
    { "an IPv6 address", "socks5://[::1]", WEFT_OK, WF_PROXY_SOCKS5, "::1", 1080, "", "", "" },
    { "its port 80", "[::1]:80", WEFT_OK, WF_PROXY_HTTP, "::1", 80, "", "", "" },
    { "the port 80 with a blank", "http://p:80 ", WEFT_OK, WF_PROXY_HTTP, "p", 80, "", "", "" },
    { "the port 80 with a line's end", "p:80/\r\n", WEFT_OK, WF_PROXY_HTTP, "p", 80, "", "", "" },
    { "a password like a port", "u:80@p", WEFT_OK, WF_PROXY_HTTP, "p", 1080, "u", "80",
      "Basic dTo4MA==" },
    { "a login", "http://us%40r:p%3Aw@p:1", WEFT_OK, WF_PROXY_HTTP, "p", 1, "us@r", "p:w",
      "Basic dXNAcjpwOnc=" },
    { "socks5h", "SOCKS5H://u:%ff@p:9", WEFT_OK, WF_PROXY_SOCKS5H, "p", 9, "u", "\xFF", "" },
    { "a name in capitals", "http://P.Example:1", WEFT_OK, WF_PROXY_HTTP, "p.example", 1, "", "",
      "" },
    { "a proxy behind TLS", "https://p", WEFT_ERR_UNSUPPORTED, 0, NULL, 0, NULL, NULL, NULL },
    { "SOCKS4", "socks4a://p", WEFT_ERR_UNSUPPORTED, 0, NULL, 0, NULL, NULL, NULL },
    { "no such scheme", "ftp://p", WEFT_ERR_SYNTAX, 0, NULL, 0, NULL, NULL, NULL },
    { "no host", "http://", WEFT_ERR_SYNTAX, 0, NULL, 0, NULL, NULL, NULL },
    { "only a login", "http://u@", WEFT_ERR_SYNTAX, 0, NULL, 0, NULL, NULL, NULL },
    { "a path", "http://p/a", WEFT_ERR_SYNTAX, 0, NULL, 0, NULL, NULL, NULL },
    { "a query", "http://p?a", WEFT_ERR_SYNTAX, 0, NULL, 0, NULL, NULL, NULL },
    { "a fragment", "http://p#a", WEFT_ERR_SYNTAX, 0, NULL, 0, NULL, NULL, NULL },
    { "a port that is none", "http://p:65536", WEFT_ERR_SYNTAX, 0, NULL, 0, NULL, NULL, NULL },
    { "the port 0", "http://p:0", WEFT_ERR_SYNTAX, 0, NULL, 0, NULL, NULL, NULL },
    { "a colon in a name for Basic", "http://a%3Ab:c@p", WEFT_ERR_SYNTAX, 0, NULL, 0, NULL, NULL,
      NULL },
    { "a line end in a password", "http://a:%0d%0a@p", WEFT_ERR_SYNTAX, 0, NULL, 0, NULL, NULL,
      NULL },
    { "an escape that is none", "socks5://a:%zz@p", WEFT_ERR_SYNTAX, 0, NULL, 0, NULL, NULL, NULL },
    { "SOCKS5 without a user", "socks5://:b@p", WEFT_ERR_SYNTAX, 0, NULL, 0, NULL, NULL, NULL },
};

static void assert_text(struct weft_text text, const char *wanted)
{
    assert_int_equal(text.count, strlen(wanted));
    if (text.count)
        assert_memory_equal(text.data, wanted, text.count);
}

static void urls_are_read(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        struct wf_proxy proxy;
        const char *reason;
        assert_int_equal(wf_proxy_parse(NULL, weft_text_of(c->text), &proxy, &reason), c->status);
        if (c->status) {
            assert_non_null(reason);
            continue;
        }
        assert_int_equal(proxy.kind, c->kind);
        assert_int_equal(proxy.port, c->port);
        assert_text(proxy.host, c->host);
        assert_text(proxy.username, c->username);
        assert_text(proxy.password, c->password);
        assert_text(proxy.authorization, c->authorization);
        wf_proxy_drop(NULL, &proxy);
        assert_int_equal(proxy.kind, WF_PROXY_NONE);
    }
}

/* RFC 1929 2 has one byte for each length. */
static void logins_for_socks_have_at_most_255_bytes(void **state)
{
    (void)state;
    for (size_t bytes = 255; bytes <= 256; bytes++)
        for (int is_password = 0; is_password < 2; is_password++) {
            char text[600] = "socks5://", more[300] = "";
            memset(more, 'x', bytes);
            strcat(text, is_password ? "u:" : "");
            strcat(text, more);
            strcat(text, "@p");
            struct wf_proxy proxy;
            const char *reason;
            weft_status status = wf_proxy_parse(NULL, weft_text_of(text), &proxy, &reason);
            assert_int_equal(status, bytes == 255 ? WEFT_OK : WEFT_ERR_SYNTAX);
            if (!status)
                wf_proxy_drop(NULL, &proxy);
        }
}

static void no_memory_is_told_and_nothing_is_left(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        struct wf_proxy proxy;
        const char *reason;
        fault_alloc_init(&fault, n);
        weft_status status =
            wf_proxy_parse(&fault.allocator, weft_text_of("http://a:b@p:1"), &proxy, &reason);
        failed = fault.failed;
        assert_int_equal(status, failed ? WEFT_ERR_MEMORY : WEFT_OK);
        if (!status)
            wf_proxy_drop(&fault.allocator, &proxy);
        assert_int_equal(fault.live_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_read),
        cmocka_unit_test(logins_for_socks_have_at_most_255_bytes),
        cmocka_unit_test(no_memory_is_told_and_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "codec/url.h"

#include "support/cases.h"
#include "support/fault_alloc.h"
#include "support/guard_page.h"

static void assert_text(struct weft_text text, const char *expected)
{
    char copy[512];
    assert_true(text.count < sizeof copy);
    if (text.count)
        memcpy(copy, text.data, text.count);
    copy[text.count] = '\0';
    assert_string_equal(copy, expected);
}

/* Parses at the edge of a page, which is gone before the result is looked at. */
static weft_status parse(const char *input, const char *base_text, struct wf_url *url,
                         const char **reason)
{
    struct wf_url base = { 0 };
    if (base_text)
        assert_int_equal(wf_url_parse(NULL, weft_text_of(base_text), NULL, &base, reason), WEFT_OK);
    size_t count = strlen(input);
    char *placed = (char *)guard_page_place(input, count);
    weft_status status = wf_url_parse(NULL, (struct weft_text){ placed, count },
                                      base_text ? &base : NULL, url, reason);
    guard_page_free((uint8_t *)placed, count);
    wf_url_drop(NULL, &base);
    return status;
}

/* ---- parts ---- */

static const struct {
    const char *name; /* The input. */
    const char *href, *scheme, *username, *password, *host, *authority, *path, *query, *target;
    int port; /* -1: the default. */
    bool has_query, has_fragment;
} parts[] = {
    { "ws://example.com", "ws://example.com/", "ws", "", "", "example.com", "example.com", "/", "",
      "/", -1, false, false },
    { "wss://u:p@h:8443/a/b?c=d#e", "wss://u:p@h:8443/a/b?c=d", "wss", "u", "p", "h", "h:8443",
      "/a/b", "c=d", "/a/b?c=d", 8443, true, true },
    { "HTTP://EXAMPLE.com:80", "http://example.com/", "http", "", "", "example.com", "example.com",
      "/", "", "/", -1, false, false },
    { "https://[2001:DB8::1]:443/x?", "https://[2001:db8::1]/x?", "https", "", "", "[2001:db8::1]",
      "[2001:db8::1]", "/x", "", "/x?", -1, true, false },
    { "ws://h:0/#", "ws://h:0/", "ws", "", "", "h", "h:0", "/", "", "/", 0, false, true },
    { "ws://:p@h", "ws://:p@h/", "ws", "", "p", "h", "h", "/", "", "/", -1, false, false },
    { "ws://u@h?q", "ws://u@h/?q", "ws", "u", "", "h", "h", "/", "q", "/?q", -1, true, false },
};

static void the_parts_of_a_url(void **state)
{
    (void)state;
    for_each_case(c, parts)
    {
        struct wf_url url;
        const char *reason;
        assert_int_equal(parse(c->name, NULL, &url, &reason), WEFT_OK);
        assert_text(url.href, c->href);
        assert_string_equal(url.href.data, c->href);
        assert_text(url.scheme, c->scheme);
        assert_text(url.username, c->username);
        assert_text(url.password, c->password);
        assert_text(url.host, c->host);
        assert_text(url.authority, c->authority);
        assert_text(url.path, c->path);
        assert_text(url.query, c->query);
        assert_text(url.target, c->target);
        assert_int_equal(url.has_port, c->port >= 0);
        assert_int_equal(url.port, c->port >= 0 ? c->port : 0);
        assert_int_equal(url.has_query, c->has_query);
        assert_int_equal(url.has_fragment, c->has_fragment);
        assert_text(url.unix_path, "");
        wf_url_drop(NULL, &url);
        assert_null(url.memory);
    }
}

static void ports_and_hosts_to_connect_to(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint16_t port;
        const char *host;
        bool is_secure;
    } cases[] = {
        { "ws://h", 80, "h", false },
        { "wss://h", 443, "h", true },
        { "http://h", 80, "h", false },
        { "https://h", 443, "h", true },
        { "ws://h:443", 443, "h", false },
        { "wss://[::1]:80", 80, "::1", true },
        { "ws://127.1:0", 0, "127.0.0.1", false },
        { "ws+unix:/a", 0, "localhost", false },
    };
    for_each_case(c, cases)
    {
        struct wf_url url;
        assert_int_equal(parse(c->name, NULL, &url, NULL), WEFT_OK);
        assert_int_equal(wf_url_port(&url), c->port);
        assert_text(wf_url_dial_host(&url), c->host);
        assert_int_equal(wf_url_is_secure(&url), c->is_secure);
        wf_url_drop(NULL, &url);
    }
}

/* ---- the whole, with and without a base ---- */

static const struct {
    const char *name; /* The input. */
    const char *base;
    const char *href; /* NULL: WEFT_ERR_SYNTAX. */
} wholes[] = {
    /* white space and controls */
    { "  ws://h/ \n", NULL, "ws://h/" },
    { "\x01\x1Fws://h/\x02", NULL, "ws://h/" },
    { "w\ts\n:/\r/h\t/a\nb", NULL, "ws://h/ab" },
    { "ws://h/a b", NULL, "ws://h/a%20b" },
    { "ws://h/\x7F", NULL, "ws://h/%7F" },
    { "ws://h/ \x01", NULL, "ws://h/" },
    /* scheme */
    { "", NULL, NULL },
    { " ", NULL, NULL },
    { "example.com", NULL, NULL },
    { "//example.com", NULL, NULL },
    { "/chat", NULL, NULL },
    { "ftp://h/", NULL, NULL },
    { "mailto:a@b", NULL, NULL },
    { "wsx://h/", NULL, NULL },
    { "w://h/", NULL, NULL },
    { "1ws://h/", NULL, NULL },
    { ":ws://h/", NULL, NULL },
    { "ws//h/", NULL, NULL },
    { "wS://h/", NULL, "ws://h/" },
    /* slashes */
    { "ws:h", NULL, "ws://h/" },
    { "ws:/h", NULL, "ws://h/" },
    { "ws:///h/a", NULL, "ws://h/a" },
    { "ws:\\\\h\\a\\b", NULL, "ws://h/a/b" },
    { "ws:/\\/\\h", NULL, "ws://h/" },
    { "ws://", NULL, NULL },
    { "ws:", NULL, NULL },
    { "ws:///", NULL, NULL },
    { "ws://?q", NULL, NULL },
    { "ws://#f", NULL, NULL },
    /* userinfo */
    { "ws://@h", NULL, "ws://h/" },
    { "ws://:@h", NULL, "ws://h/" },
    { "ws://u:@h", NULL, "ws://u@h/" },
    { "ws://u:p:q@h", NULL, "ws://u:p%3Aq@h/" },
    { "ws://a@b@c:d@h", NULL, "ws://a%40b%40c:d@h/" },
    { "ws://a;b=c|d^e[f]:/@h", NULL, NULL },
    { "ws://a;b=c|d^e[f]@h", NULL, "ws://a%3Bb%3Dc%7Cd%5Ee%5Bf%5D@h/" },
    { "ws://%41%zz@h", NULL, "ws://%41%zz@h/" },
    { "ws://\xC3\xA9@h", NULL, "ws://%C3%A9@h/" },
    { "ws://u@", NULL, NULL },
    { "ws://u@/x", NULL, NULL },
    { "ws://u@:80/", NULL, NULL },
    /* port */
    { "ws://h:", NULL, "ws://h/" },
    { "ws://h:/", NULL, "ws://h/" },
    { "ws://h:80", NULL, "ws://h/" },
    { "ws://h:0080", NULL, "ws://h/" },
    { "ws://h:443", NULL, "ws://h:443/" },
    { "wss://h:443", NULL, "wss://h/" },
    { "wss://h:80", NULL, "wss://h:80/" },
    { "ws://h:65535", NULL, "ws://h:65535/" },
    { "ws://h:000065535", NULL, "ws://h:65535/" },
    { "ws://h:65536", NULL, NULL },
    { "ws://h:99999999999999999999", NULL, NULL },
    { "ws://h:8o", NULL, NULL },
    { "ws://h:-1", NULL, NULL },
    { "ws://h:80:80", NULL, NULL },
    { "ws://:80", NULL, NULL },
    { "ws://h:8\n0", NULL, "ws://h/" },
    { "ws://h:81\\a", NULL, "ws://h:81/a" },
    { "ws://h:81?a", NULL, "ws://h:81/?a" },
    /* path */
    { "ws://h/.", NULL, "ws://h/" },
    { "ws://h/..", NULL, "ws://h/" },
    { "ws://h/./", NULL, "ws://h/" },
    { "ws://h/a/..", NULL, "ws://h/" },
    { "ws://h/a/../", NULL, "ws://h/" },
    { "ws://h/a/./b", NULL, "ws://h/a/b" },
    { "ws://h/a/b/../c", NULL, "ws://h/a/c" },
    { "ws://h/a/b/../../../../c", NULL, "ws://h/c" },
    { "ws://h/a/b/..", NULL, "ws://h/a/" },
    { "ws://h/a/b/.", NULL, "ws://h/a/b/" },
    { "ws://h/a/%2e%2E/b", NULL, "ws://h/b" },
    { "ws://h/a/.%2e/b", NULL, "ws://h/b" },
    { "ws://h/a/%2e", NULL, "ws://h/a/" },
    { "ws://h/a/%2e%2", NULL, "ws://h/a/%2e%2" },
    { "ws://h/...", NULL, "ws://h/..." },
    { "ws://h/.a/..b", NULL, "ws://h/.a/..b" },
    { "ws://h//a//", NULL, "ws://h//a//" },
    { "ws://h//../a", NULL, "ws://h/a" },
    { "ws://h/a\\..\\b", NULL, "ws://h/b" },
    { "ws://h/\"<>`{}^|'%", NULL, "ws://h/%22%3C%3E%60%7B%7D%5E|'%" },
    { "ws://h/\xE2\x82\xAC", NULL, "ws://h/%E2%82%AC" },
    { "ws://h/[a]:@!$&()*+,;=~_-", NULL, "ws://h/[a]:@!$&()*+,;=~_-" },
    { "ws://h\\a", NULL, "ws://h/a" },
    /* query and fragment */
    { "ws://h?", NULL, "ws://h/?" },
    { "ws://h?a?b/../c\\d", NULL, "ws://h/?a?b/../c\\d" },
    { "ws://h/?\"<>'`{}^| \xC3\xA9", NULL, "ws://h/?%22%3C%3E%27`{}^|%20%C3%A9" },
    { "ws://h/?a#b", NULL, "ws://h/?a" },
    { "ws://h/#a?b", NULL, "ws://h/" },
    { "ws://h/a#", NULL, "ws://h/a" },
    /* relative */
    { "", "ws://h/a/b?c#d", "ws://h/a/b?c" },
    { "#x", "ws://h/a/b?c", "ws://h/a/b?c" },
    { "?", "ws://h/a/b?c", "ws://h/a/b?" },
    { "?x", "ws://u:p@h:81/a/b?c", "ws://u:p@h:81/a/b?x" },
    { "x", "ws://h/a/b?c", "ws://h/a/x" },
    { "x/", "ws://h", "ws://h/x/" },
    { ".", "ws://h/a/b/c", "ws://h/a/b/" },
    { "..", "ws://h/a/b/c", "ws://h/a/" },
    { "../../../x", "ws://h/a/b/c", "ws://h/x" },
    { "/x", "https://u@h:81/a/b?c", "https://u@h:81/x" },
    { "\\x", "https://h/a/b", "https://h/x" },
    { "//g:82/x", "wss://u:p@h:81/a", "wss://g:82/x" },
    { "\\/g", "wss://h/a", "wss://g/" },
    { "///g", "wss://h/a", "wss://g/" },
    { "//", "wss://h/a", NULL },
    { "ws:x", "ws://h/a/b", "ws://h/a/x" },
    { "ws:/x", "ws://h/a/b", "ws://h/x" },
    { "ws:", "ws://h/a/b?q", "ws://h/a/b?q" },
    { "ws://g", "ws://h/a/b", "ws://g/" },
    { "wss:x", "ws://h/a/b", "wss://x/" },
    { "http:x", "https://h/a/b", "http://x/" },
    { "x:y", "ws://h/a", NULL },
    { "1x:y", "ws://h/a/", "ws://h/a/1x:y" },
    { "a b\xC3\xA9", "ws://:p@h/", "ws://:p@h/a%20b%C3%A9" },
    { "x", "ws+unix:/run/s:/a", NULL },
};

static void urls_with_and_without_a_base(void **state)
{
    (void)state;
    for_each_case(c, wholes)
    {
        struct wf_url url;
        const char *reason = NULL;
        weft_status status = parse(c->name, c->base, &url, &reason);
        assert_int_equal(status, c->href ? WEFT_OK : WEFT_ERR_SYNTAX);
        assert_int_equal(reason == NULL, status == WEFT_OK);
        if (c->href)
            assert_text(url.href, c->href);
        else
            assert_null(url.memory);
        wf_url_drop(NULL, &url);
    }
}

/* What was serialised is parsed to the same. */
static void a_serialised_url_stays_as_it_is(void **state)
{
    (void)state;
    for_each_case(c, wholes)
    {
        struct wf_url url;
        if (!c->href)
            continue;
        assert_int_equal(parse(c->href, NULL, &url, NULL), WEFT_OK);
        assert_text(url.href, c->href);
        wf_url_drop(NULL, &url);
    }
}

static void zeros_and_broken_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct weft_text input;
        const char *href;
    } cases[] = {
        { "zero at the ends", TEXT("\0ws://h/\0"), "ws://h/" },
        { "zero in the path", TEXT("ws://h/a\0b"), "ws://h/a%00b" },
        { "zero in the host", TEXT("ws://h\0/"), NULL },
        { "zero in a host that is mapped", TEXT("ws://\xC3\xA9\0/"), NULL },
        { "zero in the scheme", TEXT("w\0s://h/"), NULL },
        { "not UTF-8 in the path", TEXT("ws://h/\xFF"), NULL },
        { "not UTF-8 at the end", TEXT("ws://h/\xC3"), NULL },
    };
    for_each_case(c, cases)
    {
        struct wf_url url;
        const char *reason;
        assert_int_equal(wf_url_parse(NULL, c->input, NULL, &url, &reason),
                         c->href ? WEFT_OK : WEFT_ERR_SYNTAX);
        if (c->href)
            assert_text(url.href, c->href);
        wf_url_drop(NULL, &url);
    }
}

static void a_url_has_a_longest_length(void **state)
{
    (void)state;
    static char text[WF_URL_BYTES_MAX + 2];
    memset(text, '"', sizeof text);
    memcpy(text, "ws://h/", 7);
    struct wf_url url;
    const char *reason;
    assert_int_equal(
        wf_url_parse(NULL, (struct weft_text){ text, WF_URL_BYTES_MAX }, NULL, &url, &reason),
        WEFT_OK);
    assert_int_equal(url.path.count, 1 + 3 * (WF_URL_BYTES_MAX - 7));
    wf_url_drop(NULL, &url);
    assert_int_equal(
        wf_url_parse(NULL, (struct weft_text){ text, WF_URL_BYTES_MAX + 1 }, NULL, &url, &reason),
        WEFT_ERR_SYNTAX);
    assert_string_equal(reason, "the URL is too long");
}

/* ---- new WebSocket(url) ---- */

static const struct {
    const char *name; /* The input. */
    const char *base;
    const char *href; /* NULL: WEFT_ERR_SYNTAX. */
} websockets[] = {
    { "ws://h", "", "ws://h/" },
    { "wss://h", "", "wss://h/" },
    { "http://h:80/a", "", "ws://h/a" },
    { "https://h:443/a", "", "wss://h/a" },
    { "https://h:80/a", "", "wss://h:80/a" },
    { "/chat", "https://h:8443/x?y#z", "wss://h:8443/chat" },
    { "//g/chat", "http://h", "ws://g/chat" },
    { "chat", "", NULL },
    { "chat", "not a base", NULL },
    { "ws://h", "not a base", NULL },
    { "ws://h/#", "", NULL },
    { "ws://h/#f", "", NULL },
    { "#f", "ws://h", NULL },
    { "ws://h/%23", "", "ws://h/%23" },
    { "ftp://h", "", NULL },
    { "file:///x", "", NULL },
    { "ws+unix:/run/a.sock:/chat", "", "ws+unix:/run/a.sock:/chat" },
    { "ws+unix:/run/a.sock:/chat#f", "", NULL },
};

static void urls_of_websockets(void **state)
{
    (void)state;
    for_each_case(c, websockets)
    {
        struct wf_url url;
        const char *reason = NULL;
        weft_status status = wf_url_parse_websocket(NULL, weft_text_of(c->name),
                                                    weft_text_of(c->base), &url, &reason);
        assert_int_equal(status, c->href ? WEFT_OK : WEFT_ERR_SYNTAX);
        assert_int_equal(reason == NULL, status == WEFT_OK);
        if (c->href)
            assert_text(url.href, c->href);
        else
            assert_null(url.memory);
        wf_url_drop(NULL, &url);
    }
}

static void a_mapped_scheme_is_the_scheme(void **state)
{
    (void)state;
    struct wf_url url;
    assert_int_equal(wf_url_parse_websocket(NULL, weft_text_of("https://h"),
                                            (struct weft_text){ 0 }, &url, NULL),
                     WEFT_OK);
    assert_int_equal(url.scheme_id, WF_URL_WSS);
    assert_text(url.scheme, "wss");
    assert_int_equal(wf_url_port(&url), 443);
    wf_url_drop(NULL, &url);
}

/* ---- ws+unix ---- */

static const struct {
    const char *name; /* The input. */
    const char *path; /* Of the socket. NULL: WEFT_ERR_SYNTAX. */
    const char *target;
    const char *href;
} unix_sockets[] = {
    { "ws+unix:/run/a.sock:/chat?x=1", "/run/a.sock", "/chat?x=1",
      "ws+unix:/run/a.sock:/chat?x=1" },
    { "ws+unix:/run/a.sock", "/run/a.sock", "/", "ws+unix:/run/a.sock:/" },
    { "ws+unix:/run/a.sock:", "/run/a.sock", "/", "ws+unix:/run/a.sock:/" },
    { "WS+UNIX:a:?q", "a", "/?q", "ws+unix:a:/?q" },
    { "ws+unix:@name:/", "@name", "/", "ws+unix:@name:/" },
    { "ws+unix:/a%3Ab%20c:/d e", "/a:b c", "/d%20e", "ws+unix:/a%3Ab%20c:/d%20e" },
    { "ws+unix:/\xC3\xA9:/a/../b:c", "/\xC3\xA9", "/b:c", "ws+unix:/%C3%A9:/b:c" },
    { "ws+unix:", NULL, NULL, NULL },
    { "ws+unix::/a", NULL, NULL, NULL },
    { "ws+unix:/a?b:/", NULL, NULL, NULL },
    { "ws+unix:/a#b:/", NULL, NULL, NULL },
    { "ws+unix:/a%00b:/", NULL, NULL, NULL },
    { "ws+unix:/a%4:/", NULL, NULL, NULL },
};

static void unix_sockets_have_a_path_and_a_target(void **state)
{
    (void)state;
    for_each_case(c, unix_sockets)
    {
        struct wf_url url;
        const char *reason = NULL;
        assert_int_equal(parse(c->name, NULL, &url, &reason), c->path ? WEFT_OK : WEFT_ERR_SYNTAX);
        assert_int_equal(reason == NULL, c->path != NULL);
        if (!c->path)
            continue;
        assert_text(url.unix_path, c->path);
        assert_string_equal(url.unix_path.data, c->path);
        assert_text(url.target, c->target);
        assert_string_equal(url.href.data, c->href);
        assert_text(url.authority, "localhost");
        wf_url_drop(NULL, &url);
    }
}

/* ---- memory ---- */

static void without_memory_nothing_is_left(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, n);
        struct wf_url url;
        weft_status status =
            wf_url_parse_websocket(&fault.allocator, weft_text_of("/b\xC3\xBC"),
                                   weft_text_of("https://b\xC3\xBC.de/x"), &url, NULL);
        failed = fault.failed;
        assert_int_equal(status, failed ? WEFT_ERR_MEMORY : WEFT_OK);
        wf_url_drop(&fault.allocator, &url);
        assert_int_equal(fault.live_count, 0);
    }
}

static void a_zero_filled_url_can_be_dropped(void **state)
{
    (void)state;
    struct wf_url url = { 0 };
    wf_url_drop(NULL, &url);
    assert_null(url.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_of_a_url),
        cmocka_unit_test(ports_and_hosts_to_connect_to),
        cmocka_unit_test(urls_with_and_without_a_base),
        cmocka_unit_test(a_serialised_url_stays_as_it_is),
        cmocka_unit_test(zeros_and_broken_utf8),
        cmocka_unit_test(a_url_has_a_longest_length),
        cmocka_unit_test(urls_of_websockets),
        cmocka_unit_test(a_mapped_scheme_is_the_scheme),
        cmocka_unit_test(unix_sockets_have_a_path_and_a_target),
        cmocka_unit_test(without_memory_nothing_is_left),
        cmocka_unit_test(a_zero_filled_url_can_be_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/proxied.h"

#include "support/cases.h"

#include <stdlib.h>

static const char *const trusted[] = { "10.0.0.0/8", "2001:db8:1::/48", "unix" };

static const struct {
    const char *name;
    const char *peer;
    enum weft_proxy_fields fields;
    struct weft_header items[4];
    bool is_by_proxy;
    const char *client, *scheme, *host; /* NULL: not told. */
} cases[] = {
#define X(value)                                                                                   \
    {                                                                                              \
        TEXT("X-Forwarded-For"), TEXT(value)                                                       \
    }
#define PROTO(value)                                                                               \
    {                                                                                              \
        TEXT("X-Forwarded-Proto"), TEXT(value)                                                     \
    }
#define HOST(value)                                                                                \
    {                                                                                              \
        TEXT("X-Forwarded-Host"), TEXT(value)                                                      \
    }
#define F(value)                                                                                   \
    {                                                                                              \
        TEXT("Forwarded"), TEXT(value)                                                             \
    }
    { "nobody to believe",
      "192.0.2.9:1",
      0,
      { X("192.0.2.1"), PROTO("https"), HOST("a") },
      false,
      NULL,
      NULL,
      NULL },
    { "a proxy says nothing",
      "10.0.0.1:80",
      0,
      { { TEXT(""), TEXT("") } },
      true,
      "10.0.0.1:80",
      NULL,
      NULL },
    { "one proxy",
      "10.0.0.1:80",
      0,
      { X("192.0.2.1"), PROTO("https"), HOST("a.example") },
      true,
      "192.0.2.1",
      "https",
      "a.example" },
    { "a proxy at a path", "unix", 0, { X("192.0.2.1") }, true, "192.0.2.1", NULL, NULL },
    { "what the client made up",
      "10.0.0.1:80",
      0,
      { X("127.0.0.1, 192.0.2.1") },
      true,
      "192.0.2.1",
      NULL,
      NULL },
    { "what it made up in a field of its own",
      "10.0.0.1:80",
      0,
      { X("127.0.0.1"), X("192.0.2.1") },
      true,
      "192.0.2.1",
      NULL,
      NULL },
    { "two proxies",
      "10.0.0.1:80",
      0,
      { X("1.2.3.4, 192.0.2.1, 10.0.0.2") },
      true,
      "192.0.2.1",
      NULL,
      NULL },
    { "two proxies that append everywhere",
      "10.0.0.1:80",
      0,
      { X("192.0.2.1, 10.0.0.2"), PROTO("https, http"), HOST("a, inside") },
      true,
      "192.0.2.1",
      "https",
      "a" },
    { "two proxies that append addresses alone",
      "10.0.0.1:80",
      0,
      { X("192.0.2.1, 10.0.0.2"), PROTO("https"), HOST("a") },
      true,
      "192.0.2.1",
      "https",
      "a" },
    { "a scheme made up",
      "10.0.0.1:80",
      0,
      { X("192.0.2.1"), PROTO("https, http") },
      true,
      "192.0.2.1",
      "http",
      NULL },
    { "all are trusted",
      "10.0.0.1:80",
      0,
      { X("10.0.0.3,10.0.0.2") },
      true,
      "10.0.0.3",
      NULL,
      NULL },
    { "with a port",
      "10.0.0.1:80",
      0,
      { X("192.0.2.1:4711") },
      true,
      "192.0.2.1:4711",
      NULL,
      NULL },
    { "IPv6", "[2001:db8:1::1]:80", 0, { X("2001:db8:2::1") }, true, "2001:db8:2::1", NULL, NULL },
    { "rubbish", "10.0.0.1:80", 0, { X("192.0.2.1, <script>") }, true, "unknown", NULL, NULL },
    { "rubbish to the left",
      "10.0.0.1:80",
      0,
      { X("<script>, 192.0.2.1") },
      true,
      "192.0.2.1",
      NULL,
      NULL },
    { "rubbish behind a proxy",
      "10.0.0.1:80",
      0,
      { X("\"a\", 10.0.0.2") },
      true,
      "unknown",
      NULL,
      NULL },
    { "an unknown scheme",
      "10.0.0.1:80",
      0,
      { X("192.0.2.1"), PROTO("ftp") },
      true,
      "192.0.2.1",
      NULL,
      NULL },
    { "a scheme of WebSockets",
      "10.0.0.1:80",
      0,
      { PROTO("wss") },
      true,
      "10.0.0.1:80",
      "https",
      NULL },
    { "the other fields are not looked at",
      "10.0.0.1:80",
      0,
      { F("for=192.0.2.1;proto=https") },
      true,
      "10.0.0.1:80",
      NULL,
      NULL },
    { "nor those the other way",
      "10.0.0.1:80",
      WEFT_PROXY_FORWARDED,
      { X("192.0.2.1"), PROTO("https"), HOST("a") },
      true,
      "10.0.0.1:80",
      NULL,
      NULL },
    { "Forwarded",
      "10.0.0.1:80",
      WEFT_PROXY_FORWARDED,
      { F("for=192.0.2.1;proto=https;host=a.example") },
      true,
      "192.0.2.1",
      "https",
      "a.example" },
    { "Forwarded, IPv6",
      "10.0.0.1:80",
      WEFT_PROXY_FORWARDED,
      { F("for=\"[2001:db8::1]:4711\";host=\"[::1]:80\"") },
      true,
      "[2001:db8::1]:4711",
      NULL,
      "[::1]:80" },
    { "Forwarded by two",
      "10.0.0.1:80",
      WEFT_PROXY_FORWARDED,
      { F("for=1.1.1.1;proto=ftp, for=192.0.2.1;proto=https;host=a"),
        F("for=10.0.0.2;proto=http") },
      true,
      "192.0.2.1",
      "https",
      "a" },
    { "hidden",
      "10.0.0.1:80",
      WEFT_PROXY_FORWARDED,
      { F("for=1.1.1.1, for=_gazonk") },
      true,
      "_gazonk",
      NULL,
      NULL },
    { "unknown",
      "10.0.0.1:80",
      WEFT_PROXY_FORWARDED,
      { F("for=1.1.1.1, for=unknown") },
      true,
      "unknown",
      NULL,
      NULL },
    { "hidden behind a proxy",
      "10.0.0.1:80",
      WEFT_PROXY_FORWARDED,
      { F("for=_a;proto=https, for=10.0.0.2") },
      true,
      "_a",
      "https",
      NULL },
    { "without for",
      "10.0.0.1:80",
      WEFT_PROXY_FORWARDED,
      { F("proto=https") },
      true,
      "unknown",
      "https",
      NULL },
    { "rubbish in Forwarded",
      "10.0.0.1:80",
      WEFT_PROXY_FORWARDED,
      { F("for=1.1.1.1, for=[::1]") },
      true,
      "unknown",
      NULL,
      NULL },
    { "quotes that a client left open",
      "10.0.0.1:80",
      WEFT_PROXY_FORWARDED,
      { F("for=\"1.1.1.1, for=192.0.2.1") },
      true,
      "192.0.2.1",
      NULL,
      NULL },
};

static void the_rightmost_that_is_not_trusted(void **state)
{
    (void)state;
    struct wf_peers *peers;
    assert_int_equal(wf_peers_create(NULL, trusted, COUNT_OF(trusted), &peers), WEFT_OK);
    for_each_case(c, cases)
    {
        struct wf_proxied out;
        struct weft_headers headers = { c->items, COUNT_OF(c->items) };
        wf_proxied_find(peers, c->fields, c->peer, headers, &out);
        assert_int_equal(out.is_by_proxy, c->is_by_proxy);
        if (c->client)
            assert_string_equal(out.client, c->client);
        assert_int_equal(out.scheme != NULL, c->scheme != NULL);
        if (c->scheme)
            assert_string_equal(out.scheme, c->scheme);
        assert_int_equal(out.host.data != NULL, c->host != NULL);
        if (c->host) {
            assert_int_equal(out.host.count, strlen(c->host));
            assert_memory_equal(out.host.data, c->host, out.host.count);
        }
    }
    free(peers);
}

/* What is called very long is cut, and many proxies are passed. */
static void long_names_and_long_ways(void **state)
{
    (void)state;
    struct wf_peers *peers;
    struct wf_proxied out;
    char value[10000], *at = value;
    assert_int_equal(wf_peers_create(NULL, trusted, COUNT_OF(trusted), &peers), WEFT_OK);
    memset(value, 'a', 300);
    value[0] = '_';
    struct weft_header header = { TEXT("X-Forwarded-For"), { value, 300 } };
    wf_proxied_find(peers, WEFT_PROXY_X_FORWARDED, "10.0.0.1:1",
                    (struct weft_headers){ &header, 1 }, &out);
    assert_int_equal(strlen(out.client), sizeof out.client - 1);

    at = stpcpy(at, "192.0.2.1");
    for (int i = 0; i < 800; i++)
        at = stpcpy(at, ",10.0.0.2");
    header.value.count = (size_t)(at - value);
    wf_proxied_find(peers, WEFT_PROXY_X_FORWARDED, "10.0.0.1:1",
                    (struct weft_headers){ &header, 1 }, &out);
    assert_string_equal(out.client, "192.0.2.1");
    free(peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rightmost_that_is_not_trusted),
        cmocka_unit_test(long_names_and_long_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

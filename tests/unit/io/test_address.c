#include "io/address.h"

#include "support/cases.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>

static const struct {
    const char *name;
    struct weft_text ip;
    weft_status status;
    const char *text; /* With port 80. */
} ips[] = {
    { "v4", TEXT("127.0.0.1"), WEFT_OK, "127.0.0.1:80" },
    { "v4 broadcast", TEXT("255.255.255.255"), WEFT_OK, "255.255.255.255:80" },
    { "v6 loopback", TEXT("::1"), WEFT_OK, "[::1]:80" },
    { "v6 any", TEXT("::"), WEFT_OK, "[::]:80" },
    { "v6 capitals", TEXT("2001:DB8::A"), WEFT_OK, "[2001:db8::a]:80" },
    { "v6 with v4", TEXT("::ffff:1.2.3.4"), WEFT_OK, "[::ffff:1.2.3.4]:80" },
    { "v6 with a zone", TEXT("fe80::1%lo"), WEFT_OK, "[fe80::1%lo]:80" },
    { "v6 with a numbered zone", TEXT("fe80::1%77777"), WEFT_OK, "[fe80::1%77777]:80" },
    { "longest v6", TEXT("1111:2222:3333:4444:5555:6666:7777:8888"), WEFT_OK,
      "[1111:2222:3333:4444:5555:6666:7777:8888]:80" },
    { "empty", TEXT(""), WEFT_ERR_SYNTAX, NULL },
    { "a name", TEXT("localhost"), WEFT_ERR_SYNTAX, NULL },
    { "v4 too short", TEXT("127.1"), WEFT_ERR_SYNTAX, NULL },
    { "v4 too long", TEXT("1.2.3.4.5"), WEFT_ERR_SYNTAX, NULL },
    { "v4 over 255", TEXT("1.2.3.256"), WEFT_ERR_SYNTAX, NULL },
    { "v4 octal", TEXT("010.0.0.1"), WEFT_ERR_SYNTAX, NULL },
    { "v4 as a number", TEXT("2130706433"), WEFT_ERR_SYNTAX, NULL },
    { "v4 with a port", TEXT("127.0.0.1:80"), WEFT_ERR_SYNTAX, NULL },
    { "v4 and a space", TEXT("127.0.0.1 "), WEFT_ERR_SYNTAX, NULL },
    { "brackets", TEXT("[::1]"), WEFT_ERR_SYNTAX, NULL },
    { "two double colons", TEXT("1::2::3"), WEFT_ERR_SYNTAX, NULL },
    { "unknown zone", TEXT("fe80::1%nosuchif"), WEFT_ERR_SYNTAX, NULL },
    { "empty zone", TEXT("fe80::1%"), WEFT_ERR_SYNTAX, NULL },
    { "zone of zero", TEXT("fe80::1%0"), WEFT_ERR_SYNTAX, NULL },
    { "zone too large", TEXT("fe80::1%99999999999"), WEFT_ERR_SYNTAX, NULL },
    { "a zero inside", TEXT("127.0.0.1\0"), WEFT_ERR_SYNTAX, NULL },
    { "far too long",
      TEXT("1111111111111111111111111111111111111111111111111111111111111111111111"
           "11111111111111111111111111111111111111111"),
      WEFT_ERR_SYNTAX, NULL },
};

static void test_ips(void **state)
{
    (void)state;
    for_each_case(c, ips)
    {
        struct wf_address address;
        char text[WF_ADDRESS_TEXT_MAX];
        assert_int_equal(wf_address_of_ip(&address, c->ip, 80), c->status);
        if (c->status)
            continue;
        wf_address_text(&address, text, sizeof text);
        assert_string_equal(text, c->text);
        assert_int_equal(wf_address_port(&address), 80);
        wf_address_set_port(&address, 65535);
        assert_int_equal(wf_address_port(&address), 65535);
    }
}

#define P10  "0123456789"
#define P100 P10 P10 P10 P10 P10 P10 P10 P10 P10 P10

static const struct {
    const char *name;
    struct weft_text path;
    weft_status status;
    const char *text;
} paths[] = {
    { "absolute", TEXT("/run/weft.sock"), WEFT_OK, "unix:/run/weft.sock" },
    { "relative", TEXT("a"), WEFT_OK, "unix:a" },
    { "abstract", TEXT("@weft"), WEFT_OK, "unix:@weft" },
    { "longest", TEXT(P100 "1234567"), WEFT_OK, "unix:" P100 "1234567" },
    { "longest abstract", TEXT("@" P100 "123456"), WEFT_OK, "unix:@" P100 "123456" },
    { "control characters", TEXT("/a\nb\x7f"), WEFT_OK, "unix:/a?b?" },
    { "empty", TEXT(""), WEFT_ERR_SYNTAX, NULL },
    { "at alone", TEXT("@"), WEFT_ERR_SYNTAX, NULL },
    { "too long", TEXT(P100 "12345678"), WEFT_ERR_SYNTAX, NULL },
    { "a zero inside", TEXT("/a\0b"), WEFT_ERR_SYNTAX, NULL },
};

static void test_paths(void **state)
{
    (void)state;
    for_each_case(c, paths)
    {
        struct wf_address address;
        char text[WF_ADDRESS_TEXT_MAX];
        assert_int_equal(wf_address_of_path(&address, c->path), c->status);
        if (c->status)
            continue;
        wf_address_text(&address, text, sizeof text);
        assert_string_equal(text, c->text);
        wf_address_set_port(&address, 80);
        assert_int_equal(wf_address_port(&address), 0);
    }
}

/* Cut at every length, never written behind, always ended. */
static void test_short_output(void **state)
{
    (void)state;
    static const char *const sources[] = { "unix:/run/weft.sock", "[fe80::1%lo]:443",
                                           "127.0.0.1:443" };
    for (size_t s = 0; s < COUNT_OF(sources); s++) {
        struct wf_address address;
        weft_status status = s == 0   ? wf_address_of_path(&address, weft_text_of("/run/weft.sock"))
                             : s == 1 ? wf_address_of_ip(&address, weft_text_of("fe80::1%lo"), 443)
                                      : wf_address_of_ip(&address, weft_text_of("127.0.0.1"), 443);
        assert_int_equal(status, WEFT_OK);
        for (size_t bytes = 1; bytes <= strlen(sources[s]) + 1; bytes++) {
            char *out = malloc(bytes);
            assert_non_null(out);
            wf_address_text(&address, out, bytes);
            assert_int_equal(strlen(out), bytes - 1);
            assert_memory_equal(out, sources[s], bytes - 1);
            free(out);
        }
    }
}

static void test_unnamed(void **state)
{
    (void)state;
    char text[WF_ADDRESS_TEXT_MAX];
    struct wf_address address = { .bytes = sizeof(sa_family_t) };
    address.storage.ss_family = AF_UNIX;
    wf_address_text(&address, text, sizeof text);
    assert_string_equal(text, "unix");
    address.storage.ss_family = AF_UNSPEC;
    wf_address_text(&address, text, sizeof text);
    assert_string_equal(text, "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ips),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_short_output),
        cmocka_unit_test(test_unnamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

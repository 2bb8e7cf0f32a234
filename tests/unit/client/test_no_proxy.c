/* Which hosts a list has. */
#include "client/no_proxy.h"

#include "support/cases.h"
#include "support/guard_page.h"

static const struct {
    const char *name;
    const char *list;
    const char *host;
    bool has;
} cases[] = {
    { "nothing", "", "a.example", false },
    { "all", "*", "a.example", true },
    { "all addresses", "*", "::1", true },
    { "a star among others is no name", "*,b.example", "a.example", false },
    { "the name", "a.example", "a.example", true },
    { "a name below", "example", "a.b.example", true },
    { "a name that only ends alike", "example.com", "badexample.com", false },
    { "a name above", "a.example", "example", false },
    { "a leading dot", ".example.com", "www.example.com", true },
    { "a leading dot and the name itself", ".example.com", "example.com", true },
    { "a dot at the list's end", "example.com.", "example.com", true },
    { "a dot at the host's end", "example.com", "www.example.com.", true },
    { "capitals", "EXAMPLE.com", "a.Example.COM", true },
    { "the second", "b.example,a.example", "a.example", true },
    { "spaces", " b.example \t a.example ", "a.example", true },
    { "empty entries", ",, ,a.example", "a.example", true },
    { "only dots", ".,..", "a.example", false },
    { "its port", "a.example:80", "a.example", true },
    { "another port", "a.example:81", "a.example", false },
    { "a port that is none", "a.example:8x", "a.example", false },
    { "a port that is too large", "a.example:65616", "a.example", false },
    { "an empty port", "a.example:", "a.example", false },
    { "an address", "192.0.2.1", "192.0.2.1", true },
    { "another address", "192.0.2.1", "192.0.2.10", false },
    { "an address is no name", "1", "192.0.2.1", false },
    { "a name is no address", "192.0.2.1", "a.192.0.2.1.example", false },
    { "an address with its port", "192.0.2.1:80", "192.0.2.1", true },
    { "an address with another port", "192.0.2.1:8080", "192.0.2.1", false },
    { "a network", "10.0.0.0/8", "10.255.1.2", true },
    { "another network", "10.0.0.0/8", "11.0.0.1", false },
    { "not at a byte's end", "172.16.0.0/12", "172.31.255.255", true },
    { "not at a byte's end, outside", "172.16.0.0/12", "172.32.0.0", false },
    { "all bits", "10.1.2.3/32", "10.1.2.3", true },
    { "no bits", "10.1.2.3/0", "192.0.2.1", true },
    { "no bits of the other family", "::/0", "192.0.2.1", false },
    { "too many bits", "10.1.2.3/33", "10.1.2.3", false },
    { "bits that are none", "10.0.0.0/x", "10.0.0.0", false },
    { "no bits behind the slash", "10.0.0.0/", "10.0.0.0", false },
    { "a network for one port", "10.0.0.0/8:80", "10.0.0.1", true },
    { "IPv6", "::1", "::1", true },
    { "IPv6, written otherwise", "0:0::0:1", "::1", true },
    { "IPv6 in brackets", "[::1]", "::1", true },
    { "IPv6 in brackets with its port", "[::1]:80", "::1", true },
    { "IPv6 in brackets with another port", "[::1]:81", "::1", false },
    { "a bracket too few", "[::1", "::1", false },
    { "something behind the bracket", "[::1]x", "::1", false },
    { "an IPv6 network", "fe80::/10", "febf::1", true },
    { "outside an IPv6 network", "fe80::/10", "fec0::1", false },
};

static void lists_have_hosts(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        size_t count = strlen(c->list);
        char *list = (char *)guard_page_place(c->list, count);
        assert_int_equal(
            wf_no_proxy_has((struct weft_text){ list, count }, weft_text_of(c->host), 80), c->has);
        /* Shorter lists are read to their end and not further. */
        for (size_t cut = 0; cut < count; cut++)
            (void)wf_no_proxy_has((struct weft_text){ list + cut, count - cut },
                                  weft_text_of(c->host), 80);
        guard_page_free((uint8_t *)list, count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(lists_have_hosts) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/listen_address.h"

#include "support/cases.h"
#include "support/guard_page.h"

static const struct address_case {
    const char *name;
    struct weft_text text;
    weft_status status;
    enum wf_listen_kind kind;
    const char *host;
    uint16_t port;
} address_cases[] = {
    { "IPv4", TEXT("127.0.0.1:8080"), WEFT_OK, WF_LISTEN_HOST, "127.0.0.1", 8080 },
    { "IPv6", TEXT("[::1]:0"), WEFT_OK, WF_LISTEN_HOST, "::1", 0 },
    { "name", TEXT("localhost:80"), WEFT_OK, WF_LISTEN_HOST, "localhost", 80 },
    { "greatest port", TEXT("a:65535"), WEFT_OK, WF_LISTEN_HOST, "a", 65535 },
    { "no host", TEXT(":8080"), WEFT_OK, WF_LISTEN_ANYWHERE, "", 8080 },
    { "asterisk", TEXT("*:8080"), WEFT_OK, WF_LISTEN_ANYWHERE, "", 8080 },
    { "path", TEXT("unix:/run/a.sock"), WEFT_OK, WF_LISTEN_PATH, "/run/a.sock", 0 },
    { "path with a colon", TEXT("unix:a:1"), WEFT_OK, WF_LISTEN_PATH, "a:1", 0 },
    { "abstract", TEXT("unix:@a"), WEFT_OK, WF_LISTEN_PATH, "@a", 0 },
    { "systemd", TEXT("systemd"), WEFT_OK, WF_LISTEN_INHERITED, "", 0 },
    { "systemd by name", TEXT("systemd:web"), WEFT_OK, WF_LISTEN_INHERITED, "web", 0 },
    { "a host that begins like it", TEXT("systemd2:80"), WEFT_OK, WF_LISTEN_HOST, "systemd2", 80 },
    { "descriptor", TEXT("fd:3"), WEFT_OK, WF_LISTEN_DESCRIPTOR, "", 0 },
    { "standard error", TEXT("fd:2"), WEFT_ERR_SYNTAX, 0, NULL, 0 },
    { "no descriptor", TEXT("fd:"), WEFT_ERR_SYNTAX, 0, NULL, 0 },
    { "descriptor with letters", TEXT("fd:3a"), WEFT_ERR_SYNTAX, 0, NULL, 0 },
    { "systemd by an empty name", TEXT("systemd:"), WEFT_ERR_SYNTAX, 0, NULL, 0 },
    { "empty", TEXT(""), WEFT_ERR_SYNTAX, 0, NULL, 0 },
    { "no port", TEXT("localhost"), WEFT_ERR_SYNTAX, 0, NULL, 0 },
    { "empty port", TEXT("localhost:"), WEFT_ERR_SYNTAX, 0, NULL, 0 },
    { "port too big", TEXT("localhost:65536"), WEFT_ERR_SYNTAX, 0, NULL, 0 },
    { "port over 32 bits", TEXT("localhost:4294967376"), WEFT_ERR_SYNTAX, 0, NULL, 0 },
    { "port with letters", TEXT("localhost:80a"), WEFT_ERR_SYNTAX, 0, NULL, 0 },
    { "negative port", TEXT("localhost:-1"), WEFT_ERR_SYNTAX, 0, NULL, 0 },
    { "IPv6 without brackets", TEXT("::1:80"), WEFT_ERR_SYNTAX, 0, NULL, 0 },
    { "IPv6 without port", TEXT("[::1]"), WEFT_ERR_SYNTAX, 0, NULL, 0 },
    { "brackets not closed", TEXT("[::1:80"), WEFT_ERR_SYNTAX, 0, NULL, 0 },
    { "empty brackets", TEXT("[]:80"), WEFT_ERR_SYNTAX, 0, NULL, 0 },
    { "empty path", TEXT("unix:"), WEFT_ERR_SYNTAX, 0, NULL, 0 },
};

static void an_address_is_read(void **state)
{
    (void)state;
    for_each_case(c, address_cases)
    {
        uint8_t *placed = guard_page_place(c->text.data, c->text.count);
        struct weft_text text = { (const char *)placed, c->text.count };
        struct wf_listen_address address;
        assert_int_equal(wf_listen_address_parse(text, &address), c->status);
        if (c->status == WEFT_OK) {
            assert_int_equal(address.kind, c->kind);
            assert_int_equal(address.port, c->port);
            assert_int_equal(address.host.count, strlen(c->host));
            if (address.host.count)
                assert_memory_equal(address.host.data, c->host, address.host.count);
        }
        guard_page_free(placed, c->text.count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(an_address_is_read) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

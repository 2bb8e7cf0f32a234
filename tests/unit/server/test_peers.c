#include "server/peers.h"

#include "support/cases.h"

#include <stdlib.h>

static const struct {
    const char *name;
    const char *texts[3];
    const char *peer;
    bool is_in;
} cases[] = {
    { "an address", { "192.0.2.1" }, "192.0.2.1:80", true },
    { "another one", { "192.0.2.1" }, "192.0.2.2:80", false },
    { "without a port", { "192.0.2.1" }, "192.0.2.1", true },
    { "the second", { "::1", "10.0.0.0/8" }, "10.1.2.3:1", true },
    { "IPv6", { "2001:db8::/32" }, "[2001:db8::1]:80", true },
    { "IPv6 without a port", { "2001:db8::/32" }, "2001:db8::1", true },
    { "with a zone", { "fe80::/10" }, "[fe80::1%eth0]:80", true },
    { "a listener of both families", { "127.0.0.1" }, "[::ffff:127.0.0.1]:80", true },
    { "a path", { "unix" }, "unix:/run/a", true },
    { "no path", { "unix" }, "unix", true },
    { "no unix", { "0.0.0.0/0", "::/0" }, "unix", false },
    { "only unix", { "unix" }, "127.0.0.1:80", false },
    { "nobody", { NULL }, "127.0.0.1:80", false },
    { "no address", { "0.0.0.0/0" }, "unknown", false },
    { "nothing", { "0.0.0.0/0" }, "", false },
};

static size_t count_of(const char *const *texts)
{
    size_t count = 0;
    while (count < 3 && texts[count])
        count++;
    return count;
}

static void who_is_in_a_list(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        struct wf_peers *peers;
        assert_int_equal(wf_peers_create(NULL, c->texts, count_of(c->texts), &peers), WEFT_OK);
        assert_int_equal(wf_peers_have(peers, c->peer), c->is_in);
        free(peers);
    }
}

static void what_is_no_list(void **state)
{
    (void)state;
    static const char *const wrong[] = { "", "localhost", "10.0.0.1/8", "192.0.2.1:80", "Unix" };
    struct wf_peers *peers;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const char *texts[] = { "::1", wrong[i] };
        assert_int_equal(wf_peers_create(NULL, texts, 2, &peers), WEFT_ERR_SYNTAX);
        assert_null(peers);
    }
    assert_int_equal(wf_peers_create(NULL, NULL, 1, &peers), WEFT_ERR_ARGUMENT);
    const char *const gap[] = { "::1", NULL };
    assert_int_equal(wf_peers_create(NULL, gap, 2, &peers), WEFT_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_in_a_list),
        cmocka_unit_test(what_is_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

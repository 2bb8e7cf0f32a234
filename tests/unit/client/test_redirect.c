/* Where a redirect leads, and whether it may. */
#include "client/redirect.h"
#include "support/fault_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static weft_status resolve(const struct weft_allocator *allocator, const char *from,
                           const char *location, struct wf_url *to, const char **reason)
{
    struct wf_url url;
    weft_status status =
        wf_url_parse_websocket(allocator, weft_text_of(from), (struct weft_text){ 0 }, &url, NULL);
    if (status)
        return status;
    status = wf_redirect_resolve(allocator, &url, weft_text_of(location), to, reason);
    wf_url_drop(allocator, &url);
    return status;
}

static const struct {
    const char *from, *location;
    const char *to;     /* NULL: it is refused. */
    const char *reason; /* A part of it. */
    weft_status status;
} cases[] = {
    { "ws://h/a/b?c", "/x", "ws://h/x", NULL, WEFT_OK },
    { "ws://h/a/b?c", "x?y", "ws://h/a/x?y", NULL, WEFT_OK },
    { "ws://h/a/b", "?y", "ws://h/a/b?y", NULL, WEFT_OK },
    { "ws://h/a/b", "../../x", "ws://h/x", NULL, WEFT_OK },
    { "ws://h/a", "//other:81/x", "ws://other:81/x", NULL, WEFT_OK },
    { "ws://h/a", "http://other/x", "ws://other/x", NULL, WEFT_OK },
    { "ws://h/a", "/x#part", "ws://h/x", NULL, WEFT_OK },
    { "ws://h/a", "#part", "ws://h/a", NULL, WEFT_OK },
    { "ws://h/a", "", "ws://h/a", NULL, WEFT_OK },
    { "ws://h/a", "mailto:x", NULL, "scheme", WEFT_ERR_SYNTAX },
    { "ws://h/a", "http://[/", NULL, NULL, WEFT_ERR_SYNTAX },
    { "wss://h/a", "ws://h/a", NULL, "wss: to ws:", WEFT_ERR_REFUSED },
    { "wss://h/a", "http://h/a", NULL, "wss: to ws:", WEFT_ERR_REFUSED },
    { "wss://h/a", "ws+unix:/s:/", NULL, "wss: to ws:", WEFT_ERR_REFUSED },
    { "wss://h/a", "/x", "wss://h/x", NULL, WEFT_OK },
    { "ws://h/a", "wss://h/a", "wss://h/a", NULL, WEFT_OK },
    { "ws://h/a", "ws+unix:/s:/", NULL, "Unix-domain", WEFT_ERR_REFUSED },
    { "ws+unix:/s:/a", "/x?y", "ws+unix:/s:/x?y", NULL, WEFT_OK },
    { "ws+unix:/a%20b:/a", "/x", "ws+unix:/a%20b:/x", NULL, WEFT_OK },
    { "ws+unix:/s:/a", "ws+unix:/s:/x", "ws+unix:/s:/x", NULL, WEFT_OK },
    { "ws+unix:/s:/a", "ws+unix:/t:/x", NULL, "Unix-domain", WEFT_ERR_REFUSED },
    { "ws+unix:/s:/a", "ws://h/x", "ws://h/x", NULL, WEFT_OK },
    { "ws+unix:/s:/a", "//h/x", NULL, NULL, WEFT_ERR_SYNTAX },
    { "ws+unix:/s:/a", "x", NULL, NULL, WEFT_ERR_SYNTAX },
    { "ws+unix:/s:/a", "", NULL, NULL, WEFT_ERR_SYNTAX },
};

static void redirects_are_resolved_and_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool failed = true;
        for (size_t n = 1; failed; n++) {
            struct fault_alloc fault;
            struct wf_url to;
            const char *reason = NULL;
            fault_alloc_init(&fault, n);
            weft_status status =
                resolve(&fault.allocator, cases[i].from, cases[i].location, &to, &reason);
            failed = fault.failed;
            if (status != (failed ? WEFT_ERR_MEMORY : cases[i].status))
                fail_msg("%s to '%s': status %d", cases[i].from, cases[i].location, status);
            if (!status) {
                assert_string_equal(to.href.data, cases[i].to);
                wf_url_drop(&fault.allocator, &to);
            }
            if (!failed && cases[i].reason)
                assert_non_null(strstr(reason, cases[i].reason));
            assert_int_equal(fault.live_count, 0);
        }
    }
}

static void origins_are_scheme_host_and_port(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool is_same;
    } pairs[] = {
        { "ws://h/a", "ws://h:80/b?c", true },
        { "ws://H/", "ws://u:p@h/", true },
        { "ws://h/", "http://h/", true },
        { "ws://h/", "ws://h:81/", false },
        { "ws://h/", "wss://h/", false },
        { "ws://h:443/", "wss://h/", false },
        { "ws://h/", "ws://h.h/", false },
        { "ws://127.0.0.1/", "ws://localhost/", false },
        { "ws+unix:/s:/a", "ws+unix:/s:/b", true },
        { "ws+unix:/s:/a", "ws+unix:/t:/a", false },
        { "ws+unix:/s:/a", "ws://localhost/a", false },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct wf_url one, other;
        struct weft_text none = { 0 };
        assert_int_equal(wf_url_parse_websocket(NULL, weft_text_of(pairs[i].one), none, &one, NULL),
                         WEFT_OK);
        assert_int_equal(
            wf_url_parse_websocket(NULL, weft_text_of(pairs[i].other), none, &other, NULL),
            WEFT_OK);
        if (wf_redirect_same_origin(&one, &other) != pairs[i].is_same ||
            wf_redirect_same_origin(&other, &one) != pairs[i].is_same)
            fail_msg("%s and %s", pairs[i].one, pairs[i].other);
        wf_url_drop(NULL, &one);
        wf_url_drop(NULL, &other);
    }
}

static void five_statuses_lead_elsewhere(void **state)
{
    (void)state;
    for (int status = 100; status < 600; status++)
        assert_int_equal(wf_redirect_is_status(status),
                         (status >= 301 && status <= 303) || status == 307 || status == 308);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redirects_are_resolved_and_judged),
        cmocka_unit_test(origins_are_scheme_host_and_port),
        cmocka_unit_test(five_statuses_lead_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

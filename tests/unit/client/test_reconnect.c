/* Whether a lost connection is tried again, and when. */
#include "client/reconnect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void which_ends_are_tried_again(void **state)
{
    (void)state;
    static const struct {
        enum weft_failure_kind kind;
        int http_status;
        uint16_t code;
        bool is_wanted;
    } cases[] = {
        { WEFT_FAILURE_NONE, 0, 1000, false },        { WEFT_FAILURE_NONE, 0, 1001, true },
        { WEFT_FAILURE_NONE, 0, 1002, false },        { WEFT_FAILURE_NONE, 0, 1005, false },
        { WEFT_FAILURE_NONE, 0, 1008, false },        { WEFT_FAILURE_NONE, 0, 1011, true },
        { WEFT_FAILURE_NONE, 0, 1012, true },         { WEFT_FAILURE_NONE, 0, 1013, true },
        { WEFT_FAILURE_NONE, 0, 1014, true },         { WEFT_FAILURE_NONE, 0, 3000, false },
        { WEFT_FAILURE_NONE, 0, 4001, false },        { WEFT_FAILURE_RESOLVE, 0, 1006, true },
        { WEFT_FAILURE_CONNECT, 0, 1006, true },      { WEFT_FAILURE_TIMEOUT, 0, 1006, true },
        { WEFT_FAILURE_TRANSPORT, 0, 1006, true },    { WEFT_FAILURE_TIMEOUT, 0, 1000, false },
        { WEFT_FAILURE_PROTOCOL, 0, 1006, false },    { WEFT_FAILURE_LIMIT, 0, 1006, false },
        { WEFT_FAILURE_TLS, 0, 1006, false },         { WEFT_FAILURE_MEMORY, 0, 1006, false },
        { WEFT_FAILURE_ABORTED, 0, 1006, false },     { WEFT_FAILURE_BLOCKED, 0, 1006, false },
        { WEFT_FAILURE_STORAGE, 0, 1006, false },     { WEFT_FAILURE_HANDSHAKE, 0, 1006, false },
        { WEFT_FAILURE_HANDSHAKE, 101, 1006, false }, { WEFT_FAILURE_HANDSHAKE, 302, 1006, false },
        { WEFT_FAILURE_HANDSHAKE, 401, 1006, false }, { WEFT_FAILURE_HANDSHAKE, 404, 1006, false },
        { WEFT_FAILURE_HANDSHAKE, 408, 1006, true },  { WEFT_FAILURE_HANDSHAKE, 429, 1006, true },
        { WEFT_FAILURE_HANDSHAKE, 500, 1006, true },  { WEFT_FAILURE_HANDSHAKE, 503, 1006, true },
        { WEFT_FAILURE_HANDSHAKE, 599, 1006, true },  { WEFT_FAILURE_HANDSHAKE, 600, 1006, false },
        { WEFT_FAILURE_PROXY, 407, 1006, false },     { WEFT_FAILURE_PROXY, 302, 1006, false },
        { WEFT_FAILURE_PROXY, 429, 1006, true },      { WEFT_FAILURE_PROXY, 503, 1006, true },
    };
    struct weft_reconnect reconnect = { .attempts_max = 1 };
    wf_reconnect_resolve(&reconnect);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_failure failure = { .kind = cases[i].kind };
        failure.http.status = cases[i].http_status;
        struct weft_close_event close = { .code = cases[i].code,
                                          .failure = cases[i].kind ? &failure : NULL };
        if (wf_reconnect_is_wanted(&reconnect, &close) != cases[i].is_wanted)
            fail_msg("case %zu", i);
    }
}

/* As by a server that died. A certificate will be as wrong the next time. */
static void tls_that_was_cut_off_is_tried_again(void **state)
{
    (void)state;
    struct weft_reconnect reconnect = { .attempts_max = 1 };
    struct weft_failure failure = { .kind = WEFT_FAILURE_TLS, .status = WEFT_ERR_CLOSED };
    struct weft_close_event close = { .code = 1006, .failure = &failure };
    wf_reconnect_resolve(&reconnect);
    assert_true(wf_reconnect_is_wanted(&reconnect, &close));
    failure.status = WEFT_ERR_PROTOCOL;
    assert_false(wf_reconnect_is_wanted(&reconnect, &close));
}

static void the_codes_may_be_others(void **state)
{
    (void)state;
    static const uint16_t codes[] = { 4001, 1008 };
    struct weft_reconnect reconnect = { .close_codes = codes, .close_code_count = 2 };
    wf_reconnect_resolve(&reconnect);
    struct weft_close_event close = { .code = 4001 };
    assert_true(wf_reconnect_is_wanted(&reconnect, &close));
    close.code = 1008;
    assert_true(wf_reconnect_is_wanted(&reconnect, &close));
    close.code = 1012;
    assert_false(wf_reconnect_is_wanted(&reconnect, &close));
}

static void the_delay_doubles_up_to_its_maximum(void **state)
{
    (void)state;
    struct weft_reconnect reconnect = { 0 };
    struct weft_close_event close = { .code = 1006 };
    wf_reconnect_resolve(&reconnect);
    static const uint32_t ceilings[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
    for (uint32_t i = 0; i < sizeof ceilings / sizeof *ceilings; i++) {
        assert_int_equal(wf_reconnect_delay_ms(&reconnect, i + 1, &close, 0, 0), 0);
        assert_int_equal(wf_reconnect_delay_ms(&reconnect, i + 1, &close, 0x80000000, 0),
                         ceilings[i] / 2);
        assert_int_equal(wf_reconnect_delay_ms(&reconnect, i + 1, &close, UINT32_MAX, 0),
                         ceilings[i]);
    }
    assert_int_equal(wf_reconnect_delay_ms(&reconnect, UINT32_MAX, &close, UINT32_MAX, 0), 30000);
    reconnect = (struct weft_reconnect){ .first_delay_ms = 5000, .delay_max_ms = 100 };
    wf_reconnect_resolve(&reconnect);
    assert_int_equal(wf_reconnect_delay_ms(&reconnect, 1, &close, UINT32_MAX, 0), 100);
    reconnect = (struct weft_reconnect){ .first_delay_ms = UINT32_MAX, .delay_max_ms = UINT32_MAX };
    assert_int_equal(wf_reconnect_delay_ms(&reconnect, 9, &close, UINT32_MAX, 0), UINT32_MAX);
}

static void try_again_later_is_at_least_the_first_delay(void **state)
{
    (void)state;
    struct weft_reconnect reconnect = { 0 };
    struct weft_close_event close = { .code = 1013 };
    wf_reconnect_resolve(&reconnect);
    assert_int_equal(wf_reconnect_delay_ms(&reconnect, 1, &close, 0, 0), 1000);
    assert_int_equal(wf_reconnect_delay_ms(&reconnect, 3, &close, 0, 0), 1000);
    assert_int_equal(wf_reconnect_delay_ms(&reconnect, 3, &close, UINT32_MAX, 0), 4000);
}

static void retry_after_is_honoured(void **state)
{
    (void)state;
    enum { NOW = 784111777 }; /* Sun, 06 Nov 1994 08:49:37 GMT */
    static const struct {
        const char *value;
        uint32_t delay_ms;
    } cases[] = {
        { "0", 0 },
        { "7", 7000 },
        { "300", 300000 },
        { "301", 300000 },
        { "99999999999999999999999999", 300000 },
        { "Sun, 06 Nov 1994 08:49:47 GMT", 10000 },
        { "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
        { "Sun, 06 Nov 1994 08:49:27 GMT", 0 },
        { "Mon, 06 Nov 1995 08:49:37 GMT", 300000 },
        { "", 0 },
        { "-1", 0 },
        { "1.5", 0 },
        { "soon", 0 },
    };
    struct weft_reconnect reconnect = { 0 };
    wf_reconnect_resolve(&reconnect);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weft_header field = { { "retry-after", 11 }, weft_text_of(cases[i].value) };
        struct weft_failure failure = { .kind = WEFT_FAILURE_HANDSHAKE };
        failure.http = (struct weft_http_answer){ .status = 503, .headers = { &field, 1 } };
        struct weft_close_event close = { .code = 1006, .failure = &failure };
        assert_int_equal(wf_reconnect_delay_ms(&reconnect, 1, &close, 0, NOW), cases[i].delay_ms);
        /* The jitter's delay, where that is longer. */
        assert_true(wf_reconnect_delay_ms(&reconnect, 9, &close, UINT32_MAX, NOW) >= 30000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_ends_are_tried_again),
        cmocka_unit_test(tls_that_was_cut_off_is_tried_again),
        cmocka_unit_test(the_codes_may_be_others),
        cmocka_unit_test(the_delay_doubles_up_to_its_maximum),
        cmocka_unit_test(try_again_later_is_at_least_the_first_delay),
        cmocka_unit_test(retry_after_is_honoured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

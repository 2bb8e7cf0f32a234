/* src/tls/tls_none.c, in every build: nothing can be made, and the line says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tls/tls.h"

static void test_nothing_can_be_made(void **state)
{
    (void)state;
    char error[64];
    weft_tls *tls = (weft_tls *)error;
    assert_int_equal(weft_tls_server_create(NULL, &tls, error, sizeof error), WEFT_ERR_UNSUPPORTED);
    assert_null(tls);
    assert_string_equal(error, "this build has no TLS");
    tls = (weft_tls *)error;
    assert_int_equal(weft_tls_client_create(NULL, &tls, NULL, 0), WEFT_ERR_UNSUPPORTED);
    assert_null(tls);
    assert_int_equal(weft_tls_client_create(NULL, NULL, error, 5), WEFT_ERR_UNSUPPORTED);
    assert_string_equal(error, "this");
    assert_int_equal(weft_tls_reload(NULL, error, sizeof error), WEFT_ERR_UNSUPPORTED);
    assert_null(weft_tls_retain(NULL));
    weft_tls_release(NULL);
}

static void test_no_connection_either(void **state)
{
    (void)state;
    uint8_t byte;
    struct weft_buffer room = { &byte, 1 };
    struct wf_tls *tls = (struct wf_tls *)&byte;
    size_t taken = 7, count = 7;
    assert_int_equal(wf_tls_open(NULL, NULL, weft_text_of("a"), 1, &tls), WEFT_ERR_UNSUPPORTED);
    assert_null(tls);
    assert_int_equal(wf_tls_read(tls, room, &count), WF_TLS_FAILED);
    assert_int_equal(count, 0);
    assert_int_equal(wf_tls_read_end(tls), WF_TLS_FAILED);
    assert_int_equal(wf_tls_seal(tls, NULL, 0, room, &taken, &count), WEFT_ERR_UNSUPPORTED);
    assert_int_equal(taken + count, 0);
    assert_false(wf_tls_has_output(tls) || wf_tls_is_done(tls) || wf_tls_is_plain_http(tls));
    assert_null(wf_tls_info(tls));
    assert_null(wf_tls_failure(tls));
    assert_int_equal(wf_tls_unused(tls), 0);
    wf_tls_feed(tls, (struct weft_bytes){ 0 });
    wf_tls_end(tls);
    wf_tls_rest(tls);
    wf_tls_close(tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_can_be_made),
        cmocka_unit_test(test_no_connection_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

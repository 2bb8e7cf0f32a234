#include "ws/deflate.h"

#include "support/cases.h"

#define NO_S   "; server_no_context_takeover"
#define NO_C   "; client_no_context_takeover"
#define BITS_S "; server_max_window_bits"
#define BITS_C "; client_max_window_bits"
#define PMD    "permessage-deflate"

static struct weft_deflate_settings with_takeover(void)
{
    return (struct weft_deflate_settings){ .client_takeover = WEFT_TAKEOVER_ON,
                                           .server_takeover = WEFT_TAKEOVER_ON };
}

static struct weft_headers header_of(struct weft_header *header, const char *value)
{
    *header = (struct weft_header){ TEXT("Sec-WebSocket-Extensions"), weft_text_of(value) };
    return (struct weft_headers){ header, 1 };
}

static const struct {
    const char *name;
    const char *offer;
    const char *answer;     /* Of a server that allows everything; NULL: declined. */
    const char *of_default; /* NULL: the same. */
} offers[] = {
    { "nothing", "", NULL, NULL },
    { "another extension", "x-webkit-deflate-frame", NULL, NULL },
    { "no parameter", PMD, PMD, PMD NO_S NO_C },
    { "a browser's", PMD BITS_C, PMD, PMD NO_S NO_C },
    { "no takeover of the server", PMD NO_S, PMD NO_S, PMD NO_S NO_C },
    { "no takeover of the client", PMD NO_C, PMD NO_C, PMD NO_S NO_C },
    { "no takeover", PMD NO_C NO_S, PMD NO_S NO_C, PMD NO_S NO_C },
    { "bits of the server", PMD BITS_S "=10", PMD BITS_S "=10", PMD NO_S NO_C BITS_S "=10" },
    { "all bits of the server", PMD BITS_S "=15", PMD BITS_S "=15", PMD NO_S NO_C BITS_S "=15" },
    { "bits of the client", PMD BITS_C "=9", PMD BITS_C "=9", PMD NO_S NO_C BITS_C "=9" },
    { "8 bits of the client", PMD BITS_C "=8", PMD BITS_C "=8", PMD NO_S NO_C BITS_C "=8" },
    { "quoted bits", PMD BITS_S "=\"12\"", PMD BITS_S "=12", PMD NO_S NO_C BITS_S "=12" },
    { "spaces", "  " PMD "  ;  server_max_window_bits = 12  ", PMD BITS_S "=12",
      PMD NO_S NO_C BITS_S "=12" },
    { "8 bits of the server cannot be written", PMD BITS_S "=8", NULL, NULL },
    { "bits of the server without a value", PMD BITS_S, NULL, NULL },
    { "too few bits", PMD BITS_C "=7", NULL, NULL },
    { "too many bits", PMD BITS_C "=16", NULL, NULL },
    { "a leading zero", PMD BITS_S "=09", NULL, NULL },
    { "bits that are no number", PMD BITS_S "=1o", NULL, NULL },
    { "a value where none belongs", PMD NO_S "=true", NULL, NULL },
    { "an unknown parameter", PMD "; x", NULL, NULL },
    { "a parameter twice", PMD NO_S NO_S, NULL, NULL },
    { "bits twice", PMD BITS_C BITS_C "=10", NULL, NULL },
    { "another case", "Permessage-Deflate", NULL, NULL },
    { "the second offer", PMD BITS_S "=8, " PMD, PMD, PMD NO_S NO_C },
    { "the first of two", PMD NO_S ", " PMD NO_C, PMD NO_S, PMD NO_S NO_C },
    { "behind another extension", "x-foo; a=b, " PMD NO_C, PMD NO_C, PMD NO_S NO_C },
};

static void check_choice(const char *offer, const struct weft_deflate_settings *settings,
                         bool is_scarce, const char *wanted)
{
    struct weft_deflate_settings resolved = *settings;
    struct weft_header header;
    struct wf_deflate_terms terms;
    char text[WF_DEFLATE_TEXT_MAX + 1];
    wf_engine_resolve_deflate(&resolved, WEFT_SERVER);
    bool is_chosen = wf_deflate_choose(header_of(&header, offer), &resolved, is_scarce, &terms);
    assert_int_equal(is_chosen, wanted != NULL);
    if (!is_chosen)
        return;
    text[wf_deflate_answer(&terms, text)] = '\0';
    assert_string_equal(text, wanted);
}

static void offers_have_their_answers(void **state)
{
    (void)state;
    const struct weft_deflate_settings all = with_takeover(), none = { 0 };
    for_each_case(c, offers)
    {
        check_choice(c->offer, &all, false, c->answer);
        check_choice(c->offer, &none, false, c->answer ? c->of_default : NULL);
        check_choice(c->offer, &all, true, c->answer ? c->of_default : NULL);
        check_choice(c->offer, &(struct weft_deflate_settings){ .off = true }, false, NULL);
    }
}

static void a_server_may_ask_for_less(void **state)
{
    (void)state;
    struct weft_deflate_settings settings = with_takeover();
    settings.server_window_bits = 11;
    settings.client_window_bits = 10;
    check_choice(PMD, &settings, false, PMD BITS_S "=11");
    check_choice(PMD BITS_C, &settings, false, PMD BITS_S "=11" BITS_C "=10");
    check_choice(PMD BITS_S "=9" BITS_C "=9", &settings, false, PMD BITS_S "=9" BITS_C "=9");
    check_choice(PMD BITS_S "=15" BITS_C "=15", &settings, false, PMD BITS_S "=11" BITS_C "=10");
    settings.server_window_bits = 3; /* Moved to what can be. */
    settings.client_window_bits = 99;
    check_choice(PMD BITS_C, &settings, false, PMD BITS_S "=9");
}

static void several_headers_are_one_list(void **state)
{
    (void)state;
    struct weft_deflate_settings settings = with_takeover();
    struct weft_header headers[] = {
        { TEXT("Sec-WebSocket-Extensions"), TEXT("x-foo") },
        { TEXT("Host"), TEXT("a") },
        { TEXT("sec-websocket-extensions"), TEXT(PMD "; unknown") },
        { TEXT("Sec-WebSocket-Extensions"), TEXT(PMD BITS_S "=13, " PMD) },
    };
    struct wf_deflate_terms terms;
    wf_engine_resolve_deflate(&settings, WEFT_SERVER);
    assert_true(wf_deflate_choose((struct weft_headers){ headers, 4 }, &settings, false, &terms));
    assert_int_equal(terms.server_bits, 13);
}

static const struct {
    const char *name;
    struct weft_deflate_settings settings;
    const char *offer;
} offered[] = {
    { "default", { 0 }, PMD BITS_C },
    { "no takeover of the server", { .server_takeover = WEFT_TAKEOVER_OFF }, PMD NO_S BITS_C },
    { "no takeover of the client", { .client_takeover = WEFT_TAKEOVER_OFF }, PMD NO_C BITS_C },
    { "bits", { .server_window_bits = 10, .client_window_bits = 9 }, PMD BITS_S "=10" BITS_C "=9" },
};

static void clients_offer_what_they_want(void **state)
{
    (void)state;
    for_each_case(c, offered)
    {
        struct weft_deflate_settings settings = c->settings;
        char text[WF_DEFLATE_TEXT_MAX + 1];
        wf_engine_resolve_deflate(&settings, WEFT_CLIENT);
        text[wf_deflate_offer(&settings, text)] = '\0';
        assert_string_equal(text, c->offer);
    }
}

enum { FITS = WF_FAULT_NONE, WRONG = WF_FAULT_ANSWER_DEFLATE, UNKNOWN = WF_FAULT_ANSWER_EXTENSION };

static const struct {
    const char *name;
    struct weft_deflate_settings settings;
    const char *answer;
    int fault;
    uint8_t client_bits, server_bits; /* 0: not in use. */
} answers[] = {
    { "nothing", { 0 }, "", FITS, 0, 0 },
    { "as it is", { 0 }, PMD, FITS, 15, 15 },
    { "no takeover that was not offered", { 0 }, PMD NO_S NO_C, FITS, 15, 15 },
    { "bits", { 0 }, PMD BITS_S "=9" BITS_C "=10", FITS, 10, 9 },
    { "8 bits", { 0 }, PMD BITS_S "=8" BITS_C "=8", FITS, 8, 8 },
    { "quoted bits", { 0 }, PMD BITS_C "=\"10\"", FITS, 10, 15 },
    { "bits without a value", { 0 }, PMD BITS_C, WRONG, 0, 0 },
    { "bits of the server without a value", { 0 }, PMD BITS_S, WRONG, 0, 0 },
    { "7 bits", { 0 }, PMD BITS_S "=7", WRONG, 0, 0 },
    { "16 bits", { 0 }, PMD BITS_C "=16", WRONG, 0, 0 },
    { "an unknown parameter", { 0 }, PMD "; x=1", WRONG, 0, 0 },
    { "a parameter twice", { 0 }, PMD NO_C NO_C, WRONG, 0, 0 },
    { "a value where none belongs", { 0 }, PMD NO_S "=1", WRONG, 0, 0 },
    { "the extension twice", { 0 }, PMD ", " PMD, WRONG, 0, 0 },
    { "another extension", { 0 }, "x-foo", UNKNOWN, 0, 0 },
    { "another extension behind", { 0 }, PMD ", x-foo", UNKNOWN, 0, 0 },
    { "not well-formed", { 0 }, PMD "; =", WRONG, 0, 0 },
    { "not offered", { .off = true }, PMD, UNKNOWN, 0, 0 },
    { "the offer is repeated", { .server_takeover = WEFT_TAKEOVER_OFF }, PMD NO_S, FITS, 15, 15 },
    { "the offer is ignored", { .server_takeover = WEFT_TAKEOVER_OFF }, PMD, WRONG, 0, 0 },
    { "less bits than offered", { .server_window_bits = 11 }, PMD BITS_S "=10", FITS, 15, 10 },
    { "more bits than offered", { .server_window_bits = 11 }, PMD BITS_S "=12", WRONG, 0, 0 },
    { "the offered bits are ignored", { .server_window_bits = 11 }, PMD, WRONG, 0, 0 },
    { "a promise binds without an answer", { .client_window_bits = 10 }, PMD, FITS, 10, 15 },
    { "more bits than promised", { .client_window_bits = 10 }, PMD BITS_C "=11", WRONG, 0, 0 },
};

static void clients_judge_answers(void **state)
{
    (void)state;
    for_each_case(c, answers)
    {
        struct weft_deflate_settings settings = c->settings;
        struct weft_header header;
        struct wf_deflate_terms terms;
        bool is_agreed;
        wf_engine_resolve_deflate(&settings, WEFT_CLIENT);
        int fault =
            (int)wf_deflate_judge(header_of(&header, c->answer), &settings, &terms, &is_agreed);
        if (c->fault == WRONG)
            assert_true(fault == WRONG || fault == UNKNOWN);
        else
            assert_int_equal(fault, c->fault);
        if (fault)
            continue;
        assert_int_equal(is_agreed, c->client_bits != 0);
        if (!is_agreed)
            continue;
        assert_int_equal(terms.client_bits, c->client_bits);
        assert_int_equal(terms.server_bits, c->server_bits);
        assert_int_equal(terms.server_takeover, !strstr(c->answer, "server_no"));
        assert_int_equal(terms.client_takeover, !strstr(c->answer, "client_no"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_have_their_answers),
        cmocka_unit_test(a_server_may_ask_for_less),
        cmocka_unit_test(several_headers_are_one_list),
        cmocka_unit_test(clients_offer_what_they_want),
        cmocka_unit_test(clients_judge_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "cli/chat_names.h"
#include "support/cases.h"

#include <stdio.h>
#include <string.h>

#define THIRTY_TWO  "abcdefghijklmnopqrstuvwxyz012345"
#define EIGHT_FACES "😀😀😀😀😀😀😀😀"

static void a_text_is_a_name_or_is_not(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        enum chat_name_verdict verdict;
        const char *shown;
    } cases[] = {
        { "plain", "anna", CHAT_NAME_GOOD, "anna" },
        { "inner space", "anna b", CHAT_NAME_GOOD, "anna b" },
        { "trimmed", " \t anna \r\n", CHAT_NAME_GOOD, "anna" },
        { "trimmed of wide spaces", "\u3000\u00A0anna\u2003", CHAT_NAME_GOOD, "anna" },
        { "markup is text", "<b>&amp;</b>", CHAT_NAME_GOOD, "<b>&amp;</b>" },
        { "family", "👩‍👧", CHAT_NAME_GOOD, "👩‍👧" },
        { "one character", "é", CHAT_NAME_GOOD, "é" },
        { "longest", THIRTY_TWO, CHAT_NAME_GOOD, THIRTY_TWO },
        { "longest in bytes", EIGHT_FACES EIGHT_FACES EIGHT_FACES EIGHT_FACES, CHAT_NAME_GOOD,
          EIGHT_FACES EIGHT_FACES EIGHT_FACES EIGHT_FACES },
        { "longest, trimmed", "  " THIRTY_TWO "  ", CHAT_NAME_GOOD, THIRTY_TWO },
        { "empty", "", CHAT_NAME_EMPTY, NULL },
        { "spaces", " \t\n ", CHAT_NAME_EMPTY, NULL },
        { "too long", THIRTY_TWO "6", CHAT_NAME_LONG, NULL },
        { "control", "an\001na", CHAT_NAME_UNPRINTABLE, NULL },
        { "tab inside", "an\tna", CHAT_NAME_UNPRINTABLE, NULL },
        { "escape", "\033[31manna", CHAT_NAME_UNPRINTABLE, NULL },
        { "delete", "anna\177", CHAT_NAME_UNPRINTABLE, NULL },
        { "C1 control",
          "an\xC2\x85"
          "na",
          CHAT_NAME_UNPRINTABLE, NULL },
        { "right-to-left override", "an\u202Ena", CHAT_NAME_UNPRINTABLE, NULL },
        { "isolate", "\u2066anna\u2069", CHAT_NAME_UNPRINTABLE, NULL },
        { "zero-width space", "an\u200Bna", CHAT_NAME_UNPRINTABLE, NULL },
        { "line separator", "an\u2028na", CHAT_NAME_UNPRINTABLE, NULL },
        { "byte order mark", "\uFEFFanna", CHAT_NAME_UNPRINTABLE, NULL },
        { "soft hyphen", "an\u00ADna", CHAT_NAME_UNPRINTABLE, NULL },
        { "tag", "anna\U000E0041", CHAT_NAME_UNPRINTABLE, NULL },
    };
    for_each_case(c, cases)
    {
        struct chat_name name = { "untouched", "" };
        assert_int_equal(chat_name_of(&name, c->text, strlen(c->text)), c->verdict);
        assert_string_equal(name.text, c->shown ? c->shown : "untouched");
    }
}

static struct chat_name name_of(const char *text)
{
    struct chat_name name;
    assert_int_equal(chat_name_of(&name, text, strlen(text)), CHAT_NAME_GOOD);
    return name;
}

static void case_does_not_tell_names_apart(void **state)
{
    (void)state;
    struct chat_names names = { 0 };
    struct chat_name anna = name_of("Anna"), other = name_of(" aNNA "), berta = name_of("berta");
    assert_false(chat_names_has(&names, &anna));
    assert_true(chat_names_add(&names, &anna));
    assert_true(chat_names_has(&names, &other));
    assert_false(chat_names_has(&names, &berta));
    assert_int_equal(names.count, 1);

    chat_names_remove(&names, &berta);
    assert_int_equal(names.count, 1);
    chat_names_remove(&names, &other);
    assert_int_equal(names.count, 0);
    assert_false(chat_names_has(&names, &anna));
}

static void a_taken_name_gets_a_number(void **state)
{
    (void)state;
    struct chat_names names = { 0 };
    struct chat_name anna[12];
    char expected[32];
    for (size_t i = 0; i < COUNT_OF(anna); i++) {
        anna[i] = name_of(i % 2 ? "ANNA" : "anna");
        chat_names_make_free(&names, &anna[i]);
        snprintf(expected, sizeof expected, i ? "%s%zu" : "%s", i % 2 ? "ANNA" : "anna", i + 1);
        assert_string_equal(anna[i].text, expected);
        assert_true(chat_names_add(&names, &anna[i]));
    }
    /* The gap of who has left is filled. */
    chat_names_remove(&names, &anna[4]);
    struct chat_name again = name_of("anna");
    chat_names_make_free(&names, &again);
    assert_string_equal(again.text, "anna5");
    for (size_t i = 0; i < COUNT_OF(anna); i++)
        if (i != 4)
            chat_names_remove(&names, &anna[i]);
    assert_int_equal(names.count, 0);
}

static void a_number_makes_no_name_too_long(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        const char *given;
    } cases[] = {
        { "letters", THIRTY_TWO, "abcdefghijklmnopqrstuvwxyz012342" },
        { "faces are not cut in two", EIGHT_FACES EIGHT_FACES EIGHT_FACES EIGHT_FACES,
          EIGHT_FACES EIGHT_FACES EIGHT_FACES "😀😀😀😀😀😀😀2" },
    };
    for_each_case(c, cases)
    {
        struct chat_names names = { 0 };
        struct chat_name first = name_of(c->text), second = first;
        assert_true(chat_names_add(&names, &first));
        chat_names_make_free(&names, &second);
        assert_string_equal(second.text, c->given);
        assert_int_equal(chat_count_characters(second.text, strlen(second.text)),
                         CHAT_NAME_CHARACTERS_MAX);
        chat_names_remove(&names, &first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_a_name_or_is_not),
        cmocka_unit_test(case_does_not_tell_names_apart),
        cmocka_unit_test(a_taken_name_gets_a_number),
        cmocka_unit_test(a_number_makes_no_name_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

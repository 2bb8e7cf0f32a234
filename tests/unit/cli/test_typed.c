#include "cli/typed.h"
#include "support/cases.h"

#include <string.h>

static void a_line_is_a_message_or_a_command(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *line;
        enum typed_kind kind;
        struct weft_text data;
        uint16_t code;
        const char *reason;
    } cases[] = {
        { "nothing", "", TYPED_NOTHING, { 0 }, 0, NULL },
        { "text", "hello there", TYPED_TEXT, TEXT("hello there"), 0, NULL },
        { "space first", " /ping", TYPED_TEXT, TEXT(" /ping"), 0, NULL },
        { "text with a slash", "//ping", TYPED_TEXT, TEXT("/ping"), 0, NULL },
        { "two slashes", "///", TYPED_TEXT, TEXT("//"), 0, NULL },
        { "ping", "/ping", TYPED_PING, TEXT(""), 0, NULL },
        { "ping with a text", "/ping  a b ", TYPED_PING, TEXT("a b "), 0, NULL },
        { "close", "/close", TYPED_CLOSE, { 0 }, 0, NULL },
        { "close, space", "/close ", TYPED_CLOSE, { 0 }, 0, NULL },
        { "close with a code", "/close 1000", TYPED_CLOSE, { 0 }, 1000, NULL },
        { "close with a reason", "/close 4000 good  bye", TYPED_CLOSE, { 0 }, 4000, "good  bye" },
        { "close with no number", "/close bye", TYPED_WRONG, { 0 }, 0, NULL },
        { "close with half a number", "/close 1000x", TYPED_WRONG, { 0 }, 0, NULL },
        { "close below zero", "/close -1", TYPED_WRONG, { 0 }, 0, NULL },
        { "close with zero", "/close 0", TYPED_WRONG, { 0 }, 0, NULL },
        { "close with too much", "/close 66536", TYPED_WRONG, { 0 }, 0, NULL },
        { "close with far too much", "/close 99999999999999999999", TYPED_WRONG, { 0 }, 0, NULL },
        { "binary", "/binary 48 65 7A", TYPED_BINARY, TEXT("Hez"), 0, NULL },
        { "binary without spaces", "/binary 000aFF", TYPED_BINARY, TEXT("\0\n\377"), 0, NULL },
        { "no bytes", "/binary", TYPED_BINARY, TEXT(""), 0, NULL },
        { "half a byte", "/binary 4", TYPED_WRONG, { 0 }, 0, NULL },
        { "half a byte, more", "/binary 4 8", TYPED_WRONG, { 0 }, 0, NULL },
        { "no digits", "/binary 4g", TYPED_WRONG, { 0 }, 0, NULL },
        { "help", "/help", TYPED_HELP, { 0 }, 0, NULL },
        { "unknown", "/quit", TYPED_WRONG, { 0 }, 0, NULL },
        { "a longer name", "/pings", TYPED_WRONG, { 0 }, 0, NULL },
        { "a shorter name", "/pin", TYPED_WRONG, { 0 }, 0, NULL },
        { "a slash alone", "/", TYPED_WRONG, { 0 }, 0, NULL },
    };
    for_each_case(c, cases)
    {
        char line[64];
        strcpy(line, c->line);
        struct typed typed = typed_parse(line);
        assert_int_equal(typed.kind, c->kind);
        assert_int_equal(typed.bytes, c->data.count);
        if (c->data.data)
            assert_memory_equal(typed.data, c->data.data, typed.bytes);
        assert_int_equal(typed.code, c->code);
        assert_int_equal(typed.reason != NULL, c->reason != NULL);
        if (c->reason)
            assert_string_equal(typed.reason, c->reason);
        assert_int_equal(typed.problem != NULL, c->kind == TYPED_WRONG);
    }
}

static void a_ping_holds_125_bytes(void **state)
{
    (void)state;
    char line[6 + 126 + 1] = "/ping ";
    memset(line + 6, 'x', 125);
    struct typed typed = typed_parse(line);
    assert_int_equal(typed.kind, TYPED_PING);
    assert_int_equal(typed.bytes, 125);
    line[6 + 125] = 'x';
    assert_int_equal(typed_parse(line).kind, TYPED_WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_a_message_or_a_command),
        cmocka_unit_test(a_ping_holds_125_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

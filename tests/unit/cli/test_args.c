#include "cli/args.h"
#include "support/cases.h"

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *name; /* The text. */
        uint64_t bytes;   /* 0 in each: not one. */
        uint32_t count;
        int64_t seconds_ms; /* -1: not one. */
    } cases[] = {
        { "0", 0, 0, 0 },
        { "1", 1, 1, 1000 },
        { "64k", 65536, 0, -1 },
        { "64K", 65536, 0, -1 },
        { "16M", 16777216, 0, -1 },
        { "2G", 2147483648, 0, -1 },
        { "007", 7, 7, 7000 },
        { "0.5", 0, 0, 500 },
        { "2.", 0, 0, 2000 },
        { "1.2345", 0, 0, 1234 },
        { "1.5s", 0, 0, -1 },
        { "1.-5", 0, 0, -1 },
        { "", 0, 0, -1 },
        { "-1", 0, 0, -1 },
        { "+1", 0, 0, -1 },
        { " 1", 0, 0, -1 },
        { "1 ", 0, 0, -1 },
        { "k", 0, 0, -1 },
        { "1kk", 0, 0, -1 },
        { "1T", 0, 0, -1 },
        { "0x10", 0, 0, -1 },
        { "1e3", 0, 0, -1 },
        { "4294967295", 4294967295, 4294967295, -1 },
        { "4294967296", 4294967296, 0, -1 },
        { "18446744073709551614", 18446744073709551614u, 0, -1 },
        { "18446744073709551615", 0, 0, -1 }, /* It would mean: no limit. */
        { "18446744073709551616", 0, 0, -1 },
        { "17179869184G", 0, 0, -1 },
        { "99999999999999999999999", 0, 0, -1 },
    };
    for_each_case(c, cases)
    {
        uint64_t bytes;
        uint32_t count, ms;
        assert_int_equal(args_read_bytes(c->name, &bytes), c->bytes != 0);
        if (c->bytes)
            assert_int_equal(bytes, c->bytes);
        assert_int_equal(args_read_count(c->name, &count), c->count != 0);
        if (c->count)
            assert_int_equal(count, c->count);
        assert_int_equal(args_read_seconds(c->name, &ms), c->seconds_ms >= 0);
        if (c->seconds_ms >= 0)
            assert_int_equal(ms, c->seconds_ms);
    }
}

/* Which way of writing options fills what; what stderr says is tested with the program. */
static void options(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        char *argv[6];
        enum args_outcome outcome;
        bool flag;
        size_t text_count;
        const char *last_text;
        const char *operand;
    } cases[] = {
        { "nothing", { "c" }, ARGS_GO_ON, false, 0, NULL, NULL },
        { "a flag", { "c", "--flag" }, ARGS_GO_ON, true, 0, NULL, NULL },
        { "two words", { "c", "--text", "a" }, ARGS_GO_ON, false, 1, "a", NULL },
        { "one word", { "c", "--text=a=b" }, ARGS_GO_ON, false, 1, "a=b", NULL },
        { "empty value", { "c", "--text=" }, ARGS_GO_ON, false, 1, "", NULL },
        { "repeated", { "c", "-t", "a", "-tb" }, ARGS_GO_ON, false, 2, "b", NULL },
        { "a value with a dash", { "c", "--text", "-x" }, ARGS_GO_ON, false, 1, "-x", NULL },
        { "operand", { "c", "url", "--flag" }, ARGS_GO_ON, true, 0, NULL, "url" },
        { "a dash", { "c", "-" }, ARGS_GO_ON, false, 0, NULL, "-" },
        { "end of options", { "c", "--", "--flag" }, ARGS_GO_ON, false, 0, NULL, "--flag" },
        { "two operands", { "c", "a", "b" }, ARGS_WRONG, false, 0, NULL, NULL },
        { "unknown", { "c", "--flags" }, ARGS_WRONG, false, 0, NULL, NULL },
        { "cut", { "c", "--fla" }, ARGS_WRONG, false, 0, NULL, NULL },
        { "unknown letter", { "c", "-x" }, ARGS_WRONG, false, 0, NULL, NULL },
        { "flag with a value", { "c", "--flag=1" }, ARGS_WRONG, false, 0, NULL, NULL },
        { "value missing", { "c", "--text" }, ARGS_WRONG, false, 0, NULL, NULL },
        { "not a number", { "c", "--count", "x" }, ARGS_WRONG, false, 0, NULL, NULL },
    };
    for_each_case(c, cases)
    {
        bool flag = false;
        struct args_texts texts = { 0 };
        uint32_t count;
        const char *operand = NULL;
        const struct args_option rows[] = {
            { "flag", 0, ARGS_FLAG, &flag, NULL, "" },
            { "text", 't', ARGS_TEXTS, &texts, "T", "" },
            { "count", 0, ARGS_COUNT, &count, "N", "" },
        };
        struct args_table table = {
            .command = "test",
            .options = rows,
            .option_count = COUNT_OF(rows),
            .operands = &operand,
            .operand_max = 1,
        };
        assert_int_equal(args_parse(&table, 0, (char **)c->argv), c->outcome);
        if (c->outcome != ARGS_GO_ON)
            continue;
        assert_int_equal(flag, c->flag);
        assert_int_equal(texts.count, c->text_count);
        if (c->text_count)
            assert_string_equal(texts.items[c->text_count - 1], c->last_text);
        assert_int_equal(operand != NULL, c->operand != NULL);
        if (c->operand)
            assert_string_equal(operand, c->operand);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(numbers), cmocka_unit_test(options) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

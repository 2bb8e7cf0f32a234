#include "server/route.h"

#include "support/cases.h"
#include "support/fault_alloc.h"
#include "support/guard_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- paths ---- */

static const struct path_case {
    const char *name;
    struct weft_text raw;
    weft_status status;
    const char *segments; /* Parted by '|'. */
} path_cases[] = {
    { "root", TEXT("/"), WEFT_OK, "" },
    { "one", TEXT("/chat"), WEFT_OK, "chat" },
    { "slash at the end", TEXT("/chat/"), WEFT_OK, "chat|" },
    { "empty segment", TEXT("//a"), WEFT_OK, "|a" },
    { "decoded", TEXT("/chat/a%20b"), WEFT_OK, "chat|a b" },
    { "encoded slash does not part", TEXT("/a%2Fb/c%2fd"), WEFT_OK, "a/b|c/d" },
    { "encoded dots", TEXT("/%2e%2E/x"), WEFT_OK, "..|x" },
    { "decoded once", TEXT("/%252e"), WEFT_OK, "%2e" },
    { "umlaut", TEXT("/%C3%BC"), WEFT_OK, "\xC3\xBC" },
    { "plus stays", TEXT("/a+b"), WEFT_OK, "a+b" },
    { "empty", TEXT(""), WEFT_ERR_SYNTAX, NULL },
    { "no slash", TEXT("a"), WEFT_ERR_SYNTAX, NULL },
    { "asterisk form", TEXT("*"), WEFT_ERR_SYNTAX, NULL },
    { "percent alone", TEXT("/%"), WEFT_ERR_SYNTAX, NULL },
    { "percent and one digit", TEXT("/%4"), WEFT_ERR_SYNTAX, NULL },
    { "percent and no digits", TEXT("/%zz"), WEFT_ERR_SYNTAX, NULL },
    { "escape over a slash", TEXT("/%4/1"), WEFT_ERR_SYNTAX, NULL },
    { "NUL", TEXT("/a%00b"), WEFT_ERR_SYNTAX, NULL },
    { "no UTF-8", TEXT("/%ff"), WEFT_ERR_SYNTAX, NULL },
    { "UTF-8 over a slash", TEXT("/%C3/%BC"), WEFT_ERR_SYNTAX, NULL },
    { "overlong slash", TEXT("/%c0%af"), WEFT_ERR_SYNTAX, NULL },
};

static void assert_segments(const struct wf_route_path *path, const char *expected)
{
    char joined[256] = "";
    for (size_t i = 0; i < path->count; i++) {
        if (i)
            strcat(joined, "|");
        strncat(joined, path->segments[i].data, path->segments[i].count);
    }
    assert_string_equal(joined, expected);
}

static void paths_are_taken_apart(void **state)
{
    (void)state;
    for_each_case(c, path_cases)
    {
        struct wf_route_path path;
        char out[64];
        uint8_t *placed = guard_page_place(c->raw.data, c->raw.count);
        struct weft_text raw = { (const char *)placed, c->raw.count };
        assert_int_equal(wf_route_path_parse(&path, raw, out), c->status);
        if (c->status == WEFT_OK)
            assert_segments(&path, c->segments);
        guard_page_free(placed, c->raw.count);
    }
}

static void paths_have_a_limit(void **state)
{
    (void)state;
    static char raw[WF_ROUTE_PATH_BYTES_MAX + 1], out[WF_ROUTE_PATH_BYTES_MAX + 1];
    struct wf_route_path path;
    memset(raw, 'a', sizeof raw);
    raw[0] = '/';
    struct weft_text text = { raw, WF_ROUTE_PATH_BYTES_MAX };
    assert_int_equal(wf_route_path_parse(&path, text, out), WEFT_OK);
    text.count++;
    assert_int_equal(wf_route_path_parse(&path, text, out), WEFT_ERR_LIMIT);

    memset(raw, '/', sizeof raw);
    text.count = WF_ROUTE_SEGMENTS_MAX;
    assert_int_equal(wf_route_path_parse(&path, text, out), WEFT_OK);
    text.count++;
    assert_int_equal(wf_route_path_parse(&path, text, out), WEFT_ERR_LIMIT);
}

/* ---- patterns ---- */

static const struct pattern_case {
    const char *name;
    struct weft_text pattern;
    weft_status status;
} pattern_cases[] = {
    { "root", TEXT("/"), WEFT_OK },
    { "literal", TEXT("/chat/now"), WEFT_OK },
    { "parameter", TEXT("/chat/:room"), WEFT_OK },
    { "two parameters", TEXT("/:a/:b_2"), WEFT_OK },
    { "wildcard", TEXT("/files/*"), WEFT_OK },
    { "wildcard of all", TEXT("/*"), WEFT_OK },
    { "colon inside", TEXT("/a:b"), WEFT_OK },
    { "empty", TEXT(""), WEFT_ERR_SYNTAX },
    { "no slash", TEXT("chat"), WEFT_ERR_SYNTAX },
    { "asterisk alone", TEXT("*"), WEFT_ERR_SYNTAX },
    { "no name", TEXT("/:"), WEFT_ERR_SYNTAX },
    { "broken name", TEXT("/:a-b"), WEFT_ERR_SYNTAX },
    { "name twice", TEXT("/:a/:a"), WEFT_ERR_SYNTAX },
    { "wildcard inside", TEXT("/*/a"), WEFT_ERR_SYNTAX },
    { "wildcard and slash", TEXT("/*/"), WEFT_ERR_SYNTAX },
    { "asterisk in a segment", TEXT("/a*"), WEFT_ERR_SYNTAX },
    { "query", TEXT("/a?b"), WEFT_ERR_SYNTAX },
    { "fragment", TEXT("/a#b"), WEFT_ERR_SYNTAX },
    { "control", TEXT("/a\n"), WEFT_ERR_SYNTAX },
    { "no UTF-8", TEXT("/\xff"), WEFT_ERR_SYNTAX },
};

static void patterns_are_checked(void **state)
{
    (void)state;
    for_each_case(c, pattern_cases)
    {
        struct wf_route_table table = { 0 };
        struct wf_route_entry *entry;
        assert_int_equal(wf_route_add(&table, c->pattern, &entry), c->status);
        wf_route_drop(&table);
    }
}

static void patterns_have_limits(void **state)
{
    (void)state;
    struct wf_route_table table = { 0 };
    struct wf_route_entry *entry;
    static char pattern[WF_ROUTE_PATTERN_BYTES_MAX + 1];
    memset(pattern, 'a', sizeof pattern);
    pattern[0] = '/';
    struct weft_text text = { pattern, sizeof pattern };
    assert_int_equal(wf_route_add(&table, text, &entry), WEFT_ERR_SYNTAX);
    text.count--;
    assert_int_equal(wf_route_add(&table, text, &entry), WEFT_OK);

    memset(pattern, '/', sizeof pattern);
    text.count = WF_ROUTE_SEGMENTS_MAX + 1;
    assert_int_equal(wf_route_add(&table, text, &entry), WEFT_ERR_SYNTAX);

    size_t bytes = 0;
    for (int i = 0; i <= WF_ROUTE_PARAMS_MAX; i++)
        bytes += (size_t)sprintf(pattern + bytes, "/:p%d", i);
    text.count = bytes;
    assert_int_equal(wf_route_add(&table, text, &entry), WEFT_ERR_SYNTAX);
    wf_route_drop(&table);
}

/* ---- searching ---- */

static const char *const patterns[] = {
    "/",       "/chat",    "/chat/",  "/chat/:room", "/chat/lobby", "/chat/:room/users/:user",
    "/chat/*", "/files/*", "/a/:x/c", "/a/b/d",      "/a b",        "/x/y/*",
    "/x/:p/z",
};

static const struct find_case {
    const char *name;
    struct weft_text path;
    const char *pattern; /* NULL: none. */
    const char *params;
} find_cases[] = {
    { "root", TEXT("/"), "/", "" },
    { "literal", TEXT("/chat"), "/chat", "" },
    { "slash at the end", TEXT("/chat/"), "/chat/", "" },
    { "literal before parameter", TEXT("/chat/lobby"), "/chat/lobby", "" },
    { "parameter before wildcard", TEXT("/chat/red"), "/chat/:room", "room=red " },
    { "encoded literal", TEXT("/%63hat/lobby"), "/chat/lobby", "" },
    { "literal with a space", TEXT("/a%20b"), "/a b", "" },
    { "encoded slash in a parameter", TEXT("/chat/a%2Fb"), "/chat/:room", "room=a/b " },
    { "two parameters", TEXT("/chat/r/users/u"), "/chat/:room/users/:user", "room=r user=u " },
    { "no empty parameter", TEXT("/chat/r/users/"), "/chat/*", "*=r/users/ " },
    { "wildcard", TEXT("/chat/r/other"), "/chat/*", "*=r/other " },
    { "empty wildcard", TEXT("/files/"), "/files/*", "*= " },
    { "wildcard needs its slash", TEXT("/files"), NULL, NULL },
    { "back out of a literal", TEXT("/a/b/c"), "/a/:x/c", "x=b " },
    { "literal after all", TEXT("/a/b/d"), "/a/b/d", "" },
    { "neither", TEXT("/a/b/e"), NULL, NULL },
    { "wildcard of a literal before parameter", TEXT("/x/y/z"), "/x/y/*", "*=z " },
    { "case matters", TEXT("/CHAT"), NULL, NULL },
    { "longer", TEXT("/chatter"), NULL, NULL },
    { "shorter", TEXT("/cha"), NULL, NULL },
    { "colon is no parameter of the path", TEXT("/chat/:room"), "/chat/:room", "room=:room " },
    { "asterisk is no wildcard of the path", TEXT("/files/*"), "/files/*", "*=* " },
};

static void add_all(struct wf_route_table *table)
{
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        struct wf_route_entry *entry;
        assert_int_equal(wf_route_add(table, weft_text_of(patterns[i]), &entry), WEFT_OK);
    }
}

static void assert_params(const struct wf_route_entry *entry, const struct wf_route_path *path,
                          const char *expected)
{
    char line[256] = "";
    for (size_t i = 0; i < entry->param_count; i++) {
        const struct wf_route_param *param = &entry->params[i];
        struct weft_text value = path->segments[param->segment];
        sprintf(line + strlen(line), "%.*s=%.*s ", (int)param->name.count, param->name.data,
                (int)value.count, value.data);
    }
    if (entry->is_wildcard) {
        struct weft_text rest = wf_route_rest(entry, path);
        sprintf(line + strlen(line), "*=%.*s ", (int)rest.count, rest.data);
    }
    assert_string_equal(line, expected);
}

static void the_best_pattern_is_found(void **state)
{
    (void)state;
    struct wf_route_table table = { 0 };
    add_all(&table);
    for_each_case(c, find_cases)
    {
        struct wf_route_path path;
        char out[64];
        assert_int_equal(wf_route_path_parse(&path, c->path, out), WEFT_OK);
        const struct wf_route_entry *entry = wf_route_find(&table, &path);
        if (!c->pattern) {
            assert_null(entry);
            continue;
        }
        assert_non_null(entry);
        assert_string_equal(entry->pattern, c->pattern);
        assert_params(entry, &path, c->params);
    }
    wf_route_drop(&table);
}

static void an_empty_table_finds_nothing(void **state)
{
    (void)state;
    struct wf_route_table table = { 0 };
    struct wf_route_path path;
    char out[8];
    assert_int_equal(wf_route_path_parse(&path, (struct weft_text)TEXT("/a"), out), WEFT_OK);
    assert_null(wf_route_find(&table, &path));
    wf_route_drop(&table);
}

static void a_pattern_has_one_entry(void **state)
{
    (void)state;
    struct wf_route_table table = { 0 };
    struct wf_route_entry *first, *second;
    struct weft_text pattern = TEXT("/a/:x"), other = TEXT("/a/:y"), longer = TEXT("/a/:y/b");
    assert_int_equal(wf_route_add(&table, pattern, &first), WEFT_OK);
    assert_int_equal(wf_route_add(&table, pattern, &second), WEFT_OK);
    assert_ptr_equal(first, second);
    assert_int_equal(wf_route_add(&table, other, &second), WEFT_ERR_EXISTS);
    assert_int_equal(wf_route_add(&table, longer, &second), WEFT_OK);
    assert_ptr_not_equal(first, second);
    wf_route_drop(&table);
}

/* Hundreds of routes, in an order that no sorting would like. */
static void many_routes_are_all_found(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    struct wf_route_table table = { 0 };
    char text[32], out[32];
    for (unsigned i = 0; i < MANY; i++) {
        struct wf_route_entry *entry;
        sprintf(text, "/api/%u/:id", i * 7919 % MANY);
        assert_int_equal(wf_route_add(&table, weft_text_of(text), &entry), WEFT_OK);
    }
    for (unsigned i = 0; i < MANY; i++) {
        struct wf_route_path path;
        char pattern[32];
        sprintf(text, "/api/%u/x", i);
        sprintf(pattern, "/api/%u/:id", i);
        assert_int_equal(wf_route_path_parse(&path, weft_text_of(text), out), WEFT_OK);
        const struct wf_route_entry *entry = wf_route_find(&table, &path);
        assert_non_null(entry);
        assert_string_equal(entry->pattern, pattern);
    }
    wf_route_drop(&table);
}

static void memory_may_fail(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        weft_status status = WEFT_OK;
        fault_alloc_init(&fault, n);
        struct wf_route_table table = { .allocator = &fault.allocator };
        for (size_t i = 0; i < COUNT_OF(patterns) && !status; i++) {
            struct wf_route_entry *entry;
            status = wf_route_add(&table, weft_text_of(patterns[i]), &entry);
        }
        failed = fault.failed;
        assert_int_equal(status, failed ? WEFT_ERR_MEMORY : WEFT_OK);
        wf_route_drop(&table);
        assert_int_equal(fault.live_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_taken_apart),     cmocka_unit_test(paths_have_a_limit),
        cmocka_unit_test(patterns_are_checked),      cmocka_unit_test(patterns_have_limits),
        cmocka_unit_test(the_best_pattern_is_found), cmocka_unit_test(an_empty_table_finds_nothing),
        cmocka_unit_test(a_pattern_has_one_entry),   cmocka_unit_test(many_routes_are_all_found),
        cmocka_unit_test(memory_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

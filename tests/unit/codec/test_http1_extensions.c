#include "codec/http1.h"

#include "support/cases.h"
#include "support/guard_page.h"

#include <stdio.h>

#define OF_64 "abcdefghabcdefghabcdefghabcdefghabcdefghabcdefghabcdefghabcdefgh"

static const struct {
    const char *name;
    const char *first, *second; /* The values of two fields. */
    const char *items; /* "extension;param=value;param|extension|", '!' at the end: broken. */
} cases[] = {
    { "nothing", "", "", "" },
    { "one", "permessage-deflate", "", "permessage-deflate|" },
    { "with parameters", "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
      "", "permessage-deflate;client_max_window_bits;server_max_window_bits=10|" },
    { "RFC 6455 9.1", "foo, bar; baz=2", "", "foo|bar;baz=2|" },
    { "two fields", "foo", "bar; baz=2", "foo|bar;baz=2|" },
    { "the same twice, RFC 7692 5", "permessage-deflate; a=1, permessage-deflate", "",
      "permessage-deflate;a=1|permessage-deflate|" },
    { "quoted", "x; a=\"10\"", "", "x;a=10|" },
    { "quoted with escapes", "x; a=\"\\1\\0z\"; b", "", "x;a=10z;b|" },
    { "no white space", "a;b=c;d,e", "", "a;b=c;d|e|" },
    { "much white space", " a \t; b = c ;d , e ", "", "a;b=c;d|e|" },
    { "empty elements", ",, a,,b ,", ",c", "a|b|c|" },
    { "longest quoted value", "x;a=\"" OF_64 "\"", "", "x;a=" OF_64 "|" },
    { "only a semicolon", ";", "", "!" },
    { "no name", "; a", "", "!" },
    { "no parameter", "x;", "", "x!" },
    { "two semicolons", "x;;a", "", "x!" },
    { "no value", "x;a=", "", "x!" },
    { "value that is no token", "x;a=/", "", "x!" },
    { "empty quoted value", "x;a=\"\"", "", "x!" },
    { "quoted value that is no token", "x;a=\"b c\"", "", "x!" },
    { "quoted escape that is no token", "x;a=\"b\\\"c\"", "", "x!" },
    { "quote not closed", "x;a=\"b", "", "x!" },
    { "escape at the end", "x;a=\"b\\", "", "x!" },
    { "longer quoted value", "x;a=\"" OF_64 "i\"", "", "x!" },
    { "something behind a quote", "x;a=\"b\"c", "", "x;a=b!" },
    { "two words", "x y", "", "x!" },
    { "value without a parameter", "x=1", "", "x!" },
    { "quoted name", "\"x\"", "", "!" },
    { "not closed in the first field", "x;", "a", "x!" },
    { "not ASCII", "\xC3\xA9", "", "!" },
};

/* Puts one item into the line. False at the end. */
static bool note_item(struct wf_http1_extensions *extensions, char *line, size_t line_bytes,
                      bool *is_first)
{
    struct weft_text name, value;
    size_t count = strlen(line);
    switch (wf_http1_extensions_next(extensions, &name, &value)) {
    case WF_HTTP1_EXTENSION:
        snprintf(line + count, line_bytes - count, "%s%.*s", *is_first ? "" : "|", (int)name.count,
                 name.data);
        *is_first = false;
        return true;
    case WF_HTTP1_EXTENSION_PARAM:
        snprintf(line + count, line_bytes - count, value.data ? ";%.*s=%.*s" : ";%.*s",
                 (int)name.count, name.data, (int)value.count, value.data);
        return true;
    case WF_HTTP1_EXTENSIONS_END:
        snprintf(line + count, line_bytes - count, "%s", *is_first ? "" : "|");
        return false;
    case WF_HTTP1_EXTENSIONS_BROKEN:
        snprintf(line + count, line_bytes - count, "!");
        return false;
    default:
        fail();
        return false;
    }
}

static void the_items_of_a_list(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        size_t counts[2] = { strlen(c->first), strlen(c->second) };
        char *values[2] = { (char *)guard_page_place(c->first, counts[0]),
                            (char *)guard_page_place(c->second, counts[1]) };
        const struct weft_header items[] = {
            { TEXT("Host"), TEXT("h") },
            { TEXT("Sec-WebSocket-Extensions"), { values[0], counts[0] } },
            { TEXT("Origin"), TEXT(";") },
            { TEXT("sec-websocket-extensions"), { values[1], counts[1] } },
        };
        struct wf_http1_extensions extensions = { .headers = { items, COUNT_OF(items) },
                                                  .name = "Sec-WebSocket-Extensions" };
        char line[256] = "";
        bool is_first = true;
        while (note_item(&extensions, line, sizeof line, &is_first))
            ;
        assert_string_equal(line, c->items);

        /* The end stays the end. */
        struct weft_text name, value;
        bool is_broken = line[0] && line[strlen(line) - 1] == '!';
        assert_int_equal(wf_http1_extensions_next(&extensions, &name, &value),
                         is_broken ? WF_HTTP1_EXTENSIONS_BROKEN : WF_HTTP1_EXTENSIONS_END);
        guard_page_free((uint8_t *)values[0], counts[0]);
        guard_page_free((uint8_t *)values[1], counts[1]);
    }
}

static void no_field_is_no_extension(void **state)
{
    (void)state;
    struct wf_http1_extensions extensions = { .name = "Sec-WebSocket-Extensions" };
    struct weft_text name, value;
    for (int i = 0; i < 2; i++)
        assert_int_equal(wf_http1_extensions_next(&extensions, &name, &value),
                         WF_HTTP1_EXTENSIONS_END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_items_of_a_list),
        cmocka_unit_test(no_field_is_no_extension),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

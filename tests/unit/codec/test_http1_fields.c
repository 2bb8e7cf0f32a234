#include "codec/http1.h"

#include "support/cases.h"

static const struct weft_header items[] = {
    { TEXT("Host"), TEXT("example.com") },
    { TEXT("Connection"), TEXT("keep-alive,") },
    { TEXT("X-Empty"), TEXT("") },
    { TEXT("CONNECTION"), TEXT(" , Upgrade\t,x") },
    { TEXT("X-Quoted"), TEXT("\"a,b\", c;d=\"e\\\",f\" ,\"open, g") },
    { TEXT("Hos"), TEXT("no") },
};
static const struct weft_headers headers = { items, COUNT_OF(items) };

static void a_field_is_found_by_its_name_in_any_case(void **state)
{
    (void)state;
    assert_ptr_equal(weft_headers_find(headers, "host", NULL), &items[0]);
    assert_ptr_equal(weft_headers_find(headers, "HOS", NULL), &items[5]);
    assert_ptr_equal(weft_headers_find(headers, "connection", NULL), &items[1]);
    assert_ptr_equal(weft_headers_find(headers, "connection", &items[1]), &items[3]);
    assert_null(weft_headers_find(headers, "connection", &items[3]));
    assert_null(weft_headers_find(headers, "Hosts", NULL));
    assert_null(weft_headers_find(headers, "", NULL));
    assert_null(weft_headers_find((struct weft_headers){ 0 }, "Host", NULL));
}

static void fields_are_counted(void **state)
{
    (void)state;
    assert_int_equal(wf_http1_count(headers, "Connection"), 2);
    assert_int_equal(wf_http1_count(headers, "host"), 1);
    assert_int_equal(wf_http1_count(headers, "Origin"), 0);
}

static const struct {
    const char *name; /* Of the field. */
    const char *elements;
} lists[] = {
    { "Host", "example.com|" }, { "connection", "keep-alive|Upgrade|x|" },
    { "X-Empty", "" },          { "X-Quoted", "\"a,b\"|c;d=\"e\\\",f\"|\"open, g|" },
    { "X-None", "" },
};

static void the_elements_of_a_list(void **state)
{
    (void)state;
    for_each_case(c, lists)
    {
        struct wf_http1_list list = { .headers = headers, .name = c->name };
        struct weft_text element;
        char line[128] = "";
        while (wf_http1_list_next(&list, &element)) {
            strncat(line, element.data, element.count);
            strcat(line, "|");
        }
        assert_string_equal(line, c->elements);
        assert_false(wf_http1_list_next(&list, &element));
    }
}

static void a_token_in_a_list(void **state)
{
    (void)state;
    assert_true(wf_http1_list_has_token(headers, "connection", "upgrade"));
    assert_true(wf_http1_list_has_token(headers, "Connection", "KEEP-ALIVE"));
    assert_false(wf_http1_list_has_token(headers, "Connection", "close"));
    assert_false(wf_http1_list_has_token(headers, "Connection", "keep"));
    assert_false(wf_http1_list_has_token(headers, "Connection", "keep-alive,"));
    assert_false(wf_http1_list_has_token(headers, "Connection", ""));
    assert_false(wf_http1_list_has_token(headers, "X-Quoted", "b"));
    assert_false(wf_http1_list_has_token(headers, "X-Empty", ""));
}

static void tokens_targets_and_values_by_every_character(void **state)
{
    (void)state;
    static const char symbols[] = "!#$%&'*+-.^_`|~";
    for (int c = 0; c < 256; c++) {
        char text[3] = { 'a', (char)c, 'b' };
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_token = is_alnum || (c && strchr(symbols, c));
        struct weft_text span = { text, 3 };
        assert_int_equal(wf_http1_is_token(span), is_token);
        assert_int_equal(wf_http1_is_target(span), c > 0x20 && c < 0x7F);
        assert_int_equal(wf_http1_is_field_value(span), c == '\t' || (c >= 0x20 && c != 0x7F));
    }
}

static const struct {
    const char *name;
    struct weft_text text;
    bool is_token, is_target, is_value;
} texts[] = {
    { "nothing", TEXT(""), false, false, true },
    { "one character", TEXT("x"), true, true, true },
    { "a protocol", TEXT("chat.v2"), true, true, true },
    { "space before", TEXT(" x"), false, false, false },
    { "tab behind", TEXT("x\t"), false, false, false },
    { "only a space", TEXT(" "), false, false, false },
    { "a second field", TEXT("x\r\nSet-Cookie: y"), false, false, false },
    { "zero at the end", TEXT("x\0"), false, false, false },
    { "a path", TEXT("/a?b"), false, true, true },
    { "two words", TEXT("a b"), false, false, true },
};

static void tokens_targets_and_values(void **state)
{
    (void)state;
    for_each_case(c, texts)
    {
        assert_int_equal(wf_http1_is_token(c->text), c->is_token);
        assert_int_equal(wf_http1_is_target(c->text), c->is_target);
        assert_int_equal(wf_http1_is_field_value(c->text), c->is_value);
    }
    assert_true(wf_http1_is_field_value((struct weft_text){ 0 }));
}

static void texts_are_compared_without_case(void **state)
{
    (void)state;
    assert_true(wf_http1_text_equals((struct weft_text)TEXT("WebSocket"), "websocket"));
    assert_true(wf_http1_text_equals((struct weft_text)TEXT(""), ""));
    assert_false(wf_http1_text_equals((struct weft_text)TEXT("websocket"), "websockets"));
    assert_false(wf_http1_text_equals((struct weft_text)TEXT("websockets"), "websocket"));
    assert_false(wf_http1_text_equals((struct weft_text)TEXT("@"), "`"));
    assert_false(wf_http1_text_equals((struct weft_text)TEXT("a\0"), "a"));
    assert_false(wf_http1_text_equals((struct weft_text)TEXT("\xC3\x84"), "\xC3\xA4"));
}

static const struct {
    const char *name;
    struct weft_header items[2];
    size_t count;
    bool is_good, is_present;
    uint64_t bytes;
} lengths[] = {
    { "absent", { { TEXT("Host"), TEXT("h") } }, 1, true, false, 0 },
    { "zero", { { TEXT("content-length"), TEXT("0") } }, 1, true, true, 0 },
    { "leading zeros", { { TEXT("Content-Length"), TEXT("007") } }, 1, true, true, 7 },
    { "largest",
      { { TEXT("Content-Length"), TEXT("9223372036854775807") } },
      1,
      true,
      true,
      INT64_MAX },
    { "too large", { { TEXT("Content-Length"), TEXT("9223372036854775808") } }, 1, false, true, 0 },
    { "far too large",
      { { TEXT("Content-Length"), TEXT("99999999999999999999999") } },
      1,
      false,
      true,
      0 },
    { "empty", { { TEXT("Content-Length"), TEXT("") } }, 1, false, true, 0 },
    { "sign", { { TEXT("Content-Length"), TEXT("+5") } }, 1, false, true, 0 },
    { "negative", { { TEXT("Content-Length"), TEXT("-5") } }, 1, false, true, 0 },
    { "hexadecimal", { { TEXT("Content-Length"), TEXT("0x5") } }, 1, false, true, 0 },
    { "list", { { TEXT("Content-Length"), TEXT("5, 5") } }, 1, false, true, 0 },
    { "white space inside", { { TEXT("Content-Length"), TEXT("5 5") } }, 1, false, true, 0 },
    { "twice",
      { { TEXT("Content-Length"), TEXT("5") }, { TEXT("content-length"), TEXT("5") } },
      2,
      false,
      true,
      0 },
};

static void content_lengths(void **state)
{
    (void)state;
    for_each_case(c, lengths)
    {
        bool is_present;
        uint64_t bytes;
        struct weft_headers fields = { c->items, c->count };
        assert_int_equal(wf_http1_content_length(fields, &is_present, &bytes), c->is_good);
        assert_int_equal(is_present, c->is_present);
        if (c->is_good)
            assert_int_equal(bytes, c->bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_is_found_by_its_name_in_any_case),
        cmocka_unit_test(fields_are_counted),
        cmocka_unit_test(the_elements_of_a_list),
        cmocka_unit_test(a_token_in_a_list),
        cmocka_unit_test(tokens_targets_and_values_by_every_character),
        cmocka_unit_test(tokens_targets_and_values),
        cmocka_unit_test(texts_are_compared_without_case),
        cmocka_unit_test(content_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "codec/forwarded.h"

#include "support/cases.h"
#include "support/guard_page.h"

enum { ELEMENTS_MAX = 6 };

static const struct {
    const char *name;
    struct weft_text values[2]; /* Of two fields, in their order. */
    bool has_quotes;
    const char *elements[ELEMENTS_MAX]; /* Last first. */
} lists[] = {
    { "one", { TEXT("a") }, false, { "a" } },
    { "three", { TEXT("a, b ,\tc") }, false, { "c", "b", "a" } },
    { "two fields", { TEXT("a, b"), TEXT("c") }, false, { "c", "b", "a" } },
    { "empty ones", { TEXT(", a,,b, ,"), TEXT("") }, false, { "b", "a" } },
    { "only commas", { TEXT(",,") }, false, { NULL } },
    { "a comma in quotes", { TEXT("for=\"a,b\", for=c") }, true, { "for=c", "for=\"a,b\"" } },
    { "quotes mean nothing", { TEXT("\"a,b\"") }, false, { "b\"", "\"a" } },
    { "an escaped quote", { TEXT("x=\"a\\\",b\", c") }, true, { "c", "x=\"a\\\",b\"" } },
    { "an escaped backslash", { TEXT("x=\"a\\\\\",b") }, true, { "b", "x=\"a\\\\\"" } },
    { "a client's open quote does not reach the proxy's element",
      { TEXT("for=\"evil, for=192.0.2.1") },
      true,
      { "for=192.0.2.1", "for=\"evil" } },
    { "nor with quotes in the proxy's",
      { TEXT("for=\"evil, for=\"[::1]\"") },
      true,
      { "for=\"[::1]\"", "for=\"evil" } },
};

static void lists_from_the_right(void **state)
{
    (void)state;
    for_each_case(c, lists)
    {
        struct weft_text element, values[2];
        uint8_t *placed[2];
        for (int i = 0; i < 2; i++) {
            placed[i] = guard_page_place(c->values[i].data, c->values[i].count);
            values[i] = (struct weft_text){ (char *)placed[i], c->values[i].count };
        }
        const struct weft_header items[] = { { TEXT("Other"), TEXT("x") },
                                             { TEXT("forwarded"), values[0] },
                                             { TEXT("Other"), TEXT("y") },
                                             { TEXT("Forwarded"), values[1] } };
        struct wf_forwarded_list list = wf_forwarded_list_of(
            (struct weft_headers){ items, COUNT_OF(items) }, "Forwarded", c->has_quotes);
        for (size_t i = 0; i < ELEMENTS_MAX && c->elements[i]; i++) {
            assert_true(wf_forwarded_list_next(&list, &element));
            assert_int_equal(element.count, strlen(c->elements[i]));
            assert_memory_equal(element.data, c->elements[i], element.count);
        }
        assert_false(wf_forwarded_list_next(&list, &element));
        for (int i = 0; i < 2; i++)
            guard_page_free(placed[i], c->values[i].count);
    }
}

static const struct {
    const char *name;
    struct weft_text text;
    bool is_good;
    const char *node, *proto, *host; /* NULL: not there. */
} elements[] = {
    { "a node", TEXT("for=192.0.2.1"), true, "192.0.2.1", NULL, NULL },
    { "all", TEXT("for=192.0.2.1;proto=https;by=203.0.113.43;host=a.example"), true, "192.0.2.1",
      "https", "a.example" },
    { "case", TEXT("For=\"[2001:db8::1]:4711\";PROTO=http"), true, "[2001:db8::1]:4711", "http",
      NULL },
    { "an empty string", TEXT("for=\"\""), true, "", NULL, NULL },
    { "spaces", TEXT("for=a ; proto=b"), true, "a", "b", NULL },
    { "missing pairs", TEXT(";;for=a;"), true, "a", NULL, NULL },
    { "others", TEXT("secret=x;for=a"), true, "a", NULL, NULL },
    { "twice", TEXT("for=a;for=b"), false, NULL, NULL, NULL },
    { "twice, the scheme", TEXT("for=a;proto=b;proto=c"), false, NULL, NULL, NULL },
    { "no value", TEXT("for="), false, NULL, NULL, NULL },
    { "no name", TEXT("=a"), false, NULL, NULL, NULL },
    { "no equals sign", TEXT("192.0.2.1"), false, NULL, NULL, NULL },
    { "brackets without quotes", TEXT("for=[::1]"), false, NULL, NULL, NULL },
    { "open quotes", TEXT("for=\"a"), false, NULL, NULL, NULL },
    { "open quotes alone", TEXT("for=\""), false, NULL, NULL, NULL },
    { "an escape", TEXT("for=\"a\\b\""), false, NULL, NULL, NULL },
    { "more behind a string", TEXT("for=\"a\"b"), false, NULL, NULL, NULL },
};

static void check_part(struct weft_text part, const char *expected)
{
    assert_int_equal(part.data != NULL, expected != NULL);
    if (expected) {
        assert_int_equal(part.count, strlen(expected));
        assert_memory_equal(part.data, expected, part.count);
    }
}

static void elements_and_their_parts(void **state)
{
    (void)state;
    for_each_case(c, elements)
    {
        struct wf_forwarded_element element;
        uint8_t *placed = guard_page_place(c->text.data, c->text.count);
        struct weft_text text = { (char *)placed, c->text.count };
        assert_int_equal(wf_forwarded_parse(text, &element), c->is_good);
        if (c->is_good) {
            check_part(element.node, c->node);
            check_part(element.proto, c->proto);
            check_part(element.host, c->host);
        }
        guard_page_free(placed, c->text.count);
    }
}

static const struct {
    const char *name;
    struct weft_text text;
    enum wf_forwarded_kind kind;
    const char *shown;
} nodes[] = {
    { "IPv4", TEXT("192.0.2.1"), WF_FORWARDED_IP, "192.0.2.1" },
    { "IPv4 with a port", TEXT("192.0.2.1:80"), WF_FORWARDED_IP, "192.0.2.1:80" },
    { "IPv4 with a hidden port", TEXT("192.0.2.1:_p"), WF_FORWARDED_IP, "192.0.2.1" },
    { "IPv6", TEXT("[2001:db8::1]"), WF_FORWARDED_IP, "2001:db8::1" },
    { "IPv6 with a port", TEXT("[2001:db8::1]:65535"), WF_FORWARDED_IP, "[2001:db8::1]:65535" },
    { "IPv6 without brackets", TEXT("2001:db8::1"), WF_FORWARDED_IP, "2001:db8::1" },
    { "unknown", TEXT("unknown"), WF_FORWARDED_HIDDEN, NULL },
    { "unknown with a port", TEXT("Unknown:1"), WF_FORWARDED_HIDDEN, NULL },
    { "hidden", TEXT("_gazonk"), WF_FORWARDED_HIDDEN, NULL },
    { "hidden, all characters", TEXT("_aZ9._-"), WF_FORWARDED_HIDDEN, NULL },
    { "nothing", TEXT(""), WF_FORWARDED_BROKEN, NULL },
    { "only an underscore", TEXT("_"), WF_FORWARDED_BROKEN, NULL },
    { "a space in it", TEXT("_a b"), WF_FORWARDED_BROKEN, NULL },
    { "a name", TEXT("example.com"), WF_FORWARDED_BROKEN, NULL },
    { "an empty port", TEXT("192.0.2.1:"), WF_FORWARDED_BROKEN, NULL },
    { "a port too large", TEXT("192.0.2.1:65536"), WF_FORWARDED_BROKEN, NULL },
    { "IPv4 in brackets", TEXT("[192.0.2.1]"), WF_FORWARDED_BROKEN, NULL },
    { "an open bracket", TEXT("[::1"), WF_FORWARDED_BROKEN, NULL },
    { "only brackets", TEXT("[]"), WF_FORWARDED_BROKEN, NULL },
    { "more behind the bracket", TEXT("[::1]80"), WF_FORWARDED_BROKEN, NULL },
};

static void nodes_and_their_kinds(void **state)
{
    (void)state;
    for_each_case(c, nodes)
    {
        char shown[WF_IP_TEXT_MAX];
        uint8_t *placed = guard_page_place(c->text.data, c->text.count);
        struct wf_forwarded_node node =
            wf_forwarded_node_parse((struct weft_text){ (char *)placed, c->text.count });
        assert_int_equal(node.kind, c->kind);
        if (c->shown) {
            wf_ip_text(&node.ip, node.port, shown);
            assert_string_equal(shown, c->shown);
        }
        guard_page_free(placed, c->text.count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_from_the_right),
        cmocka_unit_test(elements_and_their_parts),
        cmocka_unit_test(nodes_and_their_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

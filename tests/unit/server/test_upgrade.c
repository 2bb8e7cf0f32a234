#include "server/upgrade.h"

#include "support/cases.h"

#include <string.h>

/* The rules of a route from texts parted by spaces. */
struct rules {
    struct wf_upgrade upgrade;
    struct weft_text origins[4];
    struct weft_text protocols[4];
};

static size_t part(const char *line, struct weft_text *out)
{
    size_t count = 0;
    for (const char *at = line; at && *at;) {
        size_t bytes = strcspn(at, " ");
        out[count++] = (struct weft_text){ at, bytes };
        at += bytes + (at[bytes] == ' ');
    }
    return count;
}

static void fill(struct rules *rules, const char *origins, const char *protocols)
{
    *rules = (struct rules){ 0 };
    rules->upgrade.origins.items = rules->origins;
    rules->upgrade.origins.count = part(origins, rules->origins);
    rules->upgrade.protocols.items = rules->protocols;
    rules->upgrade.protocols.count = part(protocols, rules->protocols);
}

static const struct origin_case {
    const char *name;
    const char *rules;
    bool is_required;
    struct weft_header fields[3];
    bool is_allowed;
} origin_cases[] = {
    { "no browser", "", false, { { TEXT("Host"), TEXT("a") } }, true },
    { "no browser, where one must be", "", true, { { TEXT("Host"), TEXT("a") } }, false },
    { "same host",
      "",
      false,
      { { TEXT("Host"), TEXT("a") }, { TEXT("Origin"), TEXT("http://a") } },
      true },
    { "other host",
      "",
      false,
      { { TEXT("Host"), TEXT("a") }, { TEXT("Origin"), TEXT("http://b") } },
      false },
    { "no Host", "", false, { { TEXT("Origin"), TEXT("http://a") } }, false },
    { "null",
      "",
      false,
      { { TEXT("Host"), TEXT("null") }, { TEXT("Origin"), TEXT("null") } },
      false },
    { "twice",
      "*",
      false,
      { { TEXT("Host"), TEXT("a") },
        { TEXT("Origin"), TEXT("http://a") },
        { TEXT("origin"), TEXT("http://a") } },
      false },
    { "listed",
      "http://x http://b",
      false,
      { { TEXT("Host"), TEXT("a") }, { TEXT("Origin"), TEXT("http://b") } },
      true },
    { "the own host is not listed",
      "http://x http://b",
      false,
      { { TEXT("Host"), TEXT("a") }, { TEXT("Origin"), TEXT("http://a") } },
      false },
    { "any",
      "*",
      true,
      { { TEXT("Host"), TEXT("a") }, { TEXT("Origin"), TEXT("http://b") } },
      true },
    { "any, but one must be", "*", true, { { TEXT("Host"), TEXT("a") } }, false },
    { "listed, no browser", "http://b", false, { { TEXT("Host"), TEXT("a") } }, true },
};

static void origins_are_decided(void **state)
{
    (void)state;
    for_each_case(c, origin_cases)
    {
        struct rules rules;
        size_t count = 0;
        fill(&rules, c->rules, "");
        rules.upgrade.origin_required = c->is_required;
        while (count < 3 && c->fields[count].name.data)
            count++;
        struct weft_headers headers = { c->fields, count };
        const struct weft_header *host = weft_headers_find(headers, "Host", NULL);
        assert_int_equal(wf_upgrade_origin_is_allowed(&rules.upgrade, headers, NULL,
                                                      host ? host->value : (struct weft_text){ 0 }),
                         c->is_allowed);
    }
}

static const struct protocol_case {
    const char *name;
    const char *own;
    const char *offered;
    const char *chosen; /* NULL: none. */
} protocol_cases[] = {
    { "the only one", "chat", "chat", "chat" },
    { "the server's order counts", "v2 v1", "v1 v2", "v2" },
    { "the second", "v3 v1", "v2 v1", "v1" },
    { "none in common", "v3", "v2 v1", NULL },
    { "no list", "", "v1", NULL },
    { "none offered", "v1", "", NULL },
    { "case matters", "Chat", "chat", NULL },
    { "prefix", "chat", "chat2 cha", NULL },
};

static void a_protocol_is_chosen(void **state)
{
    (void)state;
    for_each_case(c, protocol_cases)
    {
        struct rules rules;
        struct weft_text offered[4];
        fill(&rules, "", c->own);
        size_t count = part(c->offered, offered);
        struct weft_text chosen = wf_upgrade_choose_protocol(&rules.upgrade, offered, count);
        if (!c->chosen) {
            assert_null(chosen.data);
            continue;
        }
        assert_int_equal(chosen.count, strlen(c->chosen));
        assert_memory_equal(chosen.data, c->chosen, chosen.count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origins_are_decided),
        cmocka_unit_test(a_protocol_is_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/embedded.h"

#include "support/cases.h"
#include "support/fault_alloc.h"

static const struct weft_embedded_file files[] = {
    { "style.css", "css", 3 },  { "index.html", "root", 4 },  { "docs/index.html", "docs", 4 },
    { "docs/a.txt", "css", 3 }, { "docs-old.txt", "old", 3 }, { "empty", "", 0 },
};

static struct weft_text no_name = { "", 0 };

static void files_are_found(void **state)
{
    (void)state;
    struct wf_embedded_table table = { 0 };
    assert_int_equal(wf_embedded_fill(&table, NULL, files, COUNT_OF(files)), WEFT_OK);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        const struct wf_embedded *found =
            wf_embedded_find(&table, weft_text_of(files[i].path), no_name);
        assert_non_null(found);
        assert_ptr_equal(found->bytes.data, files[i].data);
    }
    struct weft_text index = TEXT("index.html"), docs = TEXT("docs/");
    assert_ptr_equal(wf_embedded_find(&table, no_name, index)->bytes.data, files[1].data);
    assert_ptr_equal(wf_embedded_find(&table, docs, index)->bytes.data, files[2].data);
    static const char *const missing[] = { "style", "style.css2", "docs", "docs/", "zzz", "" };
    for (size_t i = 0; i < COUNT_OF(missing); i++)
        assert_null(wf_embedded_find(&table, weft_text_of(missing[i]), no_name));
    wf_embedded_drop(&table, NULL);
}

static void folders_are_found(void **state)
{
    (void)state;
    struct wf_embedded_table table = { 0 };
    assert_int_equal(wf_embedded_fill(&table, NULL, files, COUNT_OF(files)), WEFT_OK);
    static const char *const folders[] = { "docs" };
    static const char *const none[] = { "doc", "docs/a.txt", "docs-old", "style.css", "zzz" };
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        assert_true(wf_embedded_has_folder(&table, weft_text_of(folders[i])));
    for (size_t i = 0; i < COUNT_OF(none); i++)
        assert_false(wf_embedded_has_folder(&table, weft_text_of(none[i])));
    wf_embedded_drop(&table, NULL);
}

static void tags_follow_the_content(void **state)
{
    (void)state;
    struct wf_embedded_table table = { 0 };
    assert_int_equal(wf_embedded_fill(&table, NULL, files, COUNT_OF(files)), WEFT_OK);
    struct weft_text style = TEXT("style.css"), same = TEXT("docs/a.txt"), other = TEXT("empty");
    const char *tag = wf_embedded_find(&table, style, no_name)->etag;
    assert_int_equal(tag[0], '"');
    assert_int_equal(tag[WF_EMBEDDED_ETAG_BYTES - 1], '"');
    assert_memory_equal(tag, wf_embedded_find(&table, same, no_name)->etag, WF_EMBEDDED_ETAG_BYTES);
    assert_memory_not_equal(tag, wf_embedded_find(&table, other, no_name)->etag,
                            WF_EMBEDDED_ETAG_BYTES);
    wf_embedded_drop(&table, NULL);
}

static void what_is_not_usable_is_refused(void **state)
{
    (void)state;
    const struct weft_embedded_file twice[] = { { "a", "1", 1 }, { "b", "", 0 }, { "a", "2", 1 } };
    const struct weft_embedded_file nameless[] = { { NULL, "1", 1 } };
    const struct weft_embedded_file missing[] = { { "a", NULL, 1 } };
    struct wf_embedded_table table = { 0 };
    assert_int_equal(wf_embedded_fill(&table, NULL, twice, 3), WEFT_ERR_ARGUMENT);
    wf_embedded_drop(&table, NULL);
    assert_int_equal(wf_embedded_fill(&table, NULL, nameless, 1), WEFT_ERR_ARGUMENT);
    assert_int_equal(wf_embedded_fill(&table, NULL, missing, 1), WEFT_ERR_ARGUMENT);
}

static void memory_may_fail(void **state)
{
    (void)state;
    struct fault_alloc fault;
    struct wf_embedded_table table = { 0 };
    fault_alloc_init(&fault, 1);
    assert_int_equal(wf_embedded_fill(&table, &fault.allocator, files, COUNT_OF(files)),
                     WEFT_ERR_MEMORY);
    wf_embedded_drop(&table, &fault.allocator);
    assert_int_equal(fault.live_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_found),         cmocka_unit_test(folders_are_found),
        cmocka_unit_test(tags_follow_the_content), cmocka_unit_test(what_is_not_usable_is_refused),
        cmocka_unit_test(memory_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/list.h"

#include "support/cases.h"

#include <string.h>

struct item {
    char name;
    struct wf_link link;
};

/* The names in order; each link's place must be the pointer that points to it. */
static const char *names(struct wf_link *const *head)
{
    static char text[16];
    size_t count = 0;
    for (struct wf_link *const *place = head; *place; place = &(*place)->next) {
        assert_ptr_equal((*place)->place, place);
        assert_true(wf_link_is_linked(*place));
        text[count++] = WF_CONTAINER_OF(*place, struct item, link)->name;
    }
    text[count] = '\0';
    return text;
}

static void links_go_in_and_out_anywhere(void **state)
{
    (void)state;
    struct wf_link *head = NULL;
    struct item items[] = { { .name = 'a' }, { .name = 'b' }, { .name = 'c' }, { .name = 'd' } };
    assert_string_equal(names(&head), "");
    wf_link_insert(&head, &items[0].link);
    wf_link_insert(&head, &items[1].link);
    assert_string_equal(names(&head), "ba");
    wf_link_insert(&items[1].link.next, &items[2].link);
    wf_link_insert(&items[0].link.next, &items[3].link);
    assert_string_equal(names(&head), "bcad");
    wf_link_remove(&items[2].link);
    assert_string_equal(names(&head), "bad");
    wf_link_remove(&items[1].link);
    assert_string_equal(names(&head), "ad");
    wf_link_remove(&items[3].link);
    assert_string_equal(names(&head), "a");
    wf_link_remove(&items[0].link);
    assert_null(head);
}

static void one_that_is_in_no_list_stays_so(void **state)
{
    (void)state;
    struct wf_link *head = NULL;
    struct item one = { .name = 'a' };
    assert_false(wf_link_is_linked(&one.link));
    wf_link_remove(&one.link);
    wf_link_insert(&head, &one.link);
    wf_link_remove(&one.link);
    wf_link_remove(&one.link);
    assert_false(wf_link_is_linked(&one.link));
    assert_null(one.link.next);
    assert_null(head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_go_in_and_out_anywhere),
        cmocka_unit_test(one_that_is_in_no_list_stays_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

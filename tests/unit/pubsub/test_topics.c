#include "pubsub/topics.h"

#include "support/fault_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct wf_topics make(const struct weft_allocator *allocator)
{
    return (struct wf_topics){
        .allocator = allocator, .topics_max = 1000, .topics_per_member_max = 500, .seed = 7
    };
}

static struct weft_text name_of(char *buffer, int number)
{
    snprintf(buffer, 16, "topic-%d", number);
    return weft_text_of(buffer);
}

static bool hears(const struct wf_topics *topics, const struct wf_member *member,
                  struct weft_text name)
{
    const struct wf_topic *topic = wf_topics_find(topics, name);
    for (uint32_t i = 0; topic && i < topic->member_count; i++)
        if (wf_topic_member(topic, i) == member)
            return true;
    return false;
}

/* Random changes, compared with a plain table of who hears what. */
static void it_agrees_with_a_plain_table(void **state)
{
    (void)state;
    enum { MEMBERS = 20, TOPICS = 50, STEPS = 20000 };
    static bool table[MEMBERS][TOPICS];
    struct wf_topics topics = make(NULL);
    struct wf_member members[MEMBERS] = { 0 };
    char buffer[16];
    uint32_t random = 12345;
    for (int step = 0; step < STEPS; step++) {
        random = random * 1664525u + 1013904223u;
        int member = (int)(random >> 8) % MEMBERS, topic = (int)(random >> 16) % TOPICS;
        struct weft_text name = name_of(buffer, topic);
        if (random >> 31) {
            assert_int_equal(wf_topics_add(&topics, &members[member], name), WEFT_OK);
            table[member][topic] = true;
        } else if (step % 97 == 0) {
            wf_topics_remove_all(&topics, &members[member]);
            memset(table[member], 0, sizeof table[member]);
        } else {
            weft_status expected = table[member][topic] ? WEFT_OK : WEFT_ERR_NOT_FOUND;
            assert_int_equal(wf_topics_remove(&topics, &members[member], name), expected);
            table[member][topic] = false;
        }
        assert_int_equal(hears(&topics, &members[member], name), table[member][topic]);
    }
    uint32_t alive = 0;
    for (int topic = 0; topic < TOPICS; topic++) {
        uint32_t count = 0;
        for (int member = 0; member < MEMBERS; member++) {
            count += table[member][topic];
            assert_int_equal(hears(&topics, &members[member], name_of(buffer, topic)),
                             table[member][topic]);
        }
        alive += count > 0;
        const struct wf_topic *found = wf_topics_find(&topics, name_of(buffer, topic));
        assert_int_equal(found ? found->member_count : 0, count);
    }
    assert_int_equal(topics.topic_count, alive);
    wf_topics_drop(&topics);
}

static void maxima_hold(void **state)
{
    (void)state;
    char buffer[16];
    struct wf_topics topics = make(NULL);
    topics.topics_max = 3;
    topics.topics_per_member_max = 2;
    struct wf_member one = { 0 }, other = { 0 };
    assert_int_equal(wf_topics_add(&topics, &one, name_of(buffer, 1)), WEFT_OK);
    assert_int_equal(wf_topics_add(&topics, &one, name_of(buffer, 2)), WEFT_OK);
    assert_int_equal(wf_topics_add(&topics, &one, name_of(buffer, 2)), WEFT_OK);
    assert_int_equal(wf_topics_add(&topics, &one, name_of(buffer, 3)), WEFT_ERR_LIMIT);
    assert_null(wf_topics_find(&topics, name_of(buffer, 3)));
    assert_int_equal(wf_topics_add(&topics, &other, name_of(buffer, 3)), WEFT_OK);
    assert_int_equal(wf_topics_add(&topics, &other, name_of(buffer, 4)), WEFT_ERR_LIMIT);
    assert_int_equal(topics.topic_count, 3);
    wf_topics_drop(&topics);
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct fault_alloc fault;
        fault_alloc_init(&fault, n);
        struct wf_topics topics = make(&fault.allocator);
        struct wf_member member = { 0 };
        char buffer[16];
        uint32_t count = 0;
        failed = false;
        for (int i = 0; i < 40; i++) {
            weft_status status = wf_topics_add(&topics, &member, name_of(buffer, i));
            assert_true(status == WEFT_OK || status == WEFT_ERR_MEMORY);
            failed |= status != WEFT_OK;
            count += status == WEFT_OK;
            assert_int_equal(topics.topic_count, count);
            assert_int_equal(member.count, count);
        }
        /* Growing the table may fail without anybody noticing. */
        failed |= fault.failed;
        wf_topics_drop(&topics);
        assert_int_equal(fault.live_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_agrees_with_a_plain_table),
        cmocka_unit_test(maxima_hold),
        cmocka_unit_test(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

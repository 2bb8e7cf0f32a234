#include "cli/chat_pace.h"
#include "support/cases.h"

static void expect(struct chat_pace *pace, uint64_t now_ms, size_t count,
                   enum chat_pace_verdict verdict)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(chat_pace_count(pace, now_ms), verdict);
}

static void a_burst_is_fine_a_flood_is_not(void **state)
{
    (void)state;
    struct chat_pace pace = { 0 };
    expect(&pace, 1000, CHAT_PACE_BURST, CHAT_PACE_GOOD);
    expect(&pace, 1000, 1, CHAT_PACE_WARN);
    expect(&pace, 1000, CHAT_PACE_PATIENCE - 1, CHAT_PACE_DROP);
    expect(&pace, 1000, 1, CHAT_PACE_CLOSE);
}

static void time_gives_back(void **state)
{
    (void)state;
    struct chat_pace pace = { 0 };
    expect(&pace, 0, CHAT_PACE_BURST, CHAT_PACE_GOOD);
    expect(&pace, CHAT_PACE_REFILL_MS - 1, 1, CHAT_PACE_WARN);
    expect(&pace, CHAT_PACE_REFILL_MS, 1, CHAT_PACE_GOOD);
    /* Who has slowed down is warned again, not closed. */
    expect(&pace, CHAT_PACE_REFILL_MS, 1, CHAT_PACE_WARN);
    expect(&pace, 100 * CHAT_PACE_REFILL_MS, CHAT_PACE_BURST, CHAT_PACE_GOOD);
    expect(&pace, 100 * CHAT_PACE_REFILL_MS, 1, CHAT_PACE_WARN);
}

static void a_steady_pace_goes_on_for_ever(void **state)
{
    (void)state;
    struct chat_pace pace = { 0 };
    for (uint64_t i = 0; i < 1000; i++)
        expect(&pace, i * CHAT_PACE_REFILL_MS, 1, CHAT_PACE_GOOD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_fine_a_flood_is_not),
        cmocka_unit_test(time_gives_back),
        cmocka_unit_test(a_steady_pace_goes_on_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

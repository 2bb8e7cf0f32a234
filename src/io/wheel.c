#include "io/wheel.h"

#include <assert.h>
#include <string.h>

enum { SLOT_BITS = 6 };

static struct wf_timer *timer_of(struct wf_link *link)
{
    return WF_CONTAINER_OF(link, struct wf_timer, link);
}

static struct wf_timer *pop(struct wf_link **list)
{
    struct wf_link *first = *list;
    if (!first)
        return NULL;
    wf_link_remove(first);
    return timer_of(first);
}

void wf_wheel_init(struct wf_wheel *wheel, uint64_t now_ms)
{
    memset(wheel, 0, sizeof *wheel);
    wheel->tick = wheel->target = now_ms / WF_WHEEL_TICK_MS;
}

/* The level is that of the highest digit (base 64) in which `tick` differs from the wheel's: so a
 * level's slots are all ahead of the wheel's own digit, and none needs a lap count. */
static void put(struct wf_wheel *wheel, struct wf_timer *timer, uint64_t tick)
{
    uint64_t differs = tick ^ wheel->tick;
    int level = differs ? (63 - __builtin_clzll(differs)) / SLOT_BITS : 0;
    assert(level < WF_WHEEL_LEVELS);
    unsigned slot = (unsigned)(tick >> (level * SLOT_BITS)) % WF_WHEEL_SLOTS;
    wf_link_insert(&wheel->slots[level][slot], &timer->link);
    wheel->used[level] |= (uint64_t)1 << slot;
}

/* Rounded up: a timer never fires before it is due. */
static uint64_t tick_of(const struct wf_timer *timer)
{
    return (timer->due_ms + WF_WHEEL_TICK_MS - 1) / WF_WHEEL_TICK_MS;
}

void wf_wheel_add(struct wf_wheel *wheel, struct wf_timer *timer)
{
    if (tick_of(timer) <= wheel->target)
        timer->due_ms = wheel->target * WF_WHEEL_TICK_MS + 1;
    put(wheel, timer, tick_of(timer));
}

/* The first slot in use of a level. Bits that outlived their timers are cleared on the way. */
static bool first_slot(struct wf_wheel *wheel, int level, unsigned *slot_out)
{
    while (wheel->used[level]) {
        *slot_out = (unsigned)__builtin_ctzll(wheel->used[level]);
        if (wheel->slots[level][*slot_out])
            return true;
        wheel->used[level] &= wheel->used[level] - 1;
    }
    return false;
}

/* The slot that comes next, and the tick at which it begins. A lower level comes first. */
static bool next_slot(struct wf_wheel *wheel, int *level_out, unsigned *slot_out,
                      uint64_t *tick_out)
{
    for (int level = 0; level < WF_WHEEL_LEVELS; level++) {
        if (!first_slot(wheel, level, slot_out))
            continue;
        int shift = level * SLOT_BITS;
        uint64_t above = wheel->tick >> (shift + SLOT_BITS) << SLOT_BITS;
        *level_out = level;
        *tick_out = (above | *slot_out) << shift;
        return true;
    }
    return false;
}

static struct wf_link *take_slot(struct wf_wheel *wheel, int level, unsigned slot)
{
    wheel->used[level] &= ~((uint64_t)1 << slot);
    return wheel->slots[level][slot];
}

/* A slot of a higher level is spread over those below. Lists hold the youngest first, so the oldest
 * is put first to keep that. */
static void spread(struct wf_wheel *wheel, int level, unsigned slot)
{
    struct wf_link *oldest_first = NULL;
    for (struct wf_link *link = take_slot(wheel, level, slot), *next; link; link = next) {
        next = link->next;
        wf_link_remove(link);
        wf_link_insert(&oldest_first, link);
    }
    for (struct wf_timer *timer = pop(&oldest_first); timer; timer = pop(&oldest_first)) {
        put(wheel, timer, tick_of(timer));
    }
}

/* Sorts the timers of the wheel's tick by their millisecond, the oldest first. */
static void expire_slot(struct wf_wheel *wheel, unsigned slot)
{
    uint64_t first_ms = (wheel->tick - 1) * WF_WHEEL_TICK_MS + 1;
    for (struct wf_link *link = take_slot(wheel, 0, slot), *next; link; link = next) {
        next = link->next;
        uint64_t due_ms = timer_of(link)->due_ms;
        wf_link_remove(link);
        wf_link_insert(&wheel->expired[due_ms - first_ms], link);
    }
}

static struct wf_timer *pop_expired(struct wf_wheel *wheel)
{
    for (int i = 0; i < WF_WHEEL_TICK_MS; i++)
        if (wheel->expired[i])
            return pop(&wheel->expired[i]);
    return NULL;
}

struct wf_timer *wf_wheel_expire(struct wf_wheel *wheel, uint64_t now_ms)
{
    wheel->target = now_ms / WF_WHEEL_TICK_MS;
    for (;;) {
        struct wf_timer *timer = pop_expired(wheel);
        if (timer)
            return timer;
        int level;
        unsigned slot;
        uint64_t tick;
        if (!next_slot(wheel, &level, &slot, &tick) || tick > wheel->target)
            break;
        wheel->tick = tick;
        if (level)
            spread(wheel, level, slot);
        else
            expire_slot(wheel, slot);
    }
    wheel->tick = wheel->target;
    return NULL;
}

uint64_t wf_wheel_next_ms(struct wf_wheel *wheel)
{
    int level;
    unsigned slot;
    uint64_t tick;
    return next_slot(wheel, &level, &slot, &tick) ? tick * WF_WHEEL_TICK_MS : UINT64_MAX;
}

struct wf_timer *wf_wheel_take(struct wf_wheel *wheel)
{
    int level;
    unsigned slot;
    uint64_t tick;
    struct wf_timer *timer = pop_expired(wheel);
    if (timer || !next_slot(wheel, &level, &slot, &tick))
        return timer;
    return pop(&wheel->slots[level][slot]);
}

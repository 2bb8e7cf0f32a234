/* A hierarchical timing wheel: starting and stopping cost a few pointer writes, whatever the
 * number. */
#ifndef WF_IO_WHEEL_H
#define WF_IO_WHEEL_H

#include "io/timer.h"

#include <stdint.h>

/* A tick is 4 ms. Level 0 has a slot for each tick, each level above one for 64 of those below;
 * seven levels reach further than any clock of milliseconds runs. */
enum { WF_WHEEL_LEVELS = 7, WF_WHEEL_SLOTS = 64, WF_WHEEL_TICK_MS = 4 };

struct wf_wheel {
    uint64_t tick;   /* Every slot up to this one has been emptied. */
    uint64_t target; /* Where the clock is; ahead of `tick` only while timers are expiring. */
    uint64_t used[WF_WHEEL_LEVELS]; /* A bit per slot; a set one may stand for an empty slot. */
    struct wf_link *slots[WF_WHEEL_LEVELS][WF_WHEEL_SLOTS];
    struct wf_link *expired[WF_WHEEL_TICK_MS]; /* Of one slot, a list per millisecond. */
};

void wf_wheel_init(struct wf_wheel *wheel, uint64_t now_ms);

/* Adds an unlinked timer by its due_ms, which is moved to the next tick when it is past: what is
 * added while timers expire has its turn later. It leaves with wf_link_remove(). */
void wf_wheel_add(struct wf_wheel *wheel, struct wf_timer *timer);

/* Takes out the next timer that is due by now: in the order of due_ms, and of adding. NULL: none.
 * Call until NULL. */
struct wf_timer *wf_wheel_expire(struct wf_wheel *wheel, uint64_t now_ms);

/* When wf_wheel_expire() should be called next; may come early when the next timer is far off.
 * UINT64_MAX: there is no timer. */
uint64_t wf_wheel_next_ms(struct wf_wheel *wheel);

/* Takes out any one timer. NULL: there is none. */
struct wf_timer *wf_wheel_take(struct wf_wheel *wheel);

#endif

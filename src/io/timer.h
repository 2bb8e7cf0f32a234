/* Timers whose memory lies in their owner. One node serves as timer and as "soon": work for the end
 * of the turn. Starting, restarting and stopping cost a few pointer writes (timing wheel). */
#ifndef WF_IO_TIMER_H
#define WF_IO_TIMER_H

#include "base/list.h"
#include "weft/loop.h"

/* Zero-filled but for on_timer it is stopped. At most 32 bytes. */
struct wf_timer {
    struct wf_link link;
    uint64_t due_ms;
    void (*on_timer)(struct wf_timer *timer); /* The owner may free the timer in it. */
};

/* Fires once, not before `delay_ms` and within about 10 ms after it. Restarts a started one. */
void wf_timer_start(weft_loop *loop, struct wf_timer *timer, uint32_t delay_ms);

/* The same for who looks at the time again when it fires: one that is started and due before stays
 * as it is. */
void wf_timer_start_by(weft_loop *loop, struct wf_timer *timer, uint32_t delay_ms);

/* Fires once at the end of this turn (or of the next, when called outside a turn), after all
 * received bytes were handed out. A loop with such work does not wait. Restarts a started one. What
 * is started "soon" from inside a soon callback runs in the next turn. */
void wf_timer_soon(weft_loop *loop, struct wf_timer *timer);

/* A stopped one stays so. */
void wf_timer_stop(weft_loop *loop, struct wf_timer *timer);

static inline bool wf_timer_is_started(const struct wf_timer *timer)
{
    return wf_link_is_linked(&timer->link);
}

#endif

#include "io/timer.h"

#include "io/state.h"

/* Takes it out of the wheel or the soon list, for good or to be put in anew. */
static void take_out(weft_loop *loop, struct wf_timer *timer)
{
    if (!wf_timer_is_started(timer))
        return;
    wf_link_remove(&timer->link);
    loop->started_count--;
}

static void start_at(weft_loop *loop, struct wf_timer *timer, uint64_t due_ms)
{
    take_out(loop, timer);
    timer->due_ms = due_ms;
    wf_wheel_add(&loop->wheel, timer);
    loop->started_count++;
}

/* Outside a turn the loop's clock may have stood for long: a delay counts from now. */
static uint64_t clock_of(weft_loop *loop)
{
    if (!loop->in_turn)
        loop->face.now_ms = wf_clock_ms();
    return loop->face.now_ms;
}

void wf_timer_start(weft_loop *loop, struct wf_timer *timer, uint32_t delay_ms)
{
    start_at(loop, timer, clock_of(loop) + delay_ms);
}

void wf_timer_start_by(weft_loop *loop, struct wf_timer *timer, uint32_t delay_ms)
{
    uint64_t due_ms = clock_of(loop) + delay_ms;
    if (!wf_timer_is_started(timer) || timer->due_ms > due_ms)
        start_at(loop, timer, due_ms);
}

void wf_timer_soon(weft_loop *loop, struct wf_timer *timer)
{
    take_out(loop, timer);
    timer->due_ms = 0;
    wf_link_insert(&loop->soon, &timer->link);
    loop->started_count++;
}

void wf_timer_stop(weft_loop *loop, struct wf_timer *timer)
{
    take_out(loop, timer);
}

void wf_timer_run_due(weft_loop *loop)
{
    for (;;) {
        struct wf_timer *timer = wf_wheel_expire(&loop->wheel, loop->face.now_ms);
        if (!timer)
            return;
        loop->started_count--;
        timer->on_timer(timer);
    }
}

void wf_timer_run_soon(weft_loop *loop)
{
    for (struct wf_link *link = loop->soon, *next; link; link = next) {
        next = link->next;
        wf_link_remove(link);
        wf_link_insert(&loop->soon_running, link);
    }
    while (loop->soon_running) {
        struct wf_timer *timer = WF_CONTAINER_OF(loop->soon_running, struct wf_timer, link);
        take_out(loop, timer);
        timer->on_timer(timer);
    }
}

struct weft_timer {
    struct wf_timer inner;
    weft_loop *loop;
    struct wf_link link;
    uint32_t repeat_ms;
    void (*on_timer)(weft_timer *timer, void *user);
    void *user;
};

/* A repeating timer keeps its rhythm, unless the loop is so late that a beat was missed. It is
 * started again first, so that the callback may stop or destroy it. */
static void fire(struct wf_timer *inner)
{
    weft_timer *timer = WF_CONTAINER_OF(inner, struct weft_timer, inner);
    if (timer->repeat_ms) {
        uint64_t due_ms = inner->due_ms + timer->repeat_ms;
        uint64_t now_ms = timer->loop->face.now_ms;
        start_at(timer->loop, inner, due_ms > now_ms ? due_ms : now_ms + timer->repeat_ms);
    }
    timer->on_timer(timer, timer->user);
}

weft_status weft_timer_create(weft_loop *loop, void (*on_timer)(weft_timer *timer, void *user),
                              void *user, weft_timer **timer_out)
{
    if (!loop || !on_timer || !timer_out)
        return WEFT_ERR_ARGUMENT;
    weft_timer *timer = wf_alloc_zero(loop->allocator, sizeof *timer);
    if (!timer)
        return WEFT_ERR_MEMORY;
    timer->inner.on_timer = fire;
    timer->loop = loop;
    timer->on_timer = on_timer;
    timer->user = user;
    wf_link_insert(&loop->timers, &timer->link);
    *timer_out = timer;
    return WEFT_OK;
}

void weft_timer_start(weft_timer *timer, uint32_t delay_ms, uint32_t repeat_ms)
{
    timer->repeat_ms = repeat_ms;
    wf_timer_start(timer->loop, &timer->inner, delay_ms);
}

void weft_timer_stop(weft_timer *timer)
{
    wf_timer_stop(timer->loop, &timer->inner);
}

void weft_timer_destroy(weft_timer *timer)
{
    if (!timer)
        return;
    take_out(timer->loop, &timer->inner);
    wf_link_remove(&timer->link);
    wf_free(timer->loop->allocator, timer);
}

void wf_timer_drop_all(weft_loop *loop)
{
    while (loop->timers)
        weft_timer_destroy(WF_CONTAINER_OF(loop->timers, struct weft_timer, link));
    while (wf_wheel_take(&loop->wheel))
        ;
    while (loop->soon)
        wf_link_remove(loop->soon);
}

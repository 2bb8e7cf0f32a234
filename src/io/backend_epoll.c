#include "io/state.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS_MAX = 1024 };

struct epoll {
    int fd;
    int count;               /* Of the events at hand. */
    int next;                /* The first that was not handed out. */
    struct wf_link *always;  /* Sources that epoll refuses, as they never make one wait: files. */
    struct wf_link *telling; /* Of these, those that have yet to be told in this turn. */
    struct epoll_event events[EVENTS_MAX];
};

static struct epoll *state_of(const weft_loop *loop)
{
    return loop->backend_state;
}

static uint32_t mask_of(int interest)
{
    return (interest & WF_READABLE ? (uint32_t)EPOLLIN : 0) |
           (interest & WF_WRITABLE ? (uint32_t)EPOLLOUT : 0) |
           (interest & WF_HANGUP ? (uint32_t)EPOLLRDHUP : 0);
}

static int ready_of(uint32_t mask)
{
    return (mask & EPOLLIN ? WF_READABLE : 0) | (mask & EPOLLOUT ? WF_WRITABLE : 0) |
           (mask & EPOLLRDHUP ? WF_HANGUP : 0) | (mask & (EPOLLERR | EPOLLHUP) ? WF_BROKEN : 0);
}

static struct wf_source *source_of(wf_owner owner)
{
    return owner & WF_OWNER_IS_SOURCE ? (struct wf_source *)(owner - WF_OWNER_IS_SOURCE) : NULL;
}

/* What was taken from the kernel and not yet handed out may name an owner that is being forgotten,
 * whose memory may belong to another a moment later. */
static void scrub(struct epoll *epoll, wf_owner owner)
{
    for (int i = epoll->next; i < epoll->count; i++)
        if (epoll->events[i].data.u64 == owner)
            epoll->events[i].data.u64 = 0;
}

/* What is added while files are told has its turn in the next one. */
static void put_always(struct epoll *epoll, struct wf_source *source, int interest)
{
    if (!interest)
        wf_link_remove(&source->link);
    else if (!wf_link_is_linked(&source->link))
        wf_link_insert(&epoll->always, &source->link);
}

/* The descriptor is taken out by name, and not left to close(): a copy of it in another process
 * would keep it in, and its events would name a freed owner. */
static weft_status set(weft_loop *loop, int fd, wf_owner owner, int before, int now)
{
    struct epoll *epoll = state_of(loop);
    struct wf_source *source = source_of(owner);
    if (!now)
        scrub(epoll, owner);
    if (source && wf_link_is_linked(&source->link)) {
        put_always(epoll, source, now);
        return WEFT_OK;
    }
    struct epoll_event event = { .events = mask_of(now), .data.u64 = owner };
    int operation = !now ? EPOLL_CTL_DEL : before ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(epoll->fd, operation, fd, &event) == 0)
        return WEFT_OK;
    if (errno != EPERM || !source)
        return WEFT_ERR_SYSTEM;
    put_always(epoll, source, now);
    return WEFT_OK;
}

/* One call, where forgetting and adding are two. What is at hand for the old owner is told anew. */
static weft_status pass(weft_loop *loop, int fd, wf_owner from, wf_owner to, int before)
{
    scrub(state_of(loop), from);
    weft_status status = set(loop, fd, to, before, WF_READABLE);
    if (status && before)
        (void)!set(loop, fd, from, before, 0);
    return status;
}

static const struct wf_poller poller = { .set = set, .pass = pass };

static weft_status open_epoll(weft_loop *loop)
{
    struct epoll *epoll = wf_alloc(loop->allocator, sizeof *epoll);
    if (!epoll)
        return WEFT_ERR_MEMORY;
    epoll->fd = epoll_create1(EPOLL_CLOEXEC);
    epoll->count = epoll->next = 0;
    epoll->always = epoll->telling = NULL;
    loop->backend_state = epoll;
    loop->poller = &poller;
    return epoll->fd < 0 ? WEFT_ERR_SYSTEM : WEFT_OK;
}

static void close_epoll(weft_loop *loop)
{
    struct epoll *epoll = state_of(loop);
    if (epoll && epoll->fd >= 0)
        close(epoll->fd);
    wf_free(loop->allocator, epoll);
}

static int fd_of(const weft_loop *loop)
{
    return state_of(loop)->fd;
}

static weft_status wait_for_events(weft_loop *loop, int timeout_ms)
{
    struct epoll *epoll = state_of(loop);
    int count = epoll_wait(epoll->fd, epoll->events, EVENTS_MAX, timeout_ms);
    epoll->next = 0;
    epoll->count = count > 0 ? count : 0;
    return count < 0 && errno != EINTR ? WEFT_ERR_SYSTEM : WEFT_OK;
}

static bool has_found(const weft_loop *loop)
{
    return state_of(loop)->count > 0;
}

static bool is_ready(const weft_loop *loop)
{
    return state_of(loop)->always != NULL;
}

static void deliver_always(struct epoll *epoll)
{
    epoll->telling = epoll->always;
    epoll->telling->place = &epoll->telling;
    epoll->always = NULL;
    while (epoll->telling) {
        struct wf_source *source = WF_CONTAINER_OF(epoll->telling, struct wf_source, link);
        wf_link_remove(&source->link);
        wf_link_insert(&epoll->always, &source->link);
        wf_readiness_deliver_source(source, source->interest);
    }
}

static void deliver(weft_loop *loop)
{
    struct epoll *epoll = state_of(loop);
    while (epoll->next < epoll->count) {
        const struct epoll_event *event = &epoll->events[epoll->next++];
        wf_owner owner = (wf_owner)event->data.u64;
        int ready = ready_of(event->events);
        if (owner & WF_OWNER_IS_SOURCE)
            wf_readiness_deliver_source(source_of(owner), ready);
        else if (owner)
            wf_readiness_deliver_stream((struct wf_stream *)owner, ready);
    }
    if (loop->lost_count)
        wf_readiness_deliver_lost(loop);
    if (epoll->always)
        deliver_always(epoll);
}

const struct wf_backend wf_backend_epoll = {
    .open = open_epoll,
    .close = close_epoll,
    .fd = fd_of,
    .wait = wait_for_events,
    .deliver = deliver,
    .has_found = has_found,
    .is_ready = is_ready,
    .stream_start = wf_readiness_stream_start,
    .stream_send = wf_readiness_stream_send,
    .stream_send_each = wf_readiness_stream_send_each,
    .stream_adjust = wf_readiness_stream_adjust,
    .stream_forget = wf_readiness_stream_forget,
    .stream_pass = wf_readiness_stream_pass,
    .acceptor_start = wf_readiness_acceptor_start,
    .acceptor_stop = wf_readiness_acceptor_stop,
    .source_set = wf_readiness_source_set,
};

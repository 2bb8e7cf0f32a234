#include "io/state.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>

#ifndef POLLRDHUP
#    define POLLRDHUP 0 /* A hang-up on a paused stream is then noticed when it goes on. */
#endif

struct entry {
    wf_owner owner; /* 0: the descriptor is not waited for. */
    size_t slot;    /* Where it is in `polls`. */
};

struct poller_state {
    struct pollfd *polls; /* A negative descriptor: free, until the next wait. */
    size_t polls_count;
    size_t polls_max;
    size_t free_count;
    struct entry *entries; /* By descriptor. */
    size_t entries_max;
    bool is_ready; /* The wait has found something. */
};

static struct poller_state *state_of(const weft_loop *loop)
{
    return loop->backend_state;
}

static short mask_of(int interest)
{
    return (short)((interest & WF_READABLE ? POLLIN : 0) | (interest & WF_WRITABLE ? POLLOUT : 0) |
                   (interest & WF_HANGUP ? POLLRDHUP : 0));
}

static int ready_of(short mask)
{
    return (mask & POLLIN ? WF_READABLE : 0) | (mask & POLLOUT ? WF_WRITABLE : 0) |
           (mask & POLLRDHUP ? WF_HANGUP : 0) |
           (mask & (POLLERR | POLLHUP | POLLNVAL) ? WF_BROKEN : 0);
}

/* At least `needed` items, in place of an array that is too short. */
static void *grow(const weft_loop *loop, void *array, size_t item_bytes, size_t needed, size_t *max)
{
    size_t larger = *max ? *max : 64;
    while (larger < needed)
        larger *= 2;
    void *grown = wf_resize(loop->allocator, array, larger * item_bytes);
    if (grown)
        *max = larger;
    return grown;
}

static weft_status make_room(const weft_loop *loop, struct poller_state *state, size_t fd)
{
    if (state->polls_count == state->polls_max) {
        struct pollfd *polls =
            grow(loop, state->polls, sizeof *polls, state->polls_count + 1, &state->polls_max);
        if (!polls)
            return WEFT_ERR_MEMORY;
        state->polls = polls;
    }
    if (fd >= state->entries_max) {
        size_t before = state->entries_max;
        struct entry *entries =
            grow(loop, state->entries, sizeof *entries, fd + 1, &state->entries_max);
        if (!entries)
            return WEFT_ERR_MEMORY;
        memset(entries + before, 0, (state->entries_max - before) * sizeof *entries);
        state->entries = entries;
    }
    return WEFT_OK;
}

static weft_status add(weft_loop *loop, int fd, wf_owner owner, int interest)
{
    struct poller_state *state = state_of(loop);
    size_t index = (size_t)fd;
    weft_status status = make_room(loop, state, index);
    if (status)
        return status;
    if (state->entries[index].owner) {
        errno = EEXIST; /* As with epoll. */
        return WEFT_ERR_SYSTEM;
    }
    state->entries[index] = (struct entry){ .owner = owner, .slot = state->polls_count };
    state->polls[state->polls_count++] = (struct pollfd){ .fd = fd, .events = mask_of(interest) };
    return WEFT_OK;
}

static weft_status set(weft_loop *loop, int fd, wf_owner owner, int before, int now)
{
    struct poller_state *state = state_of(loop);
    if (!before)
        return add(loop, fd, owner, now);
    struct entry *entry = &state->entries[fd];
    struct pollfd *slot = &state->polls[entry->slot];
    assert(entry->owner == owner && slot->fd == fd);
    if (now) {
        slot->events = mask_of(now);
        return WEFT_OK;
    }
    *slot = (struct pollfd){ .fd = -1 };
    entry->owner = 0;
    state->free_count++;
    return WEFT_OK;
}

static weft_status pass(weft_loop *loop, int fd, wf_owner from, wf_owner to, int before)
{
    if (before)
        (void)!set(loop, fd, from, before, 0);
    return set(loop, fd, to, 0, WF_READABLE);
}

static const struct wf_poller poller = { .set = set, .pass = pass };

static weft_status open_poll(weft_loop *loop)
{
    loop->backend_state = wf_alloc_zero(loop->allocator, sizeof(struct poller_state));
    loop->poller = &poller;
    return loop->backend_state ? WEFT_OK : WEFT_ERR_MEMORY;
}

static void close_poll(weft_loop *loop)
{
    struct poller_state *state = state_of(loop);
    if (!state)
        return;
    wf_free(loop->allocator, state->polls);
    wf_free(loop->allocator, state->entries);
    wf_free(loop->allocator, state);
}

static int fd_of(const weft_loop *loop)
{
    (void)loop;
    return -1;
}

static void close_gaps(struct poller_state *state)
{
    size_t kept = 0;
    for (size_t i = 0; i < state->polls_count; i++) {
        if (state->polls[i].fd < 0)
            continue;
        state->entries[state->polls[i].fd].slot = kept;
        state->polls[kept++] = state->polls[i];
    }
    state->polls_count = kept;
    state->free_count = 0;
}

static weft_status wait_for_events(weft_loop *loop, int timeout_ms)
{
    struct poller_state *state = state_of(loop);
    if (state->free_count)
        close_gaps(state);
    int count = poll(state->polls, (nfds_t)state->polls_count, timeout_ms);
    state->is_ready = count > 0;
    return count < 0 && errno != EINTR ? WEFT_ERR_SYSTEM : WEFT_OK;
}

static bool has_found(const weft_loop *loop)
{
    return state_of(loop)->is_ready;
}

static bool is_ready(const weft_loop *loop)
{
    (void)loop;
    return false;
}

static void deliver_one(wf_owner owner, int ready)
{
    if (owner & WF_OWNER_IS_SOURCE)
        wf_readiness_deliver_source((struct wf_source *)(owner - WF_OWNER_IS_SOURCE), ready);
    else
        wf_readiness_deliver_stream((struct wf_stream *)owner, ready);
}

/* What the callbacks add stands behind; what they take out, or put elsewhere, has nothing ready. */
static void deliver(weft_loop *loop)
{
    struct poller_state *state = state_of(loop);
    size_t count = state->is_ready ? state->polls_count : 0;
    for (size_t i = 0; i < count; i++) {
        struct pollfd found = state->polls[i];
        if (found.revents)
            deliver_one(state->entries[found.fd].owner, ready_of(found.revents));
    }
    state->is_ready = false;
    if (loop->lost_count)
        wf_readiness_deliver_lost(loop);
}

const struct wf_backend wf_backend_poll = {
    .open = open_poll,
    .close = close_poll,
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

#include "io/wake.h"

#include "io/state.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A post of the user's, in memory of its own. */
struct user_post {
    struct wf_post post;
    void (*work)(void *user);
    void *user;
};

/* The count is of no interest, but an unread one would keep the descriptor readable. */
static void quiet(struct wf_source *source, int ready)
{
    (void)ready;
    uint64_t count;
    ssize_t got = read(source->fd, &count, sizeof count);
    (void)got;
}

weft_status wf_wake_open(weft_loop *loop)
{
    struct wf_source *source = &loop->wake.source;
    *source = (struct wf_source){ .on_ready = quiet, .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };
    if (source->fd < 0)
        return WEFT_ERR_SYSTEM;
    return loop->backend->source_set(loop, source, WF_READABLE);
}

/* All posts up to now, the oldest first. */
static struct wf_post *take_posts(struct wf_wake *wake)
{
    struct wf_post *post = atomic_exchange_explicit(&wake->newest, NULL, memory_order_acquire);
    struct wf_post *next = NULL;
    while (post) {
        struct wf_post *before = post->before;
        post->before = next; /* From here on it is the one behind. */
        next = post;
        post = before;
    }
    return next;
}

static void run(struct wf_post *post, bool is_dropped)
{
    for (struct wf_post *next; post; post = next) {
        next = post->before;
        post->work(post, is_dropped);
    }
}

void wf_wake_close(weft_loop *loop)
{
    struct wf_wake *wake = &loop->wake;
    /* Either a guest sees this, or its count is seen here. */
    atomic_store(&wake->is_closed, true);
    /* A guest's work may have led to this very call, while the guest has yet to write to our
     * descriptor. */
    while (atomic_load(&wake->guests))
        sched_yield();
    run(take_posts(wake), true);
    if (wake->source.fd < 0)
        return;
    if (wake->source.interest)
        (void)loop->backend->source_set(loop, &wake->source, 0);
    close(wake->source.fd);
}

void wf_wake_run_posts(weft_loop *loop)
{
    if (!wf_wake_has_posts(&loop->wake))
        return;
    run(take_posts(&loop->wake), false);
}

static void wake(weft_loop *loop)
{
    int saved = errno; /* weft_loop_stop() may be called by a signal's handler. */
    uint64_t one = 1;
    ssize_t put;
    do {
        put = write(loop->wake.source.fd, &one, sizeof one);
    } while (put < 0 && errno == EINTR);
    errno = saved; /* EAGAIN: full of wakes, which will do. */
}

/* Inside a turn of weft_loop_run() the loop looks into its inbox before it waits. */
static bool will_look(const weft_loop *loop)
{
    return wf_loop_is_current(loop) && loop->running && loop->in_turn;
}

/* Whether the inbox was empty: only then the loop may be asleep without having been woken. `post`
 * may be run and gone when this returns. */
static bool push(struct wf_wake *inbox, struct wf_post *post)
{
    struct wf_post *before = atomic_load_explicit(&inbox->newest, memory_order_relaxed);
    do {
        post->before = before;
    } while (!atomic_compare_exchange_weak_explicit(&inbox->newest, &before, post,
                                                    memory_order_release, memory_order_relaxed));
    return !before;
}

/* While it is a guest, a thread finds the loop whole. False: it is too late for that. */
static bool enter(struct wf_wake *inbox)
{
    atomic_fetch_add(&inbox->guests, 1);
    if (!atomic_load(&inbox->is_closed))
        return true;
    atomic_fetch_sub(&inbox->guests, 1);
    return false;
}

static void leave(struct wf_wake *inbox)
{
    atomic_fetch_sub(&inbox->guests, 1);
}

bool wf_loop_post(weft_loop *loop, struct wf_post *post)
{
    struct wf_wake *inbox = &loop->wake;
    if (!enter(inbox))
        return false;
    if (push(inbox, post) && !will_look(loop))
        wake(loop);
    leave(inbox);
    return true;
}

static void run_user_post(struct wf_post *post, bool is_dropped)
{
    struct user_post one = *WF_CONTAINER_OF(post, struct user_post, post);
    free(WF_CONTAINER_OF(post, struct user_post, post));
    if (!is_dropped)
        one.work(one.user);
}

weft_status weft_loop_post(weft_loop *loop, void (*work)(void *user), void *user)
{
    if (!loop || !work)
        return WEFT_ERR_ARGUMENT;
    /* The loop's allocator belongs to the loop's thread; this may be another. */
    struct user_post *post = malloc(sizeof *post);
    if (!post)
        return WEFT_ERR_MEMORY;
    *post = (struct user_post){ .post.work = run_user_post, .work = work, .user = user };
    if (wf_loop_post(loop, &post->post))
        return WEFT_OK;
    free(post);
    return WEFT_ERR_CLOSED;
}

void weft_loop_stop(weft_loop *loop)
{
    if (!loop || !enter(&loop->wake))
        return;
    atomic_store_explicit(&loop->wake.stop, true, memory_order_release);
    wake(loop);
    leave(&loop->wake);
}

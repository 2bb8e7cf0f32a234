/* What other rooms may ask of a loop, beside the public weft/loop.h. */
#ifndef WF_IO_LOOP_H
#define WF_IO_LOOP_H

#include "base/list.h"
#include "base/pool.h"
#include "weft/bytes.h"
#include "weft/loop.h"

/* The loop's blocks: chunks, unfinished messages, sockets. The loop's own thread. */
struct wf_pool *wf_loop_pool(weft_loop *loop);

/* Memory to transform bytes in, for as long as nobody else is called: one of each kind per loop,
 * made on first need, with 64 bytes behind it that may be overread. PLAIN holds what one receive
 * may give. Count 0: no memory. The loop's own thread. */
enum wf_scratch { WF_SCRATCH_PLAIN, WF_SCRATCH_SEALED };
struct weft_buffer wf_loop_scratch(weft_loop *loop, enum wf_scratch kind);

/* Work for the loop's thread whose memory is its owner's: what must be posted without memory of its
 * own. */
struct wf_post {
    struct wf_post *before; /* Posted just before this one. */
    /* Runs once, and may free the post. is_dropped: the loop is being destroyed, on the thread that
     * does so. */
    void (*work)(struct wf_post *post, bool is_dropped);
};

/* Posts it, in order per posting thread. Any thread. False: the loop has been destroyed, and the
 * post is still the caller's. */
bool wf_loop_post(weft_loop *loop, struct wf_post *post);

/* Keeps the memory of a loop (and its allocator and pool) for what may outlive it, when it is
 * destroyed. Any thread. */
weft_loop *wf_loop_retain(weft_loop *loop);
void wf_loop_release(weft_loop *loop);

const struct weft_allocator *wf_loop_allocator(const weft_loop *loop);

/* The loop that this thread is turning; NULL: none. Its address lies in a register, also for a
 * library that is loaded late. */
extern _Thread_local __attribute__((tls_model("initial-exec"))) weft_loop *wf_loop_turning;

bool wf_loop_is_own(const weft_loop *loop);

/* Whether this thread is in a turn of the loop. */
static inline bool wf_loop_is_turning(const weft_loop *loop)
{
    return wf_loop_turning == loop;
}

/* Whether the calling thread is the one that runs the loop; before the first run: the creator. */
static inline bool wf_loop_is_current(const weft_loop *loop)
{
    return wf_loop_turning == loop || wf_loop_is_own(loop);
}

/* What a loop shows without a call: its first part. */
struct wf_loop_face {
    uint64_t now_ms;
};

/* weft_loop_now_ms() */
static inline uint64_t wf_loop_now_ms(const weft_loop *loop)
{
    return ((const struct wf_loop_face *)(const void *)loop)->now_ms;
}

/* Who waits for a time alone, and has to hear that the loop ends first. Zero-filled but for on_end
 * it is not watching. */
struct wf_loop_end {
    struct wf_link link;
    void (*on_end)(struct wf_loop_end *end); /* Once; what it starts "soon" still runs. */
};
void wf_loop_watch_end(weft_loop *loop, struct wf_loop_end *end);
void wf_loop_forget_end(struct wf_loop_end *end);

/* weft_loop_destroy() has begun: nothing new begins. */
bool wf_loop_is_ending(const weft_loop *loop);

#endif

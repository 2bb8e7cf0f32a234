/* The loop itself. Private to io. */
#ifndef WF_IO_STATE_H
#define WF_IO_STATE_H

#include "base/pool.h"
#include "io/backend.h"
#include "io/loop.h"
#include "io/query.h"
#include "io/readiness.h"
#include "io/wake.h"
#include "io/wheel.h"

#include <pthread.h>
#include <stdatomic.h>

struct weft_loop {
    struct wf_loop_face face; /* Stands first. */
    const struct wf_backend *backend;
    const struct wf_poller *poller;
    void *backend_state;
    struct wf_submitter *submitter; /* NULL: not needed yet, or submission_off. */
    struct wf_stream *current; /* The stream in whose callback we are; NULL once it is forgotten. */
    uint8_t *receive_buffer;
    size_t receive_bytes;
    struct wf_acceptor *accepting; /* Likewise, for connections that are being accepted. */
    uint32_t spin_us;              /* See spin_and_wait(). */
    bool submission_off;           /* Asked for, or the kernel has refused. */
    bool in_turn;
    bool running;
    bool is_ending; /* weft_loop_destroy() has begun: nothing new begins. */

    struct wf_wheel wheel;
    struct wf_link *soon;         /* The youngest first. */
    struct wf_link *soon_running; /* The oldest first. */
    size_t started_count;         /* Timers of the wheel, and soon ones. */

    struct wf_link *streams;
    struct wf_link *listeners;
    struct wf_link *timers;   /* All weft_timers, started or not. */
    struct wf_link *watches;  /* All weft_watches. */
    size_t watching_count;    /* Of these, with an interest. */
    struct wf_link *ends;     /* Who waits to hear of the end. */
    struct wf_link *resolves; /* That still have somebody to tell. */
    struct wf_resolver *resolver;
    size_t lost_count; /* Streams with WF_STREAM_LOST. */
    uint32_t farewell_count;

    struct wf_wake wake;
    _Atomic(pthread_t) thread;

    _Atomic uint32_t references; /* The user's, and one of each shape, which may outlive it. */
    const struct weft_allocator *allocator;
    struct wf_pool pool;
    void *receive_block; /* In which the page-aligned receive buffer lies. */
    uint8_t *scratch[2]; /* By enum wf_scratch. */
};

/* Of each file, the part of it that the loop ends with: everything that the user has forgotten. */
void wf_listener_close_all(weft_loop *loop);
void wf_timer_drop_all(weft_loop *loop);
void wf_watch_destroy_all(weft_loop *loop);
void wf_resolve_fail_all(weft_loop *loop, const char *failure_text);

/* Timers that are due, and the end of the turn. */
void wf_timer_run_due(weft_loop *loop);
void wf_timer_run_soon(weft_loop *loop);

uint64_t wf_clock_ms(void);

#endif

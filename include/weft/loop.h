/* The loop: one thread's sockets, timers and posted work. */
#ifndef WEFT_LOOP_H
#define WEFT_LOOP_H

#include "weft/alloc.h"
#include "weft/bytes.h"
#include "weft/status.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_loop weft_loop;
typedef struct weft_timer weft_timer;
typedef struct weft_watch weft_watch;

/** How a loop asks the kernel: epoll where there is one, poll anywhere. */
enum weft_backend { WEFT_BACKEND_DEFAULT = 0, WEFT_BACKEND_EPOLL, WEFT_BACKEND_POLL };

/** Zero in a field means its default. */
struct weft_loop_options {
    enum weft_backend backend;              /* 0: epoll on Linux, poll elsewhere. */
    const struct weft_allocator *allocator; /* NULL: malloc. Must outlive the loop. */
    uint32_t receive_bytes;                 /* 0: 512 KiB, what one read may take at most. */
    /* 0: sleeps at once when nothing is there to do. Else looks again and again for so long before
       it sleeps: answers come sooner, and the processor is busy meanwhile. For a loop that has a
       processor of its own. */
    uint32_t spin_us;
    /* false: what a turn leaves to many plain connections, as a broadcast does, goes to the kernel
       in one call, where that has io_uring and allows it; true: in a call for each. A filter of
       system calls that kills instead of refusing wants it to be true, or to let io_uring_setup and
       io_uring_enter pass. */
    bool submission_off;
};

/**
 * Makes a loop. It belongs to the thread that runs it; until the first run, to its creator.
 *
 * options  NULL: all defaults.
 *
 * Errors: WEFT_ERR_ARGUMENT, WEFT_ERR_MEMORY, WEFT_ERR_SYSTEM (errno; descriptors may have run
 * out), WEFT_ERR_UNSUPPORTED (a backend that this build lacks).
 */
WEFT_API WEFT_MUST_USE weft_status weft_loop_create(const struct weft_loop_options *options,
                                                    weft_loop **loop_out);

/**
 * Frees a loop and what still lives on it: connections are dropped and look-ups given up (on_close
 * comes, code 1006), and what follows from that at the end of a turn still runs, but nothing new
 * can begin; then listeners, timers and watches are freed, also those that their owner has
 * forgotten.
 *
 * Servers and hubs are destroyed before their loop. Timers and watches must not be used afterwards.
 * NULL is allowed. The loop's own thread, not from inside a callback.
 */
WEFT_API void weft_loop_destroy(weft_loop *loop);

/**
 * Runs until nothing is left that could call anybody (no connection, listener, started timer, watch
 * with an interest, look-up or posted work), or until weft_loop_stop(). May be called again.
 *
 * Errors: WEFT_ERR_ARGUMENT, WEFT_ERR_SYSTEM (errno), WEFT_ERR_STATE (runs already, or is called
 * from inside a callback).
 */
WEFT_API WEFT_MUST_USE weft_status weft_loop_run(weft_loop *loop);

/**
 * Makes weft_loop_run() return after the turn in progress; when none runs, the next one returns at
 * once. Any thread, and the handler of a signal: it writes to a descriptor and keeps errno. NULL is
 * allowed.
 */
WEFT_API void weft_loop_stop(weft_loop *loop);

/**
 * Does what is ready, once: received bytes, connections and watches, then timers that are due, then
 * posted work, then what these have left for the end of the turn (queued events, gathered writes).
 *
 * timeout_ms  0: does not wait; -1: waits until something happens; else at most so long. A timer
 * that is due, a post or a signal ends the wait.
 *
 * For foreign loops, with weft_loop_fd() and weft_loop_next_deadline_ms(). Pays no heed to
 * weft_loop_stop() but for being woken by it. Errors: WEFT_ERR_ARGUMENT, WEFT_ERR_SYSTEM (errno),
 * WEFT_ERR_STATE (inside a callback).
 */
WEFT_API WEFT_MUST_USE weft_status weft_loop_turn(weft_loop *loop, int timeout_ms);

/**
 * One descriptor that is readable when the kernel has something for weft_loop_turn(), or another
 * thread has posted; -1 on the poll backend. It says nothing of timers and of work for the end of a
 * turn: a foreign loop also asks weft_loop_next_deadline_ms() before each of its waits.
 */
WEFT_API int weft_loop_fd(const weft_loop *loop);

/**
 * Milliseconds until weft_loop_turn() should be called even if weft_loop_fd() stays silent; 0: now
 * (a timer is due, or there is work that waits for a turn); -1: there is no such time. May be early
 * for timers that are far off. Reads the clock.
 */
WEFT_API int weft_loop_next_deadline_ms(const weft_loop *loop);

/** Whether something lives on the loop that could still call anybody. */
WEFT_API bool weft_loop_is_alive(const weft_loop *loop);

/** The clock of the loop, milliseconds, monotonic; read once per turn, after the wait. */
WEFT_API uint64_t weft_loop_now_ms(const weft_loop *loop);

/**
 * Calls `work(user)` on the loop's thread, in a later turn, or later in this one; in the order of
 * posting per posting thread. Takes no lock. Any thread; the memory comes from malloc, as the
 * loop's allocator belongs to the loop's thread.
 *
 * Errors: WEFT_ERR_ARGUMENT, WEFT_ERR_MEMORY, WEFT_ERR_CLOSED (the loop is going). What is posted
 * and not run when the loop is destroyed is dropped.
 */
WEFT_API WEFT_MUST_USE weft_status weft_loop_post(weft_loop *loop, void (*work)(void *user),
                                                  void *user);

/**
 * Makes a timer that is not started. The caller owns it: weft_timer_destroy().
 * Errors: WEFT_ERR_ARGUMENT, WEFT_ERR_MEMORY.
 */
WEFT_API WEFT_MUST_USE weft_status weft_timer_create(weft_loop *loop,
                                                     void (*on_timer)(weft_timer *timer,
                                                                      void *user),
                                                     void *user, weft_timer **timer_out);

/**
 * Starts or restarts a timer. It never fires inside this call, never early, and at most some 10 ms
 * late when the loop is idle.
 *
 * delay_ms   from the loop's clock inside a turn, else from now.
 * repeat_ms  0: once. Else in a steady rhythm after that; beats that the loop has missed are left
 * out.
 */
WEFT_API void weft_timer_start(weft_timer *timer, uint32_t delay_ms, uint32_t repeat_ms);

/** Stops a timer; a stopped one stays stopped. */
WEFT_API void weft_timer_stop(weft_timer *timer);

/** Frees a timer, also from inside its own callback. NULL is allowed. */
WEFT_API void weft_timer_destroy(weft_timer *timer);

enum { WEFT_READABLE = 1, WEFT_WRITABLE = 2 };

/**
 * Watches a descriptor of the user's: `on_ready(watch, ready, user)` with a set of WEFT_READABLE
 * and WEFT_WRITABLE, once a turn for as long as it is ready (level). A descriptor with an error or
 * a hang-up is ready for all that was asked; one that cannot be waited for (a regular file) always
 * is.
 *
 * interest  a set of the same; 0: nothing for now.
 *
 * The descriptor stays the user's and must stay open until weft_watch_destroy(). One watch per
 * descriptor and loop. Errors: WEFT_ERR_ARGUMENT, WEFT_ERR_MEMORY, WEFT_ERR_SYSTEM (errno; EEXIST:
 * watched already).
 */
WEFT_API WEFT_MUST_USE weft_status weft_watch_create(weft_loop *loop, int fd, int interest,
                                                     void (*on_ready)(weft_watch *watch, int ready,
                                                                      void *user),
                                                     void *user, weft_watch **watch_out);

/**
 * Changes what is waited for; 0: nothing for now. Also from inside its own callback.
 * Errors: as weft_watch_create(); the interest is then what it was.
 */
WEFT_API WEFT_MUST_USE weft_status weft_watch_set_interest(weft_watch *watch, int interest);

/** Ends a watch, also from inside its own callback. NULL is allowed. */
WEFT_API void weft_watch_destroy(weft_watch *watch);

#ifdef __cplusplus
}
#endif
#endif

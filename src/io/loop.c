#include "io/loop.h"

#include "io/state.h"
#include "io/submit.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <time.h>

enum {
    RECEIVE_BYTES = 512 * 1024,
    RECEIVE_ALIGN = 4096,
    RECEIVE_SLACK = 64,
    PLAIN_BYTES_MIN = 16 * 1024 + 256, /* A record of TLS, with its padding. */
    SEALED_BYTES = 128 * 1024,
    ENDING_ROUNDS = 8, /* For events that follow from events while a loop is destroyed. */
};

uint64_t wf_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static const struct wf_backend *backend_of(enum weft_backend backend)
{
    switch (backend) {
    case WEFT_BACKEND_DEFAULT:
    case WEFT_BACKEND_EPOLL:
        return &wf_backend_epoll;
    case WEFT_BACKEND_POLL:
        return &wf_backend_poll;
    }
    return NULL;
}

static weft_status allocate_receive_buffer(weft_loop *loop, uint32_t receive_bytes)
{
    loop->receive_bytes = receive_bytes ? receive_bytes : RECEIVE_BYTES;
    loop->receive_block =
        wf_alloc(loop->allocator, loop->receive_bytes + RECEIVE_SLACK + RECEIVE_ALIGN);
    if (!loop->receive_block)
        return WEFT_ERR_MEMORY;
    uintptr_t end = (uintptr_t)loop->receive_block + RECEIVE_ALIGN - 1;
    loop->receive_buffer = (uint8_t *)(end - end % RECEIVE_ALIGN);
    return WEFT_OK;
}

weft_status weft_loop_create(const struct weft_loop_options *options, weft_loop **loop_out)
{
    static const struct weft_loop_options defaults;
    if (!loop_out)
        return WEFT_ERR_ARGUMENT;
    options = options ? options : &defaults;
    const struct wf_backend *backend = backend_of(options->backend);
    if (!backend)
        return WEFT_ERR_UNSUPPORTED;
    weft_loop *loop = wf_alloc_zero(options->allocator, sizeof *loop);
    if (!loop)
        return WEFT_ERR_MEMORY;
    loop->references = 1;
    loop->allocator = options->allocator;
    wf_pool_init(&loop->pool, options->allocator);
    loop->backend = backend;
    loop->spin_us = options->spin_us;
    loop->submission_off = options->submission_off;
    loop->wake.source.fd = -1;
    loop->face.now_ms = wf_clock_ms();
    wf_wheel_init(&loop->wheel, loop->face.now_ms);
    atomic_store_explicit(&loop->thread, pthread_self(), memory_order_relaxed);

    weft_status status = allocate_receive_buffer(loop, options->receive_bytes);
    if (!status)
        status = backend->open(loop);
    if (!status)
        status = wf_wake_open(loop);
    if (status) {
        weft_loop_destroy(loop);
        return status;
    }
    *loop_out = loop;
    return WEFT_OK;
}

/* The owner closes each stream; one that it leaves open is closed for it. */
static void fail_streams(weft_loop *loop)
{
    while (loop->streams) {
        struct wf_stream *stream = WF_CONTAINER_OF(loop->streams, struct wf_stream, link);
        loop->current = stream;
        if (!(stream->flags & WF_STREAM_FAILED))
            stream->events->on_failed(stream, ECANCELED);
        if (loop->current == stream)
            wf_stream_close(stream, true);
        loop->current = NULL;
    }
}

static void tell_ends(weft_loop *loop)
{
    while (loop->ends) {
        struct wf_loop_end *end = WF_CONTAINER_OF(loop->ends, struct wf_loop_end, link);
        wf_link_remove(&end->link);
        end->on_end(end);
    }
}

/* Tells everybody that it is over, and runs what follows from that. */
static void end_all(weft_loop *loop)
{
    loop->is_ending = true;
    loop->in_turn = true;
    for (int round = 0; round < ENDING_ROUNDS; round++) {
        wf_resolve_fail_all(loop, "the loop was destroyed");
        fail_streams(loop);
        tell_ends(loop);
        wf_timer_run_soon(loop);
        if (!loop->streams && !loop->resolves && !loop->soon)
            break;
    }
    loop->in_turn = false;
}

void weft_loop_destroy(weft_loop *loop)
{
    if (!loop)
        return;
    assert(!loop->in_turn);
    if (loop->receive_buffer)
        end_all(loop);
    wf_listener_close_all(loop);
    wf_resolver_destroy(loop->resolver);
    wf_watch_destroy_all(loop);
    wf_timer_drop_all(loop);
    wf_wake_close(loop);
    wf_submitter_destroy(loop->submitter);
    loop->backend->close(loop);
    wf_pool_clear(&loop->pool);
    loop->pool.kept_bytes_max = 0; /* What is given back later is freed at once. */
    wf_free(loop->allocator, loop->receive_block);
    for (int kind = WF_SCRATCH_PLAIN; kind <= WF_SCRATCH_SEALED; kind++) {
        wf_free(loop->allocator, loop->scratch[kind]);
        loop->scratch[kind] = NULL;
    }
    wf_loop_release(loop);
}

weft_loop *wf_loop_retain(weft_loop *loop)
{
    atomic_fetch_add_explicit(&loop->references, 1, memory_order_relaxed);
    return loop;
}

void wf_loop_release(weft_loop *loop)
{
    if (atomic_fetch_sub_explicit(&loop->references, 1, memory_order_acq_rel) > 1)
        return;
    wf_pool_drop(&loop->pool);
    wf_free(loop->allocator, loop);
}

void wf_loop_watch_end(weft_loop *loop, struct wf_loop_end *end)
{
    wf_link_insert(&loop->ends, &end->link);
}

void wf_loop_forget_end(struct wf_loop_end *end)
{
    wf_link_remove(&end->link);
}

bool wf_loop_is_ending(const weft_loop *loop)
{
    return loop->is_ending;
}

_Thread_local weft_loop *wf_loop_turning;

bool wf_loop_is_own(const weft_loop *loop)
{
    return pthread_equal(atomic_load_explicit(&loop->thread, memory_order_relaxed), pthread_self());
}

struct wf_pool *wf_loop_pool(weft_loop *loop)
{
    return &loop->pool;
}

const struct weft_allocator *wf_loop_allocator(const weft_loop *loop)
{
    return loop->allocator;
}

static size_t scratch_bytes(const weft_loop *loop, enum wf_scratch kind)
{
    if (kind == WF_SCRATCH_SEALED)
        return SEALED_BYTES;
    return loop->receive_bytes > PLAIN_BYTES_MIN ? loop->receive_bytes : PLAIN_BYTES_MIN;
}

struct weft_buffer wf_loop_scratch(weft_loop *loop, enum wf_scratch kind)
{
    size_t bytes = scratch_bytes(loop, kind);
    if (!loop->scratch[kind])
        loop->scratch[kind] = wf_alloc(loop->allocator, bytes + RECEIVE_SLACK);
    return (struct weft_buffer){ loop->scratch[kind], loop->scratch[kind] ? bytes : 0 };
}

uint64_t weft_loop_now_ms(const weft_loop *loop)
{
    return loop->face.now_ms;
}

int weft_loop_fd(const weft_loop *loop)
{
    return loop->backend->fd(loop);
}

bool weft_loop_is_alive(const weft_loop *loop)
{
    return loop->started_count || loop->streams || loop->listeners || loop->watching_count ||
           loop->resolves || wf_wake_has_posts(&loop->wake);
}

/* Whether a turn has something to do that no wait would tell. */
static bool has_work(const weft_loop *loop)
{
    return loop->soon || loop->lost_count || wf_wake_has_posts(&loop->wake) ||
           loop->backend->is_ready(loop);
}

/* The clock is read anew: the callbacks of the last turn have taken their time. */
int weft_loop_next_deadline_ms(const weft_loop *loop)
{
    if (has_work(loop))
        return 0;
    /* Looking for the next timer clears the marks of empty slots. */
    uint64_t next_ms = wf_wheel_next_ms((struct wf_wheel *)&loop->wheel);
    if (next_ms == UINT64_MAX)
        return -1;
    uint64_t now_ms = wf_clock_ms();
    uint64_t wait_ms = next_ms > now_ms ? next_ms - now_ms : 0;
    return wait_ms < INT_MAX ? (int)wait_ms : INT_MAX;
}

static int wait_of(const weft_loop *loop, int timeout_ms)
{
    if (timeout_ms == 0)
        return 0;
    int deadline_ms = weft_loop_next_deadline_ms(loop);
    if (deadline_ms < 0)
        return timeout_ms;
    return timeout_ms < 0 || deadline_ms < timeout_ms ? deadline_ms : timeout_ms;
}

static uint64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Going to sleep and being woken costs more than a short wait. */
static weft_status spin_and_wait(weft_loop *loop, int timeout_ms)
{
    uint64_t begin_us = clock_us(), spent_us = 0, most_us = loop->spin_us;
    if (timeout_ms > 0 && (uint64_t)timeout_ms * 1000 < most_us)
        most_us = (uint64_t)timeout_ms * 1000;
    while (spent_us < most_us) {
        weft_status status = loop->backend->wait(loop, 0);
        if (status || loop->backend->has_found(loop) || wf_wake_has_posts(&loop->wake))
            return status;
        spent_us = clock_us() - begin_us;
    }
    if (timeout_ms > 0) {
        uint64_t spent_ms = spent_us / 1000;
        timeout_ms = spent_ms < (uint64_t)timeout_ms ? timeout_ms - (int)spent_ms : 0;
    }
    return loop->backend->wait(loop, timeout_ms);
}

static weft_status wait_for_work(weft_loop *loop, int timeout_ms)
{
    if (loop->spin_us && timeout_ms != 0)
        return spin_and_wait(loop, timeout_ms);
    return loop->backend->wait(loop, timeout_ms);
}

weft_status weft_loop_turn(weft_loop *loop, int timeout_ms)
{
    if (!loop || timeout_ms < -1)
        return WEFT_ERR_ARGUMENT;
    if (loop->in_turn)
        return WEFT_ERR_STATE;
    if (!wf_loop_is_current(loop))
        atomic_store_explicit(&loop->thread, pthread_self(), memory_order_relaxed);

    weft_loop *outer = wf_loop_turning; /* One loop may be turned from inside another. */
    wf_loop_turning = loop;
    loop->in_turn = true;
    weft_status status = wait_for_work(loop, wait_of(loop, timeout_ms));
    loop->face.now_ms = wf_clock_ms();
    if (!status) {
        loop->backend->deliver(loop);
        wf_timer_run_due(loop);
        wf_wake_run_posts(loop);
        wf_timer_run_soon(loop);
    }
    loop->in_turn = false;
    wf_loop_turning = outer;
    return status;
}

static bool take_stop(weft_loop *loop)
{
    return atomic_load_explicit(&loop->wake.stop, memory_order_relaxed) &&
           atomic_exchange_explicit(&loop->wake.stop, false, memory_order_acquire);
}

weft_status weft_loop_run(weft_loop *loop)
{
    if (!loop)
        return WEFT_ERR_ARGUMENT;
    if (loop->in_turn || loop->running)
        return WEFT_ERR_STATE;
    weft_status status = WEFT_OK;
    loop->running = true;
    while (!status && !take_stop(loop) && weft_loop_is_alive(loop))
        status = weft_loop_turn(loop, -1);
    loop->running = false;
    return status;
}

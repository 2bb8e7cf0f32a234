#include "io/random.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Masking keys are 4 bytes a message: a system call is made for hundreds of them. */
enum { BATCH_BYTES = 1024 };

struct batch {
    size_t left;         /* The last `left` bytes have not been given out. */
    unsigned generation; /* Of the process that has filled it. */
    uint8_t bytes[BATCH_BYTES];
};

static _Thread_local struct batch batch;
static atomic_uint generation;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Parent and child must not give out the same bytes. */
static void forked(void)
{
    atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

static void watch_forks(void)
{
    if (pthread_atfork(NULL, NULL, forked))
        abort();
}

static void ask_kernel(uint8_t *out, size_t count)
{
    while (count) {
        ssize_t got = getrandom(out, count, 0);
        if (got > 0) {
            out += got;
            count -= (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            abort();
        }
    }
}

static void refill(unsigned now)
{
    pthread_once(&once, watch_forks);
    ask_kernel(batch.bytes, BATCH_BYTES);
    batch.left = BATCH_BYTES;
    batch.generation = now;
}

void wf_random(void *out, size_t count, void *user)
{
    (void)user;
    if (count > BATCH_BYTES / 4) {
        ask_kernel(out, count);
        return;
    }
    unsigned now = atomic_load_explicit(&generation, memory_order_relaxed);
    if (batch.left < count || batch.generation != now)
        refill(now);
    uint8_t *from = batch.bytes + BATCH_BYTES - batch.left;
    memcpy(out, from, count);
    memset(from, 0, count); /* Nothing to be found in memory later. */
    batch.left -= count;
}

/* Sends by io_uring, with the system calls themselves. Each of them completes by a result of its
 * own, within the call that submits it: nothing is left to guess, and nothing stays under way. */
#include "base/alloc.h"
#include "io/submit.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    ENTRIES = 256,
    SEND_BYTES_MAX = 1 << 30, /* A result is an int. */
    /* Rings are one mapping; and a kernel that has CQE_SKIP (5.17) knows all that is asked here. */
    FEATURES = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_CQE_SKIP,
};

struct wf_submitter {
    const struct weft_allocator *allocator;
    int fd;
    pid_t process; /* Whose mappings these are: a forked one has not got them. */
    struct io_uring_params parameters;
    uint8_t *rings; /* NULL: not mapped; likewise the entries. */
    size_t rings_bytes;
    struct io_uring_sqe *entries;
    unsigned *tail; /* Of what is submitted. The kernel's head follows within each call. */
    unsigned *completed_head;
    unsigned *completed_tail;
    const struct io_uring_cqe *completions;
};

static size_t entries_bytes(const struct wf_submitter *submitter)
{
    return submitter->parameters.sq_entries * sizeof *submitter->entries;
}

static size_t rings_bytes_of(const struct io_uring_params *parameters)
{
    size_t submissions =
        parameters->sq_off.array + parameters->sq_entries * (size_t)sizeof(unsigned);
    size_t completions =
        parameters->cq_off.cqes + parameters->cq_entries * (size_t)sizeof(struct io_uring_cqe);
    return submissions > completions ? submissions : completions;
}

static void *map(int fd, size_t bytes, off_t what)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, what);
    if (memory == MAP_FAILED)
        return NULL;
    (void)madvise(memory, bytes, MADV_DONTFORK);
    return memory;
}

static unsigned *word_at(const struct wf_submitter *submitter, uint32_t offset)
{
    return (unsigned *)(void *)(submitter->rings + offset);
}

static bool map_rings(struct wf_submitter *submitter)
{
    const struct io_uring_params *parameters = &submitter->parameters;
    submitter->rings_bytes = rings_bytes_of(parameters);
    submitter->rings = map(submitter->fd, submitter->rings_bytes, IORING_OFF_SQ_RING);
    submitter->entries = map(submitter->fd, entries_bytes(submitter), IORING_OFF_SQES);
    if (!submitter->rings || !submitter->entries)
        return false;
    submitter->tail = word_at(submitter, parameters->sq_off.tail);
    submitter->completed_head = word_at(submitter, parameters->cq_off.head);
    submitter->completed_tail = word_at(submitter, parameters->cq_off.tail);
    submitter->completions = (const void *)(submitter->rings + parameters->cq_off.cqes);
    for (unsigned i = 0; i < parameters->sq_entries; i++)
        word_at(submitter, parameters->sq_off.array)[i] = i;
    return true;
}

/* The descriptor is closed on exec by itself. No flag binds the ring to a thread: the next turn of
 * the loop may be another's. */
struct wf_submitter *wf_submitter_create(const struct weft_allocator *allocator)
{
    struct wf_submitter *submitter = wf_alloc_zero(allocator, sizeof *submitter);
    if (!submitter)
        return NULL;
    submitter->allocator = allocator;
    submitter->process = getpid();
    submitter->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &submitter->parameters);
    if (submitter->fd >= 0 && (submitter->parameters.features & FEATURES) == FEATURES &&
        map_rings(submitter))
        return submitter;
    wf_submitter_destroy(submitter);
    return NULL;
}

void wf_submitter_destroy(struct wf_submitter *submitter)
{
    if (!submitter)
        return;
    bool is_mapped = submitter->process == getpid();
    if (is_mapped && submitter->entries)
        munmap(submitter->entries, entries_bytes(submitter));
    if (is_mapped && submitter->rings)
        munmap(submitter->rings, submitter->rings_bytes);
    if (submitter->fd >= 0)
        close(submitter->fd);
    wf_free(submitter->allocator, submitter);
}

static void put_entry(struct wf_submitter *submitter, const struct wf_stream_offer *offer,
                      unsigned number)
{
    unsigned mask = submitter->parameters.sq_entries - 1;
    size_t bytes = offer->bytes.count;
    submitter->entries[(*submitter->tail + number) & mask] = (struct io_uring_sqe){
        .opcode = IORING_OP_SEND,
        .fd = offer->stream->fd,
        .addr = (uintptr_t)offer->bytes.data,
        .len = bytes < SEND_BYTES_MAX ? (uint32_t)bytes : SEND_BYTES_MAX,
        .msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT, /* It completes by EAGAIN, and is not kept. */
        .user_data = number,
    };
}

static unsigned take_completions(struct wf_submitter *submitter, struct wf_stream_offer *offers)
{
    unsigned mask = submitter->parameters.cq_entries - 1;
    unsigned head = *submitter->completed_head;
    unsigned tail = __atomic_load_n(submitter->completed_tail, __ATOMIC_ACQUIRE);
    for (unsigned i = head; i != tail; i++) {
        const struct io_uring_cqe *completion = &submitter->completions[i & mask];
        struct wf_stream_offer *offer = &offers[completion->user_data];
        if (completion->res >= 0)
            offer->taken = (size_t)completion->res;
        else
            offer->system_error = -completion->res;
    }
    __atomic_store_n(submitter->completed_head, tail, __ATOMIC_RELEASE);
    return tail - head;
}

/* Submits, and waits for so many completions. Returns how many were submitted; -1: errno. */
static long enter(int fd, unsigned count, unsigned completion_count)
{
    return syscall(SYS_io_uring_enter, fd, count, completion_count, IORING_ENTER_GETEVENTS, NULL,
                   0);
}

/* Returns how many were submitted: all, unless the kernel refuses. What was submitted is waited
 * for whatever happens, since it reads the caller's bytes. */
static unsigned send_batch(struct wf_submitter *submitter, struct wf_stream_offer *offers,
                           unsigned count)
{
    unsigned submitted = 0, completed = 0;
    bool is_refused = false;
    for (unsigned i = 0; i < count; i++)
        put_entry(submitter, &offers[i], i);
    __atomic_store_n(submitter->tail, *submitter->tail + count, __ATOMIC_RELEASE);
    while (completed < submitted || (submitted < count && !is_refused)) {
        unsigned left = is_refused ? 0 : count - submitted;
        long got = enter(submitter->fd, left, submitted + left - completed);
        if (got > 0)
            submitted += (unsigned)got;
        else if (got == 0 || errno != EINTR)
            is_refused = true;
        completed += take_completions(submitter, offers);
    }
    return submitted;
}

size_t wf_submitter_send(struct wf_submitter *submitter, struct wf_stream_offer *offers,
                         size_t count)
{
    if (submitter->process != getpid())
        return 0;
    size_t sent = 0;
    while (sent < count) {
        unsigned most = submitter->parameters.sq_entries;
        unsigned batch = count - sent < most ? (unsigned)(count - sent) : most;
        unsigned submitted = send_batch(submitter, offers + sent, batch);
        sent += submitted;
        if (submitted < batch)
            break;
    }
    return sent;
}

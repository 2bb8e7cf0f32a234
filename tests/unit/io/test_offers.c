/* wf_stream_send_each(), with a ring and without one. */
#include "io/submit.h"
#include "support/fault_alloc.h"
#include "unit/io/streams.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { ENDS = 350, FEW = 20 }; /* More than a ring has entries; and enough for a submission. */

struct setting {
    enum weft_backend backend;
    bool submission_off;
};

struct crowd {
    weft_loop *loop;
    size_t count;
    struct end from[ENDS], to[ENDS];
    struct wf_stream_offer offers[ENDS];
    char texts[ENDS][512];
};

static bool has_rings;

static size_t ring_count(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char target[64] = "";
        if (readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1) > 0)
            count += strstr(target, "io_uring") != NULL;
    }
    if (folder)
        closedir(folder);
    return count;
}

static struct crowd *crowd_start(const struct weft_loop_options *options, size_t count)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    assert_non_null(crowd);
    assert_int_equal(weft_loop_create(options, &crowd->loop), WEFT_OK);
    crowd->count = count;
    for (size_t i = 0; i < count; i++)
        make_socketpair(crowd->loop, &crowd->from[i], &crowd->to[i]);
    return crowd;
}

static void crowd_end(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++) {
        end_close(&crowd->from[i]);
        end_close(&crowd->to[i]);
    }
    weft_loop_destroy(crowd->loop);
    assert_int_equal(ring_count(), 0);
    free(crowd);
}

static void offer(struct crowd *crowd, size_t i, const void *data, size_t count)
{
    crowd->offers[i] = (struct wf_stream_offer){ .stream = &crowd->from[i].stream,
                                                 .bytes = { data, count },
                                                 .taken = 77,
                                                 .status = WEFT_ERR_MEMORY,
                                                 .system_error = 77 };
}

/* Each gets a text of its own, of its own length. */
static void offer_texts(struct crowd *crowd, size_t round)
{
    for (size_t i = 0; i < crowd->count; i++) {
        int count = snprintf(crowd->texts[i], sizeof crowd->texts[i], "%zu/%zu%*s", i, round,
                             (int)((i * 7 + round) % 300), "");
        offer(crowd, i, crowd->texts[i], (size_t)count);
    }
}

static bool is_all_taken(const struct wf_stream_offer *offer)
{
    return offer->status == WEFT_OK && offer->taken == offer->bytes.count &&
           offer->system_error == 0;
}

static void expect_text(struct crowd *crowd, size_t i)
{
    assert_true(is_all_taken(&crowd->offers[i]));
    until(crowd->loop, crowd->to[i].received_bytes >= strlen(crowd->texts[i]));
    assert_true(has_received(&crowd->to[i], crowd->texts[i]));
    crowd->to[i].received_bytes = 0;
}

static void send_texts(struct crowd *crowd, size_t round)
{
    offer_texts(crowd, round);
    wf_stream_send_each(crowd->loop, crowd->offers, crowd->count);
    for (size_t i = 0; i < crowd->count; i++)
        expect_text(crowd, i);
}

static const struct setting settings[] = {
    { WEFT_BACKEND_EPOLL, false },
    { WEFT_BACKEND_EPOLL, true },
    { WEFT_BACKEND_POLL, false },
    { WEFT_BACKEND_POLL, true },
};

static struct crowd *crowd_of(const struct setting *setting, size_t count)
{
    struct weft_loop_options options = { .backend = setting->backend,
                                         .submission_off = setting->submission_off };
    return crowd_start(&options, count);
}

static void all_are_taken(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT_OF(settings); s++) {
        struct crowd *crowd = crowd_of(&settings[s], ENDS);
        assert_int_equal(ring_count(), 0);
        wf_stream_send_each(crowd->loop, crowd->offers, 0);
        offer_texts(crowd, 0);
        wf_stream_send_each(crowd->loop, crowd->offers, 1);
        expect_text(crowd, 0);
        assert_int_equal(ring_count(), 0); /* It is not made for one. */
        for (size_t round = 0; round < 5; round++)
            send_texts(crowd, round);
        assert_int_equal(ring_count(), has_rings && !settings[s].submission_off);
        crowd_end(crowd);
    }
}

/* Of these three each is another's misfortune, and the others know nothing of it. */
enum { FULL = 3, LARGE = 5, GONE = 7 };

static void fill(struct crowd *crowd, size_t i)
{
    static const uint8_t zeros[4096];
    struct weft_bytes span = { zeros, sizeof zeros };
    for (size_t taken = span.count; taken == span.count;)
        assert_int_equal(wf_stream_send(&crowd->from[i].stream, &span, 1, &taken), WEFT_OK);
}

static void each_has_its_own_answer(void **state)
{
    (void)state;
    enum { BYTES = 4 << 20 };
    uint8_t *large = calloc(1, BYTES);
    for (size_t s = 0; s < COUNT_OF(settings); s++) {
        struct crowd *crowd = crowd_of(&settings[s], FEW);
        struct wf_stream_offer *offers = crowd->offers;
        fill(crowd, FULL);
        end_close(&crowd->to[GONE]);
        offer_texts(crowd, 0);
        offer(crowd, LARGE, large, BYTES);
        wf_stream_send_each(crowd->loop, offers, FEW);
        assert_int_equal(offers[FULL].status, WEFT_OK);
        assert_int_equal(offers[FULL].taken, 0);
        assert_int_equal(offers[LARGE].status, WEFT_OK);
        assert_true(offers[LARGE].taken > 0 && offers[LARGE].taken < BYTES);
        assert_int_equal(offers[GONE].status, WEFT_ERR_SYSTEM);
        assert_int_equal(offers[GONE].system_error, EPIPE);
        assert_int_equal(offers[GONE].taken, 0);
        for (size_t i = 0; i < FEW; i++)
            if (i != FULL && i != LARGE && i != GONE)
                expect_text(crowd, i);
        until(crowd->loop, crowd->from[FULL].log[0] && crowd->from[LARGE].log[0]);
        assert_string_equal(crowd->from[FULL].log, "sendable ");
        assert_string_equal(crowd->from[LARGE].log, "sendable ");
        until(crowd->loop, crowd->to[LARGE].received_bytes >= offers[LARGE].taken);
        assert_int_equal(crowd->to[LARGE].received_bytes, offers[LARGE].taken);
        crowd_end(crowd);
    }
    free(large);
}

/* What the kernel refuses it is not asked for again. */
static void no_descriptor_is_left(void **state)
{
    (void)state;
    struct crowd *crowd = crowd_of(&settings[0], FEW);
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit few = { 1, limit.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    send_texts(crowd, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    send_texts(crowd, 1);
    assert_int_equal(ring_count(), 0);
    crowd_end(crowd);
}

static void no_memory_is_left(void **state)
{
    (void)state;
    struct fault_alloc fault;
    fault_alloc_init(&fault, 0);
    struct weft_loop_options options = { .allocator = &fault.allocator };
    struct crowd *crowd = crowd_start(&options, FEW);
    fault.fails_at = fault.call_count + 1;
    send_texts(crowd, 0);
    send_texts(crowd, 1);
    assert_int_equal(ring_count(), 0);
    crowd_end(crowd);
    assert_int_equal(fault.live_count, 0);
}

/* A ring that is taken away: what it does not take is sent all the same. */
static void the_ring_is_of_no_more_use(void **state)
{
    (void)state;
    struct crowd *crowd = crowd_of(&settings[0], ENDS);
    send_texts(crowd, 0);
    if (has_rings) {
        DIR *folder = opendir("/proc/self/fd");
        assert_non_null(folder);
        int nothing = dirfd(folder);
        for (struct dirent *entry; (entry = readdir(folder));) {
            char target[64] = "";
            if (readlinkat(nothing, entry->d_name, target, sizeof target - 1) > 0 &&
                strstr(target, "io_uring"))
                assert_true(dup2(nothing, atoi(entry->d_name)) >= 0);
        }
        closedir(folder);
    }
    send_texts(crowd, 1);
    send_texts(crowd, 2);
    crowd_end(crowd);
}

static void *send_elsewhere(void *user)
{
    send_texts(user, 1);
    return NULL;
}

static void another_thread_turns_the_loop(void **state)
{
    (void)state;
    struct crowd *crowd = crowd_of(&settings[0], ENDS);
    pthread_t thread;
    send_texts(crowd, 0);
    assert_int_equal(pthread_create(&thread, NULL, send_elsewhere, crowd), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    send_texts(crowd, 2);
    assert_int_equal(ring_count(), has_rings);
    crowd_end(crowd);
}

/* A process that goes on without its parent has the loop, but not the memory of the ring. */
static void a_forked_process_goes_on(void **state)
{
    (void)state;
    struct crowd *crowd = crowd_of(&settings[0], FEW);
    send_texts(crowd, 0);
    offer_texts(crowd, 1);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool is_well = true;
        for (int round = 0; round < 2; round++) {
            wf_stream_send_each(crowd->loop, crowd->offers, FEW);
            for (size_t i = 0; i < FEW; i++)
                is_well = is_well && is_all_taken(&crowd->offers[i]);
        }
        is_well = is_well && ring_count() == 0;
        _exit(is_well ? 0 : 1);
    }
    int ending;
    assert_int_equal(waitpid(child, &ending, 0), child);
    assert_true(WIFEXITED(ending) && WEXITSTATUS(ending) == 0);
    for (size_t i = 0; i < FEW; i++) {
        size_t bytes = strlen(crowd->texts[i]);
        until(crowd->loop, crowd->to[i].received_bytes >= 2 * bytes);
        assert_int_equal(crowd->to[i].received_bytes, 2 * bytes);
        crowd->to[i].received_bytes = 0;
    }
    send_texts(crowd, 2);
    crowd_end(crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_taken),
        cmocka_unit_test(each_has_its_own_answer),
        cmocka_unit_test(no_descriptor_is_left),
        cmocka_unit_test(no_memory_is_left),
        cmocka_unit_test(the_ring_is_of_no_more_use),
        cmocka_unit_test(another_thread_turns_the_loop),
        cmocka_unit_test(a_forked_process_goes_on),
    };
    struct wf_submitter *submitter = wf_submitter_create(NULL);
    has_rings = submitter != NULL;
    wf_submitter_destroy(submitter);
    print_message("io_uring: %s\n", has_rings ? "yes" : "no");
    return cmocka_run_group_tests(tests, NULL, NULL);
}

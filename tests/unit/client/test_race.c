/* Happy Eyeballs: against addresses that answer, refuse, say nothing, or answer late. */
#include "client/race.h"

#include "io/loop.h"
#include "support/cases.h"
#include "support/odd_listeners.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { NEVER_MS = 3600 * 1000, WAIT_S = 20 };

struct run {
    weft_loop *loop;
    struct wf_race *race;
    int end_count;
    int fd;
    int last_error;
    const char *last_wrong;
    bool frees;
};

static struct run *current;

static void on_end(struct wf_race *race, int fd)
{
    assert_ptr_equal(race, current->race);
    current->end_count++;
    current->fd = fd;
    current->last_error = race->last_error;
    current->last_wrong = race->last_wrong;
    if (current->frees) { /* Nothing of it is touched any more. */
        free(race);
        current->race = NULL;
    }
}

static void run_begin(struct run *run, enum weft_backend backend, uint32_t delay_ms)
{
    struct weft_loop_options options = { .backend = backend };
    *run = (struct run){ .fd = -1, .race = calloc(1, sizeof *run->race) };
    assert_non_null(run->race);
    assert_int_equal(weft_loop_create(&options, &run->loop), WEFT_OK);
    run->race->loop = run->loop;
    run->race->delay_ms = delay_ms;
    run->race->on_end = on_end;
    current = run;
}

static void add(struct run *run, const char *ip, uint16_t port)
{
    assert_int_equal(
        wf_address_of_ip(&run->race->addresses[run->race->address_count++], weft_text_of(ip), port),
        WEFT_OK);
}

static void run_until_end(struct run *run)
{
    time_t begin = time(NULL);
    while (!run->end_count) {
        assert_int_equal(weft_loop_turn(run->loop, 10), WEFT_OK);
        assert_true(time(NULL) - begin < WAIT_S);
    }
}

static void run_end(struct run *run)
{
    assert_true(run->end_count <= 1);
    if (run->fd >= 0)
        close(run->fd);
    if (run->race)
        wf_race_stop(run->race);
    assert_false(weft_loop_is_alive(run->loop));
    weft_loop_destroy(run->loop);
    free(run->race);
}

static uint16_t port_of_peer(int fd)
{
    struct wf_address address = { .bytes = sizeof address.storage };
    assert_int_equal(getpeername(fd, (struct sockaddr *)&address.storage, &address.bytes), 0);
    return wf_address_port(&address);
}

enum kind { ANSWERS, REFUSES, IS_SILENT, ANSWERS_LATE };

struct address {
    enum kind kind;
    int fd;
    uint16_t port;
    struct silent_listener silent;
};

static void address_open(struct address *address, enum kind kind)
{
    address->kind = kind;
    if (kind == ANSWERS) {
        address->fd = listener_open(64, &address->port);
    } else if (kind == REFUSES) {
        address->fd = refuser_open(&address->port);
    } else {
        silent_listener_open(&address->silent);
        address->port = address->silent.port;
    }
}

static void address_close(struct address *address)
{
    if (address->kind == ANSWERS || address->kind == REFUSES)
        close(address->fd);
    else
        silent_listener_close(&address->silent);
}

/* The delay is one that never ends where the next attempt must not wait for it. */
static const struct {
    const char *name;
    uint32_t delay_ms;
    size_t count;
    enum kind kinds[3];
    int winner; /* -1: nobody. */
    int last_error;
    size_t begun_count;
} cases[] = {
    { "one answers", NEVER_MS, 1, { ANSWERS }, 0, 0, 1 },
    { "the first of two answers", NEVER_MS, 2, { ANSWERS, ANSWERS }, 0, 0, 1 },
    { "one refuses", NEVER_MS, 1, { REFUSES }, -1, ECONNREFUSED, 1 },
    { "all refuse", NEVER_MS, 3, { REFUSES, REFUSES, REFUSES }, -1, ECONNREFUSED, 3 },
    { "a refusal is not waited behind",
      NEVER_MS,
      3,
      { REFUSES, REFUSES, ANSWERS },
      2,
      ECONNREFUSED,
      3 },
    { "silence is waited for no longer than the delay", 10, 2, { IS_SILENT, ANSWERS }, 1, 0, 2 },
    { "two are silent", 10, 3, { IS_SILENT, IS_SILENT, ANSWERS }, 2, 0, 3 },
    { "behind silence one refuses", 10, 3, { IS_SILENT, REFUSES, ANSWERS }, 2, ECONNREFUSED, 3 },
    { "who answers late may still be the first", 10, 2, { ANSWERS_LATE, IS_SILENT }, 0, 0, 2 },
    { "late, and the others refuse",
      10,
      3,
      { ANSWERS_LATE, REFUSES, REFUSES },
      0,
      ECONNREFUSED,
      3 },
};

static void the_first_connection_is_taken(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        enum weft_backend backend = way % 2 ? WEFT_BACKEND_POLL : WEFT_BACKEND_EPOLL;
        for_each_case(c, cases)
        {
            struct address addresses[3];
            struct run run;
            run_begin(&run, backend, c->delay_ms);
            run.frees = way / 2;
            for (size_t i = 0; i < c->count; i++) {
                address_open(&addresses[i], c->kinds[i]);
                add(&run, "127.0.0.1", addresses[i].port);
            }
            size_t descriptors = count_descriptors();
            wf_race_start(run.race);
            while (!run.end_count && run.race->next < c->begun_count)
                assert_int_equal(weft_loop_turn(run.loop, 10), WEFT_OK);
            for (size_t i = 0; i < c->count; i++)
                if (c->kinds[i] == ANSWERS_LATE)
                    silent_listener_speak(&addresses[i].silent);
            run_until_end(&run);
            assert_int_equal(run.fd >= 0, c->winner >= 0);
            if (c->winner >= 0)
                assert_int_equal(port_of_peer(run.fd), addresses[c->winner].port);
            assert_int_equal(run.last_error, c->last_error);
            if (run.race)
                assert_int_equal(run.race->next, c->begun_count);
            /* The losers are closed. */
            assert_int_equal(count_descriptors(), descriptors + (c->winner >= 0));
            for (size_t i = 0; i < c->count; i++)
                address_close(&addresses[i]);
            run_end(&run);
        }
    }
}

static void the_second_attempt_waits_for_the_delay(void **state)
{
    (void)state;
    struct address silent, answers;
    struct run run;
    run_begin(&run, WEFT_BACKEND_DEFAULT, NEVER_MS);
    address_open(&silent, IS_SILENT);
    address_open(&answers, ANSWERS);
    add(&run, "127.0.0.1", silent.port);
    add(&run, "127.0.0.1", answers.port);
    wf_race_start(run.race);
    for (int turns = 0; turns < 20; turns++)
        assert_int_equal(weft_loop_turn(run.loop, 0), WEFT_OK);
    assert_int_equal(run.race->next, 1);
    assert_int_equal(run.end_count, 0);
    address_close(&silent);
    address_close(&answers);
    run_end(&run);
}

/* As many as a name may have, and the last alone is there. */
static void all_addresses_are_tried(void **state)
{
    (void)state;
    struct address silent, answers;
    struct run run;
    run_begin(&run, WEFT_BACKEND_DEFAULT, WF_RACE_DELAY_MS_MIN);
    address_open(&silent, IS_SILENT);
    address_open(&answers, ANSWERS);
    while (run.race->address_count < WF_RACE_ADDRESSES_MAX - 1)
        add(&run, "127.0.0.1", silent.port);
    add(&run, "127.0.0.1", answers.port);
    size_t descriptors = count_descriptors();
    wf_race_start(run.race);
    run_until_end(&run);
    assert_int_equal(port_of_peer(run.fd), answers.port);
    assert_int_equal(count_descriptors(), descriptors + 1);
    address_close(&silent);
    address_close(&answers);
    run_end(&run);
}

static void a_race_is_stopped_and_leaves_nothing(void **state)
{
    (void)state;
    struct address silent;
    address_open(&silent, IS_SILENT);
    for (int ends_loop = 0; ends_loop < 2; ends_loop++)
        for (size_t begun = 0; begun <= 3; begun++) {
            size_t descriptors = count_descriptors();
            struct run run;
            run_begin(&run, WEFT_BACKEND_DEFAULT, WF_RACE_DELAY_MS_MIN);
            for (int i = 0; i < 4; i++)
                add(&run, "127.0.0.1", silent.port);
            if (begun)
                wf_race_start(run.race);
            while (run.race->next < begun)
                assert_int_equal(weft_loop_turn(run.loop, 10), WEFT_OK);
            if (ends_loop && begun) {
                /* It is told, as one that has no connection. */
                weft_loop_destroy(run.loop);
                assert_int_equal(run.end_count, 1);
                assert_int_equal(run.fd, -1);
                assert_int_equal(run.last_error, ECANCELED);
                free(run.race);
            } else {
                run_end(&run);
                assert_int_equal(run.end_count, 0);
            }
            assert_int_equal(count_descriptors(), descriptors);
        }
    address_close(&silent);
}

static void what_begins_at_the_wrong_place_fails_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *source, *device;
        int error;
        const char *wrong;
    } origins[] = {
        { "an address of another machine", "192.0.2.1", "", EADDRNOTAVAIL, "source_address" },
        { "an address of another family", "::1", "", EAFNOSUPPORT, "source_address" },
        { "no such interface", NULL, "weft-none0", ENODEV, "bind_device" },
    };
    for_each_case(c, origins)
    {
        struct address answers;
        struct run run;
        run_begin(&run, WEFT_BACKEND_DEFAULT, NEVER_MS);
        address_open(&answers, ANSWERS);
        add(&run, "127.0.0.1", answers.port);
        if (c->source)
            assert_int_equal(wf_address_of_ip(&run.race->origin.source, weft_text_of(c->source), 0),
                             WEFT_OK);
        strcpy(run.race->origin.device, c->device);
        wf_race_start(run.race);
        run_until_end(&run);
        assert_int_equal(run.fd, -1);
        /* Without the right to it the kernel does not look whether it is there. */
        assert_true(run.last_error == c->error || (c->device[0] && run.last_error == EPERM));
        assert_string_equal(run.last_wrong, c->wrong);
        address_close(&answers);
        run_end(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_connection_is_taken),
        cmocka_unit_test(the_second_attempt_waits_for_the_delay),
        cmocka_unit_test(all_addresses_are_tried),
        cmocka_unit_test(a_race_is_stopped_and_leaves_nothing),
        cmocka_unit_test(what_begins_at_the_wrong_place_fails_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

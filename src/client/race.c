#include "client/race.h"

#include <assert.h>
#include <errno.h>

void wf_race_stop(struct wf_race *race)
{
    if (!race->loop)
        return;
    wf_timer_stop(race->loop, &race->timer);
    for (size_t i = 0; i < race->next; i++)
        wf_stream_close(&race->attempts[i].stream, false);
    race->running_count = 0;
}

static void end(struct wf_race *race, int fd)
{
    wf_race_stop(race);
    race->on_end(race, fd);
}

static void note_failure(struct wf_race *race, size_t index, int system_error, const char *wrong)
{
    race->last_index = index;
    race->last_error = system_error;
    race->last_wrong = wrong;
}

static const struct wf_stream_events events;

/* A source address has a family, and leads to that alone. */
static bool has_way_to(const struct wf_race *race, const struct wf_address *address)
{
    sa_family_t family = address->storage.ss_family;
    return !race->origin.source.bytes || family == AF_UNIX ||
           family == race->origin.source.storage.ss_family;
}

static bool begin_attempt(struct wf_race *race, size_t index)
{
    struct wf_race_attempt *attempt = &race->attempts[index];
    const char *wrong;
    attempt->race = race;
    if (!has_way_to(race, &race->addresses[index])) {
        if (race->last_error == 0)
            note_failure(race, index, EAFNOSUPPORT, "source_address");
        return false;
    }
    if (wf_stream_connect_from(&attempt->stream, race->loop, &race->origin, &race->addresses[index],
                               &events, &wrong)) {
        note_failure(race, index, errno, wrong);
        return false;
    }
    race->running_count++;
    return true;
}

/* RFC 8305 5: the next attempt begins when the time is over, or when the one before has failed. */
static void try_next(struct wf_race *race)
{
    wf_timer_stop(race->loop, &race->timer);
    while (race->next < race->address_count) {
        if (!begin_attempt(race, race->next++))
            continue;
        if (race->next < race->address_count)
            wf_timer_start(race->loop, &race->timer, race->delay_ms);
        return;
    }
    if (race->running_count == 0)
        end(race, -1);
}

static void on_timer(struct wf_timer *timer)
{
    try_next(WF_CONTAINER_OF(timer, struct wf_race, timer));
}

static void lose(struct wf_race_attempt *attempt, int system_error)
{
    struct wf_race *race = attempt->race;
    note_failure(race, (size_t)(attempt - race->attempts), system_error, NULL);
    wf_stream_close(&attempt->stream, false);
    race->running_count--;
    try_next(race);
}

static void on_connected(struct wf_stream *stream, int system_error)
{
    struct wf_race_attempt *attempt = WF_CONTAINER_OF(stream, struct wf_race_attempt, stream);
    if (system_error)
        lose(attempt, system_error);
    else
        end(attempt->race, wf_stream_take_fd(stream));
}

/* The loop ends, or cannot watch it. */
static void on_failed(struct wf_stream *stream, int system_error)
{
    lose(WF_CONTAINER_OF(stream, struct wf_race_attempt, stream), system_error);
}

/* Bytes come to a stream that is connected, and then it is the owner's. */
static void on_received(struct wf_stream *stream, struct weft_buffer bytes)
{
    (void)stream, (void)bytes;
    assert(false);
}

static void on_nothing(struct wf_stream *stream)
{
    (void)stream;
    assert(false);
}

static const struct wf_stream_events events = {
    .on_connected = on_connected,
    .on_received = on_received,
    .on_end = on_nothing,
    .on_sendable = on_nothing,
    .on_failed = on_failed,
};

void wf_race_start(struct wf_race *race)
{
    assert(race->address_count && race->address_count <= WF_RACE_ADDRESSES_MAX);
    race->timer.on_timer = on_timer;
    try_next(race);
}

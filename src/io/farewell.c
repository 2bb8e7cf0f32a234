#include "io/farewell.h"

#include "io/state.h"

struct farewell {
    struct wf_stream stream;
    struct wf_timer timer;
};

static void end(struct farewell *farewell)
{
    weft_loop *loop = farewell->stream.loop;
    wf_timer_stop(loop, &farewell->timer);
    wf_stream_close(&farewell->stream, false);
    loop->farewell_count--;
    wf_pool_give(&loop->pool, farewell, sizeof *farewell);
}

static void on_connected(struct wf_stream *stream, int system_error)
{
    (void)stream, (void)system_error;
}

static void on_received(struct wf_stream *stream, struct weft_buffer bytes)
{
    (void)stream, (void)bytes;
}

static void on_end(struct wf_stream *stream)
{
    end(WF_CONTAINER_OF(stream, struct farewell, stream));
}

static void on_sendable(struct wf_stream *stream)
{
    (void)stream;
}

/* The peer may end as it likes. */
static void on_failed(struct wf_stream *stream, int system_error)
{
    (void)system_error;
    on_end(stream);
}

static void on_timer(struct wf_timer *timer)
{
    end(WF_CONTAINER_OF(timer, struct farewell, timer));
}

static const struct wf_stream_events events = { .on_connected = on_connected,
                                                .on_received = on_received,
                                                .on_end = on_end,
                                                .on_sendable = on_sendable,
                                                .on_failed = on_failed };

void wf_farewell_begin(struct wf_stream *stream)
{
    if (!wf_stream_is_open(stream))
        return;
    weft_loop *loop = stream->loop;
    struct farewell *farewell = NULL;
    if (!loop->is_ending && loop->farewell_count < WF_FAREWELLS_MAX)
        farewell = wf_pool_take(&loop->pool, sizeof *farewell, NULL);
    if (!farewell) {
        wf_stream_close(stream, false);
        return;
    }
    *farewell = (struct farewell){ .timer = { .on_timer = on_timer } };
    wf_stream_shutdown(stream);
    if (wf_stream_pass(stream, &farewell->stream, &events)) {
        wf_pool_give(&loop->pool, farewell, sizeof *farewell);
        return;
    }
    loop->farewell_count++;
    wf_timer_start(loop, &farewell->timer, WF_FAREWELL_MS);
}

#include "support/frame_cases.h"

#include <stdlib.h>

static void check(struct probe *probe, const struct frame_case *c)
{
    assert_string_equal(probe->events, c->events);
    if (c->sent)
        assert_string_equal(probe_sent(probe), c->sent);
    if (strstr(c->events, "failed"))
        assert_true(weft_engine_wants_end(probe->engine));
    probe_destroy(probe);
}

static void run_side(const struct frame_case *c, enum weft_side side)
{
    const struct weft_engine_options options = { .limits = c->limits };
    struct weft_bytes input = c->input;
    if (side == WEFT_SERVER)
        input = masked(c->input);
    for (size_t cut = 0; cut <= input.count; cut++) {
        struct probe *probe = probe_create_open(side, &options);
        probe_feed_cut(probe, input, cut);
        check(probe, c);
    }
    struct probe *probe = probe_create_open(side, &options);
    probe_feed_by(probe, input, 1);
    check(probe, c);
    if (side == WEFT_SERVER)
        free((void *)(uintptr_t)input.data);
}

void frame_case_run(const struct frame_case *c)
{
    run_side(c, WEFT_CLIENT);
    run_side(c, WEFT_SERVER);
}

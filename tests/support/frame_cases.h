/* Case tables of frames, run for both sides and for every way to cut the bytes. */
#ifndef SUPPORT_FRAME_CASES_H
#define SUPPORT_FRAME_CASES_H

#include "support/engine_probe.h"

struct frame_case {
    const char *name;
    struct weft_bytes input; /* As a server sends it: without masks. */
    const char *events;      /* As the probe writes them down. */
    const char *sent;        /* As probe_sent() does. */
    struct weft_engine_limits limits;
};

/* Whole, in two pieces cut at every byte, and byte by byte. */
void frame_case_run(const struct frame_case *c);

#endif

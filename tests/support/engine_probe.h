/* One engine under test: what it tells and what it sends are written down as text. */
#ifndef SUPPORT_ENGINE_PROBE_H
#define SUPPORT_ENGINE_PROBE_H

#include "support/cases.h"
#include "weft/engine.h"

struct probe {
    weft_engine *engine;
    enum weft_side side;
    /* The events, in order: "open text:hi binary:00ff ping:a close:1000/bye failed:protocol/1002 ".
     */
    char events[65536];
    size_t events_bytes;
    /* What was written, in order. */
    uint8_t output[1 << 20];
    size_t output_bytes;
    struct weft_failure failure; /* Of the last event; its texts live as long as the engine. */
    size_t message_count;
    bool accepts; /* A request that may be accepted is, at once. */
};

/* Fills with bytes that differ from call to call, and are the same in each run. */
void probe_random(void *out, size_t count, void *user);

/* An engine in its first state, without permessage-deflate. Options may be NULL; side, random and
 * request are set when missing.
 */
struct probe *probe_create(enum weft_side side, const struct weft_engine_options *options);
/* The same after the handshake; nothing is written down of it. */
struct probe *probe_create_open(enum weft_side side, const struct weft_engine_options *options);
void probe_destroy(struct probe *probe);

/* Feeds bytes, which lie before a forbidden page, and takes all events. */
void probe_feed(struct probe *probe, struct weft_bytes bytes);
/* In two pieces, the second from `cut` on. */
void probe_feed_cut(struct probe *probe, struct weft_bytes bytes, size_t cut);
/* In pieces of so many bytes. */
void probe_feed_by(struct probe *probe, struct weft_bytes bytes, size_t piece);
void probe_feed_end(struct probe *probe);
/* Takes all events. */
void probe_pull(struct probe *probe);

/* Moves the engine's output to probe->output. */
void probe_write(struct probe *probe);
/* The written frames as text: "text:hi pong:a close:1002 ". A frame that is not well-formed, or
 * masked on the wrong side, shows as "BROKEN". Valid until the next call. */
const char *probe_sent(struct probe *probe);

/* The frames as a client would send them, masked with keys of the test; whatever else is wrong with
 * them stays so. Free the data. */
struct weft_bytes masked(struct weft_bytes frames);

/* A whole frame at `out` (room for 14 bytes and the payload), as the peer of `receiver` would send
 * it. Returns its size. */
size_t frame_put(uint8_t *out, enum weft_side receiver, uint8_t first, struct weft_bytes payload);

#endif

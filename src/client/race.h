/* Happy Eyeballs (RFC 8305 5): connecting to one address after the other without waiting long for
 * any, until the first connection stands. */
#ifndef WF_CLIENT_RACE_H
#define WF_CLIENT_RACE_H

#include "io/stream.h"
#include "io/timer.h"

enum {
    WF_RACE_ADDRESSES_MAX = 32,
    WF_RACE_DELAY_MS = 250,    /* RFC 8305 5: the recommended Connection Attempt Delay. */
    WF_RACE_DELAY_MS_MIN = 10, /* RFC 8305 5: never less. */
};

struct wf_race_attempt {
    struct wf_stream stream;
    struct wf_race *race;
};

/* Zero-filled but for what its owner sets. It must stay in place until its end. */
struct wf_race {
    /* The owner's. */
    weft_loop *loop;
    uint32_t delay_ms; /* Between the beginnings of two attempts that both take their time. */
    struct wf_stream_origin origin;
    /* Once, and the race's last deed: the owner may free it. fd: of the first connection, the
     * owner's from now on; -1: there is none, and the last_* say why. */
    void (*on_end)(struct wf_race *race, int fd);
    size_t address_count;
    struct wf_address addresses[WF_RACE_ADDRESSES_MAX]; /* In their order (RFC 8305 4). */

    /* Its own. */
    size_t next;
    size_t running_count;
    struct wf_timer timer;
    int last_error;         /* Of the attempt that has failed last. */
    const char *last_wrong; /* See wf_stream_connect_from(). */
    size_t last_index;
    struct wf_race_attempt attempts[WF_RACE_ADDRESSES_MAX];
};

/* Begins with the first address; there is one. When all fail at once on_end comes from inside. */
void wf_race_start(struct wf_race *race);

/* Ends all attempts, without on_end. Also of one that was never started, or has ended. */
void wf_race_stop(struct wf_race *race);

#endif

/* How fast one chat client may write: a bucket of tokens. Pure. */
#ifndef CLI_CHAT_PACE_H
#define CLI_CHAT_PACE_H

#include <stdint.h>

enum {
    CHAT_PACE_BURST = 20,      /* So many messages at once, */
    CHAT_PACE_REFILL_MS = 250, /* and one more after each of these. */
    CHAT_PACE_PATIENCE = 20,   /* So many beyond that are dropped; then the client goes. */
};

/* Zero-filled: nothing was sent yet. */
struct chat_pace {
    uint64_t free_at_ms; /* When all tokens are back. */
    uint32_t dropped;    /* In a row. */
};

enum chat_pace_verdict {
    CHAT_PACE_GOOD,
    CHAT_PACE_WARN, /* The first that is dropped: tell the client. */
    CHAT_PACE_DROP,
    CHAT_PACE_CLOSE,
};

enum chat_pace_verdict chat_pace_count(struct chat_pace *pace, uint64_t now_ms);

#endif

#include "chat_pace.h"

enum chat_pace_verdict chat_pace_count(struct chat_pace *pace, uint64_t now_ms)
{
    uint64_t start_ms = pace->free_at_ms > now_ms ? pace->free_at_ms : now_ms;
    if (start_ms + CHAT_PACE_REFILL_MS <=
        now_ms + (uint64_t)CHAT_PACE_BURST * CHAT_PACE_REFILL_MS) {
        pace->free_at_ms = start_ms + CHAT_PACE_REFILL_MS;
        pace->dropped = 0;
        return CHAT_PACE_GOOD;
    }
    pace->dropped++;
    if (pace->dropped > CHAT_PACE_PATIENCE)
        return CHAT_PACE_CLOSE;
    return pace->dropped == 1 ? CHAT_PACE_WARN : CHAT_PACE_DROP;
}

/* Whether a lost connection is tried again, and when: decisions without a clock of their own. */
#ifndef WF_CLIENT_RECONNECT_H
#define WF_CLIENT_RECONNECT_H

#include "weft/client.h"

/* Puts defaults for zeros. */
void wf_reconnect_resolve(struct weft_reconnect *reconnect);

/* Whether an end of this kind is followed by another connection at all. */
bool wf_reconnect_is_wanted(const struct weft_reconnect *reconnect,
                            const struct weft_close_event *close);

/* The delay before the attempt.
 *
 * attempt       1: the first.
 * random        all values are equally likely.
 * unix_seconds  now, for a Retry-After that is a date. */
uint32_t wf_reconnect_delay_ms(const struct weft_reconnect *reconnect, uint32_t attempt,
                               const struct weft_close_event *close, uint32_t random,
                               int64_t unix_seconds);

#endif

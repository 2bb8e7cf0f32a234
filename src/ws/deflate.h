/* permessage-deflate: what is offered, chosen and answered. RFC 7692 7.1. */
#ifndef WF_WS_DEFLATE_H
#define WF_WS_DEFLATE_H

#include "ws/fault.h"
#include "ws/state.h"

/* What both sides do from now on. */
struct wf_deflate_terms {
    uint8_t client_bits; /* 8 to 15 */
    uint8_t server_bits;
    bool client_takeover;
    bool server_takeover;
    bool names_client_bits; /* The answer says how many. */
    bool names_server_bits;
};

enum { WF_DEFLATE_TEXT_MAX = 128 };

/* Client: the value of Sec-WebSocket-Extensions. Returns how much was written. */
size_t wf_deflate_offer(const struct weft_deflate_settings *settings,
                        char out[WF_DEFLATE_TEXT_MAX]);

/* Server: takes the first offer that can be honoured. False: none, the extension is not used.
 *
 * is_scarce  contexts have become too many: no takeover. */
bool wf_deflate_choose(struct weft_headers headers, const struct weft_deflate_settings *settings,
                       bool is_scarce, struct wf_deflate_terms *terms);

/* Server: the value that answers an offer, and what both sides show as their extensions. */
size_t wf_deflate_answer(const struct wf_deflate_terms *terms, char out[WF_DEFLATE_TEXT_MAX]);

/* Client: whether the answer fits the offer. *is_agreed_out: the extension is in use. */
enum wf_fault wf_deflate_judge(struct weft_headers headers,
                               const struct weft_deflate_settings *settings,
                               struct wf_deflate_terms *terms, bool *is_agreed_out);

#endif

/* The place of extensions: whether offers are well-formed, and which bits they own. RFC 6455 9. */
#ifndef WF_WS_EXTENSION_H
#define WF_WS_EXTENSION_H

#include "ws/state.h"

/* Server: whether what the client offers is well-formed. What is unknown here is not accepted,
 * which RFC 6455 9.1 allows. */
bool wf_extension_offer_is_valid(struct weft_headers headers);

/* The reserved bits of data frames that an agreed extension owns. */
static inline uint8_t wf_extension_owned_bits(const struct weft_engine *engine)
{
    return engine->agreed ? engine->agreed->owned_bits : 0;
}

#endif

/* What a handshake agreed on, kept as long as the engine. */
#ifndef WF_WS_AGREED_H
#define WF_WS_AGREED_H

#include "ws/deflate.h"

/* Notes the subprotocol (empty: none) and the terms of permessage-deflate (NULL: not in use).
 * False: no memory. */
bool wf_agreed_set(struct weft_engine *engine, struct weft_text protocol,
                   const struct wf_deflate_terms *terms);

void wf_agreed_drop(struct weft_engine *engine);

#endif

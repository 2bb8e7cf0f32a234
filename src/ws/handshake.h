/* The opening handshake, and the HTTP requests that a server answers. RFC 6455 4. */
#ifndef WF_WS_HANDSHAKE_H
#define WF_WS_HANDSHAKE_H

#include "weft/engine.h"

/* Goes on with the phases before frames. */
enum weft_engine_event_type wf_handshake_next(struct weft_engine *engine,
                                              struct weft_engine_event *event);

#endif

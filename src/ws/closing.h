/* Control frames: Close, Ping, Pong. RFC 6455 5.5 and 7. */
#ifndef WF_WS_CLOSING_H
#define WF_WS_CLOSING_H

#include "ws/frame.h"

/* Whether a code may stand in a Close frame. RFC 6455 7.4. */
bool wf_closing_is_code(uint16_t code);

/* Puts the Close frame into the output. The reason is short enough and UTF-8. */
WEFT_MUST_USE weft_status wf_closing_put(struct weft_engine *engine, uint16_t code,
                                         struct weft_text reason);

/* Bytes have left the output: puts the pong there that waited for room, if one did. */
void wf_closing_put_late_pong(struct weft_engine *engine);

/* Obeys a control frame whose payload has come and is unmasked, and tells of it. */
enum weft_engine_event_type wf_closing_control(struct weft_engine *engine, uint8_t opcode,
                                               struct weft_buffer payload,
                                               struct weft_engine_event *event);

#endif

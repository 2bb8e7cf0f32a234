/* Frames to messages. RFC 6455 5.4. */
#ifndef WF_WS_MESSAGE_H
#define WF_WS_MESSAGE_H

#include "weft/engine.h"

struct wf_partial;

/* Reads frames from the input until there is an event, or nothing more to read. */
enum weft_engine_event_type wf_message_next(struct weft_engine *engine,
                                            struct weft_engine_event *event);

/* Gives back what the last event lent. There is a partial. */
void wf_message_take_back(struct weft_engine *engine);

void wf_message_drop(struct weft_engine *engine);

/* Makes room for so many bytes of the frame that has begun, behind what has come of the message.
 * False: no memory. There is a partial. */
bool wf_message_reserve(struct weft_engine *engine, size_t count);

/* ---- handing.c: a message in parts. There is a partial, for all of these. ---- */

/* A frame has begun. False: its message is too big, the connection has failed. */
bool wf_message_begin_parts(struct weft_engine *engine);
bool wf_message_part_is_due(const struct weft_engine *engine);
enum weft_engine_event_type wf_message_hand_part(struct weft_engine *engine,
                                                 struct weft_engine_event *event);
void wf_message_take_part_back(struct wf_partial *partial);

/* The partial, made when there is none. NULL: no memory, and the connection has failed. */
struct wf_partial *wf_message_need_partial(struct weft_engine *engine);

#endif

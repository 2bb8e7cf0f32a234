/* An answer other than 101: its body is collected, and the failure tells all of it. */
#ifndef WF_WS_REFUSAL_H
#define WF_WS_REFUSAL_H

#include "codec/http1.h"
#include "ws/state.h"

/* The head has come, and is in the failure of the opening. */
void wf_refusal_begin(struct weft_engine *engine, const struct wf_http1_response *response);

/* Reads the body from the input. */
void wf_refusal_read(struct weft_engine *engine);

/* The peer has ended. */
void wf_refusal_end(struct weft_engine *engine);

#endif

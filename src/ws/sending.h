/* Frames on their way into the output. */
#ifndef WF_WS_SENDING_H
#define WF_WS_SENDING_H

#include "ws/frame.h"

/* Puts one frame that is not fragmented into the output, masked for a client. WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_sending_put(struct weft_engine *engine, enum wf_opcode opcode,
                                         struct weft_bytes payload);

#endif

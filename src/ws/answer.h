/* The server's answers. RFC 6455 4.2.2, RFC 9112. */
#ifndef WF_WS_ANSWER_H
#define WF_WS_ANSWER_H

#include "ws/state.h"

/* Answers what cannot be read as a request, and fails the connection. The texts are static. */
void wf_answer_broken(struct weft_engine *engine, int status, const char *text, const char *rule);

#endif

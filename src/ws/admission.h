/* What a server asks of a request. RFC 6455 4.2.1, RFC 9112. */
#ifndef WF_WS_ADMISSION_H
#define WF_WS_ADMISSION_H

#include "codec/http1.h"
#include "ws/state.h"

/* Fills the opening's view from a head. False: the request is answered with an error, or there is
 * no memory, and the connection has failed. */
bool wf_admission_view(struct weft_engine *engine, const struct wf_http1_request *request);

#endif

/* The phrases of statuses. RFC 9110 15. */
#ifndef WF_WS_REASON_H
#define WF_WS_REASON_H

/* "Not Found". Static; "" for a status without a phrase of its own. */
const char *wf_reason_of(int status);

#endif

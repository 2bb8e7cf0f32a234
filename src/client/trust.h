/* The trust of those who ask for nothing special. */
#ifndef WF_CLIENT_TRUST_H
#define WF_CLIENT_TRUST_H

#include "weft/tls.h"

/* The process's own: made on first need (which reads the system's trust store) and kept. A
 * reference is the caller's. Errors as weft_tls_client_create(). Any thread. */
WEFT_MUST_USE weft_status wf_trust_default(weft_tls **tls_out);

#endif

/* Private: what is set in an SSL_CTX. */
#ifndef WF_TLS_CONTEXT_H
#define WF_TLS_CONTEXT_H

#include "tls/identity.h"

/* One context; `certificate` NULL: a client without one. */
weft_status wf_context_make(const struct wf_settings *settings,
                            const struct weft_tls_certificate *certificate, bool is_strict,
                            const struct wf_complaint *complaint, SSL_CTX **context_out);

/* Reads the chain and the key into the context, and checks that they fit. */
weft_status wf_certificate_load(SSL_CTX *context, const struct weft_tls_certificate *certificate,
                                bool is_strict, const struct wf_complaint *complaint);

/* The callbacks of each side. */
void wf_server_prepare(SSL_CTX *context);
void wf_client_prepare(SSL_CTX *context, const struct wf_settings *settings);
void wf_tickets_prepare(SSL_CTX *context, const struct wf_settings *settings);

#endif

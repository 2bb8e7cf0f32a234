/* Private: sessions that a client can resume, by host and port. */
#ifndef WF_TLS_REMEMBERED_H
#define WF_TLS_REMEMBERED_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct wf_remembered_session;

/* Zero-filled is empty. Lock around all calls. */
struct wf_remembered {
    struct wf_remembered_session *sessions; /* The oldest first. */
    uint32_t count;
    uint32_t capacity;
};

/* Owns the session when it answers true; over `count_max` the oldest is forgotten. */
bool wf_remembered_add(struct wf_remembered *remembered, uint32_t count_max, const char *host,
                       uint16_t port, SSL_SESSION *session);

/* The newest for the place, which is forgotten here: RFC 8446 C.4: a ticket is used once. The
 * caller owns it. NULL: none. */
SSL_SESSION *wf_remembered_take(struct wf_remembered *remembered, const char *host, uint16_t port);

void wf_remembered_drop(struct wf_remembered *remembered);

#endif

/* Private: the cipher contexts of all connections of a thread. A context has over a kilobyte, which
 * an idle connection must not own: those used last are kept, up to a number, and whoever comes
 * without one takes over the one that was used longest ago, with a key of its own. */
#ifndef WF_TLS_CIPHERS_H
#define WF_TLS_CIPHERS_H

#include "base/pool.h"
#include "tls/record.h"

enum { WF_CIPHERS_MAX = 512 };

/* One direction of a connection; zero-filled without a context. It must not move. */
struct wf_cipher {
    struct wf_cipher_slot *slot;
    bool seals; /* Else it opens. */
};

/* A context with the key, lent until the next call. NULL: no memory, or OpenSSL lacks the cipher.
 */
EVP_CIPHER_CTX *wf_cipher_need(struct wf_cipher *cipher, struct wf_pool *pool,
                               const struct wf_record_suite *suite, const uint8_t *key);

/* Wipes and frees the context: the connection ends, rests, or has another key. */
void wf_cipher_drop(struct wf_cipher *cipher, struct wf_pool *pool);

/* For the keys of a suite; lent until the next call. NULL: as above. */
EVP_MAC_CTX *wf_cipher_mac(struct wf_pool *pool, const struct wf_record_suite *suite);

/* For tests: how many contexts there are. */
size_t wf_ciphers_count(const struct wf_pool *pool);

#endif

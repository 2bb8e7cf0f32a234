/* Private: the records of TLS 1.3 and their keys (RFC 8446 5 and 7). All arithmetic of secrets is
 * OpenSSL's. */
#ifndef WF_TLS_RECORD_H
#define WF_TLS_RECORD_H

#include "weft/bytes.h"

#include <openssl/evp.h>
#include <stdbool.h>

enum {
    WF_RECORD_HEAD_BYTES = 5,
    WF_RECORD_TAG_BYTES = 16,
    WF_RECORD_PLAIN_BYTES = 16384,                      /* RFC 8446 5.1 */
    WF_RECORD_BODY_BYTES = WF_RECORD_PLAIN_BYTES + 256, /* 5.2 */
    /* What a record has beside its plain bytes: the head, the type, and the tag. */
    WF_RECORD_EXTRA_BYTES = WF_RECORD_HEAD_BYTES + 1 + WF_RECORD_TAG_BYTES,
    WF_RECORD_BYTES_MAX = WF_RECORD_HEAD_BYTES + WF_RECORD_BODY_BYTES,
    WF_RECORD_IV_BYTES = 12,
    WF_RECORD_KEY_BYTES_MAX = 32,
    WF_RECORD_SECRET_BYTES_MAX = 48,
};

/* RFC 8446 5.1 */
enum wf_record_type {
    WF_RECORD_ALERT = 21,
    WF_RECORD_HANDSHAKE = 22,
    WF_RECORD_DATA = 23,
};

/* A cipher suite. */
struct wf_record_suite {
    uint16_t number;    /* RFC 8446 B.4 */
    const char *cipher; /* As OpenSSL calls it. */
    uint8_t key_bytes;
    uint8_t secret_bytes; /* The length of its hash. */
    uint32_t records_max; /* Sealed with one key; then the next follows (RFC 8446 5.5). */
};

/* NULL: one that we do not know. */
const struct wf_record_suite *wf_record_suite_find(uint16_t number);

/* What seals, or opens, the records of one direction. */
struct wf_record_keys {
    uint64_t sequence; /* Of the next record. */
    uint8_t iv[WF_RECORD_IV_BYTES];
    uint8_t key[WF_RECORD_KEY_BYTES_MAX];
    uint8_t secret[WF_RECORD_SECRET_BYTES_MAX]; /* The traffic secret. */
};

/* HMAC with the suite's hash, and no key. NULL: OpenSSL has none. */
EVP_MAC_CTX *wf_record_mac_new(const struct wf_record_suite *suite);

/* Makes key and IV of the secret that is in the keys; the sequence is 0 then (7.3). False: OpenSSL
 * cannot. Nothing of the secret stays in `mac`. */
bool wf_record_keys_derive(struct wf_record_keys *keys, const struct wf_record_suite *suite,
                           EVP_MAC_CTX *mac);
/* The next secret (7.2), and its key and IV. */
bool wf_record_keys_update(struct wf_record_keys *keys, const struct wf_record_suite *suite,
                           EVP_MAC_CTX *mac);

/* Seals the bytes of the spans from `skipped` on, `count` of them and at most
 * WF_RECORD_PLAIN_BYTES, as one record to `out`, which has WF_RECORD_EXTRA_BYTES more. `context`
 * has the key, to encrypt. False: OpenSSL cannot, or the sequence is at its end. */
bool wf_record_seal(EVP_CIPHER_CTX *context, struct wf_record_keys *keys, enum wf_record_type type,
                    const struct weft_bytes *spans, size_t skipped, size_t count, uint8_t *out);

/* The bytes of the record whose head this is. 0: none of a record after the handshake; *alert_out
 * says why (6.2). */
size_t wf_record_bytes(const uint8_t head[WF_RECORD_HEAD_BYTES], uint8_t *alert_out);

/* Opens a record of wf_record_bytes(). `out` has room for WF_RECORD_EXTRA_BYTES - 1 less than the
 * record, and may be the place of its body; *count_out of its bytes are plain ones of *type_out.
 * 0, or the alert that is due. */
uint8_t wf_record_open(EVP_CIPHER_CTX *context, struct wf_record_keys *keys,
                       struct weft_bytes record, uint8_t *out, size_t *count_out,
                       uint8_t *type_out);

#endif

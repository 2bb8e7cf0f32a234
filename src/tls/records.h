/* Private: a server's connection of TLS 1.3 whose handshake is done, without an SSL object: its
 * records are opened and sealed here. See docs/adr/0010. */
#ifndef WF_TLS_RECORDS_H
#define WF_TLS_RECORDS_H

#include "base/block.h"
#include "tls/ciphers.h"
#include "tls/tls.h"

/* RFC 8446 4.6.3: type, length, and whether an answer is wanted. */
enum { WF_KEY_UPDATE_BYTES = 5 };

struct wf_direction {
    struct wf_record_keys keys;
    struct wf_cipher cipher;
    uint8_t secret_bytes; /* While the handshake runs: of the secret that is known. */
};

struct wf_records {
    const struct wf_record_suite *suite;
    struct wf_direction read, write;
    struct wf_block part;  /* A record that has not come whole; or one that was opened, of which */
    uint16_t opened_at;    /* from here on */
    uint16_t opened_count; /* so many plain bytes have not been read: the reader lacks room. */
    uint8_t handshake[WF_KEY_UPDATE_BYTES]; /* Of a message that comes in pieces, so many: */
    uint8_t handshake_count;
    uint8_t empty_count;  /* Empty records, in a row. */
    uint8_t warned_count; /* Alerts that end nothing. */
    bool answer_waits;    /* A KeyUpdate of ours is in the output. */
};

/* All as wf_tls_read() and its kin, with tls->records. */
enum wf_tls_result wf_records_read(struct wf_tls *tls, struct weft_buffer out, size_t *count_out);
weft_status wf_records_seal(struct wf_tls *tls, const struct weft_bytes *plain, size_t span_count,
                            size_t *taken_out);
void wf_records_end(struct wf_tls *tls);
void wf_records_rest(struct wf_tls *tls);
/* Wipes and frees. */
void wf_records_drop(struct wf_tls *tls);

/* ---- takeover.c ---- */
/* Listens for a handshake's secrets. */
void wf_takeover_prepare(SSL_CTX *context);
/* The handshake is done: the SSL object goes, if nothing is in the way; else it stays, and all is
 * as before. */
void wf_takeover_try(struct wf_tls *tls);

#endif

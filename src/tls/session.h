/* Private: one connection's state. */
#ifndef WF_TLS_SESSION_H
#define WF_TLS_SESSION_H

#include "tls/identity.h"
#include "tls/records.h"
#include "tls/tls.h"

/* Sealed bytes that no sealed_out has taken yet: handshakes, alerts, the end of a record. */
struct wf_unsent {
    uint8_t *data;
    size_t at;
    size_t count; /* Behind `at`. */
    size_t capacity;
};

/* The largest flight that is not ours to choose is a chain of certificates. */
enum { WF_UNSENT_BYTES_MAX = 256 * 1024, WF_FAILURE_TEXT_BYTES = 320, WF_FIRST_BYTES = 4 };

struct wf_tls_failure {
    struct weft_failure it;
    char text[WF_FAILURE_TEXT_BYTES];
};

struct wf_tls {
    SSL *ssl;                   /* NULL: the records have taken over. */
    struct wf_records *records; /* Beside `ssl`: what is known so far of how they would begin. */
    struct wf_pool *pool;
    weft_tls *identity;
    struct wf_generation *generation; /* As long as there is an `ssl`. */
    struct weft_bytes input;          /* Lent; what is not used yet. */
    struct weft_buffer room;          /* Lent while spans are sealed: where sealed bytes go. */
    struct wf_unsent unsent;
    struct wf_tls_failure *failure; /* Its text may be there before has_failed is true. */
    struct wf_info *info;
    char *host;                    /* Client; without brackets. */
    uint8_t first[WF_FIRST_BYTES]; /* What the peer began with. */
    uint8_t first_count;
    uint16_t port;
    weft_status write_status; /* Why sealed bytes could not be kept. */
    bool is_done;
    bool has_tickets_alone; /* In `unsent`, if there is anything. */
    bool peer_has_ended;
    bool has_ended; /* close_notify is written. */
    bool has_failed;
};

/* bio.c: reads tls->input, writes to tls->room, else to tls->unsent. */
BIO *wf_bio_new(struct wf_tls *tls);
weft_status wf_unsent_add(struct wf_tls *tls, struct weft_bytes bytes);
size_t wf_unsent_take(struct wf_tls *tls, struct weft_buffer out);
void wf_unsent_drop(struct wf_tls *tls);

/* info.c: never more than out_bytes with the zero. */
void wf_info_write_name(const X509_NAME *name, char *out, size_t out_bytes);
void wf_info_write_names(const X509 *certificate, char *out, size_t out_bytes);

/* client.c */
bool wf_client_expect(struct wf_tls *tls); /* Name and address. */
void wf_client_resume(struct wf_tls *tls);
bool wf_client_remember(const struct wf_tls *tls, SSL_SESSION *session); /* True: owned. */

/* reason.c: the first call decides. */
void wf_reason_fail(struct wf_tls *tls, weft_status status, const char *rule, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));
/* The peer has sent an alert that ends it. */
void wf_reason_fail_alert(struct wf_tls *tls, int alert);
/* The text of a failure that is to come: the certificate is refused. */
void wf_reason_note(struct wf_tls *tls, const char *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void wf_reason_note_certificate(struct wf_tls *tls, X509_STORE_CTX *store);
int wf_reason_on_verify(int is_good, X509_STORE_CTX *store);
/* Empties OpenSSL's queue of errors, which its calls must find empty. */
void wf_reason_forget(void);
/* From that queue. */
void wf_reason_fail_here(struct wf_tls *tls);

#endif

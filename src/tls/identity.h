/* Private: what a weft_tls is made of. */
#ifndef WF_TLS_IDENTITY_H
#define WF_TLS_IDENTITY_H

#include "tls/remembered.h"
#include "tls/tickets.h"
#include "weft/tls.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

enum { WF_PIN_BYTES = 32 };

/* Where the line for people goes; out may be NULL. */
struct wf_complaint {
    char *out;
    size_t bytes;
};

void wf_complaint_write(const struct wf_complaint *complaint, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "FILE: REASON", the reason being OpenSSL's oldest in the queue; empties the queue. */
void wf_complaint_write_file(const struct wf_complaint *complaint, const char *file);

/* The options, copied, with their defaults. */
struct wf_settings {
    bool is_server;
    bool tickets_off;
    bool insecure;
    bool resumption_off;
    enum weft_tls_client_certificate client_certificate;
    enum weft_tls_version version_min;
    uint32_t ticket_lifetime_s;
    uint32_t sessions_max;
    char *ca_file;
    struct weft_tls_certificate *certificates; /* Their texts are the settings' own. */
    size_t certificate_count;
    uint8_t (*pins)[WF_PIN_BYTES];
    size_t pin_count;
};

weft_status wf_settings_copy_server(struct wf_settings *settings,
                                    const struct weft_tls_server_options *options,
                                    const struct wf_complaint *complaint);
weft_status wf_settings_copy_client(struct wf_settings *settings,
                                    const struct weft_tls_client_options *options,
                                    const struct wf_complaint *complaint);
void wf_settings_drop(struct wf_settings *settings);

/* What was loaded at one time: one context per certificate, or the one of a client. */
struct wf_generation {
    atomic_uint reference_count;
    pthread_mutex_t lock; /* Guards the next two; held for moments. */
    struct wf_tickets tickets;
    struct wf_remembered remembered;
    EVP_CIPHER *ticket_cipher; /* Fetched once: OpenSSL takes locks for it. */
    size_t context_count;
    SSL_CTX *contexts[];
};

/* is_strict: a certificate out of its time is an error; else a warning in the complaint. */
weft_status wf_generation_load(const struct wf_settings *settings, bool is_strict,
                               const struct wf_complaint *complaint,
                               struct wf_generation **generation_out);

/* A server whose tickets stay good: tickets of `old` can be opened by `fresh`. */
void wf_generation_inherit(struct wf_generation *fresh, struct wf_generation *old);
void wf_generation_release(struct wf_generation *generation);

struct weft_tls {
    atomic_uint reference_count;
    struct wf_settings settings;
    pthread_mutex_t lock; /* Guards `generation`; held for moments. */
    struct wf_generation *generation;
};

/* The newest, retained. */
struct wf_generation *wf_identity_generation(weft_tls *identity);

#endif

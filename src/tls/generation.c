#include "tls/context.h"

#include <openssl/crypto.h>
#include <stdlib.h>

static struct wf_generation *make(size_t context_count_max)
{
    struct wf_generation *generation =
        calloc(1, sizeof *generation + context_count_max * sizeof generation->contexts[0]);
    if (!generation)
        return NULL;
    if (pthread_mutex_init(&generation->lock, NULL) != 0) {
        free(generation);
        return NULL;
    }
    atomic_init(&generation->reference_count, 1);
    generation->ticket_cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    return generation;
}

weft_status wf_generation_load(const struct wf_settings *settings, bool is_strict,
                               const struct wf_complaint *complaint,
                               struct wf_generation **generation_out)
{
    size_t count = settings->certificate_count ? settings->certificate_count : 1;
    struct wf_generation *generation = make(count);
    if (!generation) {
        wf_complaint_write(complaint, "%s", weft_status_text(WEFT_ERR_MEMORY));
        return WEFT_ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct weft_tls_certificate *certificate =
            settings->certificate_count ? &settings->certificates[i] : NULL;
        weft_status status =
            wf_context_make(settings, certificate, is_strict, complaint, &generation->contexts[i]);
        if (status) {
            wf_generation_release(generation);
            return status;
        }
        generation->context_count++;
    }
    *generation_out = generation;
    return WEFT_OK;
}

void wf_generation_inherit(struct wf_generation *fresh, struct wf_generation *old)
{
    (void)pthread_mutex_lock(&old->lock);
    fresh->tickets = old->tickets;
    (void)pthread_mutex_unlock(&old->lock);
}

void wf_generation_release(struct wf_generation *generation)
{
    if (!generation ||
        atomic_fetch_sub_explicit(&generation->reference_count, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < generation->context_count; i++)
        SSL_CTX_free(generation->contexts[i]);
    EVP_CIPHER_free(generation->ticket_cipher);
    wf_remembered_drop(&generation->remembered);
    OPENSSL_cleanse(&generation->tickets, sizeof generation->tickets);
    (void)pthread_mutex_destroy(&generation->lock);
    free(generation);
}

#include "tls/identity.h"

#include <stdlib.h>

static void destroy(weft_tls *identity)
{
    wf_generation_release(identity->generation);
    wf_settings_drop(&identity->settings);
    (void)pthread_mutex_destroy(&identity->lock);
    free(identity);
}

static weft_status make(weft_tls **identity_out)
{
    weft_tls *identity = calloc(1, sizeof *identity);
    if (!identity)
        return WEFT_ERR_MEMORY;
    if (pthread_mutex_init(&identity->lock, NULL) != 0) {
        free(identity);
        return WEFT_ERR_MEMORY;
    }
    atomic_init(&identity->reference_count, 1);
    *identity_out = identity;
    return WEFT_OK;
}

static weft_status start(weft_tls *identity, weft_status status,
                         const struct wf_complaint *complaint, weft_tls **tls_out)
{
    if (!status)
        status = wf_generation_load(&identity->settings, false, complaint, &identity->generation);
    if (status)
        destroy(identity);
    else
        *tls_out = identity;
    return status;
}

static weft_status begin(weft_tls **tls_out, const struct wf_complaint *complaint,
                         weft_tls **identity_out)
{
    wf_complaint_write(complaint, "%s", "");
    if (!tls_out)
        return WEFT_ERR_ARGUMENT;
    *tls_out = NULL;
    weft_status status = make(identity_out);
    if (status)
        wf_complaint_write(complaint, "%s", weft_status_text(status));
    return status;
}

weft_status weft_tls_server_create(const struct weft_tls_server_options *options,
                                   weft_tls **tls_out, char *error_out, size_t error_out_bytes)
{
    struct wf_complaint complaint = { error_out, error_out_bytes };
    weft_tls *identity;
    weft_status status = begin(tls_out, &complaint, &identity);
    if (status)
        return status;
    status = wf_settings_copy_server(&identity->settings, options, &complaint);
    return start(identity, status, &complaint, tls_out);
}

weft_status weft_tls_client_create(const struct weft_tls_client_options *options,
                                   weft_tls **tls_out, char *error_out, size_t error_out_bytes)
{
    struct wf_complaint complaint = { error_out, error_out_bytes };
    weft_tls *identity;
    weft_status status = begin(tls_out, &complaint, &identity);
    if (status)
        return status;
    status = wf_settings_copy_client(&identity->settings, options, &complaint);
    return start(identity, status, &complaint, tls_out);
}

weft_status weft_tls_reload(weft_tls *tls, char *error_out, size_t error_out_bytes)
{
    struct wf_complaint complaint = { error_out, error_out_bytes };
    wf_complaint_write(&complaint, "%s", "");
    if (!tls)
        return WEFT_ERR_ARGUMENT;
    struct wf_generation *fresh;
    weft_status status = wf_generation_load(&tls->settings, true, &complaint, &fresh);
    if (status)
        return status;
    (void)pthread_mutex_lock(&tls->lock);
    struct wf_generation *old = tls->generation;
    /* A ticket stands for a check of the client's certificate, whose rules may have changed. */
    if (tls->settings.client_certificate == WEFT_TLS_NOT_ASKED)
        wf_generation_inherit(fresh, old);
    tls->generation = fresh;
    (void)pthread_mutex_unlock(&tls->lock);
    wf_generation_release(old);
    return WEFT_OK;
}

struct wf_generation *wf_identity_generation(weft_tls *identity)
{
    (void)pthread_mutex_lock(&identity->lock);
    struct wf_generation *generation = identity->generation;
    atomic_fetch_add_explicit(&generation->reference_count, 1, memory_order_relaxed);
    (void)pthread_mutex_unlock(&identity->lock);
    return generation;
}

weft_tls *weft_tls_retain(weft_tls *tls)
{
    if (tls)
        atomic_fetch_add_explicit(&tls->reference_count, 1, memory_order_relaxed);
    return tls;
}

void weft_tls_release(weft_tls *tls)
{
    if (tls && atomic_fetch_sub_explicit(&tls->reference_count, 1, memory_order_acq_rel) == 1)
        destroy(tls);
}

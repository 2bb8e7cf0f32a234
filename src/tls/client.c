/* What a client asks of the server: its certificate, its name, its key; and sessions to resume. */
#include "tls/context.h"
#include "tls/session.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* The SHA-256 of the SubjectPublicKeyInfo (RFC 7469 2.4). */
static bool sum_of_key(const X509 *certificate, uint8_t sum[WF_PIN_BYTES])
{
    unsigned char *encoded = NULL;
    int count = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded);
    bool is_done =
        count > 0 && EVP_Digest(encoded, (size_t)count, sum, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(encoded);
    return is_done;
}

static bool key_is_pinned(const struct wf_settings *settings, const X509 *certificate)
{
    uint8_t sum[WF_PIN_BYTES];
    if (!sum_of_key(certificate, sum))
        return false;
    for (size_t i = 0; i < settings->pin_count; i++)
        if (memcmp(settings->pins[i], sum, sizeof sum) == 0)
            return true;
    return false;
}

static int check_server(X509_STORE_CTX *store, void *user)
{
    (void)user;
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct wf_tls *tls = SSL_get_app_data(ssl);
    const struct wf_settings *settings = &tls->identity->settings;
    if (settings->pin_count && !key_is_pinned(settings, X509_STORE_CTX_get0_cert(store))) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
        wf_reason_note_certificate(tls, store);
        return 0;
    }
    return settings->insecure ? 1 : X509_verify_cert(store);
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    const struct wf_tls *tls = SSL_get_app_data(ssl);
    return wf_client_remember(tls, session) ? 1 : 0;
}

bool wf_client_remember(const struct wf_tls *tls, SSL_SESSION *session)
{
    struct wf_generation *generation = tls->generation;
    if (!SSL_SESSION_is_resumable(session))
        return false;
    (void)pthread_mutex_lock(&generation->lock);
    bool is_kept = wf_remembered_add(&generation->remembered, tls->identity->settings.sessions_max,
                                     tls->host, tls->port, session);
    (void)pthread_mutex_unlock(&generation->lock);
    return is_kept;
}

void wf_client_resume(struct wf_tls *tls)
{
    struct wf_generation *generation = tls->generation;
    if (tls->identity->settings.resumption_off)
        return;
    (void)pthread_mutex_lock(&generation->lock);
    SSL_SESSION *session = wf_remembered_take(&generation->remembered, tls->host, tls->port);
    (void)pthread_mutex_unlock(&generation->lock);
    if (session)
        (void)SSL_set_session(tls->ssl, session);
    SSL_SESSION_free(session);
}

void wf_client_prepare(SSL_CTX *context, const struct wf_settings *settings)
{
    SSL_CTX_set_cert_verify_callback(context, check_server, NULL);
    if (settings->resumption_off) {
        (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
        (void)SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        return;
    }
    (void)SSL_CTX_set_session_cache_mode(context,
                                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, on_session);
}

bool wf_client_expect(struct wf_tls *tls)
{
    X509_VERIFY_PARAM *rules = SSL_get0_param(tls->ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, tls->host) == 1)
        return true;
    wf_reason_forget();
    /* RFC 9525 6.3: names are in subjectAltName, and a wildcard is a whole label. */
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return X509_VERIFY_PARAM_set1_host(rules, tls->host, 0) == 1 &&
           SSL_set_tlsext_host_name(tls->ssl, tls->host) == 1;
}

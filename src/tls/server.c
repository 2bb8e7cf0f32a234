#include "tls/context.h"
#include "tls/session.h"

#include <openssl/x509v3.h>
#include <string.h>

static SSL_CTX *context_for(const struct wf_generation *generation, const char *name)
{
    /* A certificate with the very name goes before one with a wildcard. */
    static const unsigned int passes[] = { X509_CHECK_FLAG_NO_WILDCARDS,
                                           X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS };
    for (size_t pass = 0; pass < sizeof passes / sizeof passes[0]; pass++)
        for (size_t i = 0; i < generation->context_count; i++)
            if (X509_check_host(SSL_CTX_get0_certificate(generation->contexts[i]), name,
                                strlen(name), passes[pass] | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                                NULL) == 1)
                return generation->contexts[i];
    return NULL;
}

static int choose_certificate(SSL *ssl, int *alert, void *user)
{
    (void)alert, (void)user;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const struct wf_tls *tls = SSL_get_app_data(ssl);
    SSL_CTX *context = name ? context_for(tls->generation, name) : NULL;
    /* RFC 6066 3: a name that is not known may be passed over; the first certificate is shown. */
    if (!context)
        return SSL_TLSEXT_ERR_NOACK;
    if (context != SSL_get_SSL_CTX(ssl) && !SSL_set_SSL_CTX(ssl, context))
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    return SSL_TLSEXT_ERR_OK;
}

/* RFC 7301 3.2: a server that speaks none of the protocols that are offered ends with the alert
 * no_application_protocol. Who offers none at all gets HTTP/1.1. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_bytes,
                           const unsigned char *offered, unsigned int offered_bytes, void *user)
{
    (void)ssl, (void)user;
    static const char ours[] = "http/1.1";
    for (unsigned int at = 0; at < offered_bytes; at += 1u + offered[at]) {
        if (offered[at] != sizeof ours - 1 || offered_bytes - at < sizeof ours ||
            memcmp(offered + at + 1, ours, sizeof ours - 1) != 0)
            continue;
        *chosen = offered + at + 1;
        *chosen_bytes = offered[at];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void wf_server_prepare(SSL_CTX *context)
{
    (void)SSL_CTX_set_tlsext_servername_callback(context, choose_certificate);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    wf_takeover_prepare(context);
    (void)SSL_CTX_set_session_id_context(context, (const unsigned char *)"weft", 4);
}

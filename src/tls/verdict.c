/* Why a certificate was refused, in words. */
#include "tls/session.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

enum { NAME_BYTES = 128 };

static const char *host_of(const struct wf_tls *tls)
{
    return tls->host ? tls->host : "";
}

static void note_subject(struct wf_tls *tls, const char *text, const X509 *certificate)
{
    char subject[NAME_BYTES] = "";
    if (certificate)
        wf_info_write_name(X509_get_subject_name(certificate), subject, sizeof subject);
    wf_reason_note(tls, "RFC 5280 6", "%s (%s)", text, subject);
}

static void note_issuer(struct wf_tls *tls, const X509 *certificate)
{
    char issuer[NAME_BYTES] = "";
    if (certificate)
        wf_info_write_name(X509_get_issuer_name(certificate), issuer, sizeof issuer);
    wf_reason_note(tls, "RFC 5280 6", "unknown issuer of the certificate (%s)", issuer);
}

static void note_host(struct wf_tls *tls, const X509 *certificate)
{
    char names[NAME_BYTES] = "";
    if (certificate)
        wf_info_write_names(certificate, names, sizeof names);
    wf_reason_note(tls, "RFC 9525 6", "the certificate is not for %.100s (it is for %s)",
                   host_of(tls), names[0] ? names : "nobody");
}

void wf_reason_note_certificate(struct wf_tls *tls, X509_STORE_CTX *store)
{
    int error = X509_STORE_CTX_get_error(store);
    const X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        note_subject(tls, "the certificate has expired", certificate);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        note_subject(tls, "the certificate is not valid yet", certificate);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        note_subject(tls, "the certificate is self-signed", certificate);
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        note_issuer(tls, certificate);
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        note_host(tls, X509_STORE_CTX_get0_cert(store));
        break;
    case X509_V_ERR_APPLICATION_VERIFICATION:
        wf_reason_note(tls, "RFC 7469 2.6", "the server's key is none of the pinned keys");
        break;
    default:
        wf_reason_note(tls, "RFC 5280 6", "the certificate is refused: %s",
                       X509_verify_cert_error_string(error));
        break;
    }
}

int wf_reason_on_verify(int is_good, X509_STORE_CTX *store)
{
    if (!is_good) {
        const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
        wf_reason_note_certificate(SSL_get_app_data(ssl), store);
    }
    return is_good;
}

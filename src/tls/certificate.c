#include "tls/context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* Nobody is asked for a passphrase on a terminal. */
static int no_passphrase(char *room, int room_bytes, int is_written, void *user)
{
    (void)room, (void)room_bytes, (void)is_written, (void)user;
    return -1;
}

static EVP_PKEY *read_key(const char *file)
{
    BIO *bio = BIO_new_file(file, "r");
    if (!bio)
        return NULL;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    return key;
}

static weft_status use_key(SSL_CTX *context, const struct weft_tls_certificate *certificate,
                           const struct wf_complaint *complaint)
{
    EVP_PKEY *key = read_key(certificate->key_file);
    if (!key) {
        wf_complaint_write_file(complaint, certificate->key_file);
        return WEFT_ERR_ARGUMENT;
    }
    weft_status status = WEFT_OK;
    if (!X509_check_private_key(SSL_CTX_get0_certificate(context), key)) {
        wf_complaint_write(complaint, "%s: the key does not fit the certificate in %s",
                           certificate->key_file, certificate->certificate_file);
        status = WEFT_ERR_ARGUMENT;
    } else if (SSL_CTX_use_PrivateKey(context, key) != 1) {
        wf_complaint_write_file(complaint, certificate->key_file);
        status = WEFT_ERR_ARGUMENT;
    }
    ERR_clear_error();
    EVP_PKEY_free(key);
    return status;
}

static weft_status check_time(const X509 *leaf, const char *file, bool is_strict,
                              const struct wf_complaint *complaint)
{
    const char *text = NULL;
    if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0)
        text = "the certificate has expired";
    else if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0)
        text = "the certificate is not valid yet";
    if (!text)
        return WEFT_OK;
    wf_complaint_write(complaint, "%s: %s", file, text);
    return is_strict ? WEFT_ERR_ARGUMENT : WEFT_OK;
}

weft_status wf_certificate_load(SSL_CTX *context, const struct weft_tls_certificate *certificate,
                                bool is_strict, const struct wf_complaint *complaint)
{
    const char *file = certificate->certificate_file;
    if (SSL_CTX_use_certificate_chain_file(context, file) != 1) {
        wf_complaint_write_file(complaint, file);
        return WEFT_ERR_ARGUMENT;
    }
    weft_status status = use_key(context, certificate, complaint);
    if (status)
        return status;
    return check_time(SSL_CTX_get0_certificate(context), file, is_strict, complaint);
}

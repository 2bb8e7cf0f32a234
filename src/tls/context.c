#include "tls/context.h"
#include "tls/session.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else. */
static const char ciphers_1_2[] = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!aPSK";
static const char groups[] = "X25519:P-256:P-384";

/* Handshake messages with certificates, in bytes. */
enum { CERTIFICATES_BYTES_MAX = 64 * 1024 };

static bool set_defaults(SSL_CTX *context, const struct wf_settings *settings)
{
    int oldest = settings->version_min == WEFT_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
    SSL_CTX_set_security_level(context, 2);
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                           SSL_OP_CIPHER_SERVER_PREFERENCE |
                                           SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_max_cert_list(context, CERTIFICATES_BYTES_MAX);
    return SSL_CTX_set_min_proto_version(context, oldest) == 1 &&
           SSL_CTX_set_cipher_list(context, ciphers_1_2) == 1 &&
           SSL_CTX_set1_groups_list(context, groups) == 1;
}

/* OpenSSL decodes a certificate's extensions when it first needs them, which may be on several
 * threads at once: it is done here, before there are any. */
static void decode_authorities(SSL_CTX *context)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509 *certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (certificate)
            (void)X509_check_purpose(certificate, -1, 0);
    }
}

static bool load_authorities(SSL_CTX *context, const struct wf_settings *settings)
{
    if (!settings->ca_file)
        return settings->is_server || settings->insecure ||
               SSL_CTX_set_default_verify_paths(context) == 1;
    if (SSL_CTX_load_verify_file(context, settings->ca_file) != 1)
        return false;
    /* All that is in the file is trusted, an authority in the middle of a chain too. */
    (void)X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    if (!settings->is_server)
        return true;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(settings->ca_file);
    if (!names)
        return false;
    SSL_CTX_set_client_CA_list(context, names);
    return true;
}

static bool set_protocols(SSL_CTX *context)
{
    static const unsigned char offered[] = "\x08http/1.1";
    return SSL_CTX_set_alpn_protos(context, offered, sizeof offered - 1) == 0;
}

static int verify_mode(const struct wf_settings *settings)
{
    if (!settings->is_server)
        return SSL_VERIFY_PEER; /* Insecure: wf_client_prepare()'s check agrees to all but pins. */
    switch (settings->client_certificate) {
    case WEFT_TLS_OPTIONAL:
        return SSL_VERIFY_PEER;
    case WEFT_TLS_REQUIRED:
        return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    case WEFT_TLS_NOT_ASKED:
        break;
    }
    return SSL_VERIFY_NONE;
}

static weft_status fill(SSL_CTX *context, const struct wf_settings *settings,
                        const struct weft_tls_certificate *certificate, bool is_strict,
                        const struct wf_complaint *complaint)
{
    if (!set_defaults(context, settings) || (!settings->is_server && !set_protocols(context))) {
        wf_complaint_write_file(complaint, "OpenSSL");
        return WEFT_ERR_UNSUPPORTED;
    }
    if (!load_authorities(context, settings)) {
        wf_complaint_write_file(complaint,
                                settings->ca_file ? settings->ca_file : "the trust store");
        return WEFT_ERR_ARGUMENT;
    }
    decode_authorities(context);
    SSL_CTX_set_verify(context, verify_mode(settings), wf_reason_on_verify);
    if (settings->is_server) {
        wf_server_prepare(context);
        wf_tickets_prepare(context, settings);
    } else {
        wf_client_prepare(context, settings);
    }
    return certificate ? wf_certificate_load(context, certificate, is_strict, complaint) : WEFT_OK;
}

weft_status wf_context_make(const struct wf_settings *settings,
                            const struct weft_tls_certificate *certificate, bool is_strict,
                            const struct wf_complaint *complaint, SSL_CTX **context_out)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(settings->is_server ? TLS_server_method() : TLS_client_method());
    if (!context) {
        wf_complaint_write_file(complaint, "OpenSSL");
        return WEFT_ERR_MEMORY;
    }
    weft_status status = fill(context, settings, certificate, is_strict, complaint);
    if (status) {
        SSL_CTX_free(context);
        return status;
    }
    *context_out = context;
    return WEFT_OK;
}

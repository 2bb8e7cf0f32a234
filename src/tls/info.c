/* What a connection has agreed on. */
#include "tls/session.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum { SUBJECT_BYTES = 256, NAMES_BYTES = 512, SERVER_NAME_BYTES = 256 };

struct wf_info {
    struct weft_tls_info it;
    char server_name[SERVER_NAME_BYTES];
    char alpn[16];
    char subject[SUBJECT_BYTES];
    char names[NAMES_BYTES];
    char fingerprint[2 * 32 + 1];
};

void wf_info_write_name(const X509_NAME *name, char *out, size_t out_bytes)
{
    out[0] = '\0';
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
        int count = BIO_read(bio, out, (int)out_bytes - 1);
        out[count > 0 ? count : 0] = '\0';
    }
    BIO_free(bio);
}

/* Characters that would forge a list, or confuse a terminal, become question marks. */
static char harmless(unsigned char c)
{
    return c > ' ' && c < 0x7F && c != ',' ? (char)c : '?';
}

static void write_peer_text(char *out, size_t out_bytes, const char *text)
{
    size_t at = 0;
    for (; text && text[at] && at + 1 < out_bytes; at++)
        out[at] = harmless((unsigned char)text[at]);
    out[at] = '\0';
}

static size_t add_text(char *out, size_t out_bytes, size_t at, const ASN1_STRING *text)
{
    const unsigned char *from = ASN1_STRING_get0_data(text);
    int count = ASN1_STRING_length(text);
    for (int i = 0; i < count && at + 1 < out_bytes; i++)
        out[at++] = harmless(from[i]);
    return at;
}

static size_t add_address(char *out, size_t out_bytes, size_t at, const ASN1_STRING *address)
{
    const unsigned char *from = ASN1_STRING_get0_data(address);
    int count = ASN1_STRING_length(address);
    char text[64];
    int length = 0;
    if (count == 4)
        length = snprintf(text, sizeof text, "%u.%u.%u.%u", from[0], from[1], from[2], from[3]);
    for (int i = 0; count == 16 && i < 16; i += 2)
        length += snprintf(text + length, sizeof text - (size_t)length, i ? ":%x" : "%x",
                           (unsigned int)(from[i] << 8 | from[i + 1]));
    for (int i = 0; i < length && at + 1 < out_bytes; i++)
        out[at++] = text[i];
    return at;
}

void wf_info_write_names(const X509 *certificate, char *out, size_t out_bytes)
{
    size_t at = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        bool is_text = name->type == GEN_DNS || name->type == GEN_EMAIL || name->type == GEN_URI;
        if (!is_text && name->type != GEN_IPADD)
            continue;
        if (at && at + 1 < out_bytes)
            out[at++] = ',';
        at = is_text ? add_text(out, out_bytes, at, name->d.ia5)
                     : add_address(out, out_bytes, at, name->d.iPAddress);
    }
    out[at] = '\0';
    GENERAL_NAMES_free(names);
}

static void write_fingerprint(const X509 *certificate, char *out)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int count = 0;
    if (X509_digest(certificate, EVP_sha256(), sum, &count) != 1)
        return;
    for (unsigned int i = 0; i < count; i++)
        (void)snprintf(out + 2 * (size_t)i, 3, "%02x", (unsigned int)sum[i]);
}

static void fill_peer(struct wf_tls *tls, struct wf_info *info)
{
    const X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
    if (!certificate)
        return;
    const struct wf_settings *settings = &tls->identity->settings;
    bool is_checked = settings->is_server ? settings->client_certificate != WEFT_TLS_NOT_ASKED
                                          : !settings->insecure;
    info->it.peer_is_verified = is_checked && SSL_get_verify_result(tls->ssl) == X509_V_OK;
    wf_info_write_name(X509_get_subject_name(certificate), info->subject, sizeof info->subject);
    wf_info_write_names(certificate, info->names, sizeof info->names);
    write_fingerprint(certificate, info->fingerprint);
}

static void fill(struct wf_tls *tls, struct wf_info *info)
{
    const char *server_name = SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name);
    const unsigned char *alpn;
    unsigned int alpn_bytes;
    SSL_get0_alpn_selected(tls->ssl, &alpn, &alpn_bytes);
    (void)snprintf(info->alpn, sizeof info->alpn, "%.*s", (int)alpn_bytes, (const char *)alpn);
    write_peer_text(info->server_name, sizeof info->server_name, server_name);
    fill_peer(tls, info);
    info->it.version = SSL_get_version(tls->ssl);
    info->it.cipher = SSL_get_cipher_name(tls->ssl);
    info->it.server_name = info->server_name;
    info->it.alpn = info->alpn;
    info->it.is_resumed = SSL_session_reused(tls->ssl) == 1;
    info->it.peer_subject = info->subject;
    info->it.peer_names = info->names;
    info->it.peer_fingerprint = info->fingerprint;
}

const struct weft_tls_info *wf_tls_info(struct wf_tls *tls)
{
    if (!tls->is_done)
        return NULL;
    if (!tls->info) {
        tls->info = wf_alloc_zero(tls->allocator, sizeof *tls->info);
        if (!tls->info)
            return NULL;
        fill(tls, tls->info);
        wf_reason_forget();
    }
    return &tls->info->it;
}

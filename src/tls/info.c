/* What a connection has agreed on. */
#include "tls/session.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum { SUBJECT_BYTES = 256, NAMES_BYTES = 512, SERVER_NAME_BYTES = 256 };

enum { FINGERPRINT_BYTES = 2 * 32 + 1 };

/* The version and the cipher are OpenSSL's static texts; the others lie behind. */
struct wf_info {
    struct weft_tls_info it;
    char texts[];
};

/* As large as they may get. */
struct facts {
    bool peer_is_verified;
    char server_name[SERVER_NAME_BYTES];
    char alpn[16];
    char subject[SUBJECT_BYTES];
    char names[NAMES_BYTES];
    char fingerprint[FINGERPRINT_BYTES];
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

static void collect_peer(struct wf_tls *tls, struct facts *facts)
{
    const X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
    if (!certificate)
        return;
    const struct wf_settings *settings = &tls->identity->settings;
    bool is_checked = settings->is_server ? settings->client_certificate != WEFT_TLS_NOT_ASKED
                                          : !settings->insecure;
    facts->peer_is_verified = is_checked && SSL_get_verify_result(tls->ssl) == X509_V_OK;
    wf_info_write_name(X509_get_subject_name(certificate), facts->subject, sizeof facts->subject);
    wf_info_write_names(certificate, facts->names, sizeof facts->names);
    write_fingerprint(certificate, facts->fingerprint);
}

static void collect(struct wf_tls *tls, struct facts *facts)
{
    const char *server_name = SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name);
    const unsigned char *alpn;
    unsigned int alpn_bytes;
    SSL_get0_alpn_selected(tls->ssl, &alpn, &alpn_bytes);
    facts->peer_is_verified = false;
    facts->subject[0] = facts->names[0] = facts->fingerprint[0] = '\0';
    (void)snprintf(facts->alpn, sizeof facts->alpn, "%.*s", (int)alpn_bytes, (const char *)alpn);
    write_peer_text(facts->server_name, sizeof facts->server_name, server_name);
    collect_peer(tls, facts);
}

/* Keeps no more of them than there is: as long as a connection, that counts. */
static struct wf_info *keep(struct wf_tls *tls, const struct facts *facts)
{
    const char *const texts[] = { facts->server_name, facts->alpn, facts->subject, facts->names,
                                  facts->fingerprint };
    enum { TEXT_COUNT = sizeof texts / sizeof texts[0] };
    const char *kept[TEXT_COUNT];
    size_t bytes = 0;
    for (size_t i = 0; i < TEXT_COUNT; i++)
        bytes += texts[i][0] ? strlen(texts[i]) + 1 : 0;
    struct wf_info *info = wf_alloc_zero(tls->pool->allocator, sizeof *info + bytes);
    if (!info)
        return NULL;
    char *at = info->texts;
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        size_t count = texts[i][0] ? strlen(texts[i]) + 1 : 0;
        memcpy(at, texts[i], count);
        kept[i] = count ? at : "";
        at += count;
    }
    info->it = (struct weft_tls_info){ .version = SSL_get_version(tls->ssl),
                                       .cipher = SSL_get_cipher_name(tls->ssl),
                                       .server_name = kept[0],
                                       .alpn = kept[1],
                                       .is_resumed = SSL_session_reused(tls->ssl) == 1,
                                       .peer_is_verified = facts->peer_is_verified,
                                       .peer_subject = kept[2],
                                       .peer_names = kept[3],
                                       .peer_fingerprint = kept[4] };
    return info;
}

const struct weft_tls_info *wf_tls_info(struct wf_tls *tls)
{
    if (!tls->is_done)
        return NULL;
    if (!tls->info) {
        struct facts facts;
        collect(tls, &facts);
        wf_reason_forget();
        tls->info = keep(tls, &facts);
    }
    return tls->info ? &tls->info->it : NULL;
}

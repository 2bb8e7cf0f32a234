#include "tls/record.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/ssl.h>
#include <string.h>

/* RFC 8446 5.5: 2^24.5 full records for AES-GCM. ChaCha20 has no such limit, and gets new keys all
 * the same. */
enum { RECORDS_MAX = 1 << 24 };

static const struct wf_record_suite suites[] = {
    { 0x1301, "AES-128-GCM", 16, 32, RECORDS_MAX },
    { 0x1302, "AES-256-GCM", 32, 48, RECORDS_MAX },
    { 0x1303, "ChaCha20-Poly1305", 32, 32, RECORDS_MAX },
};

const struct wf_record_suite *wf_record_suite_find(uint16_t number)
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        if (suites[i].number == number)
            return &suites[i];
    return NULL;
}

EVP_MAC_CTX *wf_record_mac_new(const struct wf_record_suite *suite)
{
    char digest[] = "SHA256";
    if (suite->secret_bytes == 48)
        memcpy(digest, "SHA384", sizeof digest);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *kind = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *mac = kind ? EVP_MAC_CTX_new(kind) : NULL;
    EVP_MAC_free(kind);
    if (mac && EVP_MAC_CTX_set_params(mac, parameters) == 1)
        return mac;
    EVP_MAC_CTX_free(mac);
    return NULL;
}

/* HKDF-Expand-Label(Secret, Label, "", Length), RFC 8446 7.1. Nothing here is longer than the hash,
 * so HKDF-Expand (RFC 5869 2.3) is one block. */
static bool expand(EVP_MAC_CTX *mac, struct weft_bytes secret, const char *label, uint8_t *out,
                   size_t out_bytes)
{
    static const char prefix[] = "tls13 ";
    enum { PREFIX_BYTES = sizeof prefix - 1, LABEL_BYTES_MAX = 16 };
    uint8_t info[2 + 1 + PREFIX_BYTES + LABEL_BYTES_MAX + 1 + 1];
    size_t label_bytes = strlen(label);
    size_t count = 0;
    info[count++] = 0;
    info[count++] = (uint8_t)out_bytes;
    info[count++] = (uint8_t)(PREFIX_BYTES + label_bytes);
    memcpy(info + count, prefix, PREFIX_BYTES);
    memcpy(info + count + PREFIX_BYTES, label, label_bytes);
    count += PREFIX_BYTES + label_bytes;
    info[count++] = 0; /* No context. */
    info[count++] = 1; /* The first block. */

    uint8_t block[EVP_MAX_MD_SIZE];
    size_t block_bytes = 0;
    bool is_made = EVP_MAC_init(mac, secret.data, secret.count, NULL) == 1 &&
                   EVP_MAC_update(mac, info, count) == 1 &&
                   EVP_MAC_final(mac, block, &block_bytes, sizeof block) == 1 &&
                   out_bytes <= block_bytes;
    if (is_made)
        memcpy(out, block, out_bytes);
    OPENSSL_cleanse(block, sizeof block);
    return is_made;
}

bool wf_record_keys_derive(struct wf_record_keys *keys, const struct wf_record_suite *suite,
                           EVP_MAC_CTX *mac)
{
    static const uint8_t nothing[WF_RECORD_SECRET_BYTES_MAX];
    struct weft_bytes secret = { keys->secret, suite->secret_bytes };
    keys->sequence = 0;
    bool is_made = expand(mac, secret, "key", keys->key, suite->key_bytes) &&
                   expand(mac, secret, "iv", keys->iv, sizeof keys->iv);
    return EVP_MAC_init(mac, nothing, suite->secret_bytes, NULL) == 1 && is_made;
}

bool wf_record_keys_update(struct wf_record_keys *keys, const struct wf_record_suite *suite,
                           EVP_MAC_CTX *mac)
{
    struct weft_bytes secret = { keys->secret, suite->secret_bytes };
    uint8_t next[WF_RECORD_SECRET_BYTES_MAX];
    if (!expand(mac, secret, "traffic upd", next, suite->secret_bytes))
        return false;
    memcpy(keys->secret, next, suite->secret_bytes);
    OPENSSL_cleanse(next, sizeof next);
    return wf_record_keys_derive(keys, suite, mac);
}

/* RFC 8446 5.3: the sequence number, against the IV. And 5.2: the head is the additional data. */
static bool begin(EVP_CIPHER_CTX *context, struct wf_record_keys *keys, const uint8_t *head,
                  bool is_sealed)
{
    uint8_t nonce[WF_RECORD_IV_BYTES];
    int count;
    if (keys->sequence == UINT64_MAX)
        return false;
    memcpy(nonce, keys->iv, sizeof nonce);
    for (int i = 0; i < 8; i++)
        nonce[4 + i] ^= (uint8_t)(keys->sequence >> (56 - 8 * i));
    keys->sequence++;
    return EVP_CipherInit_ex(context, NULL, NULL, NULL, nonce, is_sealed) == 1 &&
           EVP_CipherUpdate(context, NULL, &count, head, WF_RECORD_HEAD_BYTES) == 1;
}

static bool add(EVP_CIPHER_CTX *context, uint8_t **out, const uint8_t *bytes, size_t count)
{
    int written;
    if (EVP_CipherUpdate(context, *out, &written, bytes, (int)count) != 1)
        return false;
    *out += written;
    return true;
}

/* A call of OpenSSL's costs as much as copying this. */
enum { COPIED_BYTES_MAX = 1024 };

/* Small spans are put side by side first, where they are sealed in one call. */
static bool seal_spans(EVP_CIPHER_CTX *context, uint8_t type, const struct weft_bytes *spans,
                       size_t skipped, size_t count, uint8_t **out)
{
    bool is_copied = count <= COPIED_BYTES_MAX;
    size_t at = 0;
    for (; at < count; spans++) {
        if (skipped >= spans->count) {
            skipped -= spans->count;
            continue;
        }
        const uint8_t *from = spans->data + skipped;
        size_t piece = spans->count - skipped;
        piece = piece < count - at ? piece : count - at;
        skipped = 0;
        if (is_copied)
            memcpy(*out + at, from, piece);
        else if (!add(context, out, from, piece))
            return false;
        at += piece;
    }
    if (!is_copied)
        return add(context, out, &type, 1);
    (*out)[count] = type;
    return add(context, out, *out, count + 1);
}

bool wf_record_seal(EVP_CIPHER_CTX *context, struct wf_record_keys *keys, enum wf_record_type type,
                    const struct weft_bytes *spans, size_t skipped, size_t count, uint8_t *out)
{
    size_t body_bytes = count + 1 + WF_RECORD_TAG_BYTES;
    uint8_t head[WF_RECORD_HEAD_BYTES] = { WF_RECORD_DATA, 3, 3, (uint8_t)(body_bytes >> 8),
                                           (uint8_t)body_bytes };
    int none;
    memcpy(out, head, sizeof head);
    out += sizeof head;
    return begin(context, keys, head, true) &&
           seal_spans(context, (uint8_t)type, spans, skipped, count, &out) &&
           EVP_CipherFinal_ex(context, out, &none) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, WF_RECORD_TAG_BYTES, out) == 1;
}

size_t wf_record_bytes(const uint8_t head[WF_RECORD_HEAD_BYTES], uint8_t *alert_out)
{
    size_t body_bytes = (size_t)head[3] << 8 | head[4];
    /* RFC 8446 5: after the handshake a change_cipher_spec is unexpected, as all that is not
     * sealed. The version is not looked at, and is sealed in. */
    if (head[0] != WF_RECORD_DATA)
        *alert_out = SSL_AD_UNEXPECTED_MESSAGE;
    else if (body_bytes > WF_RECORD_BODY_BYTES)
        *alert_out = SSL_AD_RECORD_OVERFLOW;
    else if (body_bytes < WF_RECORD_TAG_BYTES)
        *alert_out = SSL_AD_BAD_RECORD_MAC;
    else
        return WF_RECORD_HEAD_BYTES + body_bytes;
    return 0;
}

static bool open_body(EVP_CIPHER_CTX *context, struct wf_record_keys *keys, const uint8_t *record,
                      size_t inner_bytes, uint8_t *out)
{
    uint8_t tag[WF_RECORD_TAG_BYTES];
    const uint8_t *body = record + WF_RECORD_HEAD_BYTES;
    int count = 0;
    memcpy(tag, body + inner_bytes, sizeof tag);
    return begin(context, keys, record, false) &&
           (inner_bytes == 0 ||
            EVP_CipherUpdate(context, out, &count, body, (int)inner_bytes) == 1) &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1 &&
           EVP_CipherFinal_ex(context, out + count, &count) == 1;
}

uint8_t wf_record_open(EVP_CIPHER_CTX *context, struct wf_record_keys *keys,
                       struct weft_bytes record, uint8_t *out, size_t *count_out, uint8_t *type_out)
{
    size_t count = record.count - WF_RECORD_HEAD_BYTES - WF_RECORD_TAG_BYTES;
    *count_out = 0;
    if (!open_body(context, keys, record.data, count, out))
        return SSL_AD_BAD_RECORD_MAC;
    if (count > WF_RECORD_PLAIN_BYTES + 1) /* RFC 8446 5.4: the padding counts. */
        return SSL_AD_RECORD_OVERFLOW;
    while (count && out[count - 1] == 0)
        count--;
    if (count == 0)
        return SSL_AD_UNEXPECTED_MESSAGE;
    *type_out = out[count - 1];
    *count_out = count - 1;
    return 0;
}

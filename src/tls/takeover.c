/* From OpenSSL's SSL object to records of our own, once the handshake of a server is done. */
#include "tls/records.h"
#include "tls/session.h"

#include <openssl/crypto.h>
#include <string.h>

/* ---- what the handshake tells ---- */

/* RFC 8446 7.1; the labels of the key log's format. */
static const char client_label[] = "CLIENT_TRAFFIC_SECRET_0 ";
static const char server_label[] = "SERVER_TRAFFIC_SECRET_0 ";

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* All hexadecimal digits that there are. Returns the bytes; 0: it does not fit, or is none. */
static uint8_t decode(const char *text, uint8_t secret[WF_RECORD_SECRET_BYTES_MAX])
{
    uint8_t count = 0;
    for (; *text; text += 2, count++) {
        int high = digit(text[0]), low = text[0] ? digit(text[1]) : -1;
        if (count == WF_RECORD_SECRET_BYTES_MAX || high < 0 || low < 0)
            return 0;
        secret[count] = (uint8_t)(high << 4 | low);
    }
    return count;
}

/* "LABEL RANDOM SECRET". The line is OpenSSL's, which wipes it; nothing is ever written of it. */
static void on_secret(const SSL *ssl, const char *line)
{
    struct wf_tls *tls = SSL_get_app_data(ssl);
    enum { LABEL = sizeof client_label - 1 };
    bool is_clients = strncmp(line, client_label, LABEL) == 0;
    if (!is_clients && strncmp(line, server_label, LABEL) != 0)
        return;
    const char *secret = strchr(line + LABEL, ' ');
    if (!tls->records)
        tls->records = wf_alloc_zero(tls->pool->allocator, sizeof *tls->records);
    if (!secret || !tls->records)
        return;
    struct wf_direction *direction = is_clients ? &tls->records->read : &tls->records->write;
    direction->secret_bytes = decode(secret + 1, direction->keys.secret);
    direction->keys.sequence = 0;
}

/* Records that are sealed with the keys of the connection: tickets. */
static void on_message(int is_written, int version, int type, const void *bytes, size_t count,
                       SSL *ssl, void *user)
{
    (void)version, (void)bytes, (void)count, (void)user;
    const struct wf_tls *tls = SSL_get_app_data(ssl);
    if (is_written && type == SSL3_RT_HEADER && tls->records)
        tls->records->write.keys.sequence++;
}

void wf_takeover_prepare(SSL_CTX *context)
{
    SSL_CTX_set_keylog_callback(context, on_secret);
    SSL_CTX_set_msg_callback(context, on_message);
}

/* ---- the takeover ---- */

/* Nothing is left in the SSL object that would be lost with it. */
static bool is_at_rest(const SSL *ssl)
{
    return SSL_is_init_finished(ssl) && SSL_version(ssl) == TLS1_3_VERSION &&
           !SSL_has_pending(ssl) && SSL_get_shutdown(ssl) == 0 &&
           SSL_get_early_data_status(ssl) != SSL_EARLY_DATA_ACCEPTED &&
           SSL_get_key_update_type(ssl) == SSL_KEY_UPDATE_NONE;
}

static bool derive(struct wf_tls *tls, struct wf_direction *direction)
{
    const struct wf_record_suite *suite = tls->records->suite;
    uint64_t sequence = direction->keys.sequence;
    EVP_MAC_CTX *mac = wf_cipher_mac(tls->pool, suite);
    if (!mac || direction->secret_bytes != suite->secret_bytes ||
        !wf_record_keys_derive(&direction->keys, suite, mac))
        return false;
    direction->keys.sequence = sequence;
    return wf_cipher_need(&direction->cipher, tls->pool, suite, direction->keys.key) != NULL;
}

/* Whether the last record that OpenSSL has sealed, a ticket that waits, is one that we would seal:
 * then the secret, the suite and the count of records are what we believe. Without a ticket there
 * is nothing to compare, and nothing was counted. */
static bool seals_alike(struct wf_tls *tls)
{
    uint8_t out[WF_RECORD_BYTES_MAX], alert = 0, type = 0;
    struct wf_record_keys keys = tls->records->write.keys;
    struct weft_bytes record = { 0 };
    struct wf_cipher cipher = { 0 };
    if (keys.sequence-- == 0)
        return true;
    if (tls->unsent.count == 0)
        return false;
    struct weft_bytes waiting = { tls->unsent.data + tls->unsent.at, tls->unsent.count };
    while (waiting.count >= WF_RECORD_HEAD_BYTES) {
        record = (struct weft_bytes){ waiting.data, wf_record_bytes(waiting.data, &alert) };
        if (alert || record.count > waiting.count)
            return false;
        waiting.data += record.count;
        waiting.count -= record.count;
    }
    EVP_CIPHER_CTX *context = wf_cipher_need(&cipher, tls->pool, tls->records->suite, keys.key);
    size_t count;
    bool is_alike = context && record.count && waiting.count == 0 &&
                    wf_record_open(context, &keys, record, out, &count, &type) == 0 &&
                    type == WF_RECORD_HANDSHAKE;
    wf_cipher_drop(&cipher, tls->pool);
    OPENSSL_cleanse(&keys, sizeof keys);
    return is_alike;
}

static bool prepare(struct wf_tls *tls)
{
    struct wf_records *records = tls->records;
    const SSL_CIPHER *cipher = SSL_get_current_cipher(tls->ssl);
    if (!records || !cipher || !is_at_rest(tls->ssl))
        return false;
    records->suite = wf_record_suite_find(SSL_CIPHER_get_protocol_id(cipher));
    records->write.cipher.seals = true;
    return records->suite && derive(tls, &records->read) && derive(tls, &records->write) &&
           seals_alike(tls) && wf_tls_info(tls);
}

void wf_takeover_try(struct wf_tls *tls)
{
    if (prepare(tls)) {
        SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(tls->ssl);
        tls->ssl = NULL;
        wf_generation_release(tls->generation);
        tls->generation = NULL;
    } else {
        wf_records_drop(tls);
    }
    wf_reason_forget();
}

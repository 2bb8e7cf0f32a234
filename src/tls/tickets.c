#include "tls/tickets.h"

#include "tls/context.h"
#include "tls/session.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#include <time.h>

static bool is_older(const struct wf_ticket_key *key, int64_t now_s, int64_t age_s)
{
    return now_s - key->made_s >= age_s;
}

static void forget_old(struct wf_tickets *tickets, int64_t now_s, uint32_t lifetime_s)
{
    while (tickets->key_count &&
           is_older(&tickets->keys[tickets->key_count - 1], now_s, lifetime_s)) {
        tickets->key_count--;
        OPENSSL_cleanse(&tickets->keys[tickets->key_count], sizeof tickets->keys[0]);
    }
}

static bool make_key(struct wf_ticket_key *key, int64_t now_s)
{
    key->made_s = now_s;
    return RAND_bytes(key->name, sizeof key->name) == 1 &&
           RAND_priv_bytes(key->cipher_key, sizeof key->cipher_key) == 1 &&
           RAND_priv_bytes(key->mac_key, sizeof key->mac_key) == 1;
}

bool wf_tickets_newest(struct wf_tickets *tickets, int64_t now_s, uint32_t lifetime_s,
                       struct wf_ticket_key *key_out)
{
    forget_old(tickets, now_s, lifetime_s);
    if (!tickets->key_count || is_older(&tickets->keys[0], now_s, lifetime_s / 2)) {
        struct wf_ticket_key fresh;
        if (!make_key(&fresh, now_s))
            return false;
        tickets->keys[1] = tickets->keys[0];
        tickets->keys[0] = fresh;
        tickets->key_count = tickets->key_count ? 2 : 1;
        OPENSSL_cleanse(&fresh, sizeof fresh);
    }
    *key_out = tickets->keys[0];
    return true;
}

bool wf_tickets_find(struct wf_tickets *tickets, int64_t now_s, uint32_t lifetime_s,
                     const uint8_t name[WF_TICKET_NAME_BYTES], struct wf_ticket_key *key_out,
                     bool *is_newest_out)
{
    forget_old(tickets, now_s, lifetime_s);
    for (unsigned int i = 0; i < tickets->key_count; i++) {
        if (memcmp(tickets->keys[i].name, name, WF_TICKET_NAME_BYTES) != 0)
            continue;
        *key_out = tickets->keys[i];
        *is_newest_out = i == 0 && !is_older(&tickets->keys[0], now_s, lifetime_s / 2);
        return true;
    }
    return false;
}

static bool start_mac(EVP_MAC_CTX *mac, const struct wf_ticket_key *key)
{
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_init(mac, key->mac_key, sizeof key->mac_key, parameters) == 1;
}

static int seal(struct wf_generation *generation, uint32_t lifetime_s, unsigned char *name,
                unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    struct wf_ticket_key key;
    (void)pthread_mutex_lock(&generation->lock);
    bool is_there = wf_tickets_newest(&generation->tickets, time(NULL), lifetime_s, &key);
    (void)pthread_mutex_unlock(&generation->lock);
    if (!is_there)
        return -1;
    memcpy(name, key.name, sizeof key.name);
    const EVP_CIPHER *kind = generation->ticket_cipher;
    bool is_ready = kind && RAND_bytes(iv, EVP_CIPHER_get_iv_length(kind)) == 1 &&
                    EVP_EncryptInit_ex(cipher, kind, NULL, key.cipher_key, iv) == 1 &&
                    start_mac(mac, &key);
    OPENSSL_cleanse(&key, sizeof key);
    return is_ready ? 1 : -1;
}

/* 0: unknown, a full handshake follows; 2: usable, and to be renewed. */
static int open_sealed(struct wf_generation *generation, uint32_t lifetime_s,
                       const unsigned char *name, const unsigned char *iv, EVP_CIPHER_CTX *cipher,
                       EVP_MAC_CTX *mac)
{
    struct wf_ticket_key key;
    bool is_newest = false;
    (void)pthread_mutex_lock(&generation->lock);
    bool is_there =
        wf_tickets_find(&generation->tickets, time(NULL), lifetime_s, name, &key, &is_newest);
    (void)pthread_mutex_unlock(&generation->lock);
    if (!is_there)
        return 0;
    const EVP_CIPHER *kind = generation->ticket_cipher;
    bool is_ready = kind && start_mac(mac, &key) &&
                    EVP_DecryptInit_ex(cipher, kind, NULL, key.cipher_key, iv) == 1;
    OPENSSL_cleanse(&key, sizeof key);
    return !is_ready ? -1 : is_newest ? 1 : 2;
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int is_sealed)
{
    const struct wf_tls *tls = SSL_get_app_data(ssl);
    uint32_t lifetime_s = tls->identity->settings.ticket_lifetime_s;
    if (is_sealed)
        return seal(tls->generation, lifetime_s, name, iv, cipher, mac);
    int answer = open_sealed(tls->generation, lifetime_s, name, iv, cipher, mac);
    /* RFC 8446 C.4: a client uses a ticket once, so that nobody can tell its connections to be of
     * one client. It gets one for the next. */
    return answer == 1 && SSL_version(ssl) == TLS1_3_VERSION ? 2 : answer;
}

void wf_tickets_prepare(SSL_CTX *context, const struct wf_settings *settings)
{
    if (settings->tickets_off) {
        (void)SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        (void)SSL_CTX_set_num_tickets(context, 0);
        return;
    }
    /* One is enough: a client that wants more connections gets one with each. */
    (void)SSL_CTX_set_num_tickets(context, 1);
    (void)SSL_CTX_set_timeout(context, (long)settings->ticket_lifetime_s);
    (void)SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
}

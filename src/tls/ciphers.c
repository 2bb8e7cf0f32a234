#include "tls/ciphers.h"

struct wf_cipher_slot {
    struct wf_cipher_slot *older, *newer; /* In the order of their last use. */
    struct wf_cipher *owner;
    EVP_CIPHER_CTX *context;
    const EVP_CIPHER *kind; /* Of the context. */
};

/* Fetching takes locks of OpenSSL's: it is done once. */
struct fetched {
    uint16_t suite_number; /* 0: none yet. */
    EVP_CIPHER *cipher;
    EVP_MAC_CTX *mac;
};

enum { SUITES_MAX = 3 };

/* The pool's guest. */
struct ciphers {
    struct wf_pool_guest guest; /* First. */
    struct wf_cipher_slot *oldest, *newest;
    size_t count;
    struct fetched fetched[SUITES_MAX];
};

static struct ciphers *ciphers_of(const struct wf_pool *pool)
{
    return (struct ciphers *)(void *)pool->guests[WF_SEAT_CIPHERS];
}

static void unlink_slot(struct ciphers *ciphers, struct wf_cipher_slot *slot)
{
    *(slot->older ? &slot->older->newer : &ciphers->oldest) = slot->newer;
    *(slot->newer ? &slot->newer->older : &ciphers->newest) = slot->older;
}

static void link_newest(struct ciphers *ciphers, struct wf_cipher_slot *slot)
{
    slot->older = ciphers->newest;
    slot->newer = NULL;
    *(slot->older ? &slot->older->newer : &ciphers->oldest) = slot;
    ciphers->newest = slot;
}

static void free_slot(struct ciphers *ciphers, struct wf_pool *pool, struct wf_cipher_slot *slot)
{
    unlink_slot(ciphers, slot);
    ciphers->count--;
    slot->owner->slot = NULL;
    EVP_CIPHER_CTX_free(slot->context); /* Wipes the key, too. */
    wf_free(pool->allocator, slot);
}

static void on_drop(struct wf_pool_guest *guest, struct wf_pool *pool)
{
    struct ciphers *ciphers = (struct ciphers *)(void *)guest;
    while (ciphers->oldest)
        free_slot(ciphers, pool, ciphers->oldest);
    for (size_t i = 0; i < SUITES_MAX; i++) {
        EVP_CIPHER_free(ciphers->fetched[i].cipher);
        EVP_MAC_CTX_free(ciphers->fetched[i].mac);
    }
    wf_free(pool->allocator, ciphers);
}

static struct ciphers *need_ciphers(struct wf_pool *pool)
{
    if (pool->guests[WF_SEAT_CIPHERS])
        return ciphers_of(pool);
    struct ciphers *ciphers = wf_alloc_zero(pool->allocator, sizeof *ciphers);
    if (!ciphers)
        return NULL;
    ciphers->guest.on_drop = on_drop;
    pool->guests[WF_SEAT_CIPHERS] = &ciphers->guest;
    return ciphers;
}

static struct fetched *fetch(struct ciphers *ciphers, const struct wf_record_suite *suite)
{
    for (size_t i = 0; i < SUITES_MAX; i++) {
        struct fetched *fetched = &ciphers->fetched[i];
        if (!fetched->suite_number) {
            *fetched = (struct fetched){ suite->number, EVP_CIPHER_fetch(NULL, suite->cipher, NULL),
                                         wf_record_mac_new(suite) };
        }
        if (fetched->suite_number == suite->number)
            return fetched;
    }
    return NULL;
}

static struct wf_cipher_slot *make_slot(struct ciphers *ciphers, struct wf_pool *pool)
{
    struct wf_cipher_slot *slot = wf_alloc_zero(pool->allocator, sizeof *slot);
    EVP_CIPHER_CTX *context = slot ? EVP_CIPHER_CTX_new() : NULL;
    if (!context) {
        wf_free(pool->allocator, slot);
        return NULL;
    }
    slot->context = context;
    ciphers->count++;
    return slot;
}

/* A new one, or the one that was used longest ago; in no order. */
static struct wf_cipher_slot *take_slot(struct ciphers *ciphers, struct wf_pool *pool)
{
    struct wf_cipher_slot *slot = ciphers->count < WF_CIPHERS_MAX ? make_slot(ciphers, pool) : NULL;
    if (slot || !ciphers->oldest)
        return slot;
    slot = ciphers->oldest;
    unlink_slot(ciphers, slot);
    slot->owner->slot = NULL;
    return slot;
}

/* Cold: keys the context. */
static EVP_CIPHER_CTX *take_context(struct wf_cipher *cipher, struct wf_pool *pool,
                                    const struct wf_record_suite *suite, const uint8_t *key)
{
    struct ciphers *ciphers = need_ciphers(pool);
    const struct fetched *fetched = ciphers ? fetch(ciphers, suite) : NULL;
    const EVP_CIPHER *kind = fetched ? fetched->cipher : NULL;
    struct wf_cipher_slot *slot = kind ? take_slot(ciphers, pool) : NULL;
    if (!slot)
        return NULL;
    slot->owner = cipher;
    link_newest(ciphers, slot);
    cipher->slot = slot;
    /* A context that stays of its kind takes another key without an allocation. */
    const EVP_CIPHER *other_kind = slot->kind == kind ? NULL : kind;
    slot->kind = kind;
    if (EVP_CipherInit_ex(slot->context, other_kind, NULL, key, NULL, cipher->seals) == 1)
        return slot->context;
    free_slot(ciphers, pool, slot);
    return NULL;
}

EVP_CIPHER_CTX *wf_cipher_need(struct wf_cipher *cipher, struct wf_pool *pool,
                               const struct wf_record_suite *suite, const uint8_t *key)
{
    struct wf_cipher_slot *slot = cipher->slot;
    if (!slot)
        return take_context(cipher, pool, suite, key);
    if (slot->newer) {
        struct ciphers *ciphers = ciphers_of(pool);
        unlink_slot(ciphers, slot);
        link_newest(ciphers, slot);
    }
    return slot->context;
}

EVP_MAC_CTX *wf_cipher_mac(struct wf_pool *pool, const struct wf_record_suite *suite)
{
    struct ciphers *ciphers = need_ciphers(pool);
    const struct fetched *fetched = ciphers ? fetch(ciphers, suite) : NULL;
    return fetched ? fetched->mac : NULL;
}

void wf_cipher_drop(struct wf_cipher *cipher, struct wf_pool *pool)
{
    if (cipher->slot)
        free_slot(ciphers_of(pool), pool, cipher->slot);
}

size_t wf_ciphers_count(const struct wf_pool *pool)
{
    return pool->guests[WF_SEAT_CIPHERS] ? ciphers_of(pool)->count : 0;
}

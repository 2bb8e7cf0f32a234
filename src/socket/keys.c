/* The queued messages by their keys: WEFT_SEND_LATEST. */
#include "io/loop.h"
#include "socket/items.h"

enum { FIRST_BUCKETS = 16 };

/* The last steps of MurmurHash3: the low bits depend on all. */
static size_t bucket_of(uint64_t key, size_t bucket_count)
{
    key = (key ^ (key >> 33)) * 0xff51afd7ed558ccdULL;
    key = (key ^ (key >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return (size_t)(key ^ (key >> 33)) & (bucket_count - 1);
}

static void put(struct wf_item **buckets, size_t bucket_count, struct wf_item *item)
{
    struct wf_item **bucket = &buckets[bucket_of(item->key, bucket_count)];
    item->next_in_bucket = *bucket;
    *bucket = item;
}

static void give_buckets(weft_socket *socket)
{
    struct wf_backlog *backlog = socket->rare->backlog;
    wf_pool_give(wf_loop_pool(wf_socket_loop(socket)), backlog->buckets,
                 backlog->bucket_count * sizeof *backlog->buckets);
}

/* Doubles the buckets when there is a key for each. Without memory the old ones serve on. */
static bool grow(weft_socket *socket)
{
    struct wf_backlog *backlog = socket->rare->backlog;
    if (backlog->key_count < backlog->bucket_count)
        return true;
    size_t count = backlog->bucket_count ? backlog->bucket_count * 2 : FIRST_BUCKETS;
    struct wf_item **buckets =
        wf_pool_take(wf_loop_pool(wf_socket_loop(socket)), count * sizeof *buckets, NULL);
    if (!buckets)
        return backlog->bucket_count > 0;
    for (size_t i = 0; i < count; i++)
        buckets[i] = NULL;
    for (size_t i = 0; i < backlog->bucket_count; i++) {
        while (backlog->buckets[i]) {
            struct wf_item *item = backlog->buckets[i];
            backlog->buckets[i] = item->next_in_bucket;
            put(buckets, count, item);
        }
    }
    give_buckets(socket);
    backlog->buckets = buckets;
    backlog->bucket_count = count;
    return true;
}

bool wf_keys_add(weft_socket *socket, struct wf_item *item)
{
    struct wf_backlog *backlog = socket->rare->backlog;
    if (!grow(socket))
        return false;
    put(backlog->buckets, backlog->bucket_count, item);
    backlog->key_count++;
    return true;
}

void wf_keys_remove(struct wf_backlog *backlog, struct wf_item *item)
{
    struct wf_item **place = &backlog->buckets[bucket_of(item->key, backlog->bucket_count)];
    while (*place != item)
        place = &(*place)->next_in_bucket;
    *place = item->next_in_bucket;
    backlog->key_count--;
}

struct wf_item *wf_keys_find(const struct wf_backlog *backlog, uint64_t key)
{
    if (!backlog->bucket_count)
        return NULL;
    struct wf_item *item = backlog->buckets[bucket_of(key, backlog->bucket_count)];
    while (item && item->key != key)
        item = item->next_in_bucket;
    return item;
}

void wf_keys_drop(weft_socket *socket)
{
    struct wf_backlog *backlog = socket->rare->backlog;
    give_buckets(socket);
    backlog->buckets = NULL;
    backlog->bucket_count = 0;
}

#include "pubsub/hub.h"

#include "base/list.h"
#include "io/loop.h"
#include "io/random.h"
#include "socket/socket.h"

#include <stdatomic.h>
#include <stdlib.h>

struct weft_hub {
    weft_loop *loop;             /* Retained. */
    _Atomic uint32_t references; /* The user's, and one for each publication on its way. */
    _Atomic uint64_t posted_bytes;
    uint64_t posted_bytes_max;
    bool is_destroyed;
    uint32_t topic_bytes_max;
    struct wf_topics topics;
    struct wf_arena arena; /* Of short messages. */
    struct wf_link *subscribers;
};

/* What hangs on a socket that has subscribed. */
struct subscriber {
    struct wf_attachment attachment;
    struct wf_link link;
    struct wf_member member;
    weft_hub *hub;
    weft_socket *socket;
};

static uint32_t with_default(uint32_t value, uint32_t standard)
{
    return value ? value : standard;
}

weft_status weft_hub_create(weft_loop *loop, const struct weft_hub_options *options,
                            weft_hub **hub_out)
{
    static const struct weft_hub_options defaults = { 0 };
    if (!loop || !hub_out)
        return WEFT_ERR_ARGUMENT;
    if (!options)
        options = &defaults;
    weft_hub *hub = wf_alloc_zero(wf_loop_allocator(loop), sizeof *hub);
    if (!hub)
        return WEFT_ERR_MEMORY;
    hub->loop = wf_loop_retain(loop);
    hub->references = 1;
    hub->posted_bytes_max = options->posted_bytes_max ? options->posted_bytes_max : 16 << 20;
    hub->topic_bytes_max = with_default(options->topic_bytes_max, 255);
    hub->topics.allocator = wf_loop_allocator(loop);
    hub->topics.topics_max = with_default(options->topics_max, 1000000);
    hub->topics.topics_per_member_max = with_default(options->topics_per_socket_max, 1000);
    wf_random(&hub->topics.seed, sizeof hub->topics.seed, NULL);
    *hub_out = hub;
    return WEFT_OK;
}

static void subscriber_destroy(struct subscriber *subscriber)
{
    weft_hub *hub = subscriber->hub;
    wf_topics_remove_all(&hub->topics, &subscriber->member);
    wf_link_remove(&subscriber->link);
    wf_free(wf_loop_allocator(hub->loop), subscriber);
}

static void release(weft_hub *hub)
{
    if (atomic_fetch_sub_explicit(&hub->references, 1, memory_order_acq_rel) > 1)
        return;
    weft_loop *loop = hub->loop;
    wf_free(wf_loop_allocator(loop), hub);
    wf_loop_release(loop);
}

void weft_hub_destroy(weft_hub *hub)
{
    if (!hub)
        return;
    hub->is_destroyed = true;
    while (hub->subscribers) {
        struct subscriber *subscriber = WF_CONTAINER_OF(hub->subscribers, struct subscriber, link);
        wf_socket_detach(subscriber->socket, &subscriber->attachment);
        subscriber_destroy(subscriber);
    }
    wf_topics_drop(&hub->topics);
    wf_arena_drop(&hub->arena, wf_loop_pool(hub->loop));
    release(hub);
}

static void on_socket_gone(struct wf_attachment *attachment, weft_socket *socket)
{
    (void)socket;
    subscriber_destroy(WF_CONTAINER_OF(attachment, struct subscriber, attachment));
}

static struct subscriber *find_subscriber(weft_hub *hub, const weft_socket *socket)
{
    struct wf_attachment *attachment = wf_socket_attachment(socket, hub);
    return attachment ? WF_CONTAINER_OF(attachment, struct subscriber, attachment) : NULL;
}

static struct subscriber *need_subscriber(weft_hub *hub, weft_socket *socket)
{
    struct subscriber *subscriber = find_subscriber(hub, socket);
    if (subscriber)
        return subscriber;
    subscriber = wf_alloc_zero(wf_loop_allocator(hub->loop), sizeof *subscriber);
    if (!subscriber)
        return NULL;
    subscriber->hub = hub;
    subscriber->socket = socket;
    subscriber->attachment.kind = hub;
    subscriber->attachment.on_gone = on_socket_gone;
    wf_socket_attach(socket, &subscriber->attachment);
    wf_link_insert(&hub->subscribers, &subscriber->link);
    return subscriber;
}

/* One that hears nothing any more does not hang on its socket. */
static void drop_when_idle(struct subscriber *subscriber)
{
    if (subscriber->member.count)
        return;
    wf_socket_detach(subscriber->socket, &subscriber->attachment);
    subscriber_destroy(subscriber);
}

static bool is_topic(const weft_hub *hub, struct weft_text topic)
{
    return topic.count >= 1 && topic.count <= hub->topic_bytes_max;
}

weft_status weft_subscribe(weft_hub *hub, weft_socket *socket, const char *topic)
{
    struct weft_text name = weft_text_of(topic);
    if (!hub || !socket || !is_topic(hub, name) || weft_socket_loop(socket) != hub->loop)
        return WEFT_ERR_ARGUMENT;
    if (weft_socket_ready_state(socket) == WEFT_CLOSED)
        return WEFT_ERR_CLOSED;
    struct subscriber *subscriber = need_subscriber(hub, socket);
    if (!subscriber)
        return WEFT_ERR_MEMORY;
    weft_status status = wf_topics_add(&hub->topics, &subscriber->member, name);
    drop_when_idle(subscriber);
    return status;
}

weft_status weft_unsubscribe(weft_hub *hub, weft_socket *socket, const char *topic)
{
    if (!hub || !socket || !topic)
        return WEFT_ERR_ARGUMENT;
    struct subscriber *subscriber = find_subscriber(hub, socket);
    if (!subscriber)
        return WEFT_ERR_NOT_FOUND;
    weft_status status = wf_topics_remove(&hub->topics, &subscriber->member, weft_text_of(topic));
    drop_when_idle(subscriber);
    return status;
}

static weft_status send_to_all(const struct wf_topic *topic, struct wf_shared *shared,
                               const weft_socket *except, const uint64_t *key)
{
    weft_status first = WEFT_OK;
    for (uint32_t i = 0; i < topic->member_count; i++) {
        struct subscriber *subscriber =
            WF_CONTAINER_OF(wf_topic_member(topic, i), struct subscriber, member);
        if (subscriber->socket == except)
            continue;
        weft_status status = wf_socket_send_shared(subscriber->socket, shared, key);
        /* One that is too slow closes or misses it, which is its affair; the others get it. */
        if (status && status != WEFT_ERR_LIMIT && status != WEFT_ERR_FULL && !first)
            first = status;
    }
    return first;
}

/* On the hub's own thread. */
static weft_status publish(weft_hub *hub, struct weft_text topic, enum weft_message_type type,
                           struct weft_bytes payload, const weft_socket *except,
                           const uint64_t *key)
{
    const struct wf_topic *found = wf_topics_find(&hub->topics, topic);
    if (!found)
        return WEFT_OK;
    struct wf_shared *shared;
    weft_status status = wf_socket_prepare(hub->loop, &hub->arena, type, payload, &shared);
    if (status)
        return status;
    status = send_to_all(found, shared, except, key);
    wf_shared_release(wf_loop_pool(hub->loop), shared);
    return status;
}

/* What another thread publishes, on its way to the hub's. */
struct publication {
    struct wf_post post;
    weft_hub *hub;
    weft_socket *except;
    enum weft_message_type type;
    bool has_key;
    uint64_t key;
    size_t topic_bytes;
    size_t bytes;
    char data[]; /* The topic, and behind it the message. */
};

static void publication_destroy(struct publication *publication)
{
    atomic_fetch_sub_explicit(&publication->hub->posted_bytes,
                              sizeof *publication + publication->topic_bytes + publication->bytes,
                              memory_order_relaxed);
    weft_socket_release(publication->except);
    release(publication->hub);
    free(publication);
}

static void publish_posted(struct wf_post *post, bool is_dropped)
{
    struct publication *publication = WF_CONTAINER_OF(post, struct publication, post);
    struct weft_text topic = { publication->data, publication->topic_bytes };
    struct weft_bytes payload = { (const uint8_t *)publication->data + publication->topic_bytes,
                                  publication->bytes };
    /* Nobody can be told that there was no memory. */
    if (!is_dropped && !publication->hub->is_destroyed)
        (void)!publish(publication->hub, topic, publication->type, payload, publication->except,
                       publication->has_key ? &publication->key : NULL);
    publication_destroy(publication);
}

static bool reserve(weft_hub *hub, size_t bytes)
{
    uint64_t before = atomic_fetch_add_explicit(&hub->posted_bytes, bytes, memory_order_relaxed);
    if (bytes <= hub->posted_bytes_max && before <= hub->posted_bytes_max - bytes)
        return true;
    atomic_fetch_sub_explicit(&hub->posted_bytes, bytes, memory_order_relaxed);
    return false;
}

static weft_status publish_from_afar(weft_hub *hub, struct weft_text topic,
                                     enum weft_message_type type, struct weft_bytes payload,
                                     const weft_socket *except, const uint64_t *key)
{
    if (type == WEFT_TEXT && !wf_socket_is_text(payload))
        return WEFT_ERR_UTF8;
    if (!is_topic(hub, topic))
        return WEFT_OK; /* Nobody can have subscribed to it. */
    struct publication *publication;
    size_t bytes = sizeof *publication + topic.count;
    if (payload.count > SIZE_MAX - bytes || !reserve(hub, bytes + payload.count))
        return WEFT_ERR_LIMIT;
    /* Not the loop's allocator: that belongs to the loop's thread. */
    publication = malloc(bytes + payload.count);
    if (!publication) {
        atomic_fetch_sub_explicit(&hub->posted_bytes, bytes + payload.count, memory_order_relaxed);
        return WEFT_ERR_MEMORY;
    }
    *publication = (struct publication){ .post.work = publish_posted,
                                         .hub = hub,
                                         .type = type,
                                         .has_key = key != NULL,
                                         .key = key ? *key : 0,
                                         .topic_bytes = topic.count,
                                         .bytes = payload.count };
    memcpy(publication->data, topic.data, topic.count);
    if (payload.count)
        memcpy(publication->data + topic.count, payload.data, payload.count);
    /* It is only compared with, and counted. */
    publication->except = except ? weft_socket_retain((weft_socket *)(uintptr_t)except) : NULL;
    atomic_fetch_add_explicit(&hub->references, 1, memory_order_relaxed);
    if (!wf_loop_post(hub->loop, &publication->post))
        publication_destroy(publication); /* The loop is gone, and the subscribers with it. */
    return WEFT_OK;
}

static weft_status publish_anywhere(weft_hub *hub, const char *topic, enum weft_message_type type,
                                    struct weft_bytes payload, const weft_socket *except,
                                    const uint64_t *key)
{
    if (!hub || !topic || (!payload.data && payload.count) ||
        (type != WEFT_TEXT && type != WEFT_BINARY))
        return WEFT_ERR_ARGUMENT;
    struct weft_text name = weft_text_of(topic);
    return wf_loop_is_current(hub->loop) ? publish(hub, name, type, payload, except, key)
                                         : publish_from_afar(hub, name, type, payload, except, key);
}

weft_status weft_publish(weft_hub *hub, const char *topic, enum weft_message_type type,
                         const void *data, size_t bytes, const weft_socket *except)
{
    struct weft_bytes payload = { data, bytes };
    return publish_anywhere(hub, topic, type, payload, except, NULL);
}

weft_status weft_publish_keyed(weft_hub *hub, const char *topic, enum weft_message_type type,
                               const void *data, size_t bytes, uint64_t key,
                               const weft_socket *except)
{
    struct weft_bytes payload = { data, bytes };
    return publish_anywhere(hub, topic, type, payload, except, &key);
}

size_t weft_subscriber_count(const weft_hub *hub, const char *topic)
{
    const struct wf_topic *found = wf_topics_find(&hub->topics, weft_text_of(topic));
    return found ? found->member_count : 0;
}

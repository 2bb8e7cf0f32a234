#include "pubsub/hub.h"

#include "base/list.h"
#include "io/loop.h"
#include "io/random.h"
#include "socket/socket.h"

struct weft_hub {
    weft_loop *loop;
    uint32_t topic_bytes_max;
    struct wf_topics topics;
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
    hub->loop = loop;
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

void weft_hub_destroy(weft_hub *hub)
{
    if (!hub)
        return;
    while (hub->subscribers) {
        struct subscriber *subscriber = WF_CONTAINER_OF(hub->subscribers, struct subscriber, link);
        wf_socket_detach(subscriber->socket, &subscriber->attachment);
        subscriber_destroy(subscriber);
    }
    wf_topics_drop(&hub->topics);
    wf_free(wf_loop_allocator(hub->loop), hub);
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

weft_status weft_publish(weft_hub *hub, const char *topic, enum weft_message_type type,
                         const void *data, size_t bytes, const weft_socket *except)
{
    if (!hub || !topic || (!data && bytes) || (type != WEFT_TEXT && type != WEFT_BINARY))
        return WEFT_ERR_ARGUMENT;
    const struct wf_topic *found = wf_topics_find(&hub->topics, weft_text_of(topic));
    if (!found)
        return WEFT_OK;
    struct wf_shared *shared;
    weft_status status =
        wf_socket_prepare(hub->loop, type, (struct weft_bytes){ data, bytes }, &shared);
    if (status)
        return status;
    status = send_to_all(found, shared, except, NULL);
    wf_shared_release(wf_loop_pool(hub->loop), shared);
    return status;
}

size_t weft_subscriber_count(const weft_hub *hub, const char *topic)
{
    const struct wf_topic *found = wf_topics_find(&hub->topics, weft_text_of(topic));
    return found ? found->member_count : 0;
}

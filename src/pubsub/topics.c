#include "pubsub/topics.h"

#include <assert.h>

struct wf_subscription {
    struct wf_subscription *next; /* Of the same member. */
    struct wf_topic *topic;
    struct wf_member *member;
    uint32_t number; /* Its place in topic->members. */
};

enum { FIRST_BUCKETS = 16, FIRST_MEMBERS = 4 };

/* FNV-1a with a seed, and a last mixing so that the low bits depend on all. */
static uint32_t hash_of(const struct wf_topics *topics, struct weft_text name)
{
    uint32_t hash = 2166136261u ^ topics->seed;
    for (size_t i = 0; i < name.count; i++)
        hash = (hash ^ (uint8_t)name.data[i]) * 16777619u;
    hash ^= hash >> 16;
    hash *= 0x85ebca6bu;
    return hash ^ (hash >> 13);
}

static struct wf_topic **place_of(const struct wf_topics *topics, uint32_t hash,
                                  struct weft_text name)
{
    struct wf_topic **place = &topics->buckets[hash & (topics->bucket_count - 1)];
    while (*place && ((*place)->hash != hash || (*place)->name_bytes != name.count ||
                      memcmp((*place)->name, name.data, name.count) != 0))
        place = &(*place)->next;
    return place;
}

const struct wf_topic *wf_topics_find(const struct wf_topics *topics, struct weft_text name)
{
    return topics->bucket_count ? *place_of(topics, hash_of(topics, name), name) : NULL;
}

struct wf_member *wf_topic_member(const struct wf_topic *topic, uint32_t number)
{
    return topic->members[number]->member;
}

/* Doubles the buckets when there is a topic for each. Without memory the old ones serve on. */
static weft_status grow(struct wf_topics *topics)
{
    if (topics->topic_count < topics->bucket_count)
        return WEFT_OK;
    uint32_t count = topics->bucket_count ? topics->bucket_count * 2 : FIRST_BUCKETS;
    struct wf_topic **buckets = wf_alloc_zero(topics->allocator, count * sizeof *buckets);
    if (!buckets)
        return topics->bucket_count ? WEFT_OK : WEFT_ERR_MEMORY;
    for (uint32_t i = 0; i < topics->bucket_count; i++) {
        while (topics->buckets[i]) {
            struct wf_topic *topic = topics->buckets[i];
            topics->buckets[i] = topic->next;
            topic->next = buckets[topic->hash & (count - 1)];
            buckets[topic->hash & (count - 1)] = topic;
        }
    }
    wf_free(topics->allocator, topics->buckets);
    topics->buckets = buckets;
    topics->bucket_count = count;
    return WEFT_OK;
}

static void topic_destroy(struct wf_topics *topics, struct wf_topic **place)
{
    struct wf_topic *topic = *place;
    assert(topic);
    *place = topic->next;
    topics->topic_count--;
    wf_free(topics->allocator, topic->members);
    wf_free(topics->allocator, topic);
}

static weft_status topic_create(struct wf_topics *topics, uint32_t hash, struct weft_text name,
                                struct wf_topic **topic_out)
{
    if (topics->topic_count >= topics->topics_max)
        return WEFT_ERR_LIMIT;
    struct wf_topic *topic = wf_alloc(topics->allocator, sizeof *topic + name.count);
    if (!topic)
        return WEFT_ERR_MEMORY;
    struct wf_topic **place = place_of(topics, hash, name);
    *topic = (struct wf_topic){ .hash = hash, .name_bytes = (uint32_t)name.count, .next = *place };
    memcpy(topic->name, name.data, name.count);
    *place = topic;
    topics->topic_count++;
    *topic_out = topic;
    return WEFT_OK;
}

static bool make_room(struct wf_topics *topics, struct wf_topic *topic)
{
    if (topic->member_count < topic->member_room)
        return true;
    uint32_t room = topic->member_room ? topic->member_room * 2 : FIRST_MEMBERS;
    void *members = wf_resize(topics->allocator, topic->members, room * sizeof *topic->members);
    if (!members)
        return false;
    topic->members = members;
    topic->member_room = room;
    return true;
}

static weft_status subscribe(struct wf_topics *topics, struct wf_topic *topic,
                             struct wf_member *member)
{
    struct wf_subscription *subscription = wf_alloc(topics->allocator, sizeof *subscription);
    if (!subscription || !make_room(topics, topic)) {
        wf_free(topics->allocator, subscription);
        return WEFT_ERR_MEMORY;
    }
    *subscription = (struct wf_subscription){
        .next = member->first, .topic = topic, .member = member, .number = topic->member_count
    };
    topic->members[topic->member_count++] = subscription;
    member->first = subscription;
    member->count++;
    return WEFT_OK;
}

static struct wf_subscription **subscription_of(struct wf_member *member,
                                                const struct wf_topic *topic)
{
    struct wf_subscription **place = &member->first;
    while (*place && (*place)->topic != topic)
        place = &(*place)->next;
    return place;
}

weft_status wf_topics_add(struct wf_topics *topics, struct wf_member *member, struct weft_text name)
{
    weft_status status = grow(topics);
    if (status)
        return status;
    uint32_t hash = hash_of(topics, name);
    struct wf_topic *topic = *place_of(topics, hash, name);
    if (topic && *subscription_of(member, topic))
        return WEFT_OK;
    if (member->count >= topics->topics_per_member_max)
        return WEFT_ERR_LIMIT;
    if (!topic)
        status = topic_create(topics, hash, name, &topic);
    if (!status)
        status = subscribe(topics, topic, member);
    if (status && topic && topic->member_count == 0)
        topic_destroy(topics, place_of(topics, hash, name));
    return status;
}

static void remove_subscription(struct wf_topics *topics, struct wf_subscription **place)
{
    struct wf_subscription *subscription = *place;
    struct wf_topic *topic = subscription->topic;
    *place = subscription->next;
    subscription->member->count--;

    struct wf_subscription *last = topic->members[--topic->member_count];
    topic->members[subscription->number] = last;
    last->number = subscription->number;
    wf_free(topics->allocator, subscription);
    if (topic->member_count == 0) {
        struct weft_text name = { topic->name, topic->name_bytes };
        topic_destroy(topics, place_of(topics, topic->hash, name));
    }
}

weft_status wf_topics_remove(struct wf_topics *topics, struct wf_member *member,
                             struct weft_text name)
{
    const struct wf_topic *topic = wf_topics_find(topics, name);
    struct wf_subscription **place = topic ? subscription_of(member, topic) : NULL;
    if (!place || !*place)
        return WEFT_ERR_NOT_FOUND;
    remove_subscription(topics, place);
    return WEFT_OK;
}

void wf_topics_remove_all(struct wf_topics *topics, struct wf_member *member)
{
    while (member->first)
        remove_subscription(topics, &member->first);
}

void wf_topics_drop(struct wf_topics *topics)
{
    for (uint32_t i = 0; i < topics->bucket_count; i++) {
        while (topics->buckets[i]) {
            struct wf_topic *topic = topics->buckets[i];
            for (uint32_t number = 0; number < topic->member_count; number++)
                wf_free(topics->allocator, topic->members[number]);
            topic_destroy(topics, &topics->buckets[i]);
        }
    }
    wf_free(topics->allocator, topics->buckets);
    topics->buckets = NULL;
    topics->bucket_count = 0;
}

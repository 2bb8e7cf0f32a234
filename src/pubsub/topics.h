/* Who hears which topic: pure bookkeeping. A subscription costs a few pointers; taking it back, or
 * all of a member's, costs no search through the topic's members. */
#ifndef WF_PUBSUB_TOPICS_H
#define WF_PUBSUB_TOPICS_H

#include "base/alloc.h"
#include "weft/status.h"

#include <stdbool.h>

struct wf_subscription;

/* One who hears: embedded in its owner, zero-filled at first. */
struct wf_member {
    struct wf_subscription *first;
    uint32_t count;
};

struct wf_topic {
    struct wf_topic *next; /* In its bucket. */
    struct wf_subscription **members;
    uint32_t member_count;
    uint32_t member_room;
    uint32_t hash;
    uint32_t name_bytes;
    char name[];
};

struct wf_topics {
    const struct weft_allocator *allocator;
    struct wf_topic **buckets; /* A power of two; NULL until the first topic. */
    uint32_t bucket_count;
    uint32_t topic_count;
    uint32_t topics_max;
    uint32_t topics_per_member_max;
    uint32_t seed; /* Unpredictable: names may come from the peers. */
};

/* Frees everything. Members that still hear something must not be used any more. */
void wf_topics_drop(struct wf_topics *topics);

/* Twice is once. WEFT_ERR_LIMIT: a maximum is reached; WEFT_ERR_MEMORY: nothing is changed. */
WEFT_MUST_USE weft_status wf_topics_add(struct wf_topics *topics, struct wf_member *member,
                                        struct weft_text name);

/* WEFT_ERR_NOT_FOUND: it does not hear that topic. */
WEFT_MUST_USE weft_status wf_topics_remove(struct wf_topics *topics, struct wf_member *member,
                                           struct weft_text name);
void wf_topics_remove_all(struct wf_topics *topics, struct wf_member *member);

/* NULL: nobody hears it. Valid until the next change. */
const struct wf_topic *wf_topics_find(const struct wf_topics *topics, struct weft_text name);

/* A member by its number, 0 to member_count - 1. */
struct wf_member *wf_topic_member(const struct wf_topic *topic, uint32_t number);

#endif

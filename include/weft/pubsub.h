/* Topics: one message for many sockets. */
#ifndef WEFT_PUBSUB_H
#define WEFT_PUBSUB_H

#include "weft/loop.h"
#include "weft/socket.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weft_hub weft_hub;

/** Zero in a field means its default. */
struct weft_hub_options {
    uint32_t topics_max;            /* 0: 1 000 000 topics with subscribers at one time. */
    uint32_t topic_bytes_max;       /* 0: 255 bytes in a topic's name. */
    uint32_t topics_per_socket_max; /* 0: 1 000. */
    uint64_t posted_bytes_max;      /* 0: 16 MiB that other threads have published, on their way. */
};

/** Makes a hub for the sockets of one loop. options NULL: all defaults. Errors: WEFT_ERR_MEMORY. */
WEFT_API WEFT_MUST_USE weft_status weft_hub_create(weft_loop *loop,
                                                   const struct weft_hub_options *options,
                                                   weft_hub **hub_out);

/** Ends all subscriptions and frees the hub, before or after its loop. What other threads have
 * published and has not come yet is dropped; they must not publish any more. NULL is allowed. The
 * loop's own thread. */
WEFT_API void weft_hub_destroy(weft_hub *hub);

/**
 * Subscribes a socket to a topic; it ends with the socket. Twice is once.
 * topic  1 to topic_bytes_max bytes, ends with a zero; copied.
 * Errors: WEFT_ERR_ARGUMENT (topic, or a socket of another loop), WEFT_ERR_LIMIT, WEFT_ERR_CLOSED
 * (CLOSED already), WEFT_ERR_MEMORY. The loop's own thread.
 */
WEFT_API WEFT_MUST_USE weft_status weft_subscribe(weft_hub *hub, weft_socket *socket,
                                                  const char *topic);

/** Ends a subscription. WEFT_ERR_NOT_FOUND: there was none. The loop's own thread. */
WEFT_API weft_status weft_unsubscribe(weft_hub *hub, weft_socket *socket, const char *topic);

/**
 * Sends a message to all subscribers of a topic but `except` (NULL: to all). It is framed once; all
 * queues share its bytes; what one turn of the loop publishes leaves in one write per receiver.
 * Subscribers that are not OPEN are passed over; one over its send_bytes_max closes with 1013,
 * or misses what its send_policy drops.
 *
 * Errors: WEFT_ERR_UTF8, WEFT_ERR_MEMORY, WEFT_ERR_ARGUMENT. A topic without subscribers is
 * WEFT_OK. Any thread: what one thread publishes and sends comes in its order. Of another thread
 * than the loop's it is copied; over posted_bytes_max on their way: WEFT_ERR_LIMIT; that there was
 * no memory for it on the loop is not told.
 */
WEFT_API WEFT_MUST_USE weft_status weft_publish(weft_hub *hub, const char *topic,
                                                enum weft_message_type type, const void *data,
                                                size_t bytes, const weft_socket *except);

/** The same with a key, for receivers whose send_policy is WEFT_SEND_LATEST: as
 * weft_socket_send_keyed(). Any thread. */
WEFT_API WEFT_MUST_USE weft_status weft_publish_keyed(weft_hub *hub, const char *topic,
                                                      enum weft_message_type type, const void *data,
                                                      size_t bytes, uint64_t key,
                                                      const weft_socket *except);

/** The number of subscribers of a topic. The loop's own thread. */
WEFT_API size_t weft_subscriber_count(const weft_hub *hub, const char *topic);

#ifdef __cplusplus
}
#endif
#endif

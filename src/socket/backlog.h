/* What waits before the engine, to be given to it as the peer takes it: blobs, messages in parts,
 * all that was sent behind those, and, where a policy may drop messages, those that have not begun
 * to leave. */
#ifndef WF_SOCKET_BACKLOG_H
#define WF_SOCKET_BACKLOG_H

#include "socket/object.h"

enum { WF_BACKLOG_PART_BYTES = 256 * 1024 }; /* Of one fragment of a blob. */

/* send() of a socket that has a backlog or a policy. key  NULL: none. Errors as
 * weft_socket_send_keyed(). */
WEFT_MUST_USE weft_status wf_backlog_send(weft_socket *socket, enum weft_message_type type,
                                          struct weft_bytes payload, const uint64_t *key);

/* The same for a broadcast; WEFT_ERR_FULL and WEFT_ERR_LIMIT: this receiver does not get it. */
WEFT_MUST_USE weft_status wf_backlog_send_shared(weft_socket *socket, struct wf_shared *shared,
                                                 const uint64_t *key);

/* The blob is retained. WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_backlog_add_blob(weft_socket *socket, weft_blob *blob);

/* For a socket that has a backlog: close(). A message in parts that is not ended stays without an
 * end, and what waits behind it is dropped. WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_backlog_add_close(weft_socket *socket, uint16_t code,
                                               struct weft_text reason);

/* Forgets it all; bufferedAmount counts it for ever. */
void wf_backlog_drop(weft_socket *socket);

/* Payload bytes in it, and what it holds of the loop's memory. */
uint64_t wf_backlog_payload_bytes(const weft_socket *socket);
uint64_t wf_backlog_memory_bytes(const weft_socket *socket);

/* ---- feeding.c ---- */
/* Gives the engine the next of it, and writes, for as long as the peer takes it or until others
 * have their turn. */
void wf_feeding_go_on(weft_socket *socket);
/* Whether the output holds as much as it is given at a time: what is there can not be dropped. */
bool wf_feeding_is_enough(const weft_socket *socket);

/* ---- policy.c ---- */
struct wf_item;
/* Sees to it that so many bytes fit, and drops for them what the policy allows, but not `spared`
 * (NULL: nothing), which leaves anyhow. WEFT_ERR_FULL: they do not fit, and nothing was dropped;
 * WEFT_ERR_LIMIT: they never will, or the socket closes. The backlog may be gone. */
WEFT_MUST_USE weft_status wf_policy_make_room(weft_socket *socket, size_t bytes,
                                              const struct wf_item *spared);
/* A message goes missing. */
void wf_policy_count_dropped(weft_socket *socket);
static inline enum weft_send_policy wf_policy_of(const weft_socket *socket)
{
    return socket->shape->settings.send_policy;
}

#endif

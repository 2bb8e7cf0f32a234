/* What waits behind a blob that is read as the peer takes it: the blob itself, and all that was
 * sent later. */
#ifndef WF_SOCKET_BACKLOG_H
#define WF_SOCKET_BACKLOG_H

#include "socket/object.h"

/* The blob is retained. WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_backlog_add_blob(weft_socket *socket, weft_blob *blob);

/* For a socket that has a backlog: a message (checked), a shared one, and close(). WEFT_ERR_MEMORY.
 */
WEFT_MUST_USE weft_status wf_backlog_add_message(weft_socket *socket, enum weft_message_type type,
                                                 struct weft_bytes payload);
WEFT_MUST_USE weft_status wf_backlog_add_shared(weft_socket *socket, struct wf_shared *shared);
WEFT_MUST_USE weft_status wf_backlog_add_close(weft_socket *socket, uint16_t code,
                                               struct weft_text reason);

/* Gives the engine the next of it, and writes, for as long as the peer takes it or until others
 * have their turn. */
void wf_backlog_feed(weft_socket *socket);

/* Forgets it all; bufferedAmount counts it for ever. */
void wf_backlog_drop(weft_socket *socket);

/* Payload bytes in it, and what it holds of the loop's memory. */
uint64_t wf_backlog_payload_bytes(const weft_socket *socket);
uint64_t wf_backlog_memory_bytes(const weft_socket *socket);

#endif

/* Binary messages that the user wants as blobs: in memory, or a large one in a file. */
#ifndef WF_SOCKET_SPOOLING_H
#define WF_SOCKET_SPOOLING_H

#include "socket/object.h"

/* Tells of a whole message, and of one that came in parts once its last has come. When there is no
 * memory or no space for it, the connection fails. */
void wf_spooling_message(weft_socket *socket, struct weft_buffer data);
void wf_spooling_part(weft_socket *socket, struct weft_buffer data, bool is_final);

/* Forgets a message of which not all has come. */
void wf_spooling_drop(weft_socket *socket);

#endif

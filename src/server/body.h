/* A large body on its way out, block by block: never more of it in memory than the reader takes. */
#ifndef WF_SERVER_BODY_H
#define WF_SERVER_BODY_H

#include "server/server.h"

enum { WF_BODY_BLOCK_BYTES = 64 * 1024 };

/* Of a file (fd), or of bytes in memory that live as long as the server (data). */
struct wf_body {
    struct wf_owned owned;
    int fd; /* -1: none. */
    const uint8_t *data;
    uint64_t offset;
    uint64_t rest;
};

/* Hangs a body on the socket, and owns the descriptor from then on. WEFT_ERR_MEMORY. */
WEFT_MUST_USE weft_status wf_body_attach(weft_socket *socket, int fd, const uint8_t *data,
                                         uint64_t offset, uint64_t bytes);

/* Gives the next block. A file that has become shorter ends the connection: its reader was promised
 * more. end_after: the connection ends behind the body. */
void wf_body_give(struct wf_body *body, weft_socket *socket, bool end_after);

/* Reads from a file. Returns how many bytes, which are fewer only where the file ends or cannot be
 * read. */
size_t wf_body_read(int fd, uint8_t *out, size_t bytes, uint64_t offset);

/* Frees a body that is no longer on its socket. */
void wf_body_destroy(struct wf_body *body, weft_socket *socket);

#endif

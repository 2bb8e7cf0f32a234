/* `weft serve` under test. */
#ifndef CONFORMANCE_SERVER_H
#define CONFORMANCE_SERVER_H

#include "conformance/peer.h"
#include "support/process.h"

struct server {
    struct process process;
    char address[80];
};

/* On a free port, with further arguments; NULL ends them. */
void server_start(struct server *server, const char *const *arguments);
/* By SIGTERM; it must end with 0 and have written nothing but where it listens. */
void server_end(struct server *server);

/* The handshake of RFC 6455 1.3, with its key. */
#define SERVER_KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define SERVER_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
void server_open(const struct server *server, struct peer *peer, const char *path);

/* What the process has now. */
size_t server_descriptor_count(const struct server *server);
size_t server_resident_bytes(const struct server *server);

/* Waits until it has no more descriptors than that. */
void server_wait_descriptors(struct server *server, size_t count);

#endif

/* A connection of a generator: TCP, or TLS over it with the same settings for every server:
 * TLS 1.3, AES-128-GCM, X25519, and the certificate is not looked at, so that the generator stays
 * the cheaper one of both. What fails ends the program with a line. */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include "common/measured.h"

#include <openssl/ssl.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { WIRE_ANSWER_BYTES_MAX = 4096 };

struct wire {
    int fd;
    SSL *ssl; /* NULL: not over TLS. Moves never once it is open. */
    /* These outlive a connection. */
    SSL_SESSION *session; /* The newest ticket, or NULL. */
    uint64_t resumed_count, ticket_count;
};

/* For all that are opened from now on. */
void wire_use_tls(void);

/* As many descriptors as the hard limit allows. */
void wire_raise_limit(void);

/* Connects, blocking. `number` chooses the address that it comes from: one alone has too few ports
 * for many. With TLS the newest ticket is kept, and used where `may_resume` is true, again if the
 * server gave no newer one; the handshake happens in the first send. */
void wire_open(struct wire *wire, const struct measured *server, uint32_t number, bool may_resume);
void wire_close(struct wire *wire);
void wire_unblock(struct wire *wire);

/* As send() and recv(): -1 with EAGAIN in errno where it must wait, 0 at the end; for each other
 * failure -1 and something else in errno. */
ssize_t wire_send(struct wire *wire, const void *data, size_t bytes);
ssize_t wire_receive(struct wire *wire, void *data, size_t bytes);

/* Writes the request for an upgrade; `extensions` is a line of the header with its end, or "". */
size_t wire_write_request(char *request, size_t room, const struct measured *server,
                          const char *path, const char *extensions);

/* Sends the request, and reads the answer, which must be 101, and not a byte more. */
void wire_shake_hands(struct wire *wire, const struct measured *server, const char *path,
                      const char *extensions, char answer[WIRE_ANSWER_BYTES_MAX]);

#endif

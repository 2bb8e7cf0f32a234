/* Every test of connections runs plain, and once more over TLS, when WEFT_TEST_TLS is set: servers
 * listen with a certificate, clients trust its CA, and raw peers speak through a bridge of
 * OpenSSL's own, so that what a test writes and reads are plain bytes in both runs. */
#ifndef SUPPORT_SECURE_H
#define SUPPORT_SECURE_H

#include "weft/weft.h"

#include <stdbool.h>

bool secure_is_on(void);

/* "wss" or "ws". */
const char *secure_scheme(void);

/* The identity of servers and the trust of clients, kept by the process; NULL when it is off. */
weft_tls *secure_identity(void);
weft_tls *secure_trust(void);

/* weft_server_listen(), over TLS when it is on. */
weft_status secure_listen(weft_server *server, const char *address, char *address_out,
                          size_t address_out_bytes);

/* Takes a connected descriptor and answers the one to use instead: the same when it is off. An end
 * of one direction becomes close_notify and an end, and the other way round; an end without
 * close_notify becomes a reset. */
int secure_bridge(int fd);

#endif

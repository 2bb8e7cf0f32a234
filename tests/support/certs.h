/* The certificates that tools/gen_certs.sh has made: $WEFT_CERTS. */
#ifndef SUPPORT_CERTS_H
#define SUPPORT_CERTS_H

#include "weft/tls.h"

/* The path of a file of the folder; one of eight static buffers that take turns. */
const char *certs_path(const char *file);

/* A server with NAME.pem and NAME.key; the caller releases it. */
weft_tls *certs_server(const char *name);

/* A client that trusts the CA of the tests; the caller releases it. */
weft_tls *certs_client(void);

#endif

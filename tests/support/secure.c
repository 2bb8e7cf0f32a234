#include "support/secure.h"

#include "support/certs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/bridge.h"

bool secure_is_on(void)
{
    const char *wanted = getenv("WEFT_TEST_TLS");
    return wanted && wanted[0] == '1';
}

const char *secure_scheme(void)
{
    return secure_is_on() ? "wss" : "ws";
}

/* Released by no test, and reachable to the end. */
static weft_tls *identity, *trust;

weft_tls *secure_identity(void)
{
    if (secure_is_on() && !identity)
        identity = certs_server("server");
    return identity;
}

weft_tls *secure_trust(void)
{
    if (secure_is_on() && !trust)
        trust = certs_client();
    return trust;
}

int secure_bridge(int fd)
{
    return secure_is_on() ? bridge_open(fd, certs_path("ca.pem")) : fd;
}

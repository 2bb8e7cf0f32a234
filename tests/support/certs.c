#include "support/certs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

const char *certs_path(const char *file)
{
    static char paths[8][512];
    static unsigned turn;
    const char *folder = getenv("WEFT_CERTS");
    char *path = paths[turn++ % 8];
    assert_non_null(folder);
    snprintf(path, sizeof paths[0], "%s/%s", folder, file);
    return path;
}

weft_tls *certs_server(const char *name)
{
    char leaf[64], key[64], error[256];
    snprintf(leaf, sizeof leaf, "%s.pem", name);
    snprintf(key, sizeof key, "%s.key", name);
    struct weft_tls_certificate certificate = { certs_path(leaf), certs_path(key) };
    struct weft_tls_server_options options = { .certificates = &certificate,
                                               .certificate_count = 1 };
    weft_tls *tls = NULL;
    if (weft_tls_server_create(&options, &tls, error, sizeof error))
        fail_msg("%s", error);
    return tls;
}

weft_tls *certs_client(void)
{
    struct weft_tls_client_options options = { .ca_file = certs_path("ca.pem") };
    weft_tls *tls = NULL;
    char error[256];
    if (weft_tls_client_create(&options, &tls, error, sizeof error))
        fail_msg("%s", error);
    return tls;
}

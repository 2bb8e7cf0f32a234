/* A build without TLS: nothing can be made, so nothing else is ever called. */
#include "tls/tls.h"

#include <stdio.h>

static weft_status refuse(weft_tls **tls_out, char *error_out, size_t error_out_bytes)
{
    if (tls_out)
        *tls_out = NULL;
    if (error_out && error_out_bytes)
        (void)snprintf(error_out, error_out_bytes, "this build has no TLS");
    return WEFT_ERR_UNSUPPORTED;
}

weft_status weft_tls_server_create(const struct weft_tls_server_options *options,
                                   weft_tls **tls_out, char *error_out, size_t error_out_bytes)
{
    (void)options;
    return refuse(tls_out, error_out, error_out_bytes);
}

weft_status weft_tls_client_create(const struct weft_tls_client_options *options,
                                   weft_tls **tls_out, char *error_out, size_t error_out_bytes)
{
    (void)options;
    return refuse(tls_out, error_out, error_out_bytes);
}

weft_status weft_tls_reload(weft_tls *tls, char *error_out, size_t error_out_bytes)
{
    (void)tls;
    return refuse(NULL, error_out, error_out_bytes);
}

weft_tls *weft_tls_retain(weft_tls *tls)
{
    return tls;
}

void weft_tls_release(weft_tls *tls)
{
    (void)tls;
}

weft_status wf_tls_open(struct wf_pool *pool, weft_tls *identity, struct weft_text host,
                        uint16_t port, struct wf_tls **tls_out)
{
    (void)pool, (void)identity, (void)host, (void)port;
    *tls_out = NULL;
    return WEFT_ERR_UNSUPPORTED;
}

void wf_tls_close(struct wf_tls *tls)
{
    (void)tls;
}

void wf_tls_feed(struct wf_tls *tls, struct weft_bytes sealed)
{
    (void)tls, (void)sealed;
}

size_t wf_tls_unused(const struct wf_tls *tls)
{
    (void)tls;
    return 0;
}

enum wf_tls_result wf_tls_read(struct wf_tls *tls, struct weft_buffer out, size_t *count_out)
{
    (void)tls, (void)out;
    *count_out = 0;
    return WF_TLS_FAILED;
}

enum wf_tls_result wf_tls_read_end(struct wf_tls *tls)
{
    (void)tls;
    return WF_TLS_FAILED;
}

bool wf_tls_is_done(const struct wf_tls *tls)
{
    (void)tls;
    return false;
}

weft_status wf_tls_seal(struct wf_tls *tls, const struct weft_bytes *plain, size_t span_count,
                        struct weft_buffer sealed_out, size_t *taken_out, size_t *sealed_count_out)
{
    (void)tls, (void)plain, (void)span_count, (void)sealed_out;
    *taken_out = *sealed_count_out = 0;
    return WEFT_ERR_UNSUPPORTED;
}

bool wf_tls_has_urgent_output(const struct wf_tls *tls)
{
    (void)tls;
    return false;
}

bool wf_tls_has_output(const struct wf_tls *tls)
{
    (void)tls;
    return false;
}

void wf_tls_end(struct wf_tls *tls)
{
    (void)tls;
}

void wf_tls_rest(struct wf_tls *tls)
{
    (void)tls;
}

const struct weft_tls_info *wf_tls_info(struct wf_tls *tls)
{
    (void)tls;
    return NULL;
}

const struct weft_failure *wf_tls_failure(const struct wf_tls *tls)
{
    (void)tls;
    return NULL;
}

bool wf_tls_is_plain_http(const struct wf_tls *tls)
{
    (void)tls;
    return false;
}

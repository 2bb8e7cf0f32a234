/* Why a connection's TLS failed, in words. */
#include "tls/session.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>

static const struct weft_failure no_memory = {
    .kind = WEFT_FAILURE_MEMORY,
    .status = WEFT_ERR_MEMORY,
    .text = "no memory for TLS",
};

const struct weft_failure *wf_tls_failure(const struct wf_tls *tls)
{
    if (!tls->has_failed)
        return NULL;
    return tls->failure ? &tls->failure->it : &no_memory;
}

bool wf_tls_is_plain_http(const struct wf_tls *tls)
{
    if (!tls->identity->settings.is_server || tls->is_done || tls->first_count < WF_FIRST_BYTES)
        return false;
    /* No record of TLS begins with a letter; methods of HTTP do. */
    for (size_t i = 0; i < 3; i++)
        if (tls->first[i] < 'A' || tls->first[i] > 'Z')
            return false;
    return true;
}

void wf_reason_fail(struct wf_tls *tls, weft_status status, const char *rule, const char *format,
                    ...)
{
    if (tls->has_failed)
        return;
    tls->has_failed = true;
    if (tls->failure) /* The check of the certificate has said it already. */
        return;
    tls->failure = wf_alloc_zero(tls->allocator, sizeof *tls->failure);
    if (!tls->failure)
        return;
    tls->failure->it.kind = WEFT_FAILURE_TLS;
    tls->failure->it.status = status;
    tls->failure->it.rule = rule;
    tls->failure->it.text = tls->failure->text;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(tls->failure->text, sizeof tls->failure->text, format, arguments);
    va_end(arguments);
}

static bool peer_speaks_tls(const struct wf_tls *tls)
{
    enum { ALERT = 0x15, HANDSHAKE = 0x16 };
    return tls->first_count == 0 || tls->first[0] == HANDSHAKE || tls->first[0] == ALERT;
}

void wf_reason_fail_here(struct wf_tls *tls)
{
    unsigned long error = ERR_peek_error();
    int reason = ERR_GET_REASON(error);
    bool is_server = tls->identity->settings.is_server;
    if (tls->write_status)
        wf_reason_fail(tls, tls->write_status, NULL, "sealed bytes cannot be kept: %s",
                       weft_status_text(tls->write_status));
    else if (wf_tls_is_plain_http(tls))
        wf_reason_fail(tls, WEFT_ERR_PROTOCOL, NULL, "plain HTTP on a TLS port");
    else if (!tls->is_done && !peer_speaks_tls(tls))
        wf_reason_fail(tls, WEFT_ERR_PROTOCOL, NULL, "the %s speaks no TLS",
                       is_server ? "client" : "server");
    else if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET)
        wf_reason_fail(tls, WEFT_ERR_REFUSED, "RFC 8446 6.2", "the %s sent the alert \"%s\"",
                       is_server ? "client" : "server",
                       SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
    else
        wf_reason_fail(tls, WEFT_ERR_PROTOCOL, NULL, "TLS: %s",
                       error ? ERR_reason_error_string(error) : "no reason given");
    ERR_clear_error();
}

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
    return tls->first[3] == ' ' || (tls->first[3] >= 'A' && tls->first[3] <= 'Z');
}

static void write_text(struct wf_tls *tls, weft_status status, const char *rule, const char *format,
                       va_list arguments)
{
    if (tls->failure) /* The first reason is the cause of the others. */
        return;
    tls->failure = wf_alloc_zero(tls->pool->allocator, sizeof *tls->failure);
    if (!tls->failure)
        return;
    tls->failure->it.kind = WEFT_FAILURE_TLS;
    tls->failure->it.status = status;
    tls->failure->it.rule = rule;
    tls->failure->it.text = tls->failure->text;
    (void)vsnprintf(tls->failure->text, sizeof tls->failure->text, format, arguments);
}

void wf_reason_note(struct wf_tls *tls, const char *rule, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_text(tls, WEFT_ERR_PROTOCOL, rule, format, arguments);
    va_end(arguments);
}

void wf_reason_fail(struct wf_tls *tls, weft_status status, const char *rule, const char *format,
                    ...)
{
    if (tls->has_failed)
        return;
    tls->has_failed = true;
    va_list arguments;
    va_start(arguments, format);
    write_text(tls, status, rule, format, arguments);
    va_end(arguments);
}

static bool peer_speaks_tls(const struct wf_tls *tls)
{
    enum { ALERT = 0x15, HANDSHAKE = 0x16 };
    return tls->first_count == 0 || tls->first[0] == HANDSHAKE || tls->first[0] == ALERT;
}

void wf_reason_forget(void)
{
    /* Emptying goes through 16 places; it is empty nearly always. */
    if (ERR_peek_error())
        ERR_clear_error();
}

/* Where OpenSSL's words are not clear enough. */
static const char *text_for(int reason, bool is_server)
{
    switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return "the client showed no certificate";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_WRONG_SSL_VERSION:
        return is_server ? "the client speaks no version of TLS that is accepted"
                         : "the server speaks no version of TLS that is accepted";
    case SSL_R_NO_SHARED_CIPHER:
        return "the client offers no cipher that is accepted";
    case SSL_R_NO_APPLICATION_PROTOCOL:
        return "the client does not offer http/1.1";
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
        return "a TLS record was changed on its way";
    default:
        return NULL;
    }
}

/* OpenSSL 3.0 sends this one and has no words for it. */
static const char *alert_name(int alert)
{
    return alert == SSL_AD_CERTIFICATE_REQUIRED ? "certificate required"
                                                : SSL_alert_desc_string_long(alert);
}

void wf_reason_fail_alert(struct wf_tls *tls, int alert)
{
    wf_reason_fail(tls, WEFT_ERR_REFUSED, "RFC 8446 6.2", "the %s sent the alert \"%s\"",
                   tls->identity->settings.is_server ? "client" : "server", alert_name(alert));
}

static void fail_by_error(struct wf_tls *tls, unsigned long error)
{
    bool is_server = tls->identity->settings.is_server;
    int reason = ERR_GET_REASON(error);
    bool is_tls = ERR_GET_LIB(error) == ERR_LIB_SSL;
    if (is_tls && reason > SSL_AD_REASON_OFFSET) {
        wf_reason_fail_alert(tls, reason - SSL_AD_REASON_OFFSET);
        return;
    }
    if (reason == ERR_R_MALLOC_FAILURE) {
        wf_reason_fail(tls, WEFT_ERR_MEMORY, NULL, "no memory for TLS");
        return;
    }
    const char *text = is_tls ? text_for(reason, is_server) : NULL;
    const char *theirs = error ? ERR_reason_error_string(error) : NULL;
    wf_reason_fail(tls, WEFT_ERR_PROTOCOL, NULL, "TLS: %s",
                   text     ? text
                   : theirs ? theirs
                            : "no reason is known");
}

static void fail_plain_http(struct wf_tls *tls)
{
    wf_unsent_drop(tls); /* An alert, which nobody there would understand. */
    wf_reason_fail(tls, WEFT_ERR_PROTOCOL, NULL, "plain HTTP on a TLS port");
}

void wf_reason_fail_here(struct wf_tls *tls)
{
    if (tls->write_status)
        wf_reason_fail(tls, tls->write_status, NULL, "sealed bytes cannot be kept: %s",
                       weft_status_text(tls->write_status));
    else if (wf_tls_is_plain_http(tls))
        fail_plain_http(tls);
    else if (!tls->is_done && !peer_speaks_tls(tls))
        wf_reason_fail(tls, WEFT_ERR_PROTOCOL, NULL, "the %s speaks no TLS",
                       tls->identity->settings.is_server ? "client" : "server");
    else
        fail_by_error(tls, ERR_peek_error());
    wf_reason_forget();
}

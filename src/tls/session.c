#include "tls/session.h"

#include <openssl/err.h>

/* The first of them goes into a record with the spans after it. */
enum { RECORD_BYTES_MAX = 16384 };

/* What a record has beside its plain bytes: 5 for the head and 8 for a nonce (TLS 1.2) or 1 for
 * the type (1.3), and 16 for the tag; rounded up. */
enum { RECORD_EXTRA_BYTES = 32 };

static struct weft_text without_brackets(struct weft_text host)
{
    if (host.count >= 2 && host.data[0] == '[' && host.data[host.count - 1] == ']')
        return (struct weft_text){ host.data + 1, host.count - 2 };
    return host;
}

static weft_status prepare(struct wf_tls *tls, struct weft_text host)
{
    tls->ssl = SSL_new(tls->generation->contexts[0]);
    BIO *bio = tls->ssl ? wf_bio_new(tls) : NULL;
    if (!bio)
        return WEFT_ERR_MEMORY;
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_app_data(tls->ssl, tls);
    if (tls->identity->settings.is_server) {
        SSL_set_accept_state(tls->ssl);
        return host.count ? WEFT_ERR_ARGUMENT : WEFT_OK;
    }
    SSL_set_connect_state(tls->ssl);
    if (host.count == 0 || memchr(host.data, '\0', host.count))
        return WEFT_ERR_ARGUMENT;
    tls->host = wf_copy_text(tls->pool->allocator, without_brackets(host));
    if (!tls->host)
        return WEFT_ERR_MEMORY;
    if (!wf_client_expect(tls))
        return WEFT_ERR_ARGUMENT;
    wf_client_resume(tls);
    return WEFT_OK;
}

static void finish(struct wf_tls *tls)
{
    tls->is_done = true;
    if (tls->identity->settings.is_server) {
        /* TLS 1.2 ends with a message that the client waits for. */
        tls->has_tickets_alone = SSL_version(tls->ssl) == TLS1_3_VERSION;
        wf_takeover_try(tls);
    }
    /* Before TLS 1.3 a session can be resumed many times; taking it has forgotten it. */
    if (tls->host && SSL_session_reused(tls->ssl) && SSL_version(tls->ssl) < TLS1_3_VERSION) {
        SSL_SESSION *session = SSL_get1_session(tls->ssl);
        if (!wf_client_remember(tls, session))
            SSL_SESSION_free(session);
    }
}

/* One step of the handshake. */
static void shake(struct wf_tls *tls)
{
    wf_reason_forget();
    int result = SSL_do_handshake(tls->ssl);
    if (result == 1)
        finish(tls);
    else if (SSL_get_error(tls->ssl, result) != SSL_ERROR_WANT_READ)
        wf_reason_fail_here(tls);
}

weft_status wf_tls_open(struct wf_pool *pool, weft_tls *identity, struct weft_text host,
                        uint16_t port, struct wf_tls **tls_out)
{
    struct wf_tls *tls = wf_alloc_zero(pool->allocator, sizeof *tls);
    if (!tls)
        return WEFT_ERR_MEMORY;
    tls->pool = pool;
    tls->port = port;
    tls->identity = weft_tls_retain(identity);
    tls->generation = wf_identity_generation(identity);
    wf_reason_forget();
    weft_status status = prepare(tls, host);
    wf_reason_forget();
    if (!status && !identity->settings.is_server) {
        shake(tls);
        status = tls->has_failed ? wf_tls_failure(tls)->status : WEFT_OK;
    }
    if (status) {
        wf_tls_close(tls);
        return status;
    }
    *tls_out = tls;
    return WEFT_OK;
}

void wf_tls_close(struct wf_tls *tls)
{
    if (!tls)
        return;
    /* Else OpenSSL marks the session, which may be remembered, as one not to resume. */
    if (tls->ssl && !tls->has_failed)
        SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(tls->ssl);
    wf_records_drop(tls);
    wf_generation_release(tls->generation);
    weft_tls_release(tls->identity);
    wf_unsent_drop(tls);
    wf_free(tls->pool->allocator, tls->failure);
    wf_free(tls->pool->allocator, tls->info);
    wf_free(tls->pool->allocator, tls->host);
    wf_free(tls->pool->allocator, tls);
}

void wf_tls_feed(struct wf_tls *tls, struct weft_bytes sealed)
{
    tls->input = sealed;
    for (size_t i = 0; i < sealed.count && tls->first_count < WF_FIRST_BYTES; i++)
        tls->first[tls->first_count++] = sealed.data[i];
}

size_t wf_tls_unused(const struct wf_tls *tls)
{
    return tls->input.count;
}

static enum wf_tls_result standing(const struct wf_tls *tls)
{
    return tls->has_failed ? WF_TLS_FAILED : tls->peer_has_ended ? WF_TLS_ENDED : WF_TLS_IS_FULL;
}

/* One record at most. False: no more comes, for the reason in *result_out. */
static bool unseal(struct wf_tls *tls, struct weft_buffer room, size_t *count_out,
                   enum wf_tls_result *result_out)
{
    wf_reason_forget();
    if (SSL_read_ex(tls->ssl, room.data, room.count, count_out) == 1)
        return true;
    *count_out = 0;
    *result_out = WF_TLS_WANTS_INPUT;
    switch (SSL_get_error(tls->ssl, 0)) {
    case SSL_ERROR_WANT_READ:
        return false;
    case SSL_ERROR_ZERO_RETURN:
        tls->peer_has_ended = true;
        break;
    default:
        wf_reason_fail_here(tls);
        break;
    }
    *result_out = standing(tls);
    return false;
}

/* OpenSSL reads no further than the record it wants, so these are all places of bytes. */
static bool has_more(const struct wf_tls *tls)
{
    return tls->input.count != 0 || SSL_pending(tls->ssl) != 0;
}

static enum wf_tls_result read_ssl(struct wf_tls *tls, struct weft_buffer out, size_t *count_out)
{
    enum wf_tls_result result = WF_TLS_IS_FULL;
    while (*count_out < out.count && has_more(tls)) {
        struct weft_buffer room = { out.data + *count_out, out.count - *count_out };
        size_t count;
        if (!unseal(tls, room, &count, &result))
            break;
        *count_out += count;
    }
    if (result == WF_TLS_IS_FULL && !has_more(tls))
        return WF_TLS_WANTS_INPUT;
    if (result == WF_TLS_FAILED || result == WF_TLS_ENDED)
        tls->input.count = 0;
    return result;
}

enum wf_tls_result wf_tls_read(struct wf_tls *tls, struct weft_buffer out, size_t *count_out)
{
    *count_out = 0;
    if (!tls->is_done && !tls->has_failed)
        shake(tls);
    if (tls->has_failed || tls->peer_has_ended) {
        tls->input.count = 0;
        return standing(tls);
    }
    if (!tls->is_done)
        return WF_TLS_WANTS_INPUT;
    return tls->ssl ? read_ssl(tls, out, count_out) : wf_records_read(tls, out, count_out);
}

enum wf_tls_result wf_tls_read_end(struct wf_tls *tls)
{
    tls->input.count = 0;
    if (!tls->peer_has_ended && !tls->has_failed)
        wf_reason_fail(tls, WEFT_ERR_CLOSED, "RFC 8446 6.1", "%s",
                       tls->is_done ? "truncated: the connection ended without close_notify"
                                    : "truncated: the connection ended during the TLS handshake");
    return standing(tls);
}

bool wf_tls_is_done(const struct wf_tls *tls)
{
    return tls->is_done;
}

/* Where the caller's spans are read. */
struct reader {
    const struct weft_bytes *spans;
    size_t span_count;
    size_t at; /* In the first of them. */
};

static void skip(struct reader *reader, size_t count)
{
    reader->at += count;
    while (reader->span_count && reader->at >= reader->spans->count) {
        reader->at -= reader->spans->count;
        reader->spans++;
        reader->span_count--;
    }
}

/* The next bytes in one piece, at most `most`: where they lie, or gathered when the first span is
 * too small for the record and others follow. */
static struct weft_bytes next_piece(const struct reader *reader, size_t most, uint8_t *gathered)
{
    struct weft_bytes piece = { reader->spans->data + reader->at,
                                reader->spans->count - reader->at };
    if (piece.count >= most)
        return (struct weft_bytes){ piece.data, most };
    if (reader->span_count == 1)
        return piece;
    struct reader ahead = *reader;
    size_t count = 0;
    while (ahead.span_count && count < most) {
        size_t left = ahead.spans->count - ahead.at;
        size_t taken = left < most - count ? left : most - count;
        memcpy(gathered + count, ahead.spans->data + ahead.at, taken);
        count += taken;
        skip(&ahead, taken);
    }
    return (struct weft_bytes){ gathered, count };
}

static weft_status seal_spans(struct wf_tls *tls, const struct weft_bytes *plain, size_t span_count,
                              size_t *taken_out)
{
    uint8_t gathered[RECORD_BYTES_MAX];
    struct reader reader = { plain, span_count, 0 };
    skip(&reader, 0);
    while (reader.span_count && tls->room.count > RECORD_EXTRA_BYTES) {
        size_t most = tls->room.count - RECORD_EXTRA_BYTES;
        struct weft_bytes piece =
            next_piece(&reader, most < RECORD_BYTES_MAX ? most : RECORD_BYTES_MAX, gathered);
        size_t count = 0;
        wf_reason_forget();
        if (SSL_write_ex(tls->ssl, piece.data, piece.count, &count) != 1) {
            wf_reason_fail_here(tls);
            return tls->failure ? tls->failure->it.status : WEFT_ERR_MEMORY;
        }
        *taken_out += count;
        skip(&reader, count);
    }
    return WEFT_OK;
}

weft_status wf_tls_seal(struct wf_tls *tls, const struct weft_bytes *plain, size_t span_count,
                        struct weft_buffer sealed_out, size_t *taken_out, size_t *sealed_count_out)
{
    *taken_out = 0;
    size_t waited = wf_unsent_take(tls, sealed_out);
    *sealed_count_out = waited;
    if (span_count == 0 || !tls->is_done || tls->unsent.count)
        return tls->has_failed && span_count ? wf_tls_failure(tls)->status : WEFT_OK;
    if (tls->has_failed)
        return wf_tls_failure(tls)->status;
    if (tls->has_ended)
        return WEFT_ERR_STATE;

    tls->room = (struct weft_buffer){ sealed_out.data + waited, sealed_out.count - waited };
    weft_status status = tls->ssl ? seal_spans(tls, plain, span_count, taken_out)
                                  : wf_records_seal(tls, plain, span_count, taken_out);
    *sealed_count_out = sealed_out.count - tls->room.count;
    tls->room = (struct weft_buffer){ 0 };
    return status;
}

bool wf_tls_has_output(const struct wf_tls *tls)
{
    return tls->unsent.count != 0;
}

bool wf_tls_has_urgent_output(const struct wf_tls *tls)
{
    return tls->unsent.count != 0 && !tls->has_tickets_alone;
}

void wf_tls_end(struct wf_tls *tls)
{
    if (!tls->is_done || tls->has_failed || tls->has_ended)
        return;
    tls->has_ended = true;
    wf_reason_forget();
    if (!tls->ssl)
        wf_records_end(tls);
    else if (SSL_shutdown(tls->ssl) < 0)
        wf_reason_fail_here(tls);
}

void wf_tls_rest(struct wf_tls *tls)
{
    if (tls->unsent.count == 0)
        wf_unsent_drop(tls);
    if (tls->ssl)
        (void)SSL_free_buffers(tls->ssl);
    else
        wf_records_rest(tls);
}

#include "tls/records.h"

#include "tls/session.h"

#include <openssl/crypto.h>

/* As OpenSSL has it: what costs the peer little and brings nobody anything. */
enum { EMPTY_COUNT_MAX = 32, WARNED_COUNT_MAX = 4 };

enum { ALERT_BYTES = 2, ALERT_WARNING = 1, ALERT_FATAL = 2 };

enum { KEY_UPDATE = 24 }; /* RFC 8446 4 */

/* ---- out ---- */

static weft_status fail_without_memory(struct wf_tls *tls)
{
    wf_reason_fail(tls, WEFT_ERR_MEMORY, NULL, "no memory for TLS");
    return WEFT_ERR_MEMORY;
}

static EVP_CIPHER_CTX *context_of(struct wf_tls *tls, struct wf_direction *direction)
{
    return wf_cipher_need(&direction->cipher, tls->pool, tls->records->suite, direction->keys.key);
}

/* Words of TLS's own go to the output that waits. */
static bool say(struct wf_tls *tls, enum wf_record_type type, const uint8_t *words, size_t count)
{
    struct wf_direction *write = &tls->records->write;
    EVP_CIPHER_CTX *context = context_of(tls, write);
    uint8_t record[WF_RECORD_EXTRA_BYTES + WF_KEY_UPDATE_BYTES];
    struct weft_bytes span = { words, count };
    struct weft_bytes sealed = { record, WF_RECORD_EXTRA_BYTES + count };
    if (!context || !wf_record_seal(context, &write->keys, type, &span, 0, count, record))
        return false;
    tls->write_status = wf_unsent_add(tls, sealed);
    return !tls->write_status;
}

static bool say_alert(struct wf_tls *tls, uint8_t level, uint8_t alert)
{
    uint8_t words[ALERT_BYTES] = { level, alert };
    return say(tls, WF_RECORD_ALERT, words, sizeof words);
}

/* New keys for a direction; the old ones are gone. */
static bool update(struct wf_tls *tls, struct wf_direction *direction)
{
    EVP_MAC_CTX *mac = wf_cipher_mac(tls->pool, tls->records->suite);
    wf_cipher_drop(&direction->cipher, tls->pool);
    return mac && wf_record_keys_update(&direction->keys, tls->records->suite, mac);
}

/* RFC 8446 4.6.3: ours, and new keys for what follows. */
static weft_status update_write(struct wf_tls *tls)
{
    static const uint8_t not_requested[WF_KEY_UPDATE_BYTES] = { KEY_UPDATE, 0, 0, 1, 0 };
    if (!say(tls, WF_RECORD_HANDSHAKE, not_requested, sizeof not_requested) ||
        !update(tls, &tls->records->write))
        return fail_without_memory(tls);
    tls->records->answer_waits = true;
    return WEFT_OK;
}

static bool needs_new_keys(const struct wf_records *records)
{
    return records->write.keys.sequence >= records->suite->records_max;
}

weft_status wf_records_seal(struct wf_tls *tls, const struct weft_bytes *plain, size_t span_count,
                            size_t *taken_out)
{
    struct wf_direction *write = &tls->records->write;
    EVP_CIPHER_CTX *context = context_of(tls, write);
    size_t total = 0;
    if (!context)
        return fail_without_memory(tls);
    for (size_t i = 0; i < span_count; i++)
        total += plain[i].count;
    while (*taken_out < total && tls->room.count > WF_RECORD_EXTRA_BYTES) {
        size_t count = tls->room.count - WF_RECORD_EXTRA_BYTES;
        count = count < WF_RECORD_PLAIN_BYTES ? count : WF_RECORD_PLAIN_BYTES;
        count = count < total - *taken_out ? count : total - *taken_out;
        if (!wf_record_seal(context, &write->keys, WF_RECORD_DATA, plain, *taken_out, count,
                            tls->room.data))
            return fail_without_memory(tls);
        tls->room.data += count + WF_RECORD_EXTRA_BYTES;
        tls->room.count -= count + WF_RECORD_EXTRA_BYTES;
        *taken_out += count;
    }
    return needs_new_keys(tls->records) ? update_write(tls) : WEFT_OK;
}

void wf_records_end(struct wf_tls *tls)
{
    if (!say_alert(tls, ALERT_WARNING, SSL_AD_CLOSE_NOTIFY))
        (void)fail_without_memory(tls);
}

/* ---- in ---- */

static const char *text_of(uint8_t alert)
{
    switch (alert) {
    case SSL_AD_BAD_RECORD_MAC:
        return "a TLS record was changed on its way";
    case SSL_AD_RECORD_OVERFLOW:
        return "a record is too long";
    case SSL_AD_UNEXPECTED_MESSAGE:
        return "unexpected message";
    default:
        return "a message makes no sense";
    }
}

/* The peer breaks a rule: it is told, and nothing more is read. */
static bool refuse(struct wf_tls *tls, uint8_t alert)
{
    (void)say_alert(tls, ALERT_FATAL, alert);
    wf_reason_fail(tls, WEFT_ERR_PROTOCOL, NULL, "TLS: %s", text_of(alert));
    return false;
}

/* RFC 8446 6. */
static bool take_alert(struct wf_tls *tls, struct weft_bytes words)
{
    if (words.count != ALERT_BYTES)
        return refuse(tls, SSL_AD_UNEXPECTED_MESSAGE);
    uint8_t alert = words.data[1];
    if (alert == SSL_AD_CLOSE_NOTIFY) {
        tls->peer_has_ended = true;
        return false;
    }
    if (alert == SSL_AD_USER_CANCELLED)
        return ++tls->records->warned_count <= WARNED_COUNT_MAX ||
               refuse(tls, SSL_AD_UNEXPECTED_MESSAGE);
    wf_reason_fail_alert(tls, alert);
    return false;
}

static bool take_key_update(struct wf_tls *tls, uint8_t request)
{
    enum { NOT_REQUESTED, REQUESTED };
    if (request != NOT_REQUESTED && request != REQUESTED)
        return refuse(tls, SSL_AD_ILLEGAL_PARAMETER);
    if (!update(tls, &tls->records->read)) {
        (void)fail_without_memory(tls);
        return false;
    }
    /* One answer is enough for all that come before it has left. */
    bool is_owed = request == REQUESTED && !tls->has_ended &&
                   !(tls->records->answer_waits && tls->unsent.count);
    return !is_owed || update_write(tls) == WEFT_OK;
}

/* RFC 8446 4.6: a client that was not asked for a certificate has nothing but KeyUpdate to say. It
 * may come in pieces, and behind it there is nothing in its record (5.1). */
static bool take_handshake(struct wf_tls *tls, struct weft_bytes words)
{
    static const uint8_t beginning[WF_KEY_UPDATE_BYTES - 1] = { KEY_UPDATE, 0, 0, 1 };
    struct wf_records *records = tls->records;
    if (words.count == 0)
        return refuse(tls, SSL_AD_UNEXPECTED_MESSAGE);
    for (size_t i = 0; i < words.count; i++) {
        size_t at = records->handshake_count;
        if (at == WF_KEY_UPDATE_BYTES || (at < sizeof beginning && words.data[i] != beginning[at]))
            return refuse(tls, SSL_AD_UNEXPECTED_MESSAGE);
        records->handshake[records->handshake_count++] = words.data[i];
    }
    if (records->handshake_count < WF_KEY_UPDATE_BYTES)
        return true;
    records->handshake_count = 0;
    return take_key_update(tls, records->handshake[WF_KEY_UPDATE_BYTES - 1]);
}

static bool take_words(struct wf_tls *tls, uint8_t type, struct weft_bytes words)
{
    struct wf_records *records = tls->records;
    if (records->handshake_count && type != WF_RECORD_HANDSHAKE)
        return refuse(tls, SSL_AD_UNEXPECTED_MESSAGE);
    switch (type) {
    case WF_RECORD_DATA:
        records->empty_count = words.count ? 0 : records->empty_count + 1;
        return records->empty_count <= EMPTY_COUNT_MAX || refuse(tls, SSL_AD_UNEXPECTED_MESSAGE);
    case WF_RECORD_ALERT:
        return take_alert(tls, words);
    case WF_RECORD_HANDSHAKE:
        return take_handshake(tls, words);
    default:
        return refuse(tls, SSL_AD_UNEXPECTED_MESSAGE);
    }
}

/* Opens a whole record to `out`. *count_out: plain bytes there. False: nothing more is read. */
static bool open_record(struct wf_tls *tls, struct weft_bytes record, uint8_t *out,
                        size_t *count_out)
{
    struct wf_direction *read = &tls->records->read;
    EVP_CIPHER_CTX *context = context_of(tls, read);
    size_t count;
    uint8_t type = 0;
    *count_out = 0;
    if (!context) {
        (void)fail_without_memory(tls);
        return false;
    }
    uint8_t alert = wf_record_open(context, &read->keys, record, out, &count, &type);
    if (alert)
        return refuse(tls, alert);
    if (!take_words(tls, type, (struct weft_bytes){ out, count }))
        return false;
    *count_out = type == WF_RECORD_DATA ? count : 0;
    return true;
}

/* Moves bytes of the input behind the part that has come of a record, until it has `wanted`. */
static bool collect(struct wf_tls *tls, size_t wanted)
{
    struct wf_block *part = &tls->records->part;
    size_t count = wanted - part->count;
    count = count < tls->input.count ? count : tls->input.count;
    struct weft_bytes bytes = { tls->input.data, count };
    if (!wf_block_append(part, tls->pool, bytes, WF_RECORD_BYTES_MAX)) {
        (void)fail_without_memory(tls);
        return false;
    }
    tls->input.data += count;
    tls->input.count -= count;
    return true;
}

/* The next record, in the input or collected. False: it has not come whole, or TLS has failed. */
static bool next_record(struct wf_tls *tls, struct weft_bytes *record_out)
{
    struct wf_block *part = &tls->records->part;
    for (;;) {
        struct weft_bytes from = tls->input;
        size_t wanted = WF_RECORD_HEAD_BYTES;
        uint8_t alert = 0;
        if (part->count)
            from = (struct weft_bytes){ part->data, part->count };
        if (from.count >= WF_RECORD_HEAD_BYTES)
            wanted = wf_record_bytes(from.data, &alert);
        if (alert)
            return refuse(tls, alert);
        *record_out = (struct weft_bytes){ from.data, wanted };
        if (wanted > WF_RECORD_HEAD_BYTES && from.count >= wanted)
            return true;
        if (tls->input.count == 0 || !collect(tls, wanted))
            return false;
    }
}

/* Done with a record. */
static void forget_record(struct wf_tls *tls, size_t bytes)
{
    struct wf_block *part = &tls->records->part;
    if (part->count) {
        wf_block_drop(part, tls->pool);
        return;
    }
    tls->input.data += bytes;
    tls->input.count -= bytes;
}

/* For a reader that has less room than a record: it is opened where it was collected. */
static bool open_aside(struct wf_tls *tls, struct weft_bytes record)
{
    struct wf_records *records = tls->records;
    struct wf_block *part = &records->part;
    size_t count;
    if (part->count == 0 && !collect(tls, record.count))
        return false;
    record.data = part->data;
    if (!open_record(tls, record, part->data + WF_RECORD_HEAD_BYTES, &count))
        return false;
    records->opened_at = WF_RECORD_HEAD_BYTES;
    records->opened_count = (uint16_t)count;
    if (count == 0)
        wf_block_drop(part, tls->pool);
    return true;
}

static size_t read_aside(struct wf_tls *tls, struct weft_buffer room)
{
    struct wf_records *records = tls->records;
    size_t count = records->opened_count < room.count ? records->opened_count : room.count;
    memcpy(room.data, records->part.data + records->opened_at, count);
    records->opened_at += (uint16_t)count;
    records->opened_count -= (uint16_t)count;
    if (records->opened_count == 0)
        wf_block_drop(&records->part, tls->pool);
    return count;
}

static bool read_record(struct wf_tls *tls, struct weft_bytes record, struct weft_buffer room,
                        size_t *count_out)
{
    *count_out = 0;
    if (record.count - (WF_RECORD_EXTRA_BYTES - 1) > room.count)
        return open_aside(tls, record);
    if (!open_record(tls, record, room.data, count_out))
        return false;
    forget_record(tls, record.count);
    return true;
}

enum wf_tls_result wf_records_read(struct wf_tls *tls, struct weft_buffer out, size_t *count_out)
{
    struct wf_records *records = tls->records;
    while (*count_out < out.count) {
        struct weft_buffer room = { out.data + *count_out, out.count - *count_out };
        struct weft_bytes record = { 0 };
        size_t count;
        if (records->opened_count) {
            *count_out += read_aside(tls, room);
            continue;
        }
        if (!next_record(tls, &record))
            break;
        if (*count_out && record.count - (WF_RECORD_EXTRA_BYTES - 1) > room.count)
            return WF_TLS_IS_FULL;
        if (!read_record(tls, record, room, &count))
            break;
        *count_out += count;
    }
    if (tls->has_failed || tls->peer_has_ended) {
        tls->input.count = 0;
        wf_block_drop(&records->part, tls->pool);
        return tls->has_failed ? WF_TLS_FAILED : WF_TLS_ENDED;
    }
    return tls->input.count || records->opened_count ? WF_TLS_IS_FULL : WF_TLS_WANTS_INPUT;
}

/* ---- idle, and the end ---- */

void wf_records_rest(struct wf_tls *tls)
{
    wf_cipher_drop(&tls->records->read.cipher, tls->pool);
    wf_cipher_drop(&tls->records->write.cipher, tls->pool);
}

void wf_records_drop(struct wf_tls *tls)
{
    struct wf_records *records = tls->records;
    if (!records)
        return;
    wf_records_rest(tls);
    if (records->part.count)
        OPENSSL_cleanse(records->part.data, records->part.count);
    wf_block_drop(&records->part, tls->pool);
    OPENSSL_cleanse(records, sizeof *records);
    wf_free(tls->pool->allocator, records);
    tls->records = NULL;
}

/* Plain bytes to sealed ones, and to the kernel. */
#include "io/loop.h"
#include "socket/secure.h"

weft_status wf_sealing_abort_without_memory(weft_socket *socket)
{
    static const struct weft_failure no_memory = { .kind = WEFT_FAILURE_MEMORY,
                                                   .status = WEFT_ERR_MEMORY,
                                                   .text = "no memory for TLS" };
    wf_socket_abort(socket, &no_memory, false);
    return WEFT_ERR_MEMORY;
}

static size_t unsent_bytes(const struct wf_secure *secure)
{
    return secure->unsent.count - secure->unsent_at;
}

/* The reader moves on, as in wf_outflow_write(). */
static void note_taken(weft_socket *socket)
{
    if (!socket->is_websocket && wf_tls_is_done(wf_secure_of(socket)->tls))
        socket->since_ms = wf_socket_now(socket);
    if (socket->is_ping_due)
        socket->since_ms = wf_socket_now(socket);
}

/* RFC 8446 5.1, RFC 5246 6.2.1: a record's head, whose last two bytes are the length of the rest.
 */
enum { RECORD_HEAD_BYTES = 5, RECORD_PLAIN_BYTES = 16384 };

struct cut {
    size_t at;    /* Where the first record begins that has not left whole. */
    size_t plain; /* Of what was sealed, so much is in it and in those behind it. */
};

/* Of records, the last of which hold `plain` bytes, `gone` sealed bytes have left. All of these but
 * the very last are full. */
static struct cut cut_at(struct weft_bytes records, size_t gone, size_t plain)
{
    struct cut cut = { .at = records.count };
    size_t left_count = 0;
    for (size_t at = 0, end; at + RECORD_HEAD_BYTES <= records.count; at = end) {
        const uint8_t *head = records.data + at;
        end = at + RECORD_HEAD_BYTES + (size_t)(head[3] << 8 | head[4]);
        if (end > gone && left_count++ == 0)
            cut.at = at;
    }
    if (left_count) {
        size_t most = (left_count - 1) * RECORD_PLAIN_BYTES + (plain - 1) % RECORD_PLAIN_BYTES + 1;
        cut.plain = plain < most ? plain : most;
    }
    return cut;
}

/* How many plain bytes have left with what was written of `unsent`. */
static size_t take_plain(struct wf_secure *secure)
{
    size_t before = secure->unsent_plain;
    if (!before || secure->unsent_at <= secure->records_at)
        return 0;
    struct weft_bytes records = { secure->unsent.data + secure->records_at,
                                  secure->unsent.count - secure->records_at };
    secure->unsent_plain = cut_at(records, secure->unsent_at - secure->records_at, before).plain;
    return before - secure->unsent_plain;
}

static weft_status write_unsent(weft_socket *socket, size_t *plain_out)
{
    struct wf_secure *secure = wf_secure_of(socket);
    size_t taken = 0;
    if (unsent_bytes(secure) == 0)
        return WEFT_OK;
    struct weft_bytes waiting = { secure->unsent.data + secure->unsent_at, unsent_bytes(secure) };
    if (wf_stream_send(&socket->stream, &waiting, 1, &taken))
        return wf_transport_abort(socket);
    secure->unsent_at += taken;
    if (taken)
        note_taken(socket);
    if (unsent_bytes(secure) == 0) {
        *plain_out = secure->unsent_plain;
        wf_block_drop(&secure->unsent, wf_loop_pool(wf_socket_loop(socket)));
        secure->unsent_at = secure->unsent_plain = 0;
    } else {
        *plain_out = take_plain(secure);
    }
    return WEFT_OK;
}

/* What was sealed for one write: TLS's own words, and behind them `plain` bytes in records. */
struct run {
    struct weft_bytes sealed;
    size_t records_at;
    size_t plain;
};

/* Keeps what the kernel did not take, from the beginning of a record on. */
static weft_status keep_rest(weft_socket *socket, const struct run *run, size_t taken)
{
    struct wf_secure *secure = wf_secure_of(socket);
    size_t from = taken, plain = run->plain;
    secure->records_at = 0;
    if (taken <= run->records_at) {
        secure->records_at = run->records_at - taken;
    } else if (plain) {
        struct weft_bytes records = { run->sealed.data + run->records_at,
                                      run->sealed.count - run->records_at };
        struct cut cut = cut_at(records, taken - run->records_at, plain);
        from = run->records_at + cut.at;
        plain = cut.plain;
    }
    struct weft_bytes rest = { run->sealed.data + from, run->sealed.count - from };
    if (!wf_block_append(&secure->unsent, wf_loop_pool(wf_socket_loop(socket)), rest, rest.count))
        return wf_sealing_abort_without_memory(socket);
    secure->unsent_at = taken - from;
    secure->unsent_plain = plain;
    return WEFT_OK;
}

/* Writes a run behind which nothing waits. */
static weft_status put_run(weft_socket *socket, const struct run *run, size_t *plain_out)
{
    size_t taken = 0;
    if (run->sealed.count && wf_stream_send(&socket->stream, &run->sealed, 1, &taken))
        return wf_transport_abort(socket);
    weft_status status = taken < run->sealed.count ? keep_rest(socket, run, taken) : WEFT_OK;
    *plain_out = status ? 0 : run->plain - wf_secure_of(socket)->unsent_plain;
    return status;
}

static size_t total_of(const struct weft_bytes *spans, size_t span_count)
{
    size_t total = 0;
    for (size_t i = 0; i < span_count; i++)
        total += spans[i].count;
    return total;
}

/* Whether the spans are all that will ever be said: the Close frames were exchanged, and the
 * server's is in them. */
static bool is_last_word(const weft_socket *socket, const struct weft_bytes *spans,
                         size_t span_count)
{
    return weft_engine_wants_end(&socket->engine) && weft_engine_was_clean(&socket->engine) &&
           total_of(spans, span_count) == weft_engine_output_bytes(&socket->engine);
}

/* close_notify leaves with the last frame. In a record behind it, it is at most taken for plain
 * bytes that have not left yet. */
static size_t seal_end(struct wf_tls *tls, struct weft_buffer room)
{
    size_t none, count = 0;
    wf_tls_end(tls);
    if (wf_tls_has_output(tls))
        (void)!wf_tls_seal(tls, NULL, 0, room, &none, &count);
    return count;
}

/* TLS's own words, and the spans behind them, in the loop's memory. is_last: and the end. */
static weft_status seal_run(weft_socket *socket, const struct weft_bytes *spans, size_t span_count,
                            bool is_last, struct run *run_out)
{
    struct wf_tls *tls = wf_secure_of(socket)->tls;
    struct weft_buffer room = wf_loop_scratch(wf_socket_loop(socket), WF_SCRATCH_SEALED);
    size_t words = 0, sealed = 0, none;
    *run_out = (struct run){ 0 };
    if (room.count == 0)
        return wf_sealing_abort_without_memory(socket);
    weft_status status = WEFT_OK;
    if (wf_tls_has_output(tls))
        status = wf_tls_seal(tls, NULL, 0, room, &none, &words);
    struct weft_buffer left = { room.data + words, room.count - words };
    if (!status && span_count && !wf_tls_has_output(tls))
        status = wf_tls_seal(tls, spans, span_count, left, &run_out->plain, &sealed);
    if (status && wf_tls_failure(tls)) {
        wf_socket_abort(socket, wf_tls_failure(tls), false);
        return status;
    }
    if (!status && is_last && run_out->plain == total_of(spans, span_count)) {
        struct weft_buffer behind = { left.data + sealed, left.count - sealed };
        sealed += seal_end(tls, behind);
    }
    run_out->sealed = (struct weft_bytes){ room.data, words + sealed };
    run_out->records_at = words;
    return WEFT_OK;
}

enum { SPANS_MAX = 64 };

/* Without the first `taken` bytes, which may be more than there are. Returns how many are left. */
static size_t drop_taken(struct weft_bytes *spans, size_t span_count, size_t taken)
{
    size_t gone = 0;
    while (gone < span_count && taken >= spans[gone].count)
        taken -= spans[gone++].count;
    memmove(spans, spans + gone, (span_count - gone) * sizeof *spans);
    if (taken && gone < span_count) {
        spans->data += taken;
        spans->count -= taken;
    }
    return span_count - gone;
}

/* The direction ends once nothing waits. */
static void end_where_due(weft_socket *socket)
{
    struct wf_secure *secure = wf_secure_of(socket);
    if (secure->is_ending && unsent_bytes(secure) == 0 && !wf_tls_has_output(secure->tls)) {
        secure->is_ending = false;
        wf_stream_shutdown(&socket->stream);
    }
}

weft_status wf_sealing_send(weft_socket *socket, const struct weft_bytes *spans, size_t span_count,
                            size_t *taken_out)
{
    struct wf_secure *secure = wf_secure_of(socket);
    struct weft_bytes left[SPANS_MAX];
    bool is_usable = wf_tls_is_done(secure->tls) && !wf_tls_failure(secure->tls);
    size_t count = is_usable ? span_count : 0;
    assert(span_count <= SPANS_MAX);
    if (count)
        memcpy(left, spans, count * sizeof *spans);
    *taken_out = 0;
    bool is_last = count && is_last_word(socket, spans, span_count);
    count = drop_taken(left, count, secure->unsent_plain);
    weft_status status = write_unsent(socket, taken_out);
    while (!status && unsent_bytes(secure) == 0 && (count || wf_tls_has_output(secure->tls))) {
        struct run run;
        size_t taken = 0;
        status = seal_run(socket, left, count, is_last, &run);
        if (!status && run.sealed.count == 0)
            break; /* TLS has said its last word. */
        if (!status)
            status = put_run(socket, &run, &taken);
        *taken_out += taken;
        count = drop_taken(left, count, run.plain);
    }
    if (!status)
        end_where_due(socket);
    return status;
}

bool wf_sealing_flush(weft_socket *socket)
{
    size_t taken;
    weft_status status = wf_sealing_send(socket, NULL, 0, &taken);
    if (!status && taken)
        weft_engine_sent(&socket->engine, taken);
    return status == WEFT_OK;
}

void wf_sealing_shutdown(weft_socket *socket)
{
    struct wf_secure *secure = wf_secure_of(socket);
    wf_tls_end(secure->tls);
    secure->is_ending = true;
    (void)wf_sealing_flush(socket);
}

/* RFC 8446 6.1: close_notify before the end. When the peer is so slow that it does not fit, it sees
 * a connection that was cut off, which it is. */
void wf_sealing_end(weft_socket *socket)
{
    struct wf_secure *secure = wf_secure_of(socket);
    struct weft_buffer room = wf_loop_scratch(wf_socket_loop(socket), WF_SCRATCH_SEALED);
    size_t taken, count = 0;
    wf_tls_end(secure->tls);
    if (unsent_bytes(secure) || !room.count || !wf_tls_has_output(secure->tls))
        return;
    (void)!wf_tls_seal(secure->tls, NULL, 0, room, &taken, &count);
    struct weft_bytes sealed = { room.data, count };
    if (count)
        (void)!wf_stream_send(&socket->stream, &sealed, 1, &taken);
}

bool wf_sealing_has_unsent(const weft_socket *socket)
{
    const struct wf_secure *secure = wf_secure_of(socket);
    return unsent_bytes(secure) || wf_tls_has_urgent_output(secure->tls);
}

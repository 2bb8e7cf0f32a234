/* A client that has finished its handshake, and then says what it likes. The first byte: the suite,
 * and where the wire is cut. Then records: type, length (2 bytes), bytes. Of a type over 127 they
 * go onto the wire as they are; else they are sealed with the client's keys, 0 being the type of
 * one that is padded. What is heard, and what is answered, must not depend on the cut. */
#include "support/hex.h"
#include "tls/session.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum { AS_IT_IS = 128, PLAIN_MAX = 1 << 16, WIRE_MAX = 4 * PLAIN_MAX };

static struct weft_tls identity = { .settings.is_server = true };

/* What a peer sees of a server. */
struct seen {
    uint8_t plain[PLAIN_MAX], sealed[WIRE_MAX];
    size_t plain_count, sealed_count;
    enum wf_tls_result result;
};

static bool derive(struct wf_direction *direction, struct wf_pool *pool,
                   const struct wf_record_suite *suite, uint8_t secret)
{
    memset(direction->keys.secret, secret, suite->secret_bytes);
    EVP_MAC_CTX *mac = wf_cipher_mac(pool, suite);
    return mac && wf_record_keys_derive(&direction->keys, suite, mac);
}

/* As if the handshake had just ended. */
static struct wf_tls *make_server(struct wf_pool *pool, const struct wf_record_suite *suite)
{
    struct wf_tls *tls = calloc(1, sizeof *tls);
    struct wf_records *records = calloc(1, sizeof *records);
    if (!tls || !records)
        abort();
    atomic_store(&identity.reference_count, 2);
    *tls =
        (struct wf_tls){ .pool = pool, .identity = &identity, .records = records, .is_done = true };
    records->suite = suite;
    records->write.cipher.seals = true;
    if (!derive(&records->read, pool, suite, 'c') || !derive(&records->write, pool, suite, 's'))
        abort();
    return tls;
}

static void hear(struct wf_tls *tls, struct seen *seen, const uint8_t *wire, size_t count)
{
    wf_tls_feed(tls, (struct weft_bytes){ wire, count });
    do {
        size_t plain, taken, sealed;
        struct weft_buffer room = { seen->plain + seen->plain_count,
                                    PLAIN_MAX - seen->plain_count };
        struct weft_buffer out = { seen->sealed + seen->sealed_count,
                                   WIRE_MAX - seen->sealed_count };
        seen->result = wf_tls_read(tls, room, &plain);
        seen->plain_count += plain;
        if (wf_tls_seal(tls, NULL, 0, out, &taken, &sealed))
            abort();
        seen->sealed_count += sealed;
    } while (seen->result == WF_TLS_IS_FULL && seen->plain_count < PLAIN_MAX);
    if ((seen->result == WF_TLS_FAILED) != (wf_tls_failure(tls) != NULL))
        abort();
}

/* The client's side of an input; a KeyUpdate that is sealed changes its keys, too. */
static size_t write_wire(uint8_t *wire, const uint8_t *data, size_t bytes,
                         const struct wf_record_suite *suite, struct wf_pool *pool)
{
    static const uint8_t update[] = { 24, 0, 0, 1 };
    struct wf_direction client = { .cipher.seals = true };
    size_t count = 0;
    if (!derive(&client, pool, suite, 'c'))
        abort();
    while (bytes >= 3) {
        uint8_t type = data[0];
        size_t length = (size_t)data[1] << 8 | data[2];
        data += 3;
        bytes -= 3;
        length = length < bytes ? length : bytes;
        if (count + length + WF_RECORD_EXTRA_BYTES > WIRE_MAX || length > 20000)
            break;
        struct weft_bytes span = { data, length };
        if (type >= AS_IT_IS)
            memcpy(wire + count, data, length);
        else if (!wf_record_seal(wf_cipher_need(&client.cipher, pool, suite, client.keys.key),
                                 &client.keys, (enum wf_record_type)type, &span, 0, length,
                                 wire + count))
            abort();
        count += length + (type >= AS_IT_IS ? 0 : WF_RECORD_EXTRA_BYTES);
        if (type == WF_RECORD_HANDSHAKE && length == 5 && memcmp(data, update, 4) == 0) {
            wf_cipher_drop(&client.cipher, pool);
            if (!wf_record_keys_update(&client.keys, suite, wf_cipher_mac(pool, suite)))
                abort();
        }
        data += length;
        bytes -= length;
    }
    wf_cipher_drop(&client.cipher, pool);
    return count;
}

static void run(struct seen *seen, struct wf_pool *pool, const struct wf_record_suite *suite,
                const uint8_t *wire, size_t count, size_t step)
{
    struct wf_tls *tls = make_server(pool, suite);
    seen->plain_count = seen->sealed_count = 0;
    seen->result = WF_TLS_WANTS_INPUT;
    for (size_t at = 0; at < count; at += step) {
        size_t piece = count - at < step ? count - at : step;
        /* In a block of its own: what reads beyond is seen. */
        uint8_t *lent = malloc(piece);
        if (!lent)
            abort();
        memcpy(lent, wire + at, piece);
        hear(tls, seen, lent, piece);
        free(lent);
    }
    wf_tls_close(tls);
}

static void compare(const uint8_t *data, size_t bytes)
{
    static struct seen whole, pieces;
    static uint8_t wire[WIRE_MAX + WF_RECORD_BYTES_MAX];
    struct wf_pool pool;
    wf_pool_init(&pool, NULL);
    const struct wf_record_suite *suite = wf_record_suite_find((uint16_t)(0x1301 + data[0] % 3));
    size_t count = write_wire(wire, data + 1, bytes - 1, suite, &pool);
    run(&whole, &pool, suite, wire, count, count ? count : 1);
    run(&pieces, &pool, suite, wire, count, (size_t)data[0] / 3 + 1);
    if (whole.plain_count != pieces.plain_count || whole.result != pieces.result ||
        memcmp(whole.plain, pieces.plain, whole.plain_count) != 0)
        abort();
    wf_pool_drop(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes < 1 || bytes > 60000)
        return 0;
    if (data[0] != 'x') {
        compare(data, bytes);
        return 0;
    }
    size_t decoded_bytes;
    uint8_t *decoded = hex_decode(data + 1, bytes - 1, &decoded_bytes);
    if (decoded_bytes > 0)
        compare(decoded, decoded_bytes);
    free(decoded);
    return 0;
}

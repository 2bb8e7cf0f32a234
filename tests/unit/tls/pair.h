/* A client and a server, memory to memory. */
#ifndef WEFT_TEST_TLS_PAIR_H
#define WEFT_TEST_TLS_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tls/session.h"

enum { WIRE_BYTES = 256 * 1024 };

/* One side, and what it has sent that the other has not read. */
struct end {
    struct wf_tls *tls;
    uint8_t *wire;
    size_t wire_count;
    char plain[64 * 1024]; /* What it has received. */
    size_t plain_count;
    enum wf_tls_result result;
};

struct pair {
    struct end client, server;
};

/* Of the connections of a test's thread, which drops it if it is not the first. */
static inline struct wf_pool *test_pool(void)
{
    static _Thread_local struct wf_pool pool;
    if (!pool.kept_bytes_max)
        wf_pool_init(&pool, NULL);
    return &pool;
}

static inline const char *cert_path(const char *name)
{
    static char paths[8][512];
    static unsigned int turn;
    const char *folder = getenv("WEFT_CERTS");
    assert_non_null(folder);
    char *path = paths[turn++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static inline struct weft_tls_certificate cert_pair(const char *name)
{
    char file[64];
    struct weft_tls_certificate certificate;
    (void)snprintf(file, sizeof file, "%s.pem", name);
    certificate.certificate_file = cert_path(file);
    (void)snprintf(file, sizeof file, "%s.key", name);
    certificate.key_file = cert_path(file);
    return certificate;
}

/* "sha256//..." of a certificate's key, as gen_certs.sh has written it. */
static inline void pin_of(const char *name, char *pin, size_t pin_bytes)
{
    char file_name[64];
    (void)snprintf(file_name, sizeof file_name, "%s.pin", name);
    FILE *file = fopen(cert_path(file_name), "r");
    assert_non_null(file);
    assert_non_null(fgets(pin, (int)pin_bytes, file));
    pin[strcspn(pin, "\n")] = '\0';
    (void)fclose(file);
}

static inline weft_tls *server_identity(const char *name)
{
    struct weft_tls_certificate certificate = cert_pair(name);
    struct weft_tls_server_options options = { .certificates = &certificate,
                                               .certificate_count = 1 };
    weft_tls *tls;
    char error[256];
    weft_status status = weft_tls_server_create(&options, &tls, error, sizeof error);
    if (status)
        fail_msg("%s", error);
    return tls;
}

static inline weft_tls *client_identity(void)
{
    struct weft_tls_client_options options = { .ca_file = cert_path("ca.pem") };
    weft_tls *tls;
    char error[256];
    weft_status status = weft_tls_client_create(&options, &tls, error, sizeof error);
    if (status)
        fail_msg("%s", error);
    return tls;
}

static inline void pair_open_at(struct pair *pair, weft_tls *client, weft_tls *server,
                                const char *host, uint16_t port)
{
    memset(pair, 0, sizeof *pair);
    pair->client.wire = malloc(WIRE_BYTES);
    pair->server.wire = malloc(WIRE_BYTES);
    assert_int_equal(wf_tls_open(test_pool(), client, weft_text_of(host), port, &pair->client.tls),
                     WEFT_OK);
    assert_int_equal(
        wf_tls_open(test_pool(), server, (struct weft_text){ 0 }, 0, &pair->server.tls), WEFT_OK);
}

static inline void pair_open(struct pair *pair, weft_tls *client, weft_tls *server,
                             const char *host)
{
    pair_open_at(pair, client, server, host, 443);
}

static inline void pair_close(struct pair *pair)
{
    wf_tls_close(pair->client.tls);
    wf_tls_close(pair->server.tls);
    free(pair->client.wire);
    free(pair->server.wire);
}

/* What waits goes onto the wire. */
static inline void end_flush(struct end *end)
{
    while (wf_tls_has_output(end->tls)) {
        size_t taken, count;
        struct weft_buffer out = { end->wire + end->wire_count, WIRE_BYTES - end->wire_count };
        assert_int_equal(wf_tls_seal(end->tls, NULL, 0, out, &taken, &count), WEFT_OK);
        assert_true(count > 0);
        end->wire_count += count;
    }
}

static inline void end_read(struct end *end, struct weft_bytes bytes)
{
    wf_tls_feed(end->tls, bytes);
    do {
        size_t count;
        struct weft_buffer out = { (uint8_t *)end->plain + end->plain_count,
                                   sizeof end->plain - end->plain_count };
        end->result = wf_tls_read(end->tls, out, &count);
        end->plain_count += count;
    } while (end->result == WF_TLS_IS_FULL && end->plain_count < sizeof end->plain);
}

/* Gives what one has sent to the other; false: there was nothing. */
static inline bool carry(struct end *from, struct end *to)
{
    end_flush(from);
    if (from->wire_count == 0)
        return false;
    struct weft_bytes bytes = { from->wire, from->wire_count };
    end_read(to, bytes);
    from->wire_count = 0;
    return true;
}

/* Until neither has anything to say. */
static inline void pair_run(struct pair *pair)
{
    bool is_moving = true;
    while (is_moving) {
        is_moving = carry(&pair->client, &pair->server);
        is_moving |= carry(&pair->server, &pair->client);
    }
}

/* Seals all of a text onto the wire. */
static inline void end_say(struct end *end, const char *text)
{
    struct weft_bytes span = { (const uint8_t *)text, strlen(text) };
    size_t taken, count;
    struct weft_buffer out = { end->wire + end->wire_count, WIRE_BYTES - end->wire_count };
    assert_int_equal(wf_tls_seal(end->tls, &span, 1, out, &taken, &count), WEFT_OK);
    assert_int_equal(taken, span.count);
    end->wire_count += count;
}

static inline void assert_heard(struct end *end, const char *text)
{
    assert_int_equal(end->plain_count, strlen(text));
    assert_memory_equal(end->plain, text, strlen(text));
    end->plain_count = 0;
}

static inline void assert_they_speak(struct pair *pair)
{
    end_say(&pair->client, "question");
    pair_run(pair);
    assert_heard(&pair->server, "question");
    end_say(&pair->server, "answer");
    pair_run(pair);
    assert_heard(&pair->client, "answer");
    assert_null(wf_tls_failure(pair->client.tls));
    assert_null(wf_tls_failure(pair->server.tls));
}

/* A server whose records are its own, and a client of OpenSSL's. */
static inline void open_and_take_over(struct pair *pair, weft_tls *client, weft_tls *server)
{
    pair_open(pair, client, server, "localhost");
    pair_run(pair);
    assert_null(pair->server.tls->ssl);
    assert_non_null(pair->server.tls->records);
}

#endif

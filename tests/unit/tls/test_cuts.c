/* Hostile wires: cut at every byte, changed at every byte, and no TLS at all. */
#include "pair.h"
#include "support/guard_page.h"

static weft_tls *client_tls, *server_tls;

static int setup(void **state)
{
    (void)state;
    client_tls = client_identity();
    server_tls = server_identity("server");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    weft_tls_release(client_tls);
    weft_tls_release(server_tls);
    return 0;
}

/* What happens to the bytes that one side gets. */
struct wire {
    size_t cut_at;     /* Bytes that get through before the transport ends. */
    size_t changed_at; /* The byte that is changed. */
    size_t piece_max;  /* Bytes of one feed. */
    size_t count;      /* That have gone through so far. */
    bool has_ended;
};

static const struct wire clean = { .cut_at = SIZE_MAX,
                                   .changed_at = SIZE_MAX,
                                   .piece_max = SIZE_MAX };

static bool pass(struct wire *wire, struct end *from, struct end *to)
{
    end_flush(from);
    size_t count = from->wire_count;
    from->wire_count = 0;
    if (count == 0 || wire->has_ended)
        return false;
    if (count > wire->cut_at - wire->count)
        count = wire->cut_at - wire->count;
    if (wire->changed_at - wire->count < count)
        from->wire[wire->changed_at - wire->count] ^= 0x41;
    for (size_t at = 0; at < count;) {
        size_t piece = count - at < wire->piece_max ? count - at : wire->piece_max;
        /* A read behind what was fed is a crash. */
        uint8_t *edge = guard_page_place(from->wire + at, piece);
        end_read(to, (struct weft_bytes){ edge, piece });
        wf_tls_feed(to->tls, (struct weft_bytes){ NULL, 0 });
        guard_page_free(edge, piece);
        at += piece;
    }
    wire->count += count;
    if (wire->count == wire->cut_at) {
        wire->has_ended = true;
        to->result = wf_tls_read_end(to->tls);
    }
    return true;
}

static void run(struct pair *pair, struct wire *to_server, struct wire *to_client)
{
    bool is_moving = true;
    while (is_moving) {
        is_moving = pass(to_server, &pair->client, &pair->server);
        is_moving |= pass(to_client, &pair->server, &pair->client);
    }
}

/* Handshake, a word each way, and both ends. */
static void converse(struct pair *pair, struct wire *to_server, struct wire *to_client)
{
    struct end *ends[2] = { &pair->client, &pair->server };
    run(pair, to_server, to_client);
    for (size_t i = 0; i < 2; i++)
        if (wf_tls_is_done(ends[i]->tls) && !wf_tls_failure(ends[i]->tls))
            end_say(ends[i], "word");
    run(pair, to_server, to_client);
    for (size_t i = 0; i < 2; i++)
        wf_tls_end(ends[i]->tls);
    run(pair, to_server, to_client);
}

static void assert_nothing_wrong_heard(const struct end *end)
{
    assert_true(end->plain_count <= 4);
    assert_memory_equal(end->plain, "word", end->plain_count);
}

/* Each time another handshake, whose length may differ by a byte or two (signatures): when the cut
 * lies behind all of it, it was not a cut, and we are through. */
static bool cut(size_t at, bool is_towards_client)
{
    struct wire to_server = clean, to_client = clean;
    struct wire *wire = is_towards_client ? &to_client : &to_server;
    wire->cut_at = at;
    struct pair *pair = malloc(sizeof *pair);
    pair_open(pair, client_tls, server_tls, "localhost");
    if (at == 0) {
        wire->has_ended = true;
        struct end *end = is_towards_client ? &pair->client : &pair->server;
        end->result = wf_tls_read_end(end->tls);
    }
    converse(pair, &to_server, &to_client);
    struct end *end = is_towards_client ? &pair->client : &pair->server;
    assert_nothing_wrong_heard(&pair->client);
    assert_nothing_wrong_heard(&pair->server);
    bool is_whole = end->result == WF_TLS_ENDED;
    if (is_whole) {
        assert_heard(end, "word");
        assert_null(wf_tls_failure(end->tls));
    } else {
        assert_int_equal(end->result, WF_TLS_FAILED);
        const struct weft_failure *failure = wf_tls_failure(end->tls);
        assert_int_equal(failure->kind, WEFT_FAILURE_TLS);
        assert_int_equal(failure->status, WEFT_ERR_CLOSED);
        assert_non_null(strstr(failure->text, "truncated: the connection ended"));
        assert_int_equal(strstr(failure->text, "during") == NULL, wf_tls_is_done(end->tls));
    }
    pair_close(pair);
    free(pair);
    return is_whole;
}

static void test_every_cut_towards_the_client(void **state)
{
    (void)state;
    size_t at = 0;
    while (!cut(at, true))
        at++;
    assert_true(at > 1000);
}

static void test_every_cut_towards_the_server(void **state)
{
    (void)state;
    size_t at = 0;
    while (!cut(at, false))
        at++;
    assert_true(at > 300);
}

static void test_pieces_of_every_size(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 2, 3, 5, 6, 64, 1000 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct wire to_server = clean, to_client = clean;
        to_server.piece_max = to_client.piece_max = sizes[i];
        struct pair *pair = malloc(sizeof *pair);
        pair_open(pair, client_tls, server_tls, "localhost");
        converse(pair, &to_server, &to_client);
        assert_int_equal(pair->client.result, WF_TLS_ENDED);
        assert_int_equal(pair->server.result, WF_TLS_ENDED);
        assert_heard(&pair->client, "word");
        assert_heard(&pair->server, "word");
        pair_close(pair);
        free(pair);
    }
}

/* A changed byte either does not matter (versions in the heads of records) or ends it; it never
 * becomes plain bytes that nobody said. */
static bool changed(size_t at, bool is_towards_client)
{
    struct wire to_server = clean, to_client = clean;
    struct wire *wire = is_towards_client ? &to_client : &to_server;
    wire->changed_at = at;
    struct pair *pair = malloc(sizeof *pair);
    pair_open(pair, client_tls, server_tls, "localhost");
    converse(pair, &to_server, &to_client);
    assert_nothing_wrong_heard(&pair->client);
    assert_nothing_wrong_heard(&pair->server);
    bool has_failed = wf_tls_failure(pair->client.tls) || wf_tls_failure(pair->server.tls);
    pair_close(pair);
    free(pair);
    return has_failed;
}

static void test_changed_bytes(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t at = 0; at < 300; at += 3)
        failed += changed(at, false);
    for (size_t at = 0; at < 900; at += 3)
        failed += changed(at, true);
    assert_true(failed > 350); /* Of 400. */
}

struct garbage_case {
    const char *name;
    const char *bytes;
    size_t count;
    bool is_plain_http;
    const char *to_server; /* In the failure of a server that gets it; NULL: it waits for more. */
    const char *to_client;
};

#define GARBAGE(text) (text), sizeof(text) - 1

static const struct garbage_case garbage_cases[] = {
    { "nothing", GARBAGE(""), false, NULL, NULL },
    { "GET", GARBAGE("GET / HTTP/1.1\r\n\r\n"), true, "plain HTTP on a TLS port",
      "the server speaks no TLS" },
    { "OPTIONS", GARBAGE("OPTIONS * HTTP/1.1\r\n\r\n"), true, "plain HTTP on a TLS port",
      "the server speaks no TLS" },
    { "CONNECT", GARBAGE("CONNECT a:1 HTTP/1.1\r\n\r\n"), true, "plain HTTP on a TLS port",
      "the server speaks no TLS" },
    { "an answer", GARBAGE("HTTP/1.1 400 Bad Request\r\n\r\n"), true, "plain HTTP on a TLS port",
      "the server speaks no TLS" },
    { "SSH", GARBAGE("SSH-2.0-OpenSSH_9.2\r\n"), false, "the client speaks no TLS",
      "the server speaks no TLS" },
    { "zeros", GARBAGE("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), false, "the client speaks no TLS",
      "the server speaks no TLS" },
    { "SMTP", GARBAGE("220 mail.test ESMTP\r\n"), false, "the client speaks no TLS",
      "the server speaks no TLS" },
    { "a record too long", GARBAGE("\x16\x03\x01\xff\xff\x01\x00\xff\xfb\x03\x03"), false,
      "TLS: ", "TLS: " },
    { "a record of nothing", GARBAGE("\x16\x03\x01\x00\x00\x16\x03\x01\x00\x00"), false, NULL,
      NULL },
    { "a handshake message too long",
      GARBAGE("\x16\x03\x01\x00\x08\x01\xff\xff\xff\x03\x03\x00\x00"), false, "TLS: ", "TLS: " },
    { "a handshake message of no kind", GARBAGE("\x16\x03\x01\x00\x04\xf0\x00\x00\x00"), false,
      "TLS: ", "TLS: " },
    { "data before a handshake", GARBAGE("\x17\x03\x03\x00\x02hi"), false,
      "the client speaks no TLS", "the server speaks no TLS" },
    { "an alert", GARBAGE("\x15\x03\x03\x00\x02\x02\x28"), false, "TLS: unexpected message",
      "the server sent the alert \"handshake failure\"" },
    { "an alert of no kind", GARBAGE("\x15\x03\x03\x00\x02\x02\xfe"), false,
      "TLS: unexpected message", "alert" },
};

static void check_garbage(const struct garbage_case *c, bool is_server)
{
    struct end end = { .wire = malloc(WIRE_BYTES) };
    struct weft_text host = weft_text_of(is_server ? "" : "localhost");
    assert_int_equal(
        wf_tls_open(test_pool(), is_server ? server_tls : client_tls, host, 443, &end.tls),
        WEFT_OK);
    end_flush(&end);
    uint8_t *edge = guard_page_place(c->bytes, c->count);
    end_read(&end, (struct weft_bytes){ edge, c->count });
    const char *expected = is_server ? c->to_server : c->to_client;
    const struct weft_failure *failure = wf_tls_failure(end.tls);
    if (expected ? !failure || !strstr(failure->text, expected) : failure != NULL)
        fail_msg("%s: %s", c->name, failure ? failure->text : "good");
    assert_int_equal(end.result, expected ? WF_TLS_FAILED : WF_TLS_WANTS_INPUT);
    assert_int_equal(wf_tls_unused(end.tls), 0);
    bool is_plain_http = is_server && c->is_plain_http;
    assert_int_equal(wf_tls_is_plain_http(end.tls), is_plain_http);
    if (is_plain_http)
        assert_false(wf_tls_has_output(end.tls));

    /* It stays failed, whatever comes. */
    if (expected) {
        end_read(&end, (struct weft_bytes){ edge, c->count });
        assert_int_equal(end.result, WF_TLS_FAILED);
        assert_ptr_equal(wf_tls_failure(end.tls), failure);
        assert_int_equal(wf_tls_read_end(end.tls), WF_TLS_FAILED);
    }
    guard_page_free(edge, c->count);
    wf_tls_close(end.tls);
    free(end.wire);
}

static void test_garbage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof garbage_cases / sizeof garbage_cases[0]; i++) {
        check_garbage(&garbage_cases[i], true);
        check_garbage(&garbage_cases[i], false);
    }
}

/* After the handshake too. */
static void test_garbage_after_the_handshake(void **state)
{
    (void)state;
    static const char plain[] = "\x17\x03\x03\x00\x20 this was never sealed by anybody";
    for (int i = 0; i < 2; i++) {
        struct pair *pair = malloc(sizeof *pair);
        pair_open(pair, client_tls, server_tls, "localhost");
        pair_run(pair);
        struct end *end = i ? &pair->client : &pair->server;
        end_read(end, (struct weft_bytes){ (const uint8_t *)plain, sizeof plain - 1 });
        assert_int_equal(end->result, WF_TLS_FAILED);
        assert_int_equal(end->plain_count, 0);
        assert_string_equal(wf_tls_failure(end->tls)->text,
                            "TLS: a TLS record was changed on its way");
        assert_true(wf_tls_has_output(end->tls)); /* The alert. */
        struct weft_bytes span = { (const uint8_t *)plain, 1 };
        size_t taken, count;
        struct weft_buffer out = { end->wire, WIRE_BYTES };
        assert_int_equal(wf_tls_seal(end->tls, &span, 1, out, &taken, &count), WEFT_ERR_PROTOCOL);
        assert_int_equal(taken, 0);
        assert_true(count > 0);
        pair_close(pair);
        free(pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cut_towards_the_client),
        cmocka_unit_test(test_every_cut_towards_the_server),
        cmocka_unit_test(test_pieces_of_every_size),
        cmocka_unit_test(test_changed_bytes),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_garbage_after_the_handshake),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

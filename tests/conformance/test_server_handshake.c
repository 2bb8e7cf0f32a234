/* RFC 6455 4.2 and the HTTP/1.1 below it, at `weft serve`: each wrong request gets its status and a
 * line that says why, each right one its 101. */
#include "conformance/requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_ROOM = 4096 };

static struct server server;

/* ---- what an answer must be ---- */

/* The value of a field that stands there once; false: it does not stand there at all. */
static bool find_field(const char *head, const char *name, char *out, size_t out_bytes)
{
    char line[64];
    snprintf(line, sizeof line, "\r\n%s: ", name);
    const char *found = strcasestr(head, line);
    if (!found)
        return false;
    found += strlen(line);
    assert_null(strcasestr(found, line));
    size_t bytes = strcspn(found, "\r");
    assert_true(bytes < out_bytes);
    memcpy(out, found, bytes);
    out[bytes] = '\0';
    return true;
}

static void expect_field(const char *head, const char *name, const char *value)
{
    char found[HEAD_ROOM];
    if (!find_field(head, name, found, sizeof found))
        fail_msg("the answer has no %s:\n%s", name, head);
    assert_string_equal(found, value);
}

static void check_open(struct peer *peer, const char *head, const char *protocol)
{
    static const struct piece text = TEXT_FRAME("hello"), close = CLOSE(1000, "");
    char found[HEAD_ROOM];
    expect_field(head, "Upgrade", "websocket");
    expect_field(head, "Connection", "Upgrade");
    expect_field(head, "Sec-WebSocket-Accept", SERVER_ACCEPT);
    assert_false(find_field(head, "Sec-WebSocket-Extensions", found, sizeof found));
    if (*protocol)
        expect_field(head, "Sec-WebSocket-Protocol", protocol);
    else
        assert_false(find_field(head, "Sec-WebSocket-Protocol", found, sizeof found));
    peer_send_piece(peer, &text);
    peer_expect(peer, &text);
    peer_send_piece(peer, &close);
    peer_expect(peer, &close);
    peer_expect_end(peer);
}

/* One line of plain text. */
static void check_reason(struct peer *peer, const char *head, const char *says)
{
    char length[32], line[256] = "";
    expect_field(head, "Content-Type", "text/plain; charset=utf-8");
    assert_true(find_field(head, "Content-Length", length, sizeof length));
    size_t bytes = strtoul(length, NULL, 10);
    assert_in_range(bytes, 2, sizeof line - 1);
    memcpy(line, peer_take(peer, bytes).data, bytes);
    assert_ptr_equal(strchr(line, '\n'), line + bytes - 1);
    if (!strstr(line, says))
        fail_msg("'%s' does not say '%s'", line, says);
}

/* Who is not told of the end can ask again. */
static void check_rest(struct peer *peer, const char *head)
{
    char answer[HEAD_ROOM], value[HEAD_ROOM];
    bool has_connection = find_field(head, "Connection", value, sizeof value);
    if (has_connection && strcasestr(value, "close")) {
        peer_expect_end(peer);
        return;
    }
    peer_send_text(peer, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
    peer_take_head(peer, answer, sizeof answer);
    assert_memory_equal(answer, "HTTP/1.1 200 OK\r\n", 17);
    assert_memory_equal(peer_take(peer, 3).data, "ok\n", 3);
}

static void take_answer(struct peer *peer, const struct request_case *c)
{
    char head[HEAD_ROOM];
    int status;
    peer_take_head(peer, head, sizeof head);
    assert_int_equal(sscanf(head, "HTTP/1.1 %d ", &status), 1);
    if (status != c->status)
        fail_msg("the answer is not %d:\n%s", c->status, head);
    if (status == 101) {
        check_open(peer, head, c->header);
        return;
    }
    if (c->header && !strstr(head, c->header))
        fail_msg("the answer has no %s:\n%s", c->header, head);
    check_reason(peer, head, c->says);
    check_rest(peer, head);
}

/* ---- the tests ---- */

static void run(const struct request_case *c, bool is_octetwise)
{
    struct peer peer;
    peer_connect(&peer, server.address);
    if (is_octetwise)
        peer_send_octetwise(&peer, c->request.data, c->request.count);
    else
        peer_send(&peer, c->request.data, c->request.count);
    take_answer(&peer, c);
    peer_close(&peer);
}

static void each_request_has_its_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < cases_requests_count; i++) {
        print_message("  %s\n", cases_requests[i].name);
        run(&cases_requests[i], false);
        run(&cases_requests[i], true);
    }
}

static struct weft_bytes span_of(const struct octets *octets)
{
    return (struct weft_bytes){ octets->data, octets->count };
}

static void add_text(struct octets *octets, const char *text)
{
    octets_add(octets, text, strlen(text));
}

/* A hundred fields are taken, one more is 431. RFC 6585 5. */
static void fields_have_a_limit(void **state)
{
    (void)state;
    enum { TAKEN = 100, OWN = 5 };
    for (int more = 0; more < 2; more++) {
        struct octets request = { 0 };
        add_text(&request, GET FIELDS);
        for (int i = 0; i < TAKEN - OWN + more; i++)
            add_text(&request, "X-Field: a\r\n");
        add_text(&request, END);
        const struct request_case c = { "fields", span_of(&request), more ? 431 : 101,
                                        "too many header fields", more ? "Connection: close" : "" };
        run(&c, false);
        run(&c, true);
        octets_free(&request);
    }
}

/* A request whose head has so many bytes, in one field or in many. */
static void build_head(struct octets *request, size_t bytes, size_t field_bytes)
{
    add_text(request, GET FIELDS);
    while (request->count < bytes - 2) {
        size_t left = bytes - 2 - request->count;
        size_t now = left < 2 * field_bytes ? left : field_bytes;
        add_text(request, "X:");
        for (size_t i = 4; i < now; i++)
            add_text(request, "a");
        add_text(request, "\r\n");
    }
    add_text(request, END);
    assert_int_equal(request->count, bytes);
}

static void heads_have_a_limit(void **state)
{
    (void)state;
    enum { HEAD_BYTES_MAX = 16 * 1024 };
    static const size_t sizes[] = { HEAD_BYTES_MAX, HEAD_BYTES_MAX + 1, 4 * HEAD_BYTES_MAX };
    static const size_t field_sizes[] = { 8 * HEAD_BYTES_MAX, 1000 };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        for (size_t k = 0; k < COUNT_OF(field_sizes); k++) {
            struct octets request = { 0 };
            build_head(&request, sizes[i], field_sizes[k]);
            bool fits = sizes[i] <= HEAD_BYTES_MAX;
            const struct request_case c = { "head", span_of(&request), fits ? 101 : 431,
                                            "the head is too long",
                                            fits ? "" : "Connection: close" };
            run(&c, false);
            run(&c, true);
            octets_free(&request);
        }
    }
}

static void targets_have_a_limit(void **state)
{
    (void)state;
    struct octets request = { 0 };
    add_text(&request, "GET /");
    for (int i = 0; i < 20000; i++)
        add_text(&request, "a");
    add_text(&request, " HTTP/1.1\r\n" FIELDS END);
    const struct request_case c = { "target", span_of(&request), 414, "too long",
                                    "Connection: close" };
    run(&c, false);
    run(&c, true);
    octets_free(&request);
}

/* RFC 6455 4.1: a client waits for the answer, but nothing is lost when it does not. */
static void frames_behind_the_head_are_taken(void **state)
{
    (void)state;
    static const struct piece hello = TEXT_FRAME("hello"), part = FIRST_TEXT("a"), last = LAST("b"),
                              joined = TEXT_FRAME("ab"), close = CLOSE(1000, "");
    struct peer peer;
    struct octets octets = { 0 };
    char head[HEAD_ROOM];
    add_text(&octets, GET FIELDS END);
    wire_add(&octets, &hello, WEFT_CLIENT);
    wire_add(&octets, &part, WEFT_CLIENT);
    peer_connect(&peer, server.address);
    peer_send(&peer, octets.data, octets.count);
    peer_take_head(&peer, head, sizeof head);
    peer_expect(&peer, &hello);
    peer_send_piece(&peer, &last);
    peer_expect(&peer, &joined);
    peer_send_piece(&peer, &close);
    peer_expect(&peer, &close);
    peer_expect_end(&peer);
    peer_close(&peer);
    octets_free(&octets);
}

/* RFC 9112 9.3: a connection serves requests until one of them makes a WebSocket of it. */
static void a_websocket_follows_other_requests(void **state)
{
    (void)state;
    struct peer peer;
    char head[HEAD_ROOM];
    peer_connect(&peer, server.address);
    peer_send_text(&peer, "GET /healthz HTTP/1.1\r\n" HOST "\r\n" GET HOST UPGRADE CONNECTION KEY
                          "\r\n" GET FIELDS END);
    peer_take_head(&peer, head, sizeof head);
    assert_memory_equal(head, "HTTP/1.1 200 ", 13);
    peer_take(&peer, 3);
    peer_take_head(&peer, head, sizeof head);
    assert_memory_equal(head, "HTTP/1.1 426 ", 13);
    check_reason(&peer, head, "version 13");
    peer_take_head(&peer, head, sizeof head);
    assert_memory_equal(head, "HTTP/1.1 101 ", 13);
    check_open(&peer, head, "");
    peer_close(&peer);
}

/* A client that ends its direction half-way gets no answer, and takes nothing with it. */
static void requests_that_end_early_are_dropped(void **state)
{
    (void)state;
    static const char request[] = GET FIELDS END;
    for (size_t cut = 0; cut < sizeof request - 1; cut += 7) {
        struct peer peer;
        peer_connect(&peer, server.address);
        peer_send(&peer, request, cut);
        peer_shutdown(&peer);
        peer_expect_end(&peer);
        peer_close(&peer);
    }
}

static int start(void **state)
{
    (void)state;
    static const char *const arguments[] = { "--no-deflate", NULL };
    server_start(&server, arguments);
    return 0;
}

static int end(void **state)
{
    (void)state;
    server_end(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_has_its_answer),
        cmocka_unit_test(fields_have_a_limit),
        cmocka_unit_test(heads_have_a_limit),
        cmocka_unit_test(targets_have_a_limit),
        cmocka_unit_test(frames_behind_the_head_are_taken),
        cmocka_unit_test(a_websocket_follows_other_requests),
        cmocka_unit_test(requests_that_end_early_are_dropped),
    };
    return cmocka_run_group_tests(tests, start, end);
}

/* RFC 6455 4.1 at `weft connect`: its request, and what it says to each answer. */
#include "conformance/answers.h"
#include "conformance/client.h"

#include "codec/base64.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HEAD_ROOM = 4096, LINE_ROOM = 512 };

static int listener;
static char address[64];

/* ---- one handshake ---- */

static void start(struct process *process, const char *const *offers, const char *const *more)
{
    char url[96];
    const char *arguments[16] = { "connect", "--echo", "--no-deflate", url };
    size_t count = 4;
    snprintf(url, sizeof url, "ws://%s/path?a=b", address);
    for (; *offers; offers++) {
        arguments[count++] = "--protocol";
        arguments[count++] = *offers;
    }
    for (; more && *more; more++)
        arguments[count++] = *more;
    process_start(process, arguments);
    process_write(process, NULL, 0, true);
}

static void meet(struct process *process, struct peer *peer)
{
    for (int turns = 0; !peer_accept(peer, listener, 10); turns++) {
        process_pump(process, 0);
        if (turns == 2000 || process->exit_status >= 0)
            process_fail(process, "a connection");
    }
}

/* The template with the value that fits, or with it in small letters. */
static void fill(struct octets *out, struct weft_bytes text, const char *request)
{
    enum { PLACE_BYTES = 8 };
    char accept[29], small[29];
    client_accept_of(request, accept);
    for (size_t i = 0; i < sizeof accept; i++)
        small[i] = accept[i] >= 'A' && accept[i] <= 'Z' ? (char)(accept[i] | 0x20) : accept[i];
    for (size_t at = 0; at < text.count;) {
        bool has_place = text.count - at >= PLACE_BYTES;
        if (has_place && memcmp(text.data + at, "{accept}", PLACE_BYTES) == 0)
            octets_add(out, accept, 28);
        else if (has_place && memcmp(text.data + at, "{ACCEPT}", PLACE_BYTES) == 0)
            octets_add(out, small, 28);
        else
            has_place = false;
        if (!has_place)
            octets_add(out, text.data + at, 1);
        at += has_place ? PLACE_BYTES : 1;
    }
}

/* It sends back what comes, and answers the Close frame. */
static void check_open(struct peer *peer)
{
    static const struct piece text = TEXT_FRAME("hello"), close = CLOSE(1000, "");
    peer_send_piece(peer, &text);
    peer_expect(peer, &text);
    peer_send_piece(peer, &close);
    peer_expect(peer, &close);
    peer_shutdown(peer);
    peer_expect_end(peer);
}

/* RFC 6455 7.1.7: it ends TCP of its own accord; nothing is sent to who is no WebSocket server. */
static void check_failure(struct peer *peer, bool ends, bool was_open)
{
    if (ends)
        peer_shutdown(peer);
    if (was_open)
        peer_expect_close(peer, 1002);
    peer_expect_any_end(peer);
}

static void check_exit(struct process *process, const char *says)
{
    int status = process_end(process);
    const char *said = process->err.data ? process->err.data : "";
    assert_int_equal(process->out.count, 0);
    if (!says) {
        if (status || *said)
            fail_msg("the client ended with %d: %s", status, said);
        return;
    }
    bool is_report = strncmp(said, "weft: cannot connect to ws://", 29) == 0 ||
                     strncmp(said, "weft: the connection to ws://", 29) == 0;
    if (status != 1 || !is_report || process_count_lines(&process->err) != 1 || !strstr(said, says))
        fail_msg("the client ended with %d and does not say '%s': %s", status, says, said);
}

static void run(const struct answer_case *c, bool is_octetwise)
{
    struct process process;
    struct peer peer;
    struct octets answer = { 0 };
    char request[HEAD_ROOM];
    start(&process, c->offers, NULL);
    meet(&process, &peer);
    peer_take_head(&peer, request, sizeof request);
    fill(&answer, c->answer, request);
    if (is_octetwise)
        peer_send_octetwise(&peer, answer.data, answer.count);
    else
        peer_send(&peer, answer.data, answer.count);
    if (c->says)
        check_failure(&peer, c->ends, false);
    else
        check_open(&peer);
    peer_close(&peer);
    check_exit(&process, c->says);
    process_free(&process);
    octets_free(&answer);
}

/* ---- the tests ---- */

static void each_answer_has_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < cases_answers_count; i++) {
        print_message("  %s\n", cases_answers[i].name);
        run(&cases_answers[i], false);
        run(&cases_answers[i], true);
    }
}

/* An answer of many bytes, many fields or many interim answers. */
static void run_long(const char *name, const char *before, const char *repeated, size_t times,
                     const char *behind, const char *says)
{
    struct octets answer = { 0 };
    octets_add(&answer, before, strlen(before));
    for (size_t i = 0; i < times; i++)
        octets_add(&answer, repeated, strlen(repeated));
    octets_add(&answer, behind, strlen(behind));
    const struct answer_case c = { name, { answer.data, answer.count }, says, { NULL }, false };
    print_message("  %s\n", name);
    run(&c, false);
    run(&c, true);
    octets_free(&answer);
}

static void answers_have_limits(void **state)
{
    (void)state;
    run_long("100 fields", STATUS FIELDS, "X: y\r\n", 97, END, NULL);
    run_long("101 fields", STATUS FIELDS, "X: y\r\n", 98, END, "too many header fields");
    run_long("a long field", STATUS FIELDS "X: ", "a", 16000, "\r\n\r\n", NULL);
    run_long("a field that is too long", STATUS FIELDS "X: ", "a", 16 * 1024, "\r\n\r\n",
             "the head is too long");
    run_long("a field without an end", STATUS FIELDS "X: ", "a", 64 * 1024, "",
             "the head is too long");
    run_long("a phrase without an end", "HTTP/1.1 101 ", "a", 64 * 1024, "",
             "the head is too long");
    run_long("16 interim answers", "", "HTTP/1.1 100 Continue\r\n\r\n", 16, STATUS FIELDS END,
             NULL);
    run_long("interim answers without an end", "", "HTTP/1.1 100 Continue\r\n\r\n", 1000, "",
             "too many interim answers");
}

static const char *field_of(const char *head, const char *name, char *out)
{
    char line[64];
    snprintf(line, sizeof line, "\r\n%s: ", name);
    const char *found = strstr(head, line);
    if (!found)
        return NULL;
    found += strlen(line);
    assert_null(strcasestr(found, line));
    snprintf(out, LINE_ROOM, "%.*s", (int)strcspn(found, "\r"), found);
    return out;
}

/* RFC 6455 4.1: its request. */
static void check_request(const char *request, char key_out[25])
{
    char value[LINE_ROOM];
    uint8_t nonce[18];
    size_t count;
    assert_memory_equal(request, "GET /path?a=b HTTP/1.1\r\n", 24);
    assert_string_equal(field_of(request, "Host", value), address);
    assert_string_equal(field_of(request, "Upgrade", value), "websocket");
    assert_string_equal(field_of(request, "Connection", value), "Upgrade");
    assert_string_equal(field_of(request, "Sec-WebSocket-Version", value), "13");
    assert_non_null(field_of(request, "Sec-WebSocket-Key", value));
    assert_int_equal(strlen(value), 24);
    memcpy(key_out, value, 25);
    assert_true(wf_base64_decode((struct weft_text){ value, 24 }, nonce, &count));
    assert_int_equal(count, 16);
}

static void refuse(struct process *process, struct peer *peer)
{
    peer_send_text(peer, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    peer_expect_any_end(peer);
    peer_close(peer);
    check_exit(process, "HTTP 403");
    process_free(process);
}

static void the_request_is_right(void **state)
{
    (void)state;
    static const char *const nothing[] = { NULL };
    static const char *const protocols[] = { "chat", "json", NULL };
    static const char *const more[] = { "--origin", "http://page.example", "-H", "X-A: b c", NULL };
    struct process process;
    struct peer peer;
    char request[HEAD_ROOM], value[LINE_ROOM], first_key[25], second_key[25];

    start(&process, nothing, NULL);
    meet(&process, &peer);
    peer_take_head(&peer, request, sizeof request);
    check_request(request, first_key);
    assert_null(field_of(request, "Origin", value));
    assert_null(field_of(request, "Sec-WebSocket-Protocol", value));
    assert_null(field_of(request, "Sec-WebSocket-Extensions", value));
    assert_int_equal(peer_untaken(&peer).count, 0);
    refuse(&process, &peer);

    start(&process, protocols, more);
    meet(&process, &peer);
    peer_take_head(&peer, request, sizeof request);
    check_request(request, second_key);
    assert_string_equal(field_of(request, "Origin", value), "http://page.example");
    assert_string_equal(field_of(request, "Sec-WebSocket-Protocol", value), "chat, json");
    assert_string_equal(field_of(request, "X-A", value), "b c");
    refuse(&process, &peer);
    /* RFC 6455 4.1: a nonce is chosen for each connection. */
    assert_string_not_equal(first_key, second_key);
}

/* An answer and what follows it in the same write. */
static void open_with(struct process *process, struct peer *peer, const struct octets *frames)
{
    static const char *const nothing[] = { NULL };
    static const struct weft_bytes text = WITH("");
    struct octets answer = { 0 };
    char request[HEAD_ROOM];
    start(process, nothing, NULL);
    meet(process, peer);
    peer_take_head(peer, request, sizeof request);
    fill(&answer, text, request);
    octets_add(&answer, frames->data, frames->count);
    peer_send(peer, answer.data, answer.count);
    octets_free(&answer);
}

static void frames_behind_the_head_are_taken(void **state)
{
    (void)state;
    static const struct piece hello = TEXT_FRAME("hello"), ping = PING("p"), pong = PONG("p");
    struct process process;
    struct peer peer;
    struct octets frames = { 0 };
    wire_add(&frames, &hello, WEFT_SERVER);
    wire_add(&frames, &ping, WEFT_SERVER);
    open_with(&process, &peer, &frames);
    peer_expect(&peer, &hello);
    peer_expect(&peer, &pong);
    check_open(&peer);
    peer_close(&peer);
    check_exit(&process, NULL);
    process_free(&process);
    octets_free(&frames);
}

static void a_wrong_frame_behind_the_head_fails(void **state)
{
    (void)state;
    static const struct piece wrong = WRONGLY_MASKED(FIN | OPCODE_TEXT, "hello");
    struct process process;
    struct peer peer;
    struct octets frames = { 0 };
    wire_add(&frames, &wrong, WEFT_SERVER);
    open_with(&process, &peer, &frames);
    check_failure(&peer, false, true);
    peer_close(&peer);
    check_exit(&process, "is masked");
    process_free(&process);
    octets_free(&frames);
}

/* RFC 6455 5.3: a new key for each frame; that two of them are equal may happen once in 10^5 runs,
 * that many are, never. */
static void each_frame_has_its_key(void **state)
{
    (void)state;
    enum { FRAMES = 256 };
    static const struct piece hello = TEXT_FRAME("hello");
    struct process process;
    struct peer peer;
    struct octets frames = { 0 };
    uint32_t keys[FRAMES];
    size_t equal = 0;
    for (size_t i = 0; i < FRAMES; i++)
        wire_add(&frames, &hello, WEFT_SERVER);
    open_with(&process, &peer, &frames);
    for (size_t i = 0; i < FRAMES; i++) {
        peer_expect(&peer, &hello);
        keys[i] = peer.last_key;
        for (size_t k = 0; k < i; k++)
            equal += keys[k] == keys[i];
    }
    assert_true(equal <= 1);
    check_open(&peer);
    peer_close(&peer);
    check_exit(&process, NULL);
    process_free(&process);
    octets_free(&frames);
}

/* Neither a server that says nothing nor one that stops in the middle is waited for for ever. */
static void a_silent_server_is_left(void **state)
{
    (void)state;
    static const char *const nothing[] = { NULL };
    static const char *const patience[] = { "--timeout", "0.2", NULL };
    static const char *const beginnings[] = { "", "HTTP/1.1 101 Swi", STATUS UPGRADE,
                                              "HTTP/1.1 100 Continue\r\n\r\n" };
    for (size_t i = 0; i < COUNT_OF(beginnings); i++) {
        struct process process;
        struct peer peer;
        start(&process, nothing, patience);
        meet(&process, &peer);
        peer_send_text(&peer, beginnings[i]);
        check_exit(&process, "after 0.2 s");
        peer_close(&peer);
        process_free(&process);
    }
}

static void nobody_listens(void **state)
{
    (void)state;
    struct process process;
    char free_address[64], url[96];
    /* A port that is bound and not listened to stays free of others. */
    int bound = peer_bind(free_address, sizeof free_address);
    snprintf(url, sizeof url, "ws://%s/", free_address);
    const char *const arguments[] = { "connect", "--echo", url, NULL };
    process_run(&process, NULL, arguments);
    check_exit(&process, "refused");
    process_free(&process);
    close(bound);
}

static int set_up(void **state)
{
    (void)state;
    listener = peer_listen(address, sizeof address);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(listener);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_is_right),
        cmocka_unit_test(each_answer_has_its_line),
        cmocka_unit_test(answers_have_limits),
        cmocka_unit_test(frames_behind_the_head_are_taken),
        cmocka_unit_test(a_wrong_frame_behind_the_head_fails),
        cmocka_unit_test(each_frame_has_its_key),
        cmocka_unit_test(a_silent_server_is_left),
        cmocka_unit_test(nobody_listens),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

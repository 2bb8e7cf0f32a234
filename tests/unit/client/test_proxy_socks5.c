/* SOCKS5: whole conversations, cut at every byte. */
#include "client/proxy_socks5.h"

#include "support/cases.h"
#include "support/guard_page.h"

#include <errno.h>

#define REPLY_V4   "\x05\x00\x00\x01\x01\x02\x03\x04\x00\x50"
#define REPLY_NAME "\x05\x00\x00\x03\x03xyz\x00\x50"
#define REPLY_V6                                                                                   \
    "\x05\x00\x00\x04"                                                                             \
    "0123456789abcdef"                                                                             \
    "\x00\x50"
#define ASK_NAME "\x05\x01\x00\x03\x09h.example\x01\xBB"

static const struct {
    const char *name;
    bool has_login;
    const char *ip; /* NULL: the name. */
    struct weft_bytes from_proxy;
    struct weft_bytes to_proxy; /* All of it. */
    size_t used;                /* Of a DONE. */
    weft_status status;         /* WEFT_OK: a DONE. */
    int system_error;
    const char *text;
} cases[] = {
    { "a name", false, NULL, BYTES_OF("\x05\x00" REPLY_V4), BYTES_OF("\x05\x01\x00" ASK_NAME), 12,
      WEFT_OK, 0, "" },
    { "the server's bytes follow", false, NULL, BYTES_OF("\x05\x00" REPLY_NAME "HTTP"),
      BYTES_OF("\x05\x01\x00" ASK_NAME), 12, WEFT_OK, 0, "" },
    { "an IPv4 address", false, "192.0.2.1", BYTES_OF("\x05\x00" REPLY_V6),
      BYTES_OF("\x05\x01\x00\x05\x01\x00\x01\xC0\x00\x02\x01\x01\xBB"), 24, WEFT_OK, 0, "" },
    { "an IPv6 address", false, "::1", BYTES_OF("\x05\x00" REPLY_V4),
      BYTES_OF("\x05\x01\x00\x05\x01\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xBB"), 12,
      WEFT_OK, 0, "" },
    { "a login", true, NULL, BYTES_OF("\x05\x02\x01\x00" REPLY_V4),
      BYTES_OF("\x05\x02\x00\x02\x01\x02me\x03key" ASK_NAME), 14, WEFT_OK, 0, "" },
    { "a login that is not asked for", true, NULL, BYTES_OF("\x05\x00" REPLY_V4),
      BYTES_OF("\x05\x02\x00\x02" ASK_NAME), 12, WEFT_OK, 0, "" },
    { "a wrong password", true, NULL, BYTES_OF("\x05\x02\x01\x01"),
      BYTES_OF("\x05\x02\x00\x02\x01\x02me\x03key"), 0, WEFT_ERR_REFUSED, 0,
      "the user name or the password is wrong" },
    { "an answer to the login of another version", true, NULL, BYTES_OF("\x05\x02\x05\x00"),
      BYTES_OF("\x05\x02\x00\x02\x01\x02me\x03key"), 0, WEFT_ERR_PROTOCOL, 0, "no SOCKS5 answer" },
    { "a login is wanted", false, NULL, BYTES_OF("\x05\xFF"), BYTES_OF("\x05\x01\x00"), 0,
      WEFT_ERR_REFUSED, 0, "it wants a user name and a password" },
    { "another login is wanted", true, NULL, BYTES_OF("\x05\xFF"), BYTES_OF("\x05\x02\x00\x02"), 0,
      WEFT_ERR_REFUSED, 0, "it takes no password" },
    { "a login that was not offered", false, NULL, BYTES_OF("\x05\x02"), BYTES_OF("\x05\x01\x00"),
      0, WEFT_ERR_PROTOCOL, 0, "a way to log in that was not offered" },
    { "GSSAPI, which never is", true, NULL, BYTES_OF("\x05\x01"), BYTES_OF("\x05\x02\x00\x02"), 0,
      WEFT_ERR_PROTOCOL, 0, "a way to log in that was not offered" },
    { "HTTP", false, NULL, BYTES_OF("HTTP/1.1 400"), BYTES_OF("\x05\x01\x00"), 0, WEFT_ERR_PROTOCOL,
      0, "no SOCKS5 answer" },
    { "SOCKS4", false, NULL, BYTES_OF("\x04\x00"), BYTES_OF("\x05\x01\x00"), 0, WEFT_ERR_PROTOCOL,
      0, "no SOCKS5 answer" },
    { "a reply of another version", false, NULL, BYTES_OF("\x05\x00\x04\x00\x00\x01"),
      BYTES_OF("\x05\x01\x00" ASK_NAME), 0, WEFT_ERR_PROTOCOL, 0, "no SOCKS5 answer" },
    { "an address of no kind", false, NULL, BYTES_OF("\x05\x00\x05\x00\x00\x02"),
      BYTES_OF("\x05\x01\x00" ASK_NAME), 0, WEFT_ERR_PROTOCOL, 0, "no SOCKS5 answer" },
    { "the ruleset", false, NULL, BYTES_OF("\x05\x00\x05\x02"), BYTES_OF("\x05\x01\x00" ASK_NAME),
      0, WEFT_ERR_REFUSED, 0, "connection not allowed by ruleset" },
    { "a general failure", false, NULL, BYTES_OF("\x05\x00\x05\x01\x00\x01"),
      BYTES_OF("\x05\x01\x00" ASK_NAME), 0, WEFT_ERR_SYSTEM, 0, "general SOCKS server failure" },
    { "refused", false, NULL, BYTES_OF("\x05\x00\x05\x05\x00\x01\0\0\0\0\0\0"),
      BYTES_OF("\x05\x01\x00" ASK_NAME), 0, WEFT_ERR_SYSTEM, ECONNREFUSED, "connection refused" },
    { "the host", false, NULL, BYTES_OF("\x05\x00\x05\x04"), BYTES_OF("\x05\x01\x00" ASK_NAME), 0,
      WEFT_ERR_SYSTEM, EHOSTUNREACH, "host unreachable" },
    { "the last code", false, NULL, BYTES_OF("\x05\x00\x05\x08"), BYTES_OF("\x05\x01\x00" ASK_NAME),
      0, WEFT_ERR_REFUSED, 0, "address type not supported" },
    { "a code without a name", false, NULL, BYTES_OF("\x05\x00\x05\x09"),
      BYTES_OF("\x05\x01\x00" ASK_NAME), 0, WEFT_ERR_PROTOCOL, 0, "reply 9, which has no name" },
};

/* As the socket does it. */
struct talk {
    struct wf_socks5 socks;
    size_t used;
    uint8_t sent[WF_SOCKS5_BYTES_MAX * 3];
    size_t sent_count;
    enum wf_proxy_step result;
    struct wf_proxy_refusal refusal;
};

static void begin(struct talk *talk, bool has_login, const char *ip)
{
    *talk = (struct talk){ .socks = { .host = TEXT("h.example"), .port = 443 } };
    if (has_login) {
        talk->socks.username = weft_text_of("me");
        talk->socks.password = weft_text_of("key");
    }
    if (ip)
        assert_int_equal(wf_address_of_ip(&talk->socks.address, weft_text_of(ip), 443), WEFT_OK);
    talk->sent_count = wf_socks5_begin(&talk->socks, talk->sent);
}

static void feed(struct talk *talk, struct weft_bytes answer)
{
    size_t used, count;
    do {
        size_t left = answer.count - talk->used;
        uint8_t *placed = guard_page_place(answer.data + talk->used, left);
        talk->result = wf_socks5_read(&talk->socks, (struct weft_bytes){ placed, left }, &used,
                                      talk->sent + talk->sent_count, &count, &talk->refusal);
        guard_page_free(placed, left);
        assert_true(used <= left);
        talk->used += used;
        talk->sent_count += count;
    } while (talk->result == WF_PROXY_STEP_MORE && used);
}

static void conversations_go_well_however_they_are_cut(void **state)
{
    (void)state;
    for_each_case(c, cases)
    {
        for (size_t cut = 0; cut <= c->from_proxy.count + 1; cut++) {
            struct talk talk;
            struct weft_bytes part = c->from_proxy;
            begin(&talk, c->has_login, c->ip);
            /* Cut in two; the last time in single bytes. */
            bool is_bytewise = cut > part.count;
            for (part.count = is_bytewise ? 0 : cut; talk.result == WF_PROXY_STEP_MORE;
                 part.count = is_bytewise ? part.count + 1 : c->from_proxy.count) {
                assert_true(part.count <= c->from_proxy.count);
                feed(&talk, part);
            }
            assert_int_equal(talk.result, c->status ? WF_PROXY_STEP_FAILED : WF_PROXY_STEP_DONE);
            assert_int_equal(talk.refusal.status, c->status);
            assert_int_equal(talk.refusal.system_error, c->system_error);
            assert_int_equal(talk.refusal.http_status, 0);
            assert_string_equal(talk.refusal.text, c->text);
            assert_int_equal(talk.sent_count, c->to_proxy.count);
            assert_memory_equal(talk.sent, c->to_proxy.data, talk.sent_count);
            if (!c->status)
                assert_int_equal(talk.used, c->used);
        }
    }
}

static void the_longest_login_has_room(void **state)
{
    (void)state;
    static char text[255];
    memset(text, 'x', sizeof text);
    struct wf_socks5 socks = { .username = { text, sizeof text },
                               .password = { text, sizeof text },
                               .host = { text, sizeof text } };
    uint8_t out[WF_SOCKS5_BYTES_MAX];
    struct wf_proxy_refusal refusal;
    size_t used, count;
    assert_int_equal(wf_socks5_begin(&socks, out), 4);
    assert_int_equal(
        wf_socks5_read(&socks, (struct weft_bytes)BYTES(5, 2), &used, out, &count, &refusal),
        WF_PROXY_STEP_MORE);
    assert_int_equal(count, WF_SOCKS5_BYTES_MAX);
    assert_int_equal(
        wf_socks5_read(&socks, (struct weft_bytes)BYTES(1, 0), &used, out, &count, &refusal),
        WF_PROXY_STEP_MORE);
    assert_int_equal(count, 4 + 1 + 255 + 2);
}

/* URLs have no such limit, and a redirect may say anything. */
static void a_name_that_is_too_long_is_not_asked_for(void **state)
{
    (void)state;
    static char text[20000];
    memset(text, 'x', sizeof text);
    static const size_t counts[] = { 256, 512, sizeof text };
    for (size_t i = 0; i < COUNT_OF(counts); i++)
        for (int has_login = 0; has_login < 2; has_login++) {
            struct talk talk;
            begin(&talk, has_login, NULL);
            talk.socks.host = (struct weft_text){ text, counts[i] };
            size_t said = talk.sent_count + (has_login ? sizeof "\x01\x02me\x03key" - 1 : 0);
            feed(&talk,
                 has_login ? (struct weft_bytes)BYTES(5, 2, 1, 0) : (struct weft_bytes)BYTES(5, 0));
            assert_int_equal(talk.result, WF_PROXY_STEP_FAILED);
            assert_int_equal(talk.refusal.status, WEFT_ERR_UNSUPPORTED);
            assert_int_equal(talk.sent_count, said);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversations_go_well_however_they_are_cut),
        cmocka_unit_test(the_longest_login_has_room),
        cmocka_unit_test(a_name_that_is_too_long_is_not_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

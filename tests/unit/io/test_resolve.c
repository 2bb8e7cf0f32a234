#include "io/resolve.h"

#include "io/query.h"
#include "unit/io/loops.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct answer {
    int count; /* How often it was told. */
    size_t address_count;
    struct wf_address addresses[64];
    char failure_text[WF_RESOLVE_FAILURE_BYTES];
    struct wf_resolve **cancels;
};

static void on_resolved(void *user, const struct wf_address *addresses, size_t count,
                        const char *failure_text)
{
    struct answer *answer = user;
    answer->count++;
    answer->address_count = count;
    assert_true(count <= COUNT_OF(answer->addresses));
    if (count)
        memcpy(answer->addresses, addresses, count * sizeof *addresses);
    assert_int_equal(count == 0, failure_text != NULL);
    if (failure_text) {
        assert_null(strchr(failure_text, '\n'));
        snprintf(answer->failure_text, sizeof answer->failure_text, "%s", failure_text);
    }
    if (answer->cancels)
        wf_resolve_cancel(*answer->cancels);
}

static struct wf_resolve *start(weft_loop *loop, const char *host, struct answer *answer)
{
    struct wf_resolve *resolve = NULL;
    assert_int_equal(wf_resolve_start(loop, weft_text_of(host), 443, on_resolved, answer, &resolve),
                     WEFT_OK);
    assert_int_equal(answer->count, 0); /* Never from inside the call. */
    return resolve;
}

static void expect_text(const struct wf_address *address, const char *expected)
{
    char text[WF_ADDRESS_TEXT_MAX];
    wf_address_text(address, text, sizeof text);
    assert_string_equal(text, expected);
}

static const struct {
    const char *name;
    struct weft_text host;
    const char *first; /* NULL: the failure text says "no such name". */
    const char *second;
} known[] = {
    { "v4", TEXT("192.0.2.7"), "192.0.2.7:443", NULL },
    { "v6", TEXT("2001:db8::7"), "[2001:db8::7]:443", NULL },
    { "localhost", TEXT("localhost"), "127.0.0.1:443", "[::1]:443" },
    { "localhost with a dot", TEXT("localhost."), "127.0.0.1:443", "[::1]:443" },
    { "capitals", TEXT("LocalHost"), "127.0.0.1:443", "[::1]:443" },
    { "below localhost", TEXT("a.b.localhost"), "127.0.0.1:443", "[::1]:443" },
    { "invalid", TEXT("nonsense.invalid"), NULL, NULL },
    { "invalid with a dot", TEXT("nonsense.Invalid."), NULL, NULL },
    { "onion", TEXT("a.onion"), NULL, NULL },
};

static void test_known(void **state)
{
    weft_loop *loop = *state;
    for_each_case(c, known)
    {
        struct answer answer = { 0 };
        struct wf_address now[2];
        size_t count;
        size_t expected = !c->first ? 0 : c->second ? 2 : 1;
        start(loop, c->host.data, &answer);
        assert_true(weft_loop_is_alive(loop));
        turn(loop, -1);
        assert_int_equal(answer.count, 1);
        assert_int_equal(answer.address_count, expected);
        assert_int_equal(wf_resolve_now(c->host, 443, now, 2, &count),
                         expected ? WEFT_OK : WEFT_ERR_RESOLVE);
        assert_int_equal(count, expected);
        if (c->first) {
            expect_text(&answer.addresses[0], c->first);
            expect_text(&now[0], c->first);
        } else {
            assert_non_null(strstr(answer.failure_text, "no such name"));
            assert_memory_equal(answer.failure_text, c->host.data, c->host.count);
        }
        if (c->second) {
            expect_text(&answer.addresses[1], c->second);
            expect_text(&now[1], c->second);
            assert_int_equal(wf_resolve_now(c->host, 443, now, 1, &count), WEFT_OK);
            assert_int_equal(count, 1);
        }
        assert_false(weft_loop_is_alive(loop));
    }
}

#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct {
    const char *name;
    struct weft_text host;
} no_hosts[] = {
    { "empty", TEXT("") },
    { "a dot", TEXT(".") },
    { "a dot in front", TEXT(".weft.test") },
    { "two dots", TEXT("weft..test") },
    { "two dots behind", TEXT("weft.test..") },
    { "a space", TEXT("weft test") },
    { "a zero", TEXT("weft\0.test") },
    { "a slash", TEXT("weft/test") },
    { "a port", TEXT("weft.test:80") },
    { "brackets", TEXT("[::1]") },
    { "not ASCII", TEXT("w\xC3\xAB"
                        "ft.test") },
    { "short v4", TEXT("127.1") },
    { "a number", TEXT("2130706433") },
    { "v4 too long", TEXT("1.2.3.4.5") },
    { "long label", TEXT(L63 "x.test") },
    { "long name", TEXT(L63 "." L63 "." L63 "." L63) },
};

static void test_no_hosts(void **state)
{
    weft_loop *loop = *state;
    for_each_case(c, no_hosts)
    {
        struct answer answer = { 0 };
        struct wf_resolve *resolve;
        struct wf_address address;
        size_t count;
        assert_int_equal(wf_resolve_start(loop, c->host, 1, on_resolved, &answer, &resolve),
                         WEFT_ERR_SYNTAX);
        assert_int_equal(wf_resolve_now(c->host, 1, &address, 1, &count), WEFT_ERR_SYNTAX);
        assert_false(weft_loop_is_alive(loop));
    }
}

/* A name server of the test's own, on the same loop: answers by the first letter of the name. */
struct server {
    weft_watch *watch;
    int fd;
    int asked_count;
    char address[64];
};

static uint8_t *put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *put_record(uint8_t *at, unsigned type, uint8_t last)
{
    static const uint8_t v4[] = { 192, 0, 2, 0 };
    static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8 };
    size_t bytes = type == 1 ? sizeof v4 : sizeof v6;
    at = put16(at, 0xC00C); /* The name of the question. */
    at = put16(at, type);
    at = put16(at, 1);
    at = put16(put16(at, 0), 60);
    at = put16(at, (unsigned)bytes);
    memcpy(at, type == 1 ? v4 : v6, bytes);
    at[bytes - 1] = last;
    return at + bytes;
}

static void answer_question(weft_watch *watch, int ready, void *user)
{
    struct server *server = user;
    uint8_t packet[4096];
    struct sockaddr_storage from;
    socklen_t from_bytes = sizeof from;
    (void)watch;
    assert_int_equal(ready, WEFT_READABLE);
    ssize_t got = recvfrom(server->fd, packet, 512, 0, (struct sockaddr *)&from, &from_bytes);
    assert_true(got > 17);
    server->asked_count++;
    uint8_t *end = packet + 12;
    char kind = (char)end[1];
    while (*end)
        end += *end + 1;
    unsigned type = (unsigned)(end[1] << 8 | end[2]);
    end += 5;
    unsigned records = kind == 't' ? 2 : kind != 'm' ? 0 : type == 1 ? 25 : 15;
    if (kind == 's')
        return;
    put16(packet + 2, kind == 'n' ? 0x8183 : 0x8180);
    put16(packet + 6, records);
    put16(packet + 8, 0);
    put16(packet + 10, 0);
    for (unsigned i = 1; i <= records; i++)
        end = put_record(end, type, (uint8_t)i);
    ssize_t sent =
        sendto(server->fd, packet, (size_t)(end - packet), 0, (struct sockaddr *)&from, from_bytes);
    assert_true(sent == end - packet);
}

static void start_server(weft_loop *loop, struct server *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t bytes = sizeof address;
    *server = (struct server){ .fd = socket(AF_INET, SOCK_DGRAM, 0) };
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &bytes), 0);
    snprintf(server->address, sizeof server->address, "127.0.0.1:%u",
             (unsigned)ntohs(address.sin_port));
    assert_int_equal(
        weft_watch_create(loop, server->fd, WEFT_READABLE, answer_question, server, &server->watch),
        WEFT_OK);
    assert_int_equal(wf_resolver_use_servers(loop, server->address), WEFT_OK);
}

static void stop_server(struct server *server)
{
    weft_watch_destroy(server->watch);
    close(server->fd);
}

static void test_asked(void **state)
{
    weft_loop *loop = *state;
    struct server server;
    struct answer two = { 0 }, many = { 0 }, none = { 0 };
    start_server(loop, &server);
    start(loop, "two.test", &two);
    start(loop, "many.test", &many);
    start(loop, "none.test", &none);
    until(loop, two.count && many.count && none.count);
    assert_int_equal(two.address_count, 4);
    for (size_t i = 1; i < 4; i++)
        assert_int_not_equal(two.addresses[i].storage.ss_family,
                             two.addresses[i - 1].storage.ss_family);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(wf_address_port(&two.addresses[i]), 443);
    assert_int_equal(many.address_count, WF_RESOLVE_ADDRESSES_MAX);
    assert_int_equal(none.address_count, 0);
    assert_memory_equal(none.failure_text, "none.test: ", 11);
    stop_server(&server);
    assert_int_equal(two.count + many.count + none.count, 3);
    assert_false(weft_loop_is_alive(loop));
    assert_int_equal(weft_loop_next_deadline_ms(loop), -1);
}

static void test_hosts_file(void **state)
{
    weft_loop *loop = *state;
    struct server server;
    struct answer answer = { 0 };
    char name[256];
    /* Only a name of this machine's own may be in /etc/hosts, and it is not everywhere. */
    assert_int_equal(gethostname(name, sizeof name), 0);
    FILE *hosts = fopen("/etc/hosts", "r");
    char line[512];
    bool is_listed = false;
    while (hosts && fgets(line, sizeof line, hosts)) {
        line[strcspn(line, "#\n")] = '\0';
        for (char *rest = line, *word; (word = strsep(&rest, " \t"));)
            is_listed = is_listed || strcmp(word, name) == 0;
    }
    if (hosts)
        fclose(hosts);
    if (!is_listed) {
        print_message("  (%s is not in /etc/hosts)\n", name);
        return;
    }
    start_server(loop, &server);
    start(loop, name, &answer);
    until(loop, answer.count);
    assert_true(answer.address_count > 0);
    assert_int_equal(server.asked_count, 0);
    stop_server(&server);
}

/* A server that says nothing: it is asked again, then given up. */
static void test_silence(void **state)
{
    weft_loop *loop = *state;
    struct server server;
    struct answer answer = { 0 };
    start_server(loop, &server);
    start(loop, "silent.test", &answer);
    until(loop, answer.count);
    assert_int_equal(answer.address_count, 0);
    assert_memory_equal(answer.failure_text, "silent.test: ", 13);
    assert_true(server.asked_count > 2);
    stop_server(&server);
    assert_false(weft_loop_is_alive(loop));
}

static void test_cancelled(void **state)
{
    weft_loop *loop = *state;
    struct server server;
    struct answer two = { 0 }, silent = { 0 }, local = { 0 }, cancelled = { 0 };
    start_server(loop, &server);
    wf_resolve_cancel(NULL);

    /* Before its turn; on the wire; alone, which lets the loop end; and one of two. */
    wf_resolve_cancel(start(loop, "localhost", &cancelled));
    struct wf_resolve *alone = start(loop, "silent.test", &cancelled);
    until(loop, server.asked_count);
    wf_resolve_cancel(alone);
    assert_int_equal(weft_loop_next_deadline_ms(loop), -1); /* No question is left to time out. */
    wf_resolve_cancel(start(loop, "two.test", &cancelled));
    struct wf_resolve *one = start(loop, "silent.test", &cancelled);
    start(loop, "two.test", &two);
    wf_resolve_cancel(one);
    until(loop, two.count);

    /* From inside another's answer. */
    struct wf_resolve *victim = start(loop, "silent.test", &silent);
    local.cancels = &victim;
    start(loop, "localhost", &local);
    until(loop, local.count);
    stop_server(&server);
    assert_int_equal(weft_loop_run(loop), WEFT_OK);
    assert_int_equal(two.count, 1);
    assert_int_equal(cancelled.count + silent.count, 0);
}

/* The loop's end is an answer, too; the same for those that were cancelled it is not. */
static void test_loop_destroyed(void **state)
{
    weft_loop *loop = *state;
    struct server server;
    struct answer silent = { 0 }, local = { 0 }, cancelled = { 0 };
    start_server(loop, &server);
    start(loop, "silent.test", &silent);
    struct wf_resolve *resolve = start(loop, "silent.test", &cancelled);
    until(loop, server.asked_count >= 2);
    wf_resolve_cancel(resolve);
    start(loop, "localhost", &local);
    stop_server(&server);
    weft_loop_destroy(loop);
    *state = NULL;
    assert_int_equal(silent.count, 1);
    assert_int_equal(local.count, 1);
    assert_int_equal(cancelled.count, 0);
    assert_int_equal(local.address_count, 0);
}

static void test_servers(void **state)
{
    weft_loop *loop = *state;
    assert_int_equal(wf_resolver_use_servers(loop, "not an address"), WEFT_ERR_SYNTAX);
    assert_int_equal(wf_resolver_use_servers(loop, "127.0.0.1:5353,[::1]:53"), WEFT_OK);
}

int main(void)
{
    /* How long c-ares waits, and how often it asks. */
    setenv("RES_OPTIONS", "retrans:40 retry:3", 1);
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_known),          ON_BOTH(test_no_hosts), ON_BOTH(test_asked),
        ON_BOTH(test_hosts_file),     ON_BOTH(test_silence),  ON_BOTH(test_cancelled),
        ON_BOTH(test_loop_destroyed), ON_BOTH(test_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

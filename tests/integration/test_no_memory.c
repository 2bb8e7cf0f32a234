/* Whole conversations, server and clients on one loop, in which the n-th allocation fails, for
 * every n: every socket ends exactly once, nothing is left behind, and nothing hangs. */
#include "io/loop.h"
#include "support/cases.h"
#include "support/fault_alloc.h"
#include "support/secure.h"
#include "weft/weft.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS_MAX = 3, SERVED_MAX = 8, BIG_BYTES = 100000, TURNS_MAX = 2000 };

/* What one socket has told. */
struct side {
    struct talk *talk;
    weft_socket *socket; /* NULL: it has ended, or never was. */
    bool has_begun;
    int open_count;
    int error_count;
    int close_count;
    int http_status;
    size_t message_count;
    bool was_clean;
    uint16_t code;
    uint16_t wanted_code; /* close() found no memory: it is asked for again. */
};

struct way {
    enum weft_backend backend;
    bool onwards;       /* All later allocations fail, too. */
    bool keeps_nothing; /* The pool is of no help: each of its blocks comes from the allocator. */
};

struct talk {
    struct fault_alloc fault;
    const struct way *way;
    weft_loop *loop;
    weft_server *server;
    weft_hub *hub;
    char url[96];
    struct side clients[CLIENTS_MAX];
    struct side served[SERVED_MAX];
    size_t client_count;
    size_t served_count;
    struct side unserved; /* All that were accepted and ended before they were open. */
};

struct conversation {
    const char *name;
    size_t client_count;
    void (*run)(struct talk *talk);
    void (*check)(const struct talk *talk); /* When nothing has failed. */
};

static uint8_t big[BIG_BYTES];

static bool is_known(weft_status status)
{
    return status == WEFT_OK || status == WEFT_ERR_MEMORY;
}

static void want_close(struct side *side, uint16_t code)
{
    if (!side->socket)
        return;
    weft_status status = weft_socket_close(side->socket, code, NULL);
    assert_true(is_known(status));
    side->wanted_code = status ? code : 0;
}

static void note_message(struct side *side, weft_status sent)
{
    assert_true(is_known(sent));
    if (sent)
        want_close(side, weft_socket_side(side->socket) == WEFT_SERVER ? 1011 : 3011);
}

/* ---- what both sides tell ---- */

static void on_error(weft_socket *socket, const struct weft_failure *failure, void *user)
{
    struct side *side = user;
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CLOSED);
    side->error_count++;
    side->http_status = failure->http.status;
}

static void on_close(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    struct side *side = user;
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CLOSED);
    if (side != &side->talk->unserved)
        assert_int_equal(side->error_count, event->failure ? 1 : 0);
    /* Clean is what has a Close frame of the peer's. */
    assert_false(event->was_clean && event->code == 1006);
    side->close_count++;
    side->was_clean = event->was_clean;
    side->code = event->code;
    side->wanted_code = 0;
    side->socket = NULL;
}

/* ---- the server ---- */

static void served_message(weft_socket *socket, const struct weft_message_event *message,
                           void *user)
{
    struct side *side = user;
    side->message_count++;
    note_message(side, message->type == WEFT_TEXT
                           ? weft_socket_send_text(socket, message->data, message->bytes)
                           : weft_socket_send_bytes(socket, message->data, message->bytes));
}

static void publish_to_all(struct talk *talk)
{
    weft_status status = weft_publish(talk->hub, "all", WEFT_BINARY, big, 5000, NULL);
    assert_true(is_known(status));
    for (size_t i = 0; status && i < talk->served_count; i++)
        want_close(&talk->served[i], 1011);
}

/* A socket of the server's gets a record of its own here; those that are never open share one. */
static void served_open(weft_socket *socket, void *user)
{
    struct side *unserved = user;
    struct talk *talk = unserved->talk;
    assert_true(talk->served_count < SERVED_MAX);
    struct side *side = &talk->served[talk->served_count++];
    *side = (struct side){ .talk = talk, .socket = socket, .open_count = 1 };
    weft_socket_set_user(socket, side);
    if (!talk->hub)
        return;
    weft_status status = weft_subscribe(talk->hub, socket, "all");
    assert_true(is_known(status));
    if (status)
        want_close(side, 1011);
    else if (weft_subscriber_count(talk->hub, "all") == talk->client_count)
        publish_to_all(talk);
}

/* ---- the client ---- */

static void client_open(weft_socket *socket, void *user)
{
    struct side *side = user;
    side->open_count++;
    if (!side->talk->hub)
        note_message(side, weft_socket_send_text(socket, "small", WEFT_ZERO_TERMINATED));
}

/* Text comes back, then something large, then something large and compressible. */
static void client_message(weft_socket *socket, const struct weft_message_event *message,
                           void *user)
{
    static char same[20000];
    struct side *side = user;
    side->message_count++;
    if (side->talk->hub || side->message_count == 3) {
        want_close(side, 1000);
    } else if (side->message_count == 1) {
        assert_int_equal(message->bytes, 5);
        note_message(side, weft_socket_send_bytes(socket, big, sizeof big));
    } else {
        assert_int_equal(message->bytes, sizeof big);
        assert_memory_equal(message->data, big, sizeof big);
        memset(same, 'x', sizeof same);
        note_message(side, weft_socket_send_text(socket, same, sizeof same));
    }
}

static void connect_one(struct talk *talk, struct side *side)
{
    struct weft_connect_options options = {
        .settings = { .handshake_timeout_ms = 2000, .close_timeout_ms = 300 },
        .connect_timeout_ms = 2000,
        .events = { .on_open = client_open,
                    .on_message = client_message,
                    .on_error = on_error,
                    .on_close = on_close },
        .user = side,
    };
    side->talk = talk;
    weft_status status = weft_socket_connect(talk->loop, talk->url, &options, &side->socket);
    assert_true(is_known(status));
    side->has_begun = status == WEFT_OK;
    if (status) {
        assert_null(side->socket);
        assert_true(talk->fault.failed);
    }
    /* The library holds the socket until on_close has returned, which is when it is forgotten here.
     */
    weft_socket_release(side->socket);
}

/* ---- a talk from its begin to its end ---- */

static bool is_over(const struct talk *talk)
{
    struct weft_server_counts counts;
    weft_server_get_counts(talk->server, &counts);
    for (size_t i = 0; i < talk->client_count; i++)
        if (talk->clients[i].socket)
            return false;
    return counts.connections == 0;
}

/* A message for all is sent when all are there: those that remain would wait in vain. */
static bool is_one_missing(const struct talk *talk)
{
    for (size_t i = 0; talk->hub && i < talk->client_count; i++)
        if (!talk->clients[i].socket && talk->clients[i].message_count == 0)
            return true;
    return false;
}

/* A user whose call has found no memory tries again. */
static void ask_again(struct talk *talk)
{
    bool is_missing = is_one_missing(talk);
    for (size_t i = 0; i < talk->client_count; i++)
        if (talk->clients[i].wanted_code || is_missing)
            want_close(&talk->clients[i], 1000);
    for (size_t i = 0; i < talk->served_count; i++)
        if (talk->served[i].wanted_code)
            want_close(&talk->served[i], talk->served[i].wanted_code);
}

static void turn_until_over(struct talk *talk)
{
    for (int turns = 0; !is_over(talk); turns++) {
        if (turns == TURNS_MAX)
            fail_msg("it hangs, with allocation %zu failing", talk->fault.fails_at);
        assert_int_equal(weft_loop_turn(talk->loop, 10), WEFT_OK);
        ask_again(talk);
    }
}

static void run_clients(struct talk *talk)
{
    for (size_t i = 0; i < talk->client_count; i++)
        connect_one(talk, &talk->clients[i]);
    turn_until_over(talk);
}

static void ends_with(const struct side *side, size_t message_count)
{
    assert_int_equal(side->message_count, message_count);
    assert_int_equal(side->open_count, 1);
    assert_int_equal(side->error_count, 0);
    assert_true(side->was_clean);
    assert_int_equal(side->code, 1000);
}

static void check_echoes(const struct talk *talk)
{
    assert_int_equal(talk->served_count, 1);
    ends_with(&talk->clients[0], 3);
    ends_with(&talk->served[0], 3);
}

static void check_subscribers(const struct talk *talk)
{
    assert_int_equal(talk->served_count, CLIENTS_MAX);
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        ends_with(&talk->clients[i], 1);
        ends_with(&talk->served[i], 0);
    }
}

static void check_refusal(const struct talk *talk)
{
    assert_int_equal(talk->served_count, 0);
    assert_int_equal(talk->clients[0].open_count, 0);
    assert_int_equal(talk->clients[0].error_count, 1);
    assert_int_equal(talk->clients[0].http_status, 403);
    assert_int_equal(talk->clients[0].code, 1006);
}

/* By hand, and all at once: a handshake, a text in three fragments with a ping between, an end. */
static void run_fragments(struct talk *talk)
{
    static const char request[] =
        "GET /talk HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        "\x01\x85\0\0\0\0Hello\x89\x82\0\0\0\0hi\x00\x81\0\0\0\0,\x80\x86\0\0\0\0 world"
        "\x88\x82\0\0\0\0\x03\xe8";
    struct sockaddr_in to = { .sin_family = AF_INET };
    to.sin_port = htons((uint16_t)atoi(strrchr(talk->url, ':') + 1));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    fd = secure_bridge(fd);
    assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    struct weft_server_counts counts = { 0 };
    for (int turns = 0; counts.accepted_total == 0 && turns < 20; turns++) {
        assert_int_equal(weft_loop_turn(talk->loop, 10), WEFT_OK);
        weft_server_get_counts(talk->server, &counts);
    }
    (void)shutdown(fd, SHUT_WR); /* The server may have reset it. */
    turn_until_over(talk);
    close(fd);
}

static void check_fragments(const struct talk *talk)
{
    assert_int_equal(talk->served_count, 1);
    ends_with(&talk->served[0], 1);
}

static void refuse(weft_request *request, void *user)
{
    (void)user;
    static const char body[] = "not you";
    struct weft_response response = { .status = 403, .body = body, .body_bytes = sizeof body - 1 };
    assert_true(is_known(weft_request_respond(request, &response)));
}

static weft_status begin(struct talk *talk)
{
    struct weft_loop_options options = { .backend = talk->way->backend,
                                         .allocator = &talk->fault.allocator,
                                         .receive_bytes = 1000 };
    char address[64];
    weft_status status = weft_loop_create(&options, &talk->loop);
    if (!status && talk->way->keeps_nothing)
        wf_loop_pool(talk->loop)->kept_bytes_max = 0;
    if (!status)
        status = weft_server_create(talk->loop, NULL, &talk->server);
    if (!status)
        status = secure_listen(talk->server, "127.0.0.1:0", address, sizeof address);
    struct weft_route route = {
        .settings = { .handshake_timeout_ms = 2000, .close_timeout_ms = 300 },
        .events = { .on_open = served_open,
                    .on_message = served_message,
                    .on_error = on_error,
                    .on_close = on_close },
        .user = &talk->unserved,
    };
    if (!status)
        status = weft_server_route(talk->server, "/talk", &route);
    route.on_upgrade = refuse;
    if (!status)
        status = weft_server_route(talk->server, "/refused", &route);
    if (!status)
        snprintf(talk->url, sizeof talk->url, "%s://%s", secure_scheme(), address);
    return status;
}

static void run_echoes(struct talk *talk)
{
    strcat(talk->url, "/talk");
    run_clients(talk);
}

static void run_refusal(struct talk *talk)
{
    strcat(talk->url, "/refused");
    run_clients(talk);
}

static void run_subscribers(struct talk *talk)
{
    weft_status status = weft_hub_create(talk->loop, NULL, &talk->hub);
    assert_true(is_known(status));
    if (!status)
        run_echoes(talk);
}

/* Every socket that began has ended, once; one that ended well has lost nothing. */
static void no_side_is_lost(const struct talk *talk)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        const struct side *side = &talk->clients[i];
        assert_int_equal(side->close_count, side->has_begun ? 1 : 0);
        assert_null(side->socket);
        if (side->was_clean && side->code == 1000 && !side->talk->hub)
            assert_int_equal(side->message_count, 3);
    }
    for (size_t i = 0; i < talk->served_count; i++)
        assert_int_equal(talk->served[i].close_count, 1);
}

/* True: an allocation has failed, so that there is a next one to fail. */
static bool run(const struct conversation *conversation, const struct way *way, size_t n)
{
    struct talk *talk = calloc(1, sizeof *talk);
    assert_non_null(talk);
    fault_alloc_init(&talk->fault, n);
    talk->fault.fails_onwards = way->onwards;
    talk->way = way;
    talk->client_count = conversation->client_count;
    talk->unserved.talk = talk;
    weft_status status = begin(talk);
    if (status)
        assert_int_equal(status, WEFT_ERR_MEMORY);
    else
        conversation->run(talk);
    no_side_is_lost(talk);
    if (!talk->fault.failed)
        conversation->check(talk);
    weft_hub_destroy(talk->hub);
    weft_server_destroy(talk->server);
    weft_loop_destroy(talk->loop);
    assert_int_equal(talk->fault.live_count, 0);
    bool failed = talk->fault.failed;
    free(talk);
    return failed;
}

static const struct conversation conversations[] = {
    { "echoes", 1, run_echoes, check_echoes },
    { "a refusal", 1, run_refusal, check_refusal },
    { "three subscribers", CLIENTS_MAX, run_subscribers, check_subscribers },
    { "fragments", 0, run_fragments, check_fragments },
};

static void each_allocation_may_fail(const struct way *way)
{
    for_each_case(c, conversations)
    {
        size_t n = 1;
        while (run(c, way, n))
            n++;
        assert_true(n > 10);
    }
}

static void one_allocation_fails(void **state)
{
    each_allocation_may_fail(&(struct way){ .backend = *(enum weft_backend *)*state });
}

static void one_allocation_fails_without_a_pool(void **state)
{
    each_allocation_may_fail(
        &(struct way){ .backend = *(enum weft_backend *)*state, .keeps_nothing = true });
}

static void all_allocations_fail_from_one_on(void **state)
{
    each_allocation_may_fail(
        &(struct way){ .backend = *(enum weft_backend *)*state, .onwards = true });
}

static void all_allocations_fail_from_one_on_without_a_pool(void **state)
{
    each_allocation_may_fail(&(struct way){
        .backend = *(enum weft_backend *)*state, .onwards = true, .keeps_nothing = true });
}

static enum weft_backend epoll_backend = WEFT_BACKEND_EPOLL, poll_backend = WEFT_BACKEND_POLL;

#define WITH_BOTH(test)                                                                            \
    cmocka_unit_test_prestate(test, &epoll_backend), cmocka_unit_test_prestate(test, &poll_backend)

int main(void)
{
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 2654435761u >> 13);
    const struct CMUnitTest tests[] = {
        WITH_BOTH(one_allocation_fails),
        WITH_BOTH(one_allocation_fails_without_a_pool),
        WITH_BOTH(all_allocations_fail_from_one_on),
        WITH_BOTH(all_allocations_fail_from_one_on_without_a_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

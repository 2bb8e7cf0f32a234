/* Lost connections that are followed by others, on the same socket. */
#include "support/fault_alloc.h"
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a server whose connections end one after the other as a script says ---- */

struct script {
    const char *steps; /* A letter for each request, see serve_step(); the last one stays. */
    size_t request_count;
    struct record served;
    char paths[1024]; /* "/" and "!" for a request with Authorization. */
};

static char next_step(struct script *script)
{
    size_t last = strlen(script->steps) - 1;
    size_t step = script->request_count < last ? script->request_count : last;
    script->request_count++;
    return script->steps[step];
}

static void refuse(weft_request *request, int status, const char *retry_after)
{
    struct weft_header header = { { "Retry-After", 11 }, weft_text_of(retry_after) };
    struct weft_response response = { .status = status,
                                      .headers = &header,
                                      .header_count = retry_after ? 1 : 0 };
    assert_int_equal(weft_request_respond(request, &response), WEFT_OK);
}

static void accept_as(weft_request *request, void *user)
{
    struct weft_acceptance acceptance = { .user = user };
    assert_int_equal(weft_request_accept(request, &acceptance), WEFT_OK);
}

static void serve_step(weft_request *request, void *user)
{
    struct script *script = user;
    struct weft_text authorization = weft_request_header(request, "Authorization");
    char step = next_step(script);
    strcat(script->paths, authorization.count ? "!" : ".");
    switch (step) {
    case 'b':
        refuse(request, 503, NULL);
        return;
    case 'n':
        refuse(request, 404, NULL);
        return;
    case 'r':
        refuse(request, 429, "1");
        return;
    case 't':
        assert_int_equal(weft_request_redirect(request, 302, "/next"), WEFT_OK);
        return;
    case 'f':
        assert_int_equal(weft_request_redirect(request, 302, "/far"), WEFT_OK);
        return;
    default:
        accept_as(request, script);
    }
    script->served.line[0] = step;
}

static void served_open(weft_socket *socket, void *user)
{
    struct script *script = user;
    script->served.socket = socket;
    switch (script->served.line[0]) {
    case '2':
        assert_int_equal(weft_socket_close(socket, 1012, "restarting"), WEFT_OK);
        break;
    case '3':
        assert_int_equal(weft_socket_close(socket, 1013, NULL), WEFT_OK);
        break;
    case '0':
        assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
        break;
    case '8':
        assert_int_equal(weft_socket_close(socket, 1008, NULL), WEFT_OK);
        break;
    case '4':
        assert_int_equal(weft_socket_close(socket, 4001, NULL), WEFT_OK);
        break;
    default:
        break;
    }
}

static void served_message(weft_socket *socket, const struct weft_message_event *message,
                           void *user)
{
    (void)user;
    assert_int_equal(weft_socket_send_text(socket, message->data, message->bytes), WEFT_OK);
}

static void served_close(weft_socket *socket, const struct weft_close_event *close, void *user)
{
    (void)close;
    struct script *script = user;
    if (script->served.socket == socket)
        script->served.socket = NULL;
}

static void run_on_all(void (*test)(struct world *world, struct script *script))
{
    static const enum weft_backend backends[] = { WEFT_BACKEND_EPOLL, WEFT_BACKEND_POLL };
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        struct script script = { .steps = "o" };
        struct weft_route route = {
            .on_upgrade = serve_step,
            .events = { .on_open = served_open,
                        .on_message = served_message,
                        .on_close = served_close },
            .user = &script,
        };
        world_start(&world, backends[i]);
        assert_int_equal(weft_server_route(world.server, "/", &route), WEFT_OK);
        assert_int_equal(weft_server_route(world.server, "/next", &route), WEFT_OK);
        test(&world, &script);
        world_end(&world);
    }
}

#define ON_ALL_BACKENDS(name)                                                                      \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        run_on_all(name##_on);                                                                     \
    }

/* Short delays, and no test lasts long enough for the attempts to be counted anew. */
static const struct weft_connect_options patient = {
    .reconnect = { .attempts_max = 10, .first_delay_ms = 600000, .delay_max_ms = 2 }
};

static void end(struct world *world, weft_socket *socket, const struct record *client)
{
    assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
    world_until(world, client->is_closed);
    weft_socket_release(socket);
}

/* Whether the line of what was told ends so. */
static bool ends_with(const struct record *record, const char *end)
{
    size_t bytes = strlen(end);
    return record->bytes >= bytes && memcmp(record->line + record->bytes - bytes, end, bytes) == 0;
}

/* ---- lost and found ---- */

static void a_restarting_server_is_found_again_on(struct world *world, struct script *script)
{
    struct record client = { 0 };
    script->steps = "2o";
    weft_socket *socket = world_connect(world, "/", &client, &patient);
    world_until(world, strcmp(client.line, "open again:1/1012 open ") == 0 || client.is_closed);
    assert_string_equal(client.line, "open again:1/1012 open ");
    assert_ptr_equal(client.socket, socket);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_OPEN);
    assert_null(weft_socket_failure(socket));
    assert_int_equal(weft_socket_send_text(socket, "hi", 2), WEFT_OK);
    world_until(world, client.message_count == 1);
    assert_int_equal(weft_socket_buffered_amount(socket), 0);
    end(world, socket, &client);
    assert_string_equal(client.line, "open again:1/1012 open text:hi close:1000//clean ");
}
ON_ALL_BACKENDS(a_restarting_server_is_found_again)

static void drop(struct script *script)
{
    /* Nothing is read any more, so that the end of TCP is a reset. */
    static const char many[100000];
    assert_int_equal(weft_socket_send_bytes(script->served.socket, many, sizeof many), WEFT_OK);
}

static void a_broken_connection_is_followed_on(struct world *world, struct script *script)
{
    struct record client = { .quiet = true };
    script->steps = "o";
    weft_socket *socket = world_connect(world, "/", &client, &patient);
    world_until(world, client.socket && script->served.socket);
    drop(script);
    weft_server_destroy(world->server); /* All its connections are dropped. */
    assert_int_equal(weft_server_create(world->loop, NULL, &world->server), WEFT_OK);
    world_until(world, strncmp(client.line, "open again:1/1006 ", 18) == 0 || client.is_closed);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CONNECTING);
    assert_int_equal(weft_socket_send_text(socket, "early", 5), WEFT_ERR_STATE);
    /* Nobody listens: each attempt ends like the first. */
    world_until(world, client.is_closed);
    assert_true(ends_with(&client, "again:10/1006 error:connect close:1006//unclean "));
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(a_broken_connection_is_followed)

static void a_busy_server_is_tried_until_it_has_room_on(struct world *world, struct script *script)
{
    struct record client = { 0 };
    script->steps = "bbbo";
    weft_socket *socket = world_connect(world, "/", &client, &patient);
    world_until(world, client.socket || client.is_closed);
    assert_string_equal(client.line, "again:1/1006 again:2/1006 again:3/1006 open ");
    assert_int_equal(script->request_count, 4);
    end(world, socket, &client);
}
ON_ALL_BACKENDS(a_busy_server_is_tried_until_it_has_room)

static void the_attempts_have_a_limit_on(struct world *world, struct script *script)
{
    struct weft_connect_options options = patient;
    struct record client = { 0 };
    script->steps = "b";
    options.reconnect.attempts_max = 2;
    weft_socket *socket = world_connect(world, "/", &client, &options);
    world_until(world, client.is_closed);
    assert_string_equal(client.line,
                        "again:1/1006 again:2/1006 error:handshake close:1006//unclean ");
    assert_int_equal(client.http_status, 503);
    assert_int_equal(script->request_count, 3);
    assert_int_equal(weft_socket_failure(socket)->http.status, 503);
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(the_attempts_have_a_limit)

static void some_ends_are_the_end_on(struct world *world, struct script *script)
{
    static const struct {
        const char *steps, *line;
    } cases[] = {
        { "0", "open close:1000//clean " },
        { "8", "open close:1008//clean " },
        { "4", "open close:4001//clean " },
        { "n", "error:handshake close:1006//unclean " },
        { "t", "error:handshake close:1006//unclean " }, /* Redirects are not followed. */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record client = { 0 };
        script->steps = cases[i].steps;
        script->request_count = 0;
        weft_socket *socket = world_connect(world, "/", &client, &patient);
        world_until(world, client.is_closed);
        assert_string_equal(client.line, cases[i].line);
        assert_int_equal(script->request_count, 1);
        weft_socket_release(socket);
    }
}
ON_ALL_BACKENDS(some_ends_are_the_end)

static void the_users_own_codes_on(struct world *world, struct script *script)
{
    static const uint16_t codes[] = { 4001 };
    struct weft_connect_options options = patient;
    struct record client = { 0 };
    options.reconnect.close_codes = codes;
    options.reconnect.close_code_count = 1;
    script->steps = "42";
    weft_socket *socket = world_connect(world, "/", &client, &options);
    world_until(world, client.is_closed);
    assert_string_equal(client.line, "open again:1/4001 open close:1012/restarting/clean ");
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(the_users_own_codes)

static void without_the_option_lost_is_lost_on(struct world *world, struct script *script)
{
    struct record client = { 0 };
    script->steps = "2";
    weft_socket *socket = world_connect(world, "/", &client, NULL);
    world_until(world, client.is_closed);
    assert_string_equal(client.line, "open close:1012/restarting/clean ");
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(without_the_option_lost_is_lost)

/* ---- delays ---- */

static void the_server_says_how_long_on(struct world *world, struct script *script)
{
    struct weft_connect_options options = patient;
    struct record refused = { 0 }, later = { 0 };
    options.reconnect.retry_after_max_ms = 40;
    script->steps = "ro";
    weft_socket *socket = world_connect(world, "/", &refused, &options);
    world_until(world, refused.bytes);
    assert_string_equal(refused.line, "again:1/1006 ");
    assert_int_equal(refused.reconnect_delay_ms, 40);
    world_until(world, refused.socket);
    end(world, socket, &refused);

    script->steps = "3o";
    script->request_count = 0;
    options.reconnect.first_delay_ms = 30;
    options.reconnect.delay_max_ms = 30;
    socket = world_connect(world, "/", &later, &options);
    world_until(world, ends_with(&later, "again:1/1013 open "));
    assert_int_equal(later.reconnect_delay_ms, 30);
    end(world, socket, &later);
}
ON_ALL_BACKENDS(the_server_says_how_long)

/* ---- the user ---- */

static void close_ends_the_waiting_on(struct world *world, struct script *script)
{
    struct weft_connect_options options = patient;
    struct record client = { 0 };
    options.reconnect.retry_after_max_ms = 600000;
    script->steps = "r";
    weft_socket *socket = world_connect(world, "/", &client, &options);
    world_until(world, client.bytes);
    assert_int_equal(client.reconnect_delay_ms, 1000);
    assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CLOSING);
    world_until(world, client.is_closed);
    assert_string_equal(client.line, "again:1/1006 error:aborted close:1006//unclean ");
    assert_int_equal(script->request_count, 1);
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(close_ends_the_waiting)

static void close_inside(weft_socket *socket, const struct weft_reconnect_event *event,
                         struct record *record)
{
    (void)record;
    assert_int_equal(event->close.failure->http.status, 503);
    assert_string_equal(event->close.reason, "");
    assert_int_equal(weft_socket_close(socket, 0, NULL), WEFT_OK);
}

static void close_inside_the_event_on(struct world *world, struct script *script)
{
    struct record client = { .on_reconnect = close_inside };
    script->steps = "b";
    weft_socket *socket = world_connect(world, "/", &client, &patient);
    world_until(world, client.is_closed);
    assert_string_equal(client.line, "again:1/1006 error:aborted close:1006//unclean ");
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(close_inside_the_event)

/* close() is on its way when the server goes: no other connection follows. */
static void close_before_the_end_on(struct world *world, struct script *script)
{
    struct record client = { 0 };
    script->steps = "o";
    weft_socket *socket = world_connect(world, "/", &client, &patient);
    world_until(world, client.socket && script->served.socket);
    assert_int_equal(weft_socket_close(socket, 3000, NULL), WEFT_OK);
    weft_server_destroy(world->server);
    assert_int_equal(weft_server_create(world->loop, NULL, &world->server), WEFT_OK);
    world_until(world, client.is_closed);
    assert_null(strstr(client.line, "again"));
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(close_before_the_end)

static void what_was_not_sent_is_dropped_on(struct world *world, struct script *script)
{
    static char many[4 << 20];
    struct weft_connect_options options = patient;
    struct record client = { 0 };
    options.settings.deflate.off = true;
    script->steps = "o";
    weft_socket *socket = world_connect(world, "/", &client, &options);
    world_until(world, client.socket && script->served.socket);
    /* The server reads nothing, and the kernel takes only a part. */
    weft_socket_pause(script->served.socket);
    assert_int_equal(weft_socket_send_bytes(socket, many, sizeof many), WEFT_OK);
    assert_int_equal(weft_socket_send_bytes(socket, many, sizeof many), WEFT_OK);
    assert_true(weft_socket_is_over_mark(socket));
    weft_server_destroy(world->server);
    assert_int_equal(weft_server_create(world->loop, NULL, &world->server), WEFT_OK);
    world_until(world, strstr(client.line, "again:1/"));
    assert_true(client.reconnect_dropped_bytes > 0);
    assert_true(client.reconnect_dropped_bytes <= 2 * sizeof many);
    assert_int_equal(weft_socket_buffered_amount(socket), 0);
    assert_false(weft_socket_is_over_mark(socket));
    assert_int_equal(weft_socket_close(socket, 0, NULL), WEFT_OK);
    world_until(world, client.is_closed);
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(what_was_not_sent_is_dropped)

static void each_attempt_begins_at_the_url_given_on(struct world *world, struct script *script)
{
    struct weft_connect_options options = patient;
    struct record client = { 0 };
    options.redirects_max = 1;
    options.username = "u";
    script->steps = "tbtbto";
    weft_socket *socket = world_connect(world, "/", &client, &options);
    world_until(world, client.socket || client.is_closed);
    assert_string_equal(client.line, "again:1/1006 again:2/1006 open ");
    assert_string_equal(script->paths, "!!!!!!");
    end(world, socket, &client);
}
ON_ALL_BACKENDS(each_attempt_begins_at_the_url_given)

static void listeners_stay_on(struct world *world, struct script *script)
{
    struct record client = { 0 }, listener = { 0 };
    script->steps = "2o";
    weft_socket *socket = world_connect(world, "/", &client, &patient);
    assert_int_equal(weft_socket_add_listener(socket, &record_events, &listener, false, NULL),
                     WEFT_OK);
    world_until(world, ends_with(&client, "1012 open "));
    end(world, socket, &client);
    assert_string_equal(listener.line, client.line);
    assert_string_equal(client.line, "open again:1/1012 open close:1000//clean ");
}
ON_ALL_BACKENDS(listeners_stay)

static void expect_spooled(weft_socket *socket, const struct weft_message_event *message,
                           struct record *record)
{
    (void)socket;
    (void)record;
    assert_non_null(message->blob);
    assert_null(message->data); /* It lies in a file. */
    assert_int_equal(weft_blob_bytes(message->blob), 100000);
}

static void blobs_stay_blobs_on(struct world *world, struct script *script)
{
    static const char many[100000];
    struct weft_connect_options options = patient;
    struct record client = { .quiet = true, .on_message = expect_spooled };
    options.settings.binary_type = WEFT_BLOB;
    options.settings.blob_spool_bytes = 1000;
    script->steps = "2o";
    weft_socket *socket = world_connect(world, "/", &client, &options);
    world_until(world, ends_with(&client, "1012 open ") && script->served.socket);
    assert_int_equal(weft_socket_binary_type(socket), WEFT_BLOB);
    assert_int_equal(weft_socket_send_bytes(script->served.socket, many, sizeof many), WEFT_OK);
    world_until(world, client.message_count == 1);
    end(world, socket, &client);
}
ON_ALL_BACKENDS(blobs_stay_blobs)

/* ---- plain programs ---- */

static void a_plain_program_waits_through_it_on(struct world *world, struct script *script)
{
    struct weft_message_event message;
    struct weft_connect_options options = patient;
    weft_socket *socket;
    script->steps = "bbo";
    assert_int_equal(weft_socket_connect(world->loop, world->url, &options, &socket), WEFT_OK);
    assert_int_equal(weft_socket_wait_open(socket, 20000), WEFT_OK);
    assert_int_equal(script->request_count, 3);
    assert_int_equal(weft_socket_send_text(socket, "one", 3), WEFT_OK);
    assert_int_equal(weft_socket_receive(socket, 20000, &message), WEFT_OK);
    assert_int_equal(message.bytes, 3);
    /* What it has taken stays, while the connection is lost and another stands. */
    weft_socket_resume(socket);
    assert_int_equal(weft_socket_close(script->served.socket, 1012, NULL), WEFT_OK);
    world_until(world, weft_socket_ready_state(socket) != WEFT_OPEN);
    world_until(world, weft_socket_ready_state(socket) == WEFT_OPEN && script->served.socket);
    assert_int_equal(weft_socket_send_text(script->served.socket, "two", 3), WEFT_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(weft_loop_turn(world->loop, 1), WEFT_OK);
    assert_memory_equal(message.data, "one", 3);
    assert_int_equal(weft_socket_receive(socket, 20000, &message), WEFT_OK);
    assert_memory_equal(message.data, "two", 3);
    assert_int_equal(weft_socket_finish(socket), WEFT_OK);
    weft_socket_release(socket);
}
ON_ALL_BACKENDS(a_plain_program_waits_through_it)

/* ---- the loop's end, and no memory ---- */

static void a_loop_may_end_meanwhile(void **state)
{
    (void)state;
    struct weft_connect_options options = patient;
    struct record client = { 0 }, other = { 0 };
    struct script script = { .steps = "r" };
    struct weft_route route = { .on_upgrade = serve_step, .user = &script };
    struct world world;
    options.reconnect.attempts_max = UINT32_MAX;
    options.reconnect.retry_after_max_ms = 600000;
    world_start(&world, WEFT_BACKEND_DEFAULT);
    assert_int_equal(weft_server_route(world.server, "/", &route), WEFT_OK);
    weft_socket *socket = world_connect(&world, "/", &client, &options);
    world_until(&world, client.bytes);
    weft_socket *connecting = world_connect(&world, "/", &other, &options);
    world_end(&world);
    assert_string_equal(client.line, "again:1/1006 error:aborted close:1006//unclean ");
    assert_true(other.is_closed);
    assert_null(strstr(other.line, "again"));
    weft_socket_release(socket);
    weft_socket_release(connecting);
}

/* A connection that is refused, and then lost and found, in which the n-th allocation fails. */
static bool lost_with_fault(struct world *world, struct script *script, size_t n)
{
    struct fault_alloc fault;
    struct record client = { 0 };
    struct weft_loop_options loop_options = { .allocator = &fault.allocator };
    struct weft_connect_options options = patient;
    weft_loop *loop = NULL;
    script->steps = "b2o";
    script->request_count = 0;
    script->paths[0] = '\0';
    options.events = record_events;
    options.user = &client;
    fault_alloc_init(&fault, 0);
    assert_int_equal(weft_loop_create(&loop_options, &loop), WEFT_OK);
    fault.fails_at = fault.call_count + n;
    weft_status status = weft_socket_connect(loop, world->url, &options, NULL);
    assert_true(status == WEFT_OK || (status == WEFT_ERR_MEMORY && fault.failed));
    for (int turns = 0; !status && !client.is_closed &&
                        !(script->request_count >= 3 && ends_with(&client, "open "));
         turns++) {
        assert_true(world_turn(world, turns));
        weft_status turned = weft_loop_turn(loop, 0);
        assert_true(turned == WEFT_OK || turned == WEFT_ERR_MEMORY);
    }
    if (!fault.failed)
        assert_string_equal(client.line, "again:1/1006 open again:2/1012 open ");
    if (client.is_closed)
        assert_true(fault.failed);
    weft_loop_destroy(loop);
    assert_true(status || client.is_closed);
    assert_int_equal(fault.live_count, 0);
    return fault.failed;
}

static void no_memory_on_the_way_on(struct world *world, struct script *script)
{
    size_t n = 1;
    while (lost_with_fault(world, script, n))
        n++;
    assert_true(n > 20);
}
ON_ALL_BACKENDS(no_memory_on_the_way)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restarting_server_is_found_again),
        cmocka_unit_test(a_broken_connection_is_followed),
        cmocka_unit_test(a_busy_server_is_tried_until_it_has_room),
        cmocka_unit_test(the_attempts_have_a_limit),
        cmocka_unit_test(some_ends_are_the_end),
        cmocka_unit_test(the_users_own_codes),
        cmocka_unit_test(without_the_option_lost_is_lost),
        cmocka_unit_test(the_server_says_how_long),
        cmocka_unit_test(close_ends_the_waiting),
        cmocka_unit_test(close_inside_the_event),
        cmocka_unit_test(close_before_the_end),
        cmocka_unit_test(what_was_not_sent_is_dropped),
        cmocka_unit_test(each_attempt_begins_at_the_url_given),
        cmocka_unit_test(listeners_stay),
        cmocka_unit_test(blobs_stay_blobs),
        cmocka_unit_test(a_plain_program_waits_through_it),
        cmocka_unit_test(a_loop_may_end_meanwhile),
        cmocka_unit_test(no_memory_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

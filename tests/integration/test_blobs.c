/* Blobs over real sockets: sent from memory and from files, in order, with pings between. */
#include "support/secure.h"
#include "support/world.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const enum weft_backend backends[] = { WEFT_BACKEND_EPOLL, WEFT_BACKEND_POLL };

enum { LARGE = 3 * 1000 * 1000 + 7 };

static unsigned char byte_at(uint64_t at)
{
    return (unsigned char)(at * 31 + at / 509);
}

static unsigned char *pattern(size_t bytes)
{
    unsigned char *data = malloc(bytes + 1);
    assert_non_null(data);
    for (size_t at = 0; at < bytes; at++)
        data[at] = byte_at(at);
    return data;
}

/* A file without a name; its descriptor. */
static int pattern_file(size_t bytes)
{
    FILE *file = tmpfile();
    unsigned char *data = pattern(bytes);
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fflush(file), 0);
    int fd = dup(fileno(file));
    fclose(file);
    free(data);
    return fd;
}

static weft_blob *file_blob(size_t bytes)
{
    weft_blob *blob;
    int fd = pattern_file(bytes);
    assert_int_equal(weft_blob_from_fd(fd, 0, WEFT_BLOB_TO_END, &blob), WEFT_OK);
    close(fd);
    return blob;
}

static weft_blob *memory_blob(size_t bytes)
{
    weft_blob *blob;
    unsigned char *data = pattern(bytes);
    assert_int_equal(weft_blob_create_copy(data, bytes, &blob), WEFT_OK);
    free(data);
    return blob;
}

/* ---- order ---- */

/* What came, in order: texts as they are, binary messages as their length. */
static char received[512];

static void list(weft_socket *socket, const struct weft_message_event *message,
                 struct record *record)
{
    (void)socket, (void)record;
    size_t used = strlen(received), room = sizeof received - used;
    const unsigned char *data = message->data;
    if (message->type == WEFT_TEXT) {
        snprintf(received + used, room, "%.*s ", (int)message->bytes, (const char *)message->data);
        return;
    }
    snprintf(received + used, room, "%zu ", message->bytes);
    for (size_t at = 0; at < message->bytes; at++)
        if (data[at] != byte_at(at))
            fail_msg("byte %zu is another", at);
}

static void send_in_order(weft_socket *socket)
{
    weft_blob *file = file_blob(LARGE), *memory = memory_blob(9000), *small = file_blob(10), *none;
    assert_int_equal(weft_blob_create_copy(NULL, 0, &none), WEFT_OK);
    assert_int_equal(weft_socket_send_blob(socket, none), WEFT_OK);
    assert_int_equal(weft_socket_send_blob(socket, memory), WEFT_OK);
    assert_int_equal(weft_socket_send_text(socket, "one", 3), WEFT_OK);
    assert_int_equal(weft_socket_send_blob(socket, file), WEFT_OK);
    assert_int_equal(weft_socket_buffered_amount(socket), 9000 + 3 + LARGE);
    assert_int_equal(weft_socket_send_text(socket, "two", 3), WEFT_OK);
    assert_int_equal(weft_socket_send_text(socket, "\xff", 1), WEFT_ERR_UTF8);
    assert_int_equal(weft_socket_send_blob(socket, small), WEFT_OK);
    assert_int_equal(weft_socket_send_blob(socket, memory), WEFT_OK);
    assert_int_equal(weft_socket_send_blob(socket, none), WEFT_OK);
    assert_int_equal(weft_socket_send_blob(socket, file), WEFT_OK);
    assert_int_equal(weft_socket_send_text(socket, "three", 5), WEFT_OK);
    assert_int_equal(weft_socket_buffered_amount(socket),
                     9000 + 3 + LARGE + 3 + 10 + 9000 + LARGE + 5);
    assert_int_equal(weft_socket_close(socket, 3000, "that is all"), WEFT_OK);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_CLOSING);
    weft_blob_release(file);
    weft_blob_release(memory);
    weft_blob_release(small);
    weft_blob_release(none);
}

static const char in_order[] = "0 9000 one 3000007 two 10 9000 0 3000007 three ";

static void messages_keep_their_order_around_blobs(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        bool by_client = i & 1;
        struct world world;
        struct record server = { .quiet = true, .on_message = list };
        struct record client = { .quiet = true, .on_message = list };
        received[0] = '\0';
        world_start(&world, backends[i / 2]);
        world_route(&world, "/", &server, NULL);
        weft_socket *socket = world_connect(&world, "/", &client, NULL);
        world_until(&world, client.socket && server.socket);
        weft_socket_retain(server.socket);
        send_in_order(by_client ? socket : server.socket);
        world_until(&world, client.is_closed && server.is_closed);
        assert_string_equal(received, in_order);
        assert_non_null(
            strstr(by_client ? server.line : client.line, "close:3000/that is all/clean "));
        assert_int_equal(weft_socket_buffered_amount(socket), 0);
        assert_int_equal(weft_socket_buffered_amount(server.socket), 0);
        weft_socket_release(server.socket);
        weft_socket_release(socket);
        world_end(&world);
    }
}

static void *send_from_afar(void *argument)
{
    weft_socket *socket = argument;
    weft_blob *file = file_blob(LARGE);
    assert_int_equal(weft_socket_send_text(socket, "one", 3), WEFT_OK);
    assert_int_equal(weft_socket_send_blob(socket, file), WEFT_OK);
    assert_int_equal(weft_socket_send_text(socket, "two", 3), WEFT_OK);
    assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
    weft_blob_release(file);
    return NULL;
}

static void another_thread_sends_a_blob(void **state)
{
    (void)state;
    struct world world;
    pthread_t thread;
    struct record server = { .quiet = true, .on_message = list }, client = { .quiet = true };
    received[0] = '\0';
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, NULL);
    weft_socket *socket = world_connect(&world, "/", &client, NULL);
    world_until(&world, client.socket && server.socket);
    assert_int_equal(pthread_create(&thread, NULL, send_from_afar, socket), 0);
    pthread_join(thread, NULL);
    assert_int_equal(weft_socket_buffered_amount(socket), 3 + LARGE + 3);
    world_until(&world, client.is_closed && server.is_closed);
    assert_string_equal(received, "one 3000007 two ");
    assert_int_equal(weft_socket_buffered_amount(socket), 0);
    weft_socket_release(socket);
    world_end(&world);
}

static void a_blob_of_another_thread_that_comes_too_late_is_dropped(void **state)
{
    (void)state;
    struct world world;
    struct record server = { 0 }, client = { 0 };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, NULL);
    weft_socket *socket = world_connect(&world, "/", &client, NULL);
    weft_blob *blob = memory_blob(1000);
    assert_int_equal(weft_socket_send_blob(socket, blob), WEFT_ERR_STATE);
    assert_int_equal(weft_socket_send_blob(NULL, blob), WEFT_ERR_ARGUMENT);
    assert_int_equal(weft_socket_send_blob(socket, NULL), WEFT_ERR_ARGUMENT);
    world_until(&world, client.socket);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_from_afar, socket), 0);
    pthread_join(thread, NULL);
    assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
    assert_int_equal(weft_socket_send_blob(socket, blob), WEFT_OK);
    world_until(&world, client.is_closed && server.is_closed);
    assert_int_equal(weft_socket_buffered_amount(socket), 3 + LARGE + 3 + 1000);
    assert_int_equal(server.message_count, 0);
    weft_blob_release(blob);
    weft_socket_release(socket);
    world_end(&world);
}

/* ---- on the wire ---- */

/* A peer that reads frames by hand. */
struct wire {
    int fd;
    unsigned char *data; /* All that came. */
    size_t bytes;
    size_t room;
};

/* Takes what the kernel has. False: the other side has ended. */
static bool wire_read(struct wire *wire)
{
    for (;;) {
        if (wire->room - wire->bytes < 65536) {
            wire->room = wire->room * 2 + 65536;
            wire->data = realloc(wire->data, wire->room);
            assert_non_null(wire->data);
        }
        ssize_t count =
            recv(wire->fd, wire->data + wire->bytes, wire->room - wire->bytes, MSG_DONTWAIT);
        if (count <= 0)
            return count < 0 && errno == EAGAIN;
        wire->bytes += (size_t)count;
    }
}

struct frames {
    uint64_t payload_bytes; /* Of messages. */
    size_t count;           /* Of frames of messages. */
    bool is_final;
    size_t pongs_before_final;
    unsigned close_code; /* 0: none. */
};

/* The server's frames, also those that are cut. */
static struct frames parse(const struct wire *wire)
{
    struct frames frames = { 0 };
    for (size_t at = 0; at + 2 <= wire->bytes;) {
        const unsigned char *frame = wire->data + at;
        uint64_t length = frame[1];
        size_t header = length == 127 ? 10 : length == 126 ? 4 : 2;
        if (at + header > wire->bytes)
            break;
        for (size_t i = 2, end = header, number = 0; i < end; i++)
            length = number = number << 8 | frame[i];
        size_t left = wire->bytes - at - header;
        size_t here = length < left ? (size_t)length : left;
        int opcode = frame[0] & 0x0F;
        if (opcode == 0xA)
            frames.pongs_before_final += !frames.is_final;
        if (opcode == 0x8 && here >= 2)
            frames.close_code = (unsigned)(frame[header] << 8 | frame[header + 1]);
        if (opcode < 0x8) {
            assert_int_equal(opcode, frames.count ? 0 : 2);
            assert_true(length <= 256 * 1024);
            for (size_t i = 0; i < here; i++)
                if (frame[header + i] != byte_at(frames.payload_bytes + i))
                    fail_msg("byte %zu is another", (size_t)frames.payload_bytes + i);
            frames.payload_bytes += here;
            frames.count++;
            frames.is_final = (frame[0] & 0x80) && here == length;
        }
        at += header + here;
    }
    return frames;
}

static bool has_final(const struct wire *wire)
{
    return parse(wire).is_final;
}

static void buffered_amount_is_right_to_the_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        struct record server = { 0 };
        world_start(&world, backends[i]);
        world_route(&world, "/", &server, NULL);
        struct wire wire = { .fd = world_raw_websocket(&world, "/") };
        world_until(&world, server.socket);
        weft_blob *blob = file_blob(3 * LARGE);
        assert_int_equal(weft_socket_send_blob(server.socket, blob), WEFT_OK);
        weft_blob_release(blob);
        assert_int_equal(weft_socket_buffered_amount(server.socket), 3 * LARGE);
        assert_true(weft_socket_is_over_mark(server.socket));
        /* What the kernel was given is what comes out of it while the loop stands still. */
        for (int turns = 0; weft_socket_buffered_amount(server.socket) > 0; turns++) {
            assert_true(world_turn(&world, turns));
            uint64_t left = weft_socket_buffered_amount(server.socket);
            assert_true(wire_read(&wire));
            if (parse(&wire).payload_bytes == 3 * LARGE - left)
                continue;
            /* Loopback hands some of it on a moment later. */
            while (parse(&wire).payload_bytes < 3 * LARGE - left)
                assert_true(wire_read(&wire));
            assert_int_equal(parse(&wire).payload_bytes, 3 * LARGE - left);
        }
        assert_true(has_final(&wire));
        assert_true(parse(&wire).count > 30);
        assert_string_equal(server.line, "open drained ");
        close(wire.fd);
        free(wire.data);
        world_end(&world);
    }
}

static void a_ping_is_answered_while_a_blob_is_sent(void **state)
{
    (void)state;
    static const unsigned char ping[] = { 0x89, 0x80, 1, 2, 3, 4 };
    struct world world;
    struct record server = { 0 };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, NULL);
    struct wire wire = { .fd = world_raw_websocket(&world, "/") };
    world_until(&world, server.socket);
    weft_blob *blob = file_blob(10 * LARGE);
    assert_int_equal(weft_socket_send_blob(server.socket, blob), WEFT_OK);
    weft_blob_release(blob);
    assert_int_equal(write(wire.fd, ping, sizeof ping), sizeof ping);
    world_until(&world, strstr(server.line, "ping: "));
    assert_true(weft_socket_buffered_amount(server.socket) > 0); /* More than the kernel holds. */
    world_until(&world, wire_read(&wire) && has_final(&wire));
    assert_int_equal(parse(&wire).pongs_before_final, 1);
    assert_int_equal(parse(&wire).payload_bytes, 10 * LARGE);
    close(wire.fd);
    free(wire.data);
    world_end(&world);
}

static void a_file_that_shrinks_on_the_way_fails_with_1011(void **state)
{
    (void)state;
    struct world world;
    struct record server = { 0 };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, NULL);
    struct wire wire = { .fd = world_raw_websocket(&world, "/") };
    world_until(&world, server.socket);
    weft_socket *socket = weft_socket_retain(server.socket);
    int fd = pattern_file(10 * LARGE);
    weft_blob *blob;
    assert_int_equal(weft_blob_from_fd(fd, 0, WEFT_BLOB_TO_END, &blob), WEFT_OK);
    assert_int_equal(weft_socket_send_blob(socket, blob), WEFT_OK);
    assert_int_equal(weft_socket_send_text(socket, "behind", 6), WEFT_OK);
    weft_blob_release(blob);
    assert_int_equal(weft_loop_turn(world.loop, 0), WEFT_OK);
    assert_int_equal(ftruncate(fd, LARGE), 0);
    close(fd);
    world_until(&world, !wire_read(&wire) || parse(&wire).close_code);
    assert_int_equal(parse(&wire).close_code, 1011);
    assert_false(has_final(&wire));
    shutdown(wire.fd, SHUT_WR);
    world_until(&world, server.is_closed);
    assert_string_equal(server.line, "open error:storage close:1006//unclean ");
    assert_string_equal(server.failure_text, "a file became shorter while it was sent");
    assert_int_equal(server.failure.close_code, 1011);
    assert_int_equal(server.failure.status, WEFT_ERR_NOT_READABLE);
    /* What never left counts for ever. */
    assert_int_equal(weft_socket_buffered_amount(socket),
                     10 * LARGE - parse(&wire).payload_bytes + 6);
    weft_socket_release(socket);
    close(wire.fd);
    free(wire.data);
    world_end(&world);
}

static void what_waits_behind_a_blob_has_a_maximum(void **state)
{
    (void)state;
    struct world world;
    struct record server = { 0 };
    struct weft_socket_settings settings = { .send_bytes_max = 100000 };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, &settings);
    struct wire wire = { .fd = world_raw_websocket(&world, "/") };
    world_until(&world, server.socket);
    /* Larger than the maximum, and in memory: it is retained, and takes no room. */
    weft_blob *blob = memory_blob(LARGE);
    char message[1000] = "";
    assert_int_equal(weft_socket_send_blob(server.socket, blob), WEFT_OK);
    weft_blob_release(blob);
    int count = 0;
    while (weft_socket_send_bytes(server.socket, message, sizeof message) == WEFT_OK)
        count++;
    assert_true(count > 80 && count < 100);
    assert_int_equal(weft_socket_ready_state(server.socket), WEFT_CLOSING);
    world_until(&world, !wire_read(&wire) || parse(&wire).close_code);
    assert_int_equal(parse(&wire).close_code, 1013);
    shutdown(wire.fd, SHUT_WR);
    world_until(&world, server.is_closed);
    assert_string_equal(server.failure.limit_name, "send_bytes_max");
    close(wire.fd);
    free(wire.data);
    world_end(&world);
}

static void a_blob_is_given_back_when_the_peer_is_gone(void **state)
{
    (void)state;
    struct world world;
    struct record server = { 0 };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, NULL);
    int fd = world_raw_websocket(&world, "/");
    world_until(&world, server.socket);
    weft_socket *socket = weft_socket_retain(server.socket);
    weft_blob *blob = file_blob(10 * LARGE);
    assert_int_equal(weft_socket_send_blob(socket, blob), WEFT_OK);
    assert_int_equal(weft_socket_close(socket, 1001, NULL), WEFT_OK);
    weft_blob_release(blob);
    assert_int_equal(weft_loop_turn(world.loop, 0), WEFT_OK);
    assert_true(weft_socket_buffered_amount(socket) > 0);
    close(fd); /* With bytes unread: a reset. */
    world_until(&world, server.is_closed);
    assert_string_equal(server.line, "open error:transport close:1006//unclean ");
    assert_true(weft_socket_buffered_amount(socket) > 0);
    weft_socket_release(socket);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_keep_their_order_around_blobs),
        cmocka_unit_test(another_thread_sends_a_blob),
        cmocka_unit_test(a_blob_of_another_thread_that_comes_too_late_is_dropped),
        cmocka_unit_test(buffered_amount_is_right_to_the_byte),
        cmocka_unit_test(a_ping_is_answered_while_a_blob_is_sent),
        cmocka_unit_test(a_file_that_shrinks_on_the_way_fails_with_1011),
        cmocka_unit_test(what_waits_behind_a_blob_has_a_maximum),
        cmocka_unit_test(a_blob_is_given_back_when_the_peer_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Messages that are received and sent in parts, compressed and plain, over real sockets. */
#include "support/cases.h"
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One who is told parts, and puts them together. */
struct taker {
    weft_socket *socket;
    uint8_t *data;
    size_t bytes;
    size_t part_count;
    size_t largest;
    size_t message_count; /* Ended. */
    size_t whole_count;   /* on_message */
    bool is_within;
    bool is_closed;
    uint16_t close_code;
    enum weft_message_type type;
    void (*on_part)(struct taker *taker, const struct weft_message_part *part);
};

enum { ROOM = 32 << 20 };

static void taker_open(weft_socket *socket, void *user)
{
    ((struct taker *)user)->socket = socket;
}

static void taker_part(weft_socket *socket, const struct weft_message_part *part, void *user)
{
    struct taker *taker = user;
    assert_ptr_equal(socket, taker->socket);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_OPEN);
    assert_int_equal(part->is_first, !taker->is_within);
    if (part->is_first)
        taker->bytes = 0;
    assert_true(taker->bytes + part->bytes <= ROOM);
    if (part->bytes)
        memcpy(taker->data + taker->bytes, part->data, part->bytes);
    taker->bytes += part->bytes;
    taker->type = part->type;
    taker->part_count++;
    taker->largest = part->bytes > taker->largest ? part->bytes : taker->largest;
    taker->is_within = !part->is_final;
    taker->message_count += part->is_final;
    if (taker->on_part)
        taker->on_part(taker, part);
}

static void taker_message(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)socket, (void)message;
    ((struct taker *)user)->whole_count++;
}

static void taker_close(weft_socket *socket, const struct weft_close_event *close, void *user)
{
    (void)socket;
    struct taker *taker = user;
    taker->is_closed = true;
    taker->close_code = close->failure ? close->failure->close_code : close->code;
}

static const struct weft_socket_events taker_events = { .on_open = taker_open,
                                                        .on_message = taker_message,
                                                        .on_message_part = taker_part,
                                                        .on_close = taker_close };

struct stage {
    struct world world;
    struct taker taker;   /* The server's side. */
    struct record client; /* Sends. */
    weft_socket *socket;
};

static struct stage *stage_start(enum weft_backend backend,
                                 const struct weft_socket_settings *settings)
{
    struct stage *stage = calloc(1, sizeof *stage);
    stage->taker.data = malloc(ROOM);
    world_start(&stage->world, backend);
    struct weft_route route = { .events = taker_events, .user = &stage->taker };
    if (settings)
        route.settings = *settings;
    assert_int_equal(weft_server_route(stage->world.server, "/", &route), WEFT_OK);
    struct weft_connect_options options = { .settings.send_bytes_max = WEFT_NO_LIMIT };
    stage->socket = world_connect(&stage->world, "/", &stage->client, &options);
    world_until(&stage->world, stage->taker.socket && stage->client.socket);
    return stage;
}

static void stage_end(struct stage *stage)
{
    weft_socket_release(stage->socket);
    world_end(&stage->world);
    free(stage->taker.data);
    free(stage);
}

/* Bytes that compress well, and differ. */
static char *text_of(size_t bytes)
{
    char *text = malloc(bytes + 16);
    for (size_t at = 0; at < bytes; at += 8)
        snprintf(text + at, 9, "%07zu ", at / 8 % 10000);
    return text;
}

static void parts_make_up_the_message(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t bytes;
        bool is_compressed;
    } cases[] = {
        { "empty", 0, false },          { "short", 5, false },
        { "a frame", 100000, false },   { "plain", 10000000, false },
        { "compressed", 100000, true }, { "much of it", 10000000, true },
    };
    for_each_case(c, cases)
    {
        for (int backend = 0; backend < 2; backend++) {
            struct stage *stage =
                stage_start(backend ? WEFT_BACKEND_POLL : WEFT_BACKEND_EPOLL, NULL);
            struct taker *taker = &stage->taker;
            char *text = text_of(c->bytes);
            weft_socket_set_compression(stage->socket, c->is_compressed);
            assert_int_equal(weft_socket_send_text(stage->socket, text, c->bytes), WEFT_OK);
            world_until(&stage->world, taker->message_count == 1);
            assert_int_equal(taker->bytes, c->bytes);
            assert_memory_equal(taker->data, text, c->bytes);
            assert_int_equal(weft_socket_send_bytes(stage->socket, text, c->bytes), WEFT_OK);
            world_until(&stage->world, taker->message_count == 2);
            assert_int_equal(taker->bytes, c->bytes);
            assert_memory_equal(taker->data, text, c->bytes);
            assert_int_equal(taker->type, WEFT_BINARY);
            assert_int_equal(taker->whole_count, 0);
            if (c->bytes > 5000000) {
                assert_true(taker->part_count > 10);
                assert_true(taker->largest < (2 << 20));
            }
            free(text);
            stage_end(stage);
        }
    }
}

/* What inflates to very much comes in parts of 64 KiB, and one step's worth at most. */
static void zeros_come_in_parts(void **state)
{
    (void)state;
    struct weft_socket_settings settings = { .limits.message_bytes_max = 20 << 20,
                                             .deflate.inflate_ratio_max = 2000 };
    struct stage *stage = stage_start(WEFT_BACKEND_DEFAULT, &settings);
    /* Fragments of the user's own are not compressed: a message of the library's, then. */
    char *zeros = calloc(1, 900000);
    for (int i = 0; i < 3; i++)
        assert_int_equal(weft_socket_send_bytes(stage->socket, zeros, 900000), WEFT_OK);
    world_until(&stage->world, stage->taker.message_count == 3);
    assert_int_equal(stage->taker.bytes, 900000);
    assert_true(stage->taker.largest < 64 * 1024 + 1024 * 1100);
    free(zeros);
    stage_end(stage);
}

static void the_limits_hold_for_the_whole(void **state)
{
    (void)state;
    for (int compressed = 0; compressed < 2; compressed++) {
        struct weft_socket_settings settings = { .limits.message_bytes_max = 500000 };
        struct stage *stage = stage_start(WEFT_BACKEND_DEFAULT, &settings);
        char *text = text_of(600000);
        weft_socket_set_compression(stage->socket, compressed);
        assert_int_equal(weft_socket_send_text(stage->socket, text, 500000), WEFT_OK);
        assert_int_equal(weft_socket_begin_message(stage->socket, WEFT_TEXT), WEFT_OK);
        if (compressed) /* A plain one behind; the compressed one is too long, too. */
            assert_int_equal(weft_socket_end_message(stage->socket), WEFT_OK);
        weft_status status = compressed ? weft_socket_send_text(stage->socket, text, 500001)
                                        : weft_socket_send_part(stage->socket, text, 250000);
        assert_int_equal(status, WEFT_OK);
        if (!compressed) {
            assert_int_equal(weft_socket_send_part(stage->socket, text, 250000), WEFT_OK);
            assert_int_equal(weft_socket_send_part(stage->socket, text, 1), WEFT_OK);
        }
        world_until(&stage->world, stage->taker.is_closed);
        assert_int_equal(stage->taker.message_count, 1 + compressed);
        assert_int_equal(stage->taker.close_code, 1009);
        assert_true(stage->taker.bytes <= 500000);
        free(text);
        stage_end(stage);
    }
}

static void pause_at_each(struct taker *taker, const struct weft_message_part *part)
{
    (void)part;
    weft_socket_pause(taker->socket);
}

static void a_pause_holds_back_the_next_part(void **state)
{
    (void)state;
    for (int compressed = 0; compressed < 2; compressed++) {
        struct stage *stage = stage_start(WEFT_BACKEND_DEFAULT, NULL);
        struct taker *taker = &stage->taker;
        enum { BYTES = 700000 };
        char *text = text_of(BYTES);
        taker->on_part = pause_at_each;
        weft_socket_set_compression(stage->socket, compressed);
        assert_int_equal(weft_socket_send_text(stage->socket, text, BYTES), WEFT_OK);
        for (size_t seen = 0; !taker->message_count; seen++) {
            world_until(&stage->world, taker->part_count == seen + 1);
            for (int i = 0; i < 3; i++)
                world_turn(&stage->world, 1);
            assert_int_equal(taker->part_count, seen + 1);
            weft_socket_resume(taker->socket);
        }
        assert_int_equal(taker->bytes, BYTES);
        assert_memory_equal(taker->data, text, BYTES);
        free(text);
        stage_end(stage);
    }
}

static void close_at_once(struct taker *taker, const struct weft_message_part *part)
{
    (void)part;
    assert_int_equal(weft_socket_close(taker->socket, 1000, "enough"), WEFT_OK);
}

static void nothing_is_told_behind_close(void **state)
{
    (void)state;
    struct stage *stage = stage_start(WEFT_BACKEND_DEFAULT, NULL);
    char *text = text_of(3000000);
    stage->taker.on_part = close_at_once;
    assert_int_equal(weft_socket_send_text(stage->socket, text, 3000000), WEFT_OK);
    world_until(&stage->world, stage->taker.is_closed && stage->client.is_closed);
    assert_int_equal(stage->taker.part_count, 1);
    assert_int_equal(stage->taker.message_count, 0);
    assert_non_null(strstr(stage->client.line, "close:1000/enough/clean"));
    free(text);
    stage_end(stage);
}

static const struct weft_socket_events whole_events = { .on_message = taker_message,
                                                        .on_close = taker_close };

static void stop_parts(struct taker *taker, const struct weft_message_part *part)
{
    assert_true(part->is_first);
    assert_int_equal(weft_socket_set_events(taker->socket, &whole_events, taker), WEFT_OK);
}

static void the_callback_comes_and_goes(void **state)
{
    (void)state;
    struct stage *stage = stage_start(WEFT_BACKEND_DEFAULT, NULL);
    struct taker *taker = &stage->taker;
    struct taker listener = { .socket = taker->socket, .data = malloc(ROOM) };
    struct weft_message_event message;
    char *text = text_of(3000000);
    assert_int_equal(weft_socket_add_listener(taker->socket, &taker_events, &listener, false, NULL),
                     WEFT_OK);
    assert_int_equal(weft_socket_receive(taker->socket, 0, &message), WEFT_ERR_STATE);
    assert_int_equal(weft_socket_send_text(stage->socket, "one", 3), WEFT_OK);
    world_until(&stage->world, taker->message_count == 1);
    assert_int_equal(listener.message_count, 1);
    /* Taken away in the midst of a message: its rest is not told, the next comes whole. */
    taker->on_part = stop_parts;
    assert_int_equal(weft_socket_send_text(stage->socket, text, 3000000), WEFT_OK);
    assert_int_equal(weft_socket_send_text(stage->socket, "two", 3), WEFT_OK);
    world_until(&stage->world, taker->whole_count == 1);
    assert_int_equal(taker->part_count, 2);
    assert_int_equal(taker->message_count, 1);
    assert_int_equal(listener.whole_count, 1);
    /* And back. */
    taker->on_part = NULL;
    taker->is_within = false;
    listener.is_within = false;
    assert_int_equal(weft_socket_set_events(taker->socket, &taker_events, taker), WEFT_OK);
    assert_int_equal(weft_socket_send_text(stage->socket, text, 3000000), WEFT_OK);
    world_until(&stage->world, taker->message_count == 2);
    assert_int_equal(listener.message_count, 2);
    assert_int_equal(taker->whole_count, 1);
    free(text);
    free(listener.data);
    stage_end(stage);
}

/* What a policy drops must not be missed by a compressor that remembers. */
static size_t last_number;

static void ordered(weft_socket *socket, const struct weft_message_event *message,
                    struct record *record)
{
    (void)socket;
    size_t number = strtoul(message->data, NULL, 10);
    assert_int_equal(message->bytes, 1000);
    assert_true(record->message_count == 1 || number > last_number);
    last_number = number;
}

static void dropped_messages_do_not_break_the_compression(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    uint32_t noise = 1;
    struct world world;
    struct record server = { 0 }, client = { .quiet = true, .on_message = ordered };
    struct weft_socket_settings settings = { .send_policy = WEFT_SEND_DROP_OLD,
                                             .send_bytes_max = 400000,
                                             .deflate.server_takeover = WEFT_TAKEOVER_ON };
    world_start(&world, WEFT_BACKEND_DEFAULT);
    world_route(&world, "/", &server, &settings);
    weft_socket *socket = world_connect(&world, "/", &client, NULL);
    world_until(&world, server.socket && client.socket);
    assert_non_null(strstr(weft_socket_extensions(socket), "permessage-deflate"));
    weft_socket_pause(socket);
    for (unsigned i = 0; i < COUNT; i++) {
        char text[1001];
        snprintf(text, sizeof text, "%08u", i);
        for (size_t at = 8; at < 1000; at++)
            text[at] = (char)('a' + (noise = noise * 1103515245 + 12345) / 65536 % 26);
        assert_int_equal(weft_socket_send_text(server.socket, text, 1000), WEFT_OK);
        if (i % 100 == 0)
            assert_int_equal(weft_loop_turn(world.loop, 0), WEFT_OK);
    }
    uint64_t dropped = weft_socket_dropped(server.socket);
    assert_true(dropped > 0);
    weft_socket_resume(socket);
    world_until(&world, client.message_count == COUNT - dropped);
    assert_int_equal(last_number, COUNT - 1);
    assert_int_equal(weft_socket_dropped(server.socket), dropped);
    assert_int_equal(weft_socket_ready_state(socket), WEFT_OPEN);
    weft_socket_release(socket);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_make_up_the_message),
        cmocka_unit_test(zeros_come_in_parts),
        cmocka_unit_test(the_limits_hold_for_the_whole),
        cmocka_unit_test(a_pause_holds_back_the_next_part),
        cmocka_unit_test(nothing_is_told_behind_close),
        cmocka_unit_test(the_callback_comes_and_goes),
        cmocka_unit_test(dropped_messages_do_not_break_the_compression),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A whole message that fits the receive buffer allocates nothing, on either side: once the pool has
 * its blocks, the allocator of the loop is not asked again. */
#include "support/fault_alloc.h"
#include "support/secure.h"
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_UP = 100, ROUNDS = 1000, BYTES_MAX = 60000 };

static char text[BYTES_MAX];

static void echo(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    (void)user;
    assert_int_equal(weft_socket_send_text(socket, message->data, message->bytes), WEFT_OK);
}

struct player {
    struct fault_alloc fault;
    size_t count;
    size_t bytes;
    size_t call_count; /* After the warming up. */
};

static void play(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    struct player *player = user;
    assert_int_equal(message->bytes, player->bytes);
    if (++player->count == WARM_UP)
        player->call_count = player->fault.call_count;
    assert_int_equal(weft_socket_send_text(socket, text, player->bytes), WEFT_OK);
}

static void serve(weft_socket *socket, void *user)
{
    struct player *player = user;
    assert_int_equal(weft_socket_send_text(socket, text, player->bytes), WEFT_OK);
}

static void start(struct world *world, struct player *player)
{
    *world = (struct world){ 0 };
    fault_alloc_init(&player->fault, 0);
    struct weft_loop_options loop = { .allocator = &player->fault.allocator };
    assert_int_equal(weft_loop_create(&loop, &world->loop), WEFT_OK);
    assert_int_equal(weft_server_create(world->loop, NULL, &world->server), WEFT_OK);
    assert_int_equal(
        secure_listen(world->server, "127.0.0.1:0", world->address, sizeof world->address),
        WEFT_OK);
    snprintf(world->url, sizeof world->url, "%s://%s", secure_scheme(), world->address);
}

/* Both ends are on the loop whose allocator counts. */
static void play_with(size_t bytes, bool is_compressed)
{
    struct world world;
    struct player player = { .bytes = bytes };
    weft_socket *socket;
    start(&world, &player);
    struct weft_route route = { .events = { .on_message = echo } };
    route.settings.deflate.off = !is_compressed;
    assert_int_equal(weft_server_route(world.server, "/", &route), WEFT_OK);
    struct weft_connect_options options = { .events = { .on_open = serve, .on_message = play },
                                            .user = &player,
                                            .tls = secure_trust() };
    assert_int_equal(weft_socket_connect(world.loop, world.url, &options, &socket), WEFT_OK);
    world_until(&world, player.count >= ROUNDS);
    assert_int_equal(player.fault.call_count, player.call_count);
    weft_socket_release(socket);
    world_end(&world);
    assert_int_equal(player.fault.live_count, 0);
}

static void messages_allocate_nothing(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 125, 126, 1000, 10000, BYTES_MAX };
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        play_with(sizes[i], false);
}

static void compressed_messages_allocate_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i * i % 23);
    play_with(1000, true);
    play_with(10000, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_allocate_nothing),
        cmocka_unit_test(compressed_messages_allocate_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

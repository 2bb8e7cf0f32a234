/* Messages that inflate to very much, sent to a server whose memory is measured. */
#include "codec/deflate.h"
#include "support/cases.h"
#include "support/engine_probe.h"
#include "support/fault_alloc.h"
#include "support/raw_client.h"
#include "support/secure.h"

#include <stdlib.h>
#include <string.h>

enum { MEBIBYTE = 1 << 20 };
#define OFFER "Sec-WebSocket-Extensions: permessage-deflate\r\n"

struct house {
    struct fault_alloc fault;
    weft_loop *loop;
    weft_server *server;
    char address[64];
    size_t message_count;
    uint64_t message_bytes;
};

static void on_message(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    struct house *house = user;
    (void)socket;
    house->message_count++;
    house->message_bytes += message->bytes;
}

static struct house *build(const struct weft_socket_settings *settings)
{
    struct house *house = calloc(1, sizeof *house);
    const struct weft_route route = { .settings = *settings,
                                      .events = { .on_message = on_message },
                                      .user = house };
    fault_alloc_init(&house->fault, 0);
    assert_int_equal(
        weft_loop_create(&(struct weft_loop_options){ .allocator = &house->fault.allocator },
                         &house->loop),
        WEFT_OK);
    assert_int_equal(weft_server_create(house->loop, NULL, &house->server), WEFT_OK);
    assert_int_equal(weft_server_route(house->server, "/", &route), WEFT_OK);
    assert_int_equal(
        secure_listen(house->server, "127.0.0.1:0", house->address, sizeof house->address),
        WEFT_OK);
    return house;
}

static void tear_down(struct house *house)
{
    weft_server_destroy(house->server);
    weft_loop_destroy(house->loop);
    assert_int_equal(house->fault.live_count, 0);
    free(house);
}

static void enter(struct house *house, struct raw_client *client)
{
    struct raw_answer answer = { 0 };
    raw_open(client, house->loop, house->address);
    raw_send_upgrade(client, "/", OFFER);
    raw_take(client, &answer, false);
    assert_int_equal(answer.status, 101);
    assert_string_equal(raw_field(&answer, "Sec-WebSocket-Extensions"),
                        "permessage-deflate; server_no_context_takeover; "
                        "client_no_context_takeover");
    raw_drop(&answer);
}

/* A masked frame with so many zeros in it, to be freed. */
static struct weft_bytes zeros_frame(size_t bytes)
{
    struct wf_pool pool;
    struct wf_block packed = { 0 };
    uint8_t *zeros = calloc(1, bytes);
    wf_pool_init(&pool, NULL);
    struct wf_deflater *deflater = wf_deflater_take(&pool, 15, 9);
    assert_true(wf_deflater_put(deflater, (struct weft_bytes){ zeros, bytes }, &packed, SIZE_MAX));
    uint8_t *frame = malloc(packed.count + 14);
    size_t count =
        frame_put(frame, WEFT_SERVER, 0xc2, (struct weft_bytes){ packed.data, packed.count });
    wf_deflater_give(&pool, deflater);
    wf_block_drop(&packed, &pool);
    wf_pool_drop(&pool);
    free(zeros);
    return (struct weft_bytes){ frame, count };
}

static void expect_close(struct house *house, struct raw_client *client, int code)
{
    char payload[126];
    size_t count;
    assert_int_equal(raw_take_frame(client, payload, sizeof payload, &count), 8);
    assert_true(count > 2);
    assert_int_equal((uint8_t)payload[0] << 8 | (uint8_t)payload[1], code);
    raw_expect_end(client);
    raw_close(client);
    assert_int_equal(house->message_count, 0);
}

static void a_message_may_not_grow_over_the_limit(void **state)
{
    (void)state;
    struct house *house = build(&(struct weft_socket_settings){
        .limits.message_bytes_max = MEBIBYTE, .deflate.inflate_ratio_max = 100000 });
    struct raw_client client;
    struct weft_bytes bomb = zeros_frame(64 * MEBIBYTE);
    enter(house, &client);
    size_t before = house->fault.peak_bytes;
    raw_send_bytes(&client, bomb.data, bomb.count);
    expect_close(house, &client, 1009);
    /* The message, its growth, and a context. */
    assert_true(house->fault.peak_bytes < before + 3 * MEBIBYTE);
    free((void *)(uintptr_t)bomb.data);
    tear_down(house);
}

static void nor_out_of_too_little(void **state)
{
    (void)state;
    struct house *house = build(&(struct weft_socket_settings){ 0 });
    struct raw_client client;
    struct weft_bytes bomb = zeros_frame(8 * MEBIBYTE);
    enter(house, &client);
    raw_send_bytes(&client, bomb.data, bomb.count);
    expect_close(house, &client, 1009);
    free((void *)(uintptr_t)bomb.data);
    tear_down(house);
}

static void nor_in_endless_fragments(void **state)
{
    (void)state;
    struct house *house =
        build(&(struct weft_socket_settings){ .limits.message_frames_max = 1000 });
    struct raw_client client;
    uint8_t *frames = calloc(1001, 6);
    for (size_t i = 0; i < 1001; i++) {
        frames[6 * i] = i ? 0x00 : 0x42;
        frames[6 * i + 1] = 0x80;
    }
    enter(house, &client);
    size_t before = house->fault.peak_bytes;
    raw_send_bytes(&client, frames, 6006);
    expect_close(house, &client, 1008);
    assert_true(house->fault.peak_bytes < before + MEBIBYTE);
    free(frames);
    tear_down(house);
}

/* Many messages out of few bytes: all of them come, in several turns, and others have theirs
 * between. */
static void one_peer_does_not_take_the_loop(void **state)
{
    (void)state;
    enum { COUNT = 40 };
    struct house *house = build(&(struct weft_socket_settings){ 0 });
    struct raw_client client;
    struct weft_bytes frame = zeros_frame(MEBIBYTE);
    uint8_t *frames = malloc(COUNT * frame.count);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(frames + i * frame.count, frame.data, frame.count);
    enter(house, &client);
    raw_send_bytes(&client, frames, COUNT * frame.count);
    size_t most = 0;
    for (size_t turns = 0; house->message_count < COUNT; turns++) {
        size_t before = house->message_count;
        assert_true(raw_turn(house->loop, (int)turns));
        if (house->message_count - before > most)
            most = house->message_count - before;
    }
    assert_true(most <= 8); /* Received in a turn, and what had waited: 4 MiB each. */
    assert_int_equal(house->message_bytes, (uint64_t)COUNT * MEBIBYTE);
    raw_close(&client);
    free(frames);
    free((void *)(uintptr_t)frame.data);
    tear_down(house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_may_not_grow_over_the_limit),
        cmocka_unit_test(nor_out_of_too_little),
        cmocka_unit_test(nor_in_endless_fragments),
        cmocka_unit_test(one_peer_does_not_take_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

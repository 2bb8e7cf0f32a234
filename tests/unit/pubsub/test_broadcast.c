/* One message to hundreds, of whom some read slowly and some are gone. All have one shape, and so
 * leave in one row. */
#include "unit/socket/pair.h"
#include "weft/pubsub.h"

enum { CROWD = 300, ROUNDS = 12, PAYLOAD = 1000, HEAD = 4, WIRE_MAX = 1 << 20 };

struct wire {
    size_t bytes;
    uint8_t data[WIRE_MAX];
};

struct scene {
    weft_loop *loop;
    weft_hub *hub;
    struct wf_socket_shape shape;
    struct receiver {
        weft_socket *socket;
        int fd;
        size_t seen_bytes;
    } receivers[CROWD];
    size_t open_count, close_count, gone_count, published_count, drained_count;
    bool is_freed;
    struct wire all;    /* What each is to get. */
    struct wire chosen; /* The one to whom the closing of others sends something more. */
};

enum { CHOSEN = 1 };

static bool is_slow(size_t i)
{
    return i % 10 == 3;
}

static bool is_gone(size_t i)
{
    return i % 10 == 7;
}

static void put_frame(struct wire *wire, const uint8_t *payload)
{
    static const uint8_t head[HEAD] = { 0x82, 126, PAYLOAD >> 8, PAYLOAD & 255 };
    assert_true(wire->bytes + HEAD + PAYLOAD <= WIRE_MAX);
    memcpy(wire->data + wire->bytes, head, HEAD);
    memcpy(wire->data + wire->bytes + HEAD, payload, PAYLOAD);
    wire->bytes += HEAD + PAYLOAD;
}

static void publish(struct scene *scene)
{
    uint8_t payload[PAYLOAD];
    memset(payload, (int)(scene->published_count++ & 255), sizeof payload);
    put_frame(&scene->all, payload);
    put_frame(&scene->chosen, payload);
    assert_int_equal(weft_publish(scene->hub, "topic", WEFT_BINARY, payload, sizeof payload, NULL),
                     WEFT_OK);
}

static void on_open(weft_socket *socket, void *user)
{
    struct scene *scene = user;
    scene->open_count++;
    assert_int_equal(weft_subscribe(scene->hub, socket, "topic"), WEFT_OK);
}

/* While the row is being flushed: to one alone, and to all. */
static void on_close(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    (void)socket, (void)event;
    struct scene *scene = user;
    uint8_t payload[PAYLOAD];
    if (scene->close_count++ >= CROWD / 10)
        return; /* Those that the end of the test closes. */
    memset(payload, 'c', sizeof payload);
    put_frame(&scene->chosen, payload);
    assert_int_equal(
        weft_socket_send_bytes(scene->receivers[CHOSEN].socket, payload, sizeof payload), WEFT_OK);
    publish(scene);
}

static void on_drained(weft_socket *socket, void *user)
{
    (void)socket;
    ((struct scene *)user)->drained_count++;
}

static const struct weft_socket_events events = { .on_open = on_open,
                                                  .on_close = on_close,
                                                  .on_drained = on_drained };

static void on_request(weft_socket *socket, const struct weft_engine_request_view *request)
{
    (void)request;
    struct scene *scene = wf_socket_shape(socket)->opening;
    assert_int_equal(wf_socket_accept(socket, &scene->shape, NULL, scene), WEFT_OK);
}

static void on_gone(weft_socket *socket)
{
    ((struct scene *)wf_socket_shape(socket)->opening)->gone_count++;
}

static const struct wf_socket_owner owner = { .on_request = on_request, .on_gone = on_gone };

static void on_free(struct wf_socket_shape *shape)
{
    ((struct scene *)shape->opening)->is_freed = true;
}

static void turn(struct scene *scene)
{
    assert_int_equal(weft_loop_turn(scene->loop, 1), WEFT_OK);
}

#define UNTIL(scene, condition)                                                                    \
    do {                                                                                           \
        for (uint64_t begin_ = pair_now(); !(condition); turn(scene))                              \
            if (pair_now() - begin_ > 20000)                                                       \
                fail_msg("waited in vain for: %s", #condition);                                    \
    } while (0)

static void receiver_start(struct scene *scene, struct receiver *receiver)
{
    int ends[2], small = 4096;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    assert_int_equal(wf_socket_open_accepted(&scene->shape, ends[0], NULL, &receiver->socket),
                     WEFT_OK);
    weft_socket_retain(receiver->socket);
    receiver->fd = ends[1];
    assert_int_equal(send(ends[1], PAIR_REQUEST, sizeof PAIR_REQUEST - 1, MSG_NOSIGNAL),
                     sizeof PAIR_REQUEST - 1);
}

static struct scene *scene_start(const struct weft_loop_options *options)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    assert_int_equal(weft_loop_create(options, &scene->loop), WEFT_OK);
    assert_int_equal(weft_hub_create(scene->loop, NULL, &scene->hub), WEFT_OK);
    scene->shape =
        (struct wf_socket_shape){ .references = 1,
                                  .owner = &owner,
                                  .opening = scene,
                                  .on_free = on_free,
                                  .settings = { .send_mark_bytes = 2 * PAYLOAD, .ping_off = true },
                                  .events = events };
    wf_socket_shape_resolve(&scene->shape, scene->loop, WEFT_SERVER);
    for (size_t i = 0; i < CROWD; i++)
        receiver_start(scene, &scene->receivers[i]);
    UNTIL(scene, scene->open_count == CROWD);
    turn(scene);
    for (size_t i = 0; i < CROWD; i++) {
        char answer[1024];
        assert_true(recv(scene->receivers[i].fd, answer, sizeof answer, 0) > 0);
        assert_memory_equal(answer, "HTTP/1.1 101 ", 13);
    }
    return scene;
}

static void scene_end(struct scene *scene)
{
    weft_hub_destroy(scene->hub);
    for (size_t i = 0; i < CROWD; i++) {
        if (scene->receivers[i].fd >= 0)
            close(scene->receivers[i].fd);
        weft_socket_release(scene->receivers[i].socket);
    }
    UNTIL(scene, scene->gone_count == CROWD);
    weft_loop_destroy(scene->loop);
    wf_socket_shape_release(&scene->shape);
    assert_true(scene->is_freed);
    free(scene);
}

static const struct wire *wire_of(const struct scene *scene, size_t i)
{
    return i == CHOSEN ? &scene->chosen : &scene->all;
}

/* What has come is what was to come. */
static void read_on(struct scene *scene, size_t i)
{
    struct receiver *receiver = &scene->receivers[i];
    const struct wire *wire = wire_of(scene, i);
    uint8_t bytes[16384];
    ssize_t got;
    while ((got = recv(receiver->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        assert_true(receiver->seen_bytes + (size_t)got <= wire->bytes);
        assert_memory_equal(bytes, wire->data + receiver->seen_bytes, (size_t)got);
        receiver->seen_bytes += (size_t)got;
    }
    assert_true(got < 0 && errno == EAGAIN);
}

static bool is_whole(struct scene *scene, size_t from, size_t step)
{
    for (size_t i = from; i < CROWD; i += step) {
        if (is_gone(i) || (step == 1 && is_slow(i)))
            continue;
        read_on(scene, i);
        if (scene->receivers[i].seen_bytes < wire_of(scene, i)->bytes)
            return false;
    }
    return true;
}

/* Payload that the kernel has not taken: what was sent, less what can be read already. */
static void check_buffered(struct scene *scene, size_t i)
{
    struct receiver *receiver = &scene->receivers[i];
    uint64_t buffered = weft_socket_buffered_amount(receiver->socket);
    read_on(scene, i);
    size_t whole = receiver->seen_bytes / (HEAD + PAYLOAD);
    size_t rest = receiver->seen_bytes % (HEAD + PAYLOAD);
    size_t taken = whole * PAYLOAD + (rest > HEAD ? rest - HEAD : 0);
    assert_true(buffered > 0);
    assert_int_equal(buffered, scene->published_count * PAYLOAD - taken);
}

/* Between the receiving and the end of a turn, so that it is a send that finds them gone. */
static void go_and_publish(void *user)
{
    struct scene *scene = user;
    for (size_t i = 0; i < CROWD; i++)
        if (is_gone(i)) {
            close(scene->receivers[i].fd);
            scene->receivers[i].fd = -1;
        }
    publish(scene);
}

static void broadcast(const struct weft_loop_options *options)
{
    struct scene *scene = scene_start(options);
    assert_int_equal(weft_loop_post(scene->loop, go_and_publish, scene), WEFT_OK);
    turn(scene);
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i <= round % 3; i++)
            publish(scene);
        turn(scene);
        UNTIL(scene, is_whole(scene, 0, 1));
    }
    UNTIL(scene, scene->close_count == CROWD / 10);
    UNTIL(scene, is_whole(scene, 0, 1));
    assert_int_equal(weft_subscriber_count(scene->hub, "topic"), CROWD - CROWD / 10);
    for (size_t i = 3; i < CROWD; i += 10)
        check_buffered(scene, i);
    UNTIL(scene, is_whole(scene, 3, 10));
    for (size_t i = 0; i < CROWD; i++)
        if (!is_gone(i))
            assert_int_equal(weft_socket_buffered_amount(scene->receivers[i].socket), 0);
    assert_true(scene->drained_count >= CROWD / 10);
    scene_end(scene);
}

static void all_but_the_gone_get_all_in_order(void **state)
{
    (void)state;
    static const struct weft_loop_options options[] = {
        { .backend = WEFT_BACKEND_EPOLL },
        { .backend = WEFT_BACKEND_EPOLL, .submission_off = true },
        { .backend = WEFT_BACKEND_POLL },
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        broadcast(&options[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_but_the_gone_get_all_in_order) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

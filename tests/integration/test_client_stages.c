/* A client that is closed, whose loop ends, or that finds no memory, at every stage of connecting.
 */
#include "support/fault_alloc.h"
#include "support/odd_listeners.h"
#include "support/proxy_scene.h"

#include <stdio.h>

static const struct {
    const char *name;
    const char *prefix; /* NULL: no proxy. */
    const struct fake_script *script;
} stages[] = {
    { "no proxy", NULL, &http_tunnel },
    { "HTTP", "http://u:p@", &http_tunnel },
    { "SOCKS5", "socks5h://me:key@", &login_tunnel },
    { "SOCKS5 with the address", "socks5://", &v4_tunnel },
};

static void stage_begin(struct scene *scene, size_t index, enum weft_backend backend)
{
    scene_begin(scene, backend, stages[index].script,
                stages[index].prefix ? stages[index].prefix : "");
    char here[80];
    snprintf(here, sizeof here, "localhost%s", strchr(scene->world.address, ':'));
    if (!stages[index].prefix || stages[index].script == &v4_tunnel)
        scene_set_url(scene, here);
}

static void it_is_closed_at_every_stage(void **state)
{
    (void)state;
    for_each_case(c, stages)
    {
        bool was_open = false;
        size_t descriptors = count_descriptors();
        for (int stage = 0; !was_open; stage++) {
            struct scene scene;
            assert_true(stage < 1000);
            stage_begin(&scene, (size_t)(c - stages),
                        stage % 2 ? WEFT_BACKEND_EPOLL : WEFT_BACKEND_POLL);
            struct weft_connect_options options = { .proxy = c->prefix ? scene.proxy_url : NULL };
            fake_proxy_start(&scene.proxy);
            weft_socket *socket = world_connect(&scene.world, "/echo", &scene.client, &options);
            for (int turns = 0; turns < stage; turns++)
                assert_int_equal(weft_loop_turn(scene.world.loop, 10), WEFT_OK);
            was_open = scene.client.bytes > 0;
            if (!was_open) {
                assert_int_equal(weft_socket_close(socket, 1000, NULL), WEFT_OK);
                world_until(&scene.world, scene.client.is_closed);
                assert_string_equal(scene.client.line, "error:aborted close:1006//unclean ");
            }
            weft_socket_release(socket);
            scene_end(&scene);
            assert_int_equal(count_descriptors(), descriptors);
        }
    }
}

static void the_loop_ends_at_every_stage(void **state)
{
    (void)state;
    for_each_case(c, stages)
    {
        bool was_open = false;
        size_t descriptors = count_descriptors();
        for (int stage = 0; !was_open; stage++) {
            struct scene scene;
            assert_true(stage < 1000);
            stage_begin(&scene, (size_t)(c - stages),
                        stage % 2 ? WEFT_BACKEND_EPOLL : WEFT_BACKEND_POLL);
            struct weft_connect_options options = { .proxy = c->prefix ? scene.proxy_url : NULL };
            fake_proxy_start(&scene.proxy);
            weft_socket *socket = world_connect(&scene.world, "/echo", &scene.client, &options);
            for (int turns = 0; turns < stage; turns++)
                assert_int_equal(weft_loop_turn(scene.world.loop, 10), WEFT_OK);
            was_open = scene.client.bytes > 0;
            scene_end(&scene);
            assert_true(scene.client.is_closed);
            assert_int_equal(weft_socket_ready_state(socket), WEFT_CLOSED);
            weft_socket_release(socket);
            assert_int_equal(count_descriptors(), descriptors);
        }
    }
}

/* The client has a loop of its own, whose n-th allocation fails. */
static bool run_without_memory(size_t stage, size_t n)
{
    struct fault_alloc fault;
    struct scene scene;
    weft_loop *loop = NULL;
    weft_socket *socket = NULL;
    char url[160];
    stage_begin(&scene, stage, WEFT_BACKEND_DEFAULT);
    fake_proxy_start(&scene.proxy);
    fault_alloc_init(&fault, 0);
    struct weft_loop_options loop_options = { .allocator = &fault.allocator };
    struct weft_connect_options options = { .proxy = stages[stage].prefix ? scene.proxy_url : NULL,
                                            .tls = secure_trust(),
                                            .events = record_events,
                                            .user = &scene.client };
    assert_int_equal(weft_loop_create(&loop_options, &loop), WEFT_OK);
    fault.fails_at = fault.call_count + n;
    snprintf(url, sizeof url, "%s/echo", scene.world.url);
    weft_status status = weft_socket_connect(loop, url, &options, &socket);
    assert_true(status == WEFT_OK || (status == WEFT_ERR_MEMORY && fault.failed));
    for (int turns = 0; !status && !scene.client.is_closed; turns++) {
        assert_int_equal(weft_loop_turn(loop, 1), WEFT_OK);
        assert_true(world_turn(&scene.world, turns));
    }
    if (!status && !fault.failed)
        assert_string_equal(scene.client.line, "open close:1000//clean ");
    weft_socket_release(socket);
    weft_loop_destroy(loop);
    assert_int_equal(fault.live_count, 0);
    scene_end(&scene);
    return fault.failed;
}

static void no_memory_at_any_stage_is_an_orderly_end(void **state)
{
    (void)state;
    for_each_case(c, stages)
    {
        size_t n = 1;
        while (run_without_memory((size_t)(c - stages), n))
            n++;
        assert_true(n > 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_closed_at_every_stage),
        cmocka_unit_test(the_loop_ends_at_every_stage),
        cmocka_unit_test(no_memory_at_any_stage_is_an_orderly_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

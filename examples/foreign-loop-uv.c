/* A client inside libuv's loop: ./foreign-loop-uv ws://127.0.0.1:9000/echo */
#include "hello.h"

#include <uv.h>

static weft_loop *loop;

static void stop(void)
{
    uv_stop(uv_default_loop());
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)poll, (void)status, (void)events;
    if (weft_loop_turn(loop, 0))
        stop();
}

static void on_deadline(uv_timer_t *timer)
{
    (void)timer;
    on_readable(NULL, 0, 0);
}

/* Before libuv waits: when weft has to be turned at the latest. */
static void set_deadline(uv_prepare_t *prepare)
{
    int wait_ms = weft_loop_next_deadline_ms(loop);
    uv_timer_stop(prepare->data);
    if (wait_ms >= 0)
        uv_timer_start(prepare->data, on_deadline, (uint64_t)wait_ms, 0);
}

int main(int argc, char **argv)
{
    uv_loop_t *uv = uv_default_loop();
    uv_poll_t poll;
    uv_timer_t timer;
    uv_prepare_t prepare = { .data = &timer };
    struct hello hello = { "hello from libuv", stop, WEFT_ERR_ARGUMENT };
    struct weft_connect_options options = { .events = hello_events, .user = &hello };
    if (argc == 2 && !(hello.status = weft_loop_create(NULL, &loop)) &&
        !(hello.status = weft_socket_connect(loop, argv[1], &options, NULL)) &&
        !uv_poll_init(uv, &poll, weft_loop_fd(loop)) && !uv_timer_init(uv, &timer) &&
        !uv_prepare_init(uv, &prepare) && !uv_poll_start(&poll, UV_READABLE, on_readable) &&
        !uv_prepare_start(&prepare, set_deadline))
        uv_run(uv, UV_RUN_DEFAULT);
    weft_loop_destroy(loop);
    return hello.status != WEFT_OK;
}

/* A client inside libuv's loop: ./foreign-loop-uv ws://127.0.0.1:9000/echo */
#include <stdio.h>
#include <uv.h>
#include <weft/weft.h>

static weft_loop *loop;

static void greet(weft_socket *socket, void *user)
{
    *(weft_status *)user = weft_socket_send_text(socket, "hello from libuv", WEFT_ZERO_TERMINATED);
}

static void show(weft_socket *socket, const struct weft_message_event *message, void *user)
{
    printf("%.*s\n", (int)message->bytes, (const char *)message->data);
    *(weft_status *)user = weft_socket_close(socket, 1000, "bye");
}

static void finish(weft_socket *socket, const struct weft_close_event *event, void *user)
{
    (void)socket;
    if (event->failure)
        *(weft_status *)user = event->failure->status;
    uv_stop(uv_default_loop());
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)poll, (void)status, (void)events;
    if (weft_loop_turn(loop, 0))
        uv_stop(uv_default_loop());
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
    weft_status result = WEFT_ERR_ARGUMENT;
    struct weft_socket_events events = { .on_open = greet, .on_message = show, .on_close = finish };
    struct weft_connect_options options = { .events = events, .user = &result };
    if (argc == 2 && !(result = weft_loop_create(NULL, &loop)) &&
        !(result = weft_socket_connect(loop, argv[1], &options, NULL)) &&
        !uv_poll_init(uv, &poll, weft_loop_fd(loop)) && !uv_timer_init(uv, &timer) &&
        !uv_prepare_init(uv, &prepare) && !uv_poll_start(&poll, UV_READABLE, on_readable) &&
        !uv_prepare_start(&prepare, set_deadline))
        uv_run(uv, UV_RUN_DEFAULT);
    weft_loop_destroy(loop);
    return result != WEFT_OK;
}

/* A client inside GLib's main loop: ./foreign-loop-glib ws://127.0.0.1:9000/echo */
#include <glib.h>
#include <stdio.h>
#include <weft/weft.h>

static weft_loop *loop;
static gpointer watched;
static GMainLoop *main_loop;

static void greet(weft_socket *socket, void *user)
{
    *(weft_status *)user = weft_socket_send_text(socket, "hello from GLib", WEFT_ZERO_TERMINATED);
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
    g_main_loop_quit(main_loop);
}

static gboolean prepare(GSource *source, gint *timeout_ms)
{
    (void)source;
    return (*timeout_ms = weft_loop_next_deadline_ms(loop)) == 0;
}

static gboolean check(GSource *source)
{
    return g_source_query_unix_fd(source, watched) || weft_loop_next_deadline_ms(loop) == 0;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    (void)source, (void)callback, (void)user;
    return weft_loop_turn(loop, 0) == WEFT_OK;
}

int main(int argc, char **argv)
{
    static GSourceFuncs functions = { .prepare = prepare, .check = check, .dispatch = dispatch };
    GSource *source = g_source_new(&functions, sizeof *source);
    weft_status result = WEFT_ERR_ARGUMENT;
    struct weft_socket_events events = { .on_open = greet, .on_message = show, .on_close = finish };
    struct weft_connect_options options = { .events = events, .user = &result };
    main_loop = g_main_loop_new(NULL, FALSE);
    if (argc == 2 && !(result = weft_loop_create(NULL, &loop)) &&
        !(result = weft_socket_connect(loop, argv[1], &options, NULL))) {
        watched = g_source_add_unix_fd(source, weft_loop_fd(loop), G_IO_IN);
        g_source_attach(source, NULL);
        g_main_loop_run(main_loop);
    }
    g_source_destroy(source);
    g_source_unref(source);
    g_main_loop_unref(main_loop);
    weft_loop_destroy(loop);
    return result != WEFT_OK;
}

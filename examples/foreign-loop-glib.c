/* A client inside GLib's main loop: ./foreign-loop-glib ws://127.0.0.1:9000/echo */
#include "hello.h"

#include <glib.h>

static weft_loop *loop;
static gpointer watched;
static GMainLoop *main_loop;

static void stop(void)
{
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
    struct hello hello = { "hello from GLib", stop, WEFT_ERR_ARGUMENT };
    struct weft_connect_options options = { .events = hello_events, .user = &hello };
    main_loop = g_main_loop_new(NULL, FALSE);
    if (argc == 2 && !(hello.status = weft_loop_create(NULL, &loop)) &&
        !(hello.status = weft_socket_connect(loop, argv[1], &options, NULL))) {
        watched = g_source_add_unix_fd(source, weft_loop_fd(loop), G_IO_IN);
        g_source_attach(source, NULL);
        g_main_loop_run(main_loop);
    }
    g_source_destroy(source);
    g_source_unref(source);
    g_main_loop_unref(main_loop);
    weft_loop_destroy(loop);
    return hello.status != WEFT_OK;
}

/* weft connect on a terminal. */
#include "support/process.h"
#include "support/secure.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

struct desk {
    struct process server, terminal;
    char url[80];
    char home[32];
};

static void sit_down(struct desk *desk, const char *path, const char *option)
{
    char base[64];
    strcpy(desk->home, "/tmp/weft-home-XXXXXX");
    assert_non_null(mkdtemp(desk->home));
    process_serve(&desk->server, base, sizeof base, NULL);
    snprintf(desk->url, sizeof desk->url, "%s%s", base, path);
    process_start_on_terminal(&desk->terminal,
                              (const char *[]){ "connect", desk->url, option, NULL }, desk->home);
}

static int remove_entry(const char *path, const struct stat *entry, int type, struct FTW *walk)
{
    (void)entry, (void)type, (void)walk;
    return remove(path);
}

static void leave(struct desk *desk)
{
    process_free(&desk->terminal);
    process_end_server(&desk->server);
    nftw(desk->home, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Waits until the screen has shown this behind what was waited for before. */
static void see(struct desk *desk, const char *text)
{
    static size_t seen;
    struct gathered *screen = &desk->terminal.out;
    if (!text) {
        seen = 0;
        return;
    }
    const char *found = NULL;
    process_until(&desk->terminal,
                  screen->count > seen && (found = strstr(screen->data + seen, text)));
    seen = (size_t)(found - screen->data) + strlen(text);
}

static void type(struct desk *desk, const char *keys)
{
    process_write(&desk->terminal, keys, strlen(keys), false);
    process_until(&desk->terminal, desk->terminal.unsent_bytes == 0);
}

static void a_person_talks_with_a_server(void **state)
{
    (void)state;
    struct desk desk;
    sit_down(&desk, "/echo", NULL);
    see(&desk, NULL);
    see(&desk, secure_is_on() ? "connected to wss://" : "connected to ws://");
    see(&desk, "> ");
    type(&desk, "hello w\303\266rld\r");
    see(&desk, "hello w\303\266rld");
    see(&desk, "<\033[0m hello w\303\266rld\r\n");
    type(&desk, "/ping abc\r");
    see(&desk, "pong abc");
    type(&desk, "/binary 00 ff\r");
    see(&desk, "<\033[0m [binary 2 bytes] 00 ff\r\n");
    type(&desk, "//slash\r");
    see(&desk, "<\033[0m /slash\r\n");
    type(&desk, "/help\r");
    see(&desk, "/close [code [reason]]");
    type(&desk, "/nonsense\r");
    see(&desk, "weft: this command is not known");
    type(&desk, "/close 1001\r");
    see(&desk, "weft: 1001: only 1000 and 3000 to 4999 may be sent");
    type(&desk, "/close 4000 good bye\r");
    see(&desk, "closed with 4000 good bye");
    assert_int_equal(process_end(&desk.terminal), 0);
    leave(&desk);
}

static void lines_can_be_edited_and_come_back(void **state)
{
    (void)state;
    struct desk desk;
    sit_down(&desk, "/echo", NULL);
    see(&desk, NULL);
    see(&desk, "> ");
    type(&desk, "wold\033[D\033[Dr\033[Hthe \033[F!\r"); /* left, left, Home, End */
    see(&desk, "<\033[0m the world!\r\n");
    type(&desk, "x\177\r");
    type(&desk, "second\r");
    see(&desk, "<\033[0m second\r\n");
    type(&desk, "\033[A\033[A\r"); /* up, up */
    see(&desk, "<\033[0m the world!\r\n");
    type(&desk, "\004");
    see(&desk, "closed with 1000");
    assert_int_equal(process_end(&desk.terminal), 0);

    /* The history is private, and there the next time. */
    char path[96];
    struct stat file;
    snprintf(path, sizeof path, "%s/.local/state/weft/history", desk.home);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    process_free(&desk.terminal);
    process_start_on_terminal(&desk.terminal, (const char *[]){ "connect", desk.url, NULL },
                              desk.home);
    see(&desk, NULL);
    see(&desk, "> ");
    type(&desk, "\033[A\r");
    see(&desk, "<\033[0m the world!\r\n");
    leave(&desk);
}

static void no_history_leaves_no_trace(void **state)
{
    (void)state;
    struct desk desk;
    sit_down(&desk, "/echo", "--no-history");
    see(&desk, NULL);
    see(&desk, "> ");
    type(&desk, "secret\r");
    see(&desk, "<\033[0m secret\r\n");
    type(&desk, "\004");
    assert_int_equal(process_end(&desk.terminal), 0);
    assert_int_equal(rmdir(desk.home), 0); /* It is empty. */
    leave(&desk);
}

/* A message moves what was typed so far below it. */
static void a_message_does_not_disturb_typing(void **state)
{
    (void)state;
    struct desk desk;
    sit_down(&desk, "/heartbeat", NULL);
    see(&desk, NULL);
    see(&desk, "\"pings\":1,");
    type(&desk, "half a line");
    see(&desk, "half a line");
    see(&desk, "\r\033[J");
    see(&desk, "\"pings\":2,");
    see(&desk, "> half a line");
    /* Longer than the window: all its rows move. */
    type(&desk, " 1234567890 1234567890 1234567890 1234567890 1234567890 1234567890 1234567890");
    see(&desk, "67890");
    see(&desk, "\033[1A\r\033[J");
    see(&desk, "\"pings\":3,");
    see(&desk, "> half a line");
    leave(&desk);
}

static void escape_alone_holds_nothing_up(void **state)
{
    (void)state;
    struct desk desk;
    sit_down(&desk, "/heartbeat", NULL);
    see(&desk, NULL);
    see(&desk, "\"pings\":1,");
    type(&desk, "\033");
    see(&desk, "\"pings\":2,");
    type(&desk, "abc");
    see(&desk, "abc");
    leave(&desk);
}

static void a_closed_window_ends_it(void **state)
{
    (void)state;
    struct desk desk;
    sit_down(&desk, "/echo", NULL);
    see(&desk, NULL);
    see(&desk, "> ");
    close(desk.terminal.out.fd);
    desk.terminal.in = desk.terminal.out.fd = -1;
    process_end(&desk.terminal);
    leave(&desk);
}

static void ctrl_c_closes_cleanly(void **state)
{
    (void)state;
    struct desk desk;
    sit_down(&desk, "/echo", NULL);
    see(&desk, NULL);
    see(&desk, "> ");
    type(&desk, "unfinished\003");
    see(&desk, "closed with 1000");
    assert_int_equal(process_end(&desk.terminal), 0);
    leave(&desk);
}

static void the_servers_end_is_shown(void **state)
{
    (void)state;
    struct desk desk;
    sit_down(&desk, "/echo", NULL);
    see(&desk, NULL);
    see(&desk, "> ");
    assert_int_equal(kill(desk.server.pid, SIGTERM), 0);
    see(&desk, "closed with 1001 the server is going away");
    assert_int_equal(process_end(&desk.terminal), 0);
    assert_int_equal(process_end(&desk.server), 0);
    process_free(&desk.server);
    process_free(&desk.terminal);
    rmdir(desk.home);
    nftw(desk.home, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_talks_with_a_server),
        cmocka_unit_test(lines_can_be_edited_and_come_back),
        cmocka_unit_test(no_history_leaves_no_trace),
        cmocka_unit_test(a_message_does_not_disturb_typing),
        cmocka_unit_test(escape_alone_holds_nothing_up),
        cmocka_unit_test(a_closed_window_ends_it),
        cmocka_unit_test(ctrl_c_closes_cleanly),
        cmocka_unit_test(the_servers_end_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

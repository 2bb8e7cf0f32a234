#include "prompt.h"

#include "prompt_history.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { ESCAPE = 033, ESCAPE_TIMEOUT_MS = 500, END_KEY = 'd' & 037, PROMPT_COLUMNS = 2 };

static struct {
    void (*on_line)(char *line, void *user);
    void *user;
    weft_watch *watch;
    EditLine *editor; /* NULL: no prompt was started. */
    struct prompt_history history;
    bool is_hidden;
    bool is_escape; /* The last key was ESC: alone, or the head of a sequence. */
    bool has_ended;
} prompt;

/* ---- keys ---- */

/* A text message is UTF-8, so the keys are too, whatever the locale says. */
static void use_utf8(void)
{
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
}

/* The editor waits for the end of a sequence; an ESC that a person pressed alone must not hold up
 * the connection. */
static bool wait_for_key(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    return !prompt.is_escape || poll(&input, 1, ESCAPE_TIMEOUT_MS) > 0;
}

/* One character for the editor: 1; else there is none. */
static int read_key(EditLine *editor, wchar_t *key_out)
{
    (void)editor;
    mbstate_t state = { 0 };
    size_t used = (size_t)-2;
    bool is_there = wait_for_key();
    prompt.is_escape = false;
    while (is_there && used == (size_t)-2) {
        char byte;
        ssize_t got = read(STDIN_FILENO, &byte, 1);
        if (got != 1) {
            prompt.has_ended = got == 0 || (errno != EINTR && errno != EAGAIN);
            return -1;
        }
        used = mbrtowc(key_out, &byte, 1, &state);
    }
    if (!is_there)
        return -1;
    /* Bytes that are no UTF-8 come from no key. */
    if (used == (size_t)-1)
        *key_out = L'?';
    prompt.is_escape = *key_out == ESCAPE;
    return 1;
}

/* The keys of the terminals in use; ~/.editrc can say more. */
static void bind_keys(EditLine *editor)
{
    static const char *const keys[][2] = {
        { "\\e[1~", "ed-move-to-beg" },      { "\\e[4~", "ed-move-to-end" },
        { "\\e[7~", "ed-move-to-beg" },      { "\\e[8~", "ed-move-to-end" },
        { "\\e[H", "ed-move-to-beg" },       { "\\e[F", "ed-move-to-end" },
        { "\\e[3~", "ed-delete-next-char" }, { "\\e[1;5C", "em-next-word" },
        { "\\e[1;5D", "ed-prev-word" },
    };
    el_set(editor, EL_EDITOR, "emacs");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        el_set(editor, EL_BIND, keys[i][0], keys[i][1], NULL);
    el_source(editor, NULL);
}

/* ---- lines ---- */

static char *prompt_text(EditLine *editor)
{
    (void)editor;
    static char text[] = "> ";
    return text;
}

/* The editor leaves the terminal while the line is dealt with: what that prints stands below it. */
static void hand_over(char *line)
{
    prompt.is_hidden = true;
    el_set(prompt.editor, EL_UNBUFFERED, 0);
    if (line)
        prompt_history_add(&prompt.history, line);
    prompt.on_line(line, prompt.user);
    free(line);
    if (line && prompt.editor)
        el_set(prompt.editor, EL_UNBUFFERED, 1);
    prompt.is_hidden = false;
}

static void end(void)
{
    weft_watch_destroy(prompt.watch);
    prompt.watch = NULL;
    hand_over(NULL);
}

static void on_readable(weft_watch *watch, int ready, void *user)
{
    (void)watch, (void)ready, (void)user;
    int count = 0;
    const char *text = el_gets(prompt.editor, &count);
    if (prompt.has_ended || (text && count == 1 && text[0] == END_KEY)) {
        end();
    } else if (text && count > 0 && (text[count - 1] == '\n' || text[count - 1] == '\r')) {
        char *line = strndup(text, (size_t)count - 1);
        if (line)
            hand_over(line);
        else
            end();
    }
}

weft_status prompt_start(weft_loop *loop, bool history_kept,
                         void (*on_line)(char *line, void *user), void *user)
{
    use_utf8();
    prompt.on_line = on_line;
    prompt.user = user;
    prompt.editor = el_init("weft", stdin, stdout, stderr);
    if (!prompt.editor)
        return WEFT_ERR_MEMORY;
    weft_status status =
        weft_watch_create(loop, STDIN_FILENO, WEFT_READABLE, on_readable, NULL, &prompt.watch);
    if (status) {
        el_end(prompt.editor);
        prompt.editor = NULL;
        return status;
    }
    prompt_history_open(&prompt.history, history_kept);
    if (prompt.history.lines)
        el_set(prompt.editor, EL_HIST, history, prompt.history.lines);
    el_set(prompt.editor, EL_PROMPT, prompt_text);
    el_set(prompt.editor, EL_GETCFN, read_key);
    bind_keys(prompt.editor);
    el_set(prompt.editor, EL_UNBUFFERED, 1);
    return WEFT_OK;
}

void prompt_stop(void)
{
    if (!prompt.editor)
        return;
    prompt_hide();
    weft_watch_destroy(prompt.watch);
    prompt.watch = NULL;
    el_set(prompt.editor, EL_UNBUFFERED, 0);
    el_end(prompt.editor);
    prompt.editor = NULL;
    prompt_history_close(&prompt.history);
}

/* ---- the screen ---- */

/* How many rows of the screen lie above the cursor's and belong to the prompt. */
static size_t rows_above(void)
{
    struct winsize size = { .ws_col = 0 };
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 0;
    const LineInfoW *line = el_wline(prompt.editor);
    size_t columns = PROMPT_COLUMNS;
    for (const wchar_t *at = line->buffer; at < line->cursor; at++) {
        int width = wcwidth(*at);
        columns += width < 0 ? 2 : (size_t)width; /* A control is shown as ^X. */
    }
    return columns / size.ws_col;
}

void prompt_hide(void)
{
    if (!prompt.editor || prompt.is_hidden)
        return;
    prompt.is_hidden = true;
    size_t rows = rows_above();
    if (rows)
        printf("\033[%zuA", rows);
    fputs("\r\033[J", stdout);
    fflush(stdout);
}

void prompt_show(void)
{
    if (!prompt.editor || !prompt.watch || !prompt.is_hidden)
        return;
    prompt.is_hidden = false;
    el_set(prompt.editor, EL_REFRESH);
}

void prompt_resize(void)
{
    if (prompt.editor)
        el_resize(prompt.editor);
}

void prompt_continue(void)
{
    if (!prompt.editor || !prompt.watch)
        return;
    el_set(prompt.editor, EL_PREP_TERM, 0);
    el_set(prompt.editor, EL_PREP_TERM, 1);
    prompt.is_hidden = true;
    prompt_show();
}

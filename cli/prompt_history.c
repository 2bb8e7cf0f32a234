#include "prompt_history.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINES_MAX = 500 };

/* By default ~/.local/state/weft/history. */
static bool find_file(char path_out[PATH_MAX])
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int used = -1;
    /* The XDG specification: a relative path is to be ignored. */
    if (state && state[0] == '/')
        used = snprintf(path_out, PATH_MAX, "%s/weft/history", state);
    else if (home && home[0] == '/')
        used = snprintf(path_out, PATH_MAX, "%s/.local/state/weft/history", home);
    return used > 0 && used < PATH_MAX;
}

static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool is_there = mkdir(path, 0700) == 0 || errno == EEXIST;
        *slash = '/';
        if (!is_there)
            return false;
    }
    return true;
}

void prompt_history_open(struct prompt_history *kept, bool is_kept)
{
    char path[PATH_MAX];
    HistEvent event;
    kept->is_kept = is_kept;
    kept->lines = history_init();
    if (!kept->lines)
        return;
    history(kept->lines, &event, H_SETSIZE, LINES_MAX);
    history(kept->lines, &event, H_SETUNIQUE, 1);
    if (is_kept && find_file(path))
        history(kept->lines, &event, H_LOAD, path);
}

void prompt_history_add(struct prompt_history *kept, const char *line)
{
    HistEvent event;
    if (kept->lines && *line)
        history(kept->lines, &event, H_ENTER, line);
}

/* Private: what was typed may be a password. */
static void save(History *lines, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    HistEvent event;
    if (file) {
        history(lines, &event, H_SAVE_FP, file);
        fclose(file);
    } else if (fd >= 0) {
        close(fd);
    }
}

void prompt_history_close(struct prompt_history *kept)
{
    char path[PATH_MAX];
    if (!kept->lines)
        return;
    if (kept->is_kept && find_file(path) && make_folders(path))
        save(kept->lines, path);
    history_end(kept->lines);
    kept->lines = NULL;
}

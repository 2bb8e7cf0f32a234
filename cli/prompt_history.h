/* The lines typed in earlier conversations: XDG_STATE_HOME/weft/history. */
#ifndef CLI_PROMPT_HISTORY_H
#define CLI_PROMPT_HISTORY_H

#include <histedit.h>
#include <stdbool.h>

struct prompt_history {
    History *lines; /* NULL: no memory, and no history then. */
    bool is_kept;   /* In a file, beyond this conversation. */
};

void prompt_history_open(struct prompt_history *kept, bool is_kept);
void prompt_history_add(struct prompt_history *kept, const char *line);

/* Saves it if it is kept. A file that cannot be written is no reason to complain at the end of a
 * conversation. */
void prompt_history_close(struct prompt_history *kept);

#endif

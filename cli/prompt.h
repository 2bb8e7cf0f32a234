/* A line of input on a terminal, with editing and history. */
#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

#include "weft/loop.h"

#include <stdbool.h>

/* Shows the prompt on standard input and output. `on_line` gets each line, its own to change, or
 * NULL when the input has ended. One at a time in a process: there is one terminal. */
WEFT_MUST_USE weft_status prompt_start(weft_loop *loop, bool history_kept,
                                       void (*on_line)(char *line, void *user), void *user);

/* Puts the terminal back and saves the history. Does nothing when no prompt was started. */
void prompt_stop(void);

/* Around everything else that is written to the terminal: what was typed so far moves below it. */
void prompt_hide(void);
void prompt_show(void);

/* The size of the window has changed. */
void prompt_resize(void);

/* The program goes on after Ctrl-Z; the shell has changed the terminal's mode meanwhile. */
void prompt_continue(void);

#endif

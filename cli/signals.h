/* Signals as events of the loop. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include "weft/loop.h"

struct signals;

/* From now on `on_signal` is called on the loop for each of these signals (`numbers` ends with 0
 * and must live as long). WEFT_ERR_SYSTEM: errno says why. One at a time in a process. */
WEFT_MUST_USE weft_status signals_create(weft_loop *loop, const int *numbers,
                                         void (*on_signal)(int number, void *user), void *user,
                                         struct signals **signals_out);

/* Gives the signals back to their defaults. NULL is allowed. */
void signals_destroy(struct signals *signals);

#endif

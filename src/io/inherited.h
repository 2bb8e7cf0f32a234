/* Listening descriptors that were opened by whoever started the process: the protocol of
 * sd_listen_fds(3). */
#ifndef WF_IO_INHERITED_H
#define WF_IO_INHERITED_H

#include "weft/bytes.h"

/* Takes the first one of that name (empty: of any) that nobody has taken yet. -1: there is none.
 *
 * The first call reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES, has the descriptors closed on
 * exec, and takes the variables out of the environment, so that no child believes they are its
 * own. More than 64 descriptors are left alone. Any thread, while no other one touches the
 * environment. */
int wf_inherited_take(struct weft_text name);

/* It was of no use, and may be taken again. */
void wf_inherited_give_back(int fd);

#endif

/* What whoever started the program wants to be told: the protocol of sd_notify(3), one datagram to
 * $NOTIFY_SOCKET. Spoken here, since it is smaller than a library; and in the program, since it is
 * the program that systemd has started. Without the variable nothing is said. */
#ifndef CLI_NOTIFY_H
#define CLI_NOTIFY_H

#include "weft/loop.h"

struct notify;

/* Reads the environment. With $WATCHDOG_USEC a sign of life follows at half of it, as long as the
 * loop turns. NULL in *notify_out: nobody wants to be told; the other functions take it. */
weft_status notify_create(weft_loop *loop, struct notify **notify_out);
void notify_destroy(struct notify *notify);

/* READY=1, with a line for `systemctl status`. Also the end of a reload. */
void notify_ready(struct notify *notify, const char *status);
/* RELOADING=1, with the time that Type=notify-reload asks for; notify_ready() follows. */
void notify_reloading(struct notify *notify);
/* STOPPING=1. */
void notify_stopping(struct notify *notify, const char *status);

#endif

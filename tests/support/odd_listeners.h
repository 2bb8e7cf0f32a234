/* Addresses that answer, refuse, or say nothing, on free ports of 127.0.0.1. */
#ifndef SUPPORT_ODD_LISTENERS_H
#define SUPPORT_ODD_LISTENERS_H

#include <stddef.h>
#include <stdint.h>

enum { SILENT_FILL_MAX = 16 };

/* A listener whose queue is full: a further connection is neither accepted nor refused. */
struct silent_listener {
    int fd;
    uint16_t port;
    int fillers[SILENT_FILL_MAX];
    size_t filler_count;
};

/* A listening descriptor; nothing is accepted by itself. */
int listener_open(int backlog, uint16_t *port_out);

/* A port at which nobody listens: the descriptor holds it. */
int refuser_open(uint16_t *port_out);

void silent_listener_open(struct silent_listener *silent);
/* Makes room: who is waiting gets its answer when the kernel tries again. */
void silent_listener_speak(struct silent_listener *silent);
void silent_listener_close(struct silent_listener *silent);

/* How many descriptors this process has open. */
size_t count_descriptors(void);

#endif

/* Who is told by sd_notify(3), as systemd is. */
#ifndef SUPPORT_MANAGER_H
#define SUPPORT_MANAGER_H

#include <stdbool.h>

struct manager {
    int fd;
    char name[100];
    char told[512];
};

/* At a path, or in the abstract namespace; children find it in their environment from now on. */
void manager_open(struct manager *manager, bool is_abstract);
void manager_close(struct manager *manager);

/* Waits for the next message; valid until the one after it. */
const char *manager_hear(struct manager *manager);

#endif

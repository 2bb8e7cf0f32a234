#include "support/manager.h"

#include "support/cases.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void manager_open(struct manager *manager, bool is_abstract)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    const char *folder = getenv("TMPDIR");
    snprintf(manager->name, sizeof manager->name, "%s%.60s/weft-notify-%ld", is_abstract ? "@" : "",
             folder ? folder : "/tmp", (long)getpid());
    size_t count = strlen(manager->name);
    memcpy(un.sun_path, manager->name, count);
    if (is_abstract)
        un.sun_path[0] = '\0';
    manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        bind(manager->fd, (struct sockaddr *)&un,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + count + !is_abstract)),
        0);
    setenv("NOTIFY_SOCKET", manager->name, 1);
}

void manager_close(struct manager *manager)
{
    close(manager->fd);
    if (manager->name[0] != '@')
        unlink(manager->name);
    unsetenv("NOTIFY_SOCKET");
}

const char *manager_hear(struct manager *manager)
{
    struct pollfd ready = { .fd = manager->fd, .events = POLLIN };
    assert_int_equal(poll(&ready, 1, 20000), 1);
    ssize_t count = recv(manager->fd, manager->told, sizeof manager->told - 1, 0);
    assert_true(count > 0);
    manager->told[count] = '\0';
    return manager->told;
}

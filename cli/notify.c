#include "notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct notify {
    struct sockaddr_un address;
    socklen_t address_bytes;
    int fd;
    weft_timer *watchdog; /* NULL: nobody watches. */
};

/* A datagram that cannot be sent tells nobody anything, and there is nobody else to tell. */
static void say(const struct notify *notify, const char *text)
{
    if (notify)
        (void)!sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL,
                      (const struct sockaddr *)&notify->address, notify->address_bytes);
}

/* A path, or with '@' a name in the abstract namespace. */
static bool read_address(struct notify *notify, const char *text)
{
    struct sockaddr_un *un = &notify->address;
    size_t count = strlen(text);
    if ((*text != '/' && *text != '@') || count < 2 || count >= sizeof un->sun_path)
        return false;
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, text, count);
    bool is_abstract = *text == '@';
    if (is_abstract)
        un->sun_path[0] = '\0';
    notify->address_bytes =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + count + !is_abstract);
    return true;
}

static void on_watchdog(weft_timer *timer, void *user)
{
    (void)timer;
    say(user, "WATCHDOG=1");
}

/* 0: nobody watches this process. sd_watchdog_enabled(3). */
static uint64_t watchdog_us(void)
{
    const char *time = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    char *end;
    if (!time || *time < '0' || *time > '9')
        return 0;
    if (pid && strtol(pid, NULL, 10) != (long)getpid())
        return 0;
    uint64_t us = strtoull(time, &end, 10);
    return *end == '\0' && us < UINT64_C(1000) * UINT32_MAX ? us : 0;
}

static weft_status start_watchdog(struct notify *notify, weft_loop *loop)
{
    uint64_t half_ms = watchdog_us() / 2000;
    if (watchdog_us() == 0)
        return WEFT_OK;
    weft_status status = weft_timer_create(loop, on_watchdog, notify, &notify->watchdog);
    if (!status)
        weft_timer_start(notify->watchdog, half_ms ? (uint32_t)half_ms : 1,
                         half_ms ? (uint32_t)half_ms : 1);
    return status;
}

weft_status notify_create(weft_loop *loop, struct notify **notify_out)
{
    const char *text = getenv("NOTIFY_SOCKET");
    *notify_out = NULL;
    if (!text)
        return WEFT_OK;
    struct notify *notify = calloc(1, sizeof *notify);
    if (!notify)
        return WEFT_ERR_MEMORY;
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    weft_status status = notify->fd < 0 ? WEFT_ERR_SYSTEM : WEFT_OK;
    if (!status && !read_address(notify, text)) {
        notify_destroy(notify); /* An address of another kind: not for this program. */
        return WEFT_OK;
    }
    if (!status)
        status = start_watchdog(notify, loop);
    if (status)
        notify_destroy(notify);
    else
        *notify_out = notify;
    return status;
}

void notify_destroy(struct notify *notify)
{
    if (!notify)
        return;
    weft_timer_destroy(notify->watchdog);
    if (notify->fd >= 0)
        close(notify->fd);
    free(notify);
}

void notify_ready(struct notify *notify, const char *status)
{
    char text[512];
    snprintf(text, sizeof text, "READY=1\nSTATUS=%s", status);
    say(notify, text);
}

void notify_reloading(struct notify *notify)
{
    char text[128];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, us);
    say(notify, text);
}

void notify_stopping(struct notify *notify, const char *status)
{
    char text[512];
    snprintf(text, sizeof text, "STOPPING=1\nSTATUS=%s", status);
    say(notify, text);
}

#include "io/inherited.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* SD_LISTEN_FDS_START, and what is taken note of. */
enum { FIRST_FD = 3, COUNT_MAX = 64, NAMES_BYTES = 4096 };

/* The process's, as its environment and its descriptors are. */
static struct {
    pthread_mutex_t lock;
    bool is_read;
    size_t count;
    struct weft_text names[COUNT_MAX];
    bool is_taken[COUNT_MAX];
    char text[NAMES_BYTES];
} inherited = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* 0: not there, or no number. */
static unsigned long read_number(const char *name)
{
    const char *text = getenv(name);
    char *end;
    if (!text || *text < '0' || *text > '9')
        return 0;
    unsigned long number = strtoul(text, &end, 10);
    return *end == '\0' ? number : 0;
}

/* Joined by colons; a name that is missing is "unknown", as sd_listen_fds_with_names(3) has it. */
static void read_names(void)
{
    const char *value = getenv("LISTEN_FDNAMES");
    size_t bytes = value ? strlen(value) : 0;
    if (bytes >= sizeof inherited.text)
        bytes = 0;
    if (bytes)
        memcpy(inherited.text, value, bytes);
    const char *at = inherited.text, *end = inherited.text + bytes;
    for (size_t i = 0; i < inherited.count; i++) {
        inherited.names[i] = weft_text_of("unknown");
        if (!value || at > end)
            continue;
        const char *colon = memchr(at, ':', (size_t)(end - at));
        const char *stop = colon ? colon : end;
        inherited.names[i] = (struct weft_text){ at, (size_t)(stop - at) };
        at = stop + 1;
    }
}

static void read_environment(void)
{
    inherited.is_read = true;
    if (read_number("LISTEN_PID") != (unsigned long)getpid())
        return;
    unsigned long count = read_number("LISTEN_FDS");
    inherited.count = count <= COUNT_MAX ? count : 0;
    read_names();
    for (int fd = FIRST_FD; fd < FIRST_FD + (int)inherited.count; fd++)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
}

static bool is_called(size_t index, struct weft_text name)
{
    struct weft_text own = inherited.names[index];
    return name.count == 0 ||
           (own.count == name.count && memcmp(own.data, name.data, name.count) == 0);
}

int wf_inherited_take(struct weft_text name)
{
    int fd = -1;
    pthread_mutex_lock(&inherited.lock);
    if (!inherited.is_read)
        read_environment();
    for (size_t i = 0; i < inherited.count && fd < 0; i++) {
        if (inherited.is_taken[i] || !is_called(i, name))
            continue;
        inherited.is_taken[i] = true;
        fd = FIRST_FD + (int)i;
    }
    pthread_mutex_unlock(&inherited.lock);
    return fd;
}

void wf_inherited_give_back(int fd)
{
    pthread_mutex_lock(&inherited.lock);
    if (fd >= FIRST_FD && (size_t)(fd - FIRST_FD) < inherited.count)
        inherited.is_taken[fd - FIRST_FD] = false;
    pthread_mutex_unlock(&inherited.lock);
}

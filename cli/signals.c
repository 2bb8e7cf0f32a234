#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct signals {
    void (*on_signal)(int number, void *user);
    void *user;
    const int *numbers;
    int pipe_fds[2];
    weft_watch *watch;
};

/* The handler knows no more than this: the pipe's end to write a signal's number to. */
static volatile sig_atomic_t handler_fd = -1;

static void on_kernel_signal(int number)
{
    int saved_errno = errno;
    unsigned char byte = (unsigned char)number;
    /* A full pipe holds enough signals already. */
    if (write((int)handler_fd, &byte, 1) < 0)
        errno = saved_errno;
}

static void on_readable(weft_watch *watch, int ready, void *user)
{
    (void)watch, (void)ready;
    struct signals *signals = user;
    unsigned char byte;
    if (read(signals->pipe_fds[0], &byte, 1) == 1)
        signals->on_signal(byte, signals->user);
}

/* Without SA_RESTART: a write that blocks must notice that somebody pressed Ctrl-C. */
static void set_handlers(const int *numbers, void (*handler)(int))
{
    struct sigaction action = { .sa_handler = handler };
    sigemptyset(&action.sa_mask);
    for (; *numbers; numbers++)
        sigaction(*numbers, &action, NULL);
}

weft_status signals_create(weft_loop *loop, const int *numbers,
                           void (*on_signal)(int number, void *user), void *user,
                           struct signals **signals_out)
{
    struct signals *signals = calloc(1, sizeof *signals);
    if (!signals)
        return WEFT_ERR_MEMORY;
    signals->on_signal = on_signal;
    signals->user = user;
    signals->numbers = numbers;

    weft_status status = WEFT_ERR_SYSTEM;
    if (pipe2(signals->pipe_fds, O_CLOEXEC | O_NONBLOCK) == 0) {
        status = weft_watch_create(loop, signals->pipe_fds[0], WEFT_READABLE, on_readable, signals,
                                   &signals->watch);
        if (status) {
            close(signals->pipe_fds[0]);
            close(signals->pipe_fds[1]);
        }
    }
    if (status) {
        free(signals);
        return status;
    }
    handler_fd = signals->pipe_fds[1];
    set_handlers(numbers, on_kernel_signal);
    *signals_out = signals;
    return WEFT_OK;
}

void signals_destroy(struct signals *signals)
{
    if (!signals)
        return;
    set_handlers(signals->numbers, SIG_DFL);
    handler_fd = -1;
    weft_watch_destroy(signals->watch);
    close(signals->pipe_fds[0]);
    close(signals->pipe_fds[1]);
    free(signals);
}

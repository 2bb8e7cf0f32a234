#include "support/process.h"

#include "support/certs.h"
#include "support/secure.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 32, READ_BYTES = 65536, LIMIT_S = 20 };

static const char *program_path(void)
{
    const char *path = getenv("WEFT_PROGRAM");
    return path ? path : "build/weft";
}

static void run_child(const char *program, const char *const *arguments)
{
    const char *argv[ARGUMENTS_MAX] = { program };
    for (size_t i = 0; arguments[i] && i + 2 < ARGUMENTS_MAX; i++)
        argv[i + 1] = arguments[i];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execv(program, (char *const *)argv);
    perror(program);
    _exit(127);
}

static void make_nonblocking(int fd)
{
    assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

void process_start_program(struct process *process, const char *program,
                           const char *const *arguments)
{
    int in[2], out[2], err[2];
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
    memset(process, 0, sizeof *process);
    process->exit_status = -1;
    process->pid = fork();
    assert_true(process->pid >= 0);
    if (process->pid == 0) {
        signal(SIGPIPE, SIG_DFL);
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        run_child(program, arguments);
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    process->in = in[1];
    process->out.fd = out[0];
    process->err.fd = err[0];
    make_nonblocking(in[1]);
    make_nonblocking(out[0]);
    make_nonblocking(err[0]);
}

void process_start(struct process *process, const char *const *arguments)
{
    process_start_program(process, program_path(), arguments);
}

void process_start_on_terminal(struct process *process, const char *const *arguments,
                               const char *home)
{
    const struct winsize size = { .ws_row = 24, .ws_col = 80 };
    int master;
    memset(process, 0, sizeof *process);
    process->exit_status = -1;
    process->pid = forkpty(&master, NULL, NULL, &size);
    assert_true(process->pid >= 0);
    if (process->pid == 0) {
        setenv("HOME", home, 1);
        setenv("TERM", "xterm", 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        unsetenv("XDG_STATE_HOME");
        unsetenv("NO_COLOR");
        run_child(program_path(), arguments);
    }
    make_nonblocking(master);
    process->in = process->out.fd = master;
    process->err.fd = -1;
}

/* ---- pumping ---- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void gather(struct gathered *gathered)
{
    if (gathered->capacity - gathered->count <= READ_BYTES) {
        gathered->capacity = 2 * gathered->capacity + 2 * READ_BYTES;
        gathered->data = realloc(gathered->data, gathered->capacity);
        assert_non_null(gathered->data);
    }
    ssize_t got = read(gathered->fd, gathered->data + gathered->count, READ_BYTES);
    /* A pseudo-terminal whose child has gone answers EIO. */
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        close_fd(&gathered->fd);
    gathered->count += got > 0 ? (size_t)got : 0;
    gathered->data[gathered->count] = '\0';
}

static void write_input(struct process *process)
{
    ssize_t written = write(process->in, process->unsent, process->unsent_bytes);
    if (written < 0 && errno != EAGAIN && errno != EINTR)
        process->unsent_bytes = 0; /* The child reads no more; what it says will tell why. */
    if (written > 0) {
        process->unsent += written;
        process->unsent_bytes -= (size_t)written;
    }
    if (process->unsent_bytes == 0 && process->ends_input)
        close_fd(&process->in);
}

static void look_for_end(struct process *process)
{
    int status;
    if (process->exit_status >= 0 || waitpid(process->pid, &status, WNOHANG) != process->pid)
        return;
    process->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void process_pump(struct process *process, int timeout_ms)
{
    bool is_terminal = process->in >= 0 && process->in == process->out.fd;
    bool writes = process->in >= 0 && process->unsent_bytes;
    struct pollfd fds[] = {
        { .fd = process->out.fd, .events = POLLIN },
        { .fd = process->err.fd, .events = POLLIN },
        { .fd = writes ? process->in : -1, .events = POLLOUT },
    };
    poll(fds, 3, timeout_ms);
    if (fds[2].revents)
        write_input(process);
    if (fds[0].revents)
        gather(&process->out);
    if (fds[1].revents)
        gather(&process->err);
    if (is_terminal && process->out.fd < 0)
        process->in = -1;
    look_for_end(process);
}

void process_write(struct process *process, const void *data, size_t bytes, bool is_last)
{
    assert_int_equal(process->unsent_bytes, 0);
    process->unsent = data;
    process->unsent_bytes = bytes;
    process->ends_input = is_last;
    if (bytes == 0 && is_last)
        close_fd(&process->in);
}

bool process_turn(struct process *process, int turns)
{
    static time_t end;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (turns == 0)
        end = now.tv_sec + LIMIT_S;
    process_pump(process, 10);
    return now.tv_sec <= end;
}

void process_fail(const struct process *process, const char *condition)
{
    fail_msg("waited in vain for: %s\nstdout: %s\nstderr: %s", condition,
             process->out.data ? process->out.data : "",
             process->err.data ? process->err.data : "");
}

int process_end(struct process *process)
{
    process_until(process, process->exit_status >= 0 && process->out.fd < 0 && process->err.fd < 0);
    return process->exit_status;
}

void process_free(struct process *process)
{
    if (process->exit_status < 0) {
        kill(process->pid, SIGKILL);
        waitpid(process->pid, NULL, 0);
    }
    if (process->in != process->out.fd)
        close_fd(&process->in);
    close_fd(&process->out.fd);
    close_fd(&process->err.fd);
    free(process->out.data);
    free(process->err.data);
    memset(process, 0, sizeof *process);
}

/* ---- what most tests want ---- */

int process_run(struct process *process, const char *input, const char *const *arguments)
{
    process_start(process, arguments);
    process_write(process, input, input ? strlen(input) : 0, true);
    return process_end(process);
}

void process_serve(struct process *process, char *url_out, size_t url_bytes,
                   const char *const *arguments)
{
    const char *all[ARGUMENTS_MAX] = { "serve", "--listen", "127.0.0.1:0", "--quiet" };
    size_t count = 4;
    if (secure_is_on()) {
        all[count++] = "--tls-cert";
        all[count++] = certs_path("server.pem");
        all[count++] = "--tls-key";
        all[count++] = certs_path("server.key");
    }
    for (size_t i = 0; arguments && arguments[i]; i++)
        all[count++] = arguments[i];
    assert_true(count < ARGUMENTS_MAX);
    process_start(process, all);
    process_write(process, NULL, 0, true);
    process_until(process, process_count_lines(&process->out) > 0 || process->exit_status >= 0);

    char address[64];
    const char *line = secure_is_on() ? "listening on https://%63s" : "listening on http://%63s";
    if (!process->out.data || sscanf(process->out.data, line, address) != 1)
        process_fail(process, "the first line of the server");
    snprintf(url_out, url_bytes, "%s://%s", secure_scheme(), address);
}

void process_end_server(struct process *process)
{
    assert_true(process->pid > 0);
    assert_int_equal(kill(process->pid, SIGTERM), 0);
    assert_int_equal(process_end(process), 0);
    process_free(process);
}

size_t process_count_lines(const struct gathered *gathered)
{
    size_t lines = 0;
    for (size_t i = 0; i < gathered->count; i++)
        lines += gathered->data[i] == '\n';
    return lines;
}

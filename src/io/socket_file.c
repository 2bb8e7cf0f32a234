#include "io/socket_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

static const char *path_of(const struct wf_address *address)
{
    if (address->storage.ss_family != AF_UNIX)
        return NULL;
    const char *path = ((const struct sockaddr_un *)&address->storage)->sun_path;
    return *path ? path : NULL; /* A name that begins with a zero is no file. */
}

static int bind_to(int fd, const struct wf_address *address)
{
    return bind(fd, (const struct sockaddr *)&address->storage, address->bytes) ? errno : 0;
}

/* A socket's file that outlived its listener: nobody answers there. Anything else is left alone. */
static bool is_stale(const struct wf_address *address)
{
    struct stat file;
    if (lstat(path_of(address), &file) || !S_ISSOCK(file.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool refused = connect(fd, (const struct sockaddr *)&address->storage, address->bytes) &&
                   errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static int bind_or_replace(int fd, const struct wf_address *address)
{
    int failure = bind_to(fd, address);
    if (failure != EADDRINUSE || !path_of(address) || !is_stale(address))
        return failure;
    if (unlink(path_of(address)) && errno != ENOENT)
        return errno;
    return bind_to(fd, address);
}

static void note(struct wf_socket_file *file_out, const char *path)
{
    struct stat file;
    if (!path || lstat(path, &file))
        return;
    *file_out = (struct wf_socket_file){ true, file.st_dev, file.st_ino };
}

/* By a descriptor of the file itself: what stands at the path may be changed meanwhile. */
static int adjust_file(int fd, const struct wf_listener_options *options)
{
    char by_descriptor[64];
    struct stat file;
    if (fstat(fd, &file))
        return errno;
    if (!S_ISSOCK(file.st_mode))
        return ENOTSOCK;
    if ((options->has_user || options->has_group) &&
        fchownat(fd, "", options->has_user ? options->user : (uid_t)-1,
                 options->has_group ? options->group : (gid_t)-1, AT_EMPTY_PATH))
        return errno;
    if (options->mode == 0 || (file.st_mode & 0777) == options->mode)
        return 0;
    snprintf(by_descriptor, sizeof by_descriptor, "/proc/self/fd/%d", fd);
    return chmod(by_descriptor, options->mode) ? errno : 0;
}

static int adjust(const char *path, const struct wf_listener_options *options)
{
    if (!path || (options->mode == 0 && !options->has_user && !options->has_group))
        return 0;
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int failure = adjust_file(fd, options);
    close(fd);
    return failure;
}

/* The file never lets in more than was asked for: bind(2) gives it the socket's own mode, less the
 * umask, and nobody can connect before listen(2), by when owner and mode are right. */
int wf_socket_file_bind(int fd, const struct wf_address *address,
                        const struct wf_listener_options *options, struct wf_socket_file *file_out)
{
    const char *path = path_of(address);
    *file_out = (struct wf_socket_file){ 0 };
    if (path && options->mode && fchmod(fd, options->mode))
        return errno;
    int failure = bind_or_replace(fd, address);
    if (failure)
        return failure;
    note(file_out, path);
    return adjust(path, options);
}

void wf_socket_file_remove(const struct wf_socket_file *file, const struct wf_address *address)
{
    struct stat found;
    const char *path = path_of(address);
    if (file->is_made && path && !lstat(path, &found) && found.st_dev == file->device &&
        found.st_ino == file->inode)
        (void)unlink(path);
}

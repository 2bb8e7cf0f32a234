#include "io/listener.h"

#include "io/state.h"
#include "io/timer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096, REST_MS = 100 };

struct wf_listener {
    struct wf_acceptor acceptor;
    struct wf_timer rest;
    struct wf_link link;
    int reserve_fd; /* Given up for a moment when there is no other; -1: even that could not be had.
                     */
    bool owns_path; /* A Unix socket's file, to be removed if it is still this one. */
    dev_t path_device;
    ino_t path_inode;
    struct wf_address address;
    void (*on_accepted)(struct wf_listener *listener, int fd, void *user);
    void *user;
};

static struct wf_listener *of_acceptor(struct wf_acceptor *acceptor)
{
    return WF_CONTAINER_OF(acceptor, struct wf_listener, acceptor);
}

static int open_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void came(struct wf_acceptor *acceptor, int fd)
{
    struct wf_listener *listener = of_acceptor(acceptor);
    listener->on_accepted(listener, fd, listener->user);
}

static void rest(struct wf_listener *listener)
{
    weft_loop *loop = listener->acceptor.loop;
    loop->backend->acceptor_stop(&listener->acceptor);
    wf_timer_start(loop, &listener->rest, REST_MS);
}

static void rested(struct wf_timer *timer)
{
    struct wf_listener *listener = WF_CONTAINER_OF(timer, struct wf_listener, rest);
    weft_loop *loop = listener->acceptor.loop;
    if (listener->reserve_fd < 0)
        listener->reserve_fd = open_reserve();
    if (loop->backend->acceptor_start(&listener->acceptor))
        rest(listener);
}

/* With the reserve given up there is one descriptor: enough to take a connection and drop it, so
 * that its client does not wait in vain. */
static void drop_one(struct wf_listener *listener)
{
    close(listener->reserve_fd);
    int fd = accept(listener->acceptor.source.fd, NULL, NULL);
    if (fd >= 0)
        close(fd);
    listener->reserve_fd = open_reserve();
}

static void accept_failed(struct wf_acceptor *acceptor, int system_error)
{
    struct wf_listener *listener = of_acceptor(acceptor);
    if ((system_error == EMFILE || system_error == ENFILE) && listener->reserve_fd >= 0)
        drop_one(listener);
    rest(listener);
}

static int family_of(const struct wf_address *address)
{
    return address->storage.ss_family;
}

static const char *path_of(const struct wf_address *address)
{
    if (family_of(address) != AF_UNIX)
        return NULL;
    const char *path = ((const struct sockaddr_un *)&address->storage)->sun_path;
    return *path ? path : NULL; /* A name that begins with a zero is no file. */
}

static bool set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

static bool set_options(int fd, const struct wf_address *address, bool v6_and_v4)
{
    if (family_of(address) == AF_UNIX)
        return true;
    /* Linux hands TCP_NODELAY on to what is accepted; elsewhere the stream sets it. */
    return set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
           set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
           (family_of(address) != AF_INET6 ||
            set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !v6_and_v4));
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

static void note_path(struct wf_listener *listener)
{
    struct stat file;
    const char *path = path_of(&listener->address);
    if (!path || lstat(path, &file))
        return;
    listener->owns_path = true;
    listener->path_device = file.st_dev;
    listener->path_inode = file.st_ino;
}

/* 0 or errno. */
static int open_socket(struct wf_listener *listener, const struct wf_address *address,
                       bool v6_and_v4)
{
    int fd = socket(family_of(address), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    listener->acceptor.source.fd = fd;
    if (fd < 0 || !set_options(fd, address, v6_and_v4))
        return errno;
    int failure = bind_or_replace(fd, address);
    if (failure)
        return failure;
    listener->address = *address;
    note_path(listener);
    if (listen(fd, BACKLOG))
        return errno;
    listener->address.bytes = sizeof listener->address.storage;
    struct sockaddr *storage = (struct sockaddr *)&listener->address.storage;
    return getsockname(fd, storage, &listener->address.bytes) ? errno : 0;
}

weft_status wf_listener_open(weft_loop *loop, const struct wf_address *address, bool v6_and_v4,
                             void (*on_accepted)(struct wf_listener *listener, int fd, void *user),
                             void *user, struct wf_listener **listener_out)
{
    struct wf_listener *listener = wf_alloc_zero(loop->allocator, sizeof *listener);
    if (!listener)
        return WEFT_ERR_MEMORY;
    listener->acceptor = (struct wf_acceptor){
        .source = { .fd = -1 }, .loop = loop, .on_accepted = came, .on_accept_failed = accept_failed
    };
    listener->rest.on_timer = rested;
    listener->on_accepted = on_accepted;
    listener->user = user;
    wf_link_insert(&loop->listeners, &listener->link);
    listener->reserve_fd = open_reserve();
    int failure = listener->reserve_fd < 0 ? errno : loop->is_ending ? ECANCELED : 0;
    if (!failure)
        failure = open_socket(listener, address, v6_and_v4);
    weft_status status = failure ? WEFT_ERR_SYSTEM : WEFT_OK;
    if (!status) {
        status = loop->backend->acceptor_start(&listener->acceptor);
        failure = errno;
    }
    if (status) {
        wf_listener_close(listener);
        errno = failure;
        return status;
    }
    *listener_out = listener;
    return WEFT_OK;
}

void wf_listener_address(const struct wf_listener *listener, struct wf_address *address_out)
{
    *address_out = listener->address;
}

static void remove_path(const struct wf_listener *listener)
{
    struct stat file;
    const char *path = path_of(&listener->address);
    if (listener->owns_path && !lstat(path, &file) && file.st_dev == listener->path_device &&
        file.st_ino == listener->path_inode)
        (void)unlink(path);
}

void wf_listener_close(struct wf_listener *listener)
{
    if (!listener)
        return;
    weft_loop *loop = listener->acceptor.loop;
    loop->backend->acceptor_stop(&listener->acceptor);
    wf_timer_stop(loop, &listener->rest);
    wf_link_remove(&listener->link);
    remove_path(listener);
    if (listener->acceptor.source.fd >= 0)
        close(listener->acceptor.source.fd);
    if (listener->reserve_fd >= 0)
        close(listener->reserve_fd);
    wf_free(loop->allocator, listener);
}

void wf_listener_close_all(weft_loop *loop)
{
    while (loop->listeners)
        wf_listener_close(WF_CONTAINER_OF(loop->listeners, struct wf_listener, link));
}

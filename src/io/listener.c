#include "io/listener.h"

#include "io/socket_file.h"
#include "io/state.h"
#include "io/timer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 4096, REST_MS = 100 };

struct wf_listener {
    struct wf_acceptor acceptor;
    struct wf_timer rest;
    struct wf_link link;
    int reserve_fd; /* Given up for a moment when there is no other; -1: even that could not be had.
                     */
    bool is_adopted; /* While it is begun: the descriptor is still somebody else's. */
    struct wf_socket_file file;
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

static int read_address(struct wf_listener *listener)
{
    struct sockaddr *storage = (struct sockaddr *)&listener->address.storage;
    listener->address.bytes = sizeof listener->address.storage;
    return getsockname(listener->acceptor.source.fd, storage, &listener->address.bytes) ? errno : 0;
}

/* 0 or errno. */
static int open_socket(struct wf_listener *listener, const struct wf_address *address,
                       const struct wf_listener_options *options)
{
    int fd = socket(family_of(address), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    listener->acceptor.source.fd = fd;
    if (fd < 0 || !set_options(fd, address, options->v6_and_v4))
        return errno;
    listener->address = *address;
    int failure = wf_socket_file_bind(fd, address, options, &listener->file);
    if (failure)
        return failure;
    if (listen(fd, BACKLOG))
        return errno;
    return read_address(listener);
}

static bool has_value(int fd, int option, int value)
{
    int found = 0;
    socklen_t bytes = sizeof found;
    return !getsockopt(fd, SOL_SOCKET, option, &found, &bytes) && found == value;
}

/* A descriptor that somebody else has opened, and which listens. 0 or errno; on failure it is still
 * theirs. */
static int take_socket(struct wf_listener *listener, int fd)
{
    int flags = fcntl(fd, F_GETFL);
    struct stat file;
    if (flags < 0 || fstat(fd, &file))
        return errno;
    if (!S_ISSOCK(file.st_mode))
        return ENOTSOCK;
    if (!has_value(fd, SO_TYPE, SOCK_STREAM))
        return EPROTOTYPE;
    if (!has_value(fd, SO_ACCEPTCONN, 1))
        return EINVAL;
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
        return errno;
    (void)set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    listener->acceptor.source.fd = fd;
    return read_address(listener);
}

static struct wf_listener *create(weft_loop *loop,
                                  void (*on_accepted)(struct wf_listener *listener, int fd,
                                                      void *user),
                                  void *user)
{
    struct wf_listener *listener = wf_alloc_zero(loop->allocator, sizeof *listener);
    if (!listener)
        return NULL;
    listener->acceptor = (struct wf_acceptor){
        .source = { .fd = -1 }, .loop = loop, .on_accepted = came, .on_accept_failed = accept_failed
    };
    listener->rest.on_timer = rested;
    listener->on_accepted = on_accepted;
    listener->user = user;
    wf_link_insert(&loop->listeners, &listener->link);
    listener->reserve_fd = open_reserve();
    return listener;
}

static int may_begin(const struct wf_listener *listener)
{
    return listener->reserve_fd < 0 ? errno : listener->acceptor.loop->is_ending ? ECANCELED : 0;
}

/* Starts to accept. Otherwise it is closed, and errno says why. */
static weft_status begin(struct wf_listener *listener, int failure,
                         struct wf_listener **listener_out)
{
    weft_status status = failure ? WEFT_ERR_SYSTEM : WEFT_OK;
    if (!status) {
        status = listener->acceptor.loop->backend->acceptor_start(&listener->acceptor);
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

weft_status wf_listener_open(weft_loop *loop, const struct wf_address *address,
                             const struct wf_listener_options *options,
                             void (*on_accepted)(struct wf_listener *listener, int fd, void *user),
                             void *user, struct wf_listener **listener_out)
{
    static const struct wf_listener_options defaults = { 0 };
    struct wf_listener *listener = create(loop, on_accepted, user);
    if (!listener)
        return WEFT_ERR_MEMORY;
    int failure = may_begin(listener);
    if (!failure)
        failure = open_socket(listener, address, options ? options : &defaults);
    return begin(listener, failure, listener_out);
}

weft_status wf_listener_adopt(weft_loop *loop, int fd,
                              void (*on_accepted)(struct wf_listener *listener, int fd, void *user),
                              void *user, struct wf_listener **listener_out)
{
    struct wf_listener *listener = create(loop, on_accepted, user);
    if (!listener)
        return WEFT_ERR_MEMORY;
    int failure = may_begin(listener);
    if (!failure)
        failure = take_socket(listener, fd);
    if (!failure)
        listener->is_adopted = true;
    weft_status status = begin(listener, failure, listener_out);
    if (!status)
        listener->is_adopted = false; /* From here on the descriptor is the listener's. */
    return status;
}

void wf_listener_address(const struct wf_listener *listener, struct wf_address *address_out)
{
    *address_out = listener->address;
}

void wf_listener_close(struct wf_listener *listener)
{
    if (!listener)
        return;
    weft_loop *loop = listener->acceptor.loop;
    loop->backend->acceptor_stop(&listener->acceptor);
    wf_timer_stop(loop, &listener->rest);
    wf_link_remove(&listener->link);
    wf_socket_file_remove(&listener->file, &listener->address);
    if (listener->acceptor.source.fd >= 0 && !listener->is_adopted)
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

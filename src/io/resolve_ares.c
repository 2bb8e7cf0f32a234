#include "io/query.h"
#include "io/state.h"

#include <ares.h>
#include <limits.h>
#include <sys/stat.h>

/* c-ares keeps its own sockets and its own idea of time; the loop watches the ones and a timer
 * stands for the other. */
struct wf_resolver {
    weft_loop *loop;
    ares_channel channel;
    struct wf_timer timeout;
    struct wf_link *sockets;
    size_t question_count;
    struct stat configuration; /* Of the system, when the channel was made. */
    bool has_own_servers;
};

/* One of c-ares' sockets. */
struct ares_socket {
    struct wf_source source;
    struct wf_link link;
    struct wf_resolver *resolver;
};

static void expect_timeout(struct wf_resolver *resolver)
{
    struct timeval wait;
    if (!ares_timeout(resolver->channel, NULL, &wait)) {
        wf_timer_stop(resolver->loop, &resolver->timeout);
        return;
    }
    uint64_t wait_ms = (uint64_t)wait.tv_sec * 1000 + (uint64_t)wait.tv_usec / 1000 + 1;
    wf_timer_start(resolver->loop, &resolver->timeout,
                   wait_ms < INT_MAX ? (uint32_t)wait_ms : INT_MAX);
}

static void timed_out(struct wf_timer *timer)
{
    struct wf_resolver *resolver = WF_CONTAINER_OF(timer, struct wf_resolver, timeout);
    ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    expect_timeout(resolver);
}

/* c-ares may close the socket in it, and then `source` is gone. */
static void socket_ready(struct wf_source *source, int ready)
{
    struct ares_socket *socket = WF_CONTAINER_OF(source, struct ares_socket, source);
    struct wf_resolver *resolver = socket->resolver;
    int fd = source->fd;
    ares_process_fd(resolver->channel, ready & ~WF_WRITABLE ? fd : ARES_SOCKET_BAD,
                    ready & (WF_WRITABLE | WF_BROKEN) ? fd : ARES_SOCKET_BAD);
    expect_timeout(resolver);
}

static struct ares_socket *find_socket(struct wf_resolver *resolver, ares_socket_t fd)
{
    for (struct wf_link *link = resolver->sockets; link; link = link->next) {
        struct ares_socket *socket = WF_CONTAINER_OF(link, struct ares_socket, link);
        if (socket->source.fd == fd)
            return socket;
    }
    return NULL;
}

static struct ares_socket *add_socket(struct wf_resolver *resolver, ares_socket_t fd)
{
    struct ares_socket *socket = wf_alloc_zero(resolver->loop->allocator, sizeof *socket);
    if (!socket)
        return NULL;
    socket->source = (struct wf_source){ .on_ready = socket_ready, .fd = fd };
    socket->resolver = resolver;
    wf_link_insert(&resolver->sockets, &socket->link);
    return socket;
}

/* What cannot be watched for want of memory is a question without an answer: it times out. */
static void socket_wants(void *user, ares_socket_t fd, int readable, int writable)
{
    struct wf_resolver *resolver = user;
    weft_loop *loop = resolver->loop;
    int interest = (readable ? WF_READABLE : 0) | (writable ? WF_WRITABLE : 0);
    struct ares_socket *socket = find_socket(resolver, fd);
    if (!socket && interest)
        socket = add_socket(resolver, fd);
    if (!socket)
        return;
    weft_status status = loop->backend->source_set(loop, &socket->source, interest);
    if (interest && !status)
        return;
    if (socket->source.interest)
        (void)!loop->backend->source_set(loop, &socket->source, 0);
    wf_link_remove(&socket->link);
    wf_free(loop->allocator, socket);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int library_status;

static void init_library(void)
{
    library_status = ares_library_init(ARES_LIB_INIT_ALL);
}

static void note_configuration(struct stat *configuration)
{
    if (stat("/etc/resolv.conf", configuration))
        *configuration = (struct stat){ 0 };
}

static weft_status open_channel(struct wf_resolver *resolver)
{
    pthread_once(&once, init_library);
    if (library_status)
        return WEFT_ERR_MEMORY;
    struct ares_options options = { .sock_state_cb = socket_wants, .sock_state_cb_data = resolver };
    note_configuration(&resolver->configuration);
    if (ares_init_options(&resolver->channel, &options, ARES_OPT_SOCK_STATE_CB))
        return WEFT_ERR_MEMORY;
    return WEFT_OK;
}

static weft_status create(weft_loop *loop, struct wf_resolver **resolver_out)
{
    struct wf_resolver *resolver = wf_alloc_zero(loop->allocator, sizeof *resolver);
    if (!resolver)
        return WEFT_ERR_MEMORY;
    resolver->loop = loop;
    resolver->timeout.on_timer = timed_out;
    weft_status status = open_channel(resolver);
    if (status)
        wf_free(loop->allocator, resolver);
    else
        *resolver_out = resolver;
    return status;
}

void wf_resolver_destroy(struct wf_resolver *resolver)
{
    if (!resolver)
        return;
    weft_loop *loop = resolver->loop;
    ares_destroy(resolver->channel);
    wf_timer_stop(loop, &resolver->timeout);
    wf_free(loop->allocator, resolver);
}

static bool is_outdated(const struct wf_resolver *resolver)
{
    struct stat now;
    note_configuration(&now);
    const struct stat *then = &resolver->configuration;
    return !resolver->has_own_servers && !resolver->question_count &&
           (now.st_ino != then->st_ino || now.st_mtim.tv_sec != then->st_mtim.tv_sec ||
            now.st_mtim.tv_nsec != then->st_mtim.tv_nsec);
}

/* A machine that has changed its network has changed its name servers: a channel knows those of its
 * making. */
static weft_status need_resolver(weft_loop *loop)
{
    if (loop->resolver && is_outdated(loop->resolver)) {
        wf_resolver_destroy(loop->resolver);
        loop->resolver = NULL;
    }
    return loop->resolver ? WEFT_OK : create(loop, &loop->resolver);
}

static size_t copy_found(const struct ares_addrinfo *found, struct wf_address *addresses)
{
    size_t count = 0;
    for (const struct ares_addrinfo_node *node = found ? found->nodes : NULL;
         node && count < WF_RESOLVE_ADDRESSES_MAX; node = node->ai_next) {
        if (node->ai_addrlen > sizeof addresses->storage)
            continue;
        addresses[count] = (struct wf_address){ .bytes = node->ai_addrlen };
        memcpy(&addresses[count++].storage, node->ai_addr, node->ai_addrlen);
    }
    return count;
}

static void answered(void *user, int status, int timeouts, struct ares_addrinfo *found)
{
    (void)timeouts;
    struct wf_resolve *resolve = user;
    struct wf_address addresses[WF_RESOLVE_ADDRESSES_MAX];
    resolve->loop->resolver->question_count--;
    size_t count = status == ARES_SUCCESS ? copy_found(found, addresses) : 0;
    if (found)
        ares_freeaddrinfo(found);
    wf_resolve_answer(resolve, addresses, count, status ? ares_strerror(status) : NULL);
}

weft_status wf_resolver_ask(struct wf_resolve *resolve)
{
    weft_loop *loop = resolve->loop;
    weft_status status = need_resolver(loop);
    if (status)
        return status;
    struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    loop->resolver->question_count++;
    ares_getaddrinfo(loop->resolver->channel, resolve->host, NULL, &hints, answered, resolve);
    expect_timeout(loop->resolver);
    return WEFT_OK;
}

void wf_resolver_cancel(struct wf_resolver *resolver)
{
    ares_cancel(resolver->channel);
    expect_timeout(resolver);
}

weft_status wf_resolver_use_servers(weft_loop *loop, const char *servers)
{
    weft_status status = need_resolver(loop);
    if (status)
        return status;
    loop->resolver->has_own_servers = true;
    return ares_set_servers_ports_csv(loop->resolver->channel, servers) ? WEFT_ERR_SYNTAX : WEFT_OK;
}

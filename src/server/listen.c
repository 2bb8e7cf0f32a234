/* Where a server listens, and what it takes in. */
#include "server/server.h"

#include "io/account.h"
#include "io/inherited.h"
#include "io/resolve.h"
#include "io/stream.h"
#include "server/listen_address.h"

#include <errno.h>
#include <unistd.h>

enum { ADDRESSES_MAX = 16, PORT_TRIES = 16, INHERITED_MAX = 64 };

/* Where, and how. */
struct plan {
    const struct wf_listen_address *where;
    const struct weft_listen_options *options;
    struct wf_listener_options file; /* Of a Unix-domain socket. */
};

static void on_accepted(struct wf_listener *listener, int fd, void *user)
{
    const struct wf_server_listener *own = user;
    weft_server *server = own->server;
    struct wf_socket_beginning beginning = { .tls = own->tls };
    beginning.preface = wf_announced_preface(own->announcers, fd);
    weft_socket *socket;
    (void)listener;
    if (server->counts.connections >= server->options.connections_max) {
        server->counts.rejected_total++;
        wf_rejection_open(server, fd, &beginning);
        return;
    }
    if (wf_socket_open_accepted(server->shape, fd, &beginning, &socket)) {
        close(fd);
        return;
    }
    /* What a connection cannot have is no reason to be without one. */
    if (own->has_tcp)
        (void)!wf_stream_set_tcp(fd, &own->tcp);
    server->counts.connections++;
    server->counts.accepted_total++;
}

static struct wf_server_listener *create(weft_server *server,
                                         const struct weft_listen_options *options,
                                         weft_status *status_out)
{
    struct wf_server_listener *own = wf_alloc_zero(server->allocator, sizeof *own);
    *status_out = WEFT_ERR_MEMORY;
    if (!own)
        return NULL;
    own->server = server;
    own->tls = weft_tls_retain(options->tls);
    own->tcp = options->tcp;
    own->has_tcp = wf_stream_tcp_is_asked(&options->tcp);
    *status_out = WEFT_ERR_ARGUMENT;
    if (wf_stream_tcp_is_usable(&options->tcp))
        *status_out = wf_peers_create(server->allocator, options->proxy_protocol_from,
                                      options->proxy_protocol_from_count, &own->announcers);
    return own;
}

static void destroy(struct wf_server_listener *own)
{
    const struct weft_allocator *allocator = own->server->allocator;
    wf_listener_close(own->listener);
    weft_tls_release(own->tls);
    wf_free(allocator, own->announcers);
    wf_free(allocator, own);
}

/* Puts one at the head of the list, or drops it; errno stays. */
static weft_status add(struct wf_server_listener *own, weft_status status)
{
    int error = errno;
    if (status) {
        destroy(own);
    } else {
        own->next = own->server->listeners;
        own->server->listeners = own;
    }
    errno = error;
    return status;
}

/* Opens one more. */
static weft_status open_one(weft_server *server, const struct wf_address *address, bool v6_and_v4,
                            const struct plan *plan)
{
    struct wf_listener_options options = plan->file;
    weft_status status;
    struct wf_server_listener *own = create(server, plan->options, &status);
    if (!own)
        return status;
    options.v6_and_v4 = v6_and_v4;
    if (!status)
        status =
            wf_listener_open(server->loop, address, &options, on_accepted, own, &own->listener);
    return add(own, status);
}

/* One more, of a descriptor that listens already. */
static weft_status adopt_one(weft_server *server, int fd, const struct plan *plan)
{
    weft_status status;
    struct wf_server_listener *own = create(server, plan->options, &status);
    if (!own)
        return status;
    if (!status)
        status = wf_listener_adopt(server->loop, fd, on_accepted, own, &own->listener);
    return add(own, status);
}

/* Closes the listeners before `rest`, the newest ones. */
static void close_newest(weft_server *server, struct wf_server_listener *rest)
{
    int error = errno;
    while (server->listeners != rest) {
        struct wf_server_listener *own = server->listeners;
        server->listeners = own->next;
        destroy(own);
    }
    errno = error;
}

void wf_server_close_listeners(weft_server *server)
{
    close_newest(server, NULL);
}

void weft_server_stop_listening(weft_server *server)
{
    if (server)
        wf_server_close_listeners(server);
}

/* A family that this machine does not have. */
static bool is_family_missing(weft_status status)
{
    return status == WEFT_ERR_SYSTEM && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL);
}

/* Opens all addresses of a name with one port; those of a missing family are passed over.
 * `*first_out` is the first one's. */
static weft_status open_all(weft_server *server, struct wf_address *addresses, size_t count,
                            const struct plan *plan, struct wf_listener **first_out)
{
    struct wf_server_listener *rest = server->listeners;
    weft_status missing = WEFT_ERR_RESOLVE;
    uint16_t port = wf_address_port(&addresses[0]);
    *first_out = NULL;
    for (size_t i = 0; i < count; i++) {
        struct wf_address address = addresses[i];
        wf_address_set_port(&address, port);
        weft_status status = open_one(server, &address, false, plan);
        if (status && is_family_missing(status)) {
            missing = status;
            continue;
        }
        if (status) {
            close_newest(server, rest);
            return status;
        }
        if (!*first_out) {
            *first_out = server->listeners->listener;
            wf_listener_address(*first_out, &address);
            port = wf_address_port(&address);
        }
    }
    return *first_out ? WEFT_OK : missing;
}

static weft_status listen_at_name(weft_server *server, const struct plan *plan,
                                  struct wf_listener **first_out)
{
    const struct wf_listen_address *wanted = plan->where;
    struct wf_address addresses[ADDRESSES_MAX];
    size_t count;
    weft_status status =
        wf_resolve_now(wanted->host, wanted->port, addresses, ADDRESSES_MAX, &count);
    if (status)
        return status;
    if (count == 0)
        return WEFT_ERR_RESOLVE;
    /* A port that the kernel chose for one address may be taken at the next. */
    int tries = wanted->port == 0 ? PORT_TRIES : 1;
    do
        status = open_all(server, addresses, count, plan, first_out);
    while (status == WEFT_ERR_SYSTEM && errno == EADDRINUSE && --tries > 0);
    return status;
}

/* All interfaces: one listener for both families, or of IPv4 alone where there is no IPv6. */
static weft_status listen_anywhere(weft_server *server, const struct plan *plan)
{
    struct wf_address address;
    weft_status status = wf_address_of_ip(&address, WEFT_TEXT_LITERAL("::"), plan->where->port);
    if (!status)
        status = open_one(server, &address, true, plan);
    if (!status || !is_family_missing(status))
        return status;
    status = wf_address_of_ip(&address, WEFT_TEXT_LITERAL("0.0.0.0"), plan->where->port);
    return status ? status : open_one(server, &address, false, plan);
}

static weft_status listen_at_address(weft_server *server, const struct wf_address *address,
                                     const struct plan *plan, struct wf_listener **first_out)
{
    weft_status status = open_one(server, address, false, plan);
    if (!status)
        *first_out = server->listeners->listener;
    return status;
}

/* All of that name that whoever started the process has opened for it. */
static weft_status listen_at_inherited(weft_server *server, const struct plan *plan,
                                       struct wf_listener **first_out)
{
    struct wf_server_listener *rest = server->listeners;
    int fds[INHERITED_MAX];
    size_t count = 0;
    weft_status status = WEFT_ERR_NOT_FOUND;
    for (int fd; count < INHERITED_MAX && (fd = wf_inherited_take(plan->where->host)) >= 0;) {
        fds[count++] = fd;
        status = adopt_one(server, fd, plan);
        if (status)
            break;
        if (!*first_out)
            *first_out = server->listeners->listener;
    }
    if (status == WEFT_OK || count == 0)
        return status;
    /* All or none. What was taken over is closed with its listener; the last one was not. */
    int error = errno;
    wf_inherited_give_back(fds[count - 1]);
    close_newest(server, rest);
    errno = error;
    return status;
}

static weft_status listen_at(weft_server *server, const struct plan *plan,
                             struct wf_listener **first_out)
{
    const struct wf_listen_address *wanted = plan->where;
    struct wf_address address;
    weft_status status;
    if (wanted->kind == WF_LISTEN_ANYWHERE) {
        status = listen_anywhere(server, plan);
        if (!status)
            *first_out = server->listeners->listener;
        return status;
    }
    if (wanted->kind == WF_LISTEN_INHERITED)
        return listen_at_inherited(server, plan, first_out);
    if (wanted->kind == WF_LISTEN_DESCRIPTOR) {
        status = adopt_one(server, wanted->fd, plan);
        if (!status)
            *first_out = server->listeners->listener;
        return status;
    }
    if (wanted->kind == WF_LISTEN_PATH) {
        status = wf_address_of_path(&address, wanted->host);
        return status ? status : listen_at_address(server, &address, plan, first_out);
    }
    if (wf_address_of_ip(&address, wanted->host, wanted->port) == WEFT_OK)
        return listen_at_address(server, &address, plan, first_out);
    return wanted->is_numeric ? WEFT_ERR_SYNTAX : listen_at_name(server, plan, first_out);
}

/* Only what is a file has a mode and an owner. */
static weft_status fill_file(struct plan *plan)
{
    const struct weft_listen_options *options = plan->options;
    weft_status status = WEFT_OK;
    if (!options->unix_mode && !options->unix_user && !options->unix_group)
        return WEFT_OK;
    if (plan->where->kind != WF_LISTEN_PATH || plan->where->host.data[0] == '@' ||
        options->unix_mode > 0777)
        return WEFT_ERR_ARGUMENT;
    plan->file.mode = (mode_t)options->unix_mode;
    plan->file.has_user = options->unix_user != NULL;
    plan->file.has_group = options->unix_group != NULL;
    if (options->unix_user)
        status = wf_account_user(options->unix_user, &plan->file.user);
    if (!status && options->unix_group)
        status = wf_account_group(options->unix_group, &plan->file.group);
    return status;
}

weft_status weft_server_listen_with(weft_server *server, const char *address,
                                    const struct weft_listen_options *options, char *address_out,
                                    size_t address_out_bytes)
{
    static const struct weft_listen_options defaults = { 0 };
    struct wf_listen_address wanted;
    struct plan plan = { .where = &wanted, .options = options ? options : &defaults };
    struct wf_listener *listener = NULL;
    struct wf_address in_use;
    if (!server || !address || (address_out && address_out_bytes == 0))
        return WEFT_ERR_ARGUMENT;
    if (server->drain.is_draining)
        return WEFT_ERR_STATE;
    weft_status status = wf_listen_address_parse(weft_text_of(address), &wanted);
    if (!status)
        status = fill_file(&plan);
    if (!status)
        status = listen_at(server, &plan, &listener);
    if (status || !address_out)
        return status;
    wf_listener_address(listener, &in_use);
    wf_address_text(&in_use, address_out, address_out_bytes);
    return WEFT_OK;
}

weft_status weft_server_listen(weft_server *server, const char *address, char *address_out,
                               size_t address_out_bytes)
{
    return weft_server_listen_with(server, address, NULL, address_out, address_out_bytes);
}

#include "io/resolve.h"

#include "io/query.h"
#include "io/state.h"

#include <assert.h>
#include <netdb.h>
#include <stdio.h>
#include <strings.h>

enum { HOST_MAX = 253, LABEL_MAX = 63 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_character(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

static struct weft_text without_last_dot(struct weft_text host)
{
    if (host.count && host.data[host.count - 1] == '.')
        host.count--;
    return host;
}

/* RFC 1035 2.3.4 for the lengths. A last label of digits alone is an IPv4 address gone wrong, which
 * some resolvers would guess at. */
static bool is_host_name(struct weft_text host)
{
    host = without_last_dot(host);
    if (host.count == 0 || host.count > HOST_MAX)
        return false;
    size_t label_bytes = 0;
    bool is_number = true;
    for (size_t i = 0; i < host.count; i++) {
        char c = host.data[i];
        if (c == '.') {
            if (label_bytes == 0)
                return false;
            label_bytes = 0;
            is_number = true;
        } else if (!is_name_character(c) || ++label_bytes > LABEL_MAX) {
            return false;
        } else {
            is_number = is_number && is_digit(c);
        }
    }
    return label_bytes && !is_number;
}

/* The domain itself, or a name below it. */
static bool is_in_domain(struct weft_text host, const char *domain)
{
    host = without_last_dot(host);
    size_t count = strlen(domain);
    if (host.count < count || strncasecmp(host.data + host.count - count, domain, count) != 0)
        return false;
    return host.count == count || host.data[host.count - count - 1] == '.';
}

/* What is known without asking. false: it must be asked for. */
static bool find_at_once(struct weft_text host, uint16_t port,
                         struct wf_address addresses[static 2], size_t *count_out)
{
    *count_out = 0;
    if (wf_address_of_ip(&addresses[0], host, port) == WEFT_OK) {
        *count_out = 1;
        return true;
    }
    if (is_in_domain(host, "localhost")) { /* RFC 6761 6.3. */
        weft_status v4 = wf_address_of_ip(&addresses[0], WEFT_TEXT_LITERAL("127.0.0.1"), port);
        weft_status v6 = wf_address_of_ip(&addresses[1], WEFT_TEXT_LITERAL("::1"), port);
        assert(!v4 && !v6);
        *count_out = v4 || v6 ? 0 : 2;
        return true;
    }
    /* RFC 6761 6.4 and RFC 7686 2: names that must not reach a name server. */
    return is_in_domain(host, "invalid") || is_in_domain(host, "onion");
}

/* Families in turns, as far as there are two, each in its order: when one of them leads nowhere the
 * next attempt is already another (RFC 8305 4). */
static void interleave(struct wf_address *addresses, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        size_t other = i;
        while (other < count &&
               addresses[other].storage.ss_family == addresses[i - 1].storage.ss_family)
            other++;
        if (other == i || other == count)
            continue;
        struct wf_address moved = addresses[other];
        memmove(&addresses[i + 1], &addresses[i], (other - i) * sizeof moved);
        addresses[i] = moved;
    }
}

static void destroy(struct wf_resolve *resolve)
{
    const struct weft_allocator *allocator = resolve->loop->allocator;
    wf_link_remove(&resolve->link);
    wf_timer_stop(resolve->loop, &resolve->told);
    wf_free(allocator, resolve->addresses);
    wf_free(allocator, resolve);
}

static void tell(struct wf_timer *timer)
{
    struct wf_resolve *resolve = WF_CONTAINER_OF(timer, struct wf_resolve, told);
    wf_link_remove(&resolve->link);
    resolve->on_resolved(resolve->user, resolve->addresses, resolve->address_count,
                         resolve->address_count ? NULL : resolve->failure_text);
    destroy(resolve);
}

static bool keep_addresses(struct wf_resolve *resolve, const struct wf_address *addresses,
                           size_t count)
{
    assert(count <= WF_RESOLVE_ADDRESSES_MAX);
    resolve->addresses = wf_alloc(resolve->loop->allocator, count * sizeof *addresses);
    if (!resolve->addresses)
        return false;
    memcpy(resolve->addresses, addresses, count * sizeof *addresses);
    for (size_t i = 0; i < count; i++)
        wf_address_set_port(&resolve->addresses[i], resolve->port);
    interleave(resolve->addresses, count);
    resolve->address_count = count;
    return true;
}

void wf_resolve_answer(struct wf_resolve *resolve, const struct wf_address *addresses, size_t count,
                       const char *failure_text)
{
    resolve->is_asked = false;
    if (!wf_link_is_linked(&resolve->link)) {
        destroy(resolve);
        return;
    }
    if (count && !keep_addresses(resolve, addresses, count))
        failure_text = weft_status_text(WEFT_ERR_MEMORY);
    if (!resolve->address_count)
        snprintf(resolve->failure_text, sizeof resolve->failure_text, "%s: %s", resolve->host,
                 failure_text ? failure_text : "no address");
    wf_timer_soon(resolve->loop, &resolve->told);
}

static struct wf_resolve *create(weft_loop *loop, struct weft_text host)
{
    struct wf_resolve *resolve = wf_alloc_zero(loop->allocator, sizeof *resolve + host.count + 1);
    if (!resolve)
        return NULL;
    resolve->loop = loop;
    resolve->told.on_timer = tell;
    memcpy(resolve->host, host.data, host.count);
    wf_link_insert(&loop->resolves, &resolve->link);
    return resolve;
}

static weft_status begin(struct wf_resolve *resolve, struct weft_text host)
{
    struct wf_address addresses[2];
    size_t count;
    if (resolve->loop->is_ending) {
        wf_resolve_answer(resolve, NULL, 0, "the loop is being destroyed");
    } else if (find_at_once(host, resolve->port, addresses, &count)) {
        wf_resolve_answer(resolve, addresses, count, "no such name");
    } else {
        resolve->is_asked = true;
        weft_status status = wf_resolver_ask(resolve);
        if (status)
            resolve->is_asked = false;
        return status;
    }
    return WEFT_OK;
}

weft_status wf_resolve_start(weft_loop *loop, struct weft_text host, uint16_t port,
                             void (*on_resolved)(void *user, const struct wf_address *addresses,
                                                 size_t count, const char *failure_text),
                             void *user, struct wf_resolve **resolve_out)
{
    struct wf_address numeric;
    if (!is_host_name(host) && wf_address_of_ip(&numeric, host, port))
        return WEFT_ERR_SYNTAX;
    struct wf_resolve *resolve = create(loop, host);
    if (!resolve)
        return WEFT_ERR_MEMORY;
    resolve->port = port;
    resolve->on_resolved = on_resolved;
    resolve->user = user;
    weft_status status = begin(resolve, host);
    if (status) {
        destroy(resolve);
        return status;
    }
    *resolve_out = resolve;
    return WEFT_OK;
}

static bool anybody_is_asked_for(const weft_loop *loop)
{
    for (struct wf_link *link = loop->resolves; link; link = link->next)
        if (WF_CONTAINER_OF(link, struct wf_resolve, link)->is_asked)
            return true;
    return false;
}

/* One question cannot be taken back alone: it is kept until its answer, or until all can. */
void wf_resolve_cancel(struct wf_resolve *resolve)
{
    if (!resolve)
        return;
    weft_loop *loop = resolve->loop;
    if (!resolve->is_asked) {
        destroy(resolve);
        return;
    }
    wf_link_remove(&resolve->link);
    if (!anybody_is_asked_for(loop))
        wf_resolver_cancel(loop->resolver);
}

void wf_resolve_fail_all(weft_loop *loop, const char *failure_text)
{
    while (loop->resolves) {
        struct wf_resolve *resolve = WF_CONTAINER_OF(loop->resolves, struct wf_resolve, link);
        wf_link_remove(&resolve->link);
        wf_timer_stop(loop, &resolve->told);
        resolve->on_resolved(resolve->user, NULL, 0, failure_text);
        if (!resolve->is_asked)
            destroy(resolve);
    }
}

static size_t copy_found(const struct addrinfo *found, uint16_t port, struct wf_address *addresses,
                         size_t addresses_max)
{
    size_t count = 0;
    for (; found && count < addresses_max; found = found->ai_next) {
        if (found->ai_addrlen > sizeof addresses->storage)
            continue;
        addresses[count] = (struct wf_address){ .bytes = found->ai_addrlen };
        memcpy(&addresses[count].storage, found->ai_addr, found->ai_addrlen);
        wf_address_set_port(&addresses[count++], port);
    }
    return count;
}

weft_status wf_resolve_now(struct weft_text host, uint16_t port, struct wf_address *addresses,
                           size_t addresses_max, size_t *count_out)
{
    struct wf_address known[2];
    *count_out = 0;
    if (!is_host_name(host) && wf_address_of_ip(&known[0], host, port))
        return WEFT_ERR_SYNTAX;
    if (find_at_once(host, port, known, count_out)) {
        *count_out = *count_out < addresses_max ? *count_out : addresses_max;
        memcpy(addresses, known, *count_out * sizeof *known);
        return *count_out ? WEFT_OK : WEFT_ERR_RESOLVE;
    }
    char name[HOST_MAX + 2];
    snprintf(name, sizeof name, "%.*s", (int)host.count, host.data);
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    if (getaddrinfo(name, NULL, &hints, &found))
        return WEFT_ERR_RESOLVE;
    *count_out = copy_found(found, port, addresses, addresses_max);
    freeaddrinfo(found);
    return *count_out ? WEFT_OK : WEFT_ERR_RESOLVE;
}

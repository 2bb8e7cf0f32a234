#include "io/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

enum { IP_TEXT_MAX = INET6_ADDRSTRLEN + IF_NAMESIZE + 1 };

static int family_of(const struct wf_address *address)
{
    return address->storage.ss_family;
}

/* "%eth0" or "%3" behind an IPv6 address. 0: no such interface. */
static uint32_t scope_of(const char *zone)
{
    uint32_t index = if_nametoindex(zone);
    if (index || *zone == '\0' || strspn(zone, "0123456789") != strlen(zone) || strlen(zone) > 9)
        return index;
    for (; *zone; zone++)
        index = index * 10 + (uint32_t)(*zone - '0');
    return index;
}

static weft_status of_v6(struct wf_address *address, char *text, uint16_t port)
{
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->storage;
    char *percent = strchr(text, '%');
    if (percent) {
        *percent = '\0';
        v6->sin6_scope_id = scope_of(percent + 1);
        if (!v6->sin6_scope_id)
            return WEFT_ERR_SYNTAX;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
        return WEFT_ERR_SYNTAX;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address->bytes = sizeof *v6;
    return WEFT_OK;
}

static weft_status of_v4(struct wf_address *address, const char *text, uint16_t port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address->storage;
    if (inet_pton(AF_INET, text, &v4->sin_addr) != 1)
        return WEFT_ERR_SYNTAX;
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address->bytes = sizeof *v4;
    return WEFT_OK;
}

weft_status wf_address_of_ip(struct wf_address *address_out, struct weft_text ip, uint16_t port)
{
    char text[IP_TEXT_MAX];
    *address_out = (struct wf_address){ 0 };
    if (ip.count == 0 || ip.count >= sizeof text || memchr(ip.data, '\0', ip.count))
        return WEFT_ERR_SYNTAX;
    memcpy(text, ip.data, ip.count);
    text[ip.count] = '\0';
    return strchr(text, ':') ? of_v6(address_out, text, port) : of_v4(address_out, text, port);
}

weft_status wf_address_of_path(struct wf_address *address_out, struct weft_text path)
{
    *address_out = (struct wf_address){ 0 };
    struct sockaddr_un *un = (struct sockaddr_un *)&address_out->storage;
    /* One byte stays for the zero that ends a path. */
    if (path.count == 0 || path.count >= sizeof un->sun_path ||
        memchr(path.data, '\0', path.count) || (path.count == 1 && *path.data == '@'))
        return WEFT_ERR_SYNTAX;
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path.data, path.count);
    bool is_abstract = path.data[0] == '@';
    if (is_abstract)
        un->sun_path[0] = '\0';
    address_out->bytes =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.count + (is_abstract ? 0 : 1));
    return WEFT_OK;
}

weft_status wf_address_of_peer(struct wf_address *address_out, int fd)
{
    *address_out = (struct wf_address){ .bytes = sizeof address_out->storage };
    struct sockaddr *storage = (struct sockaddr *)&address_out->storage;
    return getpeername(fd, storage, &address_out->bytes) ? WEFT_ERR_SYSTEM : WEFT_OK;
}

void wf_address_set_port(struct wf_address *address, uint16_t port)
{
    if (family_of(address) == AF_INET)
        ((struct sockaddr_in *)&address->storage)->sin_port = htons(port);
    else if (family_of(address) == AF_INET6)
        ((struct sockaddr_in6 *)&address->storage)->sin6_port = htons(port);
}

uint16_t wf_address_port(const struct wf_address *address)
{
    if (family_of(address) == AF_INET)
        return ntohs(((const struct sockaddr_in *)&address->storage)->sin_port);
    if (family_of(address) == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&address->storage)->sin6_port);
    return 0;
}

static void text_of_v6(const struct sockaddr_in6 *v6, char *out, size_t out_bytes)
{
    char ip[INET6_ADDRSTRLEN];
    char zone[IF_NAMESIZE + 1] = "";
    inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof ip);
    if (v6->sin6_scope_id) {
        zone[0] = '%';
        if (!if_indextoname(v6->sin6_scope_id, zone + 1))
            snprintf(zone + 1, sizeof zone - 1, "%u", (unsigned)v6->sin6_scope_id);
    }
    snprintf(out, out_bytes, "[%s%s]:%u", ip, zone, (unsigned)ntohs(v6->sin6_port));
}

/* The text goes into logs: what could break a line is shown as '?'. */
static void text_of_path(const struct sockaddr_un *un, size_t path_bytes, char *out,
                         size_t out_bytes)
{
    char path[sizeof un->sun_path + 1];
    bool is_abstract = un->sun_path[0] == '\0';
    size_t count = is_abstract ? path_bytes : strnlen(un->sun_path, path_bytes);
    for (size_t i = 0; i < count; i++) {
        unsigned char c = (unsigned char)un->sun_path[i];
        path[i] = c < ' ' || c == 127 ? '?' : (char)c;
    }
    path[count] = '\0';
    if (is_abstract && count)
        path[0] = '@';
    snprintf(out, out_bytes, "unix:%s", path);
}

static void text_of_unix(const struct wf_address *address, char *out, size_t out_bytes)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)&address->storage;
    size_t before = offsetof(struct sockaddr_un, sun_path);
    if (address->bytes <= before)
        snprintf(out, out_bytes, "unix");
    else
        text_of_path(un, address->bytes - before, out, out_bytes);
}

void wf_address_text(const struct wf_address *address, char *out, size_t out_bytes)
{
    char ip[INET_ADDRSTRLEN];
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->storage;
    switch (family_of(address)) {
    case AF_INET:
        inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof ip);
        snprintf(out, out_bytes, "%s:%u", ip, (unsigned)ntohs(v4->sin_port));
        break;
    case AF_INET6:
        text_of_v6((const struct sockaddr_in6 *)&address->storage, out, out_bytes);
        break;
    case AF_UNIX:
        text_of_unix(address, out, out_bytes);
        break;
    default:
        snprintf(out, out_bytes, "unknown");
    }
}
